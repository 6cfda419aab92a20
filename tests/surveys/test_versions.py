import pytest

from surveys.versions import Difference, Part, ask_the_same, differences
from tests.factories import QuestionFactory


def question(**fields):
    return QuestionFactory.build(survey=None, **fields)


def test_the_same_words_have_no_differences():
    assert differences(question(position=1, version=1), question(position=2, version=2)) == []


def test_a_changed_word_is_shown_among_those_that_stay():
    (found,) = differences(question(prompt="It can catch up by 2035."), question(prompt="It will catch up by 2035."))
    assert found == Difference(
        "Question",
        (Part("kept", "It "), Part("removed", "can"), Part("added", "will"), Part("kept", " catch up by 2035.")),
    )


def test_whatever_makes_up_the_wording_is_compared_and_named():
    before = question(kind="number", prompt="How much?", settings={"unit": "%"})
    after = question(
        kind="single_choice", prompt="Which?", guidance="One.", required=True,
        options=[{"key": "a", "label": "A"}, {"key": "b", "label": "B"}],
    )  # fmt: skip
    assert [found.label for found in differences(before, after)] == [
        "Question", "Guidance", "Answer required", "Kind", "Settings", "Options",
    ]  # fmt: skip


def test_nothing_is_lost_between_kept_removed_and_added():
    before, after = "One  two\nthree four", "One two\n\nthree  five four"
    (found,) = differences(question(prompt=before), question(prompt=after))
    assert "".join(part.text for part in found.parts if part.change != "added") == before
    assert "".join(part.text for part in found.parts if part.change != "removed") == after


@pytest.mark.django_db
def test_whom_it_is_put_to_and_where_it_stands_are_compared_in_words():
    first = QuestionFactory(key="catch-up", prompt="Can it catch up?", position=1)
    plants = first.survey.sections.create(key="plants", title="Plants", position=1)
    before, after = (QuestionFactory(survey=first.survey, key=key, prompt="Why?") for key in ("a", "b"))
    after.show_if, after.section = [{"question": "catch-up", "is": ["agree"]}], plants
    shown, section = differences(before, after)
    assert (shown.label, section.label) == ("Shown when", "Section")
    assert "".join(part.text for part in shown.parts if part.change == "removed") == "always"
    told = "".join(part.text for part in shown.parts if part.change != "removed")
    assert told == "“Can it catch up?” was answered “Agree”"
    assert section.parts == (Part("added", "Plants"),)
    assert not ask_the_same(before, after)
    after.show_if = []
    assert ask_the_same(before, after)
