from datetime import timedelta

import pytest
from django.utils import timezone

from naatbatt.mail.models import OutgoingMail
from surveys import responses, rounds
from surveys.models import Round, RoundClosed, Snapshot
from tests.factories import InvitationFactory, RoundFactory
from tests.surveys.answered import CLOSES, OPENED, an_answered_round

pytestmark = pytest.mark.django_db


def test_closing_freezes_once_however_often_it_is_asked():
    survey_round = an_answered_round()
    snapshot = rounds.close(survey_round=survey_round, now=CLOSES)
    assert rounds.close(survey_round=survey_round, now=CLOSES + timedelta(days=1)) == snapshot
    assert Snapshot.objects.count() == 1
    survey_round.refresh_from_db()
    assert survey_round.closed_at == CLOSES


def test_a_round_can_be_closed_early_and_then_takes_no_answers():
    survey_round = RoundFactory()
    invitation = InvitationFactory(survey_round=survey_round)
    rounds.close(survey_round=survey_round)
    with pytest.raises(RoundClosed):
        responses.save(invitation=invitation, entries={}, attribution="named", submit=True)


def test_what_has_not_begun_is_not_closed():
    survey_round = RoundFactory(opens_at=timezone.now() + timedelta(hours=1))
    with pytest.raises(rounds.NotBegun):
        rounds.close(survey_round=survey_round)
    assert not Snapshot.objects.exists()
    assert Round.objects.get().closed_at is None


def test_a_hold_is_told_to_staff_once(settings):
    settings.STAFF_EMAILS = ["desk@example.org"]
    survey_round = RoundFactory(opens_at=OPENED, closes_at=CLOSES)
    held = rounds.hold(survey_round=survey_round, reason="The site was away.")
    again = rounds.hold(survey_round=survey_round, reason="Still away.")
    assert held.held_at == again.held_at
    assert again.held_reason == "The site was away."
    mail = OutgoingMail.objects.get()
    assert mail.to_address == "desk@example.org"
    assert "The site was away." in mail.text
    assert f"/admin/surveys/round/{survey_round.pk}/change/" in mail.text


def test_a_long_reason_is_cut_to_what_the_column_holds():
    assert len(rounds.hold(survey_round=RoundFactory(), reason="x" * 1000).held_reason) == 250


def test_releasing_ends_the_hold_and_says_when():
    survey_round = RoundFactory()
    rounds.hold(survey_round=survey_round, reason="Late.")
    released = rounds.release(survey_round=survey_round)
    assert (released.held_at, released.held_reason) == (None, "")
    assert released.released_at is not None
    assert rounds.release(survey_round=survey_round).released_at == released.released_at


def test_releasing_what_was_not_held_changes_nothing():
    assert rounds.release(survey_round=RoundFactory()).released_at is None


def test_closing_ends_a_hold():
    survey_round = an_answered_round()
    rounds.hold(survey_round=survey_round, reason="Late.")
    rounds.close(survey_round=survey_round, now=CLOSES)
    assert Round.objects.get().held_at is None


def test_a_round_is_overdue_once_it_takes_no_answers_and_until_it_is_frozen(settings):
    survey_round = an_answered_round()
    ends = CLOSES + settings.ANSWER_GRACE
    for instant, overdue in ((CLOSES, False), (ends - timedelta(seconds=1), False), (ends, True)):
        assert Round.objects.overdue(instant).exists() is overdue
        assert survey_round.takes_answers(instant) is not overdue
    rounds.close(survey_round=survey_round, now=ends)
    assert not Round.objects.overdue(ends).exists()
