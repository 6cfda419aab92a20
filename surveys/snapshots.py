"""Frozen results: exactly what was counted, as canonical JSON with its hash, and everything drawn from that alone.

Figures are never counted from the live tables. What happens to contributors and answers after a freeze (an edit, a
deletion) cannot change a published number; it can only lead to the next snapshot.

Words are no numbers: comments are not frozen, and the answer to a question for text is kept as a mark that it was
given, so that its author can still take it back. Quotes come from `disclosure.quotes`.
"""

import json
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from naatbatt.charts import Chart, drawing
from surveys import disclosure, invitations
from surveys.models import Answer, Blank, Question, Response, Round, Snapshot, SnapshotTampered, Survey
from surveys.models.questions import ASKED_ORDER
from surveys.questions import QuestionSpec, compile_tallies, question_type
from surveys.results import Counted, Tally

FORMAT = 1
COLUMNS = ("answer", "version", "sector", "value", "blank", "confidence", "attribution", "moderation")
# In later rounds also what the same contributor had answered before, so that who changed can be counted again.
BEFORE = "before"


class UnknownQuestion(LookupError):
    """The snapshot holds no question with that key."""


# --- freezing


def freeze(*, survey_round: Round) -> Snapshot:
    """Freeze what a round's submitted responses say now. If nothing has changed since its last snapshot: that one."""
    with transaction.atomic():
        survey = Survey.objects.select_for_update().get(pk=survey_round.survey_id)  # numbers are given one at a time
        content = _content(survey, Round.objects.get(pk=survey_round.pk))
        last = Snapshot.objects.filter(survey_round=survey_round).order_by("-number").first()
        if last is not None and last.content == canonical({**content, "number": last.number}):
            return last
        taken = survey.snapshots.aggregate(Max("number"))["number__max"] or 0
        return Snapshot.objects.create(
            survey=survey,
            survey_round=survey_round,
            number=taken + 1,
            content=canonical({**content, "number": taken + 1}),
            software=settings.VERSION,
        )


def canonical(content: Mapping[str, Any]) -> str:
    """The one way to write this content down: sorted keys, no spaces, UTF-8, numbers as Python's `repr` has them."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _content(survey: Survey, survey_round: Round) -> dict[str, Any]:
    responses = {
        pk: (sector, attribution, contributor)
        for pk, sector, attribution, contributor in Response.objects.filter(
            invitation__survey_round=survey_round, submitted_at__isnull=False
        ).values_list("pk", "invitation__contributor__sector", "attribution", "invitation__contributor")
    }
    answers: dict[int, dict[int, Answer]] = {}
    for answer in Answer.objects.filter(response__in=responses).only(
        "response_id", "question_id", "version", "value", "blank", "confidence", "moderation"
    ):
        answers.setdefault(answer.question_id, {})[answer.response_id] = answer
    questions = list(Question.objects.filter(survey=survey).order_by(*ASKED_ORDER, "key", "version"))
    current = [question for question in questions if question.superseded_at is None]
    asked = [
        question
        for question in questions
        if question.pk in answers or (question in current and question.key not in survey_round.settled)
    ]
    settled = [
        {"key": question.key, "prompt": question.prompt, "reason": survey_round.settled[question.key]}
        for question in current
        if question.key in survey_round.settled
    ]
    before = _answered_before(survey_round) if survey_round.number > 1 else None
    return {
        "format": FORMAT,
        "software": settings.VERSION,
        "survey": {"slug": survey.slug, "title": survey.title, "minimum_cell": survey.minimum_cell},
        "round": {
            "number": survey_round.number,
            "opens_at": _instant(survey_round.opens_at),
            "closes_at": _instant(survey_round.closes_at),
            "closed_at": _instant(survey_round.closed_at),
            "zone": survey_round.zone,
        },
        "panel": invitations.disposition_counts(survey_round=survey_round),
        **({"settled": settled} if settled else {}),
        "columns": [*COLUMNS, *([BEFORE] if before is not None else [])],
        "questions": [_question(question, responses, answers.get(question.pk, {}), before) for question in asked],
    }


def _answered_before(survey_round: Round) -> dict[tuple[int, int], Any]:
    """(question, contributor) -> what they last answered to that very question in an earlier round."""
    given = Answer.objects.of_rounds_before(survey_round).values_list(
        "question_id", "response__invitation__contributor", "value"
    )
    return {(question, contributor): value for question, contributor, value in given}


def _question(
    question: Question,
    responses: Mapping[int, tuple[str, str, int]],
    answers: Mapping[int, Answer],
    before: Mapping[tuple[int, int], Any] | None,
) -> dict[str, Any]:
    """The question and one row for each submitted response, in an order that says nothing of who came when."""
    rows: list[list[Any]] = []
    for response, (sector, attribution, contributor) in responses.items():
        answer = answers.get(response)
        if answer is None:  # another version of the question was put to them
            rows.append([None, 0, sector, None, Blank.NOT_SHOWN.value, None, attribution, ""])
        else:
            value = _frozen(question, answer.value)
            rows.append([
                answer.pk, answer.version, sector, value, answer.blank, answer.confidence, attribution,
                answer.moderation,
            ])  # fmt: skip
        if before is not None:
            rows[-1].append(_frozen(question, before.get((question.pk, contributor))))
    rows.sort(key=lambda row: (json.dumps(row[2:], sort_keys=True), row[0] or 0))
    spec = question.spec
    return {
        "key": spec.key, "version": spec.version, "kind": spec.kind, "prompt": spec.prompt, "guidance": spec.guidance,
        "required": spec.required, "settings": spec.settings, "options": spec.options, "rows": rows,
        **({"show_if": spec.show_if} if spec.show_if else {}),
    }  # fmt: skip


def _frozen(question: Question, stored: Any) -> Any:
    return None if stored is None else question.type.frozen(stored)


def _instant(instant: Any) -> str | None:
    return instant.astimezone(zoneinfo.ZoneInfo("UTC")).isoformat() if instant else None


# --- what a snapshot says


@dataclass(frozen=True)
class Result:
    """One question of a snapshot: what was asked, and what a reader may see of the answers."""

    spec: QuestionSpec
    shown: disclosure.Shown

    @property
    def chart(self) -> Chart | None:
        """None where nothing may be shown, or the kind is not drawn."""
        if not self.shown.groups:
            return None
        return question_type(self.spec.kind).chart(self.spec, self.shown.groups, names=disclosure.group_names())

    @property
    def reading(self) -> list[str]:
        """The figure in plain sentences, the main finding first."""
        if not self.shown.groups:
            return []
        return question_type(self.spec.kind).reading(self.spec, self.shown.groups, names=disclosure.group_names())


def question_keys(snapshot: Snapshot) -> list[str]:
    """The questions of the snapshot, in the order asked, each once."""
    return list(dict.fromkeys(question["key"] for question in snapshot.data()["questions"]))


def tallies(snapshot: Snapshot, question_key: str) -> tuple[QuestionSpec, dict[str, Tally]]:
    """Counts of one question (its latest version) from the frozen rows alone: "all", then the sectors.

    For staff and for `result`; readers get what `disclosure.shown` leaves of it. Raises UnknownQuestion.
    """
    return _counted(snapshot.data(), question_key)


def result(snapshot: Snapshot, question_key: str) -> Result:
    """One question as a reader may see it. Raises UnknownQuestion."""
    return next(_results(snapshot, [question_key]))


def results(snapshot: Snapshot) -> list[Result]:
    """Every question as a reader may see it, in the order asked."""
    return list(_results(snapshot, question_keys(snapshot)))


def figure(snapshot: Snapshot, question_key: str) -> SafeString | None:
    """The published figure, byte for byte the same whenever it is drawn from that snapshot. None: nothing to draw."""
    return drawn(snapshot, result(snapshot, question_key))


def drawn(snapshot: Snapshot, found: Result) -> SafeString | None:
    """The same, of a result at hand."""
    chart = found.chart
    return None if chart is None else drawing.figure(chart, caption=found.shown.note, citation=citation(snapshot))


def problems(snapshot: Snapshot) -> list[str]:
    """What shows that the stored content is not what was frozen, as sentences. Empty: nothing does."""
    try:
        data = snapshot.data()
    except SnapshotTampered:
        return [_("The content does not match its SHA-256.")]
    found = []
    if snapshot.content != canonical(data):
        found.append(_("The content is not in canonical form."))
    if (data["number"], data["survey"]["slug"]) != (snapshot.number, snapshot.survey.slug):
        found.append(_("The content belongs to another snapshot."))
    return found


def citation(snapshot: Snapshot) -> str:
    return _("Snapshot %(number)d · %(hash)s") % {"number": snapshot.number, "hash": snapshot.short_hash}


def _results(snapshot: Snapshot, keys: Iterable[str]) -> Iterator[Result]:
    data = snapshot.data()
    minimum = data["survey"]["minimum_cell"]
    for key in keys:
        spec, found = _counted(data, key)
        yield Result(spec, disclosure.shown(found, minimum=minimum))


def rows(data: Mapping[str, Any], key: str) -> tuple[QuestionSpec, list[dict[str, Any]]]:
    """One question (its latest version) in the content of a snapshot: its frozen rows by column, values loaded.

    For arithmetic; nothing of it is for anybody to see. Raises UnknownQuestion.
    """
    versions = [question for question in data["questions"] if question["key"] == key]
    if not versions:
        raise UnknownQuestion(key)
    latest = max(versions, key=lambda question: question["version"])
    spec = QuestionSpec(**{name: value for name, value in latest.items() if name != "rows"})
    load = question_type(spec.kind).load
    found = [dict(zip(data["columns"], row, strict=True)) for row in latest["rows"]]
    for row in found:
        row |= {name: load(row[name]) for name in ("value", BEFORE) if row.get(name) is not None}
    return spec, found


def _counted(data: Mapping[str, Any], key: str) -> tuple[QuestionSpec, dict[str, Tally]]:
    spec, found = rows(data, key)
    return spec, compile_tallies(
        spec,
        [
            Counted(value=row["value"], sector=row["sector"], blank=row["blank"], confidence=row["confidence"])
            for row in found
        ],
    )
