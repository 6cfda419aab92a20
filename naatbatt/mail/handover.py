"""One mail and one server: the message as it leaves, the connection it leaves by, and what the answer means.

Knows no database. The outbox keeps the rows and calls this in between.
"""

import contextlib
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime, formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from naatbatt.mail import links
from naatbatt.mail.models import OutgoingMail
from naatbatt.mail.smtp import NotOfferedError

State = OutgoingMail.State


class UnreachableError(Exception):
    """No conversation came about. This says nothing about the mail that was next."""


@dataclass(frozen=True)
class Verdict:
    """What became of one mail; `broken` when the connection cannot be used for the next."""

    state: OutgoingMail.State
    said: str = ""
    broken: bool = False


def compose(mail: OutgoingMail, *, unmark: Callable[[str], str] = links.reveal) -> EmailMultiAlternatives:
    """The message as it leaves. Personal links are in it, and nowhere else: it is made, handed over and forgotten.

    With `unmark=links.mask` it is the same message for people who read it in the admin.
    """
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=unmark(mail.text),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[formataddr((mail.to_name, mail.to_address))],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={
            "Message-ID": mail.message_id,
            "Date": format_datetime(timezone.now()),
            "Auto-Submitted": "auto-generated",  # nobody's holiday notice need answer it
            **{name: unmark(value) for name, value in mail.headers.items()},
        },
    )
    if mail.html:
        message.attach_alternative(unmark(mail.html), "text/html")
    return message


def connect(server: BaseEmailBackend) -> None:
    """Open the connection unless it is open; `UnreachableError` if that fails, for whatever reason."""
    try:
        server.open()
    except OSError as error:  # smtplib's errors and those of TLS are OSErrors too
        raise UnreachableError(_said(error)) from error


def hang_up(server: BaseEmailBackend) -> None:
    """Close the connection, or what is left of it; the next `connect` opens a new one."""
    with contextlib.suppress(OSError):
        server.close()


def hand_over(server: BaseEmailBackend, message: EmailMultiAlternatives) -> Verdict:
    """Offer one mail and read the answer. Whatever is not a clear answer is `uncertain`."""
    try:
        taken = server.send_messages([message])
    except Exception as error:  # a library may raise anything; the mail may have left by then
        return _verdict(error)
    return Verdict(State.SENT) if taken else Verdict(State.UNCERTAIN, "The mail backend took no message.", broken=True)


def _verdict(error: Exception) -> Verdict:
    said = _said(error)
    match error:
        case NotOfferedError() | smtplib.SMTPHeloError():
            return Verdict(State.DEFERRED, said, broken=True)
        case smtplib.SMTPNotSupportedError():
            return Verdict(State.FAILED, said)
        case smtplib.SMTPRecipientsRefused():
            code = next(iter(error.recipients.values()))[0]
        case smtplib.SMTPResponseException():
            code = error.smtp_code
        case _:
            return Verdict(State.UNCERTAIN, said, broken=True)
    if 500 <= code < 600:
        return Verdict(State.FAILED, said)
    if 400 <= code < 500:
        return Verdict(State.DEFERRED, said, broken=code == 421)
    # An answer that is none. Before the content it did no harm; after it nobody can tell.
    return Verdict(State.UNCERTAIN if isinstance(error, smtplib.SMTPDataError) else State.DEFERRED, said, broken=True)


def _said(error: Exception) -> str:
    """The server's own words where there are any."""
    code: int
    words: bytes | str
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, words = next(iter(error.recipients.values()))
        case smtplib.SMTPResponseException():
            code, words = error.smtp_code, error.smtp_error
        case _:
            return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"
