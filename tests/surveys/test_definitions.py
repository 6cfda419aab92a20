"""The words a survey means in a certain way, explained where they stand."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings

from surveys import definitions
from tests.factories import QuestionFactory, SurveyFactory
from tests.surveys.questions.test_contract import json_values

SUBSTANTIAL = {"term": "substantial", "meaning": "At least a tenth."}


def question(prompt="Why?", **fields):
    return QuestionFactory.build(survey=None, prompt=prompt, **fields)


@pytest.mark.parametrize(
    ("term", "text", "stands"),
    [
        ("substantial", "A substantial share", True),
        ("Substantial", "SUBSTANTIAL, they say", True),
        ("substantial", "substantially", False),
        ("substantial", "insubstantial", False),
        ("substantial", "a _substantial_ share, **substantial**", True),
        ("volume production", "in volume\nproduction", True),
        ("volume production", "volume-production", False),
        ("C++", "C++ and others", True),
        ("größer", "GRÖSSER oder GRÖßER", True),
        (".*", "anything", False),
    ],
)
def test_a_term_stands_where_its_words_do_whole(term, text, stands):
    assert definitions.stands_in(term, text) is stands


@pytest.mark.parametrize(
    "asked",
    [
        question("Is it substantial?"),
        question(guidance="A *substantial* one."),
        question(kind="single_choice", options=[{"key": "a", "label": "Substantial"}, {"key": "b", "label": "B"}]),
        question(
            kind="matrix",
            options=[{"key": "a", "label": "A"}, {"key": "b", "label": "B"}],
            settings={"scale": [{"key": "x", "label": "Some"}, {"key": "y", "label": "Substantial"}], "offers": []},
        ),
        question(kind="rating", settings={"highest": "substantial"}),
    ],
)
def test_a_word_is_explained_wherever_it_is_read_in_a_question(asked):
    survey = SurveyFactory.build(definitions=[{"term": "none", "meaning": "Nothing."}, SUBSTANTIAL])
    assert definitions.explain(survey, [question("And?"), asked]) == [("substantial", "At least a tenth.")]
    assert definitions.explain(survey, [question("And?")]) == []
    assert definitions.explain(SurveyFactory.build(), [asked]) == []


def test_words_are_explained_in_the_order_in_which_they_were_written():
    survey = SurveyFactory.build(definitions=[SUBSTANTIAL, {"term": "cell", "meaning": "One of many."}])
    found = definitions.explain(survey, [question("One cell, or a substantial number?")])
    assert [term for term, _meaning in found] == ["substantial", "cell"]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("substantial", "Definitions are a list"),
        ([{"term": "a"}], 'Definition 1 must have a "term" and a "meaning"'),
        ([SUBSTANTIAL, {"term": " ", "meaning": "x"}], "Definition 2 has no term."),
        ([{"term": "a\nb", "meaning": "x"}], "printable"),
        ([{"term": "a" * 81, "meaning": "x"}], "at most 80"),
        ([{"term": "a", "meaning": ""}], "Definition 1 has no meaning."),
        ([{"term": "a", "meaning": "x" * 601}], "longer than 600"),
        ([SUBSTANTIAL, {"term": "SUBSTANTIAL", "meaning": "x"}], "“substantial” is defined twice."),
        ([SUBSTANTIAL] * 41, "at most 40"),
    ],
)
def test_what_is_no_definition_is_refused_by_the_row(broken, message):
    (said,) = definitions.problems(broken)
    assert message in said
    with pytest.raises(ValidationError, match=r"[Dd]efin"):
        SurveyFactory.build(definitions=broken).clean()


@settings(deadline=None)
@given(broken=json_values)
def test_definitions_of_any_shape_get_sentences(broken):
    for shape in (broken, [broken], [{"term": broken, "meaning": broken}]):
        found = definitions.problems(shape)
        assert all(isinstance(said, str) for said in found)
        if not found:
            definitions.explain(SurveyFactory.build(definitions=shape), [question()])
