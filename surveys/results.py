"""Counting and arithmetic on plain data: pure functions, no database.

Two rules run through all of it. Only opinions are counted: what is blank carries no weight, even if a confidence was
left beside it. And shares are in percent (0 to 100); only `whole_percent` rounds them.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

SECTORS = ("industry", "academia", "government")


@dataclass(frozen=True)
class Counted:
    """One current answer of a submitted response, as tallies see it. A blank has value None and weighs nothing."""

    value: Any
    sector: str
    blank: str = ""
    confidence: int | None = None

    @property
    def is_opinion(self) -> bool:
        return not self.blank and self.value is not None


@dataclass(frozen=True)
class Tally:
    """Counts of one question in one group.

    asked     submitted responses in the group (opinions + blanks)
    base      answers that carry weight: the n under every percentage
    blanks    the four blanks, each apart: {"skipped": 1, "no_opinion": 3, ...}
    counts    option key -> number of answers, in the order asked (choice kinds); "low..high" -> answers in that bin
              (numbers)
    weights   option key -> sum of confidence (kinds that ask for confidence)
    measures  named statistics, e.g. {"median": 30.0, "q1": ..., "q3": ...}; never the smallest or largest answer
    """

    asked: int
    base: int
    blanks: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)


# --- counting


def opinions(answers: Iterable[Counted]) -> list[Counted]:
    """The answers that carry weight, in the order given. The one place that decides it."""
    return [answer for answer in answers if answer.is_opinion]


def count_blanks(answers: Iterable[Counted]) -> dict[str, int]:
    """Blank -> how many, by name. An answer with neither a value nor a reason was skipped."""
    found = Counter(answer.blank or "skipped" for answer in answers if not answer.is_opinion)
    return dict(sorted(found.items()))


def count_options(keys: Iterable[str], opinions: Iterable[Counted]) -> dict[str, int]:
    """Option key -> opinions that chose it, every key of `keys` present, in that order."""
    found = Counter(opinion.value for opinion in opinions)
    return {key: found[key] for key in keys}


def weigh_options(keys: Iterable[str], opinions: Iterable[Counted]) -> dict[str, int]:
    """Option key -> sum of the confidence of the opinions that chose it. Without a confidence an opinion adds 0."""
    found = dict.fromkeys(keys, 0)
    for opinion in opinions:
        if opinion.is_opinion and opinion.value in found:
            found[opinion.value] += opinion.confidence or 0
    return found


def by_sector(answers: Iterable[Counted]) -> dict[str, list[Counted]]:
    """Sector -> its answers: industry, academia, government first, any other after them by name; none that is empty."""
    found: dict[str, list[Counted]] = {}
    for answer in answers:
        found.setdefault(answer.sector, []).append(answer)
    order = [sector for sector in SECTORS if sector in found]
    return {sector: found[sector] for sector in (*order, *sorted(found.keys() - set(SECTORS)))}


# --- shares


def plain_shares(counts: Mapping[str, int], base: int) -> dict[str, float]:
    """Percent of `base` that each count is: 100 * count / base.

    counts  option key -> number of answers, none negative
    base    what they are a share of: `Tally.base` for shares of opinions, `Tally.asked` for shares of all who answered
    returns the same keys, in percent; all 0.0 where base is 0
    raises  ValueError where a count or the base is negative, or one option has more answers than the base

    Shares add up to 100 only where every member of the base chose exactly one of the options.
    """
    _refuse_negative(counts)
    if base < 0 or any(count > base for count in counts.values()):
        raise ValueError(f"A base of {base} cannot hold these counts: {dict(counts)}.")
    return {key: float(Fraction(100 * count, base)) if base else 0.0 for key, count in counts.items()}


def weighted_shares(weights: Mapping[str, int]) -> dict[str, float]:
    """Percent of all confidence that stands behind each option: 100 * weight / sum of weights.

    weights option key -> sum of the confidence (1 to 10) of the opinions that chose it, none negative
    returns the same keys, in percent, adding up to 100; all 0.0 where nothing has weight
    raises  ValueError where a weight is negative

    The sum runs over opinions only: a blank is in no option, so it can be in no denominator either. This is the
    weighting of the economists' panel of the Clark Center, Chicago Booth ("weighted by each expert's confidence").
    """
    _refuse_negative(weights)
    total = sum(weights.values())
    return {key: float(Fraction(100 * weight, total)) if total else 0.0 for key, weight in weights.items()}


def whole_percent(amounts: Mapping[str, float]) -> dict[str, int]:
    """Whole percents that add up to exactly 100, by largest remainder (the method of Hamilton and Hare).

    amounts key -> count, weight or share: anything proportional to what is to be shown, none negative. Give counts or
            weights rather than shares where there is a choice: whole numbers make ties exact.
    returns the same keys; each is its exact percent rounded down or up; all 0 where every amount is 0
    raises  ValueError where an amount is negative or not finite

    Everything is rounded down, and what is missing from 100 goes, one each, to the largest remainders. Among equal
    remainders the larger amount comes first (the error is smaller in proportion), then the earlier key. A zero stays 0.
    """
    _refuse_negative(amounts)
    total = sum(map(Fraction, amounts.values()))
    if not total:
        return dict.fromkeys(amounts, 0)
    # Nine digits tell any two real remainders apart, and hide the noise of shares that came as floats.
    percents = {key: round(100 * Fraction(amount) / total, 9) for key, amount in amounts.items()}
    whole = {key: math.floor(percent) for key, percent in percents.items()}
    # sorted() is stable: what is still equal stays in the order asked.
    neediest = sorted(percents, key=lambda key: (whole[key] - percents[key], -percents[key]))
    for key in neediest[: 100 - sum(whole.values())]:
        whole[key] += 1
    return whole


def percent(count: int, base: int) -> int:
    """One share by itself as a whole percent, halves rounded up; 0 where base is 0. For shares that need not add up."""
    return math.floor(Fraction(100 * count, base) + Fraction(1, 2)) if base else 0


# --- statistics of numbers


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean. Raises ValueError where there are no values."""
    return math.fsum(_some(values)) / len(values)


def standard_deviation(values: Sequence[float]) -> float:
    """Sample standard deviation, with n - 1 below. Raises ValueError where there are fewer than two values."""
    if len(values) < 2:
        raise ValueError("A standard deviation takes two values or more.")
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1))


def quantile(values: Sequence[float], share: float) -> float:
    """The quantile of type 7 (Hyndman and Fan 1996; the default of R, NumPy and spreadsheets), `share` from 0 to 1.

    Of n sorted values x[0] .. x[n-1] it is the value at position h = (n - 1) * share, interpolated linearly between
    its neighbours. Raises ValueError where there are no values or `share` is outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"A quantile lies between 0 and 1, not at {share}.")
    ordered = sorted(_some(values))
    position = (len(ordered) - 1) * share
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two middle ones. Raises ValueError where there are no values."""
    return quantile(values, 0.5)


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """First and third quartile, type 7: half of the values lie between them. Raises ValueError without values."""
    return quantile(values, 0.25), quantile(values, 0.75)


# --- bins


def bin_edges(values: Sequence[float], *, resolution: float = 0) -> tuple[float, ...]:
    """Edges of equal bins on numbers that people read easily (steps of 1, 2, 2.5 or 5 times a power of ten).

    values      what is to be binned; the edges depend on their smallest, their largest and how many they are
    resolution  the smallest difference two answers can have (1 for whole numbers), 0 where there is none. Where a step
                would come down to it, every possible value gets its own bin, centred on it: 0.5, 1.5, 2.5 ...
    returns     two edges or more, rising, from at or below the smallest value to at or above the largest
    raises      ValueError where there are no values or one is not finite

    The step is the readable one nearest to that of Sturges' rule, 1 + log2(n) bins, held between 4 and 8.
    """
    if not all(math.isfinite(value) for value in _some(values)):
        raise ValueError("Only finite numbers can be binned.")
    # By way of text, so that 0.1 is one tenth and not its nearest double.
    low, high, smallest = (Fraction(str(number)) for number in (min(values), max(values), resolution))
    wanted = min(max(4, math.ceil(math.log2(len(values))) + 1), 8)
    spread = high - low or smallest or abs(low) or Fraction(1)
    step = _nice_step(spread / wanted)
    if smallest and step <= smallest:
        first, last, step = low - smallest / 2, high + smallest / 2, smallest
    else:
        first, last = math.floor(low / step) * step, math.ceil(high / step) * step
        if first == last:
            last += step
    return tuple(float(first + step * index) for index in range(int((last - first) / step) + 1))


def count_bins(values: Iterable[float], edges: Sequence[float]) -> tuple[int, ...]:
    """Values in each bin: from its lower edge up to, not including, its upper edge; the last bin includes both.

    Raises ValueError where a value lies outside the edges.
    """
    counts = [0] * (len(edges) - 1)
    for value in values:
        if not edges[0] <= value <= edges[-1]:
            raise ValueError(f"{value} lies outside the bins {edges[0]} to {edges[-1]}.")
        counts[min(bisect_right(edges, value), len(counts)) - 1] += 1
    return tuple(counts)


def _nice_step(rough: Fraction) -> Fraction:
    """Of 1, 2, 2.5, 5 times a power of ten, the one nearest to `rough` by ratio."""
    power = Fraction(10) ** math.floor(math.log10(rough))
    steps = [power * factor for factor in (1, 2, Fraction(5, 2), 5, 10)]
    return min(steps, key=lambda step: max(step / rough, rough / step))


def _some(values: Sequence[float]) -> Sequence[float]:
    if not values:
        raise ValueError("There are no values.")
    return values


def _refuse_negative(amounts: Mapping[str, float]) -> None:
    for key, amount in amounts.items():
        if not (math.isfinite(amount) and amount >= 0):
            raise ValueError(f"{key} has {amount}; only amounts from 0 up can be shared out.")
