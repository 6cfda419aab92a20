"""The end of a round: closed and frozen, or held for a person to look at."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import outbox
from surveys import snapshots
from surveys.models import Round, Snapshot


class NotBegun(Exception):
    """A round that has not opened yet has nothing to freeze. Nothing was done."""


def close(*, survey_round: Round, now: datetime | None = None) -> Snapshot:
    """End the round, at its instant or early, and freeze what was answered. Asked again, the same snapshot.

    Answers on their way in are waited for and counted; those that come later are refused. A hold ends with the round.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = Round.objects.select_for_update().get(pk=survey_round.pk)
        if now < row.opens_at:
            raise NotBegun
        if row.closed_at is not None:
            frozen = row.snapshots.order_by("number").first()
            if frozen is not None:
                return frozen
        # Whoever saves an answer holds the lock on their invitation until it is written.
        list(row.invitations.select_for_update().order_by("pk").values_list("pk", flat=True))
        row.closed_at = row.closed_at or now
        row.held_at, row.held_reason = None, ""
        row.save(update_fields=["closed_at", "held_at", "held_reason"])
        return snapshots.freeze(survey_round=row)


def hold(*, survey_round: Round, reason: str, now: datetime | None = None) -> Round:
    """Stop everything automatic about the round and tell staff, once, until somebody releases it."""
    with transaction.atomic():
        row = Round.objects.select_for_update().select_related("survey").get(pk=survey_round.pk)
        if row.held_at is not None:
            return row
        row.held_at = now or timezone.now()
        row.held_reason = reason[: Round._meta.get_field("held_reason").max_length]
        row.save(update_fields=["held_at", "held_reason"])
        outbox.tell_staff(
            key=f"round-held:{row.pk}:{row.held_at.isoformat()}",
            headline=_("“%(round)s” is on hold") % {"round": row},
            message=_("%(reason)s\n\nNothing goes out and nothing is closed until someone releases the round.")
            % {"reason": row.held_reason},
            page_url=settings.SITE_URL + reverse("admin:surveys_round_change", args=[row.pk]),
        )
    return row


def release(*, survey_round: Round, now: datetime | None = None) -> Round:
    """A person has looked: the timetable goes on with the round, late as it is. Twice, or when not held: no change."""
    with transaction.atomic():
        row = Round.objects.select_for_update().get(pk=survey_round.pk)
        if row.held_at is not None:
            row.held_at, row.held_reason, row.released_at = None, "", now or timezone.now()
            row.save(update_fields=["held_at", "held_reason", "released_at"])
    return row
