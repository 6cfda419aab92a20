"""What was sent after the end of a round: offered, and accepted or set aside by staff."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from surveys.models import Invitation, Response
from surveys.responses.saving import Saving


class NothingLate(Exception):
    """Nothing was offered late, or it has been decided already."""


def accept_late(*, response: Response, by: AbstractBaseUser, now: datetime | None = None) -> Response:
    """Count what was sent after the end, as of the moment it was sent, and thank its author with a copy.

    The figures of a round that is frozen stay as they are: the next freeze holds it. Asked again: no change. Raises
    NothingLate, or Incomplete where the questions have changed since, and then has changed nothing.
    """
    now = now or timezone.now()
    with transaction.atomic():
        saving = Saving(response.invitation, now, late=True)
        if saving.response.offered_late_at is None:
            if saving.response.accepted_late_at is not None:
                return saving.response
            raise NothingLate
        return saving.accept(by)


def set_aside_late(*, response: Response) -> Response:
    """Leave what was sent after the end uncounted. It is kept as it is, and nobody is written to. Twice is once.

    Raises NothingLate where it was accepted, or where nothing was ever submitted.
    """
    with transaction.atomic():
        Invitation.objects.select_for_update().get(pk=response.invitation_id)
        row = Response.objects.get(pk=response.pk)
        if row.accepted_late_at is not None and row.offered_late_at is None:
            raise NothingLate
        row.offered_late_at = None
        row.save(update_fields=["offered_late_at"])
    return row
