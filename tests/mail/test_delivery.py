"""Delivery against a real SMTP server, polite and otherwise."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
import time_machine
from django.core.mail.backends import locmem
from django.db import transaction
from django.utils import timezone

from naatbatt.mail import links, outbox
from naatbatt.mail.models import OutgoingMail, Stream
from naatbatt.mail.rendering import Rendered
from tests.factories import OutgoingMailFactory, SuppressionFactory

pytestmark = pytest.mark.django_db
State = OutgoingMail.State


def states():
    return dict(OutgoingMail.objects.order_by("pk").values_list("to_address", "state"))


def test_a_mail_leaves_whole_and_its_row_says_sent(written, peer, settings):
    settings.DEFAULT_FROM_EMAIL = "The Series <series@example.org>"
    nonce = links.new_nonce()
    mark, token = links.mark("leave", nonce), links.token("leave", nonce)
    row = written(
        to="ada@example.org",
        to_name="Löwe, Ada",
        reply_to="desk@example.org",
        headers={
            "List-Unsubscribe": f"<https://blog.test/u/{mark}/>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        rendered=Rendered(
            "Zellen für alle", f"https://blog.test/u/{mark}/\n", f'<a href="https://blog.test/u/{mark}/">x</a>'
        ),
    )
    assert outbox.deliver_due() == 1
    (mail,) = peer.received
    assert mail["From"] == "The Series <series@example.org>"
    assert mail["To"].addresses[0].display_name == "Löwe, Ada"
    assert mail["To"].addresses[0].addr_spec == "ada@example.org"
    assert mail["Reply-To"] == "desk@example.org"
    assert mail["Subject"] == "Zellen für alle"
    assert mail["Message-ID"] == row.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert abs(mail["Date"].datetime - timezone.now()) < timedelta(minutes=1)
    assert mail["List-Unsubscribe"] == f"<https://blog.test/u/{token}/>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.get_body(("plain",)).get_content().strip() == f"https://blog.test/u/{token}/"
    assert mail.get_body(("html",)).get_content().strip() == f'<a href="https://blog.test/u/{token}/">x</a>'
    row.refresh_from_db()
    assert (row.state, row.attempts, row.lease, row.leased_until) == (State.SENT, 1, "", None)
    assert row.settled_at
    assert token not in row.text + row.html + str(row.headers)


def test_what_is_sent_is_not_sent_again(written, peer):
    written()
    assert outbox.deliver_due() == 1
    assert outbox.deliver_due() == 0
    assert len(peer.received) == 1


def test_one_connection_serves_a_batch(peer):
    OutgoingMailFactory.create_batch(5)
    assert outbox.deliver_due() == 5
    assert (len(peer.received), peer.connections) == (5, 1)


def test_everything_due_leaves_batch_after_batch_and_the_rest_waits(peer, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 2)
    OutgoingMailFactory.create_batch(5)
    later = OutgoingMailFactory(due_at=timezone.now() + timedelta(minutes=5))
    assert outbox.deliver_due() == 5
    later.refresh_from_db()
    assert later.state == State.QUEUED


def test_a_limit_is_kept(peer):
    OutgoingMailFactory.create_batch(5)
    assert outbox.deliver_due(limit=3) == 3
    assert len(peer.received) == 3


def test_account_mail_goes_before_a_long_newsletter(peer, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 1)
    OutgoingMailFactory(to_address="reader@example.org", stream=Stream.NEWSLETTER)
    OutgoingMailFactory(to_address="waiting@example.org", stream=Stream.ACCOUNT)
    outbox.deliver_due()
    assert [mail["To"] for mail in peer.received] == ["waiting@example.org", "reader@example.org"]


def test_one_mail_can_be_delivered_by_itself(peer):
    first, second = OutgoingMailFactory.create_batch(2)
    assert outbox.deliver(mail_id=second.pk).state == State.SENT
    first.refresh_from_db()
    assert first.state == State.QUEUED
    assert outbox.deliver(mail_id=second.pk).state == State.SENT
    assert len(peer.received) == 1


@pytest.mark.parametrize("manner", ["rcpt 550 no such mailbox", "data 554 we do not want it"])
def test_a_refusal_for_good_fails_that_mail_only(peer, manner):
    peer.manners["b@example.org"] = manner
    for letter in "abc":
        OutgoingMailFactory(to_address=f"{letter}@example.org")
    outbox.deliver_due()
    assert states() == {"a@example.org": State.SENT, "b@example.org": State.FAILED, "c@example.org": State.SENT}
    assert OutgoingMail.objects.get(state=State.FAILED).outcome == manner.partition(" ")[2]
    assert peer.connections == 1


@pytest.mark.parametrize("manner", ["rcpt 451 try later", "data 452 full"])
def test_not_now_means_later_and_ever_later(peer, manner):
    mail = OutgoingMailFactory()
    peer.manners[mail.to_address] = manner
    waits = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(9):
            assert outbox.deliver_due() == 1
            mail.refresh_from_db()
            if mail.state == State.DEFERRED:
                waits.append((mail.due_at - timezone.now()) // timedelta(minutes=1))
                assert outbox.deliver_due() == 0
                clock.move_to(mail.due_at)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128]
    assert mail.state == State.FAILED
    assert mail.outcome == f"Given up after 9 attempts: {manner.partition(' ')[2]}"


def test_the_whole_ladder_is_shorter_than_the_grace(settings):
    assert timedelta(minutes=2 ** (outbox.MAX_ATTEMPTS - 1) - 1) < settings.MAIL_GRACE


def test_a_mail_accepted_at_last_is_sent(peer):
    mail = OutgoingMailFactory()
    peer.manners[mail.to_address] = "rcpt 451 greylisted"
    outbox.deliver_due()
    peer.manners.clear()
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        outbox.deliver_due()
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.outcome) == (State.SENT, 2, "")


def test_a_line_that_breaks_after_the_content_leaves_the_mail_uncertain_and_the_next_gets_a_new_line(peer):
    peer.manners["b@example.org"] = "vanish after data"
    for letter in "abc":
        OutgoingMailFactory(to_address=f"{letter}@example.org")
    outbox.deliver_due()
    assert states() == {"a@example.org": State.SENT, "b@example.org": State.UNCERTAIN, "c@example.org": State.SENT}
    assert peer.connections == 2
    assert outbox.deliver_due() == 0
    assert [mail["To"] for mail in peer.received] == ["a@example.org", "b@example.org", "c@example.org"]


def test_a_line_that_breaks_before_the_content_is_tried_again_later(peer):
    peer.manners["b@example.org"] = "vanish at rcpt"
    for letter in "abc":
        OutgoingMailFactory(to_address=f"{letter}@example.org")
    outbox.deliver_due()
    assert states() == {"a@example.org": State.SENT, "b@example.org": State.DEFERRED, "c@example.org": State.SENT}
    assert peer.connections == 2


def test_a_server_that_closes_with_421_gets_a_new_line_for_the_next(peer):
    peer.manners["a@example.org"] = "rcpt 421 too many"
    for letter in "ab":
        OutgoingMailFactory(to_address=f"{letter}@example.org")
    outbox.deliver_due()
    assert states() == {"a@example.org": State.DEFERRED, "b@example.org": State.SENT}


def test_a_server_that_is_away_puts_one_mail_off_and_leaves_the_others_free(nobody_there, caplog):
    OutgoingMailFactory.create_batch(3)
    assert outbox.deliver_due() == 0
    first, *others = OutgoingMail.objects.order_by("pk")
    assert (first.state, first.attempts) == (State.DEFERRED, 0)
    assert "ConnectionRefusedError" in first.outcome
    assert first.due_at > timezone.now() + timedelta(seconds=50)
    assert {(mail.state, mail.lease, mail.leased_until) for mail in others} == {(State.QUEUED, "", None)}
    assert "cannot be reached" in caplog.text


def test_what_another_library_raises_is_never_taken_for_a_refusal(monkeypatch):
    def strange(*args):
        raise SMTPServerDisconnected("gone, and nobody knows when")

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", strange)
    mail = OutgoingMailFactory()
    outbox.deliver_due()
    mail.refresh_from_db()
    assert mail.state == State.UNCERTAIN


def test_suppression_is_asked_again_at_delivery(peer):
    mail = OutgoingMailFactory(to_address="ada@example.org")
    SuppressionFactory(address="ada@example.org", reason="complained")
    assert outbox.deliver_due() == 1
    mail.refresh_from_db()
    assert mail.state == State.SUPPRESSED
    assert mail.outcome.startswith("marked our mail as spam")
    assert peer.connections == 0


def test_a_mail_that_cannot_be_written_keeps_nobody_else(peer):
    OutgoingMailFactory(to_address="a@example.org", headers={"X-Broken": "one\ntwo"})
    OutgoingMailFactory(to_address="b@example.org")
    outbox.deliver_due()
    assert states() == {"a@example.org": State.FAILED, "b@example.org": State.SENT}


def test_the_row_says_sending_before_the_server_hears_of_it(monkeypatch):
    seen = []

    def look(self, messages):
        seen.append(list(OutgoingMail.objects.values_list("state", "attempts")))
        return len(messages)

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", look)
    OutgoingMailFactory()
    outbox.deliver_due()
    assert seen == [[(State.SENDING, 1)]]


@pytest.mark.django_db(transaction=True)
def test_delivery_inside_somebodys_transaction_is_refused():
    # `sending` would not be committed when the server hears of the mail.
    mail = OutgoingMailFactory()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        outbox.deliver(mail_id=mail.pk)
    mail.refresh_from_db()
    assert mail.state == State.QUEUED


def test_a_claim_that_ran_out_is_free_again_and_a_mail_being_sent_becomes_uncertain():
    now = timezone.now()
    claimed = OutgoingMailFactory(lease="dead", leased_until=now - timedelta(seconds=1))
    sending = OutgoingMailFactory(state=State.SENDING, lease="dead", leased_until=now - timedelta(seconds=1))
    alive = OutgoingMailFactory(state=State.SENDING, lease="alive", leased_until=now + timedelta(minutes=1))
    assert outbox.release_stale() == 2
    for mail in (claimed, sending, alive):
        mail.refresh_from_db()
    assert (claimed.state, claimed.lease) == (State.QUEUED, "")
    assert sending.state == State.UNCERTAIN
    assert "may have left" in sending.outcome
    assert alive.state == State.SENDING
    assert outbox.release_stale() == 0


def test_a_worker_slower_than_its_lease_still_writes_down_what_it_knows(monkeypatch):
    def slow(self, messages):
        with time_machine.travel(timezone.now() + timedelta(minutes=6)):
            assert outbox.release_stale() == 1
            assert OutgoingMail.objects.get().state == State.UNCERTAIN
        return len(messages)

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", slow)
    OutgoingMailFactory()
    outbox.deliver_due()
    assert OutgoingMail.objects.get().state == State.SENT


def test_a_worker_does_not_overwrite_what_a_person_decided_meanwhile(monkeypatch, caplog):
    def slow(self, messages):
        with time_machine.travel(timezone.now() + timedelta(minutes=6)):
            outbox.release_stale()
            outbox.try_again(mail=OutgoingMail.objects.get())
        return len(messages)

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", slow)
    mail = OutgoingMailFactory(due_at=timezone.now() - timedelta(minutes=1))
    outbox.deliver(mail_id=mail.pk)
    assert OutgoingMail.objects.get().state == State.QUEUED
    assert "taken out of our hands" in caplog.text


def test_a_mail_whose_claim_ran_out_in_a_slow_batch_is_left_to_others(monkeypatch):
    sent = []

    def slow(self, messages):
        sent.append(messages[0].to[0])
        OutgoingMail.objects.exclude(state=State.SENDING).update(lease="another worker")
        return len(messages)

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", slow)
    OutgoingMailFactory.create_batch(2)
    outbox.deliver_due()
    assert len(sent) == 1
    assert OutgoingMail.objects.filter(state=State.QUEUED, lease="another worker").count() == 1


def test_an_idle_sweep_costs_five_queries(django_assert_num_queries):
    outbox.deliver_due()
    with django_assert_num_queries(5):  # the switch; what is due, in a transaction (3); the beat
        outbox.deliver_due()


def test_what_a_mail_costs_in_queries(django_assert_num_queries):
    outbox.deliver_due()
    OutgoingMailFactory()
    # The switch; the claim in its transaction (4), its rows; suppressed? (1), sending (3 with its transaction),
    # outcome (1); what is left of the batch (1); the beat (1); and an idle round (4).
    with django_assert_num_queries(17):
        outbox.deliver_due()
    OutgoingMailFactory.create_batch(3)
    with django_assert_num_queries(27):  # five more for each further mail
        outbox.deliver_due()
