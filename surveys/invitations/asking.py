"""Being asked and saying no: the panel of a round, its invitation mails, refusals."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from naatbatt.mail import links
from surveys.invitations.letters import locked, mailing, write
from surveys.invitations.reminders import recall_reminder
from surveys.models import Contributor, Invitation, Round, RoundClosed


class AlreadySubmitted(Exception):
    """Who has submitted answers cannot decline any more."""


def invite(*, survey_round: Round, contributors: Iterable[Contributor]) -> list[Invitation]:
    """Put contributors on the panel of a round, each with a personal link of their own. Writes no mail (see `solicit`).

    Whoever is on the panel already stays there with the link they have. Returns the invitations of all that were given.
    Raises RoundClosed when the round is over.
    """
    contributors = list(contributors)
    if survey_round.closed_at or survey_round.closes_at <= timezone.now():
        raise RoundClosed
    with transaction.atomic():
        fresh = []
        for contributor in contributors:
            nonce = links.new_nonce()
            digest = links.digest(links.token("answer", nonce))
            fresh.append(
                Invitation(survey_round=survey_round, contributor=contributor, link_nonce=nonce, link_digest=digest)
            )
        Invitation.objects.bulk_create(fresh, ignore_conflicts=True)
        asked = Invitation.objects.filter(survey_round=survey_round, contributor__in=contributors)
        return list(asked.select_related("contributor", "survey_round__survey"))


def solicit(*, survey_round: Round, now: datetime | None = None) -> int:
    """Write the invitation mail of everybody on the panel who has none yet. Returns how many were written.

    Only while the round is open and not held; asked again for each person, so that a round which is closed or held
    meanwhile stops at once. One mail per person for ever, however often this runs.
    """
    now = now or timezone.now()
    questions = list(survey_round.questions())
    written = 0
    for pk in list(survey_round.invitations.unsolicited().values_list("pk", flat=True)):
        with transaction.atomic():
            invitation = locked(pk)
            if not mailing(invitation.survey_round_id, now):
                break
            if invitation.invited_at is None:
                invitation.mail = write(f"survey-invitation:{pk}", "survey_invitation", invitation, questions)
                invitation.invited_at = now
                invitation.save(update_fields=["mail", "invited_at"])
                written += 1
    return written


def decline(*, invitation: Invitation, reason: str = "", now: datetime | None = None) -> Invitation:
    """Take down that somebody will not answer, with their reason. A draft of theirs is kept.

    Said twice, the first instant stands and the last reason given. Answering later withdraws it (`responses.save`).
    Raises RoundClosed when the round takes no answers, AlreadySubmitted when answers have been submitted.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = locked(invitation.pk)
        if not Round.objects.get(pk=row.survey_round_id).is_open(now):
            raise RoundClosed
        if Invitation.objects.filter(pk=row.pk, response__submitted_at__isnull=False).exists():
            raise AlreadySubmitted
        recall_reminder(row)
        row.declined_at = row.declined_at or now
        row.decline_reason = reason.strip() or row.decline_reason
        row.save(update_fields=["declined_at", "decline_reason"])
        return row


def find(*, token: str) -> Invitation | None:
    """Whose personal link this is, with all a page says about them. The same work for every token, right or wrong."""
    return (
        Invitation.objects.select_related("survey_round__survey", "contributor", "response")
        .filter(link_digest=links.digest(token))
        .first()
    )
