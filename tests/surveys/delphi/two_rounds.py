"""A first round that has been answered and frozen, and the second one of the same panel."""

from datetime import timedelta

from surveys import rounds
from surveys.models import Invitation, Question, Round
from tests.factories import AnswerFactory, ContributorFactory, InvitationFactory, ResponseFactory, RoundFactory
from tests.surveys.answered import ANSWERS, CLOSES, a_survey, an_answered_round

REOPENS = CLOSES + timedelta(days=7)
ENDS = REOPENS + timedelta(days=14)
DURING = REOPENS + timedelta(days=1)


def a_frozen_round(answers=ANSWERS, **fields) -> Round:
    """See `answered.py` for who answered what."""
    survey_round = an_answered_round(a_survey(**fields), answers=answers)
    rounds.close(survey_round=survey_round, now=CLOSES)
    survey_round.refresh_from_db()
    return survey_round


def a_second_round(first: Round, *, panel: bool = True, **fields) -> Round:
    """With everybody on the panel who answered the first, each with a mail that has left, unless there is no panel."""
    second = RoundFactory(survey=first.survey, number=first.number + 1, opens_at=REOPENS, closes_at=ENDS, **fields)
    if panel:
        invite_again(first, second)
    return second


def invite_again(first: Round, second: Round) -> None:
    for before in first.invitations.filter(response__isnull=False).order_by("pk"):
        InvitationFactory(survey_round=second, contributor=before.contributor, invited_at=REOPENS)


def invited(second: Round, name: str) -> Invitation:
    """Of the second round, by what `answered.py` calls them: "Sample A" is the first of its list."""
    return second.invitations.select_related("survey_round__survey", "contributor", "response").get(
        contributor__name=name
    )


def answer_again(invitation: Invitation, *, submitted_at=DURING, attribution="named", **values) -> None:
    """What somebody says in this round, by question key with underscores for hyphens."""
    response = ResponseFactory(
        invitation=invitation, attribution=attribution, submitted_at=submitted_at, updated_at=submitted_at or DURING
    )
    questions = {question.key: question for question in invitation.survey_round.questions()}
    for key, question in questions.items():
        value = values.get(key.replace("-", "_"))
        AnswerFactory(response=response, question=question, value=value, blank="" if value is not None else "skipped")


def with_rule(first: Round, key: str, rule: dict) -> Question:
    question = first.survey.questions.current().get(key=key)
    question.stop_rule = rule
    question.save()
    return question


def late_joiner(second: Round, name: str = "Sample Late") -> Invitation:
    contributor = ContributorFactory(name=name, sector="government")
    InvitationFactory(survey_round=second, contributor=contributor, invited_at=REOPENS)
    return invited(second, name)
