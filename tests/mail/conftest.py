import socket
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from naatbatt.mail import outbox
from naatbatt.mail.models import OutgoingMail, Stream
from naatbatt.mail.rendering import Rendered


class Peer:
    """A real SMTP server in a thread. It does to each recipient what `manners` says; the rest it takes."""

    def __init__(self) -> None:
        self.manners: dict[str, str] = {}
        self.received: list[EmailMessage] = []
        self.connections = 0

    def manner(self, address: str) -> str:
        return self.manners.get(address, "")

    async def handle_EHLO(self, server: Any, session: Any, _: Any, hostname: str, responses: list[str]) -> Any:  # noqa: N802
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        manner = self.manner(address)
        if manner.startswith("rcpt "):
            return manner.removeprefix("rcpt ")
        if manner == "vanish at rcpt":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        manner = self.manner(envelope.rcpt_tos[0])
        if manner.startswith("data "):
            return manner.removeprefix("data ")
        self.received.append(message_from_bytes(envelope.content, policy=policy.default))
        if manner == "vanish after data":
            server.transport.abort()
        return "250 taken"


@pytest.fixture
def peer(settings: Any) -> Iterator[Peer]:
    peer = Peer()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(peer, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "naatbatt.mail.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
    yield peer
    controller.stop()


@pytest.fixture
def nobody_there(settings: Any) -> None:
    """The address of a mail server that is not running."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = probe.getsockname()[1]
    settings.EMAIL_BACKEND = "naatbatt.mail.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"


@pytest.fixture
def written(db: None) -> Callable[..., OutgoingMail]:
    """A mail at the door: `written("key", to=...)`."""

    def write(key: str = "greeting:1", **given: Any) -> OutgoingMail:
        given.setdefault("rendered", Rendered("Good day", "Good day.\n", "<p>Good day.</p>"))
        fields = {"stream": Stream.SURVEY, "name": "greeting", "to": "ada@example.org", "context": {}, **given}
        return outbox.enqueue(key=key, **fields)

    return write
