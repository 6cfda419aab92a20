"""Agreement within one round: how close together the answers of a panel lie."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from surveys.results import median, quantile, quartiles


def interquartile_range(values: Sequence[float]) -> float:
    """Width of the middle half: IQR = Q3 - Q1, with quartiles of type 7 (`results.quantile`).

    values  one number for each opinion, in any order, in any unit
    returns the width in the unit of the values, 0.0 or more
    raises  ValueError where there are no values

    A usual measure of consensus in Delphi studies: 1 or less on scales of four or five points, 2 or less on scales of
    ten (von der Gracht 2012, Consensus measurement in Delphi studies, Technol. Forecast. Soc. Change 79: 1525-1536).
    """
    lower, upper = quartiles(values)
    return float(upper - lower)


def percent_agreement(values: Sequence[float], low: float, high: float) -> float:
    """Percent of opinions that lie in a range: 100 * #{low <= x <= high} / n, both ends included.

    values  one number for each opinion, in any unit; low and high are in the same unit
    returns percent, 0 to 100
    raises  ValueError where there are no values, or low lies above high

    The most frequent definition of consensus in Delphi studies, with 75 % as the median of their bounds (Diamond et al.
    2014, Defining consensus, J. Clin. Epidemiol. 67: 401-409).
    """
    if low > high:
        raise ValueError(f"There is nothing between {low} and {high}.")
    if not values:
        raise ValueError("There are no values.")
    return 100 * sum(low <= value <= high for value in values) / len(values)


def modal_share(counts: Mapping[str, int]) -> float:
    """Percent of opinions on the most chosen option: 100 * max(counts) / sum(counts).

    counts  option key -> number of opinions, none negative; every opinion in exactly one of them
    returns percent, from 100 / number of options to 100
    raises  ValueError where a count is negative or nobody chose anything
    """
    base = _base(counts.values())
    return 100 * max(counts.values()) / base


# --- ordered scales


def van_der_eijk_agreement(counts: Mapping[str, int]) -> float:
    """Agreement A on an ordered scale: 1 where all chose one point, 0 where all points were chosen equally often, -1
    where the two ends share the answers.

    counts  point of the scale -> number of opinions, in the order of the scale, every point present, none negative
    returns A = sum over layers of (share of the opinions in the layer) * U * (1 - (S - 1) / (K - 1)), from -1 to 1
    raises  ValueError where the scale has fewer than three points, a count is negative, or nobody chose anything

    The counts are taken apart into layers, each of which is equally high on the S of K points that it covers: the first
    covers every point that was chosen, as high as the lowest of them, the next what is left above it, and so on.
    U = ((K - 2) TU - (K - 1) TDU) / ((K - 2) (TU + TDU)) is the unimodality of a layer, where of all triples of points
    in their order, TU are covered as 110 or 011 and TDU as 101; it is 1 where there is no such triple.
    Source: van der Eijk 2001, Measuring agreement in ordered rating scales, Quality and Quantity 35: 325-341.
    """
    base = _base(counts.values())
    left = list(counts.values())
    if len(left) < 3:
        raise ValueError("Agreement A takes a scale of three points or more.")
    total = Fraction(0)
    while any(left):
        covered = [count > 0 for count in left]
        height = min(count for count in left if count)
        total += Fraction(height * sum(covered), base) * _layer_agreement(covered)
        left = [count - height if count else 0 for count in left]
    return float(total)


def polarization(counts: Mapping[str, int]) -> float:
    """Polarization of an ordered scale: (1 - A) / 2, with van der Eijk's agreement A.

    counts  point of the scale -> number of opinions, in the order of the scale, every point present, none negative
    returns 0 where all chose one point, 0.5 where every point was chosen equally often, 1 where the two ends share the
            answers
    raises  ValueError as `van_der_eijk_agreement` does

    Source: Ruedin, agrmt: Calculate concentration and dispersion in ordered rating scales (R package), `polarization`;
    it turns the same figure round, so that a reader meets a scale from 0 to 1.
    """
    return (1 - van_der_eijk_agreement(counts)) / 2


def _layer_agreement(covered: Sequence[bool]) -> Fraction:
    points = len(covered)
    concentration = 1 - Fraction(sum(covered) - 1, points - 1)
    triples = list(combinations(covered, 3))
    unimodal = triples.count((True, True, False)) + triples.count((False, True, True))
    split = triples.count((True, False, True))
    if not unimodal + split:
        return concentration
    return concentration * Fraction(
        (points - 2) * unimodal - (points - 1) * split, (points - 2) * (unimodal + split)
    )  # fmt: skip


# --- RAND/UCLA appropriateness method


@dataclass(frozen=True)
class Appropriateness:
    """What the RAND/UCLA method says of one statement that was rated from 1 to 9.

    median, p30, p70      of the ratings
    ipr                   interpercentile range, p70 - p30
    asymmetry             |5 - (p30 + p70) / 2|: how far the middle of the ratings lies from that of the scale
    ipras                 the range at which disagreement begins, 2.35 + 1.5 * asymmetry
    disagreement          ipr > ipras
    verdict               "appropriate", "uncertain" or "inappropriate"
    """

    median: float
    p30: float
    p70: float
    ipr: float
    asymmetry: float
    ipras: float
    disagreement: bool
    verdict: str


def appropriateness(ratings: Sequence[float]) -> Appropriateness:
    """The RAND/UCLA appropriateness of one statement, with disagreement by IPRAS.

    ratings  one for each panelist, 1 (inappropriate) to 9 (appropriate)
    returns  appropriate where the median is 6.5 or more, inappropriate where it is below 3.5, both without
             disagreement; otherwise uncertain. A median between two thirds of the scale belongs to the higher one
    raises   ValueError where there are no ratings or one is outside 1 to 9

    IPRAS = 2.35 + 1.5 * AI with AI = |5 - (P30 + P70) / 2|; there is disagreement where P70 - P30 exceeds it.
    Source: Fitch et al. 2001, The RAND/UCLA Appropriateness Method User's Manual (RAND MR-1269). The method names
    percentiles without saying how they are interpolated; here they are of type 7, as everywhere in this project. Other
    types can differ by part of a point in small panels, so that ratings just at the bound may be read otherwise there.
    """
    if any(not 1 <= rating <= 9 for rating in ratings):
        raise ValueError("Ratings of the RAND/UCLA method run from 1 to 9.")
    middle, low, high = median(ratings), quantile(ratings, 0.3), quantile(ratings, 0.7)
    asymmetry = abs(5 - (low + high) / 2)
    bound = 2.35 + 1.5 * asymmetry
    # Without the noise of the last digit: a range that equals the bound is no disagreement.
    disagreement = round(high - low - bound, 9) > 0
    if disagreement or 3.5 <= middle < 6.5:
        verdict = "uncertain"
    else:
        verdict = "appropriate" if middle >= 6.5 else "inappropriate"
    return Appropriateness(middle, low, high, high - low, asymmetry, bound, disagreement, verdict)


def _base(counts: Collection[int]) -> int:
    if any(count < 0 for count in counts):
        raise ValueError("There are no negative counts.")
    if not (total := sum(counts)):
        raise ValueError("There are no opinions.")
    return total
