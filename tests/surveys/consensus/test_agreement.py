"""Agreement within a round, on numbers worked out by hand or published."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.consensus import (
    appropriateness,
    interquartile_range,
    modal_share,
    percent_agreement,
    polarization,
    van_der_eijk_agreement,
)

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)
scales = st.lists(st.integers(0, 50), min_size=3, max_size=9).filter(any)
ratings = st.lists(st.integers(1, 9), min_size=1, max_size=40)


def scale(*counts):
    """Points of a scale in their order, with how many chose each."""
    return {f"point-{place}": count for place, count in enumerate(counts, start=1)}


# --- interquartile range


def test_interquartile_range_is_of_type_7():
    # Q1 = 1.75 and Q3 = 3.25 of 1, 2, 3, 4 (Hyndman and Fan 1996, type 7); type 6 would give 1.25 and 3.75.
    assert interquartile_range([4, 1, 3, 2]) == 1.5
    assert interquartile_range([5]) == 0.0


@settings(deadline=None)
@given(numbers, st.floats(-1e6, 1e6))
def test_interquartile_range_does_not_mind_order_or_where_zero_is(values, shift):
    width = interquartile_range(values)
    assert 0 <= width <= max(values) - min(values)
    assert interquartile_range(values[::-1]) == width
    assert interquartile_range([value + shift for value in values]) == pytest.approx(width, abs=1e-6)


def test_nobody_has_no_interquartile_range():
    with pytest.raises(ValueError, match="no values"):
        interquartile_range([])


# --- percent agreement and modal share


def test_percent_agreement_counts_both_ends():
    assert percent_agreement([6, 7, 8, 9], 7, 9) == 75.0
    assert percent_agreement([6, 7, 8, 9], 9, 9) == 25.0


@settings(deadline=None)
@given(numbers, st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_percent_agreement_and_what_lies_outside_add_up_to_a_hundred(values, low, width):
    outside = sum(value < low or value > low + width for value in values)
    assert percent_agreement(values, low, low + width) == pytest.approx(100 - 100 * outside / len(values))


def test_a_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="nothing between 9 and 7"):
        percent_agreement([8], 9, 7)
    with pytest.raises(ValueError, match="no values"):
        percent_agreement([], 7, 9)


def test_modal_share_is_that_of_the_most_chosen():
    assert modal_share({"yes": 3, "no": 1, "both": 0}) == 75.0


@settings(deadline=None)
@given(scales)
def test_modal_share_lies_between_an_even_split_and_all(counts):
    assert 100 / len(counts) - 1e-9 <= modal_share(scale(*counts)) <= 100


@pytest.mark.parametrize("measure", [modal_share, van_der_eijk_agreement, polarization])
def test_counts_that_hold_nobody_or_less_are_refused(measure):
    with pytest.raises(ValueError, match="no opinions"):
        measure(scale(0, 0, 0))
    with pytest.raises(ValueError, match="negative"):
        measure(scale(3, -1, 2))


# --- van der Eijk's agreement A


def test_agreement_is_that_of_the_published_example():
    # Example of `agreement` in the R package agrmt: 0.6113333
    assert van_der_eijk_agreement(scale(30, 40, 210, 130, 530, 50, 10)) == pytest.approx(0.6113333, abs=5e-8)


@pytest.mark.parametrize(
    ("counts", "agreement"),
    [
        ((0, 0, 7, 0, 0), 1),  # all alike
        ((4, 4, 4, 4, 4), 0),  # all points equally often
        ((5, 0, 0, 0, 5), -1),  # two camps at the ends
        ((5, 5, 0, 0, 0), 0.75),  # one layer, unimodal: 1 - (2 - 1) / (5 - 1)
        # One layer on points 1 and 3 of 4: of its triples one is 110 (1, 3, 4) and one 101 (1, 2, 3), so that
        # U = (2 * 1 - 3 * 1) / (2 * 2) = -1/4 and A = -1/4 * (1 - 1/3) = -1/6.
        ((3, 0, 3, 0), -1 / 6),
        # Two layers: (1, 1, 1) with 3 of 4 opinions gives 0, (0, 1, 0) with 1 of 4 gives 1.
        ((1, 2, 1), 0.25),
    ],
)
def test_agreement_of_patterns_worked_out_by_hand(counts, agreement):
    assert van_der_eijk_agreement(scale(*counts)) == pytest.approx(agreement)


@settings(deadline=None)
@given(scales, st.integers(1, 9))
def test_agreement_does_not_mind_direction_or_how_many_answered(counts, times):
    agreement = van_der_eijk_agreement(scale(*counts))
    assert -1 <= agreement <= 1
    assert van_der_eijk_agreement(scale(*reversed(counts))) == agreement
    assert van_der_eijk_agreement(scale(*(times * count for count in counts))) == pytest.approx(agreement)


def test_agreement_takes_three_points():
    with pytest.raises(ValueError, match="three points"):
        van_der_eijk_agreement(scale(1, 1))


@pytest.mark.parametrize(("counts", "found"), [((0, 9, 0), 0), ((3, 3, 3), 0.5), ((4, 0, 0, 4), 1)])
def test_polarization_runs_from_all_alike_to_two_camps(counts, found):
    assert polarization(scale(*counts)) == pytest.approx(found)


# --- RAND/UCLA


def test_appropriateness_is_that_of_the_published_example():
    # BMJ Open 2012;2:e001431 (PMC3467596), table 1: 15 panelists rate 4, 5, 6 once each, 7 and 8 five times, 9 twice.
    found = appropriateness([4, 5, 6, *[7] * 5, *[8] * 5, 9, 9])
    assert (found.median, found.p30, found.p70, found.ipr) == (7, 7, 8, 1)
    assert found.asymmetry == 2.5
    assert found.ipras == pytest.approx(6.1)
    assert not found.disagreement
    assert found.verdict == "appropriate"


def test_two_camps_disagree_whatever_the_median():
    # P30 = 1, P70 = 9: a range of 8 around 5, where 2.35 is disagreement.
    found = appropriateness([1, 1, 1, 1, 9, 9, 9, 9, 9])
    assert found.median == 9
    assert (found.ipr, found.asymmetry, found.ipras) == (8, 0, 2.35)
    assert found.disagreement
    assert found.verdict == "uncertain"


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ([2, 3, 3], "inappropriate"),
        ([3, 4], "uncertain"),  # 3.5 belongs to the higher third
        ([5, 5, 6], "uncertain"),
        ([6, 7], "appropriate"),  # so does 6.5
        ([7, 8, 9], "appropriate"),
    ],
)
def test_a_median_between_two_thirds_belongs_to_the_higher(given, verdict):
    assert appropriateness(given).verdict == verdict


@settings(deadline=None)
@given(ratings)
def test_turning_the_scale_round_turns_the_verdict_round(given):
    here, there = appropriateness(given), appropriateness([10 - rating for rating in given])
    assert there.ipras == pytest.approx(here.ipras)
    assert there.ipr == pytest.approx(here.ipr)
    assert 2.35 <= here.ipras <= 8.35
    if here.verdict == "inappropriate":
        assert there.verdict == "appropriate"


@pytest.mark.parametrize("given", [[0, 5], [5, 10], []])
def test_ratings_off_the_scale_are_refused(given):
    with pytest.raises(ValueError, match=r"from 1 to 9|no values"):
        appropriateness(given)
