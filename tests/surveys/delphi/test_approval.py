"""Words kept from a round before need not be read twice."""

import pytest
import time_machine

from surveys import responses
from surveys.models import Answer
from surveys.responses import Entry
from tests.surveys.delphi.two_rounds import DURING, a_frozen_round, a_second_round, invited

pytestmark = pytest.mark.django_db

WORDS = "Plants are being built."


@pytest.fixture
def first():
    return a_frozen_round()


def approved(first, admin_user, **fields):
    answer = Answer.objects.get(
        response__invitation__survey_round=first, response__invitation__contributor__name="Sample A",
        question__key="catch-up",
    )  # fmt: skip
    given = {"comment": WORDS, "moderation": "approved", "moderated_at": DURING, "moderated_by": admin_user, **fields}
    for name, value in given.items():
        setattr(answer, name, value)
    answer.save()


def keep(first, comment=WORDS, attribution="named", value="strongly_agree") -> Answer:
    second = first.survey.rounds.filter(number=2).first() or a_second_round(first)
    invitation = invited(second, "Sample A")
    entries = {"catch-up": Entry(value=value, confidence=9, comment=comment)}
    with time_machine.travel(DURING, tick=False):
        responses.save(invitation=invitation, entries=entries, submit=False)  # by autosave, page by page
        responses.save(invitation=invitation, entries=entries, attribution=attribution, submit=True)
    return Answer.objects.get(response__invitation=invitation, question__key="catch-up")


def test_the_same_words_under_the_same_line_stay_approved(first, admin_user):
    approved(first, admin_user, edited_words="Plants are built.")
    kept = keep(first, value="agree")  # the vote may change
    assert (kept.moderation, kept.edited_words) == ("approved", "Plants are built.")
    assert (kept.moderated_at, kept.moderated_by) == (DURING, admin_user)


@pytest.mark.parametrize(
    "changes", [{"comment": "Plants are being built!"}, {"attribution": "sector"}, {"comment": f"{WORDS} Few."}]
)
def test_other_words_or_another_line_are_read_again(first, admin_user, changes):
    approved(first, admin_user)
    assert keep(first, **changes).moderation == "pending"


@pytest.mark.parametrize("state", ["pending", "rejected", "proposed"])
def test_words_that_were_not_approved_are_not_now(first, admin_user, state):
    approved(first, admin_user, moderation=state)
    assert keep(first).moderation == "pending"


def test_what_staff_decided_in_this_round_stands(first, admin_user):
    approved(first, admin_user)
    kept = keep(first)
    kept.moderation, kept.moderation_reason = "rejected", "Too old."
    kept.save()
    assert keep(first, value="neutral").moderation == "rejected"


def test_the_same_words_of_somebody_else_are_read(first, admin_user):
    approved(first, admin_user)
    invitation = invited(a_second_round(first), "Sample B")
    entries = {"catch-up": Entry(value="agree", comment=WORDS)}
    with time_machine.travel(DURING, tick=False):
        responses.save(invitation=invitation, entries=entries, attribution="named", submit=True)
    assert Answer.objects.get(response__invitation=invitation, question__key="catch-up").moderation == "pending"
