"""Ways out that are not silence: not now, not at all, never again. Each can be said twice, and be taken back.

    asked ──postpone──> put off ──the day comes──> reminded once, as they asked
      │                    │
      ├──decline───────────┴──> declined ──answering (`responses.save`)──> asked
      └──never_again──> declined, and not written to ──ask_again──> as before

What somebody has asked for stands on their invitation; that they are not to be written to is a suppression like any
other, with a note by which only their own page knows it again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail.models import Stream, Suppression, normalise
from surveys.invitations.letters import locked
from surveys.invitations.reminders import recall_reminder
from surveys.models import Invitation, Round, RoundClosed

Because = Invitation.DeclinedBecause

PUT_OFF = timedelta(days=7)
# The latest that a reminder makes sense is so long before the end; and one that is nearer than this is none at all.
ROOM = timedelta(days=1)


class AlreadySubmitted(Exception):
    """Who has submitted answers cannot decline or put off answering any more."""


class EndsTooSoon(Exception):
    """The round ends so soon that no reminder would leave time to answer. Nothing was done."""


class NotWrittenTo(Exception):
    """No mail about surveys reaches this person, so none can be promised. Nothing was done."""


@dataclass(frozen=True)
class Silence:
    """That no mail about surveys goes to a contributor, and whether they said so on this page and can take it back."""

    since: datetime
    is_own: bool


def decline(*, invitation: Invitation, reason: str = "", because: str = "", now: datetime | None = None) -> Invitation:
    """Take down that somebody will not answer, why (`Invitation.DeclinedBecause`), and their words. A draft is kept.

    Said twice, the first instant stands and the last reason given. A reminder that they had asked for is off.
    Answering later withdraws it (`responses.save`). Raises RoundClosed when the round takes no answers,
    AlreadySubmitted when answers have been submitted.
    """
    now = now or timezone.now()
    because = Because(because).value if because else ""
    with transaction.atomic():
        row = _undecided(invitation, now)
        _refuse(row, now)
        row.declined_because = because or row.declined_because
        row.decline_reason = reason.strip() or row.decline_reason
        row.save(update_fields=["declined_at", "declined_because", "decline_reason", "postponed_until"])
        return row


def reminder_offered(*, survey_round: Round, now: datetime | None = None) -> datetime | None:
    """When somebody who says "not now" would be reminded: in a week by the clock on the wall, or the day before the
    round closes. None where that is less than a day away."""
    now, zone = now or timezone.now(), ZoneInfo(survey_round.zone)
    in_a_week = (now.astimezone(zone) + PUT_OFF).astimezone(now.tzinfo)
    latest = (survey_round.closes_at.astimezone(zone) - ROOM).astimezone(now.tzinfo)
    moment = min(in_a_week, latest)
    return moment if moment - now >= ROOM else None


def postpone(*, invitation: Invitation, now: datetime | None = None) -> Invitation:
    """Take down "not now": until that day no reminder, on that day exactly one (`reminders.falls_due`). Once only.

    Said again, now or later, nothing changes. A refusal is withdrawn by it. Raises RoundClosed, AlreadySubmitted,
    EndsTooSoon, NotWrittenTo.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = _undecided(invitation, now)
        if row.postponed_at is not None:
            return row
        moment = reminder_offered(survey_round=Round.objects.get(pk=row.survey_round_id), now=now)
        if moment is None:
            raise EndsTooSoon
        if not Invitation.objects.reachable().filter(pk=row.pk).exists():
            raise NotWrittenTo
        recall_reminder(row, reason=_("Put off by its reader before the reminder left."))
        row.postponed_at, row.postponed_until = now, moment
        row.declined_at, row.declined_because, row.decline_reason = None, "", ""
        row.save(update_fields=["postponed_at", "postponed_until", "declined_at", "declined_because", "decline_reason"])
        return row


def never_again(*, invitation: Invitation, now: datetime | None = None) -> Invitation:
    """Write no mail about surveys to this address any more; where the round still takes answers, they decline as well.

    What they have submitted stays. A suppression that is there already stays as it is. Twice is once.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = locked(invitation.pk)
        Suppression.objects.get_or_create(
            address=normalise(row.contributor.email),
            stream=Stream.SURVEY,
            defaults={"reason": Suppression.Reason.UNSUBSCRIBED, "note": _note(row), "created_at": now},
        )
        if row.declined_at is None and not _is_submitted(row) and _survey_round(row).takes_answers(now):
            _refuse(row, now)
            row.save(update_fields=["declined_at", "postponed_until"])
        return row


def ask_again(*, invitation: Invitation) -> Invitation:
    """Take back `never_again` as it was said on this invitation's page, with the refusal that came of it.

    A suppression that has another origin (the address is dead, a complaint, staff, another page) stays.
    """
    with transaction.atomic():
        row = locked(invitation.pk)
        own = Suppression.objects.select_for_update().filter(_own(row)).first()
        if own is not None:
            if row.declined_at == own.created_at and not row.declined_because and not row.decline_reason:
                row.declined_at = None
                row.save(update_fields=["declined_at"])
            own.delete()
        return row


def silence(*, invitation: Invitation) -> Silence | None:
    """Whether this person is not written to about surveys, and whether their page may lift it. One query."""
    address = normalise(invitation.contributor.email)
    found = list(Suppression.objects.filter(Q(address=address, stream__in=("", Stream.SURVEY)) | _own(invitation)))
    own = [row for row in found if row.note == _note(invitation)]
    return Silence(min(row.created_at for row in found), is_own=bool(own)) if found else None


def _undecided(invitation: Invitation, now: datetime) -> Invitation:
    row = locked(invitation.pk)
    if not _survey_round(row).takes_answers(now):
        raise RoundClosed
    if _is_submitted(row):
        raise AlreadySubmitted
    return row


def _survey_round(row: Invitation) -> Round:
    return Round.objects.get(pk=row.survey_round_id)


def _is_submitted(row: Invitation) -> bool:
    return Invitation.objects.filter(pk=row.pk, response__submitted_at__isnull=False).exists()


def _refuse(row: Invitation, now: datetime) -> None:
    recall_reminder(row)
    row.declined_at = row.declined_at or now
    row.postponed_until = None  # that it was said stays: it is offered once


def _note(row: Invitation) -> str:
    """By this a page knows its own suppression again, so it is in no language."""
    return f"personal page, invitation {row.pk}"


def _own(row: Invitation) -> Q:
    return Q(stream=Stream.SURVEY, reason=Suppression.Reason.UNSUBSCRIBED, note=_note(row))
