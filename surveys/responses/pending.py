"""What a page shows its author: what they saved last, and the changes that they have not submitted yet."""

from django.db import transaction

from surveys.models import Invitation, Response, RoundClosed
from surveys.responses.entries import Current


def current(response: Response | None) -> dict[int, Current]:
    """Question -> its answer as its author last saved it: a pending change stands before what was submitted."""
    if response is None or response.pk is None:
        return {}
    answers: list[Current] = list(response.answers.select_related("question"))
    changes = response.pending_changes.select_related("question") if response.submitted_at else ()
    return {row.question_id: row for row in (*answers, *changes)}


def discard(*, invitation: Invitation) -> int:
    """Drop what was changed and not submitted: what had been submitted stands alone again. Returns how many went.

    Raises RoundClosed once the round takes no answers: what was kept or offered after the end is for staff to see.
    """
    with transaction.atomic():
        row = Invitation.objects.select_for_update(of=("self",)).select_related("survey_round").get(pk=invitation.pk)
        if not row.survey_round.takes_answers():
            raise RoundClosed
        response = Response.objects.filter(invitation=row).first()
        return response.pending_changes.all().delete()[0] if response else 0
