"""Stop rules on bare values, worked out by hand."""

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.delphi.rules import Opinion, measures_of, rule_in_words, rule_problems, verdict
from surveys.questions import TYPES, QuestionSpec

STATEMENT = QuestionSpec(key="catch-up", kind="statement", prompt="By 2035 …")
SHARE = QuestionSpec(key="share", kind="number", prompt="What share?", settings={"unit": "%", "maximum": 100})
RATING = QuestionSpec(key="fit", kind="rating", prompt="How fitting?")
CHOICE = QuestionSpec(
    key="hurdle",
    kind="single_choice",
    prompt="Which hurdle?",
    options=[{"key": "cost", "label": "Cost"}, {"key": "skills", "label": "Skills"}],
)
HURDLES = QuestionSpec(key="hurdles", kind="multiple_choice", prompt="Which?", options=CHOICE.options)
TEXT = QuestionSpec(key="why", kind="text", prompt="Why?")

IQR = {"measure": "iqr", "at_most": 5}
ALIKE = {"measure": "agreement", "at_least": 75}
STABLE = {"measure": "changed", "at_most": 15}


def opinions(*values, before=()):
    before = [*before] or [None] * len(values)
    return [Opinion(value, earlier) for value, earlier in zip(values, before, strict=True)]


def found(spec, rule, given, *, minimum=3, survey_round=1):
    return verdict(spec, rule, given, survey_round=survey_round, minimum=minimum)


# --- the grammar


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        (SHARE, {}),
        (SHARE, IQR),
        (SHARE, STABLE),
        (SHARE, {"measure": "agreement", "from": 10, "to": 20, "at_least": 75}),
        (RATING, {"measure": "agreement", "from": 7, "to": 9, "at_least": 75}),
        (STATEMENT, {"measure": "iqr", "at_most": 1}),
        (STATEMENT, ALIKE),
        (STATEMENT, {"measure": "agreement", "is": ["agree", "strongly_agree"], "at_least": 66.7}),
        (CHOICE, ALIKE),
        (HURDLES, STABLE),
    ],
)
def test_rules_that_say_what_they_mean_have_no_problems(spec, rule):
    assert rule_problems(spec, rule) == []


@pytest.mark.parametrize(
    ("spec", "rule", "problem"),
    [
        (SHARE, [], "A stop rule is a table"),
        (SHARE, {"at_most": 1}, "has a “measure”: iqr, agreement, changed."),
        (SHARE, {"measure": ["iqr"], "at_most": 1}, "has a “measure”"),
        (SHARE, {"measure": "iqr", "at_least": 1}, "“at_least” is nothing that “iqr” knows. Known: measure, at_most."),
        (SHARE, {"measure": "iqr"}, "“at_most” takes a number from 0 up."),
        (SHARE, {"measure": "iqr", "at_most": True}, "“at_most” takes a number from 0 up."),
        (SHARE, {"measure": "iqr", "at_most": float("nan")}, "“at_most” takes a number from 0 up."),
        (SHARE, {"measure": "iqr", "at_most": 10**400}, "“at_most” takes a number from 0 up."),
        (SHARE, {"measure": "changed", "at_most": 101}, "“at_most” takes a percentage from 0 to 100."),
        (SHARE, ALIKE, "Say between which numbers they agree"),
        (SHARE, {**ALIKE, "from": 20, "to": 10}, "“from” is above “to”."),
        (SHARE, {**ALIKE, "from": 20}, "“from” and “to” take a number each."),
        (SHARE, {**ALIKE, "is": ["cost"]}, "The answers are no options"),
        (CHOICE, {**ALIKE, "from": 1, "to": 2}, "The answers are no numbers"),
        (CHOICE, {**ALIKE, "is": "cost"}, "“is” takes a list of option keys."),
        (CHOICE, {**ALIKE, "is": ["coal"]}, "“coal” is no option of this question, which has: cost, skills."),
        (STATEMENT, {**ALIKE, "is": ["agree"], "from": 1, "to": 2}, "not both"),
        (
            CHOICE,
            {"measure": "iqr", "at_most": 1},
            "“iqr” does not fit this kind of question. Fitting: agreement, changed.",
        ),
        (TEXT, STABLE, "“changed” does not fit this kind of question. Fitting: none."),
    ],
)
def test_problems_are_said_in_words(spec, rule, problem):
    (said,) = rule_problems(spec, rule)
    assert problem in said


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["measure", "at_most", "at_least", "is", "from", "to", "x"]),
            inner | st.sampled_from(["iqr", "agreement", "changed"]),
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(rule=ANYTHING, spec=st.sampled_from([SHARE, RATING, STATEMENT, CHOICE, TEXT]))
def test_any_json_is_borne_and_what_has_no_problem_can_be_said_and_judged(rule, spec):
    if not rule_problems(spec, rule):
        assert bool(rule_in_words(spec, rule)) == bool(rule)
        found(spec, rule, [])


@pytest.mark.parametrize("kind", [found() for found in TYPES], ids=lambda kind: kind.kind)
def test_every_kind_says_which_measures_fit_it_and_bears_being_judged_by_them(kind):
    spec, values = kind.example()
    rules = {
        "iqr": {"at_most": 10**6},
        "agreement": {"at_least": 0, "from": -(10**6), "to": 10**6},
        "changed": {"at_most": 100},
    }
    for measure in measures_of(kind):
        rule = {"measure": measure, **rules[measure]}
        if measure == "agreement" and not kind.on_a_line:
            rule = {"measure": measure, "at_least": 0}
        assert rule_problems(spec, rule) == []
        assert found(spec, rule, opinions(*values, before=values), minimum=2).reached
    assert (measures_of(kind) == []) == (kind.kind == "text")


@pytest.mark.parametrize(
    ("spec", "rule", "words"),
    [
        (SHARE, {}, ""),
        (SHARE, IQR, "Asked until the middle half of the answers spans 5% or less."),
        (SHARE, {**ALIKE, "from": 10, "to": 20}, "Asked until at least 75% answer 10% to 20%."),
        (STATEMENT, ALIKE, "Asked until at least 75% give the same answer."),
        (
            STATEMENT,
            {**ALIKE, "is": ["agree", "strongly_agree"]},
            "Asked until at least 75% answer “Agree” or “Strongly agree”.",
        ),
        (STATEMENT, STABLE, "Asked until at most 15% change their answer between rounds."),
    ],
)
def test_a_rule_reads_as_a_sentence(spec, rule, words):
    assert rule_in_words(spec, rule) == words


# --- what a round says


def test_the_spread_of_numbers():
    """Of 5, 10, 15, 20 the quartiles of type 7 are 8.75 and 16.25."""
    given = opinions(5, 10, 15, 20, None)
    assert found(SHARE, {"measure": "iqr", "at_most": 7.5}, given).reached
    verdict = found(SHARE, {"measure": "iqr", "at_most": 7.4}, given)
    assert not verdict.reached
    assert verdict.finding == "In round 1 the middle half of 4 answers spans 7.5% (interquartile range)."


def test_the_spread_of_a_statement_is_counted_in_points_of_its_scale():
    assert found(STATEMENT, {"measure": "iqr", "at_most": 1}, opinions("agree", "agree", "strongly_agree")).reached
    given = opinions("strongly_disagree", "agree", "strongly_agree")  # 1, 4, 5: quartiles 2.5 and 4.5
    assert not found(STATEMENT, {"measure": "iqr", "at_most": 1}, given).reached


def test_agreement_on_any_answer_is_that_on_the_one_most_chose():
    verdict = found(CHOICE, ALIKE, opinions("cost", "cost", "cost", "skills", None))
    assert verdict.reached  # 3 of 4 is 75 %, the blank weighs nothing
    assert verdict.finding == "In round 1, 3 of 4 (75%) answered “Cost”."
    assert not found(CHOICE, ALIKE, opinions("cost", "cost", "skills")).reached


def test_agreement_on_answers_that_are_named():
    rule = {**ALIKE, "is": ["agree", "strongly_agree"]}
    given = opinions("agree", "strongly_agree", "agree", "neutral")
    assert found(STATEMENT, rule, given).finding == ("In round 1, 3 of 4 (75%) answered “Agree” or “Strongly agree”.")
    assert found(STATEMENT, rule, given).reached
    assert not found(STATEMENT, ALIKE, given).reached  # 2 of 4 gave the same answer
    assert not found(STATEMENT, rule, opinions("disagree", "disagree", "disagree")).reached


def test_agreement_within_a_range_includes_both_ends():
    rule = {**ALIKE, "from": 7, "to": 9}
    assert found(RATING, rule, opinions(7, 9, 8, 6)).reached
    assert not found(RATING, rule, opinions(7, 9, 6, 6)).reached


def test_people_who_picked_several_agree_on_what_most_of_them_picked():
    verdict = found(HURDLES, ALIKE, opinions(["cost", "skills"], ["skills"], ["cost", "skills"], ["cost"]))
    assert verdict.reached
    assert "3 of 4 (75%)" in verdict.finding


def test_words_beside_other_are_not_the_same_answer():
    spec = QuestionSpec(**{**CHOICE.__dict__, "settings": {"other": True}})
    other = [{"other": "Permits"}, {"other": "Graphite"}, {"other": "Time"}]
    assert not found(spec, ALIKE, opinions(*other, "cost")).reached


def test_stability_looks_at_those_who_answered_before():
    given = opinions(5, 10, 15, 20, None, before=[5, 10, 16, None, 7])
    verdict = found(SHARE, STABLE, given, survey_round=2)
    assert not verdict.reached  # 1 of 3
    assert verdict.finding == "In round 2, 1 of 3 who had answered before changed their answer (33%)."
    assert found(SHARE, {"measure": "changed", "at_most": 34}, given, survey_round=2).reached


def test_nothing_is_said_of_fewer_than_the_smallest_group_shown():
    verdict = found(CHOICE, ALIKE, opinions("cost", "cost", None, None))
    assert not verdict.reached
    assert verdict.finding == "In round 1 fewer than 3 gave an answer, too few to tell."
    verdict = found(SHARE, STABLE, opinions(1, 2, 3, before=[1, 2, None]), survey_round=2)
    assert not verdict.reached
    assert verdict.finding == "In round 2 fewer than 3 had given an answer before, too few to tell."


def test_without_a_rule_or_with_one_that_cannot_be_read_there_is_no_verdict():
    assert found(CHOICE, {}, opinions("cost", "cost", "cost")) is None
    assert found(CHOICE, {"measure": "iqr", "at_most": 1}, opinions("cost", "cost", "cost")) is None


@pytest.mark.django_db
def test_a_file_with_a_stop_rule_that_does_not_fit_is_refused_with_its_line(tmp_path):
    file = tmp_path / "race.toml"
    file.write_text(
        'title = "T"\nintroduction = "I"\n[[question]]\nkey = "share"\nkind = "number"\nprompt = "P"\n'
        'stop_rule = {measure = "iqr", at_least = 1}\n'
    )
    with pytest.raises(CommandError, match=r"race.toml:7: stop_rule: “at_least” is nothing that “iqr” knows"):
        call_command("survey", "import", str(file))


def test_a_spread_that_is_printed_as_the_bound_has_reached_it():
    """0.4 - 0.1 is a little more than 0.3 to a computer."""
    got = found(SHARE, {"measure": "iqr", "at_most": 0.3}, opinions(0.1, 0.1, 0.2, 0.4, 0.4))
    assert "spans 0.3%" in got.finding
    assert got.reached
    assert not found(SHARE, {"measure": "iqr", "at_most": 0.299}, opinions(0.1, 0.1, 0.2, 0.4, 0.4)).reached
