"""Counting and arithmetic on plain data: pure functions, no database. (The full set of statistics follows.)"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Counted:
    """One current answer of a submitted response, as tallies see it. A blank has value None and weighs nothing."""

    value: Any
    sector: str
    blank: str = ""
    confidence: int | None = None


@dataclass(frozen=True)
class Tally:
    """Counts of one question in one group.

    asked     submitted responses in the group (opinions + blanks)
    base      answers that carry weight: the n under every percentage
    blanks    the four blanks, each apart: {"skipped": 1, "no_opinion": 3, ...}
    counts    option key -> number of answers, in the order asked (choice kinds; bins of a number)
    weights   option key -> sum of confidence (kinds that ask for confidence)
    measures  named statistics, e.g. {"median": 30.0, "q1": ..., "q3": ..., "minimum": ..., "maximum": ...}
    """

    asked: int
    base: int
    blanks: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
