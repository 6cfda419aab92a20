"""The one door for mail: rows are written here, handed to the server here, and settled here.

    queued ──claimed──> sending ──> sent | failed | deferred | uncertain        suppressed: at the door or at delivery
      ^                                               │
      └───────────── due again, or staff ─────────────┘

A mail is never lost and never knowingly repeated: a worker claims rows by a lease, a row says `sending` (committed)
before the server hears of it and what became of it afterwards. A worker that dies in between leaves a row that says so;
it becomes `uncertain` and waits for a person.
"""

import json
import logging
import re
import uuid
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.validators import MaxLengthValidator, validate_email
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import links, switch
from naatbatt.mail.handover import UnreachableError, compose, connect, hand_over, hang_up
from naatbatt.mail.models import OutgoingMail, OutgoingMailQuerySet, Stream, Suppression
from naatbatt.mail.rendering import Rendered, one_line, render
from naatbatt.mail.switch import arm, hold, is_held
from naatbatt.prepared import Prepared

__all__ = ["arm", "deliver", "deliver_due", "enqueue", "hold", "is_held", "release_stale", "tell_staff"]

log = logging.getLogger(__name__)

State = OutgoingMail.State
# What a person may let go again.
STUCK = (State.FAILED, State.DEFERRED, State.UNCERTAIN)
BATCH = 50
# After the n-th answer "not now" a mail waits 2^(n-1) minutes. The whole ladder (4 h 15 min) is shorter than
# MAIL_GRACE: what has not left by then does not leave late, it fails and is shown to staff.
MAX_ATTEMPTS = 9
# A server that cannot be reached says nothing about the mail that was next: it is no attempt.
UNREACHABLE_DELAY = timedelta(minutes=1)

# A header that a mail's author may set: any but those that we write ourselves.
_FURTHER_HEADER = re.compile(
    r"(?!(?:from|to|cc|bcc|reply-to|subject|date|message-id|auto-submitted|content-type|mime-version)\Z)[a-z][a-z0-9-]*\Z",
    re.IGNORECASE,
)


_of_key = Prepared(lambda key: OutgoingMail.objects.filter(key=key))

# --- the door --------------------------------------------------------------------------------------------------------


def enqueue(
    *,
    key: str,
    stream: str,
    name: str,
    to: str,
    context: dict[str, Any],
    to_name: str = "",
    reply_to: str = "",
    headers: dict[str, str] | None = None,
    due_at: datetime | None = None,
    rendered: Rendered | None = None,
) -> OutgoingMail:
    """Write down that a mail is to go out.

    The same key is the same mail for ever: asked again, this returns the first row untouched. An address that is not
    to be written to gets a row all the same, in state `suppressed`; one that is no address, in state `failed`. The
    workers hear of it when the transaction commits, and find it by themselves if they do not.
    """
    if stream not in Stream.values:
        raise ValueError(f"{stream!r} is no stream; there are {', '.join(Stream.values)}")
    if not key or len(key) > 200:
        raise ValueError("a key has 1 to 200 characters")
    for earlier in _of_key(key):
        return earlier
    rendered = rendered or render(name, context)
    now = timezone.now()
    address = one_line(to)
    state, outcome = _at_the_door(address, stream)
    mail = OutgoingMail(
        key=key,
        stream=stream,
        name=name,
        to_address=address[:254],
        to_name=one_line(to_name)[:200],
        reply_to=one_line(reply_to)[:254],
        subject=one_line(rendered.subject)[:250],
        text=rendered.text,
        html=rendered.html,
        headers=_clean(headers or {}),
        state=state,
        outcome=outcome,
        due_at=due_at or now,
        message_id=f"<{uuid.uuid4().hex}@{parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition('@')[2]}>",
        created_at=now,
        settled_at=None if state == State.QUEUED else now,
    )
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
            if state == State.QUEUED and mail.due_at <= now:
                _ring_on_commit()
    except IntegrityError:
        for written_since in _of_key(key):
            return written_since
        raise
    return mail


def tell_staff(*, key: str, headline: str, message: str, page_url: str = "") -> list[OutgoingMail]:
    """Write to everyone in `STAFF_EMAILS`, once per key. Goes out even while other mail is held."""
    context = {"headline": headline, "message": message, "page_url": page_url}
    return [
        enqueue(key=f"staff:{key}:{address}", stream=Stream.ACCOUNT, name="staff_notice", to=address, context=context)
        for address in settings.STAFF_EMAILS
    ]


def _at_the_door(address: str, stream: str) -> tuple[OutgoingMail.State, str]:
    try:
        validate_email(address)
        MaxLengthValidator(254)(address)
    except ValidationError:
        # One wrong address among many must not keep the others from being written to: it is a row that staff see.
        return State.FAILED, _("This is not a mail address.")
    return _suppressed(address, stream) or (State.QUEUED, "")


def _suppressed(address: str, stream: str) -> tuple[OutgoingMail.State, str] | None:
    found = Suppression.objects.blocking(address, stream).first()
    return (State.SUPPRESSED, found.explanation()) if found else None


def _clean(headers: dict[str, str]) -> dict[str, str]:
    for name in headers:
        if not _FURTHER_HEADER.match(name):
            raise ValueError(f"{name!r} is not a header that a mail's author may set")
    return {name: one_line(value) for name, value in headers.items()}


def _ring_on_commit() -> None:
    """One bell a transaction, however many mails it writes."""
    if not any(registered[1] is _ring for registered in connection.run_on_commit):
        transaction.on_commit(_ring)


def _ring() -> None:
    """Wake a worker. A broker that is down loses nothing: the timetable's sweep finds the rows."""
    from naatbatt.mail import tasks

    try:
        tasks.deliver_due.apply_async(retry=False)
    except Exception as error:  # whatever a broker's library raises, the page must come
        log.warning("The task broker does not answer (%s); mail waits for the next sweep.", type(error).__name__)


# --- delivery --------------------------------------------------------------------------------------------------------


def deliver_due(*, limit: int | None = None) -> int:
    """Hand over what is due, batch after batch, until nothing is, mail is held, or the server cannot be reached.

    Returns how many mails were dealt with (whatever became of them). May run in any number of processes at once.
    """
    _watch()
    dealt_with = 0
    while limit is None or dealt_with < limit:
        batch = _claim(OutgoingMail.objects.all(), BATCH if limit is None else min(BATCH, limit - dealt_with))
        count, reachable = _deliver(batch) if batch else (0, True)
        dealt_with += count
        if reachable:
            switch.beat()
        if not count or not reachable:
            break
    return dealt_with


def deliver(*, mail_id: int) -> OutgoingMail:
    """Hand over this one mail if it is due, free and not held. Returns the row as it then stands."""
    _watch()
    claimed = _claim(OutgoingMail.objects.filter(pk=mail_id), 1)
    if claimed:
        _deliver(claimed)
    return OutgoingMail.objects.get(pk=mail_id)


def release_stale() -> int:
    """Settle what dead workers had claimed. Returns how many rows were changed.

    A mail that was only claimed is free again. One that was being sent may have left or not: it becomes `uncertain`
    and is not sent again unless a person says so.
    """
    now = timezone.now()
    expired = OutgoingMail.objects.filter(leased_until__lte=now)
    freed = expired.filter(state__in=OutgoingMail.WAITING).update(lease="", leased_until=None)
    # The lease's name stays: should that worker be alive after all, its answer still finds the row.
    lost = expired.filter(state=State.SENDING).update(
        state=State.UNCERTAIN,
        leased_until=None,
        settled_at=now,
        outcome=_("The worker stopped while handing it over. It may have left, or not."),
    )
    return freed + lost


def _watch() -> None:
    """Hold the mail and tell staff when the site was away for so long that what waits would leave late."""
    count = switch.hold_if_late()
    if count:
        tell_staff(
            key=f"mail-held:{timezone.now():%Y-%m-%dT%H:%M}",
            headline=_("Mail is being held"),
            message=_(
                "No mail could leave for longer than the grace, and %(count)s waiting mails would now come late (or "
                "left before this database came back from a back-up). Nothing is sent until somebody arms the switch. "
                "Withdraw first what should not go out any more."
            )
            % {"count": count},
            page_url=switch.page_url(),
        )


def _claim(candidates: OutgoingMailQuerySet, size: int) -> list[OutgoingMail]:
    """Lease up to `size` due mails. No two workers get the same one: PostgreSQL skips rows that another has locked,
    and everywhere the UPDATE asks again whether a row is still free."""
    now, lease = timezone.now(), uuid.uuid4().hex
    # People wait for account mail (a confirmation, say): it goes before a long newsletter.
    order = (Case(When(stream=Stream.ACCOUNT, then=Value(0)), default=Value(1)), "due_at", "pk")
    with transaction.atomic():
        due = candidates.due(now).unheld()
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        chosen = list(due.order_by(*order).values_list("pk", flat=True)[:size])
        OutgoingMail.objects.due(now).filter(pk__in=chosen).update(lease=lease, leased_until=now + settings.MAIL_LEASE)
    return list(OutgoingMail.objects.filter(lease=lease).order_by(*order)) if chosen else []


def _deliver(batch: list[OutgoingMail]) -> tuple[int, bool]:
    """Hand over claimed mails by one connection. Returns how many were dealt with and whether the server was there."""
    server, dealt_with = get_connection(), 0
    try:
        for mail in batch:
            try:
                dealt_with += _deliver_one(mail, server)
            except UnreachableError as error:
                log.warning("The mail server cannot be reached: %s", error)
                _settle(mail, State.DEFERRED, str(error), due_at=timezone.now() + UNREACHABLE_DELAY)
                return dealt_with, False
    finally:
        hang_up(server)
        # What was claimed and not begun (held meanwhile, server away, an error) is free for the next worker at once.
        OutgoingMail.objects.filter(
            pk__in=[mail.pk for mail in batch], lease=batch[0].lease, state__in=OutgoingMail.WAITING
        ).update(lease="", leased_until=None)
    return dealt_with, True


def _deliver_one(mail: OutgoingMail, server: Any) -> bool:
    """Returns whether the mail was dealt with; it is not when the lease ran out or mail was held in the meantime."""
    suppressed = _suppressed(mail.to_address, mail.stream)
    if suppressed:
        return _settle(mail, *suppressed)
    try:
        message = compose(mail)
        message.message()
    except Exception as error:  # one such mail must not keep the others
        log.warning("Mail %s cannot be written: %s", mail.pk, type(error).__name__)
        return _settle(mail, State.FAILED, _("It cannot be written as a mail: %s") % error)
    connect(server)
    if not _begin(mail):
        return False
    verdict = hand_over(server, message)
    if verdict.broken:
        hang_up(server)
    if verdict.state != State.DEFERRED:
        return _settle(mail, verdict.state, verdict.said)
    if mail.attempts >= MAX_ATTEMPTS:
        said = _("Given up after %(count)s attempts: %(said)s") % {"count": mail.attempts, "said": verdict.said}
        return _settle(mail, State.FAILED, said)
    pause = timedelta(minutes=2 ** (mail.attempts - 1))
    return _settle(mail, State.DEFERRED, verdict.said, due_at=timezone.now() + pause)


def _begin(mail: OutgoingMail) -> bool:
    """Write down, for good, that the server is about to hear of this mail. False when it must not any more."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        begun = (
            OutgoingMail.objects.unheld()
            .filter(pk=mail.pk, lease=mail.lease, state__in=OutgoingMail.WAITING, leased_until__gt=now)
            .update(state=State.SENDING, attempts=F("attempts") + 1, leased_until=now + settings.MAIL_LEASE)
        )
    mail.attempts += begun
    return bool(begun)


def _settle(mail: OutgoingMail, state: OutgoingMail.State, said: str, *, due_at: datetime | None = None) -> bool:
    """Write down what became of a mail that we hold, or held until our lease ran out and nobody has touched since."""
    carried = f"{mail.text}{mail.html}{json.dumps(mail.headers)}"
    changes: dict[str, Any] = {
        "state": state,
        "outcome": links.conceal(said, of=carried),  # a server's complaint may quote a personal link
        "lease": "",
        "leased_until": None,
        "settled_at": None if due_at else timezone.now(),
        "due_at": due_at or F("due_at"),
    }
    ours = OutgoingMail.objects.filter(
        pk=mail.pk, lease=mail.lease, state__in=[*OutgoingMail.WAITING, State.SENDING, State.UNCERTAIN]
    )
    if not ours.update(**changes):
        log.warning("Mail %s was taken out of our hands; that it is %s could not be written down.", mail.pk, state)
    return True


# --- what a person may do --------------------------------------------------------------------------------------------


def try_again(*, mail: OutgoingMail) -> OutgoingMail:
    """Queue a failed, deferred or uncertain mail again, from the first step of the ladder; any other stays as it is.

    It keeps its Message-ID, so a mailbox that got it the first time can tell that it is the same mail.
    """
    with transaction.atomic():
        changed = OutgoingMail.objects.filter(pk=mail.pk, state__in=STUCK, leased_until=None).update(
            state=State.QUEUED, attempts=0, due_at=timezone.now(), lease="", settled_at=None
        )
        if changed:
            _ring_on_commit()
    mail.refresh_from_db()
    return mail


def withdraw(*, mail: OutgoingMail, reason: str = "") -> OutgoingMail:
    """Let a waiting mail never go out; one that has begun to leave stays as it is."""
    OutgoingMail.objects.filter(pk=mail.pk, state__in=OutgoingMail.WAITING).update(
        state=State.SUPPRESSED,
        outcome=reason or _("Withdrawn by staff."),
        lease="",
        leased_until=None,
        settled_at=timezone.now(),
    )
    mail.refresh_from_db()
    return mail
