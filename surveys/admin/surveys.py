from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys import questionnaires
from surveys.admin.bank import QuestionBank
from surveys.admin.instruments import Instrument
from surveys.admin.pages import Steps, change_address, link_to
from surveys.admin.questions import QuestionPage
from surveys.models import Answer, Question, Survey


def with_answered(questions: QuerySet[Question]) -> QuerySet[Question]:
    return questions.annotate(has_answers=Exists(Answer.objects.filter(question=OuterRef("pk"))))


class QuestionInline(admin.TabularInline):
    """The questions asked now, to be read and put in order; each is written on its own page."""

    model = Question
    fields = ("position", "prompt_link", "key", "kind", "standing")
    readonly_fields = ("prompt_link", "key", "kind", "standing")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return with_answered(super().get_queryset(request).filter(superseded_at=None))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The position stands in a table: its column's head is no label to a screen reader."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = field.label
        return field

    @admin.display(description=gettext_lazy("question"))
    def prompt_link(self, question: Question) -> str:
        return link_to(question, Truncator(question.prompt).words(20))

    @admin.display(description=gettext_lazy("wording"))
    def standing(self, question: Any) -> str:
        return _("frozen: answered") if question.has_answers else _("may be edited")


@admin.register(Survey)
class SurveyAdmin(Instrument):
    list_display = ("title", "series", "questions_asked", "rounds_held")
    list_select_related = ("series",)
    search_fields = ("title", "slug")
    prepopulated_fields = {"slug": ("title",)}
    list_per_page = 50
    inlines = (QuestionInline,)
    change_form_template = "admin/surveys/survey/change_form.html"
    fieldsets = (
        (None, {"fields": ("title", "slug", "introduction")}),
        (gettext_lazy("Results"), {"fields": ("series", "minimum_cell")}),
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
class QuestionAdmin(QuestionPage, QuestionBank, Steps):
    steps = {"reword": "step_reword"}
    change_form_template = "admin/surveys/question/change_form.html"
    fieldsets = (
        (None, {"fields": ("survey", "key", "position")}),
        (gettext_lazy("Wording"), {"fields": ("prompt", "guidance", "required")}),
        (gettext_lazy("Kind"), {"fields": ("kind", "settings", "options")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return with_answered(super().get_queryset(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        frozen = (*(name for name in Question.FROZEN if name != "version"), "survey")
        return frozen if obj.superseded_at or obj.is_answered() else ("survey",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new question of a survey comes last."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if str(initial.get("survey", "")).isdecimal():
            last = Question.objects.filter(survey=initial["survey"]).order_by("-position").first()
            initial.setdefault("position", last.position + 1 if last else 1)
        return initial

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_answered())

    def step_reword(self, request: HttpRequest, question: Question) -> HttpResponse:
        current = questionnaires.reword(question=question)
        if current.pk != question.pk:
            messages.success(
                request,
                _("This is version %(version)d. It is asked from now on: change its wording before it is answered.")
                % {"version": current.version},
            )
        return HttpResponseRedirect(change_address(current))
