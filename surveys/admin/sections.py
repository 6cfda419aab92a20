"""The pages of a questionnaire and the questions on them, as tables on the page of their survey."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator, slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys import conditions
from surveys.admin.pages import link_to
from surveys.admin.stop_rules import stop_rule_in_words
from surveys.models import Answer, Question, Section
from surveys.models.questions import in_order

LONGEST_KEY = 60


def with_answered(questions: QuerySet[Question]) -> QuerySet[Question]:
    return questions.annotate(has_answers=Exists(Answer.objects.filter(question=OuterRef("pk"))))


class SectionForm(forms.ModelForm):
    class Meta:
        model = Section
        fields = ("position", "title", "introduction", "key")
        widgets = {
            "title": forms.TextInput(attrs={"size": 30}),
            "introduction": forms.Textarea(attrs={"rows": 2, "cols": 40}),
            "key": forms.TextInput(attrs={"size": 16}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].required = False


class SectionForms(BaseInlineFormSet):
    """Sections, a new one last. A section without a key gets one made of its title."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_form_kwargs(index)
        if index is None or index >= self.initial_form_count():
            kwargs["initial"] = {"position": self.initial_form_count() + 1}
        return kwargs

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = _("Delete this section; its questions stay")

    def clean(self) -> None:
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        kept = [form for form in kept if form not in self.deleted_forms and form.is_valid()]
        taken = {form.cleaned_data["key"] for form in kept}
        for form in kept:
            if not form.cleaned_data["key"]:
                form.instance.key = form.cleaned_data["key"] = _free_key(form.cleaned_data["title"], taken)
                taken.add(form.instance.key)
        super().clean()
        if any(self.errors):
            return
        # The questions are looked at next, as they will stand.
        stay = sorted((form.instance for form in kept if form.instance.pk), key=lambda row: (row.position, row.pk))
        self.instance.section_places = {row.pk: place for place, row in enumerate(stay, start=1)}


def _free_key(title: str, taken: set[str]) -> str:
    stem = slugify(title)[: LONGEST_KEY - 4].strip("-_") or "section"
    return next(key for key in (stem, *(f"{stem}-{n}" for n in range(2, 999))) if key not in taken)


class SectionInline(admin.TabularInline):
    model = Section
    form = SectionForm
    formset = SectionForms
    extra = 1
    prepopulated_fields = {"key": ("title",)}
    verbose_name_plural = gettext_lazy("sections: each is a page of its own")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return _named(super().formfield_for_dbfield(db_field, request, **kwargs))


class PlacedQuestionForm(forms.ModelForm):
    """Only where it stands; whether all of them may stand so is for the whole table to say."""

    class Meta:
        model = Question
        fields = ("section", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.placed_with_others = True


class QuestionForms(BaseInlineFormSet):
    """The questions in their new order, refused where one would depend on an answer that is not given yet."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        questions = [form.instance for form in self.forms if form.instance.pk]
        places = getattr(self.instance, "section_places", None)
        for question in questions:
            if places is not None and question.section is not None:
                if question.section_id in places:
                    question.section.position = places[question.section_id]
                else:  # it goes, and its questions stay
                    question.section = None
        specs = {question.key: question.spec for question in in_order(questions)}
        said = [
            _("“%(question)s” would not be shown as it should: %(problem)s")
            % {"question": Truncator(specs[key].prompt).words(12), "problem": problem}
            for key, problems in conditions.all_problems(specs.values()).items()
            for problem in problems
        ]
        if said:
            raise ValidationError(said)


class QuestionInline(admin.TabularInline):
    """The questions asked now, to be read and put in order; each is written on its own page."""

    model = Question
    form = PlacedQuestionForm
    formset = QuestionForms
    template = "admin/surveys/survey/questions.html"
    fields = ("section", "position", "prompt_link", "key", "kind", "standing")
    readonly_fields = ("prompt_link", "key", "kind", "standing")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return with_answered(super().get_queryset(request).filter(superseded_at=None)).select_related("section")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        if "section" in formset.form.base_fields:
            sections = Section.objects.filter(survey=obj.pk if obj is not None else None)
            field: Any = formset.form.base_fields["section"]
            field.queryset = sections
            # Fetched once, not for each question.
            field.choices = [("", _("– first, in none –")), *((row.pk, row.title) for row in sections)]
        specs = [row.spec for row in obj.questions.current()] if obj is not None else []
        self.shown_when = {spec.key: conditions.in_words(specs, spec.show_if) for spec in specs if spec.show_if}
        return formset

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return _named(super().formfield_for_dbfield(db_field, request, **kwargs))

    @admin.display(description=gettext_lazy("question"))
    def prompt_link(self, question: Question) -> SafeString | str:
        link = link_to(question, Truncator(question.prompt).words(20))
        if not question.show_if:
            return link
        told = _("Shown when %(conditions)s.") % {"conditions": self.shown_when.get(question.key, "")}
        return format_html('{}<br><span class="quiet">{}</span>', link, told)

    @admin.display(description=gettext_lazy("wording"))
    def standing(self, question: Any) -> str:
        wording = _("frozen: answered") if question.has_answers else _("may be edited")
        return format_html("{}<br>{}", wording, stop_rule_in_words(question)) if question.stop_rule else wording


def _named(field: Any) -> Any:
    """A field that stands in a table: its column's head is no label to a screen reader."""
    if field is not None:
        field.widget.attrs["aria-label"] = field.label
    return field
