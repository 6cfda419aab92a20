from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys import questionnaires
from surveys.admin.bank import QuestionBank
from surveys.admin.definitions import WordsUsed
from surveys.admin.instruments import Instrument
from surveys.admin.pages import change_address, link_to
from surveys.admin.questions import TOLD, QuestionPage, row_named
from surveys.admin.sections import QuestionInline, SectionInline, with_answered
from surveys.admin.stop_rules import StopRules
from surveys.models import Question, Section, Survey


class SurveyForm(forms.ModelForm):
    definitions = WordsUsed()


@admin.register(Survey)
class SurveyAdmin(Instrument):
    list_display = ("title", "series", "questions_asked", "rounds_held")
    list_select_related = ("series",)
    search_fields = ("title", "slug")
    prepopulated_fields = {"slug": ("title",)}
    list_per_page = 50
    form = SurveyForm
    inlines = (SectionInline, QuestionInline)
    change_form_template = "admin/surveys/survey/change_form.html"
    fieldsets = (
        (None, {"fields": ("title", "slug", "introduction", "definitions")}),
        (gettext_lazy("Results"), {"fields": ("series", "minimum_cell", "closed_door")}),
        (gettext_lazy("Readers"), {"fields": ("takes_open_views",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Survey]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                number_of_questions=Count("questions", filter=Q(questions__superseded_at__isnull=True), distinct=True),
                number_of_rounds=Count("rounds", distinct=True),
            )
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Published figures name the survey by its slug."""
        return ("slug",) if obj is not None and obj.snapshots.exists() else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj is not None else dict(self.prepopulated_fields)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        questionnaires.number_sections(form.instance)

    @admin.display(description=gettext_lazy("questions"), ordering="number_of_questions")
    def questions_asked(self, survey: Any) -> int:
        return survey.number_of_questions

    @admin.display(description=gettext_lazy("rounds"), ordering="number_of_rounds")
    def rounds_held(self, survey: Any) -> str | int:
        if not survey.number_of_rounds:
            return 0
        address = reverse("admin:surveys_round_changelist")
        return format_html('<a href="{}?survey__id__exact={}">{}</a>', address, survey.pk, survey.number_of_rounds)


@admin.register(Question)
class QuestionAdmin(QuestionPage, QuestionBank, StopRules):
    steps = {"reword": "step_reword", "stop-rule": "step_stop_rule"}
    change_form_template = "admin/surveys/question/change_form.html"
    fieldsets = (
        (None, {"fields": ("survey", "key", "section", "position")}),
        (gettext_lazy("Wording"), {"fields": ("prompt", "guidance", "required")}),
        (gettext_lazy("Whom it is put to"), {"fields": ("show_if",)}),
        (gettext_lazy("Kind"), {"fields": ("kind", "settings", "options")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return with_answered(super().get_queryset(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        frozen = (*(name for name in Question.FROZEN if name not in ("version", *TOLD)), *TOLD.values(), "survey")
        return frozen if obj.superseded_at or obj.is_answered() else ("survey",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new question of a survey comes last, in its last section."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if survey := row_named(initial.get("survey")):
            last = Question.objects.filter(survey=survey).order_by("-position").first()
            initial.setdefault("position", last.position + 1 if last else 1)
            initial.setdefault("section", Section.objects.filter(survey=survey).order_by("-position", "-pk").first())
        return initial

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_answered())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Not while others that stay are shown because of its answer: Django says then what stands in the way."""
        tree, counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        return tree, counts, perms_needed, [*protected, *map(link_to, questionnaires.depending_on(objs))]

    def step_reword(self, request: HttpRequest, question: Question) -> HttpResponse:
        current = questionnaires.reword(question=question)
        if current.pk != question.pk:
            messages.success(
                request,
                _("This is version %(version)d. It is asked from now on: change its wording before it is answered.")
                % {"version": current.version},
            )
        return HttpResponseRedirect(change_address(current))
