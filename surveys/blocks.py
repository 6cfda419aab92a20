"""How a question stands on the page: a place of its own, in it a fieldset, in that whatever its kind asks.

What is the same for everybody who has not answered it yet is kept in the cache for a minute.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispy_forms.layout import Field, LayoutObject
from crispy_forms.utils import TEMPLATE_PACK
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from naatbatt.charts import drawing
from surveys.models import Question
from surveys.publishing import prose_html
from surveys.responses import edition

if TYPE_CHECKING:
    from surveys.forms import AnswerForm

CACHED_SECONDS = 60


@dataclass(frozen=True)
class Attention:
    """Another answer was given elsewhere after the page was made: both are shown, and their author is asked."""

    question: Question
    elsewhere: str
    confidence: int | None
    comment: str
    at: str  # when that one was saved


class Slot(LayoutObject):
    """The empty place of a question that is not put to this person now."""

    def __init__(self, question: Question) -> None:
        self.question, self.name = question, f"q-{question.key}"
        self.fields: list[Any] = []

    def render(self, form: "AnswerForm", context: Any, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        return format_html('<div class="slot" id="slot-{}"></div>', self.question.key)


# What stands in a cached question where each person has something of their own. No page holds a NUL.
NUMBER, BESIDE, QUOTED = "\x00number\x00", mark_safe("\x00beside\x00"), mark_safe("\x00quoted\x00")


class QuestionBlock(Slot):
    """A question that is put to this person."""

    def render(self, form: "AnswerForm", context: Any, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        question = self.question
        number, beside, quoted = str(form.numbers.get(question.key, "")), self._beside(form), self._quoted(form)
        if not form.is_untouched(question):
            return self._html(form, context, template_pack, number, beside, quoted)
        key = form.block_keys[question.key]
        html = form.cached.get(key)
        if html is None:
            html = self._html(form, context, template_pack, NUMBER, BESIDE, QUOTED)
            cache.set(key, html, CACHED_SECONDS)
        html = html.replace(NUMBER, number).replace(BESIDE, beside).replace(QUOTED, quoted)
        return mark_safe(html)  # noqa: S308 - all of it rendered templates

    def _html(
        self, form: "AnswerForm", context: Any, template_pack: str, number: str, beside: SafeString, quoted: SafeString
    ) -> SafeString:
        question, name = self.question, self.name
        form.build(question)
        kind, bound = question.type, form[name]
        several = is_several(bound.field)
        guidance = prose_html(question.guidance, apart=name) if question.guidance else ""
        described_by = [f"guidance-{question.key}"] if guidance else []
        if bound.help_text and (several or kind.template):
            described_by.append(f"{bound.auto_id}_helptext")
        if bound.errors:
            described_by.append(f"{bound.auto_id}_error")
        said = {
            "question": question,
            "number": number,
            "mark": form.mark(question),
            "edition": edition(question),
            "guidance": guidance,
            "described_by": " ".join(described_by),
            "has_error": any(part in form.errors for part in form.parts(question)) if form.is_bound else False,
            "earlier_round": form.carried_from(question),
            "conflict": form.attention.get(question.key),
            "fields": self._fields(form, context, template_pack, several=several),
            "beside": beside,
            "quoted": quoted,
        }
        html = render_to_string("surveys/_question.html", said)
        if form.focus:
            html = SafeString(html.replace(f'id="{form.focus}"', f'id="{form.focus}" autofocus', 1))
        return html

    def _fields(self, form: "AnswerForm", context: Any, template_pack: str, *, several: bool) -> SafeString:
        question, name = self.question, self.name
        fields = {name: Asked(name, question) if several or question.type.template else Field(name)}
        further = {
            f"{name}.blank": "surveys/fields/blanks.html",
            f"{name}-confidence": "surveys/fields/confidence.html",
            f"{name}-comment": None,
        }
        fields |= {part: Field(part, template=template) for part, template in further.items() if part in form.fields}
        depth = len(context.dicts)

        def rendered(part: str) -> str:
            form.own(part)
            html = fields[part].render(form, context, template_pack=template_pack)
            del context.dicts[depth:]  # crispy leaves there what it told each field, and copies all of it for the next
            return html

        html = "".join(_as_before(form, question, part, rendered) for part in fields)
        return mark_safe(html)  # noqa: S308 - rendered templates

    def _beside(self, form: "AnswerForm") -> SafeString:
        html = form.beside.get(self.question.key, "")
        return format_html('<div class="beside">{}</div>', html) if html else SafeString("")

    def _quoted(self, form: "AnswerForm") -> SafeString:
        """How this one answer may be quoted. The same wherever the same is stored, so that is made once."""
        if not form.asks_how_quoted(self.question):
            return SafeString("")
        name = f"{self.name}-attribution"
        stored = form.stored(self.question)
        chosen = stored.attribution if stored else ""
        if not form.is_bound and chosen in form.quoted:
            made_for, html = form.quoted[chosen]
            return SafeString(html.replace(made_for, name))
        form.build(self.question)
        html = render_to_string("surveys/fields/quoted.html", {"field": form[name], "chosen": form[name].value()})
        form.quoted[chosen] = (name, html)
        return html


# Fields as they look with what is stored in them, by all that this depends on, as long as the process lives. Nobody's
# words are kept: they are put in afterwards, or the field is not kept.
_looks: dict[str, str] = {}
MOST_KEPT = 3000
WORDS = "\x00words\x00"


def _as_before(form: "AnswerForm", question: Question, part: str, rendered: Callable[[str], str]) -> str:
    """One field of a question, rendered only where it has not been with the same in it."""
    stored, own_words = form.stored(question), isinstance(form.fields[part].widget, forms.Textarea)
    says_something = stored is not None and stored.value is not None and bool(question.type.words(stored.value, ""))
    is_answer = part == f"q-{question.key}"
    if form.is_bound or (is_answer and (question.settings.get("shuffle") or (says_something and not own_words))):
        return rendered(part)
    value = form[part].value()
    key = repr((get_language(), question.spec, part, None if own_words else value))
    if key not in _looks:
        if len(_looks) >= MOST_KEPT:
            _looks.clear()
        if own_words:
            form.put(part, WORDS)
        _looks[key] = rendered(part)
        form.put(part, value)
    return _looks[key].replace(WORDS, escape(value or "")) if own_words else _looks[key]


class Asked(Field):
    """What is more than one input: radios or boxes, each a whole line (or cell) to press, or an answer in parts.

    What means "no opinion" stands apart from the scale.
    """

    def __init__(self, name: str, question: Question) -> None:
        super().__init__(name, template=question.type.template or "surveys/fields/choices.html")
        self.question = question

    def render(self, form: "AnswerForm", context: Any, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        kind, spec = self.question.type, self.question.spec
        extra = {
            "apart": tuple(kind.offered(spec)) if kind.blanks_among_choices else (),
            "in_a_row": len(kind.labels(spec)) if kind.in_a_row else 0,
            "question_key": self.question.key,
            "drawn": drawn_back(self.question, form.value(self.question)),
        }
        return super().render(form, context, template_pack=template_pack, extra_context=extra, **kwargs)


def drawn_back(question: Question, value: Any) -> SafeString | str:
    """What somebody has answered, as a picture for that person alone; empty where there is nothing to see in it."""
    chart = None if value is None else question.type.drawn_back(question.spec, value)
    return "" if chart is None else drawing.draw(chart, key=f"own-{question.key}")


def is_several(field: forms.Field) -> bool:
    """Radios or boxes: there is no one thing to label, and the first of them is the one to go to."""
    return isinstance(field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


def block_key(question: Question, seed: str) -> str:
    """What is worded alike looks alike. Where the choices stand in random order, also to whom."""
    own = seed if question.settings.get("shuffle") else ""
    content = repr((settings.VERSION, get_language(), question.spec, own))
    return f"question:{hashlib.sha256(content.encode()).hexdigest()}"
