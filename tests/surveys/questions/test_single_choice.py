import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.single_choice import SingleChoice
from surveys.results import Counted

OPTIONS = ({"key": "cost", "label": "Cost"}, {"key": "skill", "label": "Skill"}, {"key": "tech", "label": "Technology"})
SPEC = QuestionSpec(key="hurdle", kind="single_choice", prompt="Which hurdle?", options=OPTIONS)
NAMES = {"all": "All", "industry": "Industry", "academia": "Academia"}


def tallies(industry, academia=()):
    answers = [Counted(value, "industry") for value in industry] + [Counted(value, "academia") for value in academia]
    return compile_tallies(SPEC, answers)


def test_bars_add_up_to_a_hundred_and_name_the_sectors_counts():
    chart = SingleChoice().chart(SPEC, tallies(["cost", "skill"], ["tech"]), names=NAMES)
    assert [(bar.label, bar.value, bar.text) for bar in chart.bars] == [
        ("Cost", 34, "34%"),
        ("Skill", 33, "33%"),
        ("Technology", 33, "33%"),
    ]
    assert chart.bars[0].note.replace("\xa0", " ") == "1 of 3: Industry 1 of 2, Academia 0 of 1"


@pytest.mark.parametrize(
    ("chosen", "sentences"),
    [
        (["cost"] * 3 + ["skill"], ["3 of 4 (75%) chose “Cost”.", "Next is “Skill” with 1 (25%)."]),
        (["cost"] * 2, ["2 of 2 (100%) chose “Cost”."]),
        (["cost", "skill"], ["“Cost” and “Skill” were chosen most, each by 1 of 2."]),
        (["cost", "skill", "tech"], ["All answers were chosen equally often, each by 1 of 3."]),
    ],
)
def test_reading_names_the_leading_answers(chosen, sentences):
    assert SingleChoice().reading(SPEC, tallies(chosen), names=NAMES) == sentences


def test_form_refuses_what_is_not_offered():
    with pytest.raises(ValidationError, match="Choose one of the listed answers"):
        SingleChoice().form_field(SPEC).clean("luck")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "at least 2 options"),
        ("cost", "must be a list"),
        ([{"key": "a"}, {"key": "b", "label": "B"}], 'Option 1 must have a "key" and a "label"'),
        ([{"key": "a", "label": "A"}, {"key": "a", "label": "B"}], "The key “a” is used twice."),
        ([{"key": "a", "label": "Same"}, {"key": "b", "label": " same"}], "The label “same” is used twice."),
        ([{"key": "Not a key", "label": "A"}, {"key": "b", "label": "B"}], "The key of option 1"),
        ([{"key": "a", "label": " "}, {"key": "b", "label": "B"}], "Option 1 has no label"),
        ([{"key": "a", "label": "A" * 301}, {"key": "b", "label": "B"}], "longer than 300 characters"),
        ([{"key": "a", "label": "A\x00"}, {"key": "b", "label": "B"}], "cannot be printed"),
    ],
)
def test_broken_options_are_named(options, sentence):
    problems = SingleChoice().problems(QuestionSpec("k", "single_choice", "P", options=options))
    assert len(problems) == 1
    assert sentence in problems[0]


WITH_OTHER = QuestionSpec("hurdle", "single_choice", "Which?", options=OPTIONS, settings={"other": True})


def test_other_is_counted_under_its_key_and_its_words_wait_for_moderation():
    kind = SingleChoice()
    value = kind.form_field(WITH_OTHER).clean({"other": "  Permits,\n mostly "})
    assert value == {"other": "Permits, mostly"}
    assert kind.words(value, "Truly.") == "Permits, mostly\n\nTruly."
    assert kind.frozen(value) == "other"
    tally = compile_tallies(WITH_OTHER, [Counted(value, "industry"), Counted("cost", "industry")])["all"]
    assert tally.counts == {"cost": 1, "skill": 0, "tech": 0, "other": 1}
    assert kind.cells(WITH_OTHER, value) == ["other", "Permits, mostly"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"other": " "}, "Say in a few words"),
        ("other", "Say in a few words"),
        ({"other": "x" * 201}, "at most 200"),
        ({"other": "Permits", "beside": "cost"}, "one answer and written another"),
    ],
)
def test_other_needs_its_words_and_nothing_beside_it(raw, message):
    with pytest.raises(ValidationError, match=message):
        SingleChoice().form_field(WITH_OTHER).clean(raw)


def test_keys_that_the_settings_offer_are_taken():
    options = [*OPTIONS, {"key": "other", "label": "Something else"}]
    problems = SingleChoice().problems(
        QuestionSpec("k", "single_choice", "P", options=options, settings={"other": True})
    )
    assert problems == ["The key “other” is taken by what the settings offer. Give that option another one."]


def test_random_order_keeps_other_and_the_blanks_last():
    asked = QuestionSpec(
        "k", "single_choice", "P", options=OPTIONS, settings={"other": True, "shuffle": True, "offers": ["no_opinion"]}
    )
    orders = []
    for seed in ("1:k", "2:k", "3:k", "4:k", "1:k"):
        field = SingleChoice().form_field(asked)
        SingleChoice().arrange(field, asked, seed=seed)
        orders.append([key for key, _label in field.choices])
        assert orders[-1][3:] == ["other", "no_opinion"]
    assert orders[0] == orders[-1]
    assert len({tuple(order) for order in orders}) > 1
