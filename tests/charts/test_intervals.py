import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naatbatt.charts import Interval, Intervals, drawing, svg

ROWS = (Interval("All", 4, 10, 30, base=12), Interval("Industry", 5, 12, 38, base=7, inner=(8, 20)))


def test_axis_has_round_numbers_around_what_is_drawn():
    drawn = drawing.draw(Intervals("T", ROWS, unit="%"))
    assert re.findall(r">([0-9]+)</text>", drawn) == ["0", "10", "20", "30", "40"]


def test_dot_and_ends_stand_where_the_axis_has_them():
    """0 to 30 between 3 % and 97 %: 4 stands at 15.53, 10 at 34.33, 30 at 97."""
    drawn = drawing.draw(Intervals("T", ROWS[:1], unit="%"))
    assert 'cx="34.33%"' in drawn
    assert 'x1="15.53%" x2="97%"' in drawn
    assert "10%, from 4% to 30%" in drawn


def test_table_has_every_point_of_every_row():
    figure = drawing.figure(Intervals("T", ROWS, unit="%", levels=("5%", "25%", "50%", "75%", "95%")))
    for cell in ("Low (5%)", "Upper middle (75%)", "12%", "38%"):
        assert cell in figure


@given(st.lists(st.floats(-1e12, 1e12), min_size=3, max_size=3).map(sorted))
def test_any_interval_is_drawn_inside_its_picture(points):
    drawn = drawing.draw(Intervals("T", (Interval("A", *points, base=3),)))
    places = [float(place) for place in re.findall(r'(?:cx|x1|x2)="([-0-9.]+)%"', drawn)]
    assert all(-0.1 <= place <= 100.1 for place in places)
    ElementTree.fromstring(drawn)


@pytest.mark.parametrize("label", ["A very long name of a group that does not fit " * 2, "電池" * 30])
def test_long_names_are_broken(label):
    drawn = drawing.draw(Intervals("T", (Interval(label, 1, 2, 3, base=3), ROWS[0])))
    for line in re.findall(r"<tspan>([^<]*)</tspan>|<text[^>]*font-weight=\"600\"[^>]*>([^<]+)</text>", drawn):
        assert svg.text_width("".join(line), bold=True) <= svg.NARROWEST
