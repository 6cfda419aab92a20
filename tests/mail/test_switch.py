from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail as django_mail
from django.core.mail.backends import locmem
from django.utils import timezone

from naatbatt.mail import outbox
from naatbatt.mail.models import OutgoingMail, Stream, Switch
from tests.factories import OutgoingMailFactory

pytestmark = pytest.mark.django_db
State = OutgoingMail.State
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock(settings):
    settings.STAFF_EMAILS = ["desk@example.org"]
    with time_machine.travel(MONDAY, tick=False) as clock:
        outbox.deliver_due()
        yield clock


def left():
    return [message.to[0] for message in django_mail.outbox]


def test_a_new_site_is_armed(clock):
    assert not outbox.is_held()
    assert Switch.objects.get().beat_at == MONDAY


def test_held_mail_stays_and_leaves_when_armed(clock):
    outbox.hold(reason="The survey is wrong")
    OutgoingMailFactory(to_address="ada@example.org")
    assert outbox.deliver_due() == 0
    assert outbox.is_held()
    outbox.arm()
    assert outbox.deliver_due() == 1
    assert left() == ["ada@example.org"]


def test_holding_twice_keeps_the_first_reason(clock):
    outbox.hold(reason="first")
    clock.shift(60)
    switch = outbox.hold(reason="second")
    assert (switch.reason, switch.held_at) == ("first", MONDAY)


def test_a_hold_stops_a_batch_in_the_middle(clock, monkeypatch):
    def hold_then_take(self, messages):
        outbox.hold(reason="stop")
        return len(messages)

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", hold_then_take)
    OutgoingMailFactory.create_batch(3)
    assert outbox.deliver_due() == 1
    assert OutgoingMail.objects.filter(state=State.QUEUED, lease="").count() == 2


def test_while_held_only_account_mail_written_since_leaves(clock):
    OutgoingMailFactory(to_address="before@example.org", stream=Stream.ACCOUNT)
    clock.shift(1)
    outbox.hold(reason="x")
    OutgoingMailFactory(to_address="confirm@example.org", stream=Stream.ACCOUNT)
    OutgoingMailFactory(to_address="reader@example.org", stream=Stream.NEWSLETTER)
    outbox.deliver_due()
    assert left() == ["confirm@example.org"]


def test_a_site_that_was_away_holds_what_waits_and_tells_staff(clock):
    OutgoingMailFactory(to_address="ada@example.org")
    clock.shift(timedelta(hours=6, seconds=1))
    outbox.deliver_due()
    assert outbox.is_held()
    assert (
        Switch.objects.get().reason
        == "No mail could leave since 2026-11-23 09:00 UTC, and 1 waiting mails would come late."
    )
    assert left() == ["desk@example.org"]
    assert django_mail.outbox[0].subject == "For staff: Mail is being held"
    assert "/admin/mail/switch/" in django_mail.outbox[0].body
    outbox.deliver_due()
    assert len(left()) == 1


def test_what_was_written_while_the_worker_was_away_is_late_too(clock):
    clock.shift(timedelta(hours=1))
    OutgoingMailFactory()
    clock.shift(timedelta(hours=6))
    outbox.deliver_due()
    assert outbox.is_held()


def test_a_restored_back_up_does_not_send_again_what_was_scheduled_after_it(clock):
    OutgoingMailFactory(due_at=MONDAY + timedelta(hours=30))
    clock.shift(timedelta(hours=31))
    outbox.deliver_due()
    assert outbox.is_held()


def test_a_short_pause_holds_nothing(clock):
    OutgoingMailFactory(to_address="ada@example.org")
    clock.shift(timedelta(hours=6))
    outbox.deliver_due()
    assert left() == ["ada@example.org"]


def test_a_long_pause_with_nothing_waiting_holds_nothing(clock):
    OutgoingMailFactory(due_at=MONDAY + timedelta(days=30))
    clock.shift(timedelta(days=3))
    OutgoingMailFactory(to_address="ada@example.org")
    outbox.deliver_due()
    assert left() == ["ada@example.org"]
    assert Switch.objects.get().beat_at == MONDAY + timedelta(days=3)


def test_one_mail_alone_is_held_like_the_rest(clock):
    mail = OutgoingMailFactory()
    clock.shift(timedelta(days=1))
    assert outbox.deliver(mail_id=mail.pk).state == State.QUEUED
    assert outbox.is_held()


def test_a_server_away_for_longer_than_the_grace_ends_in_a_hold_not_in_a_blast(clock, nobody_there):
    OutgoingMailFactory.create_batch(3)
    for _ in range(7):
        outbox.deliver_due()
        clock.shift(timedelta(hours=1))
    outbox.deliver_due()
    assert outbox.is_held()
    assert not OutgoingMail.objects.filter(stream=Stream.SURVEY, state=State.FAILED).exists()


def test_the_beat_is_written_seldom(clock):
    clock.shift(19)
    outbox.deliver_due()
    assert Switch.objects.get().beat_at == MONDAY
    clock.shift(2)
    outbox.deliver_due()
    assert Switch.objects.get().beat_at == timezone.now()


def test_arming_sends_what_waited_and_does_not_hold_again(clock):
    OutgoingMailFactory(to_address="ada@example.org")
    clock.shift(timedelta(days=2))
    outbox.deliver_due()
    outbox.arm()
    outbox.deliver_due()
    assert left() == ["desk@example.org", "ada@example.org"]
