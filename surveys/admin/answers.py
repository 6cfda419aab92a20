from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from surveys import disclosure, moderation
from surveys.admin.late import LateFilter, SentLate, standing_of_late
from surveys.admin.pages import STYLES, ReadOnly, RoundFilter, Steps, UsualFirst, change_address, link_to
from surveys.models import Answer, Attribution, Consent, Response

Moderation = Answer.Moderation


def line_under(answer: Answer) -> str:
    """What readers would see under these words, as far as that does not depend on how many answer."""
    line = disclosure.line_under(answer)
    return f"— {line}" if line else _("never quoted (on background)")


class ModerationFilter(UsualFirst):
    """The queue is what waits; the rest is a click away."""

    title = gettext_lazy("moderation")
    parameter_name = "moderation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [
            (None, _("waiting")),
            ("proposed", _("edit proposed")),
            ("approved", _("approved")),
            ("rejected", _("rejected")),
            ("all", _("all")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            return queryset
        return queryset.filter(moderation=self.value() or Moderation.PENDING)


@admin.register(Answer)
class AnswerAdmin(Steps):
    """Words that contributors have submitted, on their way to print. Drafts concern their authors only."""

    list_display = ("short_words", "prompt", "line", "state")
    list_filter = (ModerationFilter, ("response__invitation__survey_round", RoundFilter))
    list_select_related = (
        "question", "response__consent", "response__invitation__contributor",
        "response__invitation__survey_round__survey",
    )  # fmt: skip
    list_display_links = None
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("comment", "response__invitation__contributor__name")
    ordering = ("pk",)
    actions = ("approve_selected",)
    steps = {"approve": "step_approve", "reject": "step_reject", "propose": "step_propose"}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Answer]:
        return with_words(super().get_queryset(request))

    # --- the queue

    @admin.display(description=gettext_lazy("words"))
    def short_words(self, answer: Answer) -> SafeString:
        """With a mark of what was read, so that nobody approves what they have not seen."""
        return format_html(
            '<a href="{}">{}</a><input type="hidden" name="mark-{}" value="{}">',
            change_address(answer), Truncator(answer.words).words(60), answer.pk, moderation.as_read(answer),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("question"))
    def prompt(self, answer: Answer) -> str:
        return Truncator(answer.question.prompt).words(14)

    @admin.display(description=gettext_lazy("would be printed as"))
    def line(self, answer: Answer) -> str:
        return line_under(answer)

    @admin.display(description=gettext_lazy("moderation"), ordering="moderation")
    def state(self, answer: Answer) -> str:
        return answer.get_moderation_display()

    @admin.action(description=gettext_lazy("Approve the selected words"), permissions=["change"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Answer]) -> None:
        approved = changed = 0
        for answer in queryset:
            mark = request.POST.get(f"mark-{answer.pk}", "")
            try:
                moderation.approve(answer=answer, by=request.user, mark=mark)  # type: ignore[arg-type]
                approved += 1
            except moderation.WordsChanged:
                changed += 1
        if approved:
            text = ngettext("%(number)d answer is approved.", "%(number)d answers are approved.", approved)
            messages.success(request, text % {"number": approved})
        if changed:
            text = ngettext(
                "%(number)d answer was changed by its contributor meanwhile and still waits.",
                "%(number)d answers were changed by their contributors meanwhile and still wait.",
                changed,
            )
            messages.warning(request, text % {"number": changed})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Words to moderate"), **(extra_context or {})})

    # --- one answer

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        answer: Answer = self.existing(request, object_id)
        question, queue = answer.question, self.get_queryset(request).filter(moderation=Moderation.PENDING)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Words to moderate") if answer.moderation == Moderation.PENDING else _("Moderated words"),
            "opts": self.opts,
            "media": self.media,
            "answer": answer,
            "question": question,
            "contributor": answer.response.invitation.contributor,
            "attribution": _level_in_words(disclosure.level_of(answer)),
            "asked_for": _level_in_words(answer.attribution or answer.response.attribution),
            "line": line_under(answer),
            "mark": moderation.as_read(answer),
            "said": "" if answer.value is None else question.type.readable(question.spec, answer.value),
            "earlier": earlier_words(answer),
            "may_decide": self.may_step(request),
            "waiting": queue.count(),
            "next": self._next(queue, answer),
            "proposed": answer.edited_words or answer.words,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/surveys/answer/moderate.html", context)

    def step_approve(self, request: HttpRequest, answer: Answer) -> HttpResponse:
        return self._decide(request, answer, moderation.approve, _("The words are approved."))

    def step_reject(self, request: HttpRequest, answer: Answer) -> HttpResponse:
        reject = partial(moderation.reject, reason=request.POST.get("reason", ""))
        return self._decide(request, answer, reject, _("The words are rejected."))

    def step_propose(self, request: HttpRequest, answer: Answer) -> HttpResponse:
        propose = partial(moderation.propose_edit, words=request.POST.get("words", "").replace("\r\n", "\n"))
        return self._decide(request, answer, propose, _("The contributor is asked by mail whether they agree."))

    def _decide(self, request: HttpRequest, answer: Answer, decide: Callable[..., Answer], done: str) -> HttpResponse:
        """Decide about what was read, words and line, then go on to the next in the queue."""
        try:
            decide(answer=answer, by=request.user, mark=request.POST.get("mark", ""))
        except moderation.ReasonMissing as error:
            messages.error(request, str(error))
            return self.back_to(answer)
        except moderation.WordsChanged:
            messages.warning(
                request, _("The contributor has changed these words, or the line under them. Read them again.")
            )
            return self.back_to(answer)
        messages.success(request, done)
        following = self._next(self.get_queryset(request).filter(moderation=Moderation.PENDING), answer)
        if following is not None:
            return self.back_to(following)
        messages.info(request, _("That was the last one: nothing waits for moderation."))
        return HttpResponseRedirect(reverse("admin:surveys_answer_changelist"))

    @staticmethod
    def _next(queue: QuerySet[Answer], answer: Answer) -> Answer | None:
        """The next that waits after this one, from the top again after the last; none if there is no other."""
        others = queue.exclude(pk=answer.pk).order_by("pk")
        return others.filter(pk__gt=answer.pk).first() or others.first()


def with_words(answers: QuerySet[Answer]) -> QuerySet[Answer]:
    """Submitted, and with words to decide about."""
    return answers.counted().exclude(moderation=Moderation.NOT_NEEDED)  # type: ignore[attr-defined]


def _level_in_words(level: str) -> str:
    return str(Attribution(level).label) if level else "–"


def earlier_words(answer: Answer) -> list[dict[str, Any]]:
    """What was submitted before the words that stand now. Drafts are not shown."""
    words = answer.question.type.words
    return [
        {"saved_at": version.saved_at, "words": words(version.value, version.comment)}
        for version in answer.versions.filter(submitted=True).exclude(version=answer.version).order_by("-version")
    ]


@admin.register(Response)
class ResponseAdmin(SentLate, ReadOnly):
    list_display = ("contributor", "survey_round", "attribution", "submitted_at", "offered_late_at", "version")
    list_filter = (
        LateFilter,
        ("submitted_at", admin.EmptyFieldListFilter),
        "attribution",
        ("invitation__survey_round", RoundFilter),
    )
    list_select_related = ("invitation__contributor", "invitation__survey_round__survey")
    list_per_page = 50
    search_fields = ("invitation__contributor__name", "invitation__contributor__affiliation")
    fields = (
        "contributor", "survey_round", "attribution", "interest", "started_at", "submitted_at", "updated_at", "version",
    )  # fmt: skip
    change_form_template = "admin/surveys/response/change_form.html"

    class Media:
        css = STYLES

    @admin.display(description=gettext_lazy("contributor"), ordering="invitation__contributor__name")
    def contributor(self, response: Response) -> str:
        return response.invitation.contributor.name

    @admin.display(description=gettext_lazy("round"))
    def survey_round(self, response: Response) -> str:
        return str(response.invitation.survey_round)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        response: Response = context["original"]
        context["is_draft"] = response.submitted_at is None
        context["answers"] = [] if context["is_draft"] else [_read(answer) for answer in _answers(response)]
        context |= standing_of_late(response)
        context["may_step"] = self.may_step(request)
        context["consents"] = [_evidence(consent) for consent in response.consents.order_by("-pk")]
        return super().render_change_form(request, context, *args, **kwargs)


def _evidence(consent: Consent) -> dict[str, Any]:
    """What somebody agreed to, as it was read then. The level they chose stands first among the lines."""
    return {
        "consent": consent,
        "line": consent.lines.get(consent.attribution, ""),
        "exceptions": [
            {"key": key, "level": _level_in_words(level), "line": consent.lines.get(level, "")}
            for key, level in consent.exceptions.items()
        ],
        "points": consent.wording.split("\n"),
    }


def _answers(response: Response) -> QuerySet[Answer]:
    found = response.answers.select_related("question").prefetch_related("versions")
    return found.order_by("question__position", "question__key", "question__version")


def _read(answer: Answer) -> dict[str, Any]:
    question = answer.question

    def said(row: Any) -> str:
        if row.value is None:
            return str(row.get_blank_display() or _("not answered"))
        return question.type.readable(question.spec, row.value)

    return {
        "answer": answer,
        "prompt": question.prompt,
        "said": said(answer),
        "own": _level_in_words(answer.attribution) if answer.attribution and answer.words else "",
        "link": link_to(answer, answer.get_moderation_display())
        if answer.moderation != Moderation.NOT_NEEDED
        else answer.get_moderation_display(),
        "earlier": [
            {"version": row, "said": said(row)}
            for row in answer.versions.all()
            if row.submitted and row.version != answer.version
        ],
    }
