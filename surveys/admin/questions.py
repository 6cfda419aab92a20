"""The form of a question: its kind's own settings as fields, its options as lines, and how it will look."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.utils import ErrorList
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys import conditions
from surveys.admin.conditions import BARE, ShowWhen, ShowWhenRows
from surveys.definitions import explain
from surveys.forms import preview
from surveys.models import Question, Section
from surveys.models.questions import in_order
from surveys.questions import QuestionSpec, QuestionType, kind_choices, question_type
from surveys.questions.lines import OptionLines

# Settings are fields of the one form, named "set-unit", "set-top", ...
PREFIX = "set"
USUAL_KIND = kind_choices()[0][0]
LONGEST_ID = 19
_NONE = ErrorList()


class QuestionForm(forms.ModelForm):
    """A question with the settings of `asked`, its kind. `looking`: to be shown again rather than saved."""

    asked: ClassVar[QuestionType]
    looking: ClassVar[bool] = False

    options = OptionLines(label=gettext_lazy("options"))
    show_if = ShowWhen(
        label=gettext_lazy("show when"),
        help_text=gettext_lazy("All of it must hold. A blank is no answer, and nor is that to a question not shown."),
    )

    class Meta:
        model = Question
        fields = (
            "survey", "key", "section", "position", "prompt", "guidance", "required", "show_if", "kind", "options",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.settings if isinstance(self.instance.settings, Mapping) else {}
        stored = {"offers": [*self.asked.settings_form().usual_offers], **stored}
        for field in self.fields.values():
            field.label = capfirst(field.label)
        show_if: Any = self.fields["show_if"]
        show_if.offer(self._before(), self.instance.show_if, looking=self.looking)
        for name in self.asked.settings_form().base_fields:
            if name in stored and f"{PREFIX}-{name}" in self.fields:
                self.fields[f"{PREFIX}-{name}"].initial = stored[name]

    def _before(self) -> list[tuple[int, QuestionSpec]]:
        """The questions asked before this one as it stands on the page, with their numbers."""
        survey = row_named(self.instance.survey_id or self["survey"].value())
        if survey is None:
            return []
        others = list(Question.objects.current().filter(survey=survey).select_related("section"))
        place, section = (self[name].value() for name in ("position", "section"))
        here = Question(
            position=int(place) if str(place).isdecimal() and len(str(place)) < LONGEST_ID else self.instance.position,
            section=Section.objects.filter(survey=survey, pk=row_named(section) or 0).first(),
        )
        ordered = in_order([*(other for other in others if other.pk != self.instance.pk), here])
        return list(enumerate((other.spec for other in ordered[: ordered.index(here)]), start=1))

    def is_valid(self) -> bool:
        """Never while looking: the page then comes back with what is in it, and nothing is saved."""
        return super().is_valid() and not self.looking

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        given = self.asked.settings_form()(self.data, prefix=PREFIX)
        if given.is_valid():
            self.instance.settings = given.cleaned_data
        for name, found in given.errors.items():
            if f"{PREFIX}-{name}" not in self.errors:
                self.add_error(f"{PREFIX}-{name}" if name in given.fields else None, [*found])
        if not self.asked.takes_options:
            self.instance.options = []
        elif "options" in self.cleaned_data:
            for problem in self.asked.option_problems(self.cleaned_data["options"]):
                self.add_error("options", problem)
        return cleaned

    def _post_clean(self) -> None:
        """What the row says of the whole, unless one of its fields has said it already."""
        super()._post_clean()  # type: ignore[misc]
        unread = "show_if" in self.errors  # then the row still has the conditions that it had
        for said in self.errors.pop(NON_FIELD_ERRORS, _NONE).as_data():
            if said.code != "show_if":
                self.add_error(None, said)
            elif not unread:
                self.add_error("show_if", said)
        if any(name == "options" or name.startswith(f"{PREFIX}-") for name in self.errors):
            self.errors.pop(NON_FIELD_ERRORS, None)


class QuestionPage(admin.ModelAdmin):
    """Adding and changing a question. No script: another kind's settings and the preview come by a button."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if self._is_edited(request, obj):
            asked = question_type(self._kind(request, obj))
            fields = {f"{PREFIX}-{name}": field for name, field in asked.settings_form().base_fields.items()}
            given = {"asked": asked, "looking": self._looks(request), **fields}
            kwargs["form"] = type("KindForm", (QuestionForm,), given)
        form = super().get_form(request, obj, change=change, **kwargs)
        if "section" in form.base_fields:
            survey = obj.survey_id if obj is not None else row_named((request.POST or request.GET).get("survey"))
            section: Any = form.base_fields["section"]
            section.queryset = Section.objects.filter(survey=survey)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if not self._is_edited(request, obj):
            return [(title, {"fields": _in_words(given["fields"])}) for title, given in fieldsets]
        asked = question_type(self._kind(request, obj))
        own = [f"{PREFIX}-{name}" for name in asked.settings_form().base_fields if name != "offers"]
        options = ("options",) if asked.takes_options else ()
        title = _("Kind: %(kind)s") % {"kind": asked.label}
        return [*fieldsets[:-1], (title, {"fields": ("kind", *options, *own, f"{PREFIX}-offers")})]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        question: Question | None = context.get("original")
        form = context["adminform"].form
        context["kind_of_settings"] = self._kind(request, question)
        context["may_preview"] = self._is_edited(request, question)
        if isinstance(form, QuestionForm) and form.is_bound:
            question = None if form.errors else form.instance
            if request.method == "POST" and self._changed_kind(request):
                messages.info(request, _("Another kind has other settings. Look them over, then save."))
            elif request.method == "POST" and "_preview" not in request.POST and form.looking:
                messages.info(request, _("Say what must be true of the answer to that question, then save."))
        if question is not None and question.prompt and not question.type.problems(question.spec):
            context["preview"] = render_to_string(
                "admin/surveys/question/preview.html",
                {
                    "question": preview(question),
                    "prompt": question.prompt,
                    "definitions": explain(question.survey, [question]),
                },
            )
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=gettext_lazy("show when"))
    def shown_when(self, question: Question) -> str:
        if not question.show_if:
            return _("always")
        others = [other.spec for other in question.survey.questions.current()]
        return conditions.in_words(others, question.show_if)

    @admin.display(description=gettext_lazy("settings"))
    def settings_told(self, question: Question) -> SafeString | str:
        """Each setting that is not as usual, with the label it has in the form."""
        stored = question.settings if isinstance(question.settings, Mapping) else {}
        fields = question.type.settings_form().base_fields
        known = {name: field for name, field in fields.items() if name in stored}
        lines = [(capfirst(field.label), _told(field, stored[name])) for name, field in known.items()]
        return format_html_join(mark_safe("<br>"), "{}: {}", lines) or _("as usual")

    @admin.display(description=gettext_lazy("options"))
    def options_told(self, question: Question) -> SafeString | str:
        options = [option for option in question.options if isinstance(option, Mapping)]
        lines = [(option.get("label", ""), option.get("key", "")) for option in options]
        return format_html_join(mark_safe("<br>"), "{} <code>{}</code>", lines) or "–"

    def _is_edited(self, request: HttpRequest, question: Any) -> bool:
        """Whether its wording may be changed by who asks."""
        allowed = (
            self.has_add_permission(request) if question is None else self.has_change_permission(request, question)
        )
        return allowed and "kind" not in self.get_readonly_fields(request, question)

    def _kind(self, request: HttpRequest, question: Any) -> str:
        """The kind that was chosen on the page, else the stored one."""
        wanted = (request.POST or request.GET).get("kind") or (question.kind if question is not None else USUAL_KIND)
        return wanted if wanted in dict(kind_choices()) else USUAL_KIND

    def _changed_kind(self, request: HttpRequest) -> bool:
        """The page had the settings of another kind than the one chosen on it."""
        return request.POST.get("kind_of_settings", self._kind(request, None)) != self._kind(request, None)

    def _looks(self, request: HttpRequest) -> bool:
        if request.method != "POST":
            return False
        rows = ShowWhenRows().value_from_datadict(request.POST, None, "show_if")
        return (
            "_preview" in request.POST
            or self._changed_kind(request)
            or any(row.is_unfinished and row.test not in BARE for row in rows)
        )


TOLD = {"show_if": "shown_when", "settings": "settings_told", "options": "options_told"}


def _in_words(fields: Sequence[Any]) -> list[Any]:
    """What cannot be edited stands there in words, not as it is stored."""
    return [TOLD.get(name, name) for name in fields]


def _told(field: forms.Field, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_told(field, one) for one in value) or _("none")
    if isinstance(value, Mapping):
        return str(value.get("label", ""))
    return str(dict(getattr(field, "choices", ())).get(value, value))


def row_named(raw: Any) -> int | None:
    """The number of a row as a form or an address names it; None where it is none that a database could hold."""
    text = str(raw or "")
    return int(text) if text.isdecimal() and len(text) < LONGEST_ID else None
