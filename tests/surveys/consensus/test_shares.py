"""Intervals of shares against a published comparison."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.consensus import wilson_interval


@pytest.mark.parametrize(
    ("count", "base", "low", "high"),
    [  # Newcombe 1998, Statist. Med. 17: 857-872, table I, method 3 (score, no continuity correction)
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0.00, 16.11),
        (1, 29, 0.61, 17.18),
    ],
)
def test_intervals_are_those_of_the_published_table(count, base, low, high):
    assert wilson_interval(count, base) == pytest.approx((low, high), abs=0.005)


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(0, 500), st.floats(50, 99))
def test_intervals_hold_the_share_and_mirror(count, others, confidence):
    base = count + others or 1
    count = min(count, base)
    low, high = wilson_interval(count, base, confidence=confidence)
    assert 0 <= low <= 100 * count / base <= high <= 100
    mirrored = wilson_interval(base - count, base, confidence=confidence)
    assert (100 - mirrored[1], 100 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)
    wider = wilson_interval(count, base, confidence=99.9)
    assert wider[0] <= low + 1e-9
    assert wider[1] >= high - 1e-9


@pytest.mark.parametrize(("count", "base"), [(0, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_is_refused(count, base):
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(count, base)


@pytest.mark.parametrize("confidence", [0, 100, -5])
def test_certainty_has_no_interval(confidence):
    with pytest.raises(ValueError, match="between 0 and 100"):
        wilson_interval(1, 2, confidence=confidence)
