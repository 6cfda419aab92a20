import pytest
from django.utils import translation

from naatbatt.charts.numbers import number, quantity, rounded


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0, "0"),
        (1200, "1,200"),
        (12.50, "12.5"),
        (-3, "\N{MINUS SIGN}3"),
        (1e15, "1,000,000,000,000,000"),
        (1e-06, "0.000001"),
    ],
)
def test_numbers_are_grouped_without_needless_zeros(value, printed):
    assert number(value) == printed


def test_numbers_follow_the_readers_language():
    with translation.override("de"):
        assert number(1234.5) == "1.234,5"


@pytest.mark.parametrize(
    ("value", "unit", "printed"),
    [
        (12.5, "%", "12.5%"),
        (1200, "GWh", "1,200\u00a0GWh"),
        (85, "$", "$85"),
        (-85, "$", "\N{MINUS SIGN}$85"),
        (7, "", "7"),
    ],
)
def test_units_stand_where_they_belong(value, unit, printed):
    assert quantity(value, unit) == printed


@pytest.mark.parametrize(
    ("value", "decimals", "printed"),
    [
        (1.25, 0, 1.3),
        (11.25, 1, 11.3),
        (1518.75, 0, 1519),
        (99.95, 0, 100),
        (-1.25, 0, -1.3),
        (30, 0, 30),
        (0.125, 2, 0.13),
    ],
)
def test_statistics_are_rounded_halves_away_from_zero(value, decimals, printed):
    assert rounded(value, decimals=decimals) == printed
