"""The door: what becomes a row, and the bell."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from naatbatt.mail import links, outbox, tasks
from naatbatt.mail.models import OutgoingMail, Stream, Suppression
from naatbatt.mail.rendering import Rendered
from tests.factories import OutgoingMailFactory, SuppressionFactory
from tests.rows import every_row

pytestmark = pytest.mark.django_db
State = OutgoingMail.State


@pytest.fixture
def bells(monkeypatch):
    rung = []
    monkeypatch.setattr(tasks.deliver_due, "apply_async", lambda *args, **options: rung.append(options))
    return rung


def test_a_mail_becomes_a_queued_row_with_its_message_id(written, settings):
    settings.DEFAULT_FROM_EMAIL = "Series <series@cells.example>"
    mail = written(to_name="Ada Löwe", reply_to="desk@example.org", headers={"List-Id": "series.example.org"})
    assert (mail.state, mail.attempts, mail.to_address, mail.to_name) == (
        State.QUEUED,
        0,
        "ada@example.org",
        "Ada Löwe",
    )
    assert mail.message_id.endswith("@cells.example>")
    assert mail.headers == {"List-Id": "series.example.org"}


def test_the_same_key_is_the_same_mail_for_ever(written):
    first = written("survey-invitation:7")
    OutgoingMail.objects.filter(pk=first.pk).update(state=State.SENT)
    again = written("survey-invitation:7", to="other@example.org", rendered=Rendered("Other", "Other", ""))
    assert again.pk == first.pk
    assert (again.state, again.to_address, again.subject) == (State.SENT, "ada@example.org", "Good day")
    assert OutgoingMail.objects.count() == 1


def test_a_repeated_mail_is_not_even_rendered(written):
    first = written("survey-invitation:7")
    assert written("survey-invitation:7", name="no-such-template", rendered=None) == first


def test_a_name_is_rendered_at_the_door(written):
    context = {"headline": "Held", "message": "Why", "page_url": ""}
    mail = written(name="staff_notice", rendered=None, context=context)
    assert mail.subject == "For staff: Held"
    assert "Why" in mail.text


def test_line_breaks_cannot_begin_a_header(written):
    mail = written(
        to_name="Ada\r\nBcc: all@example.org",
        rendered=Rendered("Good\nday", "x", ""),
        headers={"List-Unsubscribe": "<https://example.org/>\r\nBcc: all@example.org"},
    )
    assert mail.to_name == "Ada Bcc: all@example.org"
    assert mail.subject == "Good day"
    assert mail.headers["List-Unsubscribe"] == "<https://example.org/> Bcc: all@example.org"


@pytest.mark.parametrize("name", ["Bcc", "to", "Message-ID", "X\nY", "X:Y", "", "Content-Type", "DATE"])
def test_headers_that_are_ours_or_none_are_refused(written, name):
    with pytest.raises(ValueError, match="header"):
        written(headers={name: "x"})


@pytest.mark.parametrize("name", ["List-Unsubscribe", "List-Unsubscribe-Post", "X-Topic", "Tomorrow", "date-of-issue"])
def test_other_headers_are_taken(written, name):
    assert written(headers={name: "x"}).headers == {name: "x"}


def test_an_unknown_stream_or_a_key_too_long_is_the_callers_mistake(written):
    with pytest.raises(ValueError, match="stream"):
        written(stream="surveys")
    with pytest.raises(ValueError, match="key"):
        written("k" * 201)


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b@c.org", "ada@example.org\nBcc: all@example.org", "x" * 250 + "@e.org"]
)
def test_what_is_no_address_is_a_row_that_failed_and_stops_nobody_else(written, address):
    mail = written(to=address)
    assert mail.state == State.FAILED
    assert mail.outcome == "This is not a mail address."
    assert "\n" not in mail.to_address
    assert written("greeting:2").state == State.QUEUED


def test_a_suppressed_address_gets_a_row_that_says_why(written):
    SuppressionFactory(address="ada@example.org", stream=Stream.SURVEY, created_at=timezone.now())
    mail = written(to="Ada@Example.org")
    assert mail.state == State.SUPPRESSED
    assert mail.outcome.startswith("asked not to be written to (")
    assert "survey" in mail.outcome
    assert mail.settled_at


@pytest.mark.parametrize(
    ("scope", "reason", "blocked"),
    [
        (Stream.NEWSLETTER, "unsubscribed", {"newsletter"}),
        (Stream.SURVEY, "bounced", {"survey"}),
        ("", "unsubscribed", {"newsletter", "survey"}),
        ("", "bounced", {"newsletter", "survey", "account"}),
        ("", "complained", {"newsletter", "survey", "account"}),
        ("", "staff", {"newsletter", "survey", "account"}),
        (Stream.ACCOUNT, "unsubscribed", {"account"}),
    ],
)
def test_which_streams_a_suppression_stops(scope, reason, blocked):
    SuppressionFactory(address="ada@example.org", stream=scope, reason=reason)
    assert {s for s in Stream.values if Suppression.objects.blocking("ADA@example.org ", s).exists()} == blocked


def test_one_bell_a_transaction_however_many_mails(written, bells, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        for number in range(3):
            written(f"greeting:{number}")
        assert not bells
    assert len(bells) == 1


def undone(written, key):
    with transaction.atomic():
        written(key)
        transaction.set_rollback(True)


def test_no_bell_when_the_transaction_is_undone(written, bells, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        undone(written, "greeting:1")
    assert not bells
    assert not OutgoingMail.objects.exists()


def test_a_bell_lost_with_an_inner_transaction_is_rung_for_the_next_mail(
    written, bells, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        undone(written, "greeting:1")
        written("greeting:2")
    assert len(bells) == 1


def test_no_bell_for_what_is_not_due_or_not_to_be_sent(written, bells, django_capture_on_commit_callbacks):
    SuppressionFactory(address="gone@example.org")
    with django_capture_on_commit_callbacks(execute=True):
        written("later", due_at=timezone.now() + timedelta(hours=1))
        written("never", to="gone@example.org")
    assert not bells


def test_a_broker_that_is_down_does_not_break_the_page(
    written, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def down(*args, **options):
        raise OperationalError("redis://user:password@broker refused")

    monkeypatch.setattr(tasks.deliver_due, "apply_async", down)
    with django_capture_on_commit_callbacks(execute=True):
        mail = written()
    assert mail.state == State.QUEUED
    assert "mail waits for the next sweep" in caplog.text
    assert "password" not in caplog.text


def test_the_bell_does_not_keep_a_page_waiting(written, bells, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        written()
    assert bells == [{"retry": False}]


def test_staff_are_told_once_a_key(settings):
    settings.STAFF_EMAILS = ["one@example.org", "two@example.org"]
    for _ in range(2):
        mails = outbox.tell_staff(key="issue-held:3", headline="Held", message="Late")
    assert [(mail.to_address, mail.stream, mail.subject) for mail in mails] == [
        ("one@example.org", "account", "For staff: Held"),
        ("two@example.org", "account", "For staff: Held"),
    ]
    assert OutgoingMail.objects.count() == 2


def test_the_database_holds_no_personal_link(written, settings, peer):
    nonce = links.new_nonce()
    url = f"{settings.SITE_URL}/a/{links.mark('answer', nonce)}/"
    written(
        name="staff_notice",
        rendered=None,
        context={"headline": "Four questions", "message": "Please", "page_url": url},
        headers={"List-Unsubscribe": f"<{url}>"},
    )
    token = links.token("answer", nonce)
    peer.manners["ada@example.org"] = f"data 550 we do not like {settings.SITE_URL}/a/{token}/"
    outbox.deliver_due()
    mail = OutgoingMail.objects.get()
    assert mail.outcome == f"550 we do not like {settings.SITE_URL}/a/••••••/"
    assert token not in str(every_row())


def test_trying_again_queues_only_what_is_stuck_and_keeps_the_message_id():
    for state in State.values:
        mail = OutgoingMailFactory(state=state, attempts=9, due_at=timezone.now() + timedelta(hours=1))
        again = outbox.try_again(mail=mail)
        assert again.message_id == mail.message_id
        if state in (State.FAILED, State.UNCERTAIN, State.DEFERRED):
            assert (again.state, again.attempts) == (State.QUEUED, 0)
            assert again.due_at <= timezone.now()
        else:
            assert (again.state, again.attempts) == (state, 9)


def test_a_withdrawn_mail_never_leaves_and_one_that_left_stays_sent(peer):
    waiting, sent = OutgoingMailFactory(), OutgoingMailFactory(state=State.SENT)
    assert outbox.withdraw(mail=waiting).state == State.SUPPRESSED
    assert outbox.withdraw(mail=sent).state == State.SENT
    assert outbox.deliver_due() == 0
    assert not peer.received
