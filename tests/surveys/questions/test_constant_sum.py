import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.constant_sum import ConstantSum
from surveys.results import Counted

OPTIONS = ({"key": "a", "label": "A"}, {"key": "b", "label": "B"}, {"key": "c", "label": "C"})
SPEC = QuestionSpec(key="sum", kind="constant_sum", prompt="Share out.", options=OPTIONS)
NAMES = {"all": "All", "industry": "Industry"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": "50", "b": "40"}, "Together these are 90: 10 more are needed to make 100."),
        ({"a": "50", "b": "40", "c": "13"}, "Together these are 103: 3 too many to make 100."),
        ({"a": "100", "b": "-1"}, "B: Out of range. From 0 to 100."),
        ({"a": "half", "b": "50"}, "A: Enter a number, e.g. 12."),
    ],
)
def test_what_does_not_make_the_total_says_by_how_much_it_is_off(given, message):
    with pytest.raises(ValidationError) as refusal:
        ConstantSum().form_field(SPEC).clean(given)
    assert refusal.value.messages == [message]


def test_what_is_left_empty_gets_nothing():
    assert ConstantSum().form_field(SPEC).clean({"a": "60", "c": "40"}) == {"a": 60, "b": 0, "c": 40}
    assert ConstantSum().form_field(SPEC).clean({"a": " "}) is None


def test_mean_shares_add_up_to_the_total():
    values = [{"a": 60, "b": 0, "c": 40}, {"a": 20, "b": 70, "c": 10}]
    tallies = compile_tallies(SPEC, [Counted(value, "industry") for value in values])
    assert tallies["all"].measures == {"mean:a": 40, "mean:b": 35, "mean:c": 25}
    assert ConstantSum().reading(SPEC, tallies, names=NAMES) == [
        "Mean shares of 100 in 2 answers: “A” 40, “B” 35, “C” 25."
    ]
    assert ConstantSum().finding(SPEC, tallies) == "The largest share goes to “A”"
