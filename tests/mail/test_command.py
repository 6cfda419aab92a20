from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from naatbatt.mail import outbox
from tests.factories import OutgoingMailFactory

pytestmark = pytest.mark.django_db


def say(*words):
    out = StringIO()
    call_command("mail", *words, stdout=out)
    return out.getvalue()


def test_the_status_counts_mails_by_state_and_changes_nothing():
    OutgoingMailFactory.create_batch(2)
    OutgoingMailFactory(state="sent")
    assert say("status") == "Mail is armed: it leaves when it is due.\n      2 queued\n      1 sent\n"


def test_mail_is_held_and_armed():
    assert "UTC: wrong survey" in say("hold", "--reason", "wrong survey")
    assert outbox.is_held()
    assert "armed" in say("arm")
    assert not outbox.is_held()


def test_a_verb_is_needed():
    with pytest.raises(CommandError, match="verb"):
        say()


def test_a_database_that_cannot_be_used_is_said_in_a_sentence(monkeypatch):
    def broken(**reason):
        raise OperationalError("no such table: mail_switch")

    monkeypatch.setattr(outbox, "hold", broken)
    with pytest.raises(CommandError, match="The database cannot be used: no such table: mail_switch"):
        say("hold")
