from datetime import timedelta

import pytest
from django.utils import timezone

from naatbatt.mail import links, outbox
from naatbatt.mail.models import OutgoingMail, Stream, Suppression
from surveys import invitations, responses, rounds
from surveys.invitations import AlreadySubmitted
from surveys.models import Invitation, RoundClosed
from surveys.responses import Entry
from tests.factories import ContributorFactory, InvitationFactory, QuestionFactory, RoundFactory
from tests.surveys.asking import ask, token

pytestmark = pytest.mark.django_db

Disposition = Invitation.Disposition


def asked(**survey_round):
    invitation = ask(**survey_round)
    invitations.solicit(survey_round=invitation.survey_round)
    invitation.refresh_from_db()
    return invitation


def answer(invitation, *, submit=True):
    return responses.save(
        invitation=invitation, entries={"catch-up": Entry(value="agree")}, attribution="sector", submit=submit
    )


def reminders():
    return OutgoingMail.objects.filter(name="survey_reminder")


# --- invite


def test_invite_gives_everybody_a_link_of_their_own():
    survey_round = RoundFactory()
    people = ContributorFactory.create_batch(3)

    panel = invitations.invite(survey_round=survey_round, contributors=people)

    assert [row.contributor for row in panel] == people
    assert len({row.link_digest for row in panel}) == 3
    assert not OutgoingMail.objects.exists()


def test_inviting_again_keeps_the_link():
    survey_round, person = RoundFactory(), ContributorFactory()
    (first,) = invitations.invite(survey_round=survey_round, contributors=[person])

    both = invitations.invite(survey_round=survey_round, contributors=[person, ContributorFactory()])

    assert both[0].link_digest == first.link_digest
    assert Invitation.objects.count() == 2


def test_nobody_is_invited_to_a_round_that_is_over():
    over = RoundFactory(opens_at=timezone.now() - timedelta(days=2), closes_at=timezone.now() - timedelta(days=1))

    with pytest.raises(RoundClosed):
        invitations.invite(survey_round=over, contributors=[ContributorFactory()])


def test_database_never_holds_the_token():
    invitation = asked()

    mail = OutgoingMail.objects.get()
    secret = token(invitation)
    kept = [invitation.link_nonce, invitation.link_digest, mail.text, mail.html, mail.subject, mail.key]
    assert not [text for text in kept if secret in text]
    assert secret in links.reveal(mail.text)


# --- find


def test_find_knows_its_token_and_no_other():
    invitation = ask()

    assert invitations.find(token=token(invitation)) == invitation
    for wrong in ("", "x", "x" * 22, "x" * 5000, invitation.link_nonce, invitation.link_digest, "\x00", "é" * 22):
        assert invitations.find(token=wrong) is None


@pytest.mark.parametrize("right", [True, False])
def test_find_does_the_same_work_for_a_wrong_token(right, django_assert_num_queries):
    secret = token(ask())

    with django_assert_num_queries(1):
        invitations.find(token=secret if right else "not-a-token")


# --- solicit


def test_solicit_writes_one_mail_for_each_person_for_ever():
    invitation = ask()
    InvitationFactory(survey_round=invitation.survey_round)

    assert invitations.solicit(survey_round=invitation.survey_round) == 2
    assert invitations.solicit(survey_round=invitation.survey_round) == 0

    keys = OutgoingMail.objects.order_by("pk").values_list("key", flat=True)
    assert list(keys) == [f"survey-invitation:{row.pk}" for row in Invitation.objects.order_by("pk")]
    invitation.refresh_from_db()
    assert invitation.invited_at is not None
    assert invitation.mail.key == f"survey-invitation:{invitation.pk}"


def test_invitation_mail_says_who_asks_what_until_when_and_by_which_link(settings):
    settings.STAFF_EMAILS = ["editors@example.org"]
    invitation = ask(contributor={"name": "Dr. <Sample>"})
    QuestionFactory(survey=invitation.survey_round.survey, prompt="Does it matter where cells are made?", position=9)

    invitations.solicit(survey_round=invitation.survey_round)

    mail = OutgoingMail.objects.get()
    assert mail.reply_to == "editors@example.org"
    assert mail.subject == "Your view, please: Can the United States catch up?"
    for part in (
        settings.ASSOCIATION_NAME,
        "Example Cells (industry)",
        "The United States can catch up.",
        "Does it matter where cells are made?",
        "about 2 minutes",
        invitation.survey_round.closes_in_words,
        "do not forward",
        "Not now, not your field, or a colleague to suggest? All of that is behind the same link.",
        invitation.link(),
    ):
        assert part in mail.text
        assert part in mail.html
    assert mail.text.count(invitation.link()) == 1
    assert "Dear Dr. <Sample>," in mail.text
    assert "Dear Dr. &lt;Sample&gt;," in mail.html


@pytest.mark.parametrize(
    ("opens_in", "closes_in"), [(timedelta(hours=1), timedelta(days=1)), (timedelta(days=-2), timedelta(hours=-1))]
)
def test_nobody_is_solicited_outside_the_field_period(opens_in, closes_in):
    invitation = ask(opens_at=timezone.now() + opens_in, closes_at=timezone.now() + closes_in)

    assert invitations.solicit(survey_round=invitation.survey_round) == 0
    assert not OutgoingMail.objects.exists()


def test_nobody_is_solicited_or_reminded_while_the_round_is_held():
    invitation = asked()
    InvitationFactory(survey_round=invitation.survey_round)
    rounds.hold(survey_round=invitation.survey_round, reason="Somebody should look.")

    assert invitations.solicit(survey_round=invitation.survey_round) == 0
    assert invitations.remind(survey_round=invitation.survey_round) == 0


# --- remind


def test_reminder_goes_once_to_who_has_not_answered():
    invitation = asked()

    assert invitations.remind(survey_round=invitation.survey_round) == 1
    assert invitations.remind(survey_round=invitation.survey_round) == 0

    mail = reminders().get()
    assert mail.key == f"survey-reminder:{invitation.pk}:1"
    assert invitation.link() in mail.text
    invitation.refresh_from_db()
    assert invitation.reminded_at is not None


def test_reminder_to_a_draft_says_that_it_is_kept():
    invitation = asked()
    answer(invitation, submit=False)

    invitations.remind(survey_round=invitation.survey_round)

    assert "Your draft is kept" in reminders().get().text


def submitted(invitation):
    answer(invitation)


def declined(invitation):
    invitations.decline(invitation=invitation, reason="No time.")


def asked_not_to_be_written_to(invitation):
    Suppression.objects.create(address=invitation.contributor.email, stream=Stream.SURVEY, reason="unsubscribed")


def refused_by_the_server(invitation):
    OutgoingMail.objects.filter(pk=invitation.mail_id).update(state=OutgoingMail.State.FAILED)


def closed_early(invitation):
    rounds.close(survey_round=invitation.survey_round)


def not_invited_yet(invitation):
    Invitation.objects.filter(pk=invitation.pk).update(invited_at=None)


@pytest.mark.parametrize(
    "happened",
    [submitted, declined, asked_not_to_be_written_to, refused_by_the_server, closed_early, not_invited_yet],
)
def test_no_reminder_after(happened):
    invitation = asked()
    happened(invitation)

    assert invitations.remind(survey_round=invitation.survey_round) == 0
    assert not reminders().exists()


def test_reminder_is_decided_for_each_person_at_their_turn(monkeypatch):
    """Somebody who answers while the reminders of others are being written gets none."""
    first = asked()
    second = InvitationFactory(survey_round=first.survey_round)
    invitations.solicit(survey_round=first.survey_round)
    enqueue = outbox.enqueue

    def answers_meanwhile(**mail):
        if mail["name"] == "survey_reminder":
            answer(second)
        return enqueue(**mail)

    monkeypatch.setattr(outbox, "enqueue", answers_meanwhile)

    assert invitations.remind(survey_round=first.survey_round) == 1
    assert reminders().get().key == f"survey-reminder:{first.pk}:1"


@pytest.mark.parametrize("happened", [submitted, declined])
def test_reminder_that_is_still_waiting_is_kept_back(happened):
    invitation = asked()
    invitations.remind(survey_round=invitation.survey_round)

    happened(Invitation.objects.get(pk=invitation.pk))

    assert reminders().get().state == OutgoingMail.State.SUPPRESSED


# --- decline


def test_declining_twice_keeps_the_first_instant_and_the_last_reason():
    invitation = asked()
    first = invitations.decline(invitation=invitation, reason=" No time. ")

    again = invitations.decline(invitation=invitation, reason="Not my field.", now=timezone.now() + timedelta(days=1))

    assert (again.declined_at, again.decline_reason) == (first.declined_at, "Not my field.")
    assert invitations.decline(invitation=invitation).decline_reason == "Not my field."


def test_why_somebody_declines_is_kept_and_said_better_later():
    invitation = asked()
    invitations.decline(invitation=invitation, because="no_time", reason="Away.")

    again = invitations.decline(invitation=invitation, because="not_my_field")

    assert (again.declined_because, again.decline_reason) == ("not_my_field", "Away.")
    assert invitations.decline(invitation=invitation).declined_because == "not_my_field"
    with pytest.raises(ValueError, match="bored"):
        invitations.decline(invitation=invitation, because="bored")


def test_declining_keeps_the_draft():
    invitation = asked()
    response = answer(invitation, submit=False)

    invitations.decline(invitation=invitation, reason="No time.")

    assert response.answers.get().value == "agree"
    assert invitations.disposition(invitation) == Disposition.DECLINED


def test_who_has_submitted_cannot_decline():
    invitation = asked()
    answer(invitation)

    with pytest.raises(AlreadySubmitted):
        invitations.decline(invitation=invitation)

    assert invitations.disposition(invitation) == Disposition.COMPLETE


def test_declining_after_the_end_is_refused():
    invitation = asked()
    closed_early(invitation)

    with pytest.raises(RoundClosed):
        invitations.decline(invitation=invitation)


# --- what became of them


def a_panel():
    """One of each disposition: complete, partial, declined, two undeliverable, no reply, not invited yet."""
    complete = ask(contributor={"sector": "industry"})
    survey_round = complete.survey_round
    sectors = ["academia", "academia", "government", "government", "industry"]
    partial, refusing, failing, suppressed, silent = (
        InvitationFactory(survey_round=survey_round, contributor__sector=sector) for sector in sectors
    )
    asked_not_to_be_written_to(suppressed)
    invitations.solicit(survey_round=survey_round)
    failing.refresh_from_db()
    refused_by_the_server(failing)
    answer(complete)
    answer(partial, submit=False)
    declined(refusing)
    late = InvitationFactory(survey_round=survey_round)
    return [complete, partial, refusing, failing, suppressed, silent, late]


def test_disposition_of_each():
    panel = a_panel()

    assert [invitations.disposition(invitation) for invitation in panel] == [
        Disposition.COMPLETE,
        Disposition.PARTIAL,
        Disposition.DECLINED,
        Disposition.UNDELIVERABLE,
        Disposition.UNDELIVERABLE,
        Disposition.NO_REPLY,
        Disposition.NOT_INVITED,
    ]


def test_draft_that_was_emptied_again_is_no_partial_answer():
    invitation = asked()
    answer(invitation, submit=False)
    responses.save(invitation=invitation, entries={"catch-up": Entry()}, attribution="", submit=False)

    assert invitations.disposition(invitation) == Disposition.NO_REPLY


@pytest.mark.parametrize("number", [1, 3])
def test_dispositions_of_a_list_take_one_query(number, django_assert_num_queries):
    for _ in range(number):
        asked()

    with django_assert_num_queries(1):
        assert [row.disposition for row in Invitation.objects.with_disposition()] == ["no_reply"] * number


def test_counts_by_sector_in_one_query(django_assert_num_queries):
    survey_round = a_panel()[0].survey_round

    with django_assert_num_queries(1):
        counts = invitations.disposition_counts(survey_round=survey_round)

    nobody = dict.fromkeys(Disposition.values, 0)
    assert counts == {
        "all": {
            "complete": 1, "partial": 1, "declined": 1, "undeliverable": 2, "no_reply": 1, "not_invited": 1,
        },
        "industry": nobody | {"complete": 1, "no_reply": 1, "not_invited": 1},
        "academia": nobody | {"partial": 1, "declined": 1},
        "government": nobody | {"undeliverable": 2},
    }  # fmt: skip


def test_response_rate_1_by_hand():
    """RR1 = I / ((I + P) + (R + NC + O) + (UH + UO)): 22 / (22 + 3 + 1 + 2 + 2) = 22/30."""
    counts = {"complete": 22, "partial": 3, "declined": 1, "undeliverable": 2, "no_reply": 2, "not_invited": 5}

    assert invitations.response_rate_1(counts) == 22 / 30
    assert invitations.response_rate_1({"not_invited": 5}) is None


def test_response_rate_2_by_hand():
    """RR2 = (I + P) / ((I + P) + (R + NC + O) + (UH + UO)): (22 + 3) / (22 + 3 + 1 + 2 + 2) = 25/30."""
    counts = {"complete": 22, "partial": 3, "declined": 1, "undeliverable": 2, "no_reply": 2, "not_invited": 5}

    assert invitations.response_rate_2(counts) == 25 / 30
    assert invitations.response_rate_2({"not_invited": 5}) is None
