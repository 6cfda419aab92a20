"""The ways out of a personal page: what each does, what it says afterwards, and how it is taken back."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.utils import timezone

from naatbatt.mail.models import OutgoingMail, Stream, Suppression
from surveys import invitations, rounds
from surveys.models import Invitation, RoundClosed
from tests.factories import ResponseFactory, RoundFactory, SuppressionFactory
from tests.rows import every_row
from tests.surveys.asking import ask, page_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 3, 17, tzinfo=UTC)  # Tuesday, noon in New York
DAY = timedelta(days=1)
Reason = Suppression.Reason


@pytest.fixture
def invitation():
    """Asked, in a round of three weeks."""
    found = ask(closes_at=timezone.now() + timedelta(days=21))
    invitations.solicit(survey_round=found.survey_round)
    return Invitation.objects.get()


def read(client, invitation):
    page = client.get(page_of(invitation, "leave"))
    assert page.status_code == 200
    return " ".join(unescape(page.content.decode()).split())


def press(client, invitation, action, **data):
    page = client.post(page_of(invitation, "leave"), {"action": action, **data})
    invitation.refresh_from_db()
    assert (page.status_code, page["Location"]) == (303, page_of(invitation, "leave"))
    return read(client, invitation)


def submit(invitation):
    ResponseFactory(invitation=invitation)


# --- not now


@pytest.mark.parametrize(
    ("left", "offered"),
    [
        (timedelta(days=21), timedelta(days=7)),
        (timedelta(days=8), timedelta(days=7)),
        (timedelta(days=7), timedelta(days=6)),
        (timedelta(days=2), timedelta(days=1)),
        (timedelta(days=1, hours=23), None),
    ],
)
def test_the_reminder_comes_in_a_week_or_the_day_before_the_end_or_not_at_all(left, offered):
    survey_round = RoundFactory(closes_at=NOON + left, opens_at=NOON - DAY)

    assert invitations.reminder_offered(survey_round=survey_round, now=NOON) == (offered and NOON + offered)


def test_a_week_is_one_by_the_clock_on_the_wall():
    """Nov. 1, 2026 is the night on which the clocks go back in New York."""
    friday = datetime(2026, 10, 30, 16, tzinfo=UTC)  # noon, EDT
    survey_round = RoundFactory(closes_at=friday + 21 * DAY, opens_at=friday - DAY)

    offered = invitations.reminder_offered(survey_round=survey_round, now=friday)

    assert offered == datetime(2026, 11, 6, 17, tzinfo=UTC)  # noon, EST


def test_putting_off_says_until_when_and_is_not_offered_again(client):
    with time_machine.travel(NOON, tick=False):
        invitation = ask(opens_at=NOON - DAY, closes_at=NOON + 21 * DAY)
        before = read(client, invitation)
        after = press(client, invitation, "postpone")

    assert "We remind you once, on Tuesday, Nov. 10, 2026, and leave you alone until then." in before
    assert "We will remind you once, on Tuesday, Nov. 10, 2026, noon EST, and not before." in after
    assert "Remind me then" not in after
    assert (invitation.postponed_at, invitation.postponed_until) == (NOON, NOON + 7 * DAY)


def test_putting_off_twice_changes_nothing(client, invitation):
    press(client, invitation, "postpone")
    first = invitation.postponed_until

    press(client, invitation, "postpone")
    invitations.postpone(invitation=invitation, now=timezone.now() + 3 * DAY)

    invitation.refresh_from_db()
    assert invitation.postponed_until == first


def test_putting_off_is_not_offered_where_no_reminder_would_help(client):
    invitation = ask(closes_at=timezone.now() + DAY)

    assert "too soon for a reminder that would still help" in read(client, invitation)
    page = client.post(page_of(invitation, "leave"), {"action": "postpone"})

    assert page.status_code == 409
    assert "ends so soon" in page.content.decode()
    assert Invitation.objects.get().postponed_at is None


def test_who_has_been_reminded_as_they_asked_is_told_so_and_not_offered_it_again(client, invitation):
    day = timezone.now() - DAY
    Invitation.objects.update(postponed_at=day - DAY, postponed_until=day, reminded_at=day)

    text = read(client, invitation)

    assert "You asked us to remind you later. We did so on" in text
    assert "You have put this off once" in text
    assert "Remind me then" not in text


def test_no_reminder_is_promised_to_an_address_that_gets_no_mail(client, invitation):
    OutgoingMail.objects.update(state=OutgoingMail.State.FAILED)

    page = client.post(page_of(invitation, "leave"), {"action": "postpone"})

    assert page.status_code == 409
    assert Invitation.objects.get().postponed_at is None


# --- not this time


@pytest.mark.parametrize(
    ("because", "says"),
    [("not_my_field", "(not my field)"), ("no_time", "(no time at present)"), ("may_not", "(may not speak on this)")],
)
def test_declining_keeps_the_reason_and_says_so(client, invitation, because, says):
    text = press(client, invitation, "decline", because=because, reason=" Ask <b>Bo</b>. ")

    assert (invitation.declined_because, invitation.decline_reason) == (because, "Ask <b>Bo</b>.")
    assert says in text
    assert "We will not remind you." in text
    assert "simply answer" in text
    assert 'value="decline"' not in text
    assert "&lt;b&gt;Bo" in client.get(page_of(invitation, "leave")).content.decode()


def test_no_reason_is_needed(client, invitation):
    text = press(client, invitation, "decline")

    assert invitation.declined_at is not None
    assert (invitation.declined_because, invitation.decline_reason) == ("", "")
    assert "You have told us that you will not answer this time. We" in text


def test_declining_calls_off_the_reminder_that_was_asked_for(client, invitation):
    press(client, invitation, "postpone")

    press(client, invitation, "decline", because="no_time")

    assert invitation.postponed_until is None
    assert invitation.postponed_at is not None


def test_words_that_are_too_long_come_back_as_they_were_typed(client, invitation):
    words = "🔋" * 10_000

    page = client.post(page_of(invitation, "leave"), {"action": "decline", "because": "other", "reason": words})

    assert page.status_code == 422
    assert words in page.content.decode()
    assert Invitation.objects.get().declined_at is None


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 400),
        ({"action": "explode"}, 400),
        ({"action": ["decline", "x"]}, 400),
        ({"action": "decline", "because": "x" * 10_000}, 422),
        ({"action": "decline", "because": "\x00", "reason": "a\x00b"}, 303),
        ({"action": "decline", "reason": "a\x00b\x07\ufffe"}, 303),
        ({"action": "decline", "because": ["no_time", "may_not"]}, 303),
    ],
)
def test_hostile_input_is_answered(client, invitation, data, status):
    assert client.post(page_of(invitation, "leave"), data).status_code == status


def test_a_page_of_another_site_presses_no_button(client, invitation):
    page = client.post(
        page_of(invitation, "leave"), {"action": "never_again"}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert page.status_code == 403
    assert not Suppression.objects.exists()


# --- never again


def test_never_again_declines_and_stops_the_mail_and_can_be_undone(client, invitation):
    text = press(client, invitation, "never_again")

    row = Suppression.objects.get()
    assert (row.address, row.stream, row.reason) == (invitation.contributor.email, Stream.SURVEY, Reason.UNSUBSCRIBED)
    assert invitation.declined_at is not None
    assert "You have asked us never to ask you again." in text

    text = press(client, invitation, "ask_again")

    assert not Suppression.objects.exists()
    assert invitation.declined_at is None
    assert "Remind me then" in text


def test_undo_leaves_a_refusal_that_was_made_before_or_explained_since(client, invitation):
    press(client, invitation, "decline", because="no_time")
    press(client, invitation, "never_again")
    press(client, invitation, "ask_again")
    assert invitation.declined_at is not None

    Invitation.objects.update(declined_at=None, declined_because="")
    press(client, invitation, "never_again")
    invitations.decline(invitation=invitation, because="not_my_field")
    press(client, invitation, "ask_again")
    assert invitation.declined_at is not None


@pytest.mark.parametrize(
    "other",
    [
        {"stream": Stream.SURVEY, "reason": Reason.BOUNCED},
        {"stream": Stream.SURVEY, "reason": Reason.STAFF},
        {"stream": Stream.SURVEY, "reason": Reason.UNSUBSCRIBED},
        {"stream": "", "reason": Reason.COMPLAINED},
    ],
)
def test_a_suppression_of_another_origin_is_neither_changed_nor_lifted(client, invitation, other):
    SuppressionFactory(address=invitation.contributor.email, note="Of its own.", **other)
    before = list(Suppression.objects.values())
    assert "This page cannot change that." in read(client, invitation)

    press(client, invitation, "never_again")
    press(client, invitation, "ask_again")

    assert list(Suppression.objects.values()) == before


def test_other_streams_and_other_pages_are_none_of_its_business(client, invitation):
    SuppressionFactory(address=invitation.contributor.email, stream=Stream.NEWSLETTER)
    other = ask(contributor={"name": "Bo"})
    press(client, other, "never_again")

    press(client, invitation, "ask_again")

    assert Suppression.objects.count() == 2


def test_undo_works_after_the_address_was_corrected(client, invitation):
    press(client, invitation, "never_again")
    invitation.contributor.email = "new@example.org"
    invitation.contributor.save()

    press(client, invitation, "ask_again")

    assert not Suppression.objects.exists()


def test_after_it_no_mail_about_surveys_is_queued(client, invitation):
    press(client, invitation, "never_again")
    Invitation.objects.update(declined_at=None)

    assert invitations.remind(survey_round=invitation.survey_round) == 0
    assert invitations.resend(invitation=invitation, after=0).mail.state == OutgoingMail.State.SUPPRESSED


# --- when it is too late for some of it


def test_after_submitting_there_is_nothing_left_to_decline(client, invitation):
    submit(invitation)
    text = read(client, invitation)
    assert "nothing left to decline" in text
    assert 'value="decline"' not in text
    assert 'value="postpone"' not in text

    for action in ("decline", "postpone"):
        page = client.post(page_of(invitation, "leave"), {"action": action})
        assert page.status_code == 409
        assert "there is nothing left to decline" in page.content.decode()

    press(client, invitation, "never_again")
    assert Suppression.objects.exists()
    assert invitation.declined_at is None


def over(invitation):
    rounds.close(survey_round=invitation.survey_round)


def upcoming(invitation):
    survey_round = invitation.survey_round
    survey_round.opens_at = timezone.now() + DAY
    survey_round.save()


@pytest.mark.parametrize(("happened", "says"), [(over, "This round is over"), (upcoming, "has not opened yet")])
def test_outside_the_field_period_what_still_makes_sense_works(client, invitation, happened, says):
    happened(invitation)
    text = read(client, invitation)
    assert says in text
    assert page_of(invitation, "colleague") in text
    assert 'value="decline"' not in text
    assert 'value="postpone"' not in text

    for action in ("decline", "postpone"):
        assert client.post(page_of(invitation, "leave"), {"action": action}).status_code == 409

    press(client, invitation, "never_again")
    assert Suppression.objects.exists()
    assert Invitation.objects.get().declined_at is None


@pytest.mark.parametrize("story", [invitations.decline, invitations.postpone])
def test_stories_refuse_after_the_end(invitation, story):
    over(invitation)

    with pytest.raises(RoundClosed):
        story(invitation=invitation)


def test_declining_is_taken_as_long_as_answers_are(settings):
    """A page that was open at the deadline can still be sent."""
    invitation = ask()
    end = invitation.survey_round.closes_at

    late = end + settings.ANSWER_GRACE
    with pytest.raises(RoundClosed):
        invitations.decline(invitation=invitation, now=late)
    invitations.decline(invitation=invitation, now=late - timedelta(seconds=1))


# --- every state


def nothing(invitation):
    pass


def postponed(invitation):
    invitations.postpone(invitation=invitation)


def declined(invitation):
    invitations.decline(invitation=invitation, because="other", reason="Away.")


def silent(invitation):
    invitations.never_again(invitation=invitation)


STATES = [nothing, postponed, declined, silent, submit, over, upcoming]


@pytest.mark.parametrize("state", STATES)
def test_opening_the_page_changes_nothing(client, invitation, state):
    state(invitation)
    before = every_row()

    for method in (client.get, client.head):
        page = method(page_of(invitation, "leave"))
        assert page.status_code == 200
        assert page["Cache-Control"] == "no-store"
        assert not page.cookies

    assert every_row() == before


@pytest.mark.parametrize("state", STATES)
def test_the_page_takes_two_queries_in_every_state(client, invitation, state, django_assert_num_queries):
    state(invitation)

    with django_assert_num_queries(2):
        client.get(page_of(invitation, "leave"))


def test_a_wrong_link_leads_nowhere(client):
    for name in ("leave", "colleague"):
        assert client.get(f"/a/{'x' * 22}/{name}/").status_code == 404
        assert client.post(f"/a/{'x' * 22}/{name}/", {"action": "never_again"}).status_code == 404
