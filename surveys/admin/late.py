"""Answers that were sent after the end of their round: listed, accepted or set aside, and frozen once more."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.zones import in_words
from surveys import responses, snapshots
from surveys.admin.pages import Steps, link_to
from surveys.models import Response, Snapshot


class LateFilter(admin.SimpleListFilter):
    title = gettext_lazy("sent late")
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("to decide")), ("accepted", _("accepted"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "waiting":
            return queryset.exclude(offered_late_at=None)
        return queryset.exclude(accepted_late_at=None) if self.value() == "accepted" else queryset


class SentLate(Steps):
    """For the admin of responses: the steps that decide about what came after the end."""

    steps = {"accept-late": "step_accept", "set-aside-late": "step_set_aside", "freeze-again": "step_freeze"}

    def step_accept(self, request: HttpRequest, response: Response) -> None:
        try:
            responses.accept_late(response=response, by=request.user)  # type: ignore[arg-type]
        except responses.NothingLate:
            messages.info(request, _("There is nothing here that was sent late, or it has been decided."))
        except responses.Incomplete as missing:
            text = _("A question that needs an answer has none: %(keys)s. It can only be set aside.")
            messages.error(request, text % {"keys": missing})
        else:
            messages.success(request, _("Accepted. It counts from now on, and its author has a copy by mail."))

    def step_set_aside(self, request: HttpRequest, response: Response) -> None:
        try:
            responses.set_aside_late(response=response)
            messages.success(request, _("Set aside. It is kept, and not counted."))
        except responses.NothingLate:
            messages.info(request, _("There is nothing here that was sent late, or it has been decided."))

    def step_freeze(self, request: HttpRequest, response: Response) -> None:
        survey_round = response.invitation.survey_round
        if survey_round.closed_at is None:
            messages.info(request, _("The round is not closed yet. Closing it freezes what counts."))
            return
        snapshot = snapshots.freeze(survey_round=survey_round)
        text = _("Frozen as {snapshot}. What was published goes on citing the snapshot before.")
        messages.success(request, format_html(text, snapshot=link_to(snapshot)))


def standing_of_late(response: Response) -> dict[str, Any]:
    """What the page of a response says of what was sent late, if anything was."""
    survey_round = response.invitation.survey_round
    last: Snapshot | None = survey_round.snapshots.order_by("-number").first()
    accepted = response.accepted_late_at
    return {
        "late_since": in_words(response.offered_late_at, survey_round.zone) if response.offered_late_at else "",
        "late_answers": responses.copy_of(response, with_changes=True) if response.offered_late_at else [],
        "late_accepted": in_words(accepted, survey_round.zone) if accepted else "",
        "late_last_snapshot": last,
        "late_needs_freeze": bool(accepted and last and last.created_at < accepted),
    }
