from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from naatbatt.mail.models import OutgoingMail
from surveys import invitations, rounds, timetable
from surveys.models import Invitation, Round
from surveys.tasks import advance_rounds
from tests.factories import ContributorFactory
from tests.surveys.asking import ask

pytestmark = pytest.mark.django_db

OPENS = datetime(2026, 11, 2, 14, tzinfo=UTC)
REMINDS = OPENS + timedelta(days=4)
CLOSES = OPENS + timedelta(days=7)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def survey_round():
    """Made a week before it opens, with one person on the panel."""
    with time_machine.travel(OPENS - timedelta(days=7), tick=False):
        return ask(opens_at=OPENS, remind_at=REMINDS, closes_at=CLOSES).survey_round


def look(instant):
    """The sweep at this instant. Returns the names of the mails it wrote."""
    before = set(OutgoingMail.objects.values_list("pk", flat=True))
    with time_machine.travel(instant, tick=False):
        advance_rounds()
    return list(OutgoingMail.objects.exclude(pk__in=before).order_by("pk").values_list("name", flat=True))


def test_round_that_has_not_opened_is_left_alone(survey_round):
    assert look(OPENS - MINUTE) == []


def test_invitations_go_out_when_the_round_opens_and_once(survey_round):
    assert look(OPENS) == ["survey_invitation"]
    assert look(OPENS + MINUTE) == []


def test_reminder_goes_out_when_it_is_due_and_once(survey_round):
    look(OPENS)

    assert look(REMINDS - MINUTE) == []
    assert look(REMINDS) == ["survey_reminder"]
    assert look(REMINDS + MINUTE) == []


def test_round_is_closed_and_frozen_once_its_grace_is_over(survey_round, settings):
    ends = CLOSES + settings.ANSWER_GRACE
    look(OPENS)
    look(REMINDS)

    for instant in (CLOSES - MINUTE, CLOSES, ends - MINUTE):
        look(instant)
        assert Round.objects.get().closed_at is None
    look(ends)
    found = Round.objects.get()
    assert (found.closed_at, found.ends_at) == (ends, CLOSES)
    assert survey_round.snapshots.count() == 1
    look(ends + MINUTE)
    assert survey_round.snapshots.count() == 1


def test_nothing_goes_out_once_the_round_has_closed_as_announced(survey_round):
    look(OPENS)
    with time_machine.travel(CLOSES - MINUTE, tick=False):
        invitations.invite(survey_round=survey_round, contributors=[ContributorFactory()])

    assert look(CLOSES) == []
    assert look(CLOSES + MINUTE) == []


def test_a_little_late_is_sent(survey_round, settings):
    assert look(OPENS + settings.MAIL_GRACE) == ["survey_invitation"]


def test_too_late_is_held_and_told_to_staff_instead(survey_round, settings):
    settings.STAFF_EMAILS = ["editors@example.org"]

    look(OPENS + settings.MAIL_GRACE + MINUTE)

    assert list(OutgoingMail.objects.values_list("to_address", flat=True)) == ["editors@example.org"]
    held = Round.objects.get()
    assert held.held_reason == (
        "Its invitations were due on Monday, Nov. 2, 2026, 9 a.m. EST and had not gone out 6 hours later."
    )
    assert look(OPENS + 8 * HOUR) == []


def test_released_round_goes_on_late_as_it_is(survey_round, settings):
    look(OPENS + 7 * HOUR)
    with time_machine.travel(OPENS + 10 * HOUR, tick=False):
        rounds.release(survey_round=survey_round)

    assert look(OPENS + 10 * HOUR + MINUTE) == ["survey_invitation"]


def test_person_added_late_is_invited_at_once(survey_round):
    look(OPENS)
    with time_machine.travel(OPENS + timedelta(days=3), tick=False):
        invitations.invite(survey_round=survey_round, contributors=[ContributorFactory()])

    assert look(OPENS + timedelta(days=3) + MINUTE) == ["survey_invitation"]
    assert Round.objects.get().held_at is None


def test_person_added_late_while_the_site_was_away_is_held(survey_round):
    look(OPENS)
    with time_machine.travel(OPENS + timedelta(days=1), tick=False):
        invitations.invite(survey_round=survey_round, contributors=[ContributorFactory()])

    assert look(OPENS + timedelta(days=1) + 7 * HOUR) == []
    assert Round.objects.get().held_at is not None


def test_reminder_that_comes_too_late_is_held(survey_round, settings):
    look(OPENS)

    assert look(REMINDS + settings.MAIL_GRACE + MINUTE) == []
    assert "reminder was due on Friday, Nov. 6, 2026, 9 a.m. EST" in Round.objects.get().held_reason


def test_round_is_not_held_for_a_reminder_that_nobody_needs(survey_round, settings):
    look(OPENS)
    with time_machine.travel(OPENS + HOUR, tick=False):
        invitations.decline(invitation=Invitation.objects.get())

    assert look(REMINDS + settings.MAIL_GRACE + MINUTE) == []
    assert Round.objects.get().held_at is None


def test_round_whose_invitations_never_went_out_is_not_closed_unseen(survey_round):
    look(CLOSES + HOUR)

    found = Round.objects.get()
    assert (found.closed_at, found.held_at) == (None, CLOSES + HOUR)


def test_held_round_stays_as_it_is_after_its_end(survey_round):
    look(OPENS + 7 * HOUR)

    look(CLOSES)

    assert Round.objects.get().closed_at is None


def test_one_round_that_fails_does_not_keep_the_others(survey_round, monkeypatch, caplog):
    with time_machine.travel(OPENS - HOUR, tick=False):
        other = ask(opens_at=OPENS, closes_at=CLOSES).survey_round
    solicit = invitations.solicit

    def breaks(*, survey_round, now):
        if survey_round == other:
            raise RuntimeError("broken")
        return solicit(survey_round=survey_round, now=now)

    monkeypatch.setattr(timetable.invitations, "solicit", breaks)

    assert look(OPENS) == ["survey_invitation"]
    assert f"Round {other.pk} could not be advanced" in caplog.text
