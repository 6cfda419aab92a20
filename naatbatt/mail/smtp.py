"""Django's SMTP backend, which also knows whether a broken conversation may have left a mail behind.

When a connection breaks before the content was begun, the server cannot have the mail: it may be tried again. When it
breaks later, nobody can tell, and that is what the outbox then says.
"""

import smtplib
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp


class NotOfferedError(Exception):
    """The connection broke before any of the mail's content had left."""


class _Conversation(smtplib.SMTP):
    content_begun = False

    def sendmail(self, *args: Any, **kwargs: Any) -> dict[str, tuple[int, bytes]]:
        self.content_begun = False
        return super().sendmail(*args, **kwargs)

    def data(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        self.content_begun = True
        return super().data(*args, **kwargs)


class _EncryptedConversation(_Conversation, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _EncryptedConversation if self.use_ssl else _Conversation

    def _send(self, email_message: EmailMessage) -> bool:
        try:
            return bool(super()._send(email_message))  # type: ignore[misc]
        except smtplib.SMTPServerDisconnected as error:
            if self.connection is not None and not self.connection.content_begun:  # type: ignore[attr-defined]
                raise NotOfferedError(str(error)) from error
            raise
