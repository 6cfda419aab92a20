"""posts/newsletter.py and posts/tasks.py: who gets the newsletter, and one issue going out."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings

from naatbatt.mail import links, outbox
from naatbatt.mail.models import OutgoingMail, Suppression
from posts import newsletter, publishing, tasks
from posts.models import Issue, IssueRecipient, Subscriber
from tests.factories import (
    AuthorFactory,
    IssueFactory,
    PostFactory,
    SeriesFactory,
    SubscriberFactory,
    SuppressionFactory,
)

pytestmark = pytest.mark.django_db

State = Subscriber.State
NOW = datetime(2026, 11, 3, 14, tzinfo=UTC)


def token_in(mail, purpose, path):
    (mark,) = set(re.findall(rf"{settings.SITE_URL}/{path}/(link-mark\.{purpose}\.[\w-]+)/", mail.text))
    assert mark in mail.html
    return links.reveal(mark)


# --- subscribers -----------------------------------------------------------------------------------------------------


def test_subscribing_asks_the_mailbox_and_puts_nobody_on_the_list():
    subscriber = newsletter.subscribe(email=" Ada@Example.org ")
    assert (subscriber.email, subscriber.state) == ("ada@example.org", State.PENDING)
    mail = OutgoingMail.objects.get()
    assert (mail.key, mail.stream, mail.to_address) == (
        f"newsletter-confirm:{subscriber.pk}:1",
        "account",
        "ada@example.org",
    )
    assert links.digest(token_in(mail, "confirm", "n")) == subscriber.confirm_digest
    assert not Subscriber.objects.confirmed().exists()


def test_a_mailbox_is_asked_at_most_once_in_ten_minutes():
    with time_machine.travel(NOW, tick=False) as clock:
        newsletter.subscribe(email="ada@example.org")
        clock.shift(timedelta(minutes=9, seconds=59))
        newsletter.subscribe(email="ADA@example.org")
        assert OutgoingMail.objects.count() == 1
        clock.shift(timedelta(seconds=1))
        newsletter.subscribe(email="ada@example.org")
    assert OutgoingMail.objects.count() == 2
    assert Subscriber.objects.count() == 1


def test_who_is_on_the_list_gets_no_further_mail():
    known = SubscriberFactory()
    assert newsletter.subscribe(email=known.email).state == State.CONFIRMED
    assert not OutgoingMail.objects.exists()


def test_confirming_counts_once_and_only_after_asking():
    subscriber = newsletter.subscribe(email="ada@example.org")
    with time_machine.travel(NOW, tick=False):
        assert newsletter.confirm(subscriber=subscriber).confirmed_at == NOW
    assert newsletter.confirm(subscriber=subscriber).confirmed_at == NOW
    newsletter.unsubscribe(subscriber=subscriber)
    assert newsletter.confirm(subscriber=subscriber).state == State.UNSUBSCRIBED


def test_leaving_twice_is_leaving_once():
    subscriber = SubscriberFactory()
    with time_machine.travel(NOW, tick=False):
        newsletter.unsubscribe(subscriber=subscriber)
    assert newsletter.unsubscribe(subscriber=subscriber).unsubscribed_at == NOW
    assert Suppression.objects.get().stream == "newsletter"


def test_who_left_can_come_back_by_confirming_anew():
    subscriber = SubscriberFactory()
    newsletter.unsubscribe(subscriber=subscriber)
    assert newsletter.subscribe(email=subscriber.email).state == State.PENDING
    assert OutgoingMail.objects.get().state == OutgoingMail.State.QUEUED
    assert Suppression.objects.exists()  # a stranger who enters the address changes nothing
    assert newsletter.confirm(subscriber=subscriber).state == State.CONFIRMED
    assert not Suppression.objects.exists()


def test_what_staff_decided_outlives_a_confirmation():
    subscriber = newsletter.subscribe(email="ada@example.org")
    SuppressionFactory(address=subscriber.email, stream="newsletter", reason=Suppression.Reason.STAFF)
    newsletter.confirm(subscriber=subscriber)
    newsletter.unsubscribe(subscriber=subscriber)
    assert Suppression.objects.get().reason == Suppression.Reason.STAFF


# --- preparing -------------------------------------------------------------------------------------------------------


def test_a_post_has_one_issue():
    post = PostFactory(title="Cells")
    issue = newsletter.prepare_issue(post=post)
    assert (issue.state, issue.subject, issue.send_at) == ("draft", "Cells", None)
    again = newsletter.prepare_issue(post=post, send_at=NOW, subject="Better")
    assert (again.pk, again.state, again.subject, again.send_at) == (issue.pk, "scheduled", "Better", NOW)
    assert newsletter.prepare_issue(post=post).state == "scheduled"
    assert newsletter.unschedule_issue(issue=issue).state == "draft"


def test_an_issue_on_its_way_is_not_changed_any_more():
    issue = IssueFactory(state=Issue.State.SENT, subject="As sent")
    assert newsletter.prepare_issue(post=issue.post, subject="Other", send_at=NOW).subject == "As sent"
    assert newsletter.hold_issue(issue=issue, reason="x").state == "sent"
    assert newsletter.unschedule_issue(issue=issue).state == "sent"
    assert newsletter.release_issue(issue=issue).state == "sent"


# --- sending ---------------------------------------------------------------------------------------------------------


def test_everyone_confirmed_gets_one_mail_with_their_own_link():
    readers = [SubscriberFactory() for _ in range(3)]
    SubscriberFactory(state=State.PENDING)
    SubscriberFactory(state=State.UNSUBSCRIBED)
    post = PostFactory(
        title="Cells", series=SeriesFactory(title="Race"), part=2, authors=[AuthorFactory(name="Ada")],
        body="Lead with [a link](/archive/).\n\n" + "\n\n".join(f"Paragraph {n}." for n in range(9)),
    )  # fmt: skip
    issue = newsletter.send_issue(issue=newsletter.prepare_issue(post=post))
    assert issue.state == Issue.State.SENT
    mails = {mail.to_address: mail for mail in OutgoingMail.objects.all()}
    assert set(mails) == {reader.email for reader in readers}
    for reader in readers:
        mail = mails[reader.email]
        assert (mail.key, mail.stream, mail.subject) == (f"issue:{issue.pk}:{reader.pk}", "newsletter", "Cells")
        token = token_in(mail, "unsubscribe", "u")
        assert links.digest(token) == reader.unsubscribe_digest
        assert links.reveal(mail.headers["List-Unsubscribe"]) == f"<{settings.SITE_URL}/u/{token}/>"
        assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for body in (mail.text, mail.html):
        assert "Race" in body
        assert "Ada" in body
        assert f"{settings.SITE_URL}/archive/" in body
        assert "Paragraph 1." in body
        assert "Paragraph 2." not in body
        assert f"{settings.SITE_URL}/posts/{post.slug}/" in body
    assert len(mail.html.encode()) + len(mail.text.encode()) < 60_000
    assert IssueRecipient.objects.filter(mail__isnull=False).count() == 3


def test_sending_again_writes_nothing():
    SubscriberFactory()
    issue = newsletter.send_issue(issue=newsletter.prepare_issue(post=PostFactory()))
    SubscriberFactory()
    newsletter.send_issue(issue=issue)
    assert OutgoingMail.objects.count() == 1


def test_a_crash_in_the_middle_is_resumed_with_the_same_audience(monkeypatch):
    monkeypatch.setattr(newsletter, "BATCH", 2)
    readers = [SubscriberFactory() for _ in range(5)]
    issue = newsletter.prepare_issue(post=PostFactory(), send_at=NOW)
    real, calls = outbox.enqueue, []

    def enqueue(**values):
        calls.append(values["key"])
        if len(calls) == 4:
            raise ConnectionError
        return real(**values)

    monkeypatch.setattr(outbox, "enqueue", enqueue)
    with pytest.raises(ConnectionError):
        newsletter.send_issue(issue=issue)
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING
    assert OutgoingMail.objects.count() == 2  # the second batch is rolled back whole
    SubscriberFactory()  # too late for this issue
    with time_machine.travel(NOW + timedelta(minutes=5)):
        tasks.send_due_issues()
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT
    assert set(OutgoingMail.objects.values_list("to_address", flat=True)) == {reader.email for reader in readers}
    assert OutgoingMail.objects.count() == 5


def test_who_leaves_between_freezing_and_writing_gets_nothing():
    stays, leaves, erased = [SubscriberFactory() for _ in range(3)]
    issue = newsletter._freeze(newsletter.prepare_issue(post=PostFactory()))
    newsletter.unsubscribe(subscriber=leaves)
    erased.delete()
    issue = newsletter.send_issue(issue=issue)
    assert issue.state == Issue.State.SENT
    assert dict(OutgoingMail.objects.values_list("to_address", "state")) == {
        stays.email: "queued",
        leaves.email: "suppressed",
    }


def test_who_leaves_while_the_mail_waits_gets_nothing(mailoutbox):
    leaves = SubscriberFactory()
    newsletter.send_issue(issue=newsletter.prepare_issue(post=PostFactory()))
    newsletter.unsubscribe(subscriber=leaves)
    mail = outbox.deliver(mail_id=OutgoingMail.objects.get().pk)
    assert mail.state == OutgoingMail.State.SUPPRESSED
    assert mailoutbox == []


def test_a_text_cannot_smuggle_in_the_link_of_a_reader():
    victim, _other = SubscriberFactory(), SubscriberFactory()
    mark = links.mark("unsubscribe", victim.link_nonce)
    post = PostFactory(title=f"x {mark}", body=f"Text {mark} [x](/u/{mark}/).")
    newsletter.send_issue(issue=newsletter.prepare_issue(post=post))
    for mail in OutgoingMail.objects.exclude(to_address=victim.email):
        assert mark not in mail.text + mail.html + mail.subject


def test_an_issue_whose_post_is_not_public_is_refused():
    post = PostFactory()
    issue = newsletter.prepare_issue(post=post, send_at=NOW)
    publishing.withdraw(post=post)
    with pytest.raises(newsletter.IssueRefusedError, match="not public"):
        newsletter.send_issue(issue=issue)
    assert not OutgoingMail.objects.exists()


# --- the timetable ---------------------------------------------------------------------------------------------------


@pytest.fixture
def scheduled():
    SubscriberFactory()
    return newsletter.prepare_issue(post=PostFactory(published_at=NOW - timedelta(days=1)), send_at=NOW)


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (timedelta(seconds=-1), "scheduled"),
        (timedelta(0), "sent"),
        (settings.MAIL_GRACE - timedelta(seconds=1), "sent"),
        (settings.MAIL_GRACE, "held"),
    ],
)
def test_a_scheduled_issue_goes_out_in_time_or_not_at_all(scheduled, after, state):
    with time_machine.travel(NOW + after, tick=False):
        tasks.send_due_issues()
    scheduled.refresh_from_db()
    assert scheduled.state == state
    assert OutgoingMail.objects.count() == (state == "sent")


def test_staff_hear_of_an_issue_that_is_held_and_can_release_it(scheduled, settings):
    settings.STAFF_EMAILS = ["desk@example.org"]
    later = NOW + timedelta(days=1)
    with time_machine.travel(later, tick=False):
        tasks.send_due_issues()
        tasks.send_due_issues()
        assert OutgoingMail.objects.get().to_address == "desk@example.org"
        scheduled.refresh_from_db()
        assert "nobody could send it" in scheduled.held_because
        with pytest.raises(newsletter.IssueRefusedError, match="held"):
            newsletter.send_issue(issue=scheduled)
        newsletter.release_issue(issue=scheduled)
        tasks.send_due_issues()
    scheduled.refresh_from_db()
    assert (scheduled.state, scheduled.send_at) == ("sent", later)


def test_an_issue_of_a_withdrawn_post_is_held(scheduled):
    publishing.withdraw(post=scheduled.post)
    with time_machine.travel(NOW, tick=False):
        tasks.send_due_issues()
    scheduled.refresh_from_db()
    assert (scheduled.state, scheduled.held_because) == ("held", "Its post is not public.")


def test_nothing_goes_out_while_mail_is_held(scheduled):
    with time_machine.travel(NOW, tick=False):
        outbox.hold(reason="a back-up was restored")
        tasks.send_due_issues()
        scheduled.refresh_from_db()
        assert scheduled.state == "scheduled"
        outbox.arm()
        tasks.send_due_issues()
    scheduled.refresh_from_db()
    assert scheduled.state == "sent"


def test_one_issue_that_cannot_be_written_does_not_keep_the_others(scheduled, monkeypatch, caplog):
    other = newsletter.prepare_issue(post=PostFactory(published_at=NOW - timedelta(days=1)), send_at=NOW)
    real = newsletter._Letter

    def letter(issue):
        if issue.pk == scheduled.pk:
            raise ZeroDivisionError
        return real(issue)

    monkeypatch.setattr(newsletter, "_Letter", letter)
    with time_machine.travel(NOW, tick=False):
        tasks.send_due_issues()
    other.refresh_from_db()
    assert other.state == "sent"
    assert "could not be sent" in caplog.text


def test_a_late_message_for_an_issue_that_was_unscheduled_does_nothing(scheduled):
    newsletter.unschedule_issue(issue=scheduled)
    tasks.send_issue(scheduled.pk)
    scheduled.refresh_from_db()
    assert scheduled.state == "draft"
