from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace, csp_update
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin

from naatbatt.mail.admin import MAIL_POLICY
from naatbatt.zones import in_words
from surveys import delphi, disclosure, invitations, results, rounds
from surveys.admin.later_rounds import LaterRounds
from surveys.admin.pages import link_to, of
from surveys.admin.panel import panel_page
from surveys.admin.round_form import RoundForm
from surveys.models import Answer, Contributor, Invitation, Round, Sector

Disposition = Invitation.Disposition


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("open")), ("upcoming", _("upcoming")), ("held", _("on hold")), ("closed", _("closed"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = {
            "open": queryset.open,
            "upcoming": lambda: queryset.filter(opens_at__gt=timezone.now(), closed_at=None),
            "held": lambda: queryset.exclude(held_at=None),
            "closed": lambda: queryset.exclude(closed_at=None),
        }
        narrow = chosen.get(self.value() or "")
        return narrow() if narrow else queryset


def state_of(survey_round: Round) -> str:
    if survey_round.held_at is not None:
        return _("on hold")
    if survey_round.closed_at is not None:
        return _("closed")
    if survey_round.is_upcoming():
        return _("upcoming")
    return _("open") if survey_round.is_open() else _("closing")


@admin.register(Round)
class RoundAdmin(LaterRounds):
    form = RoundForm
    list_display = ("__str__", "state", "opens", "closes", "progress")
    list_filter = (StateFilter, "survey")
    list_select_related = ("survey",)
    list_per_page = 50
    search_fields = ("survey__title",)
    fieldsets = (
        (None, {"fields": (("survey", "number"),)}),
        (gettext_lazy("Field period"), {"fields": ("opens_at", "closes_at", "zone")}),
        (gettext_lazy("Reminders"), {"fields": ("remind_at", "most_reminders", "reminder_gap")}),
        (gettext_lazy("What the group answered"), {"fields": ("group_shown",)}),
    )
    change_form_template = "admin/surveys/round/change_form.html"
    steps = {
        "solicit": "step_solicit",
        "remind": "step_remind",
        "release": "step_release",
        "close": "step_close",
        "ask-anyway": "step_ask_anyway",
        "leave-out": "step_leave_out",
    }

    # --- reading

    def get_queryset(self, request: HttpRequest) -> QuerySet[Round]:
        asked = Q(invitations__invited_at__isnull=False)
        complete = Q(invitations__response__submitted_at__isnull=False)
        return (
            super()
            .get_queryset(request)
            .annotate(
                number_asked=Count("invitations", filter=asked | complete),
                number_complete=Count("invitations", filter=complete),
            )
        )

    @admin.display(description=gettext_lazy("state"))
    def state(self, survey_round: Round) -> str:
        return state_of(survey_round)

    @admin.display(description=gettext_lazy("opens"), ordering="opens_at")
    def opens(self, survey_round: Round) -> str:
        return survey_round.opens_in_words

    @admin.display(description=gettext_lazy("closes"), ordering="closes_at")
    def closes(self, survey_round: Round) -> str:
        return survey_round.closes_in_words

    @admin.display(description=gettext_lazy("answered"))
    def progress(self, survey_round: Any) -> str:
        asked, complete = survey_round.number_asked, survey_round.number_complete
        return f"{of(complete, asked)} ({results.percent(complete, asked)}%)" if asked else "–"

    def get_readonly_fields(self, request: HttpRequest, obj: Round | None = None) -> tuple[str, ...]:
        """What has begun keeps its survey and its beginning; what is over stays as it was."""
        if obj is None:
            return ()
        if obj.closed_at is not None:
            return RoundForm.Meta.fields
        return ("survey", "number") if obj.invitations.exists() else ()

    def has_delete_permission(self, request: HttpRequest, obj: Round | None = None) -> bool:
        """Answers are not lost by a click: a round that somebody has answered stays."""
        answered = obj is not None and obj.invitations.filter(response__isnull=False).exists()
        return super().has_delete_permission(request, obj) and not answered

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        survey_round: Round | None = context.get("original")
        if survey_round is not None:
            context |= {"progress": progress_of(survey_round), "state": state_of(survey_round)}
            context |= {"may_step": self.may_step(request), "is_over": survey_round.closed_at is not None}
            context |= {"opens": survey_round.opens_in_words, "closes": survey_round.closes_in_words}
            context["snapshot"] = survey_round.snapshots.order_by("-number").first()
            if survey_round.held_at:
                context["held_since"] = in_words(survey_round.held_at, survey_round.zone)
        return super().render_change_form(request, context, *args, **kwargs)

    # --- pages

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:object_id>/invite/", wrap(self.invite_view), name="surveys_round_invite"),
            path("<int:object_id>/invite/mail/<int:contributor_id>/", wrap(self.mail_view), name="surveys_round_mail"),
            path("<int:object_id>/close/", wrap(self.close_view), name="surveys_round_close"),
            *super().get_urls(),
        ]

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def invite_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Choose, see who would get what, then put them on the panel."""
        if not self.may_step(request):
            raise PermissionDenied
        return panel_page(self, request, self.existing(request, str(object_id)))

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp_replace(MAIL_POLICY))
    def mail_view(self, request: HttpRequest, object_id: int, contributor_id: int) -> HttpResponseBase:
        """The invitation that this person would get. Nothing is stored, and the link is masked."""
        if not self.may_step(request):
            raise PermissionDenied
        survey_round: Round = self.existing(request, str(object_id))
        contributor = get_object_or_404(Contributor, pk=contributor_id)
        return HttpResponse(invitations.preview(survey_round=survey_round, contributor=contributor).html)

    def close_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask once more, with what closing would freeze. The button on the page takes the step."""
        if not self.may_step(request):
            raise PermissionDenied
        survey_round: Round = self.existing(request, str(object_id))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Close and freeze now?"),
            "opts": self.opts,
            "media": self.media,
            "survey_round": survey_round,
            "progress": progress_of(survey_round),
            "closes": survey_round.closes_in_words,
            "is_early": survey_round.is_open(),
            "awaiting": Answer.objects.awaiting_moderation()
            .filter(response__invitation__survey_round=survey_round)
            .count(),
        }
        return TemplateResponse(request, "admin/surveys/round/close.html", context)

    # --- steps

    def step_solicit(self, request: HttpRequest, survey_round: Round) -> None:
        written = rounds.begin(survey_round=survey_round)
        survey_round.refresh_from_db()
        if not written and delphi.is_waiting(survey_round):
            messages.warning(request, _("An earlier round of this survey is not closed yet: nothing goes out before."))
            return
        self._tell_written(request, survey_round, written)

    def step_remind(self, request: HttpRequest, survey_round: Round) -> None:
        written = invitations.remind(survey_round=survey_round)
        self._tell_written(request, survey_round, written)

    def _tell_written(self, request: HttpRequest, survey_round: Round, written: int) -> None:
        if survey_round.held_at is not None:
            messages.warning(request, _("The round is on hold: nothing goes out until it is released."))
        elif not survey_round.is_open():
            messages.warning(request, _("The round is not open: nothing goes out."))
        elif not written:
            messages.info(request, _("There was nobody left to write to."))
        else:
            message = ngettext("%(number)d mail is on its way.", "%(number)d mails are on their way.", written)
            messages.success(request, message % {"number": written})

    def step_release(self, request: HttpRequest, survey_round: Round) -> None:
        rounds.release(survey_round=survey_round)
        messages.success(request, _("The round goes on: what is due goes out within a minute."))

    def step_close(self, request: HttpRequest, survey_round: Round) -> None:
        try:
            snapshot = rounds.close(survey_round=survey_round)
        except rounds.NotBegun:
            messages.error(request, _("The round has not opened yet, so there is nothing to freeze."))
            return
        text = _("Closed and frozen as {snapshot}. The summary is compiled within a minute.")
        messages.success(request, format_html(text, snapshot=link_to(snapshot)))


def progress_of(survey_round: Round) -> dict[str, Any]:
    """Who stands where, by sector, as a table: names, rows and the response rates."""
    counts = invitations.disposition_counts(survey_round=survey_round)
    names = disclosure.group_names()
    rows = []
    for group in (*Sector.values, disclosure.EVERYONE):
        if group in counts:
            rates = [invitations.response_rate_1(counts[group]), invitations.response_rate_2(counts[group])]
            rows.append({
                "name": names[group],
                "counts": [counts[group][standing] for standing in Disposition.values],
                "rates": [None if rate is None else round(100 * rate) for rate in rates],
            })  # fmt: skip
    return {"heads": Disposition.labels, "rows": rows, "on_panel": sum(counts[disclosure.EVERYONE].values())}
