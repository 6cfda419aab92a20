"""Cooke's classical model: estimates weighted by how well their authors did where the answer is known.

Everyone gives the same quantiles for some quantities. For some of these, the *calibration questions* (seed items), the
true value is known to whoever scores and to nobody who answers. From these come two figures for each contributor:
*calibration*, the probability of missing as they did if their quantiles were right, and *information*, how much
narrower their estimates are than an even spread. Their product is the weight, zero below a cut-off on calibration. The
weighted opinion pool is the *decision maker*: a virtual contributor who can be scored like the others.

Source of everything here: Cooke 1991, Experts in Uncertainty, Oxford University Press; Cooke and Goossens 2008, TU
Delft expert judgment data base, Reliab. Eng. Syst. Saf. 93: 657-674. Where these leave a choice, it is made as in
Excalibur and anduryl, which print the published scores.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from surveys.consensus.distributions import chi_square_tail
from surveys.consensus.pooling import Distribution, distribution, intrinsic_range, opinion_pool

Estimate = Sequence[float]


@dataclass(frozen=True)
class Item:
    """A quantity that everybody estimates.

    realization  its true value, for a calibration question
    logarithmic  whether it is thought of in orders of magnitude, so that spreads are compared on logarithms
    """

    name: str
    realization: float | None = None
    logarithmic: bool = False

    def on_scale(self, value: float) -> float:
        return math.log(value) if self.logarithmic else value

    def off_scale(self, value: float) -> float:
        return math.exp(value) if self.logarithmic else value


@dataclass(frozen=True)
class Elicitation:
    """Everything that was asked and said.

    levels     k probabilities that rise, each above 0 and below 1, the same for all items
    items      what was estimated
    estimates  contributor -> item by item, k values that rise, or None where they gave none
    overshoot  how far the intrinsic range of an item reaches beyond all that was said and came true (`intrinsic_range`)

    raises     ValueError where levels do not rise, estimates are not of these items and levels, values do not rise (two
               equal ones claim infinite information), or a logarithmic item has a value of 0 or less. Where there is
               one level only, an item of which all say the same, and truly, has no range: then scores raise it
    """

    levels: Sequence[float]
    items: Sequence[Item]
    estimates: Mapping[str, Sequence[Estimate | None]]
    overshoot: float = 0.1

    def __post_init__(self) -> None:
        if not self.levels or not all(low < high for low, high in pairwise((0, *self.levels, 1))):
            raise ValueError("Levels rise between 0 and 1.")
        if not self.overshoot > 0:
            raise ValueError("The overshoot must be above 0, or what is said at the end of the range has no room.")
        for contributor, given in self.estimates.items():
            if len(given) != len(self.items):
                raise ValueError(f"{contributor} gives {len(given)} estimates of {len(self.items)} items.")
            for item, estimate in zip(self.items, given, strict=True):
                if estimate is not None:
                    self._refuse_unfit(contributor, item, estimate)
        for item in self.items:
            if item.logarithmic and item.realization is not None and not item.realization > 0:
                raise ValueError(f"{item.name} is logarithmic, but its realization is {item.realization}.")

    def _refuse_unfit(self, contributor: str, item: Item, estimate: Estimate) -> None:
        said = f"{contributor} on {item.name}: {tuple(estimate)}"
        if len(estimate) != len(self.levels) or not all(math.isfinite(value) for value in estimate):
            raise ValueError(f"{said} is not a number for each of {len(self.levels)} levels.")
        if not all(low < high for low, high in pairwise(estimate)):
            raise ValueError(f"{said} does not rise.")
        if item.logarithmic and not estimate[0] > 0:
            raise ValueError(f"{said} has no logarithms.")

    @cached_property
    def bins(self) -> tuple[float, ...]:
        """The probability that somebody's quantiles leave to each of the k + 1 intervals between them."""
        return tuple(high - low for low, high in pairwise((0.0, *self.levels, 1.0)))

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Places of the calibration questions among the items."""
        return tuple(place for place, item in enumerate(self.items) if item.realization is not None)

    @cached_property
    def ranges(self) -> tuple[tuple[float, float] | None, ...]:
        """The intrinsic range of each item, on its scale; None where nobody estimated it."""
        return tuple(self._range(place, item) for place, item in enumerate(self.items))

    def _range(self, place: int, item: Item) -> tuple[float, float] | None:
        said = [value for given in self.estimates.values() for value in given[place] or ()]
        if not said:
            return None
        known = [] if item.realization is None else [item.realization]
        return intrinsic_range([item.on_scale(value) for value in (*said, *known)], overshoot=self.overshoot)

    @cached_property
    def distributions(self) -> Mapping[str, Sequence[Distribution | None]]:
        """Contributor -> item by item, what their estimate says of every value, on the scale of the item."""
        return {key: [*map(self._distribution, range(len(given)), given)] for key, given in self.estimates.items()}

    def _distribution(self, place: int, estimate: Estimate | None) -> Distribution | None:
        reach = self.ranges[place]
        if estimate is None or reach is None:
            return None
        scaled = [self.items[place].on_scale(value) for value in estimate]
        return distribution(self.levels, scaled, low=reach[0], high=reach[1])

    @cached_property
    def answered(self) -> Mapping[str, int]:
        """Contributor -> how many calibration questions they estimated, of those who estimated any."""
        numbers = {key: sum(given[place] is not None for place in self.seeds) for key, given in self.estimates.items()}
        return {key: number for key, number in numbers.items() if number}

    def without_item(self, name: str) -> "Elicitation":
        """The same as if this had not been asked."""
        kept = [place for place, item in enumerate(self.items) if item.name != name]
        return replace(
            self,
            items=[self.items[place] for place in kept],
            estimates={key: [given[place] for place in kept] for key, given in self.estimates.items()},
        )

    def without_contributor(self, contributor: str) -> "Elicitation":
        """The same as if they had not been asked; intrinsic ranges follow."""
        return replace(self, estimates={key: one for key, one in self.estimates.items() if key != contributor})


@dataclass(frozen=True)
class Score:
    """How well quantiles of one contributor, or of a decision maker, did.

    calibration        0 to 1: the p value of "their quantiles are right", small where they are not
    information        mean over all items they estimated, in nats, 0 or more
    information_seeds  the same over the calibration questions
    answered           calibration questions they estimated
    """

    calibration: float
    information: float
    information_seeds: float
    answered: int

    @property
    def weight(self) -> float:
        """Calibration times information on the calibration questions; not normalized, no cut-off applied."""
        return self.calibration * self.information_seeds


@dataclass(frozen=True)
class DecisionMaker:
    """A weighted opinion pool, as a contributor.

    weights    contributor -> weight; the weights add up to 1
    estimates  item by item, a value for each level; None where nobody who has weight gave an estimate
    score      how this does on the same questions
    cut_off    calibration below which contributors have no weight; 0 where there is none
    """

    weights: Mapping[str, float]
    estimates: Sequence[Estimate | None]
    score: Score
    cut_off: float = 0.0


# --- scores


def calibration(counts: Sequence[int], bins: Sequence[float], *, questions: int | None = None) -> float:
    """The calibration score: the tail of chi-square with k degrees of freedom at 2 m I(s, p).

    counts     how many true values fell below the first quantile, between the first and the second, ..., above the
               last: k + 1 whole numbers
    bins       the probability of each of these k + 1 intervals, p, adding up to 1
    questions  m, by default the sum of the counts; smaller where contributors who answered more questions are compared
               with others who answered fewer (the power of the test is the same for all)
    returns    0 to 1, with I(s, p) = sum of s ln(s / p) over the shares s = counts / sum of counts
    raises     ValueError where numbers differ, there are no counts, or one is negative
    """
    if len(counts) != len(bins) or any(count < 0 for count in counts) or not sum(counts):
        raise ValueError(f"{list(counts)} are no counts of {len(bins)} intervals.")
    shares = [count / sum(counts) for count in counts]
    divergence = math.fsum(
        share * math.log(share / expected) for share, expected in zip(shares, bins, strict=True) if share
    )
    number = sum(counts) if questions is None else questions
    # Without the noise of the last digits, so that two who missed equally badly are equal to a cut-off, and nobody is
    # better than perfect.
    return chi_square_tail(max(0.0, round(2 * number * divergence, 12)), len(bins) - 1)


def information(estimate: Sequence[float], bins: Sequence[float], *, low: float, high: float) -> float:
    """Relative information of one estimate, against an even spread over its range, in nats.

    estimate   k values that rise, on the scale of the item (logarithms for a logarithmic one)
    bins       the probability of each of the k + 1 intervals between them
    low, high  the intrinsic range, reaching beyond all values
    returns    ln(high - low) + sum of p ln(p / width) over the k + 1 intervals; 0 where the estimate is an even spread
    raises     ValueError where numbers differ, or an interval has no width
    """
    widths = [above - below for below, above in pairwise((low, *estimate, high))]
    if len(widths) != len(bins) or not all(width > 0 for width in widths):
        raise ValueError(f"{tuple(estimate)} does not rise within {low} to {high}.")
    terms = [share * math.log(share / width) for share, width in zip(bins, widths, strict=True)]
    # Never below 0, as rounding would have it for an even spread: a weight must not be negative.
    return max(0.0, math.log(high - low) + math.fsum(terms))


def scores(elicitation: Elicitation) -> dict[str, Score]:
    """Contributor -> score, for all who estimated a calibration question at least.

    Calibration of everybody is taken at the number of questions of whoever answered fewest of them (`calibration`), so
    leave out beforehand whoever answered too few to be compared. A true value that equals a quantile counts as below.
    Raises ValueError where there is no calibration question.
    """
    if not elicitation.seeds:
        raise ValueError("Without a calibration question nobody can be scored.")
    return {key: _score(elicitation, elicitation.estimates[key]) for key in elicitation.answered}


def _score(elicitation: Elicitation, given: Sequence[Estimate | None]) -> Score:
    counts = [0] * len(elicitation.bins)
    informations: dict[int, float] = {}
    for place, (item, estimate) in enumerate(zip(elicitation.items, given, strict=True)):
        reach = elicitation.ranges[place]
        if estimate is None or reach is None:
            continue
        scaled = [item.on_scale(value) for value in estimate]
        informations[place] = information(scaled, elicitation.bins, low=reach[0], high=reach[1])
        if item.realization is not None:
            counts[sum(value < item.realization for value in estimate)] += 1
    of_seeds = [informations[place] for place in elicitation.seeds if place in informations]
    return Score(
        calibration=calibration(counts, elicitation.bins, questions=min(elicitation.answered.values())),
        information=math.fsum(informations.values()) / len(informations),
        information_seeds=math.fsum(of_seeds) / len(of_seeds),
        answered=len(of_seeds),
    )


# --- decision makers


def decision_maker(elicitation: Elicitation, weights: Mapping[str, float], *, cut_off: float = 0.0) -> DecisionMaker:
    """The opinion pool with given weights, item by item, scored like a contributor.

    weights  contributor -> weight in any unit, none negative; whoever is not named has none. On an item that some did
             not estimate, those who did share the weight
    raises   ValueError where nobody has weight, a weight is negative or of nobody known, or none of those who have
             weight estimated a calibration question
    """
    unknown = weights.keys() - elicitation.estimates.keys()
    total = math.fsum(weights.values())
    if unknown or not all(0 <= weight < math.inf for weight in weights.values()) or not total:
        raise ValueError(f"{dict(weights)} are no weights of {', '.join(elicitation.estimates)}.")
    shares = {key: weights.get(key, 0.0) / total for key in elicitation.estimates}
    estimates = [_pooled(elicitation, shares, place) for place in range(len(elicitation.items))]
    if not any(estimates[place] for place in elicitation.seeds):
        raise ValueError("Nobody who has weight estimated a calibration question.")
    return DecisionMaker(shares, estimates, _score(elicitation, estimates), cut_off)


def equal_weights(elicitation: Elicitation) -> DecisionMaker:
    """The decision maker who trusts everybody alike. Raises ValueError as `decision_maker` does."""
    return decision_maker(elicitation, dict.fromkeys(elicitation.estimates, 1.0))


def global_weights(elicitation: Elicitation, *, cut_off: float = 0.0) -> DecisionMaker:
    """The decision maker with weight calibration * information on the calibration questions, one for all items.

    cut_off  whoever is calibrated below it has no weight
    raises   ValueError where nobody reaches the cut-off, or there is no calibration question
    """
    return _with_cut_off(elicitation, scores(elicitation), cut_off)


def optimized_weights(elicitation: Elicitation) -> DecisionMaker:
    """Global weights with the cut-off at which the decision maker itself has the largest weight.

    Every calibration in the panel is tried as cut-off. Of equally good ones the lowest is taken, which leaves most
    contributors in. Raises ValueError where nobody can be scored or nobody has weight.
    """
    found = scores(elicitation)
    cut_offs = sorted({score.calibration for score in found.values() if score.weight})
    if not cut_offs:
        raise ValueError("Nobody has weight.")
    makers = [_with_cut_off(elicitation, found, cut_off) for cut_off in cut_offs]
    return max(makers, key=lambda maker: maker.score.weight)


def _with_cut_off(elicitation: Elicitation, found: Mapping[str, Score], cut_off: float) -> DecisionMaker:
    weights = {key: score.weight for key, score in found.items() if score.calibration >= cut_off}
    if not any(weights.values()):
        raise ValueError(f"Nobody has weight at a calibration of {cut_off} or more.")
    return decision_maker(elicitation, weights, cut_off=cut_off)


def _pooled(elicitation: Elicitation, weights: Mapping[str, float], place: int) -> Estimate | None:
    given = {key: weight for key, weight in weights.items() if weight and elicitation.estimates[key][place] is not None}
    if not given:
        return None
    if len(given) == 1:
        # Nothing to pool, and no rounding either.
        return elicitation.estimates[next(iter(given))][place]
    pooled = [one for key in given if (one := elicitation.distributions[key][place]) is not None]
    pool, item = opinion_pool(pooled, [*given.values()]), elicitation.items[place]
    return tuple(item.off_scale(pool.quantile(level)) for level in elicitation.levels)


# --- robustness


def leave_out_each_item(elicitation: Elicitation) -> dict[str, DecisionMaker | None]:
    """Calibration question -> the optimized decision maker, had it not been asked; None where then nobody weighs."""
    return {
        elicitation.items[place].name: _optimized(elicitation.without_item(elicitation.items[place].name))
        for place in elicitation.seeds
    }


def leave_out_each_contributor(elicitation: Elicitation) -> dict[str, DecisionMaker | None]:
    """Contributor -> the optimized decision maker, had they not been asked; None where then nobody has weight."""
    return {key: _optimized(elicitation.without_contributor(key)) for key in elicitation.estimates}


def _optimized(elicitation: Elicitation) -> DecisionMaker | None:
    # What `optimized_weights` refuses, asked beforehand: a ValueError of something else shall not be swallowed.
    if not elicitation.answered or not any(score.weight for score in scores(elicitation).values()):
        return None
    return optimized_weights(elicitation)
