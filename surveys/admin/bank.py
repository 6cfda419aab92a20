"""The question bank: every question ever asked, to be found, compared over time, and asked again."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from surveys import questionnaires, snapshots, versions
from surveys.admin.pages import UsualFirst, change_address, link_to
from surveys.models import Answer, Question, Round, Snapshot, SnapshotTampered, Survey
from surveys.models.questions import ASKED_ORDER


def with_use(questions: QuerySet[Question]) -> QuerySet[Question]:
    """With when their survey was last opened, and how many submitted answers each wording has."""
    begun = Round.objects.filter(survey=OuterRef("survey"), opens_at__lte=timezone.now()).order_by("-opens_at")
    given = Answer.objects.counted().filter(question=OuterRef("pk"), blank="").order_by().values("question")
    return questions.annotate(
        last_asked_at=Subquery(begun.values("opens_at")[:1]),
        last_asked_zone=Subquery(begun.values("zone")[:1]),
        answers_given=Coalesce(Subquery(given.annotate(number=Count("pk")).values("number")), 0),
    )


class VersionFilter(UsualFirst):
    """What is asked now; earlier wordings are a click away."""

    title = gettext_lazy("version")
    parameter_name = "versions"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(None, _("asked now")), ("all", _("all versions"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() == "all" else queryset.current()


class AskAgainForm(forms.Form):
    survey = forms.ModelChoiceField(
        label=gettext_lazy("Ask again in"), queryset=Survey.objects.all(), empty_label=gettext_lazy("Choose a survey")
    )


@dataclass
class Asking:
    """One asking of a question, with what came of it where it has been frozen."""

    question: Question
    is_this: bool
    same_words: bool
    results: list[dict[str, Any]] = field(default_factory=list)


class QuestionBank(admin.ModelAdmin):
    """The list of questions, the way to ask one again, and on each one's page its versions and other askings."""

    list_display = ("short_prompt", "survey_name", "kind", "last_asked", "answers")
    list_filter = (VersionFilter, "survey", "kind")
    list_select_related = ("survey",)
    list_per_page = 50
    search_fields = ("prompt", "key", "guidance", "survey__title")
    ordering = ("survey", "position", "key", "-version")
    actions = ("ask_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return with_use(super().get_queryset(request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Question bank"), **(extra_context or {})})

    @admin.display(description=gettext_lazy("question"), ordering="prompt")
    def short_prompt(self, question: Question) -> str:
        prompt = Truncator(question.prompt).words(20)
        if question.superseded_at is None:
            return prompt
        return _("%(prompt)s (version %(version)d, superseded)") % {"prompt": prompt, "version": question.version}

    @admin.display(description=gettext_lazy("survey"), ordering="survey__title")
    def survey_name(self, question: Question) -> str:
        return Truncator(question.survey).words(8)

    @admin.display(description=gettext_lazy("last asked"), ordering="last_asked_at")
    def last_asked(self, question: Any) -> str:
        if question.last_asked_at is None:
            return _("never")
        return date_format(question.last_asked_at.astimezone(ZoneInfo(question.last_asked_zone)))

    @admin.display(description=gettext_lazy("answers"), ordering="answers_given")
    def answers(self, question: Any) -> int:
        return question.answers_given

    @admin.action(description=gettext_lazy("Ask again in another survey …"), permissions=["add"])
    def ask_again(self, request: HttpRequest, questions: QuerySet[Question]) -> HttpResponse:
        """Ask which survey, then copy the chosen questions there."""
        form = AskAgainForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request), "opts": self.opts, "title": _("Ask again"),
                "questions": questions, "form": form, "media": self.media,
            }  # fmt: skip
            return TemplateResponse(request, "admin/surveys/bank/ask_again.html", context)
        survey = form.cleaned_data["survey"]
        before = set(survey.questions.values_list("pk", flat=True))
        in_order = questions.select_related("section").order_by("survey", *ASKED_ORDER, "pk")
        pairs = [(row, questionnaires.ask_again(question=row, survey=survey)) for row in in_order]
        there = [copy for _row, copy in pairs]
        new = {question.pk for question in there} - before
        if new:
            said = ngettext(
                "%(count)d question is asked again in “%(survey)s”.",
                "%(count)d questions are asked again in “%(survey)s”.",
                len(new),
            )
            messages.success(request, said % {"count": len(new), "survey": survey})
        if len(new) < len(there):
            said = ngettext(
                "%(count)d question was there already.",
                "%(count)d questions were there already.",
                len(there) - len(new),
            )
            messages.info(request, said % {"count": len(there) - len(new)})
        renamed = [row.key for row in there if row.pk in new and row.asked_before and row.key != row.asked_before.key]
        if renamed:
            messages.info(request, _("Their keys were taken there, so they have new ones: %s.") % ", ".join(renamed))
        for row, copy in pairs:
            if copy.pk in new and questionnaires.left_behind(question=row, copy=copy):
                said = _("“%(question)s” depended on answers that are not asked for there: look at whom it is put to.")
                messages.warning(request, said % {"question": Truncator(row.prompt).words(12)})
        return HttpResponseRedirect(change_address(survey))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        question: Question | None = context.get("original")
        if question is not None:
            family = questionnaires.askings(question)
            own = [row for row in family if (row.survey_id, row.key) == (question.survey_id, question.key)]
            context["rewordings"] = [
                {"version": after.version, "since": before.version, "differences": versions.differences(before, after)}
                for before, after in pairwise(own)
            ]
            context["askings"] = told(question, family) if len(family) > 1 else []
        return super().render_change_form(request, context, *args, **kwargs)


def told(question: Question, family: list[Question]) -> list[Asking]:
    """Every asking with its frozen results: of each round what was frozen last, and only of that very version."""
    last: dict[tuple[int, int], Snapshot] = {}
    for snapshot in (
        Snapshot.objects.filter(survey__in={row.survey_id for row in family})
        .select_related("survey_round")
        .order_by("number")
    ):
        last[snapshot.survey_id, snapshot.survey_round_id] = snapshot
    of_survey = defaultdict(list)
    for (survey, _survey_round), snapshot in last.items():
        of_survey[survey].append(snapshot)
    return [
        Asking(
            question=row,
            is_this=row.pk == question.pk,
            same_words=versions.ask_the_same(question, row),
            results=[found for snapshot in of_survey[row.survey_id] if (found := _result(snapshot, row))],
        )
        for row in family
    ]


def _result(snapshot: Snapshot, question: Question) -> dict[str, Any] | None:
    link = link_to(snapshot, _("snapshot %(number)d") % {"number": snapshot.number})
    try:
        found = snapshots.result(snapshot, question.key)
    except snapshots.UnknownQuestion:
        return None
    except SnapshotTampered:
        return {"link": link, "reading": _("It no longer matches its hash.")}
    if found.spec.version != question.version:
        return None
    reading = found.reading
    return {"link": link, "reading": reading[0] if reading else found.shown.note}
