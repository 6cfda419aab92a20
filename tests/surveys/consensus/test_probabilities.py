"""Pooled probabilities, on odds worked out by hand."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.consensus import brier_score, extremized, mean_log_odds
from surveys.consensus.probabilities import usual_factor

many = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_mean_log_odds_is_the_geometric_mean_of_the_odds():
    # Odds of 1 and 9: sqrt(9) = 3, that is 0.75. The mean would be 0.7.
    assert mean_log_odds([0.5, 0.9]) == pytest.approx(0.75)


def test_whoever_is_certain_does_not_outweigh_everybody():
    # 0 in whole percents is less than half a percent: odds of 1 to 199, against 199 to 1.
    assert mean_log_odds([0, 1]) == pytest.approx(0.5)
    assert mean_log_odds([0]) == pytest.approx(0.005)
    assert mean_log_odds([0], nearest=0.01) == pytest.approx(0.01)


def test_extremizing_raises_the_odds_to_a_power():
    assert extremized([0.5, 0.9], factor=2) == pytest.approx(0.9)
    assert extremized([0.5, 0.9], factor=1) == mean_log_odds([0.5, 0.9])
    assert extremized([0.5, 0.9], factor=0) == 0.5
    # By default 2 (sqrt 7 - 2) = 1.2915 for two people: odds of 3^1.2915 = 4.132
    assert extremized([0.5, 0.9]) == pytest.approx(0.8052, abs=5e-5)
    # However far, without overflow.
    assert extremized([0.01, 0.01], factor=1e6) == 0.0
    assert extremized([0.99, 0.99], factor=1e6) == 1.0


def test_the_usual_factor_grows_towards_the_root_of_three():
    assert usual_factor(1) == 1
    assert usual_factor(2) == pytest.approx(2 * (math.sqrt(7) - 2))
    assert usual_factor(10**6) == pytest.approx(math.sqrt(3), abs=1e-5)
    with pytest.raises(ValueError, match="nobody"):
        usual_factor(0)


@settings(deadline=None)
@given(many)
def test_pooling_stays_between_the_answers_and_minds_no_names(answers):
    pooled = mean_log_odds(answers)
    bounded = [min(max(answer, 0.005), 0.995) for answer in answers]
    assert min(bounded) - 1e-9 <= pooled <= max(bounded) + 1e-9
    # Asking for the contrary gives the contrary.
    assert mean_log_odds([1 - answer for answer in answers]) == pytest.approx(1 - pooled)
    further = extremized(answers)
    assert abs(further - 0.5) >= abs(pooled - 0.5) - 1e-9


def test_brier_scores_are_mean_squared_distances():
    assert brier_score([0.8, 0.3], [True, False]) == pytest.approx((0.04 + 0.09) / 2)
    assert brier_score([0.5, 0.5, 0.5], [True, False, True]) == 0.25
    assert (brier_score([1.0], [True]), brier_score([1.0], [False])) == (0, 1)


@pytest.mark.parametrize("pool", [mean_log_odds, extremized])
@pytest.mark.parametrize(("answers", "why"), [([], "no values"), ([1.2], "no probability"), ([math.nan], "no prob")])
def test_what_is_no_probability_is_refused(pool, answers, why):
    with pytest.raises(ValueError, match=why):
        pool(answers)


def test_bounds_and_factors_without_sense_are_refused():
    with pytest.raises(ValueError, match="nearest"):
        mean_log_odds([0.5], nearest=0)
    with pytest.raises(ValueError, match="factor"):
        extremized([0.5], factor=-1)
    with pytest.raises(ValueError, match="held against"):
        brier_score([0.5], [])
    with pytest.raises(ValueError, match="no values"):
        brier_score([], [])
    with pytest.raises(ValueError, match="no probability"):
        brier_score([50], [True])
