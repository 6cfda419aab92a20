import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.statement import Statement
from surveys.results import Counted

SPEC = QuestionSpec(key="catch-up", kind="statement", prompt="It can catch up.")
NAMES = {"all": "All", "industry": "Industry", "academia": "Academia"}


def answers():
    """Industry 3 agree (one strongly) and 1 disagrees; academia 1 disagrees strongly and 1 has no opinion."""
    return [
        Counted("agree", "industry", confidence=4),
        Counted("agree", "industry", confidence=4),
        Counted("strongly_agree", "industry", confidence=10),
        Counted("disagree", "industry", confidence=1),
        Counted("strongly_disagree", "academia", confidence=1),
        Counted(None, "academia", "no_opinion", confidence=10),
    ]


def test_counts_and_weights_stand_from_negative_to_positive():
    tally = compile_tallies(SPEC, answers())["all"]
    assert list(tally.counts.items()) == [
        ("strongly_disagree", 1),
        ("disagree", 1),
        ("neutral", 0),
        ("agree", 2),
        ("strongly_agree", 1),
    ]
    assert list(tally.weights.values()) == [1, 1, 0, 8, 10]
    assert (tally.asked, tally.base, tally.blanks) == (6, 5, {"no_opinion": 1})


def test_chart_has_a_row_for_all_plain_and_weighted_and_for_each_sector():
    chart = Statement().chart(SPEC, compile_tallies(SPEC, answers()), names=NAMES)
    assert chart.levels[0] == "Strongly disagree"
    assert chart.levels[-1] == "Strongly agree"
    assert [(group.label, group.shares, group.base) for group in chart.groups] == [
        ("All", (20, 20, 0, 40, 20), 5),
        ("All, weighted by confidence", (5, 5, 0, 40, 50), 5),
        ("Industry", (0, 25, 0, 50, 25), 4),
        ("Academia", (100, 0, 0, 0, 0), 1),
    ]


def test_a_withheld_sector_is_neither_drawn_nor_told():
    tallies = compile_tallies(SPEC, answers())
    del tallies["academia"]
    chart = Statement().chart(SPEC, tallies, names=NAMES)
    assert "Academia" not in chart.description
    assert [group.label for group in chart.groups] == ["All", "All, weighted by confidence", "Industry"]


def test_reading_says_who_agrees_plainly_weighted_and_by_sector():
    assert Statement().reading(SPEC, compile_tallies(SPEC, answers()), names=NAMES) == [
        "Of 5 who gave an opinion, 60% agree (3), 40% disagree (2) and 0% do neither (0).",
        "Weighted by confidence, 90% agree and 10% disagree.",
        "Agreement by sector: Industry 75% of 4, Academia 0% of 1.",
    ]


def test_without_confidence_there_is_no_weighted_row():
    chart = Statement().chart(SPEC, compile_tallies(SPEC, [Counted("agree", "industry")] * 3), names=NAMES)
    assert [group.label for group in chart.groups] == ["All", "Industry"]


def test_form_offers_no_opinion_as_a_blank():
    field = Statement().form_field(SPEC)
    assert [key for key, _label in field.choices][-1] == "no_opinion"
    assert field.clean("no_opinion") in Statement().offered(SPEC)
    without = QuestionSpec("k", "statement", "P", settings={"offers": []})
    assert [key for key, _label in Statement().form_field(without).choices][-1] == "strongly_agree"


def test_form_refuses_what_is_not_offered():
    with pytest.raises(ValidationError, match="Choose one of the listed answers"):
        Statement().form_field(SPEC).clean("perhaps")


def test_labels_can_be_worded_otherwise_but_keys_stay():
    spec = QuestionSpec("k", "statement", "P", options=[{"key": "neutral", "label": "Uncertain"}])
    assert Statement().problems(spec) == []
    assert Statement().readable(spec, "neutral") == "Uncertain"
    assert Statement().readable(spec, "agree") == "Agree"
    other = QuestionSpec("k", "statement", "P", options=[{"key": "maybe", "label": "Maybe"}])
    assert "“maybe” is no point of the scale" in Statement().problems(other)[0]


@pytest.mark.parametrize(("points", "number"), [(4, 4), (6, 6), (7, 7)])
def test_scales_of_other_lengths_keep_the_keys_and_tell_the_sides_apart(points, number):
    spec = QuestionSpec("k", "statement", "P", settings={"points": points})
    assert Statement().problems(spec) == []
    keys = [*Statement().labels(spec)]
    assert len(keys) == number
    assert (keys[0], keys[-1]) == ("strongly_disagree", "strongly_agree")
    tallies = compile_tallies(spec, [Counted("agree", "industry"), Counted("disagree", "industry")])
    reading = Statement().reading(spec, tallies, names=NAMES)[0]
    assert "50% agree (1)" in reading
    assert ("neither" in reading) == (points == 7)
