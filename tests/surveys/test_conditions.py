"""Whom a question is put to: what holds, what is refused before it can be saved, and how it reads."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from surveys import conditions
from surveys.questions import TYPES, QuestionSpec, question_type
from tests.surveys.questions.test_contract import json_values

STATEMENT = QuestionSpec("catch-up", "statement", "By 2035 the United States will make half of the cells it uses.")
HURDLE = QuestionSpec(
    "hurdle",
    "single_choice",
    "Which hurdle?",
    settings={"other": True},
    options=[{"key": "cost", "label": "Cost of building"}, {"key": "people", "label": "People"}],
)
SHARE = QuestionSpec("share", "number", "What share?", settings={"unit": "%"})
SPLIT = QuestionSpec(
    "split",
    "constant_sum",
    "How would you share it out?",
    options=[{"key": "a", "label": "A"}, {"key": "b", "label": "B"}],
)
EARLIER = [STATEMENT, HURDLE, SHARE, SPLIT]


def asked(*show_if):
    return QuestionSpec("why", "text", "Why?", show_if=show_if)


def problems(*show_if, after=()):
    question = asked(*show_if)
    return conditions.problems([*EARLIER, question, *after], question)


def is_shown(condition, **values):
    return "why" in conditions.shown(
        [*EARLIER, asked(condition)], {key.replace("_", "-"): v for key, v in values.items()}
    )


# --- what holds


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        ({"question": "catch-up", "is": ["agree", "strongly_agree"]}, {"catch_up": "agree"}, True),
        ({"question": "catch-up", "is": ["agree", "strongly_agree"]}, {"catch_up": "neutral"}, False),
        ({"question": "catch-up", "is": ["agree"]}, {}, False),
        ({"question": "catch-up", "is_not": ["agree"]}, {"catch_up": "neutral"}, True),
        ({"question": "catch-up", "is_not": ["agree"]}, {}, False),
        ({"question": "catch-up", "at_least": 4}, {"catch_up": "agree"}, True),
        ({"question": "catch-up", "at_least": 4}, {"catch_up": "neutral"}, False),
        ({"question": "hurdle", "is": ["other"]}, {"hurdle": {"other": "Permits"}}, True),
        ({"question": "share", "at_least": 20}, {"share": 20}, True),
        ({"question": "share", "at_least": 20, "at_most": 30}, {"share": 31}, False),
        ({"question": "share", "answered": True}, {"share": 0}, True),
        ({"question": "share", "answered": False}, {"share": 0}, False),
        ({"question": "share", "answered": False}, {}, True),
    ],
)
def test_a_condition_holds_or_not(condition, values, holds):
    assert problems(condition) == []
    assert is_shown(condition, **values) is holds


def test_what_depends_on_a_question_that_is_not_shown_falls_with_it():
    middle = replace(HURDLE, show_if=[{"question": "catch-up", "is": ["agree"]}])
    last = asked({"question": "hurdle", "is": ["cost"]})
    answers = {"catch-up": "disagree", "hurdle": "cost"}
    assert conditions.shown([STATEMENT, middle, last], answers) == {"catch-up"}
    assert conditions.shown([STATEMENT, middle, last], {**answers, "catch-up": "agree"}) == {
        "catch-up",
        "hurdle",
        "why",
    }


# --- what is refused


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"question": "who", "is": ["a"]}, "There is no question “who” before this one."),
        ({"question": "why", "answered": True}, "A question cannot depend on its own answer."),
        ({"question": "later", "answered": True}, "“later” does not come before this question"),
        ({"question": "catch-up", "is": ["maybe"]}, "“maybe” is no option of “catch-up”, which has: strongly_disagree"),
        ({"question": "hurdle", "is_not": ["no_opinion"]}, "“no_opinion” is no option of “hurdle”"),
        ({"question": "catch-up", "is": []}, "“is” names no option of “catch-up”."),
        ({"question": "catch-up", "is": "agree"}, "“is” takes a list of option keys."),
        ({"question": "catch-up", "is": [["agree"]]}, "“is” takes a list of option keys."),
        ({"question": "share", "is": ["20"]}, "An answer to “share” does not consist of options."),
        ({"question": "split", "is": ["a"]}, "An answer to “split” does not consist of options."),
        ({"question": "hurdle", "at_least": 1}, "An answer to “hurdle” is no number."),
        ({"question": "share", "at_least": "20"}, "“at_least” takes a number."),
        ({"question": "share", "at_most": True}, "“at_most” takes a number."),
        ({"question": "share", "at_most": float("nan")}, "“at_most” takes a number."),
        ({"question": "share", "at_most": 10**400}, "“at_most” takes a number."),
        ({"question": "share", "at_least": 3, "at_most": 2}, "so this is never true"),
        ({"question": "share", "answered": "yes"}, "“answered” is true or false."),
        ({"question": "share", "answered": False, "at_least": 1}, "so this is never true"),
        ({"question": "share"}, "Say what must be true of the answer to “share”."),
        ({"question": "share", "equals": 1}, "“equals” is nothing that can be asked of an answer."),
        ({"question": 7, "answered": True}, "A condition names a question by its key"),
        ("catch-up", "A condition names a question by its key"),
    ],
)
def test_what_could_never_be_met_is_refused_in_one_sentence(condition, message):
    (said,) = problems(condition, after=[QuestionSpec("later", "text", "Later?")])
    assert message in said


@pytest.mark.parametrize("broken", ["catch-up", {"question": "catch-up"}, 7, None, [None] * 21])
def test_conditions_are_a_list_that_is_not_too_long(broken):
    question = replace(asked(), show_if=broken)
    assert len(conditions.problems([*EARLIER, question], question)) == 1


def test_a_circle_is_refused_at_one_of_its_ends():
    first = replace(STATEMENT, show_if=[{"question": "share", "answered": True}])
    second = replace(SHARE, show_if=[{"question": "catch-up", "answered": True}])
    assert list(conditions.all_problems([first, second])) == ["catch-up"]
    assert list(conditions.all_problems([second, first])) == ["share"]


def test_only_what_depends_on_the_given_questions_is_said_to_break():
    question = asked({"question": "who", "answered": True}, {"question": "share", "is": ["a"]})
    (found,) = conditions.broken_by({"share"}, [*EARLIER, question])
    assert found == (question, "An answer to “share” does not consist of options.")


@settings(deadline=None)
@given(broken=json_values)
def test_conditions_of_any_shape_get_sentences_and_break_nothing(broken):
    likely = [{"question": "catch-up", test: broken} for test in conditions.TESTS]
    for show_if in (broken, [broken, broken], [{"question": broken, "is": broken}], likely):
        question = replace(asked(), show_if=show_if)
        found = conditions.problems([*EARLIER, question], question)
        assert all(isinstance(said, str) and 0 < len(said) < 250 for said in found)
        assert conditions.broken_by({"catch-up"}, [*EARLIER, question]) is not None
        if not found:  # what passes can be asked and told
            conditions.shown([*EARLIER, question], {"catch-up": "agree"})
            assert isinstance(conditions.in_words(EARLIER, question.show_if), str)


# --- in words


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            {"question": "catch-up", "is": ["agree", "strongly_agree"]},
            "“By 2035 the United States will make half of the cells it…” was answered “Agree” or “Strongly agree”",
        ),
        ({"question": "hurdle", "is": ["other"]}, "“Which hurdle?” was answered “Other”"),
        ({"question": "hurdle", "is_not": ["cost"]}, "“Which hurdle?” was answered, but not “Cost of building”"),
        ({"question": "share", "at_least": 20}, "“What share?” was answered 20% or more"),
        ({"question": "share", "at_most": 20.5}, "“What share?” was answered 20.5% or less"),
        ({"question": "share", "at_least": 5, "at_most": 20}, "“What share?” was answered 5% to 20%"),
        ({"question": "share", "answered": True}, "“What share?” was answered"),
        ({"question": "share", "answered": False}, "“What share?” was not answered"),
    ],
)
def test_a_condition_in_words(condition, words):
    assert problems(condition) == []
    assert conditions.in_words(EARLIER, [condition]) == words


def test_several_conditions_are_joined_and_questions_may_have_other_names():
    show_if = [{"question": "hurdle", "is": ["cost"]}, {"question": "share", "at_least": 5}]
    assert conditions.in_words(EARLIER, show_if, names={"hurdle": "question 2", "share": "question 3"}) == (
        "question 2 was answered “Cost of building”, and question 3 was answered 5% or more"
    )


def test_a_question_that_is_gone_is_called_by_its_key():
    assert conditions.in_words([], [{"question": "hurdle", "is": ["cost"]}]) == "“hurdle” was answered “cost”"
    assert conditions.in_words([], [{"question": "share", "at_least": 5}]) == "“share” was answered 5 or more"


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_of_every_kind_it_can_be_asked_what_it_offers(kind):
    """What the editor offers for a kind passes, holds for an example of it, and reads; the rest is refused."""
    spec, values = kind().example()
    for value in values:
        tests = [{"answered": True}]
        tests += [{"is": [option]} for option in kind().picked(spec, value)]
        number = kind().as_number(spec, value)
        tests += [{"at_least": number, "at_most": number}] if number is not None else []
        for test in tests:
            question = asked({"question": spec.key, **test})
            assert conditions.problems([spec, question], question) == []
            assert "why" in conditions.shown([spec, question], {spec.key: value})
            assert spec.prompt.split()[0] in conditions.in_words([spec], question.show_if)
    for test, offered in (("is", question_type(spec.kind).pickable(spec)), ("at_least", kind.on_a_line)):
        if not offered:
            question = asked({"question": spec.key, test: ["a"] if test == "is" else 1})
            assert len(conditions.problems([spec, question], question)) == 1
