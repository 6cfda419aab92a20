"""Links sent again and links replaced: what leaves, what the old one says, and what nobody learns from it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from naatbatt.mail import links
from naatbatt.mail.models import OutgoingMail, Suppression
from surveys import invitations, responses, rounds
from surveys.models import Invitation, RetiredLink, RoundClosed
from surveys.responses import Entry
from tests.rows import every_row
from tests.surveys.asking import ask, page_of, token

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation():
    """Asked by a mail that has left."""
    found = ask()
    invitations.solicit(survey_round=found.survey_round)
    OutgoingMail.objects.update(state=OutgoingMail.State.SENT, settled_at=timezone.now())
    return Invitation.objects.get()


def newest():
    return OutgoingMail.objects.latest("pk")


def test_sent_again_it_is_the_same_link_in_another_mail(invitation):
    again = invitations.resend(invitation=invitation, after=0)

    assert newest().key == f"survey-invitation:{invitation.pk}:1"
    assert newest().subject.startswith("Once more, your link")
    assert token(invitation) in links.reveal(newest().text)
    assert (again.mail, again.resends, again.link_digest) == (newest(), 1, invitation.link_digest)
    assert invitations.resend(invitation=again, after=1).resends == 2
    assert newest().key == f"survey-invitation:{invitation.pk}:2"


@pytest.mark.parametrize("story", [invitations.resend, invitations.rotate])
def test_pressed_twice_it_is_one_mail(invitation, story):
    story(invitation=invitation, after=0)
    story(invitation=invitation, after=0)

    assert OutgoingMail.objects.count() == 2


@pytest.mark.parametrize("story", [invitations.resend, invitations.rotate])
def test_nothing_is_sent_again_outside_the_field_period_or_on_hold(invitation, story):
    rounds.hold(survey_round=invitation.survey_round, reason="Somebody should look.")

    with pytest.raises(RoundClosed):
        story(invitation=invitation, after=0)
    assert not RetiredLink.objects.exists()
    assert OutgoingMail.objects.filter(name="survey_invitation").count() == 1


@pytest.mark.parametrize("story", [invitations.resend, invitations.rotate])
def test_nothing_is_sent_again_to_who_was_never_written_to(story):
    with pytest.raises(invitations.NotAsked):
        story(invitation=ask(), after=0)
    assert not RetiredLink.objects.exists()


def test_who_could_not_be_reached_is_asked_once_the_address_is_right(invitation):
    OutgoingMail.objects.update(state=OutgoingMail.State.FAILED)
    invitation.contributor.email = "right@example.org"
    invitation.contributor.save()

    invitations.resend(invitation=invitation, after=0)

    assert newest().to_address == "right@example.org"
    assert invitations.disposition(invitation) == Invitation.Disposition.NO_REPLY


def test_who_asked_not_to_be_written_to_gets_no_mail_again(invitation):
    Suppression.objects.create(address=invitation.contributor.email, reason="unsubscribed")

    assert invitations.resend(invitation=invitation, after=0).mail.state == OutgoingMail.State.SUPPRESSED


def test_mail_to_who_has_answered_says_so(invitation):
    responses.save(invitation=invitation, entries={"catch-up": Entry(value="agree")}, attribution="sector", submit=True)

    invitations.resend(invitation=invitation, after=0)

    assert "Your answers are in." in newest().text
    assert "Your answers are in." in newest().html


def test_replaced_link_opens_nothing_and_the_new_one_does(invitation, client):
    old = page_of(invitation)

    fresh = invitations.rotate(invitation=invitation, after=0)

    assert newest().subject.startswith("Your new link")
    assert token(fresh) in links.reveal(newest().text)
    assert token(invitation) not in links.reveal(newest().text + newest().html)
    assert client.get(page_of(fresh)).status_code == 200
    assert client.get(old).status_code == 410


def test_answers_stay_when_the_link_is_replaced(invitation):
    responses.save(invitation=invitation, entries={"catch-up": Entry(value="agree")}, attribution="", submit=False)

    fresh = invitations.rotate(invitation=invitation, after=0)

    assert invitations.find(token=token(fresh)).response.answers.get().value == "agree"
    assert "Your draft is kept" in newest().text


def test_mail_that_still_waits_carries_the_new_link(invitation):
    invitations.remind(survey_round=invitation.survey_round)

    fresh = invitations.rotate(invitation=invitation, after=0)

    waiting = OutgoingMail.objects.get(name="survey_reminder")
    for part in (waiting.text, waiting.html):
        assert token(fresh) in links.reveal(part)
        assert token(invitation) not in links.reveal(part)


def test_page_of_a_replaced_link_tells_nobody_whose_it_was(invitation, client):
    old = page_of(invitation)
    fresh = invitations.rotate(invitation=invitation, after=0)

    text = client.get(old).content.decode()

    assert "A newer mail has your link" in text
    person = invitation.contributor
    secrets = [person.name, person.email, person.affiliation, invitation.survey_round.survey.title, token(fresh)]
    assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("page", ["answer", "thanks"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_a_replaced_link_changes_nothing(invitation, client, page, method):
    old = page_of(invitation, page)
    invitations.rotate(invitation=invitation, after=0)
    before = every_row()

    assert getattr(client, method)(old).status_code == 410
    assert every_row() == before


@pytest.mark.parametrize("action", ["save", "submit", "decline", "accept_edit", "nonsense"])
def test_posting_to_a_replaced_link_changes_nothing(invitation, client, action):
    old = page_of(invitation)
    invitations.rotate(invitation=invitation, after=0)
    before = every_row()

    answers = {"shown": ["catch-up"], "q-catch-up": "agree", "attribution": "named", "reason": "No."}
    assert client.post(old, {**answers, "action": action}).status_code == 410
    assert every_row() == before


@pytest.mark.parametrize("replaced", [True, False])
def test_a_wrong_and_a_replaced_link_cost_the_same(invitation, client, replaced, django_assert_num_queries):
    old = page_of(invitation)
    invitations.rotate(invitation=invitation, after=0)

    with django_assert_num_queries(2):
        client.get(old if replaced else old.replace(token(invitation), "x" * 22))


def test_trying_out_links_ends_the_same_for_wrong_and_replaced_ones(invitation, client):
    old = page_of(invitation)
    invitations.rotate(invitation=invitation, after=0)
    wrong = old.replace(token(invitation), "x" * 22)
    for _again in range(30):
        client.get(wrong)

    assert client.get(wrong).status_code == 429
    assert client.get(old).status_code == 429


def test_link_replaced_twice_leaves_two_that_say_so(invitation, client):
    fresh = invitations.rotate(invitation=invitation, after=0)
    newer = invitations.rotate(invitation=fresh, after=1)

    assert [client.get(page_of(one)).status_code for one in (invitation, fresh, newer)] == [410, 410, 200]


def test_sent_again_counts_as_asked_again_for_reminders(invitation):
    """Who has just had the link once more is not reminded the same day."""
    later = timezone.now() + timedelta(days=2)
    invitations.resend(invitation=invitation, after=0, now=later)
    OutgoingMail.objects.update(state=OutgoingMail.State.SENT, settled_at=later)

    assert invitations.remind(survey_round=invitation.survey_round, now=later) == 0
    assert invitations.remind(survey_round=invitation.survey_round, now=later + timedelta(days=4)) == 1
