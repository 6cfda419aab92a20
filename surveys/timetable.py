"""What falls due in the life of a round: invitations when it opens, one reminder, and its end.

Each thing has an instant at which it falls due. Found later than `MAIL_GRACE` after that, the site was away, and
nobody wants yesterday's mailing tonight: the round is held and staff are told. Released, it goes on, late as it is.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.zones import in_words
from surveys import invitations, rounds
from surveys.models import Round


def advance(*, survey_round: Round, now: datetime | None = None) -> Round:
    """Do what is due: invite, remind, close, or hold what comes too late. Looked at again at once: no change."""
    now = now or timezone.now()
    row = Round.objects.get(pk=survey_round.pk)
    if row.closed_at is not None or row.held_at is not None or now < row.opens_at:
        return row
    if reason := _too_late(row, now):
        return rounds.hold(survey_round=row, reason=reason, now=now)
    if now >= row.closes_at:
        rounds.close(survey_round=row, now=now)
    else:
        invitations.solicit(survey_round=row, now=now)
        if _reminder_is_due(row, now):
            invitations.remind(survey_round=row, now=now)
    row.refresh_from_db()
    return row


def _reminder_is_due(row: Round, now: datetime) -> bool:
    if row.remind_at is None or now < row.remind_at:
        return False
    return row.reminded_at is None or row.reminded_at < row.remind_at


def _too_late(row: Round, now: datetime) -> str:
    """Why this round must not go on by itself; nothing where it may.

    An invitation falls due when the round opens or, for somebody who joins the panel later, when they are put on it:
    staff who add a person on the third day mean that person to be asked now.
    """
    latest = now - settings.MAIL_GRACE
    if _due_at(row, row.opens_at) < latest and row.invitations.unsolicited().filter(created_at__lt=latest).exists():
        return _("Its invitations were due on %(due)s and had not gone out %(hours)d hours later.") % {
            "due": in_words(row.opens_at, row.zone),
            "hours": settings.MAIL_GRACE // timedelta(hours=1),
        }
    if (
        row.remind_at
        and now < row.closes_at
        and _reminder_is_due(row, now)
        and _due_at(row, row.remind_at) < latest
        and row.invitations.unanswered().filter(reminded_at=None, invited_at__lt=row.remind_at).exists()
    ):
        return _("Its reminder was due on %(due)s and had not gone out %(hours)d hours later.") % {
            "due": in_words(row.remind_at, row.zone),
            "hours": settings.MAIL_GRACE // timedelta(hours=1),
        }
    return ""


def _due_at(row: Round, instant: datetime) -> datetime:
    return max(instant, row.released_at or instant)
