from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone

from surveys.models import Answer, Contributor, Question, Round
from tests.factories import (
    AnswerFactory,
    ContributorFactory,
    QuestionFactory,
    ResponseFactory,
    RoundFactory,
    SurveyFactory,
)

pytestmark = pytest.mark.django_db


def test_contributor_is_one_person_however_the_address_is_written():
    ContributorFactory(email="Ines@Example.org")

    assert Contributor.objects.get().email == "ines@example.org"
    with pytest.raises(IntegrityError):
        ContributorFactory(email="INES@example.org")


@pytest.mark.parametrize(
    ("instant", "open_then"),
    [
        (datetime(2026, 11, 2, 12, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 2, 13, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 9, 21, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 9, 22, 0, tzinfo=UTC), False),
    ],
)
def test_round_is_open_from_its_opening_instant_until_its_closing_instant(instant, open_then):
    survey_round = RoundFactory(
        opens_at=datetime(2026, 11, 2, 13, tzinfo=UTC), closes_at=datetime(2026, 11, 9, 22, tzinfo=UTC)
    )

    assert survey_round.is_open(instant) is open_then
    assert Round.objects.open(instant).exists() is open_then


@pytest.mark.parametrize(
    ("closes_at", "zone", "words"),
    [
        # Clocks go back on 1 November 2026 in New York: 5:30 UTC is still summer time, 6:30 is not.
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "America/New_York", "Sunday, Nov. 1, 2026, 1:30 a.m. EDT"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "America/New_York", "Sunday, Nov. 1, 2026, 1:30 a.m. EST"),
        (datetime(2026, 11, 6, 22, 0, tzinfo=UTC), "Europe/Berlin", "Friday, Nov. 6, 2026, 11 p.m. CET"),
        (datetime(2026, 11, 6, 22, 0, tzinfo=UTC), "America/Sao_Paulo", "Friday, Nov. 6, 2026, 7 p.m. UTC-03"),
    ],
)
def test_closing_instant_is_said_in_the_zone_it_was_meant_in(closes_at, zone, words):
    survey_round = RoundFactory.build(closes_at=closes_at, zone=zone)

    assert survey_round.closes_in_words == words


def test_round_closed_early_says_when_it_closed():
    survey_round = RoundFactory.build(
        closes_at=datetime(2026, 12, 1, 22, tzinfo=UTC), closed_at=datetime(2026, 11, 20, 22, tzinfo=UTC)
    )

    assert survey_round.closes_in_words == "Friday, Nov. 20, 2026, 5 p.m. EST"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc/passwd", ""])
def test_round_needs_a_zone_that_exists(zone):
    survey_round = RoundFactory()
    survey_round.zone = zone

    with pytest.raises(ValidationError, match="zone"):
        survey_round.full_clean()


def test_round_that_closes_before_it_opens_is_refused():
    survey_round = RoundFactory()
    survey_round.closes_at = survey_round.opens_at

    with pytest.raises(ValidationError, match="close after it opens"):
        survey_round.full_clean()


@pytest.mark.parametrize("key", ["cost-comment", "cost-confidence"])
def test_key_that_looks_like_a_further_field_is_refused(key):
    question = QuestionFactory.build(survey=RoundFactory().survey, key=key)

    with pytest.raises(ValidationError, match="must not end"):
        question.full_clean()


def test_key_that_another_question_of_the_survey_has_is_refused():
    """By the form too, which knows neither version nor supersession: staff would see the database's own error."""
    other = QuestionFactory()
    superseded = QuestionFactory(survey=other.survey, key="old", superseded_at=timezone.now())
    fields = [field.name for field in Question._meta.fields if field.name not in ("survey", "key")]

    for key in (other.key, superseded.key):
        with pytest.raises(ValidationError, match="already has a question with that key"):
            QuestionFactory.build(survey=other.survey, key=key).full_clean(exclude=fields)
    other.full_clean()
    superseded.full_clean()
    QuestionFactory.build(survey=SurveyFactory(), key=other.key).full_clean()


def test_answered_question_is_frozen():
    question = AnswerFactory().question
    question.prompt = "Something else."

    with pytest.raises(ValidationError, match="frozen"):
        question.full_clean()


def test_unanswered_question_may_be_edited():
    question = QuestionFactory()
    question.prompt = "Something else."

    question.full_clean()


def test_survey_asks_one_version_of_a_question():
    question = QuestionFactory()
    QuestionFactory(survey=question.survey, key=question.key, version=2, superseded_at=timezone.now())

    assert list(Question.objects.current()) == [question]
    with pytest.raises(IntegrityError):
        QuestionFactory(survey=question.survey, key=question.key, version=3)


@pytest.mark.parametrize("left_over", [{"value": "agree"}, {"confidence": 3}])
def test_blank_answer_can_carry_no_weight(left_over):
    with pytest.raises(IntegrityError):
        AnswerFactory(**{"value": None, "blank": "no_opinion", **left_over})


def test_submitted_response_has_an_attribution():
    with pytest.raises(IntegrityError):
        ResponseFactory(attribution="")


def test_only_submitted_answers_are_counted():
    counted = AnswerFactory()
    AnswerFactory(response__submitted_at=None)

    assert list(Answer.objects.counted()) == [counted]
