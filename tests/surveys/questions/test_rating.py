import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.rating import Rating
from surveys.results import Counted

SPEC = QuestionSpec(key="mark", kind="rating", prompt="How appropriate?")


def test_every_mark_has_its_bar_and_the_middle_half_is_told():
    """Of 2, 5, 7, 8, 9 the median is 7, the quartiles of type 7 are 5 and 8."""
    tallies = compile_tallies(SPEC, [Counted(mark, "industry") for mark in (2, 5, 7, 8, 9)])
    assert [*tallies["all"].counts.values()] == [0, 1, 0, 0, 1, 0, 1, 1, 1]
    assert tallies["all"].measures == {"mean": 6.2, "median": 7, "q1": 5, "q3": 8, "iqr": 3}
    chart = Rating().chart(SPEC, tallies, names={"all": "All"})
    assert (chart.discrete, chart.edges[0], chart.edges[-1]) == (True, 0.5, 9.5)


@pytest.mark.parametrize("raw", ["0", "10", "1.5", "x", 0, True, [5], {"a": 1}])
def test_marks_outside_the_scale_are_refused(raw):
    with pytest.raises(ValidationError, match="Choose one of the listed answers"):
        Rating().form_field(SPEC).clean(raw)


def test_the_ends_say_what_they_mean():
    asked = QuestionSpec("m", "rating", "P", settings={"points": 5, "lowest": "never", "highest": "always"})
    assert Rating().problems(asked) == []
    assert Rating().readable(asked, 4) == "4 (1 = never, 5 = always)"
