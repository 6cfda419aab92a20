"""What somebody has answered, as they read it back: on the page, in the mail that thanks them, on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from surveys import disclosure
from surveys.models import Answer, Blank, PendingChange, Question, Response
from surveys.models.questions import in_order
from surveys.responses.entries import Current


@dataclass(frozen=True)
class Line:
    """One answer as its author reads it back. `attribution`: how it is quoted, where otherwise than the rest."""

    answer: Current
    prompt: str
    said: str
    blank: bool
    confidence: int | None
    comment: str
    attribution: str = ""

    @property
    def is_change(self) -> bool:
        """Not submitted: something else counts, or nothing."""
        return isinstance(self.answer, PendingChange)

    @property
    def agreed_edit(self) -> str:
        """The editor's wording, once its author has agreed to it."""
        if isinstance(self.answer, Answer) and self.answer.moderation == Answer.Moderation.APPROVED:
            return self.answer.edited_words
        return ""

    @property
    def own_line(self) -> str:
        """The line under its words, where its author wants another one for them than for the rest."""
        answer = self.answer
        if not self.attribution or not answer.question.type.words(answer.value, answer.comment):
            return ""
        return quoted_as(answer.response, self.attribution) or _("not quoted")


def copy_of(response: Response, *, with_changes: bool = False) -> list[Line]:
    """What somebody has answered, in their own reading, in the order asked. One query; two `with_changes`: those that
    they have not submitted stand in the place of what they submitted."""
    rows: dict[int, Current] = {
        row.question_id: row for row in response.answers.select_related("question__section").order_by("pk")
    }
    if with_changes and response.submitted_at is not None:
        rows |= {row.question_id: row for row in response.pending_changes.select_related("question__section")}
    return lines_of(rows)


def lines_of(rows: Mapping[int, Current]) -> list[Line]:
    """The same of answers that were read already, with their questions, by question."""
    lines = []
    for question in in_order(row.question for row in rows.values()):
        row = rows[question.pk]
        if row.value is None and row.blank == Blank.NOT_SHOWN:
            continue  # they have never met it
        if said := in_words(question, row):
            blank = row.value is None
            lines.append(Line(row, question.prompt, said, blank, row.confidence, row.comment, row.attribution))
    return lines


def in_words(question: Question, row: Any) -> str:
    """An answer, a change or an earlier version as its author reads it. Empty: nothing was given, or it was taken back
    in a draft."""
    if row.value is not None:
        return question.type.readable(question.spec, row.value)
    if row.blank:
        return row.get_blank_display().capitalize()
    return _("Not answered") if row.comment else ""


def quoted_as(response: Response, level: str = "") -> str:
    """The line under somebody's words as it stands in print and as they agreed to it. Empty: they are not quoted.

    `level`: of an answer that is quoted otherwise than the rest.
    """
    line = disclosure.line_agreed(response, level or response.attribution)
    return f"— {line}" if line else ""
