"""What was sent after the end of a round, accepted by staff."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from surveys.models import Response
from surveys.responses.saving import Saving


class NothingLate(Exception):
    """Nothing was offered late, or it has been decided already."""


def accept_late(*, response: Response, by: AbstractBaseUser, now: datetime | None = None) -> Response:
    """Count what was sent after the end, as of the moment it was sent. The next freeze of its round holds it.

    Asked again: no change. Raises NothingLate.
    """
    now = now or timezone.now()
    with transaction.atomic():
        saving = Saving(response.invitation, now, late=True)
        if saving.response.offered_late_at is None:
            if saving.response.accepted_late_at is not None:
                return saving.response
            raise NothingLate
        return saving.accept(by)
