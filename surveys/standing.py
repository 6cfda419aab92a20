"""Where somebody stands in a questionnaire: what is put to them, page by page, and what of it they have answered. Pure.

What is put to somebody follows from what they have answered (`Question.show_if`); a page on which nothing is left for
them is passed over in both directions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from surveys import conditions
from surveys.models import Answer, Blank, PendingChange, Question
from surveys.pages import Page, paginate
from surveys.responses import Entry

Given = Answer | PendingChange | Entry
# Blanks that came about rather than having been chosen.
UNCHOSEN = ("", Blank.SKIPPED, Blank.NOT_SHOWN)


@dataclass(frozen=True)
class Step:
    """One page as the list of pages tells of it."""

    page: Page
    answered: int
    asked: int

    @property
    def is_done(self) -> bool:
        return self.answered == self.asked


class Standing:
    """`questions` in the order asked; `answers` by question as their author last saved them; `entries` by question key
    as they are on their way in, which stand before what is saved."""

    def __init__(
        self,
        questions: Iterable[Question],
        answers: Mapping[int, Answer | PendingChange],
        entries: Mapping[str, Entry] | None = None,
    ) -> None:
        self.questions = list(questions)
        self.answers = answers
        self.entries = entries or {}

    def after(self, entries: Mapping[str, Entry]) -> "Standing":
        """The same with these entries taken in."""
        return Standing(self.questions, self.answers, {**self.entries, **entries})

    @cached_property
    def pages(self) -> list[Page]:
        return paginate(self.questions)

    @cached_property
    def asked(self) -> list[Question]:
        """The questions that are put to this person, in order."""
        shown = conditions.shown([question.spec for question in self.questions], self._values())
        return [question for question in self.questions if question.key in shown]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Question key -> the number under which this person meets it."""
        return {question.key: number for number, question in enumerate(self.asked, start=1)}

    @cached_property
    def steps(self) -> list[Step]:
        """The pages that hold anything for this person."""
        found = []
        for page in self.pages:
            asked = [question for question in page.questions if question.key in self.numbers]
            if asked:
                found.append(Step(page, sum(self.is_answered(question) for question in asked), len(asked)))
        return found

    @property
    def answered(self) -> int:
        return sum(step.answered for step in self.steps)

    def asked_on(self, page: Page) -> list[Question]:
        return [question for question in page.questions if question.key in self.numbers]

    def page(self, number: int) -> Page | None:
        """The page with this number, where it holds anything for this person."""
        return next((step.page for step in self.steps if step.page.number == number), None)

    def following(self, number: int) -> Page | None:
        return next((step.page for step in self.steps if step.page.number > number), None)

    def preceding(self, number: int) -> Page | None:
        return next((step.page for step in reversed(self.steps) if step.page.number < number), None)

    def page_of(self, question: Question) -> Page:
        return next(page for page in self.pages if question in page.questions)

    def first_left(self) -> Question | None:
        """The first question that is put to this person and that they have not answered."""
        return next((question for question in self.asked if not self.is_answered(question)), None)

    def is_answered(self, question: Question) -> bool:
        given = self._given(question)
        return given is not None and (given.value is not None or given.blank not in UNCHOSEN)

    def _given(self, question: Question) -> Given | None:
        return self.entries.get(question.key) or self.answers.get(question.pk)

    def _values(self) -> dict[str, Any]:
        found = {}
        for question in self.questions:
            if (entry := self.entries.get(question.key)) is not None:
                found[question.key] = entry.value
            elif (stored := self.answers.get(question.pk)) is not None and stored.value is not None:
                found[question.key] = question.type.load(stored.value)
        return found
