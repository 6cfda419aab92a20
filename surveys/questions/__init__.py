"""Every kind of question, one file each. A new kind is one file here, one line in TYPES and one example."""

from surveys.questions.base import QuestionSpec, QuestionType
from surveys.questions.multiple_choice import MultipleChoice
from surveys.questions.number import Number
from surveys.questions.single_choice import SingleChoice
from surveys.questions.statement import Statement
from surveys.questions.text import Text

TYPES: tuple[type[QuestionType], ...] = (Statement, SingleChoice, MultipleChoice, Number, Text)

_BY_KIND = {found.kind: found() for found in TYPES}


def question_type(kind: str) -> QuestionType:
    """The one instance that speaks for `kind`. Raises KeyError naming it where there is none."""
    return _BY_KIND[kind]


def kind_choices() -> list[tuple[str, str]]:
    return [(found.kind, found.label) for found in TYPES]


__all__ = ["TYPES", "QuestionSpec", "QuestionType", "kind_choices", "question_type"]
