"""Real time: what contributors see of a round while it is open, once they have answered.

Who sees a live count may look before and after somebody else's answer and subtract. So the count stands still, question
by question, until enough answers have come in, and then moves over all of them at once.

*Who tries:* a contributor who has submitted, reloads as often as they like, knows these rules and their own answers,
may change them at will, and may know who answers when. *What holds:*

- Between two counts of a question that anybody can see lie the new, changed or withdrawn opinions of at least
  `minimum_cell` people besides the one who looks: one more is asked for than the survey's smallest group, since one of
  those who moved may be the onlooker, who moves as often as they like and is still one.
- What is looked at is the opinion on that question (its answer, blank or confidence). Ten new responses of which one
  has an opinion move nothing but that one, so they move the count of the question not at all.
- Only everybody together is counted. Sectors would have to wait for each other; they come with the frozen result.
- Words are not shown: they would come one by one. They come with the frozen result too.
- `disclosure.shown` is applied on top, as to every figure.

A look (GET) never counts: the sweep does, each minute. When exactly an answer was counted is therefore not told by the
moment at which a page changes, either.

Not covered: contributors who pool what they know; and the last step, from the last count to the frozen result, which
holds whatever came in after it. As every difference between two published figures it can be smaller than the minimum.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from surveys import disclosure, snapshots
from surveys.models import Answer, Interim, Question, Round
from surveys.questions import question_type
from surveys.results import Counted
from surveys.snapshots import Result

# answer (as text, as JSON has it) -> value, blank, confidence, as frozen
Rows = dict[str, list[Any]]


def renew(*, survey_round: Round, now: datetime | None = None) -> Interim | None:
    """Count again every question for which enough has come in. None where the round is not one in real time, or not
    open. Looked at again at once: no change.
    """
    now = now or timezone.now()
    if survey_round.group_shown != Round.GroupShown.LIVE:
        return None
    with transaction.atomic():
        if not Round.objects.get(pk=survey_round.pk).takes_answers(now):
            return None
        row, _created = Interim.objects.get_or_create(survey_round=survey_round, defaults={"counted_at": now})
        row = Interim.objects.select_for_update(of=("self",)).get(pk=row.pk)
        counted: dict[str, Rows] = row.data()
        there = _opinions(survey_round)
        needed = survey_round.survey.minimum_cell + 1
        for question in survey_round.questions():
            key = str(question.pk)
            if _moved(counted.get(key, {}), there.get(key, {})) >= needed:
                counted[key] = there.get(key, {})
        content = snapshots.canonical(counted)
        if content != row.content:
            row.content, row.counted_at = content, now
            row.save(update_fields=["content", "counted_at"])
        return row


def _opinions(survey_round: Round) -> dict[str, Rows]:
    """Question -> every current answer of the submitted responses, as a snapshot would freeze it."""
    found: dict[str, Rows] = {}
    answers = Answer.objects.counted().filter(response__invitation__survey_round=survey_round)
    for answer in answers.select_related("question").only("question__kind", "value", "blank", "confidence"):
        value = None if answer.value is None else answer.question.type.frozen(answer.value)
        found.setdefault(str(answer.question_id), {})[str(answer.pk)] = [value, answer.blank, answer.confidence]
    return found


def _moved(before: Rows, after: Rows) -> int:
    """How many opinions are new, another than before, or gone. A blank that stays one of the blanks is none."""
    return sum(
        before.get(answer) != after.get(answer) and (_is_opinion(before.get(answer)) or _is_opinion(after.get(answer)))
        for answer in before.keys() | after.keys()
    )


def _is_opinion(row: list[Any] | None) -> bool:
    return row is not None and row[0] is not None and not row[1]


def interim_of(survey_round: Round) -> Interim | None:
    """What was counted last. One query."""
    return Interim.objects.filter(survey_round=survey_round).first()


def results(interim: Interim, questions: list[Question], *, minimum: int) -> Mapping[str, Result]:
    """Question key -> what contributors may see of it."""
    counted: dict[str, Rows] = interim.data()
    found = {}
    for question in questions:
        kind, spec = question_type(question.kind), question.spec
        answers = [
            Counted(None if value is None else kind.load(value), sector="", blank=blank, confidence=confidence)
            for value, blank, confidence in counted.get(str(question.pk), {}).values()
        ]
        everyone = {disclosure.EVERYONE: kind.tally(spec, answers)}
        found[question.key] = Result(spec, disclosure.shown(everyone, minimum=minimum))
    return found
