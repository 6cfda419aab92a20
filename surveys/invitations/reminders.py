"""Reminders: to whom, how often, how far apart, and when never. `Reminder` rows are the log this is read from.

The round says when the first ones go out (`remind_at`, which the timetable heeds), how many one person gets at most,
and how many days lie between two mails to the same person. Whoever was asked with the first wave is reminded when the
round says; who was asked later, or again, not before those days have passed for them too.

Whoever said "not now" (`leaving.postpone`) is left alone until the day they chose. On it they get the one reminder they
asked for, whatever the round's numbers say; it counts as one of them.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import outbox
from naatbatt.mail.models import OutgoingMail
from surveys.invitations.letters import locked, mailing, write
from surveys.models import Invitation, Reminder, Round


class Due(NamedTuple):
    """From when on a person's next reminder may be written, and whether they have asked for it themselves."""

    at: datetime
    invitation_id: int
    asked_for: bool


def remind(*, survey_round: Round, now: datetime | None = None, asked_for_only: bool = False) -> int:
    """Write the next reminder to everybody who is due one. Returns how many were written.

    Decided for each person under a lock on their invitation at this very moment, so nobody is reminded after an answer,
    a refusal, a request not to be written to, a mail that could not be delivered, or the end of the round; nobody more
    often than the round allows, nor sooner than its gap after the last one, unless they asked for it. Staff may call
    this before `remind_at`. With `asked_for_only`, only those who put off answering are reminded.
    """
    now = now or timezone.now()
    questions = list(survey_round.questions())
    written = 0
    for first in falls_due(survey_round=survey_round):
        if first.at > now or (asked_for_only and not first.asked_for):
            continue
        with transaction.atomic():
            pk = first.invitation_id
            invitation = locked(pk)
            if not mailing(invitation.survey_round_id, now):
                return written
            row = Round.objects.get(pk=invitation.survey_round_id)
            due = falls_due(survey_round=row, among=Invitation.objects.filter(pk=pk))
            if not due or due[0].at > now or (asked_for_only and not due[0].asked_for):
                continue
            number = invitation.reminders.count() + 1
            mail = write(
                f"survey-reminder:{pk}:{number}", "survey_reminder", invitation, questions, number=number,
                is_last=number >= row.most_reminders, asked_for=due[0].asked_for,
            )  # fmt: skip
            Reminder.objects.create(invitation=invitation, number=number, mail=mail, written_at=now)
            invitation.reminded_at = now
            invitation.save(update_fields=["reminded_at"])
            written += 1
    Round.objects.filter(pk=survey_round.pk).update(reminded_at=now)
    return written


def falls_due(*, survey_round: Round, among: QuerySet[Invitation] | None = None) -> list[Due]:
    """When each person's next reminder may be written, as far as their own gap and their own wish go.

    Only those who may get one at all, the earliest first. Two queries, however many people.
    """
    first_asked = survey_round.invitations.aggregate(first=Min("invited_at"))["first"]
    put_off = Q(postponed_until__isnull=False) & (
        Q(reminded_at__isnull=True) | Q(reminded_at__lt=F("postponed_until"))
    )  # and not reminded since
    candidates = (
        survey_round.invitations.filter(pk__in=Invitation.objects.all() if among is None else among)
        .unanswered()
        .reachable()
        .order_by()
        .annotate(number=Count("reminders"))
        .filter(put_off | Q(number__lt=survey_round.most_reminders))
        .values_list("pk", "invited_at", "mail__settled_at", "reminded_at", "postponed_until")
    )
    gap = timedelta(days=survey_round.reminder_gap)
    zone = ZoneInfo(survey_round.zone)
    due = []
    for pk, invited_at, mail_left_at, reminded_at, postponed_until in candidates:
        if invited_at is None or first_asked is None:
            continue  # not so: they have all been invited
        if postponed_until is not None and (reminded_at is None or reminded_at < postponed_until):
            due.append(Due(postponed_until, pk, asked_for=True))
            continue
        asked_at = max(invited_at, mail_left_at or invited_at)  # sent again is asked again
        in_first_wave = asked_at - first_asked <= settings.MAIL_GRACE
        if reminded_at is None and in_first_wave:
            due.append(Due(asked_at, pk, asked_for=False))
        else:
            # Days on a clock on the wall, so that nine in the morning stays nine in the morning.
            last = max(asked_at, reminded_at or asked_at)
            due.append(Due((last.astimezone(zone) + gap).astimezone(last.tzinfo), pk, asked_for=False))
    return sorted(due)


def recall_reminder(invitation: Invitation, *, reason: str = "") -> None:
    """Keep back a reminder that is still waiting to leave: its reader has answered, declined or put it off."""
    reason = reason or _("Answered or declined before the reminder left.")
    if invitation.reminded_at:
        for waiting in OutgoingMail.objects.unsettled().filter(pk__in=invitation.reminders.values("mail")):
            outbox.withdraw(mail=waiting, reason=reason)
