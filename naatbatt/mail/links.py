"""Personal links: secrets that a mail carries and the database never holds.

A row keeps a random nonce and the digest of its token. The token itself (128 bits) is derived from the nonce and the
site's secret key, so a copy of the database opens nothing, a reminder can carry the same link as the first mail, and a
queued mail stores a mark where the token goes. A nonce says under which key it was made, so links survive a change of
`SECRET_KEY` for as long as the earlier one stands in `SECRET_KEY_FALLBACKS`. Marks become tokens only while a mail is
handed to SMTP (`reveal`), and staff who read a mail in the admin see them masked (`mask`).
"""

import base64
import hashlib
import logging
import re
import secrets
from collections.abc import Collection
from functools import cache

from django.conf import settings
from django.utils.crypto import salted_hmac

_MARK = re.compile(r"link-mark\.([a-z]+)\.([A-Za-z0-9_-]{26})")
# A path segment of exactly the length of a token. Tokens stand alone in their segment, so prose is hardly touched.
_TOKEN_IN_PATH = re.compile(r"/[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])")
MASK = "•" * 6


def new_nonce() -> str:
    """128 random bits as 22 URL-safe characters, and 4 more that name the site's key."""
    return secrets.token_urlsafe(16) + _name(settings.SECRET_KEY)


def token(purpose: str, nonce: str) -> str:
    """The secret for `nonce`: the first 128 bits of HMAC-SHA256 under the key it was made for, as 22 characters.

    Under today's key where that one is no longer known: such a link leads nowhere, but nothing breaks.
    """
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    key = next((key for key in keys if _name(key) == nonce[-4:]), settings.SECRET_KEY)
    mac = salted_hmac(f"naatbatt.mail.links.{purpose}", nonce, secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(mac[:16]).rstrip(b"=").decode()


@cache
def _name(key: str) -> str:
    """4 characters that tell one key from another and nothing else about it."""
    mac = salted_hmac("naatbatt.mail.links", "the name of this key", secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(mac[:3]).decode()


def digest(candidate: str) -> str:
    """What is stored and looked up: SHA-256 of the token in hexadecimal (64 characters)."""
    return hashlib.sha256(candidate.encode()).hexdigest()


def mark(purpose: str, nonce: str) -> str:
    """What stands in a stored mail where the token will go. `purpose` is lower-case letters only."""
    return f"link-mark.{purpose}.{nonce}"


def reveal(text: str) -> str:
    """Replace every mark by its token. For the moment of delivery only."""
    return _MARK.sub(lambda found: token(found[1], found[2]), text)


def mask(text: str, *, keep: Collection[str] = ()) -> str:
    """Replace every mark by dots, for people who read a stored mail; those in `keep` stay marks."""
    return _MARK.sub(lambda found: found[0] if found[0] in keep else MASK, text)


def marks(text: str) -> set[str]:
    """Every mark in `text`."""
    return {found[0] for found in _MARK.finditer(text)}


def conceal(said: str, *, of: str) -> str:
    """Replace in `said` (what a mail server answered, say) every token that the marks in `of` stand for by dots."""
    for found in _MARK.finditer(of):
        said = said.replace(token(found[1], found[2]), MASK)
    return said


class RedactLinks(logging.Filter):
    """Log lines never carry a personal link."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        redacted = _TOKEN_IN_PATH.sub("/" + MASK, message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        return True
