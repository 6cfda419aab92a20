"""The answer form, built from questions of a survey. What cannot be taken is shown again as it was typed."""

from collections.abc import Collection, Iterable, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from crispy_forms.utils import render_crispy_form
from django import forms
from django.core.cache import cache
from django.utils.datastructures import MultiValueDict
from django.utils.formats import number_format
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from surveys.blocks import Attention, QuestionBlock, Slot, block_key, is_several
from surveys.models import Answer, Blank, Contributor, PendingChange, Question, Sector, Survey
from surveys.questions import QuestionSpec, question_type
from surveys.questions.text import Words
from surveys.quoting import attribution_choice
from surveys.responses import Entry

COMMENT_LIMIT = 1000
CONFIDENCE = range(1, 11)

Stored = Answer | PendingChange


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
    """Some questions of a survey for one person: those of a page, or the one that is being saved.

    It may be left incomplete and may hold errors: `entries()` gives what is valid, with the stored answer in place of
    what is not. Questions that the page did not show (it names those it did in hidden fields `shown`) are left alone
    and shown as they are stored, so that neither a cut-off request nor a question added meanwhile empties an answer.

    questions   those that are put to this person, in order
    slots       all questions of the page: one that is not put to this person now has an empty place there
    numbers     question key -> its number, where counting does not begin with these questions
    answers     question -> what its author last saved
    survey      whose rules say how an answer may be quoted; without it nothing is asked about that, as on paper
    earlier     question -> this person's answer in an earlier round, which stands there until there is one in this
    beside      question key -> what stands beside it, such as what the group answered
    attention   question key -> what its page has to say about it, such as another answer given elsewhere
    """

    def __init__(
        self,
        *,
        questions: Iterable[Question],
        contributor: Contributor,
        slots: Iterable[Question] | None = None,
        numbers: Mapping[str, int] | None = None,
        answers: Mapping[int, Stored] | None = None,
        survey: Survey | None = None,
        earlier: Mapping[int, Answer] | None = None,
        beside: Mapping[str, SafeString] | None = None,
        attention: Mapping[str, Attention] | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data=None if data is None else _tidy(data))
        self.questions = list(questions)
        self.contributor, self.survey = contributor, survey
        self.answers, self.earlier = answers or {}, earlier or {}
        self.beside, self.attention = beside or {}, attention or {}
        self.numbers = numbers or {question.key: number for number, question in enumerate(self.questions, start=1)}
        self._question_of: dict[str, Question] = {}  # name of a field -> its question
        self._quotings: dict[tuple[str, bool], forms.Field] = {}
        self.quoted: dict[str, tuple[str, str]] = {}  # see QuestionBlock
        for question in self.questions:
            if not self.is_untouched(question):
                self.build(question)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True  # the personal link is the credential, and the token would need a cookie
        asked = {question.key for question in self.questions}
        self.helper.layout = Layout(
            *(
                QuestionBlock(question) if question.key in asked else Slot(question)
                for question in (self.questions if slots is None else slots)
            )
        )

    # --- its fields

    def is_untouched(self, question: Question) -> bool:
        """Shown as to anybody who has not answered it: its fields are made only if they are asked for."""
        return self.stored(question) is None and not self.is_bound

    def stored(self, question: Question) -> Stored | None:
        """What stands in the fields as long as nothing else was typed."""
        return self.answers.get(question.pk) or self.earlier.get(question.pk)

    def mark(self, question: Question) -> str:
        """Which state of its answer this page was made from."""
        return self.answers[question.pk].mark if question.pk in self.answers else ""

    def carried_from(self, question: Question) -> int:
        """The round whose answer stands in the fields; 0 where it is one of this round, or none."""
        if question.pk in self.answers or question.pk not in self.earlier:
            return 0
        return self.earlier[question.pk].response.invitation.survey_round.number

    def parts(self, question: Question) -> list[str]:
        """The names of its fields."""
        return [name for name, other in self._question_of.items() if other.key == question.key]

    def build(self, question: Question) -> None:
        """Make the fields of a question, unless they are there. They are shared with other forms: see `own`."""
        name = field_name(question)
        if name in self.fields:
            return
        stored = self.stored(question)
        if stored is not None:
            self._say_what_is_stored(question, stored)
        added = {f"{name}{part}": field for part, field in _fields_of(question, self.seed(question)).items()}
        shown_again = self.is_bound and self.was_shown(question)
        if self.is_bound and not shown_again:
            added = {part: copy(field) for part, field in added.items()}
            for one in added.values():
                one.bound_data = _as_stored  # type: ignore[method-assign]
        if self.survey is not None and self.asks_how_quoted(question):
            chosen = stored.attribution if stored else ""
            added[f"{name}-attribution"] = self._quoting(self.survey, chosen, shown_again)
        self.fields |= added
        self._question_of |= dict.fromkeys(added, question)

    def own(self, name: str) -> None:
        """Make a field this form's own: what renders it writes into it, and others clean by the same."""
        self.fields[name] = deepcopy(self.fields[name])
        self._bound_fields_cache.pop(name, None)  # type: ignore[attr-defined]

    def put(self, name: str, value: Any) -> None:
        """Have a field show this as long as nothing is typed."""
        self.initial[name] = value
        self._bound_fields_cache.pop(name, None)  # type: ignore[attr-defined]

    def _say_what_is_stored(self, question: Question, stored: Stored) -> None:
        name, kind = field_name(question), question.type
        offered = kind.offered(question.spec)
        if stored.value is not None:
            self.initial[name] = kind.load(stored.value)
        elif kind.blanks_among_choices and stored.blank in offered:
            self.initial[name] = stored.blank
        self.initial[f"{name}.blank"] = [stored.blank] if stored.blank in offered else []
        self.initial[f"{name}-confidence"] = stored.confidence
        self.initial[f"{name}-comment"] = stored.comment

    def _quoting(self, survey: Survey, chosen: str, shown_again: bool) -> forms.Field:
        """How one answer may be quoted: the same field wherever the same was chosen before."""
        if (chosen, shown_again) not in self._quotings:
            field = attribution_choice(self.contributor, survey, chosen)
            if self.is_bound and not shown_again:
                field.bound_data = _as_stored  # type: ignore[method-assign]
            self._quotings[chosen, shown_again] = field
        return self._quotings[chosen, shown_again]

    def seed(self, question: Question) -> str:
        """For an order of choices that is this person's own."""
        return f"{self.contributor.pk}:{question.key}"

    @cached_property
    def block_keys(self) -> dict[str, str]:
        """Key of an untouched question -> under which it is cached."""
        return {each.key: block_key(each, self.seed(each)) for each in self.questions if self.is_untouched(each)}

    @cached_property
    def cached(self) -> dict[str, str]:
        """What is cached of the untouched questions, in one look."""
        return cache.get_many([*self.block_keys.values()]) if self.block_keys else {}

    # --- what was typed

    def clean(self) -> dict[str, Any]:
        super().clean()
        for question in self.questions:
            self._refuse_both(question)
        return self.cleaned_data

    def _refuse_both(self, question: Question) -> None:
        """An answer and a reason for not answering."""
        name = field_name(question)
        if self.cleaned_data.get(name) is not None and self.cleaned_data.get(f"{name}.blank"):
            self.add_error(
                f"{name}.blank", _("You have answered the question and ticked this as well. Take one of them away.")
            )

    def entries(self) -> dict[str, Entry]:
        """What is valid, by question key, for `responses.save`."""
        return {question.key: self._entry(question) for question in self.questions if self.was_shown(question)}

    def was_shown(self, question: Question) -> bool:
        """The page that was sent had this question on it."""
        name = field_name(question)
        posted = (name, f"{name}-confidence", f"{name}-comment")
        return (
            question.key in self.shown
            or any(part in self.data for part in posted)
            or any(part.startswith(f"{name}.") for part in self.data)
        )

    @property
    def shown(self) -> Collection[str]:
        """The keys of the questions that the page says it had, whatever it was."""
        return self.data.getlist("shown") if self.is_bound else ()  # type: ignore[attr-defined]

    def leave_out(self, questions: Collection[str]) -> None:
        """Forget what is wrong with questions that are not put to this person any more."""
        for name, question in self._question_of.items():
            if question.key in questions:
                self.errors.pop(name, None)

    def problems(self) -> list[Problem]:
        """All errors in the order of the page, each with the id of the first thing to press or fill in."""
        found = []
        for name in self.fields:
            if name in self.errors:
                bound, number = self[name], self.numbers.get(self._question_of[name].key)
                label = _("Question %(number)d") % {"number": number} if number else str(bound.label)
                target = f"{bound.auto_id}_0" if is_several(bound.field) else bound.id_for_label
                found.append(Problem(target, label, [str(message) for message in self.errors[name]]))
        return found

    @cached_property
    def focus(self) -> str:
        """The id of the first thing that is wrong, to which the page takes its reader."""
        problems = self.problems() if self.is_bound else []
        return problems[0].target if problems else ""

    def asks_how_quoted(self, question: Question) -> bool:
        """There is something in an answer to it that could be quoted, and somebody to ask."""
        return self.survey is not None and (question.type.asks_comment or bool(question.type.words("x", "")))

    def value(self, question: Question) -> Any:
        """The answer as far as it could be read, or None."""
        if self.is_bound and self.was_shown(question):
            return self.cleaned_data.get(field_name(question)) if hasattr(self, "cleaned_data") else None
        stored = self.stored(question)
        return None if stored is None or stored.value is None else question.type.load(stored.value)

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
        attribution = self._part(f"{name}-attribution", stored.attribution if stored else "")
        return Entry(
            value=value, blank=blank, confidence=None if blank else confidence, comment=comment or "",
            attribution=attribution or "",
        )  # fmt: skip

    def _part(self, name: str, stored: Any) -> Any:
        """What was typed there; what is stored where that is not valid; None where the question has no such part."""
        return self.cleaned_data.get(name, stored) if name in self.fields else None


def field_name(question: Question) -> str:
    return f"q-{question.key}"


def _as_stored(data: Any, initial: Any) -> Any:
    """In place of a field's `bound_data`: nothing was typed here, so what is stored is shown."""
    return initial


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


class WhyBlank(forms.MultipleChoiceField):
    """At most one of the offered ways not to answer. Boxes, because a radio cannot be taken back."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> list[str]:
        chosen = super().clean(value)
        if len({*chosen}) > 1:
            raise forms.ValidationError(_("Tick one of these, not both."))
        return chosen


def _fields_of(question: Question, seed: str) -> dict[str, forms.Field]:
    """What is asked of a question, by what their names end in, without what anybody answered.

    Kept in the process, where the order of choices is the same for everybody, by all that they are made from.
    """
    if question.settings.get("shuffle"):
        return _made_of(question.spec, seed)
    spec = question.spec
    return _kept(_Content(f"{get_language()}:{spec!r}", spec))


@dataclass(frozen=True)
class _Content:
    key: str
    spec: QuestionSpec = field(compare=False)


@lru_cache(maxsize=1000)
def _kept(content: _Content) -> dict[str, forms.Field]:
    return _made_of(content.spec, "")


def _made_of(spec: QuestionSpec, seed: str) -> dict[str, forms.Field]:
    kind = question_type(spec.kind)
    field = kind.form_field(spec)
    kind.arrange(field, spec, seed=seed)
    field.label = field.label or _("Your answer")
    found = {"": _plainly_worded(field)}
    if kind.offered(spec) and not kind.blanks_among_choices:
        found[".blank"] = _blank_field(kind.offered(spec))
    if kind.asks_confidence:
        found["-confidence"] = _confidence_field()
    if kind.asks_comment:
        found["-comment"] = _plainly_worded(_comment_field())
    return found


def _blank_field(offered: Mapping[str, str]) -> forms.Field:
    return WhyBlank(
        label=_("Or instead of an answer"),
        choices=list(offered.items()),
        required=False,
        error_messages={"invalid_choice": _("Choose among the listed answers.")},
    )


def _confidence_field() -> forms.Field:
    return forms.TypedChoiceField(
        label=_("How confident are you?"),
        choices=[(step, str(step)) for step in CONFIDENCE],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose a whole number from 1 to 10.")},
    )


def _comment_field() -> forms.Field:
    field = Words(max_length=COMMENT_LIMIT)
    field.label = _("In your own words (optional)")
    field.widget.attrs["rows"] = 3
    return field


def slot(form: AnswerForm, question: Question) -> SafeString:
    """One question's place on the page as it would stand in the whole form."""
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    helper.layout = Layout(QuestionBlock(question) if question in form.questions else Slot(question))
    return render_crispy_form(form, helper)


def preview(question: Question) -> SafeString:
    """The question as a contributor would see it, of unsaved rows too. Its settings and options must be sound."""
    return slot(AnswerForm(questions=[question], contributor=Contributor(name="–", sector=Sector.INDUSTRY)), question)
