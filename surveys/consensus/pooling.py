"""Quantile estimates of several people made into one: the opinion pool and quantile averaging.

An estimate is the values that somebody gave for some levels, e.g. (2.3, 8, 15) for 5, 50 and 95 %. Levels are written
as probabilities here: 0.05, 0.5, 0.95. Between the values, and from them to the ends of a range that holds everybody's,
the probability is spread evenly: the distribution function is a chain of straight lines.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Distribution:
    """A distribution function made of straight lines.

    points  (value, probability up to it), both never falling, from probability 0 to probability 1. Two points with one
            value are a jump: so much probability sits on that value
    """

    points: tuple[tuple[float, float], ...]

    def up_to(self, value: float) -> float:
        """The probability of this value or less."""
        return self._at(value, bisect_right(self.points, value, key=_value))

    def below(self, value: float) -> float:
        """The probability of less than this value; the same, but where probability sits on the value itself."""
        return self._at(value, bisect_left(self.points, value, key=_value))

    def quantile(self, level: float) -> float:
        """The smallest value up to which the probability is `level`. Raises ValueError where that is not 0 to 1."""
        if not 0 <= level <= 1:
            raise ValueError(f"A quantile lies between 0 and 1, not at {level}.")
        above = bisect_left(self.points, level, key=_probability)
        if above == 0:
            return self.points[0][0]
        # The last probability may miss 1 by rounding.
        above = min(above, len(self.points) - 1)
        (left, low), (right, high) = self.points[above - 1], self.points[above]
        return right if level >= high else left + (level - low) / (high - low) * (right - left)

    def _at(self, value: float, place: int) -> float:
        if place == 0:
            return 0.0
        if place == len(self.points):
            return 1.0
        (left, low), (right, high) = self.points[place - 1], self.points[place]
        # Both searches stop beside a jump, never inside it: right and left differ.
        return low + (high - low) * (value - left) / (right - left)


def intrinsic_range(values: Iterable[float], *, overshoot: float = 0.1) -> tuple[float, float]:
    """The range on which estimates of one quantity are compared: from the smallest value to the largest, and on both
    sides further by `overshoot` times their distance.

    values     everybody's values for every level and, where it is known, the true value; logarithms of them for a
               quantity that is thought of in orders of magnitude
    overshoot  0 or more; 0.1 is usual
    raises     ValueError where there are no values, all are the same, or the overshoot is negative

    Source: Cooke 1991, Experts in Uncertainty, Oxford University Press (the k % overshoot rule, with k = 10).
    """
    found = [*values]
    if not found or min(found) == max(found):
        raise ValueError("A range takes two values that differ.")
    if not overshoot >= 0:
        raise ValueError("An overshoot is 0 or more.")
    beyond = overshoot * (max(found) - min(found))
    return min(found) - beyond, max(found) + beyond


def distribution(levels: Sequence[float], estimate: Sequence[float], *, low: float, high: float) -> Distribution:
    """What one estimate says of every value: straight lines from (low, 0) through (value, level) to (high, 1).

    levels    k probabilities that rise, each above 0 and below 1
    estimate  k values that never fall; equal ones put the probability between them on that value
    low, high the range, holding all values
    raises    ValueError where levels or values do not rise, differ in number, or lie outside the range

    Source: Cooke 1991 (see `intrinsic_range`): of all distributions with these quantiles, the one that adds least
    information to an even spread over the range.
    """
    if not levels or len(levels) != len(estimate):
        raise ValueError(f"{len(estimate)} values make no estimate at {len(levels)} levels.")
    if not all(first < second for first, second in pairwise((0, *levels, 1))):
        raise ValueError("Levels rise between 0 and 1.")
    if not all(first <= second for first, second in pairwise((low, *estimate, high))) or not low < high:
        raise ValueError(f"{tuple(estimate)} does not rise within {low} to {high}.")
    return Distribution(tuple(zip((low, *estimate, high), (0.0, *levels, 1.0), strict=True)))


def opinion_pool(distributions: Sequence[Distribution], weights: Sequence[float] | None = None) -> Distribution:
    """The linear opinion pool: F(x) = sum of weight[i] * F[i](x) / sum of weights.

    distributions  one for each opinion, all on the same range
    weights        one for each, none negative; equal by default
    raises         ValueError where there are none, numbers differ, or no weight is above 0

    It keeps what people disagree on: where they are far apart, its middle half is wide. Its quantiles are the quantiles
    of the mixture, not the means of theirs (`quantile_average`).
    Source: Stone 1961, The opinion pool, Ann. Math. Stat. 32: 1339-1342.
    """
    shares = _shares(weights, len(distributions))
    counted = [(one, share) for one, share in zip(distributions, shares, strict=True) if share]
    points: list[tuple[float, float]] = []
    for value in sorted({value for one, _ in counted for value, _ in one.points}):
        upper = math.fsum(share * one.up_to(value) for one, share in counted)
        lower = math.fsum(share * one.below(value) for one, share in counted)
        points += [(value, lower), (value, upper)] if upper > lower else [(value, upper)]
    return Distribution(tuple(points))


def quantile_average(estimates: Sequence[Sequence[float]], weights: Sequence[float] | None = None) -> tuple[float, ...]:
    """The mean of what was said for each level (Vincentization): value[k] = sum of weight[i] * value[i][k] / sum.

    estimates  a row for each opinion, in it a value for each level, all in one unit
    weights    one for each opinion, none negative; equal by default
    returns    a value for each level; they rise as those of every opinion do
    raises     ValueError where there are none, rows differ in length, numbers differ, or no weight is above 0

    It is as sharp as its members are on average, however far apart they lie: show it with the pool, not for it.
    Source: Vincent 1912 (for curves of learning); Lichtendahl, Grushka-Cockayne and Winkler 2013, Is it better to
    average probabilities or quantiles?, Manage. Sci. 59: 1594-1611.
    """
    shares = _shares(weights, len(estimates))
    if len({len(estimate) for estimate in estimates}) != 1:
        raise ValueError("Estimates must be of the same levels.")
    return tuple(
        math.fsum(share * value for share, value in zip(shares, values, strict=True))
        for values in zip(*estimates, strict=True)
    )


def _shares(weights: Sequence[float] | None, number: int) -> list[float]:
    if not number:
        raise ValueError("There is nothing to pool.")
    given = [1.0] * number if weights is None else [*weights]
    if len(given) != number or any(not 0 <= weight < math.inf for weight in given) or not any(given):
        raise ValueError(f"{given} are no weights for {number} opinions.")
    total = math.fsum(given)
    return [weight / total for weight in given]


def _value(point: tuple[float, float]) -> float:
    return point[0]


def _probability(point: tuple[float, float]) -> float:
    return point[1]
