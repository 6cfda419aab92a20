"""Scales of agreement, and how the two sides of such a scale are told apart."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

# From most negative to most positive. The keys are stored and never change; the labels are only printed.
AGREEMENT: dict[str, Promise] = {
    "strongly_disagree": gettext_lazy("Strongly disagree"),
    "disagree": gettext_lazy("Disagree"),
    "somewhat_disagree": gettext_lazy("Somewhat disagree"),
    "neutral": gettext_lazy("Neither agree nor disagree"),
    "somewhat_agree": gettext_lazy("Somewhat agree"),
    "agree": gettext_lazy("Agree"),
    "strongly_agree": gettext_lazy("Strongly agree"),
}
USUAL_POINTS = 5
LEFT_OUT: dict[int, set[str]] = {
    4: {"somewhat_disagree", "neutral", "somewhat_agree"},
    5: {"somewhat_disagree", "somewhat_agree"},
    6: {"neutral"},
    7: set(),
}


def agreement(points: int = USUAL_POINTS) -> dict[str, Promise]:
    """The points of the scale with so many of them. A point has the same key in every scale that has it."""
    return {key: label for key, label in AGREEMENT.items() if key not in LEFT_OUT[points]}


def below(amounts: Mapping[str, int]) -> int:
    """What lies on the negative side of a scale whose amounts run from its negative to its positive end."""
    return sum([*amounts.values()][: len(amounts) // 2])


def above(amounts: Mapping[str, int]) -> int:
    """What lies on the positive side."""
    return sum([*amounts.values()][(len(amounts) + 1) // 2 :])


def middle(amounts: Mapping[str, int]) -> int | None:
    """What lies in the middle; None where the scale has no middle."""
    return [*amounts.values()][len(amounts) // 2] if len(amounts) % 2 else None
