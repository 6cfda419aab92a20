"""Verdicts: the figure, the bound, and a sentence in which both stand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.consensus import verdicts

ratings = st.lists(st.integers(1, 9), min_size=1, max_size=30)


def test_interquartile_range_against_its_bound():
    found = verdicts.by_iqr([1, 2, 3, 4], at_most=1.5)
    assert (found.measure, found.value, found.bound, found.reached) == ("iqr", 1.5, 1.5, True)
    assert found.sentence == (
        "Consensus: the interquartile range is 1.5 (rule: consensus where the interquartile range is at most 1.5)."
    )
    assert verdicts.by_iqr([1, 2, 3, 4], at_most=1).sentence.startswith("No consensus: ")


def test_noise_of_the_last_digit_decides_nothing():
    # 0.4 - 0.1 is 0.30000000000000004 as a double, and 0.3 on paper.
    found = verdicts.by_iqr([0.1, 0.1, 0.4, 0.4], at_most=0.3)
    assert found.value > 0.3
    assert found.reached
    assert "range is 0.3 (" in found.sentence


def test_a_miss_by_little_is_printed_with_the_digits_that_show_it():
    found = verdicts.by_share_changed([0] * 2000, [1] * 301 + [0] * 1699)
    assert not found.reached
    assert found.sentence == ("Not stable: 15.05% of 2,000 changed their answer (rule: stable where at most 15% do).")
    close = verdicts.by_share_changed([0] * 100_000, [1] * 15_001 + [0] * 84_999)
    assert "15.001% of 100,000" in close.sentence


def test_percent_agreement_against_its_bound():
    found = verdicts.by_percent_agreement([6, 7, 8, 9], 7, 9)
    assert (found.value, found.bound, found.reached) == (75, 75, True)
    assert found.sentence == (
        "Consensus: 75% of 4 answer from 7 to 9 (rule: consensus where at least 75% answer from 7 to 9)."
    )
    assert not verdicts.by_percent_agreement([6, 7, 8, 9], 7, 9, at_least=80).reached


def test_modal_share_against_its_bound():
    found = verdicts.by_modal_share({"yes": 2, "no": 1})
    assert not found.reached
    assert found.sentence == (
        "No consensus: 66.67% of 3 chose the same (rule: consensus where at least 75% choose the same)."
    )


@pytest.mark.parametrize(
    ("given_ratings", "side", "reached"),
    [
        ([7, 7, 8, 8, 9], "agreed; the median is 8, the interquartile range 1", True),
        ([1, 2, 3, 3, 4], "rejected; the median is 3, the interquartile range 1", True),
        ([5, 5, 5, 6, 6], "neither agreed nor rejected; the median is 5, the interquartile range 1", True),
        ([7, 7, 7], "agreed; the median is 7, the interquartile range 0", True),
        ([6, 6, 6], "neither agreed nor rejected; the median is 6, the interquartile range 0", True),
        ([4, 4, 4], "neither agreed nor rejected; the median is 4, the interquartile range 0", True),
        ([1, 2, 8, 9, 9], "agreed; the median is 8, the interquartile range 7", False),
    ],
)
def test_median_and_interquartile_range_are_two_things(given_ratings, side, reached):
    found = verdicts.by_median_and_iqr(given_ratings)
    assert found.reached is reached
    assert found.sentence == (
        f"{'Consensus' if reached else 'No consensus'}: {side} (rule: agreed where the median is at least 7, rejected "
        "where it is at most 3; consensus where the interquartile range is at most 3)."
    )


def test_bounds_that_cross_are_refused():
    with pytest.raises(ValueError, match="cannot be agreed"):
        verdicts.by_median_and_iqr([5], agreed_from=3, rejected_to=3)


def test_appropriateness_prints_both_ranges():
    # BMJ Open 2012;2:e001431, table 1; see test_agreement.
    found = verdicts.by_appropriateness([4, 5, 6, *[7] * 5, *[8] * 5, 9, 9])
    assert (found.measure, found.value, found.reached) == ("appropriateness", 1, True)
    assert found.bound == pytest.approx(6.1)
    assert found.sentence == (
        "Appropriate, without disagreement: the median is 7, the range from the 30th to the 70th percentile 1 "
        "(rule of the RAND/UCLA method: disagreement where that range exceeds IPRAS, here 6.1; otherwise appropriate "
        "from a median of 6.5, inappropriate below 3.5)."
    )
    split = verdicts.by_appropriateness([1, 1, 1, 1, 9, 9, 9, 9, 9])
    assert not split.reached
    assert split.sentence.startswith("Uncertain, with disagreement: ")


def test_agreement_a_explains_its_scale():
    found = verdicts.by_van_der_eijk({"no": 5, "perhaps": 0, "yes": 5}, at_least=0.6)
    assert (found.value, found.reached) == (-1, False)
    assert found.sentence == (
        "No consensus: agreement A is −1, on a scale from −1 (two camps) to 1 (all alike) (rule: consensus where van "
        "der Eijk's agreement A is at least 0.6)."
    )


@settings(deadline=None)
@given(ratings, st.floats(0, 8))
def test_what_is_printed_lies_on_the_side_that_is_said(values, bound):
    bound = round(bound, 2)
    found = verdicts.by_iqr(values, at_most=bound)
    printed = float(found.sentence.split("range is ")[1].split(" (")[0])
    assert (printed <= bound) == found.reached
