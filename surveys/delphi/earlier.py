"""What a contributor answered in the rounds before."""

from surveys.models import Answer, Blank, Invitation

# What nobody chose: there is nothing in it to keep.
_EMPTY = ("", Blank.SKIPPED.value, Blank.NOT_SHOWN.value)


def earlier_answers(invitation: Invitation) -> dict[int, Answer]:
    """Question -> what this contributor answered to it when they were last asked in an earlier round, and submitted.

    The question is the very row, so one that was reworded since has nothing here; nor has one that they left empty.
    One query, none in a first round. `answer.response.invitation.survey_round` comes with it.
    """
    if invitation.survey_round.number <= 1:
        return {}
    given = (
        Answer.objects.of_rounds_before(invitation.survey_round)
        .filter(response__invitation__contributor=invitation.contributor_id)
        .select_related("response__invitation__survey_round")
    )
    last = {answer.question_id: answer for answer in given}
    return {pk: answer for pk, answer in last.items() if not is_empty(answer)}


def is_empty(answer: Answer) -> bool:
    """Neither an opinion nor a blank that somebody chose."""
    return answer.value is None and answer.blank in _EMPTY
