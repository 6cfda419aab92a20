"""The newsletter: who gets it, and one post going out to all of them.

A subscriber's state says what people asked for. An unsubscription is also written as a `Suppression` of the newsletter
stream, because that is what the outbox asks again in the moment of delivery: who leaves while an issue is on its way
gets no more of it. Confirming anew lifts it, so the confirmation mail itself goes out in the account stream.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import links, outbox, rendering
from naatbatt.mail.models import Stream, Suppression, normalise
from posts.lead import lead
from posts.models import Issue, IssueRecipient, Post, Subscriber

BETWEEN_CONFIRMATIONS = timedelta(minutes=10)
BATCH = 200
State = Subscriber.State


class IssueRefusedError(ValueError):
    """The issue cannot go out as things are; the message says why."""


# --- subscribers -----------------------------------------------------------------------------------------------------


def subscribe(*, email: str) -> Subscriber:
    """Someone entered `email`: ask that mailbox to confirm, at most once in ten minutes.

    A confirmed address is left alone. One that had unsubscribed is asked again, and stays without mail until it
    confirms.
    """
    now = timezone.now()
    with transaction.atomic():
        subscriber = _known_or_new(normalise(email))
        if subscriber.state == State.CONFIRMED:
            return subscriber
        subscriber.state = State.PENDING
        last = subscriber.confirmation_sent_at
        if last is None or now - last >= BETWEEN_CONFIRMATIONS:
            subscriber.confirmations += 1
            subscriber.confirmation_sent_at = now
            outbox.enqueue(
                key=f"newsletter-confirm:{subscriber.pk}:{subscriber.confirmations}",
                stream=Stream.ACCOUNT,
                name="newsletter_confirm",
                to=subscriber.email,
                context={"confirm_url": _link("confirm", subscriber.link_nonce)},
            )
        subscriber.save()
        return subscriber


def confirm(*, subscriber: Subscriber) -> Subscriber:
    """The button behind the link in the confirmation mail was pressed. Only who has asked can confirm, once."""
    with transaction.atomic():
        subscriber = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
        if subscriber.state == State.PENDING:
            subscriber.state = State.CONFIRMED
            subscriber.confirmed_at = timezone.now()
            subscriber.save(update_fields=["state", "confirmed_at"])
            # Their own wish undoes their own wish; what staff or a bouncing mailbox decided stays.
            Suppression.objects.filter(
                address=subscriber.email,
                stream=Stream.NEWSLETTER,
                reason__in=[Suppression.Reason.UNSUBSCRIBED, Suppression.Reason.COMPLAINED],
            ).delete()
        return subscriber


def unsubscribe(*, subscriber: Subscriber) -> Subscriber:
    """No newsletter to this address from now on, not even one that is under way. Repeating changes nothing."""
    with transaction.atomic():
        subscriber = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
        if subscriber.state != State.UNSUBSCRIBED:
            subscriber.state = State.UNSUBSCRIBED
            subscriber.unsubscribed_at = timezone.now()
            subscriber.save(update_fields=["state", "unsubscribed_at"])
            Suppression.objects.get_or_create(
                address=subscriber.email,
                stream=Stream.NEWSLETTER,
                defaults={"reason": Suppression.Reason.UNSUBSCRIBED},
            )
        return subscriber


def _known_or_new(email: str) -> Subscriber:
    nonce = links.new_nonce()
    new = Subscriber(
        email=email,
        link_nonce=nonce,
        confirm_digest=links.digest(links.token("confirm", nonce)),
        unsubscribe_digest=links.digest(links.token("unsubscribe", nonce)),
    )
    rows = Subscriber.objects.select_for_update()
    if known := rows.filter(email=email).first():
        return known
    try:
        with transaction.atomic():
            new.save()
    except IntegrityError:  # someone entered the same address in the same moment
        return rows.get(email=email)
    return new


def _link(purpose: str, nonce: str) -> str:
    """The address behind a personal link, with a mark where the outbox will put the token."""
    return settings.SITE_URL + reverse(f"posts:{purpose}", args=[links.mark(purpose, nonce)])


# --- issues ----------------------------------------------------------------------------------------------------------


def prepare_issue(
    *, post: Post, send_at: datetime | None = None, subject: str | None = None, zone: str | None = None
) -> Issue:
    """The one issue of `post`: a draft, or scheduled when `send_at` is given.

    Repeating changes what is given and nothing else; an issue that is on its way or out is returned untouched.
    """
    with transaction.atomic():
        issue, _created = Issue.objects.select_for_update().get_or_create(
            post=post, defaults={"subject": subject or post.title}
        )
        if issue.state in (Issue.State.SENDING, Issue.State.SENT):
            return issue
        issue.subject = subject or issue.subject
        issue.zone = zone or issue.zone
        if send_at is not None:
            issue.send_at = send_at
            issue.state = Issue.State.SCHEDULED
            issue.held_because = ""
        issue.save()
        return issue


def unschedule_issue(*, issue: Issue) -> Issue:
    """Make a scheduled or held issue a draft again. Any other stays as it is."""
    with transaction.atomic():
        issue = Issue.objects.select_for_update().get(pk=issue.pk)
        if issue.state in (Issue.State.SCHEDULED, Issue.State.HELD):
            issue.state = Issue.State.DRAFT
            issue.send_at = None
            issue.held_because = ""
            issue.save(update_fields=["state", "send_at", "held_because"])
        return issue


def release_issue(*, issue: Issue) -> Issue:
    """A person decided: what is held goes out now. Any issue that is not held stays as it is."""
    with transaction.atomic():
        issue = Issue.objects.select_for_update().get(pk=issue.pk)
        if issue.state == Issue.State.HELD:
            issue.state = Issue.State.SCHEDULED
            issue.send_at = timezone.now()
            issue.held_because = ""
            issue.save(update_fields=["state", "send_at", "held_because"])
        return issue


def hold_issue(*, issue: Issue, reason: str) -> Issue:
    """Keep a scheduled issue back until a person releases it. Anything but a scheduled one stays as it is."""
    with transaction.atomic():
        issue = Issue.objects.select_for_update().get(pk=issue.pk)
        if issue.state == Issue.State.SCHEDULED:
            issue.state = Issue.State.HELD
            issue.held_because = reason
            issue.save(update_fields=["state", "held_because"])
            page = reverse("admin:posts_issue_change", args=[issue.pk])
            outbox.tell_staff(
                key=f"issue-held:{issue.pk}:{issue.send_at:%Y-%m-%dT%H:%M}",
                headline=_("A newsletter is being held: %(subject)s") % {"subject": issue.subject},
                message=_("%(reason)s It goes out when somebody releases it.") % {"reason": reason},
                page_url=settings.SITE_URL + page,
            )
        return issue


def hold_late_issues(*, now: datetime | None = None) -> int:
    """Hold every issue whose time passed so long ago that sending it now would be a surprise. Returns how many."""
    late = (now or timezone.now()) - settings.MAIL_GRACE
    held = 0
    for issue in Issue.objects.due(late):
        hold_issue(issue=issue, reason=_("Its time passed while nobody could send it."))
        held += 1
    return held


def send_issue(*, issue: Issue) -> Issue:
    """Send `issue` to everyone who is confirmed in this moment, each exactly once.

    The audience is frozen together with the change of state; then the mails are written in batches. Repeating, also
    after a crash in the middle or beside another worker, goes on with those that have no mail yet. Raises
    `IssueRefusedError` when the issue is held or its post is not public.
    """
    issue = _freeze(issue)
    if issue.state == Issue.State.SENDING:
        letter = _Letter(issue)
        while letter.write_batch():
            pass
        with transaction.atomic():
            issue = Issue.objects.select_for_update().get(pk=issue.pk)
            # Rows that another worker is writing just now are not ours to call done; its last look finds them.
            if issue.state == Issue.State.SENDING and not _without_mail(issue).exists():
                issue.state = Issue.State.SENT
                issue.save(update_fields=["state"])
    return issue


@transaction.atomic
def _freeze(issue: Issue) -> Issue:
    issue = Issue.objects.select_for_update(of=("self",)).select_related("post").get(pk=issue.pk)
    if issue.state in (Issue.State.SENDING, Issue.State.SENT):
        return issue
    if issue.state == Issue.State.HELD:
        raise IssueRefusedError(_("The issue is held: %(reason)s") % {"reason": issue.held_because})
    if not issue.post.is_published():
        raise IssueRefusedError(_("Its post is not public."))
    readers = Subscriber.objects.confirmed().order_by("pk").values_list("pk", flat=True)
    IssueRecipient.objects.bulk_create(
        (IssueRecipient(issue=issue, subscriber_id=reader) for reader in readers), batch_size=1000
    )
    issue.state = Issue.State.SENDING
    issue.frozen_at = timezone.now()
    issue.send_at = issue.send_at or issue.frozen_at
    issue.save(update_fields=["state", "frozen_at", "send_at"])
    return issue


def _without_mail(issue: Issue) -> Any:
    # A subscriber whose row was erased since has no address any more, and gets nothing.
    return IssueRecipient.objects.filter(issue=issue, mail=None, subscriber__isnull=False)


class _Letter:
    """The mail of an issue, rendered once: only the personal link differs from reader to reader."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        self.stand_in = links.mark("unsubscribe", links.new_nonce())
        self.link = settings.SITE_URL + reverse("posts:unsubscribe", args=[self.stand_in])
        post = issue.post
        post_url = settings.SITE_URL + post.get_absolute_url()
        context = {
            "issue": issue,
            "post": post,
            "authors": list(post.authors.all()),
            "lead": lead(post.body, base=post_url),
            "post_url": post_url,
            "unsubscribe_url": self.link,
        }
        self.mail = rendering.render("newsletter_issue", context)

    def write_batch(self) -> int:
        """Write the mails of the next readers, and return how many; 0 when there are none left to write."""
        with transaction.atomic():
            waiting = list(
                _without_mail(self.issue)
                .select_for_update(skip_locked=True, of=("self",))
                .select_related("subscriber")
                .order_by("pk")[:BATCH]
            )
            for recipient in waiting:
                recipient.mail = self._enqueue(recipient.subscriber)
            IssueRecipient.objects.bulk_update(waiting, ["mail"])
        return len(waiting)

    def _enqueue(self, reader: Subscriber) -> Any:
        own = links.mark("unsubscribe", reader.link_nonce)
        mail = replace(
            self.mail,
            text=self.mail.text.replace(self.stand_in, own),
            html=self.mail.html.replace(self.stand_in, own),
        )
        return outbox.enqueue(
            key=f"issue:{self.issue.pk}:{reader.pk}",
            stream=Stream.NEWSLETTER,
            name="newsletter_issue",
            to=reader.email,
            context={},
            headers={
                "List-Unsubscribe": f"<{self.link.replace(self.stand_in, own)}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
            rendered=mail,
        )
