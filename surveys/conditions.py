"""Which questions are put to somebody, by what they have answered: the conditions of `Question.show_if`. Pure.

A condition names an earlier question and what must be true of its answer:

    {"question": "catch-up", "is": ["agree", "strongly_agree"]}     one of these options was chosen
    {"question": "catch-up", "is_not": ["agree"]}                   it was answered, and none of these was chosen
    {"question": "share", "at_least": 20}                           its number is 20 or more; also "at_most"; also both
    {"question": "share", "answered": true}                         it was answered; false: it was not

All conditions of a question must hold. A blank is no answer, and nor is an answer to a question that is itself not
shown: what depends on it falls with it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from surveys.questions import QuestionSpec, question_type

TESTS = ("is", "is_not", "at_least", "at_most", "answered")


def shown(questions: Iterable[QuestionSpec], values: Mapping[str, Any]) -> set[str]:
    """The keys of the questions that are put to somebody whose answers are `values`.

    questions   in the order asked; a condition on a question that does not come before it is never met
    values      question key -> value in its Python form, None or absent where there is none
    """
    before: dict[str, QuestionSpec] = {}
    found: set[str] = set()
    for spec in questions:
        if all(_holds(condition, before, found, values) for condition in spec.show_if):
            found.add(spec.key)
        before[spec.key] = spec
    return found


def _holds(
    condition: Mapping[str, Any], before: Mapping[str, QuestionSpec], found: set[str], values: Mapping[str, Any]
) -> bool:
    key = condition["question"]
    spec, value = before.get(key), values.get(key) if key in found else None
    if spec is None:
        return False
    if "answered" in condition and condition["answered"] != (value is not None):
        return False
    if not condition.keys() & {"is", "is_not", "at_least", "at_most"}:
        return True
    if value is None:
        return False
    kind = question_type(spec.kind)
    picked, amount = kind.picked(spec, value), kind.as_number(spec, value)
    return (
        ("is" not in condition or bool(picked & {*condition["is"]}))
        and ("is_not" not in condition or not picked & {*condition["is_not"]})
        and ("at_least" not in condition or (amount is not None and amount >= condition["at_least"]))
        and ("at_most" not in condition or (amount is not None and amount <= condition["at_most"]))
    )
