"""What a page shows its author: what they saved last, and the changes that they have not submitted yet."""

from collections.abc import Iterable

from django.db import transaction

from naatbatt.prepared import Prepared
from surveys.models import Answer, Invitation, PendingChange, Question, Response, RoundClosed
from surveys.responses.entries import Current, with_questions

_answers_of = Prepared(lambda response: Answer.objects.filter(response=response))
_changes_of = Prepared(lambda response: PendingChange.objects.filter(response=response))


def current(response: Response | None, questions: Iterable[Question] = ()) -> dict[int, Current]:
    """Question -> its answer as its author last saved it: a pending change stands before what was submitted.

    `questions`: those that were read already.
    """
    counted, changes = saved(response)
    return with_questions([*counted, *changes], questions)


def saved(response: Response | None) -> tuple[list[Answer], list[PendingChange]]:
    """What somebody's answers are, and which of them are being changed. Without their questions."""
    if response is None or response.pk is None:
        return [], []
    answers = _answers_of(response.pk)
    changes = _changes_of(response.pk) if response.submitted_at else []
    for answer in answers:
        answer.response = response
    for change in changes:
        change.response = response
    return answers, changes


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
