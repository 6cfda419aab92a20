"""Reminders: to whom, how often, how far apart, and when never. `Reminder` rows are the log this is read from.

The round says when the first ones go out (`remind_at`, which the timetable heeds), how many one person gets at most,
and how many days lie between two mails to the same person. Whoever was asked with the first wave is reminded when the
round says; who was asked later, or again, not before those days have passed for them too.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import outbox
from naatbatt.mail.models import OutgoingMail
from surveys.invitations.letters import locked, mailing, write
from surveys.models import Invitation, Reminder, Round


def remind(*, survey_round: Round, now: datetime | None = None) -> int:
    """Write the next reminder to everybody who is due one. Returns how many were written.

    Decided for each person under a lock on their invitation at this very moment, so nobody is reminded after an answer,
    a refusal, a request not to be written to, a mail that could not be delivered, or the end of the round; nobody more
    often than the round allows, nor sooner than its gap after the last one. Staff may call this before `remind_at`.
    """
    now = now or timezone.now()
    questions = list(survey_round.questions())
    written = 0
    for pk in [pk for pk, due_at in falls_due(survey_round=survey_round) if due_at <= now]:
        with transaction.atomic():
            invitation = locked(pk)
            if not mailing(invitation.survey_round_id, now):
                return written
            row = Round.objects.get(pk=invitation.survey_round_id)
            due = falls_due(survey_round=row, among=Invitation.objects.filter(pk=pk))
            if not due or due[0][1] > now:
                continue
            number = invitation.reminders.count() + 1
            mail = write(
                f"survey-reminder:{pk}:{number}", "survey_reminder", invitation, questions, number=number,
                is_last=number >= row.most_reminders,
            )  # fmt: skip
            Reminder.objects.create(invitation=invitation, number=number, mail=mail, written_at=now)
            invitation.reminded_at = now
            invitation.save(update_fields=["reminded_at"])
            written += 1
    Round.objects.filter(pk=survey_round.pk).update(reminded_at=now)
    return written


def falls_due(*, survey_round: Round, among: QuerySet[Invitation] | None = None) -> list[tuple[int, datetime]]:
    """When each person's next reminder may be written, as far as their own gap goes: (invitation, instant).

    Only those who may get one at all, the earliest first. Two queries, however many people.
    """
    first_asked = survey_round.invitations.aggregate(first=Min("invited_at"))["first"]
    candidates = (
        survey_round.invitations.filter(pk__in=Invitation.objects.all() if among is None else among)
        .unanswered()
        .reachable()
        .order_by()
        .annotate(number=Count("reminders"))
        .filter(number__lt=survey_round.most_reminders)
        .values_list("pk", "invited_at", "mail__settled_at", "reminded_at")
    )
    gap = timedelta(days=survey_round.reminder_gap)
    zone = ZoneInfo(survey_round.zone)
    due = []
    for pk, invited_at, mail_left_at, reminded_at in candidates:
        if invited_at is None or first_asked is None:
            continue  # not so: they have all been invited
        asked_at = max(invited_at, mail_left_at or invited_at)  # sent again is asked again
        in_first_wave = asked_at - first_asked <= settings.MAIL_GRACE
        if reminded_at is None and in_first_wave:
            due.append((pk, asked_at))
        else:
            # Days on a clock on the wall, so that nine in the morning stays nine in the morning.
            last = max(asked_at, reminded_at or asked_at)
            due.append((pk, (last.astimezone(zone) + gap).astimezone(last.tzinfo)))
    return sorted(due, key=lambda one: (one[1], one[0]))


def recall_reminder(invitation: Invitation) -> None:
    """Keep back a reminder that is still waiting to leave: its reader has answered or declined meanwhile."""
    if invitation.reminded_at:
        for waiting in OutgoingMail.objects.unsettled().filter(pk__in=invitation.reminders.values("mail")):
            outbox.withdraw(mail=waiting, reason=_("Answered or declined before the reminder left."))
