"""What several rankings say together: mean ranks, Borda, pairwise majorities, and how much they concur.

A ranking is a sequence of option keys from first to last. It may stop early ("only the first three"): what it leaves
without a place shares the places that are left.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from surveys.consensus.distributions import chi_square_tail


def places(keys: Sequence[str], ranking: Sequence[str]) -> dict[str, float]:
    """Option key -> its place, from 1; options left out share the mean of the places left: with 2 of 4 ranked, 3.5.

    keys     all options, in the order in which they are wanted back
    ranking  some or all of them, from first to last
    raises   ValueError where the ranking names an option twice or one that is not in `keys`
    """
    if len(set(ranking)) != len(ranking) or not set(ranking) <= set(keys):
        raise ValueError(f"{list(ranking)} is no ranking of {list(keys)}.")
    last = (len(ranking) + 1 + len(keys)) / 2
    given = {key: float(place) for place, key in enumerate(ranking, start=1)}
    return {key: given.get(key, last) for key in keys}


def mean_ranks(keys: Sequence[str], rankings: Sequence[Sequence[str]]) -> dict[str, float]:
    """Option key -> mean of its places (`places`), 1 being first.

    Raises ValueError where there are no rankings, or one is none of these keys.
    """
    if not rankings:
        raise ValueError("There are no rankings.")
    placed = [places(keys, ranking) for ranking in rankings]
    return {key: sum(one[key] for one in placed) / len(placed) for key in keys}


def borda_scores(keys: Sequence[str], rankings: Sequence[Sequence[str]]) -> dict[str, float]:
    """Option key -> Borda score: the sum over rankings of (number of options - place).

    keys      all K options
    rankings  one for each opinion, from first to last
    returns   points, 0 to (K - 1) * number of rankings; all of them add up to K (K - 1) / 2 for each ranking
    raises    ValueError where one is no ranking of these keys

    Each ranking gives an option a point for every option below it, and half a point for every one it shares its place
    with. Source: de Borda 1784, Mémoire sur les élections au scrutin; half points as in Black 1958, The Theory of
    Committees and Elections.
    """
    placed = [places(keys, ranking) for ranking in rankings]
    return {key: float(sum(len(keys) - one[key] for one in placed)) for key in keys}


def pairwise_wins(keys: Sequence[str], rankings: Sequence[Sequence[str]]) -> dict[str, dict[str, int]]:
    """The matrix of Condorcet: first[second] = how many rankings put the first above the second.

    returns  a row for each key, a column for each other key; a ranking that leaves both out counts for neither
    raises   ValueError where one is no ranking of these keys

    Source: de Condorcet 1785, Essai sur l'application de l'analyse à la probabilité des décisions.
    """
    placed = [places(keys, ranking) for ranking in rankings]
    return {
        first: {second: sum(one[first] < one[second] for one in placed) for second in keys if second != first}
        for first in keys
    }


def condorcet_winner(wins: Mapping[str, Mapping[str, int]]) -> str | None:
    """The option that more rankings put above than below, against each other one by itself; None where there is none.

    wins  the matrix that `pairwise_wins` gives
    """
    for first, row in wins.items():
        if row and all(won > wins[second][first] for second, won in row.items()):
            return first
    return None


@dataclass(frozen=True)
class Concordance:
    """Kendall's W of m judges on n objects, and its test against judges who rank at random.

    w           0 (none) to 1 (all rank alike)
    chi_square  m (n - 1) W, with n - 1 degrees of freedom
    p_value     its tail, 0 to 1
    """

    w: float
    judges: int
    objects: int
    chi_square: float
    degrees: int
    p_value: float


def kendalls_w(ratings: Sequence[Sequence[float]], *, ties: bool = True) -> Concordance:
    """Kendall's coefficient of concordance, by default corrected for ties.

    ratings  a row for each of the m judges, in it a number for each of the n objects, in the same order: ratings of any
             unit, or places. They are ranked within each row, equal ones at the mean of their ranks
    ties     whether the denominator is corrected for ties
    returns  W = 12 S / (m^2 (n^3 - n) - m T), where S is the sum of squared deviations of the rank sums of the objects
             from their mean, and T the sum of t^3 - t over all groups of t tied ranks in all rows (0 uncorrected)
    raises   ValueError where there are fewer than two judges or objects, rows differ in length, a rating is not a
             number, or every judge rates everything alike

    The test is an approximation that is good from eight objects on; with fewer, read the p value as a hint.
    Source: Kendall and Babington Smith 1939, The problem of m rankings, Ann. Math. Stat. 10: 275-287; Kendall 1948,
    Rank Correlation Methods, chapter 6.
    """
    judges, objects = len(ratings), len(ratings[0]) if ratings else 0
    if judges < 2 or objects < 2 or any(len(row) != objects for row in ratings):
        raise ValueError("Concordance takes two judges or more who rate the same two objects or more.")
    if any(rating != rating for row in ratings for rating in row):  # noqa: PLR0124 - only nan differs from itself
        raise ValueError("Every rating must be a number.")
    ranked = [doubled_ranks(row) for row in ratings]
    # Ranks are doubled, so that shared ones are whole numbers: sums are then twice, squares four times as large.
    sums = [sum(column) for column in zip(*ranked, strict=True)]
    deviation = Fraction(sum(one * one for one in sums), 4) - Fraction(sum(sums) ** 2, 4 * objects)
    tied = sum(size**3 - size for row in ranked for size in Counter(row).values()) if ties else 0
    room = judges**2 * (objects**3 - objects) - judges * tied
    if not room:
        raise ValueError("Judges who rate everything alike neither agree nor disagree.")
    w = 12 * deviation / room
    chi_square = float(judges * (objects - 1) * w)
    tail = chi_square_tail(chi_square, objects - 1)
    return Concordance(float(w), judges, objects, chi_square, objects - 1, tail)


def doubled_ranks(values: Sequence[float | Fraction]) -> list[int]:
    """Twice the rank of each value, from the smallest; equal values share the mean of their ranks (hence doubled)."""
    order = sorted(values)
    first: dict[float | Fraction, int] = {}
    for rank, value in enumerate(order, start=1):
        first.setdefault(value, rank)
    times = Counter(order)
    return [2 * first[value] + times[value] - 1 for value in values]
