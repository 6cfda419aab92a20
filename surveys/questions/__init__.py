"""Every kind of question, one file each. A new kind is one file here, one line in TYPES and one example."""

from collections.abc import Sequence

from surveys import results
from surveys.questions.base import QuestionSpec, QuestionType
from surveys.questions.constant_sum import ConstantSum
from surveys.questions.matrix import Matrix
from surveys.questions.multiple_choice import MultipleChoice
from surveys.questions.number import Number
from surveys.questions.probability import Probability
from surveys.questions.quantiles import Quantiles
from surveys.questions.ranking import Ranking
from surveys.questions.rating import Rating
from surveys.questions.single_choice import SingleChoice
from surveys.questions.statement import Statement
from surveys.questions.text import Text
from surveys.questions.when import When
from surveys.results import Counted, Tally

TYPES: tuple[type[QuestionType], ...] = (
    Statement, Rating, SingleChoice, MultipleChoice, Ranking, Number, Quantiles, Probability, When, ConstantSum,
    Matrix, Text,
)  # fmt: skip

_BY_KIND = {found.kind: found() for found in TYPES}


def question_type(kind: str) -> QuestionType:
    """The one instance that speaks for `kind`. Raises KeyError naming it where there is none."""
    return _BY_KIND[kind]


def kind_choices() -> list[tuple[str, str]]:
    return [(found.kind, found.label) for found in TYPES]


def compile_tallies(spec: QuestionSpec, answers: Sequence[Counted]) -> dict[str, Tally]:
    """The tally of everyone under "all", then one for each sector that answered, in the order of `results.SECTORS`."""
    tally = question_type(spec.kind).tally
    groups = {"all": answers, **results.by_sector(answers)}
    return {group: tally(spec, members) for group, members in groups.items()}


__all__ = ["TYPES", "QuestionSpec", "QuestionType", "compile_tallies", "kind_choices", "question_type"]
