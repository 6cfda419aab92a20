"""The pages of a questionnaire: what stands in no section first, then each section on a page of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from surveys.models import Question, Section


@dataclass(frozen=True)
class Page:
    """One page, counted from 1, with all its questions, also those that a condition may leave out."""

    number: int
    section: Section | None
    questions: tuple[Question, ...]


def paginate(questions: Iterable[Question]) -> list[Page]:
    """The pages in order, each with at least one question. Questions must come in the order asked, sections fetched."""
    runs = (list(run) for _section, run in groupby(questions, key=lambda question: question.section_id))
    return [Page(number, run[0].section, tuple(run)) for number, run in enumerate(runs, start=1)]
