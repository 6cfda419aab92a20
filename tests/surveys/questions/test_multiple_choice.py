import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.multiple_choice import MultipleChoice
from surveys.results import Counted

OPTIONS = ({"key": "a", "label": "Defence"}, {"key": "b", "label": "Vehicles"}, {"key": "c", "label": "Centres"})
SPEC = QuestionSpec(key="whom", kind="multiple_choice", prompt="For whom?", options=OPTIONS)
NAMES = {"all": "All", "industry": "Industry"}


def tallies():
    values = [["a"], ["a", "b"], ["a", "b", "c"], ["b"]]
    return compile_tallies(SPEC, [Counted(value, "industry") for value in values] + [Counted(None, "industry")])


def test_the_base_is_people_and_the_picks_are_apart():
    tally = tallies()["all"]
    assert (tally.asked, tally.base, tally.counts) == (5, 4, {"a": 3, "b": 3, "c": 1})
    assert tally.measures == {"picks": 7}


def test_shares_of_people_need_not_add_up():
    chart = MultipleChoice().chart(SPEC, tallies(), names=NAMES)
    assert [bar.value for bar in chart.bars] == [75, 75, 25]
    assert chart.description == (
        "“Defence” and “Vehicles” were chosen most, each by 3 of 4. More than one answer was possible."
    )


def test_form_cleans_to_the_order_asked_and_each_once():
    assert MultipleChoice().form_field(SPEC).clean(["c", "a", "c"]) == ["a", "c"]


@pytest.mark.parametrize("raw", [["a", "z"], "a", [["a"]]])
def test_form_refuses_what_is_not_a_list_of_what_is_offered(raw):
    with pytest.raises(ValidationError):
        MultipleChoice().form_field(SPEC).clean(raw)


def test_each_option_is_a_column_of_ones_and_zeros():
    assert MultipleChoice().columns(SPEC) == ["whom_a", "whom_b", "whom_c"]
    assert MultipleChoice().cells(SPEC, ["a", "c"]) == [1, 0, 1]
    assert MultipleChoice().readable(SPEC, ["a", "c"]) == "Defence; Centres"


@pytest.mark.parametrize(
    ("settings", "raw", "message"),
    [
        ({"most": 1}, ["a", "b"], "2 are too many. Choose at most 1."),
        ({"least": 2}, ["a"], "1 are too few. Choose at least 2."),
        ({"least": 2, "most": 2}, ["a"], "1 are too few. Choose exactly 2."),
        ({"exclusive": ["c"]}, ["a", "c"], "“Centres” goes with no other answer. Take it away, or the others."),
        ({"other": True}, ["a", {"other": ""}], "Say in a few words what you mean by “Other”."),
    ],
)
def test_picks_that_do_not_fit_are_refused_in_words(settings, raw, message):
    spec = QuestionSpec("whom", "multiple_choice", "For whom?", options=OPTIONS, settings=settings)
    assert MultipleChoice().problems(spec) == []
    with pytest.raises(ValidationError) as refusal:
        MultipleChoice().form_field(spec).clean(raw)
    assert refusal.value.messages == [message]


def test_what_stands_alone_needs_no_second_pick():
    spec = QuestionSpec("whom", "multiple_choice", "P", options=OPTIONS, settings={"least": 2, "exclusive": ["c"]})
    assert MultipleChoice().form_field(spec).clean(["c"]) == ["c"]


def test_settings_that_no_answer_could_meet_are_named():
    spec = QuestionSpec("whom", "multiple_choice", "P", options=OPTIONS, settings={"least": 4, "exclusive": ["z"]})
    assert MultipleChoice().problems(spec) == [
        "exclusive: “z” is no key of an option.",
        "least: there are only 2 to choose from.",
    ]
