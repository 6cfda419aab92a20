import math

import pytest

from naatbatt.charts import Bar, Bars, Diverging, Group, Histogram, Interval, Intervals

LEVELS = ("No", "Neither", "Yes")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Bars("T", ()), "at least one row"),
        (lambda: Bars("T", (Bar("China", math.nan, "?"),)), "“China” is not a finite number"),
        (lambda: Bars("T", (Bar("China", 1, "1"),), maximum=0), "above zero"),
        (lambda: Diverging("T", ("Yes",), (Group("All", (100,), 3),)), "2 to 7 levels"),
        (lambda: Diverging("T", tuple("abcdefgh"), (Group("All", (100, *[0] * 7), 3),)), "2 to 7 levels"),
        (lambda: Diverging("T", LEVELS, ()), "at least one row"),
        (lambda: Diverging("T", LEVELS, (Group("All", (50, 50), 3),)), "“All” needs one share for each level"),
        (lambda: Diverging("T", LEVELS, (Group("All", (50, 30, 18), 3),)), "together 100 percent"),
        (lambda: Diverging("T", LEVELS, (Group("All", (-1, 51, 50), 3),)), "“All” needs"),
        (lambda: Histogram("T", (0, 1, 2), (1,), 0.5, (0, 1)), "one edge more"),
        (lambda: Histogram("T", (0,), (), 0.5, (0, 1)), "one edge more"),
        (lambda: Histogram("T", (0, math.inf), (1,), 0.5, (0, 1)), "finite"),
        (lambda: Histogram("T", (0, 0), (1,), 0.5, (0, 1)), "must rise"),
        (lambda: Histogram("T", (0, 1), (-1,), 0.5, (0, 1)), "cannot be negative"),
        (lambda: Histogram("T", (0, 1), (1,), 0.5, (1, 0)), "first quartile"),
    ],
)
def test_a_shape_that_cannot_be_drawn_cannot_be_made(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_a_group_without_opinions_is_drawn_empty():
    assert Diverging("T", LEVELS, (Group("All", (0, 0, 0), 0),)).groups[0].base == 0


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ((), "at least one row"),
        ((Interval("A", 1, math.nan, 3),), "finite numbers"),
        ((Interval("A", 3, 2, 4),), "must rise"),
        ((Interval("A", 1, 2, 4, inner=(3, 4)),), "must rise"),
    ],
)
def test_intervals_that_cannot_be_drawn_cannot_be_made(rows, sentence):
    with pytest.raises(ValueError, match=sentence):
        Intervals("T", rows)
