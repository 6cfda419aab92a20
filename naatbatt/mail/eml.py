"""The embedded default: every mail becomes a real `.eml` file that any mail program opens."""

import os
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_UNSAFE = re.compile(r"[^A-Za-z0-9@._+-]+")


class EmailBackend(BaseEmailBackend):
    """One file per message in `settings.EMAIL_FILE_PATH`, named so that a listing is in the order of sending."""

    def __init__(self, *args: Any, file_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.folder = Path(file_path or settings.EMAIL_FILE_PATH)

    def open(self) -> bool:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK):
            raise PermissionError(f"The mail folder {self.folder} cannot be written.")
        return True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.open()
        for message in email_messages:
            self._write(message)
        return len(email_messages)

    def _write(self, message: EmailMessage) -> None:
        recipient = _UNSAFE.sub("_", ",".join(message.to)).strip("._")[:80] or "nobody"
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = self.folder / f"{moment}-{secrets.token_hex(2)}-{recipient}.eml"
        # Whoever watches the folder sees whole mails only. They carry personal links: for the owner's eyes.
        unfinished = path.with_name(f".{path.name}.part")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg]
        unfinished.rename(path)
