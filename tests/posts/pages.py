"""What the tests of pages share."""

import re

from django.urls import reverse

from naatbatt.mail import links


def text_of(page):
    """The words of a page, without its tags."""
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", page.content.decode()))


def personal_address(purpose, subscriber):
    return reverse(f"posts:{purpose}", args=[links.token(purpose, subscriber.link_nonce)])
