"""Words that staff have read already: the same words of the same person, kept from an earlier round."""

from surveys import disclosure
from surveys.models import Answer, Response, Round

State = Answer.Moderation


def carry_approval(*, response: Response, survey_round: Round) -> int:
    """Approve what was approved in an earlier round: the same words on the same question, under the same line.

    With the wording that its author agreed to, where there was one. Only what waits and that nobody has decided about
    in this round; anything else is read by staff, as ever. Returns how many answers it was. Two queries at most and one
    for each answer approved, none in a first round.
    """
    if survey_round.number <= 1:
        return 0
    everything = ("question", "response__consent", "response__invitation__contributor",
                  "response__invitation__survey_round__survey")  # fmt: skip
    fresh = response.answers.filter(moderation=State.PENDING, moderated_at__isnull=True).select_related(*everything)
    waiting = {answer.question_id: answer for answer in fresh}
    if not waiting:
        return 0
    before = Answer.objects.of_rounds_before(survey_round).filter(
        response__invitation__contributor=response.invitation.contributor_id, question__in=waiting
    )
    last = {answer.question_id: answer for answer in before.select_related(*everything)}
    carried = 0
    for pk, answer in waiting.items():
        old = last.get(pk)
        if old is None or old.moderation != State.APPROVED or old.words.strip() != answer.words.strip():
            continue
        if disclosure.line_under(old) != disclosure.line_under(answer):
            continue
        answer.moderation, answer.edited_words = State.APPROVED, old.edited_words
        answer.moderated_at, answer.moderated_by = old.moderated_at, old.moderated_by
        answer.save(update_fields=["moderation", "edited_words", "moderated_at", "moderated_by"])
        carried += 1
    return carried
