import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.probability import Probability
from surveys.results import Counted

SPEC = QuestionSpec(key="chance", kind="probability", prompt="How likely?")


def test_the_whole_line_is_drawn_in_tenths():
    tallies = compile_tallies(SPEC, [Counted(value, "industry") for value in (0, 9, 10, 100)])
    assert [*tallies["all"].counts.values()] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert Probability().reading(SPEC, tallies, names={})[0] == "The median of 4 answers is 9.5%."


@pytest.mark.parametrize(("raw", "value"), [("40", 40), ("40 %", 40), ("0", 0), ("100%", 100)])
def test_percents_are_read_with_and_without_the_sign(raw, value):
    assert Probability().form_field(SPEC).clean(raw) == value


@pytest.mark.parametrize("raw", ["101", "-1", "0.5", "likely"])
def test_what_is_no_whole_percent_is_refused(raw):
    with pytest.raises(ValidationError):
        Probability().form_field(SPEC).clean(raw)
