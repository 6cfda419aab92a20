"""Stability between two rounds: whether the same people still say the same.

Every test here is two-sided and paired: it is given the opinions of the same contributors before and after. Its p value
is the probability of a movement at least as lopsided as the one seen, were each who moved as likely to go one way as
the other. Where few moved it is exact, by counting all the ways; `PairedTest.exact` says which it is.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from surveys.consensus.distributions import chi_square_tail, normal_tail
from surveys.consensus.ranking import doubled_ranks
from surveys.results import median

# Up to here p values are exact. Beyond, counting takes time and approximations are close: for 50 ranks within 0.004.
EXACT_RANKS = 50
EXACT_SIGNS = 1000
EXACT_MOVES = 50


@dataclass(frozen=True)
class PairedTest:
    """How two rounds of the same people compare.

    statistic  what the test sums up, as each says
    p_value    two-sided, 0 to 1; 1.0 where nobody moved
    moved      pairs that differ: only these bear on a paired test
    pairs      all pairs
    exact      whether p was counted out rather than approximated
    """

    statistic: float
    p_value: float
    moved: int
    pairs: int
    exact: bool


def share_changed(before: Sequence[Any], after: Sequence[Any]) -> float:
    """Percent of contributors whose opinion is another than before: 100 * #{before[i] != after[i]} / n.

    before, after  the opinions of the same contributors in the same order: numbers, option keys, or anything comparable
                   with ==; leave out those who gave no opinion in one of the two rounds
    returns        percent, 0 to 100
    raises         ValueError where the two are not equally long or there is nobody

    The usual bound is 15 %, from Scheibe, Skutsch and Schofer 1975 (in Linstone and Turoff, The Delphi Method, IV.C).
    Theirs is the net change of the distribution, in which moves that cancel do not show; this is never smaller.
    """
    pairs = _pairs(before, after)
    return 100 * sum(first != second for first, second in pairs) / len(pairs)


def median_shift(before: Sequence[float], after: Sequence[float]) -> float:
    """How far the median of the group has moved: median(after) - median(before).

    before, after  numbers in one unit, in any order; give the same contributors twice to see opinions move rather than
                   the panel change
    returns        the shift in the unit of the values, above 0 where the median rose
    raises         ValueError where one of the two is empty
    """
    return float(median(after) - median(before))


# --- numbers


def signed_rank_test(before: Sequence[float], after: Sequence[float]) -> PairedTest:
    """Wilcoxon's signed-rank test of whether numbers went up or down, by how far they went.

    before, after  numbers of the same contributors in the same order
    returns        statistic W+: the sum of the ranks of |after - before| over those who went up, from 0 to
                   m (m + 1) / 2, where m moved
    raises         ValueError where the two are not equally long, there is nobody, or a number is not finite

    Those who did not move are left out before ranking (Wilcoxon's own way), so read it beside `share_changed`. Equal
    differences share the mean of their ranks. Exact where at most 50 moved, ties included: of the 2^m ways to give the
    ranks signs, as many as lead to a sum as far out, twice the smaller tail. Beyond, by the normal distribution with
    mean sum(r) / 2, variance sum(r^2) / 4 over the shared ranks r, and a continuity correction of 1/2.
    Source: Wilcoxon 1945, Individual comparisons by ranking methods, Biometrics Bulletin 1: 80-83; Hollander, Wolfe and
    Chicken 2014, Nonparametric Statistical Methods, 3rd edition, 3.1.
    """
    differences = _differences(before, after)
    moves = [difference for difference in differences if difference]
    ranks = doubled_ranks([abs(move) for move in moves])
    up = sum(rank for move, rank in zip(moves, ranks, strict=True) if move > 0)
    exact = len(moves) <= EXACT_RANKS
    p_value = _exact_signed_rank(ranks, up) if exact else _approximate_signed_rank(ranks, up)
    return PairedTest(up / 2, p_value, len(moves), len(differences), exact)


def sign_test(before: Sequence[float], after: Sequence[float]) -> PairedTest:
    """The sign test of whether more numbers went up or down, however far.

    before, after  numbers of the same contributors in the same order; their order is all that counts, so points of a
                   scale do as well
    returns        statistic: how many went up, from 0 to the number that moved
    raises         ValueError where the two are not equally long, there is nobody, or a number is not finite

    Of m who moved, p is twice the smaller tail of the binomial distribution with m and 1/2: exact where m is at most
    1000, beyond by the normal distribution with a continuity correction of 1/2.
    Source: Dixon and Mood 1946, The statistical sign test, J. Am. Stat. Assoc. 41: 557-566.
    """
    differences = _differences(before, after)
    up = sum(difference > 0 for difference in differences)
    moved = sum(difference != 0 for difference in differences)
    exact = moved <= EXACT_SIGNS
    p_value = _exact_sign(up, moved) if exact else _approximate(up, mean=moved / 2, variance=moved / 4)
    return PairedTest(up, p_value, moved, len(differences), exact)


# --- options


def symmetry_test(before: Sequence[Hashable], after: Sequence[Hashable]) -> PairedTest:
    """Whether moves between options cancel: McNemar's test for two options, Bowker's test of symmetry for more.

    before, after  option keys of the same contributors in the same order
    returns        statistic B: the sum over pairs of options of (there - back)^2 / (there + back), where `there` moved
                   from the one to the other and `back` the other way; pairs between which nobody moved add nothing
    raises         ValueError where the two are not equally long or there is nobody

    Exact where at most 50 moved: the probability of a B as large, were each as likely to have moved there as back.
    Beyond, by chi-square with as many degrees of freedom as there are pairs of options between which somebody moved;
    where that is one pair, with the continuity correction (|there - back| - 1)^2 / (there + back), which is then the
    statistic. Source: McNemar 1947, Psychometrika 12: 153-157; Edwards 1948, Psychometrika 13: 185-187 (correction);
    Bowker 1948, A test for symmetry in contingency tables, J. Am. Stat. Assoc. 43: 572-574.
    """
    pairs = _pairs(before, after)
    moves = Counter(pair for pair in pairs if pair[0] != pair[1])
    between: dict[frozenset[Hashable], tuple[int, int]] = {}
    for (first, second), there in moves.items():
        between.setdefault(frozenset((first, second)), (there, moves[second, first]))
    moved = moves.total()
    statistic = sum((_asymmetry(*numbers) for numbers in between.values()), Fraction(0))
    if moved <= EXACT_MOVES:
        p_value = _exact_symmetry([there + back for there, back in between.values()], statistic)
        return PairedTest(float(statistic), p_value, moved, len(pairs), exact=True)
    if len(between) == 1:
        [(there, back)] = between.values()
        statistic = Fraction(max(abs(there - back) - 1, 0) ** 2, there + back)
    p_value = chi_square_tail(float(statistic), len(between))
    return PairedTest(float(statistic), p_value, moved, len(pairs), exact=False)


# --- how p is found


def _exact_signed_rank(ranks: Sequence[int], up: int) -> float:
    # ways[s]: in how many ways signs can be given so that the (doubled) ranks that go up add to s
    ways = [1] + [0] * sum(ranks)
    reached = 0
    for rank in ranks:
        reached += rank
        for total in range(reached, rank - 1, -1):
            ways[total] += ways[total - rank]
    smaller = min(sum(ways[: up + 1]), sum(ways[up:]))
    return float(min(Fraction(1), Fraction(2 * smaller, 2 ** len(ranks))))


def _approximate_signed_rank(ranks: Sequence[int], up: int) -> float:
    return _approximate(up / 2, mean=sum(ranks) / 4, variance=sum(rank * rank for rank in ranks) / 16)


def _exact_sign(up: int, moved: int) -> float:
    smaller = sum(math.comb(moved, count) for count in range(min(up, moved - up) + 1))
    return float(min(Fraction(1), Fraction(2 * smaller, 2**moved)))


def _approximate(statistic: float, *, mean: float, variance: float) -> float:
    distance = max(abs(statistic - mean) - 0.5, 0.0)
    return min(1.0, 2 * normal_tail(distance / math.sqrt(variance)))


def _asymmetry(there: int, back: int) -> Fraction:
    return Fraction((there - back) ** 2, there + back)


def _exact_symmetry(sizes: Sequence[int], statistic: Fraction) -> float:
    # ways[b]: in how many ways those who moved can have moved there or back so that the statistic is b
    ways: Counter[Fraction] = Counter({Fraction(0): 1})
    for size in sizes:
        further: Counter[Fraction] = Counter()
        for there in range(size + 1):
            added, times = _asymmetry(there, size - there), math.comb(size, there)
            for sofar, number in ways.items():
                further[sofar + added] += number * times
        ways = further
    return float(Fraction(sum(number for found, number in ways.items() if found >= statistic), ways.total()))


def _pairs(before: Sequence[Any], after: Sequence[Any]) -> list[tuple[Any, Any]]:
    if len(before) != len(after):
        raise ValueError(f"{len(before)} opinions before and {len(after)} after make no pairs.")
    if not before:
        raise ValueError("There are no pairs.")
    return list(zip(before, after, strict=True))


def _differences(before: Sequence[float], after: Sequence[float]) -> list[Fraction]:
    pairs = _pairs(before, after)
    if not all(math.isfinite(number) for pair in pairs for number in pair):
        raise ValueError("Every opinion must be a finite number.")
    # By way of text, so that 0.3 - 0.2 and 0.2 - 0.1 are tied as they are on paper.
    return [Fraction(str(second)) - Fraction(str(first)) for first, second in pairs]
