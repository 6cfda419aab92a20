"""Being asked: the panel of a round, its invitation mails, and whose a personal link is."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from naatbatt.mail import links
from naatbatt.prepared import Prepared
from surveys.invitations.letters import locked, mailing, write
from surveys.models import Contributor, Invitation, Round, RoundClosed

_of_link = Prepared(
    lambda digest: Invitation.objects.select_related("survey_round__survey", "contributor", "response").filter(
        link_digest=digest
    )
)


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


def find(*, token: str) -> Invitation | None:
    """Whose personal link this is, with all a page says about them. The same work for every token, right or wrong."""
    return next(iter(_of_link(links.digest(token))), None)
