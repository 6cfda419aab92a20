"""Quantile estimates made into one, on straight lines that can be followed by hand."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.consensus.pooling import distribution, intrinsic_range, opinion_pool, quantile_average

LEVELS = (0.05, 0.5, 0.95)
estimates = st.lists(st.lists(st.floats(0, 100), min_size=3, max_size=3).map(sorted), min_size=1, max_size=8)


def test_the_range_reaches_a_tenth_beyond_what_was_said():
    assert intrinsic_range([20, 10, 30]) == (8, 32)
    assert intrinsic_range([20, 10], overshoot=0) == (10, 20)


@pytest.mark.parametrize(("values", "overshoot"), [([], 0.1), ([5, 5], 0.1), ([1, 2], -0.1)])
def test_what_spans_no_range_is_refused(values, overshoot):
    with pytest.raises(ValueError, match=r"two values|0 or more"):
        intrinsic_range(values, overshoot=overshoot)


def test_an_estimate_is_straight_lines_between_its_values():
    found = distribution(LEVELS, (2, 4, 8), low=0, high=10)
    assert [found.up_to(value) for value in (-1, 0, 2, 3, 4, 6, 8, 9, 10, 11)] == pytest.approx(
        [0, 0, 0.05, 0.275, 0.5, 0.725, 0.95, 0.975, 1, 1]
    )
    assert [found.quantile(level) for level in (0, 0.05, 0.275, 0.5, 0.95, 1)] == pytest.approx([0, 2, 3, 4, 8, 10])


def test_equal_values_put_probability_on_the_spot():
    found = distribution(LEVELS, (0, 5, 5), low=0, high=10)
    assert (found.below(0), found.up_to(0)) == (0, 0.05)
    assert (found.below(5), found.up_to(5)) == pytest.approx((0.5, 0.95))
    assert [found.quantile(level) for level in (0.04, 0.5, 0.7, 0.95)] == pytest.approx([0, 5, 5, 5])


@pytest.mark.parametrize(
    ("levels", "estimate", "why"),
    [
        ((0.05, 0.5), (1, 2, 3), "no estimate at 2"),
        ((), (), "no estimate"),
        ((0.5, 0.05, 0.95), (1, 2, 3), "rise between 0 and 1"),
        ((0, 0.5, 0.95), (1, 2, 3), "rise between 0 and 1"),
        ((5, 50, 95), (1, 2, 3), "rise between 0 and 1"),
        (LEVELS, (3, 2, 4), "does not rise"),
        (LEVELS, (1, 2, 11), "within 0 to 10"),
    ],
)
def test_what_does_not_rise_is_no_distribution(levels, estimate, why):
    with pytest.raises(ValueError, match=why):
        distribution(levels, estimate, low=0, high=10)


def test_the_pool_keeps_what_people_disagree_on():
    # One says 2, the other 8, both as medians between 0 and 10. At 2 the pool is (0.5 + 0.125) / 2 = 0.3125, at 8
    # (0.875 + 0.5) / 2 = 0.6875; between, a straight line.
    low, high = (distribution((0.5,), (value,), low=0, high=10) for value in (2, 8))
    pool = opinion_pool([low, high])
    assert [pool.up_to(value) for value in (1, 2, 5, 8, 9)] == pytest.approx([0.15625, 0.3125, 0.5, 0.6875, 0.84375])
    assert [pool.quantile(level) for level in (0.25, 0.5, 0.75)] == pytest.approx([1.6, 5, 8.4])


def test_averaging_quantiles_keeps_everybody_as_sharp_as_they_were():
    assert quantile_average([(1, 2, 3), (7, 8, 9)]) == (4, 5, 6)
    assert quantile_average([(1, 2, 3), (7, 8, 9)], [3, 1]) == pytest.approx((2.5, 3.5, 4.5))


def test_weights_count_by_their_ratio():
    low, high = (distribution((0.5,), (value,), low=0, high=10) for value in (2, 8))
    assert opinion_pool([low, high], [6, 2]).up_to(2) == pytest.approx(0.75 * 0.5 + 0.25 * 0.125)
    assert opinion_pool([low, high], [5, 0]).points == low.points


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [1, float("inf")], [1, float("nan")]])
def test_what_weighs_nothing_is_refused(weights):
    one = distribution((0.5,), (2,), low=0, high=10)
    with pytest.raises(ValueError, match="no weights"):
        opinion_pool([one, one], weights)
    with pytest.raises(ValueError, match="no weights"):
        quantile_average([(1, 2), (1, 2)], weights)


def test_nothing_cannot_be_pooled():
    with pytest.raises(ValueError, match="nothing to pool"):
        opinion_pool([])
    with pytest.raises(ValueError, match="nothing to pool"):
        quantile_average([])
    with pytest.raises(ValueError, match="same levels"):
        quantile_average([(1, 2), (1, 2, 3)])


@settings(deadline=None)
@given(estimates)
def test_a_pool_is_a_distribution_between_those_it_is_made_of(given_estimates):
    members = [distribution(LEVELS, one, low=-1, high=101) for one in given_estimates]
    pool = opinion_pool(members)
    assert all(a[0] <= b[0] and a[1] <= b[1] + 1e-12 for a, b in pairwise(pool.points))
    for level in (0.01, 0.05, 0.3, 0.5, 0.95):
        of_members = [member.quantile(level) for member in members]
        assert min(of_members) - 1e-6 <= pool.quantile(level) <= max(of_members) + 1e-6
        value = pool.quantile(level)
        # Up to the quantile there is as much probability as its level, before it no more.
        assert pool.below(value) - 1e-9 <= level <= pool.up_to(value) + 1e-9


@settings(deadline=None)
@given(estimates)
def test_whoever_is_pooled_with_themselves_stays_as_they_are(given_estimates):
    one = distribution(LEVELS, given_estimates[0], low=-1, high=101)
    pool = opinion_pool([one, one, one])
    for level in LEVELS:
        assert pool.quantile(level) == pytest.approx(one.quantile(level), abs=1e-6)
