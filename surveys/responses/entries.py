"""What comes in: answers as somebody gave them, the page they come from, and why they may not be taken."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from surveys.models import Answer, Attribution, Blank, PendingChange, Question, Response

Current = Answer | PendingChange
Row = TypeVar("Row", Answer, PendingChange, Current)

# What of an answer a contributor writes.
CONTENT = ("value", "blank", "confidence", "comment", "attribution")
# The blanks that come about by submitting. As given, they are nothing at all.
MADE_BY_SUBMITTING = (Blank.SKIPPED, Blank.NOT_SHOWN)


class UnknownQuestion(Exception):
    """An entry for a question that this round does not ask (any more), or not in the words that its author read."""


class Incomplete(Exception):
    """Submitted without an answer to a required question, or without a choice of attribution."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(", ".join(keys))
        self.keys = keys


@dataclass(frozen=True)
class Entry:
    """One answer as it was given. `value` is the Python form that the kind's form field cleans to."""

    value: Any = None
    blank: str = ""
    confidence: int | None = None
    comment: str = ""
    attribution: str = ""  # where it is another one than for the rest

    def __post_init__(self) -> None:
        if self.blank and (self.blank not in Blank.values or self.value is not None or self.confidence is not None):
            raise ValueError(f"{self.blank!r} beside a value or a confidence, or not one of the blanks")
        if self.confidence is not None and not 1 <= self.confidence <= 10:
            raise ValueError(f"a confidence of {self.confidence}, not 1 to 10")
        if self.attribution and self.attribution not in Attribution.values:
            raise ValueError(f"{self.attribution!r} is no level of attribution")


@dataclass(frozen=True)
class Source:
    """Which opened page a save comes from.

    page    a name that the page got when it was made, for itself alone
    seq     its how manyth save this is: a retry that was overtaken is older than what is stored
    seen    question key -> `mark` of the answer that the page was made from ("" where there was none)
    asked   question key -> `edition` of the question as it stood there
    """

    page: str = ""
    seq: int = 0
    seen: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)


NO_PAGE = Source()


@dataclass(frozen=True)
class Conflict:
    """One answer that was changed elsewhere after the page was made: what stands there, and what came now."""

    question: Question
    stored: Current
    entry: Entry


class Conflicting(Exception):
    """Some answers were changed elsewhere meanwhile. Everything else has been kept; nothing has been submitted."""

    def __init__(self, response: Response, conflicts: list[Conflict]) -> None:
        super().__init__(", ".join(conflict.question.key for conflict in conflicts))
        self.response, self.conflicts = response, conflicts


def with_questions(rows: Iterable[Row], questions: Iterable[Question]) -> dict[int, Row]:
    """Question -> its row, each with its question at hand: one of those that were read already, or else read now."""
    found = {row.question_id: row for row in rows}
    known = {question.pk: question for question in questions}
    if others := found.keys() - known.keys():  # settled since, or asked in other words
        known |= Question.objects.select_related("section").in_bulk(others)
    for pk, row in found.items():
        row.question = known[pk]
    return found


def edition(question: Question) -> str:
    """Which wording of a question this is: another one where staff have changed anything that its reader answers."""
    spec = question.spec
    read = (spec.version, spec.kind, spec.prompt, spec.guidance, spec.settings, spec.options)
    return hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()[:16]


def content_of(row: Any) -> tuple[Any, ...]:
    """What stands in an answer, a pending change or a version, in the order of CONTENT."""
    return tuple(getattr(row, name) for name in CONTENT)


def as_given(row: Current | None) -> tuple[Any, ...]:
    """The same as its author gave it: nobody types "skipped" or "not shown"."""
    value, blank, *rest = content_of(row or Answer())
    return value, "" if blank in MADE_BY_SUBMITTING else blank, *rest


def content_from(question: Question, entry: Entry) -> tuple[Any, ...]:
    value = None if entry.value is None else question.type.dump(entry.value)
    return value, entry.blank, entry.confidence, entry.comment, entry.attribution


def is_answered(row: Current | None) -> bool:
    return row is not None and (row.value is not None or row.blank not in ("", *MADE_BY_SUBMITTING))


def knows(source: Source, question: Question, stored: Current | None, entry: Entry) -> bool:
    """Whether an entry may take the place of what is stored: its page has seen that, or there is nothing to lose."""
    seen = source.seen.get(question.key)
    if stored is None or seen is None or seen == stored.mark or stored.blank == Blank.NOT_SHOWN:
        return True
    if as_given(stored) == content_from(question, entry):
        return True
    return seen == "" and as_given(stored) == as_given(None)  # there was nothing, and there still is nothing
