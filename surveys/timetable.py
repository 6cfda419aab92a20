"""What falls due in the life of a round: invitations when it opens, reminders, and its end.

Each thing has an instant at which it falls due. Found later than `MAIL_GRACE` after that, the site was away, and
nobody wants yesterday's mailing tonight: the round is held and staff are told. Released, it goes on, late as it is.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.zones import in_words
from surveys import delphi, invitations, rounds
from surveys.models import Round

# How often a round takes down that its reminders were looked at, where none is due.
LOOKED_AT = timedelta(hours=1)


def advance(*, survey_round: Round, now: datetime | None = None) -> Round:
    """Do what is due: invite, remind, count what is shown in real time, close, or hold what comes too late.

    Looked at again at once: no change.
    """
    now = now or timezone.now()
    row = Round.objects.get(pk=survey_round.pk)
    if row.closed_at is not None or row.held_at is not None or now < row.opens_at:
        return row
    reminds_at = _reminds_at(row, now)
    if reason := _too_late(row, now, reminds_at):
        return rounds.hold(survey_round=row, reason=reason, now=now)
    if now >= row.takes_answers_until:
        rounds.close(survey_round=row, now=now)
    elif now < row.closes_at:
        rounds.begin(survey_round=row, now=now)
        begun = row.remind_at is not None and row.remind_at <= now
        if reminds_at or (begun and (row.reminded_at is None or row.reminded_at <= now - LOOKED_AT)):
            invitations.remind(survey_round=row, now=now, asked_for_only=not begun)
    delphi.renew(survey_round=row, now=now)
    row.refresh_from_db()
    return row


def _reminds_at(row: Round, now: datetime) -> datetime | None:
    """The earliest instant at which a reminder fell due that has not been written; nothing where none has.

    The round's `remind_at` holds for everybody but those who chose a day of their own.
    """
    if now >= row.closes_at:
        return None
    due = [
        one.at if one.asked_for or row.remind_at is None else max(row.remind_at, one.at)
        for one in invitations.falls_due(survey_round=row)
        if one.asked_for or row.remind_at is not None
    ]
    earliest = min(due, default=None)
    return earliest if earliest and earliest <= now else None


def _too_late(row: Round, now: datetime, reminds_at: datetime | None) -> str:
    """Why this round must not go on by itself; nothing where it may.

    An invitation falls due when the round opens or, for somebody who joins the panel later, when they are put on it:
    staff who add a person on the third day mean that person to be asked now. A reminder is late when nobody has
    looked since it fell due: who is due one by hindsight (staff allow one more, say) gets it now.
    """
    latest = now - settings.MAIL_GRACE
    if _due_at(row, row.opens_at) < latest and row.invitations.unsolicited().filter(created_at__lt=latest).exists():
        return _("Its invitations were due on %(due)s and had not gone out %(hours)d hours later.") % {
            "due": in_words(row.opens_at, row.zone),
            "hours": settings.MAIL_GRACE // timedelta(hours=1),
        }
    unseen = reminds_at and (row.reminded_at is None or row.reminded_at < reminds_at)
    if reminds_at and unseen and _due_at(row, reminds_at) < latest:
        return _("Its reminder was due on %(due)s and had not gone out %(hours)d hours later.") % {
            "due": in_words(reminds_at, row.zone),
            "hours": settings.MAIL_GRACE // timedelta(hours=1),
        }
    return ""


def _due_at(row: Round, instant: datetime) -> datetime:
    return max(instant, row.released_at or instant)
