"""Personal links that staff have mailed again, or replaced by new ones."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Replace
from django.utils import timezone

from naatbatt.mail import links
from naatbatt.mail.models import OutgoingMail
from surveys.invitations.letters import locked, mailing, write
from surveys.models import Invitation, RetiredLink, RoundClosed


class NotAsked(Exception):
    """Nothing can be sent again to somebody who has not been written to yet."""


def resend(*, invitation: Invitation, after: int, now: datetime | None = None) -> Invitation:
    """Mail the same link once more, to the address that the contributor has now.

    `after` is how many were sent again when staff looked: pressed twice, it is one mail. The new mail stands for the
    invitation from now on, so who could not be reached at an old address is asked. Raises RoundClosed where the round
    is not open or held, NotAsked where the first mail has not been written.
    """
    return _send_again(invitation, after, now or timezone.now(), replace=False)


def rotate(*, invitation: Invitation, after: int, now: datetime | None = None) -> Invitation:
    """Give the invitation a new link and mail it; the old one says from now on that a newer mail has a new one.

    For a link that got into the wrong hands. Mails that still wait to leave carry the new link. `after`, what is
    raised and which mail stands for the invitation: as `resend`.
    """
    return _send_again(invitation, after, now or timezone.now(), replace=True)


def was_replaced(*, token: str) -> bool:
    """Whether this was a personal link once. One query for every token, right or wrong."""
    return RetiredLink.objects.filter(digest=links.digest(token)).exists()


def _send_again(invitation: Invitation, after: int, now: datetime, *, replace: bool) -> Invitation:
    with transaction.atomic():
        row = locked(invitation.pk)
        if row.resends != after:
            return row
        if not mailing(row.survey_round_id, now):
            raise RoundClosed
        if row.invited_at is None:
            raise NotAsked
        if replace:
            _replace_link(row, now)
        row.resends += 1
        questions = list(row.survey_round.questions())
        key = f"survey-invitation:{row.pk}:{row.resends}"
        row.mail = write(key, "survey_invitation", row, questions, again=True, new_link=replace)
        row.save(update_fields=["mail", "resends", "link_nonce", "link_digest"])
        return row


def _replace_link(row: Invitation, now: datetime) -> None:
    RetiredLink.objects.create(invitation=row, digest=row.link_digest, retired_at=now)
    before = links.mark("answer", row.link_nonce)
    row.link_nonce = links.new_nonce()
    row.link_digest = links.digest(links.token("answer", row.link_nonce))
    after = links.mark("answer", row.link_nonce)
    OutgoingMail.objects.filter(state__in=OutgoingMail.WAITING, text__contains=before).update(
        text=Replace(F("text"), Value(before), Value(after)), html=Replace(F("html"), Value(before), Value(after))
    )
