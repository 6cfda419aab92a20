"""The form of a question: its kind's own settings as fields, its options as lines, and how it will look."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.forms import preview
from surveys.models import Question
from surveys.questions import QuestionType, kind_choices, question_type
from surveys.questions.lines import OptionLines

# Settings are fields of the one form, named "set-unit", "set-top", ...
PREFIX = "set"
USUAL_KIND = kind_choices()[0][0]


class QuestionForm(forms.ModelForm):
    """A question with the settings of `asked`, its kind. `looking`: to be shown again rather than saved."""

    asked: ClassVar[QuestionType]
    looking: ClassVar[bool] = False

    options = OptionLines(label=gettext_lazy("options"))

    class Meta:
        model = Question
        fields = ("survey", "key", "position", "prompt", "guidance", "required", "kind", "options")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.settings if isinstance(self.instance.settings, Mapping) else {}
        stored = {"offers": [*self.asked.settings_form().usual_offers], **stored}
        for field in self.fields.values():
            field.label = capfirst(field.label)
        for name in self.asked.settings_form().base_fields:
            if name in stored and f"{PREFIX}-{name}" in self.fields:
                self.fields[f"{PREFIX}-{name}"].initial = stored[name]

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
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if not self._is_edited(request, obj):
            return fieldsets
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
        if question is not None and question.prompt and not question.type.problems(question.spec):
            context["preview"] = render_to_string(
                "admin/surveys/question/preview.html", {"question": preview(question), "prompt": question.prompt}
            )
        return super().render_change_form(request, context, *args, **kwargs)

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
        return request.method == "POST" and ("_preview" in request.POST or self._changed_kind(request))
