"""Tails against printed tables and closed forms."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.consensus.distributions import chi_square_tail, normal_tail


@pytest.mark.parametrize(
    ("value", "degrees", "tail"),
    [  # NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4, critical values of chi-square
        (2.706, 1, 0.10),
        (3.841, 1, 0.05),
        (10.828, 1, 0.001),
        (5.991, 2, 0.05),
        (9.488, 4, 0.05),
        (18.307, 10, 0.05),
        (29.588, 10, 0.001),
        (3.940, 10, 0.95),
        (43.773, 30, 0.05),
        (18.493, 30, 0.95),
        (124.342, 100, 0.05),
        (149.449, 100, 0.001),
    ],
)
def test_chi_square_tails_are_those_of_the_table(value, degrees, tail):
    assert chi_square_tail(value, degrees) == pytest.approx(tail, rel=5e-4)


@settings(deadline=None)
@given(st.floats(1e-6, 500))
def test_chi_square_tails_have_closed_forms_for_one_two_three_and_four_degrees(value):
    half, fall = value / 2, math.exp(-value / 2)
    assert chi_square_tail(value, 1) == pytest.approx(math.erfc(math.sqrt(half)), rel=1e-10, abs=1e-15)
    assert chi_square_tail(value, 2) == pytest.approx(fall, rel=1e-10, abs=1e-15)
    third = math.erfc(math.sqrt(half)) + math.sqrt(2 * value / math.pi) * fall
    assert chi_square_tail(value, 3) == pytest.approx(third, rel=1e-10, abs=1e-15)
    assert chi_square_tail(value, 4) == pytest.approx(fall * (1 + half), rel=1e-10, abs=1e-15)


@settings(deadline=None)
@given(st.floats(0, 1e4), st.floats(0, 1e3), st.integers(1, 500))
def test_chi_square_tails_are_probabilities_that_fall(value, more, degrees):
    here, there = chi_square_tail(value, degrees), chi_square_tail(value + more, degrees)
    assert 0 <= there <= here * (1 + 1e-9) <= 1 + 1e-9


def test_the_ends_of_chi_square():
    assert chi_square_tail(0, 3) == 1.0
    assert chi_square_tail(math.inf, 3) == 0.0
    # Far out, where 1 - P would have lost every digit: exp(-300)
    assert chi_square_tail(600, 2) == pytest.approx(math.exp(-300), rel=1e-10)


@pytest.mark.parametrize(("value", "degrees"), [(-1, 1), (math.nan, 1), (1, 0), (1, -2), (1, math.nan)])
def test_what_is_no_chi_square_is_refused(value, degrees):
    with pytest.raises(ValueError, match="no chi-square"):
        chi_square_tail(value, degrees)


def test_normal_tails_are_those_of_the_table():
    assert normal_tail(0) == 0.5
    assert normal_tail(1.959964) == pytest.approx(0.025, abs=1e-7)
    assert normal_tail(-1.644854) == pytest.approx(0.95, abs=1e-7)
