"""Probabilities of one event from several people: pooled, made more extreme, and scored once it is known.

Probabilities run from 0 to 1 here; divide percents by 100. For their mean and median take `results.mean` and
`results.median`.
"""

import math
from collections.abc import Sequence

from surveys.results import mean


def mean_log_odds(probabilities: Sequence[float], *, nearest: float = 0.005) -> float:
    """The probability whose log odds are the mean of the log odds: the geometric mean of the odds.

    probabilities  one for each opinion, 0 to 1
    nearest        how near to 0 and 1 an answer is taken at its word: whoever writes 0 % in whole percents says less
                   than half a percent, and one log odds of minus infinity would outweigh everybody
    returns        1 / (1 + exp(-mean(ln(p / (1 - p))))), from `nearest` to 1 - `nearest`
    raises         ValueError where there are none, one is outside 0 to 1, or `nearest` is not above 0 and up to 0.5

    Source: Satopää et al. 2014, Combining multiple probability predictions using a simple logit model, Int. J.
    Forecast. 30: 344-356.
    """
    return _probability(_mean_log_odds(probabilities, nearest))


def extremized(probabilities: Sequence[float], *, factor: float | None = None, nearest: float = 0.005) -> float:
    """The mean log odds, pushed away from even odds by a factor: what is known to all is counted once for each of them,
    what only some know should count for more.

    probabilities  one for each opinion, 0 to 1
    factor         1 leaves the mean log odds as they are; by default the one of Neyman and Roughgarden for n people,
                   n (sqrt(3 n^2 - 3 n + 1) - 2) / (n^2 - n - 1): 1 for one person, 1.29 for two, towards 1.73
    nearest        as in `mean_log_odds`
    returns        1 / (1 + exp(-factor * mean(ln(p / (1 - p))))), 0 to 1
    raises         ValueError as `mean_log_odds` does, or where the factor is negative or not finite

    Say which factor it was: the result depends on it, and no factor is right for every panel.
    Source: Baron et al. 2014, Two reasons to make aggregated probability forecasts more extreme, Decis. Anal. 11:
    133-145; Satopää et al. 2014 (see `mean_log_odds`; factors of 1.2 to 3.9 served them); Neyman and Roughgarden 2022,
    Are you smarter than a random expert?, EC 22 (the default, there for estimates that share a prior, here even odds).
    """
    if factor is None:
        factor = usual_factor(len(probabilities)) if probabilities else 1
    if not 0 <= factor < math.inf:
        raise ValueError("Extremizing takes a factor from 0 up.")
    return _probability(factor * _mean_log_odds(probabilities, nearest))


def usual_factor(people: int) -> float:
    """Neyman and Roughgarden's factor for so many people (`extremized`). Raises ValueError where there is nobody."""
    if people < 1:
        raise ValueError("There is nobody to extremize.")
    return people * (math.sqrt(3 * people**2 - 3 * people + 1) - 2) / (people**2 - people - 1)


def brier_score(probabilities: Sequence[float], happened: Sequence[bool]) -> float:
    """Mean squared distance between what was said and what came: sum((p - o)^2) / n, with o 1 if it happened, else 0.

    probabilities  one for each question that has resolved, 0 to 1
    happened       whether it came to pass, in the same order
    returns        0 (always right and certain) to 1 (always wrong and certain); 0.25 for who always says one half
    raises         ValueError where the two are not equally long, there are none, or one is outside 0 to 1

    Source: Brier 1950, Verification of forecasts expressed in terms of probability, Mon. Weather Rev. 78: 1-3. His own
    figure sums over both outcomes and so is twice this one, 0 to 2.
    """
    if len(probabilities) != len(happened):
        raise ValueError(f"{len(probabilities)} probabilities cannot be held against {len(happened)} outcomes.")
    _refuse_others(probabilities)
    return mean([(probability - bool(came)) ** 2 for probability, came in zip(probabilities, happened, strict=True)])


def _mean_log_odds(probabilities: Sequence[float], nearest: float) -> float:
    if not 0 < nearest <= 0.5:
        raise ValueError("`nearest` lies above 0 and at most at 0.5.")
    _refuse_others(probabilities)
    bounded = [min(max(probability, nearest), 1 - nearest) for probability in probabilities]
    return mean([math.log(probability / (1 - probability)) for probability in bounded])


def _probability(log_odds: float) -> float:
    # Written so that exp never overflows.
    if log_odds < 0:
        return math.exp(log_odds) / (1 + math.exp(log_odds))
    return 1 / (1 + math.exp(-log_odds))


def _refuse_others(probabilities: Sequence[float]) -> None:
    for probability in probabilities:
        if not 0 <= probability <= 1:
            raise ValueError(f"{probability} is no probability.")
