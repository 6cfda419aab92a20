"""The page on which staff write a question: settings as fields, options as lines, a preview, and nothing by script."""

import html
import re

import pytest
from django.urls import reverse

from surveys.models import Question
from surveys.questions import TYPES, question_type
from tests.factories import AnswerFactory, QuestionFactory, SurveyFactory

pytestmark = pytest.mark.django_db

ADD = "admin:surveys_question_add"


def posted(**fields):
    survey = SurveyFactory()
    return {"survey": survey.pk, "key": "hurdle", "position": 1, "prompt": "Which?", **fields}


def add(client, **fields):
    return client.post(reverse(ADD), posted(**fields))


@pytest.mark.parametrize("kind", [found.kind for found in TYPES])
def test_the_example_of_every_kind_goes_in_by_the_form_and_is_shown_as_it_will_look(admin_client, kind):
    spec, _values = question_type(kind).example()
    made = question_type(kind).settings_form()
    typed = {f"set-{name}": made().fields[name].prepare_value(value) for name, value in spec.settings.items()}
    typed.setdefault("set-offers", [*made.usual_offers])
    lines = "\n".join(f"{option['key']} | {option['label']}" for option in spec.options)

    got = add(admin_client, kind=kind, kind_of_settings=kind, options=lines, **typed)

    assert got.status_code == 302, re.findall(r"errorlist[^>]*>(.*?)</ul>", got.content.decode(), re.DOTALL)
    question = Question.objects.get()
    assert (question.settings, question.options) == (dict(spec.settings), [*spec.options])
    text = admin_client.get(reverse("admin:surveys_question_change", args=[question.pk])).content.decode()
    frame = html.unescape(re.search(r'<iframe[^>]* srcdoc="([^"]*)"', text)[1])
    assert f'id="question-{question.key}"' in frame
    assert "<script" not in frame
    assert "style=" not in frame


def test_options_are_lines_and_a_line_without_a_key_gets_one(admin_client):
    add(admin_client, kind="single_choice", options="cost | Cost of building\n\nA trained workforce\n")

    assert Question.objects.get().options == [
        {"key": "cost", "label": "Cost of building"},
        {"key": "a-trained-workforce", "label": "A trained workforce"},
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "single_choice", "options": "cost | Cost"}, "at least 2 options"),
        ({"kind": "ranking", "options": "a | A\nb | B", "set-top": "5"}, "there are only 2 options"),
        ({"kind": "number", "set-minimum": "9", "set-maximum": "1"}, "must be above the smallest"),
        ({"kind": "quantiles", "set-levels": "5, 95"}, "three or five rising percents"),
        ({"kind": "matrix", "options": "a | A\nb | B", "set-scale": "only | One"}, "at least 2 options"),
    ],
)
def test_what_is_wrong_is_said_once_and_nothing_is_saved(admin_client, fields, message):
    text = add(admin_client, **fields).content.decode()

    assert text.count(message) == 1
    assert not Question.objects.exists()


def test_preview_saves_nothing_and_keeps_what_was_typed(admin_client):
    text = add(admin_client, kind="number", _preview="1", **{"set-unit": "GWh"}).content.decode()

    assert not Question.objects.exists()
    assert 'value="GWh"' in text
    assert "<iframe" in text


def test_another_kind_brings_its_settings_before_anything_is_saved(admin_client):
    question = QuestionFactory(kind="single_choice", options=[{"key": key, "label": key} for key in "ab"])
    address = reverse("admin:surveys_question_change", args=[question.pk])
    given = {"key": question.key, "position": 1, "prompt": "Which?", "kind": "number"}

    text = admin_client.post(address, {**given, "kind_of_settings": "single_choice"}).content.decode()
    assert 'name="set-unit"' in text
    assert "Another kind has other settings" in text
    question.refresh_from_db()
    assert question.kind == "single_choice"

    assert admin_client.post(address, {**given, "kind_of_settings": "number", "set-unit": "GWh"}).status_code == 302
    question.refresh_from_db()
    assert (question.kind, question.settings, question.options) == ("number", {"unit": "GWh"}, [])


def test_no_opinion_can_be_taken_from_a_statement(admin_client):
    add(admin_client, kind="statement", kind_of_settings="statement")

    assert Question.objects.get().settings == {"offers": []}


def test_a_frozen_question_has_its_preview_and_no_fields(admin_client):
    question = AnswerFactory().question
    text = admin_client.get(reverse("admin:surveys_question_change", args=[question.pk])).content.decode()

    assert "<iframe" in text
    assert 'name="_preview"' not in text
    assert 'name="set-' not in text
