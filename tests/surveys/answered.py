"""A round that has been answered, small enough to be counted by hand."""

from datetime import UTC, datetime, timedelta

from surveys.models import Round, Survey
from tests.factories import (
    AnswerFactory,
    ContributorFactory,
    InvitationFactory,
    QuestionFactory,
    ResponseFactory,
    RoundFactory,
    SurveyFactory,
)

OPENED = datetime(2026, 11, 2, 14, tzinfo=UTC)  # 9 a.m. in New York
CLOSES = OPENED + timedelta(days=14)

# sector, catch-up with its confidence, hurdle, share-2035
ANSWERS = (
    ("industry", "strongly_agree", 9, "cost", 20),
    ("industry", "agree", 8, "cost", 15),
    ("industry", "agree", 7, "technology", 12),
    ("industry", "agree", 6, "cost", 10),
    ("industry", "disagree", 2, "workforce", 8),
    ("academia", "agree", 5, "technology", 10),
    ("academia", "disagree", 8, "cost", 5),
    ("academia", "neutral", 5, "cost", 6),
    ("academia", None, None, None, None),
    ("government", "agree", 7, "cost", 12),
)
# catch-up: 9 opinions: 6 agree (67 %), 1 neutral (11 %), 2 disagree (22 %). Confidence 57: 42 agree (74 %), 5 neutral
# (9 %), 10 disagree (17 %). Industry 4 of 5 agree (80 %), academia 1 of 3 (33 %), government 1 of 1.


def a_survey(**fields) -> Survey:
    survey = SurveyFactory(title="Three questions about the battery race", minimum_cell=3, **fields)
    QuestionFactory(
        survey=survey,
        key="catch-up",
        position=1,
        prompt="By 2035 the United States will make half of the cells it uses.",
    )
    QuestionFactory(
        survey=survey,
        key="hurdle",
        position=2,
        kind="single_choice",
        prompt="Which hurdle weighs most?",
        options=[
            {"key": "cost", "label": "Cost"},
            {"key": "technology", "label": "Technology"},
            {"key": "workforce", "label": "Workforce"},
        ],
    )
    QuestionFactory(
        survey=survey,
        key="share-2035",
        position=3,
        kind="number",
        prompt="What share of the world's cells will be American in 2035?",
        settings={"unit": "%", "minimum": 0, "maximum": 100},
    )
    QuestionFactory(survey=survey, key="step", position=4, kind="text", prompt="What should be done first?")
    return survey


def an_answered_round(survey: Survey | None = None, answers=ANSWERS, **fields) -> Round:
    """Open, with everybody's answers in, and two more contributors: one declined, one never replied."""
    survey = survey or a_survey()
    survey_round = RoundFactory(**{"survey": survey, "number": 1, "opens_at": OPENED, "closes_at": CLOSES, **fields})
    questions = {question.key: question for question in survey.questions.current()}
    for number, (sector, vote, confidence, hurdle, share) in enumerate(answers):
        contributor = ContributorFactory(name=f"Sample {chr(65 + number)}", sector=sector)
        invitation = InvitationFactory(survey_round=survey_round, contributor=contributor, invited_at=OPENED)
        response = ResponseFactory(invitation=invitation, submitted_at=OPENED + timedelta(days=1, hours=number))
        given = {"catch-up": vote, "hurdle": hurdle, "share-2035": share, "step": None}
        for key, value in given.items():
            blank = "" if value is not None else "no_opinion" if key == "catch-up" else "skipped"
            AnswerFactory(
                response=response,
                question=questions[key],
                value=value,
                blank=blank,
                confidence=confidence if key == "catch-up" else None,
            )
    declined = ContributorFactory(name="Sample Declined", sector="government")
    InvitationFactory(survey_round=survey_round, contributor=declined, invited_at=OPENED, declined_at=OPENED)
    silent = ContributorFactory(name="Sample Silent", sector="industry")
    InvitationFactory(survey_round=survey_round, contributor=silent, invited_at=OPENED)
    return survey_round
