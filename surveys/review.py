"""A response read through by its author before it is submitted: every answer, what is missing, and what readers would
see of it. Pure, but for the wording of what is agreed to, which stands in `consent`."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from surveys.models import Answer, Blank, PendingChange, Question
from surveys.responses import Entry
from surveys.standing import UNCHOSEN, Standing
from surveys.summaries import paragraphs

Given = Answer | PendingChange


@dataclass(frozen=True)
class Row:
    """One question that was put to somebody, and what they say to it."""

    question: Question
    number: int
    page: int
    given: Given | None
    before: Answer | None  # what counts now, where `given` is a change that has not been submitted

    @property
    def said(self) -> str:
        """The answer in its author's own reading; nothing where there is none."""
        return _said(self.question, self.given)

    @property
    def counts_now(self) -> str:
        return _said(self.question, self.before)

    @property
    def is_blank(self) -> bool:
        return self.given is None or self.given.value is None

    @property
    def is_changed(self) -> bool:
        return isinstance(self.given, PendingChange)

    @property
    def is_answered(self) -> bool:
        return self.given is not None and (self.given.value is not None or self.given.blank not in UNCHOSEN)

    @property
    def is_missing(self) -> bool:
        return self.question.required and not self.is_answered

    @property
    def confidence(self) -> int | None:
        return self.given.confidence if self.given else None

    @property
    def comment(self) -> str:
        return self.given.comment if self.given else ""

    @cached_property
    def words(self) -> list[str]:
        """What would be quoted, as it is read in print: an edited wording once its author has agreed to it."""
        if self.given is None:
            return []
        agreed = isinstance(self.given, Answer) and self.given.moderation == Answer.Moderation.APPROVED
        if agreed and self.given.edited_words:  # type: ignore[union-attr]
            return paragraphs(self.given.edited_words)  # type: ignore[union-attr]
        return paragraphs(self.question.type.words(self.given.value, self.given.comment))

    @property
    def is_written(self) -> bool:
        """The answer is nothing but words."""
        return bool(self.words) and not self.comment

    @property
    def own_level(self) -> str:
        return self.given.attribution if self.given else ""

    def quoted(self, level: str) -> Entry:
        """The same answer, its words quoted in another way."""
        given, kind = self.given or Answer(), self.question.type
        return Entry(
            value=None if given.value is None else kind.load(given.value),
            blank="" if given.blank in (Blank.SKIPPED, Blank.NOT_SHOWN) else given.blank,
            confidence=given.confidence,
            comment=given.comment,
            attribution=level,
        )


def _said(question: Question, given: Given | None) -> str:
    if given is None or (given.value is None and given.blank in UNCHOSEN):
        return ""
    if given.value is None:
        said = str(given.get_blank_display())
        return said[:1].upper() + said[1:]
    return question.type.readable(question.spec, given.value)


@dataclass(frozen=True)
class Part:
    """The questions of one page, under the title of their section."""

    title: str
    rows: list[Row]


class Review:
    """`standing` as its author last saved it; `submitted` are the answers that count now, by question."""

    def __init__(self, standing: Standing, submitted: dict[int, Answer]) -> None:
        self.parts = [
            Part(
                step.page.section.title if step.page.section else "",
                [
                    Row(
                        question,
                        standing.numbers[question.key],
                        step.page.number,
                        given := standing.answers.get(question.pk),
                        submitted.get(question.pk) if isinstance(given, PendingChange) else None,
                    )
                    for question in standing.asked_on(step.page)
                ],
            )
            for step in standing.steps
        ]
        self.rows = [row for part in self.parts for row in part.rows]
        self.has_changes = any(isinstance(row, PendingChange) for row in standing.answers.values())

    @property
    def missing(self) -> list[Row]:
        """What must be answered before this can be submitted."""
        return [row for row in self.rows if row.is_missing]

    @property
    def unanswered(self) -> int:
        return sum(not row.is_answered for row in self.rows)

    @property
    def quotable(self) -> list[Row]:
        return [row for row in self.rows if row.words]

    @property
    def counted(self) -> list[Row]:
        """Those of which nothing but a count is published."""
        return [row for row in self.rows if row.is_answered and not row.words]

    @property
    def mark(self) -> str:
        """What was read here: the same answers make the same mark, submitted or not."""
        return hashlib.sha256(json.dumps(list(self._content()), sort_keys=True).encode()).hexdigest()[:24]

    def _content(self) -> Iterable[Any]:
        for row in self.rows:
            blank = row.given.blank if row.given is not None and row.is_answered else ""
            yield row.question.pk, row.given.value if row.given else None, blank, row.confidence, row.comment
