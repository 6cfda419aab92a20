"""The life of a round: begun, closed and frozen, followed by another, or held for a person to look at."""

import zoneinfo
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import outbox
from surveys import delphi, invitations, panels, snapshots
from surveys.models import Round, Snapshot, Survey


class NotBegun(Exception):
    """A round that has not opened yet has nothing to freeze. Nothing was done."""


class NotOver(Exception):
    """The round that another is to follow has not been closed. Nothing was done."""


def begin(*, survey_round: Round, now: datetime | None = None) -> int:
    """Write the invitations that are due. A later round first takes down which questions are settled.

    As long as an earlier round of the survey is not closed nobody is asked. Where every question is settled nobody is
    asked either: the round is held, and staff decide. Returns how many mails were written.
    """
    try:
        row = delphi.settle(survey_round=survey_round, now=now)
    except delphi.NotFrozen:
        return 0
    if row.settled and not row.questions().exists():
        reason = _(
            "Every question is settled, so there is nothing left to ask. Ask one all the same, or close the round."
        )
        hold(survey_round=row, reason=reason, now=now)
        return 0
    return invitations.solicit(survey_round=row, now=now)


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


# How soon the next round may begin, and at which hour.
PAUSE = timedelta(days=3)
HOUR = 9


def proposed(after: Round, *, now: datetime | None = None) -> Round:
    """The round that could follow, not stored: on a working morning some days from now, as long as the one before."""
    now = now or timezone.now()
    day = (now + PAUSE).astimezone(zoneinfo.ZoneInfo(after.zone)).replace(hour=HOUR, minute=0, second=0, microsecond=0)
    while day.weekday() > 4:
        day += timedelta(days=1)
    zone = zoneinfo.ZoneInfo(after.zone)
    length = _days(after.opens_at, after.closes_at, zone)
    reminds = _days(after.opens_at, after.remind_at, zone) if after.remind_at else None
    return Round(
        survey=after.survey,
        number=after.number + 1,
        opens_at=day,
        closes_at=day + length,
        remind_at=day + reminds if reminds is not None and timedelta() < reminds < length else None,
        zone=after.zone,
        most_reminders=after.most_reminders,
        reminder_gap=after.reminder_gap,
        group_shown=Round.GroupShown.BESIDE if after.group_shown == Round.GroupShown.LIVE else after.group_shown,
    )


def _days(start: datetime, end: datetime, zone: zoneinfo.ZoneInfo) -> timedelta:
    """From one to the other on a clock on the wall."""
    return end.astimezone(zone).replace(tzinfo=None) - start.astimezone(zone).replace(tzinfo=None)


def follow(*, after: Round, following: Round, answered_only: bool = False) -> Round:
    """Add the next round of a survey with its panel in one go: everybody asked before, or only those who answered.

    Nobody who has asked not to be asked, nor who said that it is not their field or that they may not speak on it.
    Writes no mail (see `begin`). If there is a next round already: that one, as it is. Raises NotOver.
    """
    with transaction.atomic():
        survey = Survey.objects.select_for_update(of=("self",)).get(pk=after.survey_id)
        last = Round.objects.get(pk=after.pk)
        existing = Round.objects.filter(survey=survey, number=last.number + 1).first()
        if existing is not None:
            return existing
        if last.closed_at is None:
            raise NotOver
        following.survey, following.number = survey, last.number + 1
        following.save(force_insert=True)
        people = panels.asked_before(survey_round=following, answered_only=answered_only)
        invitations.invite(survey_round=following, contributors=people)
        return following
