""" "Show when ..." as rows of a form: a question, what must be true of its answer, and its options to be ticked.

No script: once a question is chosen, the page is looked at again, and then it offers what can be asked of its answer.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from surveys import conditions
from surveys.questions import QuestionSpec, question_type

ROWS = 3
LONGEST = 30
BOUNDS = "between"
# Of these two there is nothing more to say: they can be chosen before the page was looked at again.
BARE = {"answered": True, "unanswered": False}


@dataclass(frozen=True)
class Row:
    """One line of the form as it was typed. `offered`: the question whose options stood in it."""

    question: str
    test: str = ""
    options: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    offered: str = ""

    @property
    def is_unfinished(self) -> bool:
        return bool(self.question) and self.offered != self.question


def rows_of(stored: Any) -> list[Row]:
    """A line for each test of each condition. Bears any JSON."""
    found = []
    for one in stored if isinstance(stored, list | tuple) else ():
        key = one.get("question") if isinstance(one, Mapping) else None
        if not isinstance(key, str):
            continue
        tests = [test for test in ("is", "is_not") if isinstance(one.get(test), list)]
        found += [Row(key, test, tuple(map(str, one[test])), offered=key) for test in tests]
        if one.keys() & {"at_least", "at_most"}:
            low, high = (str(one.get(name, "")) for name in ("at_least", "at_most"))
            found.append(Row(key, BOUNDS, low=low, high=high, offered=key))
        if not one.keys() & {"is", "is_not", "at_least", "at_most"}:
            found.append(Row(key, "answered" if one.get("answered", True) else "unanswered", offered=key))
    return found


class ShowWhenRows(forms.Widget):
    template_name = "admin/surveys/question/show_when.html"
    # The questions that may be looked at, in the order asked, by their numbers.
    questions: Mapping[int, QuestionSpec] = {}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Row]:
        found = []
        for number in range(conditions.MOST + ROWS):
            row = f"{name}-{number}"
            if f"{row}-question" not in data:
                break
            options = data.getlist(f"{row}-options") if hasattr(data, "getlist") else data.get(f"{row}-options", [])
            names = ("question", "test", "low", "high", "offered")
            plain = {part: str(data.get(f"{row}-{part}", "")) for part in names}
            found.append(Row(options=tuple(options), **plain))
        return found

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-0-question" not in data

    def format_value(self, value: Any) -> Any:
        return value

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> SafeString:
        """By a template of this project, which the renderer of forms does not look for."""
        return render_to_string(template_name, context)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = list(value or []) if all(isinstance(row, Row) for row in value or []) else rows_of(value)
        rows += [Row("")] * max(ROWS - len(rows), 1)
        context["widget"]["rows"] = [self._row(name, number, row) for number, row in enumerate(rows)]
        context["widget"]["has_questions"] = bool(self.questions) or any(row.question for row in rows)
        return context

    def _row(self, name: str, number: int, row: Row) -> dict[str, Any]:
        spec = next((spec for spec in self.questions.values() if spec.key == row.question), None)
        if row.is_unfinished:  # what stood there belongs to another question
            row = Row(row.question, row.test if row.test in BARE else self._tests(spec)[0][0])
        known = [(spec.key, f"{place}. {Truncator(spec.prompt).words(14)}") for place, spec in self.questions.items()]
        if row.question and spec is None:
            known.append((row.question, row.question))
        options = question_type(spec.kind).pickable(spec) if spec else {key: key for key in row.options}
        return {
            **asdict(row), "name": f"{name}-{number}", "number": number + 1, "questions": known,
            "tests": self._tests(spec), "on_a_line": spec is None or question_type(spec.kind).on_a_line,
            "options": [(key, label, key in row.options) for key, label in options.items()],
        }  # fmt: skip

    def _tests(self, spec: QuestionSpec | None) -> list[tuple[str, str]]:
        kind = question_type(spec.kind) if spec else None
        picks = [("is", _("was answered one of")), ("is_not", _("was answered, but none of"))]
        bounds = [(BOUNDS, _("was answered from … to …"))]
        return [
            *(picks if kind is None or spec is None or kind.pickable(spec) else []),
            *(bounds if kind is None or kind.on_a_line else []),
            ("answered", _("was answered, whatever the answer")),
            ("unanswered", _("was not answered")),
        ]


class ShowWhen(forms.Field):
    """Cleans rows to conditions; gives back what is stored where the rows say the same."""

    widget = ShowWhenRows

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, **kwargs})
        self.stored: Sequence[Mapping[str, Any]] = []
        self.looking = False

    def offer(self, questions: Iterable[tuple[int, QuestionSpec]], stored: Any, *, looking: bool) -> None:
        """Look at these questions, by their numbers. `looking`: what is not finished is not wrong yet."""
        self.widget.questions = dict(questions)
        self.stored, self.looking = stored, looking

    def has_changed(self, initial: Any, data: Any) -> bool:
        return not _say_the_same([row for row in data or [] if row.question], rows_of(initial))

    def to_python(self, value: Any) -> Any:
        rows = [row for row in value or [] if row.question]
        if _say_the_same(rows, rows_of(self.stored)):
            return self.stored
        unfinished = [row for row in rows if row.is_unfinished and row.test not in BARE]
        if unfinished and not self.looking:
            raise ValidationError(_("Say what must be true of the answer."), code="unfinished")
        return [self._condition(row) for row in rows if row not in unfinished]

    def _condition(self, row: Row) -> dict[str, Any]:
        if row.test in BARE:
            return {"question": row.question, "answered": BARE[row.test]}
        if row.test in ("is", "is_not"):
            if not row.options:
                raise ValidationError(_("Tick at least one answer to “%s”.") % row.question, code="options")
            return {"question": row.question, row.test: [*row.options]}
        if row.test != BOUNDS:
            raise ValidationError(_("Say what must be true of the answer to “%s”.") % row.question, code="test")
        typed = {"at_least": row.low, "at_most": row.high}
        bounds = {name: _number(text) for name, text in typed.items() if text.strip()}
        if not bounds:
            raise ValidationError(_("Say from which number, or to which, for “%s”.") % row.question, code="bounds")
        if len(bounds) == 2 and bounds["at_least"] > bounds["at_most"]:
            told = _("The first number is above the second, so no answer to “%s” is between them.")
            raise ValidationError(told % row.question, code="bounds")
        return {"question": row.question, **bounds}


def _say_the_same(rows: Sequence[Row], others: Sequence[Row]) -> bool:
    """Options are ticked in the order asked, in whatever order they are stored."""
    mine, theirs = ([replace(row, options=tuple(sorted(row.options))) for row in given] for given in (rows, others))
    return mine == theirs


def _number(typed: str) -> int | float:
    try:
        text = typed.strip() if len(typed) <= LONGEST else ""
        found = int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValidationError(_("“%s” is no number.") % typed[:20], code="invalid")
    return found
