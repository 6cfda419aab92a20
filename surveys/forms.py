"""The answer form, built from the questions of a survey. What cannot be taken is shown again as it was typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from crispy_forms.utils import TEMPLATE_PACK, render_crispy_form
from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.formats import number_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from naatbatt.charts import drawing
from surveys.models import Answer, Attribution, Blank, Contributor, Question, Sector
from surveys.publishing import prose_html
from surveys.questions.text import Words
from surveys.responses import Entry, attribution_in_words

COMMENT_LIMIT = 1000
CONFIDENCE = range(1, 11)


@dataclass(frozen=True)
class Problem:
    """One line of the summary of errors, linking to the field it is about."""

    target: str
    label: str
    messages: list[str]


def _tidy(data: Mapping[str, Any]) -> MultiValueDict[str, str]:
    """Without NUL, which comes with some pastes, no text needs, and PostgreSQL cannot store."""
    lists = data.lists() if isinstance(data, MultiValueDict) else ((name, [value]) for name, value in data.items())
    return MultiValueDict({name: [str(value).replace("\x00", "") for value in values] for name, values in lists})


class AnswerForm(forms.Form):
    """All questions of a survey for one person.

    A draft may be incomplete and may hold errors: `entries()` gives what is valid, with the stored answer in place of
    what is not. `submitting` asks for the required questions and for the attribution too. Questions that the page did
    not show (it names those it did in hidden fields `shown`) are left alone, so that neither a cut-off request nor a
    question added meanwhile empties an answer.
    """

    def __init__(
        self,
        *,
        questions: Iterable[Question],
        contributor: Contributor,
        answers: Mapping[int, Answer] | None = None,
        attribution: str = "",
        data: Mapping[str, Any] | None = None,
        submitting: bool = False,
    ) -> None:
        super().__init__(data=None if data is None else _tidy(data))
        self.questions = list(questions)
        self.answers = answers or {}
        self.submitting = submitting
        self.stored_attribution = attribution
        self.fields["attribution"] = _attribution_field(contributor, attribution)
        self._numbers: dict[str, int] = {}  # name of a field -> number of its question on the page
        for number, question in enumerate(self.questions, start=1):
            self._add(question, self.answers.get(question.pk), number, seed=f"{contributor.pk}:{question.key}")
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True  # the personal link is the credential, and the token would need a cookie
        self.helper.layout = Layout(
            *(QuestionBlock(question, number) for number, question in enumerate(self.questions, start=1)),
            Field("attribution", template="surveys/fields/attribution.html"),
        )

    def _add(self, question: Question, stored: Answer | None, number: int, *, seed: str) -> None:
        name, kind, spec = field_name(question), question.type, question.spec
        field = kind.form_field(spec)
        kind.arrange(field, spec, seed=seed)
        field.label = field.label or _("Your answer")
        blank = stored.blank if stored else ""
        if stored is not None and stored.value is not None:
            field.initial = kind.load(stored.value)
        elif kind.blanks_among_choices and blank in kind.offered(spec):
            field.initial = blank
        added = {name: _plainly_worded(field)}
        if kind.offered(spec) and not kind.blanks_among_choices:
            added[f"{name}.blank"] = _blank_field(kind.offered(spec), blank)
        if kind.asks_confidence:
            added[f"{name}-confidence"] = _confidence_field(stored.confidence if stored else None)
        if kind.asks_comment:
            added[f"{name}-comment"] = _plainly_worded(_comment_field(stored.comment if stored else ""))
        self.fields |= added
        self._numbers |= dict.fromkeys(added, number)

    def clean(self) -> dict[str, Any]:
        super().clean()
        for question in self.questions:
            self._refuse_both(question)
        if self.submitting:
            entries = self.entries()
            for question in self.questions:
                name = field_name(question)
                if question.required and name not in self.errors and not self._is_answered(question, entries):
                    self.add_error(name, _("This question needs an answer before you submit."))
            if not self.attribution and "attribution" not in self.errors:
                self.add_error("attribution", _("Choose how you may be quoted."))
        return self.cleaned_data

    def _refuse_both(self, question: Question) -> None:
        """An answer and a reason for not answering."""
        name = field_name(question)
        if self.cleaned_data.get(name) is not None and self.cleaned_data.get(f"{name}.blank"):
            self.add_error(
                f"{name}.blank", _("You have answered the question and ticked this as well. Take one of them away.")
            )

    def _is_answered(self, question: Question, entries: Mapping[str, Entry]) -> bool:
        given: Entry | Answer | None = entries.get(question.key) or self.answers.get(question.pk)
        return given is not None and (
            given.value is not None or given.blank not in ("", Blank.SKIPPED, Blank.NOT_SHOWN)
        )

    def entries(self) -> dict[str, Entry]:
        """What is valid, by question key, for `responses.save`."""
        return {question.key: self._entry(question) for question in self.questions if self._was_shown(question)}

    @property
    def attribution(self) -> str:
        """The level chosen now or before, or nothing."""
        return self.cleaned_data.get("attribution") or self.stored_attribution

    def problems(self) -> list[Problem]:
        """All errors in the order of the page, each with the id of the first thing to press or fill in."""
        found = []
        for name in [*(name for name in self.fields if name != "attribution"), "attribution"]:
            if name in self.errors:
                bound, number = self[name], self._numbers.get(name)
                label = _("Question %(number)d") % {"number": number} if number else str(bound.label)
                target = f"{bound.auto_id}_0" if _is_several(bound.field) else bound.id_for_label
                found.append(Problem(target, label, [str(message) for message in self.errors[name]]))
        return found

    def _was_shown(self, question: Question) -> bool:
        name = field_name(question)
        posted = (name, f"{name}-confidence", f"{name}-comment")
        return (
            question.key in self.data.getlist("shown")  # type: ignore[attr-defined]
            or any(part in self.data for part in posted)
            or any(part.startswith(f"{name}.") for part in self.data)
        )

    def _entry(self, question: Question) -> Entry:
        name, stored = field_name(question), self.answers.get(question.pk)
        value: Any = None
        blank = ""
        if name in self.cleaned_data:
            value = self.cleaned_data[name]
            if value is None:
                blank = next(iter(self.cleaned_data.get(f"{name}.blank", ())), "")
            elif question.type.blanks_among_choices and isinstance(value, str) and value in Blank.values:
                value, blank = None, value
        elif stored is not None:
            value, blank = None if stored.value is None else question.type.load(stored.value), stored.blank
        confidence = self._part(f"{name}-confidence", stored.confidence if stored else None)
        comment = self._part(f"{name}-comment", stored.comment if stored else "")
        return Entry(value=value, blank=blank, confidence=None if blank else confidence, comment=comment or "")

    def _part(self, name: str, stored: Any) -> Any:
        """What was typed there; what is stored where that is not valid; None where the question has no such part."""
        return self.cleaned_data.get(name, stored) if name in self.fields else None


class DeclineForm(forms.Form):
    reason = Words(max_length=COMMENT_LIMIT)

    def __init__(self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(None if data is None else _tidy(data), initial=dict(initial or {}), auto_id="decline-%s")
        self.fields["reason"].label = _("Your reason, if you like to give one")
        self.fields["reason"].widget.attrs["rows"] = 3
        _plainly_worded(self.fields["reason"])
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


def field_name(question: Question) -> str:
    return f"q-{question.key}"


def _plainly_worded(field: forms.Field) -> forms.Field:
    """Safe and kind to what people type."""
    field.help_text = conditional_escape(field.help_text)  # crispy prints it as HTML; staff wrote the units in it
    if isinstance(field.widget, forms.Textarea | forms.TextInput):
        field.widget.attrs["dir"] = "auto"
        # The browser would cut a paste off without a word; we keep it and say how long it may be.
        field.widget.attrs.pop("maxlength", None)
        if limit := getattr(field, "max_length", None):
            field.help_text = field.help_text or ngettext(
                "At most %(limit)s character.", "At most %(limit)s characters.", limit
            ) % {"limit": number_format(limit, use_l10n=True, force_grouping=True)}
    return field


def _is_several(field: forms.Field) -> bool:
    """Radios or boxes: there is no one thing to label, and the first of them is the one to go to."""
    return isinstance(field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


class WhyBlank(forms.MultipleChoiceField):
    """At most one of the offered ways not to answer. Boxes, because a radio cannot be taken back."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> list[str]:
        chosen = super().clean(value)
        if len({*chosen}) > 1:
            raise forms.ValidationError(_("Tick one of these, not both."))
        return chosen


def _blank_field(offered: Mapping[str, str], blank: str) -> forms.Field:
    return WhyBlank(
        label=_("Or instead of an answer"),
        choices=list(offered.items()),
        required=False,
        initial=[blank] if blank in offered else [],
        error_messages={"invalid_choice": _("Choose among the listed answers.")},
    )


def _confidence_field(chosen: int | None) -> forms.Field:
    return forms.TypedChoiceField(
        label=_("How confident are you?"),
        choices=[(step, str(step)) for step in CONFIDENCE],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        initial=chosen,
        error_messages={"invalid_choice": _("Choose a whole number from 1 to 10.")},
    )


def _comment_field(text: str) -> forms.Field:
    field = Words(max_length=COMMENT_LIMIT)
    field.label = _("In your own words (optional)")
    field.initial = text
    field.widget.attrs["rows"] = 3
    return field


def _attribution_field(contributor: Contributor, chosen: str) -> forms.Field:
    """Every level is explained by the very line that readers would see under this person's words."""
    choices, lines = [], set()
    for level in Attribution:
        line = attribution_in_words(contributor, level)
        if line not in lines:  # without an affiliation, "by affiliation" would print the same line as "by sector"
            lines.add(line)
            example = line or _("Your answers are counted; your words are read by the editors only.")
            choices.append((level.value, format_html('{} <span class="example">{}</span>', level.label, example)))
    return forms.ChoiceField(
        label=_("How may we quote you?"),
        choices=choices,
        required=False,
        widget=forms.RadioSelect,
        initial=chosen,
        error_messages={"invalid_choice": _("Choose one of the listed ways.")},
    )


class QuestionBlock(Div):
    """One question: its prompt and guidance as a fieldset, with whatever its kind asks inside."""

    template = "surveys/_question.html"

    def __init__(self, question: Question, number: int) -> None:
        super().__init__()
        self.question, self.number, self.name = question, number, field_name(question)

    def render(self, form: AnswerForm, context: Any, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        kind, self.bound = self.question.type, form[self.name]
        self.guidance = prose_html(self.question.guidance, apart=self.name) if self.question.guidance else ""
        several = _is_several(self.bound.field)
        self.helped = bool(self.bound.help_text) and (several or bool(kind.template))
        self.fields = [Asked(self.name, self.question) if several or kind.template else Field(self.name)]
        further = {
            f"{self.name}.blank": "surveys/fields/blanks.html",
            f"{self.name}-confidence": "surveys/fields/confidence.html",
            f"{self.name}-comment": None,
        }
        self.fields += [Field(name, template=template) for name, template in further.items() if name in form.fields]
        return super().render(form, context, template_pack=template_pack, **kwargs)


class Asked(Field):
    """What is more than one input: radios or boxes, each a whole line (or cell) to press, or an answer in parts.

    What means "no opinion" stands apart from the scale.
    """

    def __init__(self, name: str, question: Question) -> None:
        super().__init__(name, template=question.type.template or "surveys/fields/choices.html")
        self.question, self.name = question, name

    def render(self, form: AnswerForm, context: Any, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        kind, spec = self.question.type, self.question.spec
        extra = {
            "apart": tuple(kind.offered(spec)) if kind.blanks_among_choices else (),
            "in_a_row": len(kind.labels(spec)) if kind.in_a_row else 0,
            "drawn": self._drawn_back(form),
        }
        return super().render(form, context, template_pack=template_pack, extra_context=extra, **kwargs)

    def _drawn_back(self, form: AnswerForm) -> SafeString | str:
        """What was answered as a picture, as far as it could be read."""
        stored = form.answers.get(self.question.pk)
        value = form.fields[self.name].initial if stored is not None and stored.value is not None else None
        if form.is_bound:
            value = form.cleaned_data.get(self.name) if hasattr(form, "cleaned_data") else None
        chart = None if value is None else self.question.type.drawn_back(self.question.spec, value)
        return "" if chart is None else drawing.draw(chart, key=f"own-{self.question.key}")


def preview(question: Question) -> SafeString:
    """The question as a contributor would see it, of unsaved rows too. Its settings and options must be sound."""
    form = AnswerForm(questions=[question], contributor=Contributor(name="–", sector=Sector.INDUSTRY))
    form.helper.layout = Layout(QuestionBlock(question, 1))
    return render_crispy_form(form)
