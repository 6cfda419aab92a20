"""The tails of the distributions that tests need, from the standard library alone."""

import math
import sys

_TINY = sys.float_info.min
_STEPS = 100_000


def chi_square_tail(value: float, degrees: float) -> float:
    """Probability that a chi-square variable exceeds `value`: Q(degrees / 2, value / 2).

    value    the statistic, 0 or more
    degrees  degrees of freedom, above 0
    returns  probability, 0 to 1, to about 14 digits
    raises   ValueError where the value is negative or not a number, or degrees are not above 0

    Q is the regularized upper incomplete gamma function, by its series below degrees + 2 and by Lentz's continued
    fraction above it (Press et al. 2007, Numerical Recipes, 3rd edition, 6.2).
    """
    if not value >= 0 or not degrees > 0:
        raise ValueError(f"There is no chi-square of {value} with {degrees} degrees of freedom.")
    if value == 0:
        return 1.0
    if math.isinf(value):
        return 0.0
    shape, point = degrees / 2, value / 2
    scale = math.exp(shape * (math.log(value) - math.log(2)) - point - math.lgamma(shape))
    if point < shape + 1:
        return max(0.0, 1 - scale * _series(shape, point))
    return min(1.0, scale * _continued_fraction(shape, point))


def normal_tail(value: float) -> float:
    """Probability that a standard normal variable exceeds `value`: erfc(value / sqrt 2) / 2."""
    return math.erfc(value / math.sqrt(2)) / 2


def _series(shape: float, point: float) -> float:
    """P(shape, point) without its scale: the sum of point^k / (shape (shape + 1) ... (shape + k))."""
    term = total = 1 / shape
    for step in range(1, _STEPS):
        term *= point / (shape + step)
        total += term
        if term < total * sys.float_info.epsilon:
            break
    return total


def _continued_fraction(shape: float, point: float) -> float:
    """Q(shape, point) without its scale, evaluated forward by the method of Lentz."""
    denominator = point + 1 - shape
    upper = 1 / _TINY
    lower = 1 / denominator
    fraction = lower
    for step in range(1, _STEPS):
        factor = -step * (step - shape)
        denominator += 2
        lower = factor * lower + denominator
        lower = 1 / (lower if abs(lower) > _TINY else _TINY)
        upper = denominator + factor / upper
        upper = upper if abs(upper) > _TINY else _TINY
        change = lower * upper
        fraction *= change
        if abs(change - 1) < 4 * sys.float_info.epsilon:
            break
    return fraction
