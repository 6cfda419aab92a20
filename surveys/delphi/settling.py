"""Which questions a later round leaves out: decided from frozen rounds, once, before the round asks anybody."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from surveys import snapshots
from surveys.conditions import named_by
from surveys.delphi.rules import Opinion, Verdict, rule_in_words, rule_problems, verdict
from surveys.models import Question, Round, Snapshot, SnapshotTampered


class NotFrozen(Exception):
    """An earlier round of the survey is not closed, so what is settled cannot be known. Nothing was done."""


class Needed(Exception):
    """Another question that the round asks is shown only after this one. Nothing was done."""


class TooLate(Exception):
    """The round has asked somebody, or is over: what it asks stays as it is. Nothing was done."""


@dataclass(frozen=True)
class Finding:
    """One question on its way into a round: its rule, what the rounds before say of it, and what follows.

    verdict   None where it has no rule, or was not asked before in this wording
    reason    why it is left out, as anybody may read it; empty where it is asked
    """

    question: Question
    rule: str
    verdict: Verdict | None
    reason: str

    @property
    def is_asked(self) -> bool:
        return not self.reason


def frozen_before(survey_round: Round) -> list[Snapshot]:
    """What was frozen last of each earlier round of the survey, the latest round first. Without the contents.

    One query, none for a first round.
    """
    if survey_round.number <= 1:
        return []
    taken = (
        Snapshot.objects.filter(survey=survey_round.survey_id, survey_round__number__lt=survey_round.number)
        .select_related("survey_round")
        .defer("content")
        .order_by("-survey_round__number", "-number")
    )
    last: dict[int, Snapshot] = {}
    for snapshot in taken:
        last.setdefault(snapshot.survey_round_id, snapshot)
    return [*last.values()]


def is_waiting(survey_round: Round) -> bool:
    """Whether an earlier round of the survey is still to be closed, so that this one cannot begin."""
    return Round.objects.filter(
        survey=survey_round.survey_id, number__lt=survey_round.number, closed_at__isnull=True
    ).exists()


def findings(survey_round: Round) -> list[Finding]:
    """What a round asks and leaves out, question by question: as decided, or as it would be. Changes nothing."""
    would_be = _worked_out(survey_round)
    if survey_round.settled_at is None:
        return would_be
    return [
        Finding(found.question, found.rule, found.verdict, survey_round.settled.get(found.question.key, ""))
        for found in would_be
    ]


def settle(*, survey_round: Round, now: datetime | None = None) -> Round:
    """Take down which questions a later round leaves out, and why. Decided once: asked again, no change.

    A first round leaves nothing out. Raises NotFrozen while an earlier round is not closed.
    """
    with transaction.atomic():
        return _settled(_locked(survey_round), now)


def override(
    *, survey_round: Round, question_key: str, ask: bool, reason: str = "", now: datetime | None = None
) -> Round:
    """Staff know better: ask a question although it is settled, or leave one out although it is not.

    Settles what is not settled yet; from then on nothing is decided by itself. Twice is once. Raises TooLate once the
    round has asked anybody, NotFrozen while an earlier one is not closed, LookupError for a question that is not there,
    Needed where another question that is asked depends on one that is to be left out.
    """
    with transaction.atomic():
        row = _locked(survey_round)
        if row.closed_at is not None or row.invitations.filter(invited_at__isnull=False).exists():
            raise TooLate
        if not row.survey.questions.current().filter(key=question_key).exists():
            raise LookupError(question_key)
        row = _settled(row, now)
        if ask:
            row.settled.pop(question_key, None)
        elif question_key in {key for question in row.questions() for key in named_by(question.spec)}:
            raise Needed
        elif question_key not in row.settled:
            row.settled[question_key] = " ".join(reason.split()) or _("Left out by the editors.")
        row.save(update_fields=["settled"])
        return row


def _locked(survey_round: Round) -> Round:
    return Round.objects.select_for_update(of=("self",)).select_related("survey").get(pk=survey_round.pk)


def _settled(row: Round, now: datetime | None) -> Round:
    if row.settled_at is not None or row.number <= 1:
        return row
    if is_waiting(row):
        raise NotFrozen
    row.settled = {found.question.key: found.reason for found in _worked_out(row) if found.reason}
    row.settled_at = now or timezone.now()
    row.save(update_fields=["settled", "settled_at"])
    return row


def _worked_out(survey_round: Round) -> list[Finding]:
    """As the frozen rounds say, whatever has been decided. Two queries, and one for the questions."""
    questions = list(survey_round.survey.questions.current().select_related("section"))
    frozen = frozen_before(survey_round)
    contents = dict(Snapshot.objects.filter(pk__in=[each.pk for each in frozen]).values_list("pk", "content"))
    readable = []
    for snapshot in frozen:
        snapshot.content = contents[snapshot.pk]
        with suppress(SnapshotTampered):  # which the week's page and the snapshot's own say; nothing is decided by it
            readable.append((snapshot.survey_round.number, snapshot.data()))
    return _kept_for_others([_of(question, readable, survey_round.survey.minimum_cell) for question in questions])


def _kept_for_others(found: list[Finding]) -> list[Finding]:
    """What a question that is still asked depends on is asked as well, or nobody would be shown that one."""
    while needed := _needed(found) & {one.question.key for one in found if one.reason}:
        found = [replace(one, reason="") if one.question.key in needed else one for one in found]
    return found


def _needed(found: Iterable[Finding]) -> set[str]:
    """The keys that conditions of the questions asked look at."""
    return {key for one in found if one.is_asked for key in named_by(one.question.spec)}


def _of(question: Question, frozen: list[tuple[int, dict[str, Any]]], minimum: int) -> Finding:
    """The latest round that asked it in this wording decides; what a round after that left out stays out."""
    rule = ""
    if question.stop_rule and not rule_problems(question.spec, question.stop_rule):
        rule = rule_in_words(question.spec, question.stop_rule)
    left_out = ""
    for number, data in frozen:
        left_out = left_out or _left_out(data, question.key)
        opinions = _opinions(data, question)
        if opinions is not None:
            found = verdict(question.spec, question.stop_rule, opinions, survey_round=number, minimum=minimum)
            reached = f"{found.finding} {rule}" if found and found.reached else ""
            return Finding(question, rule, found, left_out or reached)
    return Finding(question, rule, None, "")  # new, or in a wording that nobody has answered


def _left_out(data: dict[str, Any], key: str) -> str:
    return next((settled["reason"] for settled in data.get("settled", ()) if settled["key"] == key), "")


def _opinions(data: dict[str, Any], question: Question) -> list[Opinion] | None:
    """None: that round did not ask it in this wording."""
    try:
        spec, rows = snapshots.rows(data, question.key)
    except snapshots.UnknownQuestion:
        return None
    if spec.version != question.version:
        return None
    return [Opinion(row["value"], row.get(snapshots.BEFORE)) for row in rows]
