"""How often, how far apart and how late: reminders by the round's own numbers, at the hands of the timetable."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from naatbatt.mail.models import OutgoingMail, Suppression
from surveys import invitations, responses
from surveys.models import Invitation, Reminder, Round
from surveys.responses import Entry
from surveys.tasks import advance_rounds
from tests.factories import ContributorFactory, InvitationFactory
from tests.surveys.asking import ask

pytestmark = pytest.mark.django_db

OPENS = datetime(2026, 11, 2, 14, tzinfo=UTC)
REMINDS = OPENS + timedelta(days=3)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def survey_round():
    """At most two reminders, four days apart, the first on the third day; invited and looked at when it opened."""
    with time_machine.travel(OPENS - DAY, tick=False):
        found = ask(
            opens_at=OPENS, remind_at=REMINDS, closes_at=OPENS + 21 * DAY, most_reminders=2, reminder_gap=4
        ).survey_round
    look(OPENS)
    return found


def look(instant):
    """The sweep at this instant. Returns the keys of the reminders it wrote."""
    before = set(OutgoingMail.objects.values_list("pk", flat=True))
    with time_machine.travel(instant, tick=False):
        advance_rounds()
    fresh = OutgoingMail.objects.exclude(pk__in=before).order_by("pk")
    return list(fresh.filter(name="survey_reminder").values_list("key", flat=True))


def join(survey_round, instant):
    """Somebody more is put on the panel and invited."""
    with time_machine.travel(instant, tick=False):
        (found,) = invitations.invite(survey_round=survey_round, contributors=[ContributorFactory()])
    look(instant)
    return found


def test_reminders_keep_their_gap_and_their_maximum(survey_round):
    pk = Invitation.objects.get().pk

    assert look(REMINDS - MINUTE) == []
    assert look(REMINDS) == [f"survey-reminder:{pk}:1"]
    assert look(REMINDS + 4 * DAY - MINUTE) == []
    assert look(REMINDS + 4 * DAY) == [f"survey-reminder:{pk}:2"]
    assert look(REMINDS + 8 * DAY) == []


def test_the_log_has_a_row_for_each_reminder(survey_round):
    look(REMINDS)
    look(REMINDS + 4 * DAY)

    rows = Reminder.objects.values_list("number", "written_at", "mail__key")
    pk = Invitation.objects.get().pk
    assert list(rows) == [
        (1, REMINDS, f"survey-reminder:{pk}:1"),
        (2, REMINDS + 4 * DAY, f"survey-reminder:{pk}:2"),
    ]
    assert Invitation.objects.get().reminded_at == REMINDS + 4 * DAY


def test_days_between_reminders_are_those_of_the_clock_on_the_wall():
    """Nov. 1, 2026 is the night on which the clocks go back in New York: nine o'clock stays nine o'clock."""
    opens = datetime(2026, 10, 26, 13, tzinfo=UTC)  # 9 a.m. EDT
    with time_machine.travel(opens - DAY, tick=False):
        ask(opens_at=opens, remind_at=opens + 4 * DAY, closes_at=opens + 21 * DAY, most_reminders=2, reminder_gap=4)
    look(opens)
    look(opens + 4 * DAY)

    assert look(opens + 8 * DAY) == []
    assert len(look(opens + 8 * DAY + HOUR)) == 1  # 9 a.m. EST


def test_no_reminder_where_none_is_allowed(survey_round):
    Round.objects.update(most_reminders=0)

    assert look(REMINDS) == []


def test_who_joins_later_is_reminded_no_sooner_than_the_gap_after_their_own_invitation(survey_round):
    late = join(survey_round, REMINDS - DAY)

    assert f"survey-reminder:{late.pk}:1" not in look(REMINDS)
    assert look(REMINDS + 3 * DAY - MINUTE) == []
    assert look(REMINDS + 3 * DAY) == [f"survey-reminder:{late.pk}:1"]


def test_who_is_invited_within_the_grace_of_the_first_belongs_to_the_first_wave(survey_round):
    late = join(survey_round, OPENS + 2 * HOUR)

    assert f"survey-reminder:{late.pk}:1" in look(REMINDS)


def test_an_invitation_that_left_late_is_reminded_late(survey_round):
    """Mail was held for two days: the gap counts from when the invitation reached its reader."""
    OutgoingMail.objects.update(state=OutgoingMail.State.SENT, settled_at=OPENS + 2 * DAY)

    assert look(REMINDS) == []
    assert len(look(OPENS + 6 * DAY)) == 1


def submit():
    responses.save(
        invitation=Invitation.objects.get(), entries={"catch-up": Entry(value="agree")}, attribution="sector",
        submit=True,
    )  # fmt: skip


def decline():
    invitations.decline(invitation=Invitation.objects.get())


def ask_for_no_more_mail():
    Suppression.objects.create(address=Invitation.objects.get().contributor.email, reason="unsubscribed")


def server_refuses():
    OutgoingMail.objects.filter(name="survey_invitation").update(state=OutgoingMail.State.FAILED)


@pytest.mark.parametrize("happened", [submit, decline, ask_for_no_more_mail, server_refuses])
def test_no_second_reminder_after(survey_round, happened):
    look(REMINDS)
    with time_machine.travel(REMINDS + DAY, tick=False):
        happened()

    assert look(REMINDS + 4 * DAY) == []


@pytest.mark.parametrize("happened", [submit, decline])
def test_second_reminder_that_still_waits_is_kept_back(survey_round, happened):
    look(REMINDS)
    look(REMINDS + 4 * DAY)
    with time_machine.travel(REMINDS + 4 * DAY + MINUTE, tick=False):
        happened()

    assert set(OutgoingMail.objects.filter(name="survey_reminder").values_list("state", flat=True)) == {"suppressed"}


def test_staff_cannot_remind_sooner_than_the_gap_nor_more_often_than_allowed(survey_round):
    with time_machine.travel(OPENS + DAY, tick=False):
        assert invitations.remind(survey_round=survey_round) == 1  # before the announced instant: that is theirs to say
    with time_machine.travel(OPENS + 4 * DAY, tick=False):
        assert invitations.remind(survey_round=survey_round) == 0
    with time_machine.travel(OPENS + 5 * DAY, tick=False):
        assert invitations.remind(survey_round=survey_round) == 1
    with time_machine.travel(OPENS + 15 * DAY, tick=False):
        assert invitations.remind(survey_round=survey_round) == 0


def test_second_reminder_that_comes_too_late_is_held(survey_round, settings):
    look(REMINDS)

    assert look(REMINDS + 4 * DAY + settings.MAIL_GRACE + MINUTE) == []
    assert "reminder was due on Monday, Nov. 9, 2026, 9 a.m. EST" in Round.objects.get().held_reason


def test_one_reminder_more_allowed_by_hindsight_goes_out_and_holds_nothing(survey_round):
    Round.objects.update(most_reminders=1)
    look(REMINDS)
    for hours in range(24 * 6):
        look(REMINDS + hours * HOUR)
    Round.objects.update(most_reminders=2)

    assert len(look(REMINDS + 6 * DAY)) == 1
    assert Round.objects.get().held_at is None


@pytest.mark.parametrize(
    ("number", "most", "says"),
    [
        (1, 1, "This is the only reminder you receive about this round."),
        (1, 2, "You receive at most 2 reminders about this round"),
        (2, 2, "This is the last reminder you receive about this round."),
    ],
)
def test_reminder_says_which_one_it_is(survey_round, number, most, says):
    Round.objects.update(most_reminders=most)
    for n in range(number):
        look(REMINDS + 4 * n * DAY)

    mail = OutgoingMail.objects.filter(name="survey_reminder").latest("pk")
    assert says in mail.text
    assert says in mail.html


@pytest.mark.parametrize(
    ("most", "says"), [(0, "and no reminder,"), (1, "at most one reminder,"), (3, "at most 3 rem")]
)
def test_invitation_says_how_many_reminders_there_will_be(most, says):
    invitation = ask(most_reminders=most)
    invitations.solicit(survey_round=invitation.survey_round)

    assert says in OutgoingMail.objects.get().text
    assert says in OutgoingMail.objects.get().html


@pytest.mark.parametrize("number", [1, 3])
def test_who_is_due_is_known_in_two_queries(survey_round, number, django_assert_num_queries):
    for _more in range(number - 1):
        InvitationFactory(survey_round=survey_round, invited_at=OPENS)

    with django_assert_num_queries(2):
        assert len(invitations.falls_due(survey_round=survey_round)) == number


# --- "not now, remind me"


def put_off(instant):
    with time_machine.travel(instant, tick=False):
        return invitations.postpone(invitation=Invitation.objects.get()).postponed_until


def test_who_puts_it_off_is_left_alone_until_the_day_and_reminded_once_then(survey_round):
    pk = Invitation.objects.get().pk
    until = put_off(OPENS + DAY)

    assert until == OPENS + 8 * DAY
    assert look(REMINDS) == []
    assert look(until - MINUTE) == []
    assert look(until) == [f"survey-reminder:{pk}:1"]
    assert look(until + MINUTE) == []
    assert Reminder.objects.get().written_at == until


def test_after_it_the_round_goes_on_by_its_own_numbers(survey_round):
    pk = Invitation.objects.get().pk
    until = put_off(OPENS + DAY)
    look(until)

    assert look(until + 4 * DAY - MINUTE) == []
    assert look(until + 4 * DAY) == [f"survey-reminder:{pk}:2"]
    assert look(until + 9 * DAY) == []


@pytest.mark.parametrize("most", [0, 1])
def test_the_one_asked_for_comes_even_where_no_more_are_allowed(survey_round, most):
    Round.objects.update(most_reminders=most)
    look(REMINDS)
    until = put_off(REMINDS + DAY)

    assert len(look(until)) == 1
    assert look(until + 5 * DAY) == []
    assert Reminder.objects.count() == most + 1


@pytest.mark.parametrize("remind_at", [None, OPENS + 15 * DAY])
def test_the_one_asked_for_does_not_wait_for_the_rounds_own_day(survey_round, remind_at):
    """And reminds nobody else before that day."""
    Round.objects.update(remind_at=remind_at)
    until = put_off(OPENS + DAY)
    join(survey_round, OPENS + DAY)

    assert len(look(until)) == 1
    assert look(until + MINUTE) == []
    assert Round.objects.get().held_at is None


def test_two_mails_may_be_nearer_than_the_gap_if_their_reader_asks_for_it(survey_round):
    Round.objects.update(reminder_gap=14)
    look(REMINDS)

    assert len(look(put_off(REMINDS + DAY))) == 1


def test_a_reminder_that_still_waits_is_kept_back_when_it_is_put_off(survey_round):
    look(REMINDS)
    put_off(REMINDS + MINUTE)

    mail = OutgoingMail.objects.get(name="survey_reminder")
    assert (mail.state, mail.outcome) == ("suppressed", "Put off by its reader before the reminder left.")


def test_staff_cannot_remind_before_the_day_either(survey_round):
    put_off(OPENS + DAY)

    with time_machine.travel(OPENS + 7 * DAY, tick=False):
        assert invitations.remind(survey_round=survey_round) == 0


@pytest.mark.parametrize("happened", [submit, decline, ask_for_no_more_mail, server_refuses])
def test_the_one_asked_for_does_not_come_after(survey_round, happened):
    until = put_off(OPENS + DAY)
    with time_machine.travel(OPENS + 2 * DAY, tick=False):
        happened()

    assert look(until) == []
    assert Round.objects.get().held_at is None


def test_whoever_answers_after_declining_gets_no_reminder_that_was_called_off(survey_round):
    until = put_off(OPENS + DAY)
    with time_machine.travel(OPENS + 2 * DAY, tick=False):
        decline()
    Invitation.objects.update(declined_at=None)

    assert len(look(OPENS + 3 * DAY)) == 1  # by the round's numbers again
    assert [one.asked_for for one in invitations.falls_due(survey_round=survey_round)] == [False]
    assert until > OPENS + 3 * DAY


def test_the_one_asked_for_is_held_when_it_comes_too_late(survey_round, settings):
    until = put_off(OPENS + DAY)

    assert look(until + settings.MAIL_GRACE + MINUTE) == []
    assert "reminder was due on Tuesday, Nov. 10, 2026, 9 a.m. EST" in Round.objects.get().held_reason


@pytest.mark.parametrize(
    ("most", "says"),
    [
        (0, "You asked us for this reminder. It is the last one about this round."),
        (1, "You asked us for this reminder. It is the last one about this round."),
        (2, "You receive at most 2 reminders about this round"),
    ],
)
def test_the_one_asked_for_says_so(survey_round, most, says):
    Round.objects.update(most_reminders=most)
    look(put_off(OPENS + DAY))

    mail = OutgoingMail.objects.get(name="survey_reminder")
    assert mail.subject == "The reminder you asked for: Can the United States catch up?"
    for part in ("You asked us to remind you of “Can the United States catch up?”.", says, "Not your field after all"):
        assert part in mail.text
        assert part in mail.html


def test_an_ordinary_reminder_names_the_ways_out_by_the_same_link(survey_round):
    look(REMINDS)

    mail = OutgoingMail.objects.get(name="survey_reminder")
    assert "Not now, not your field, or a colleague to suggest? All of that is behind the same link." in mail.text
    assert mail.text.count("link-mark.") == 1
    assert "You asked us" not in mail.text


@pytest.mark.parametrize("number", [1, 3])
def test_who_is_due_is_known_in_two_queries_also_where_some_put_it_off(survey_round, number, django_assert_num_queries):
    put_off(OPENS + DAY)
    for _more in range(number - 1):
        InvitationFactory(survey_round=survey_round, invited_at=OPENS)

    with django_assert_num_queries(2):
        due = invitations.falls_due(survey_round=survey_round)
    assert [one.asked_for for one in due] == [False] * (number - 1) + [True]
