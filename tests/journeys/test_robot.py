"""A mail scanner follows every link of every mail and page, with GET and HEAD. Nothing may change.

Scanners do so within seconds of delivery, with a browser's user agent; a link that acts on GET would confirm
subscribers, decline invitations and unsubscribe readers before a person has seen the mail.
"""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client

from naatbatt.mail import outbox
from tests.journeys.week import Week
from tests.rows import every_row

pytestmark = pytest.mark.django_db

LINK = re.compile(r"""(?:href|src|action|formaction)=["']([^"'#]+)""")
ADDRESS_IN_TEXT = re.compile(r"https?://[^\s<>\"')\]]+")


def own_path(address: str, base: str = "/") -> str | None:
    """The path of an address on this site; None for anybody else's."""
    parts = urlsplit(urljoin(urljoin(settings.SITE_URL, base), address))
    if f"{parts.scheme}://{parts.netloc}" not in (settings.SITE_URL, "http://testserver"):
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def addresses_in_mails() -> set[str]:
    found: set[str] = set()
    for message in mail.outbox:
        html = "".join(str(part.content) for part in message.alternatives)
        found.update(ADDRESS_IN_TEXT.findall(message.body))
        found.update(LINK.findall(html))
        found.update(re.findall(r"<(https?://[^>]+)>", " ".join(message.extra_headers.values())))
    return found


def crawl(client: Client, seeds: set[str]) -> dict[str, int]:
    """GET and HEAD every page reachable from `seeds`; path -> status."""
    waiting = {path for address in seeds if (path := own_path(address))}
    seen: dict[str, int] = {}
    while waiting:
        path = waiting.pop()
        page = client.get(path)
        head = client.head(path)
        assert head.status_code == page.status_code, path
        seen[path] = page.status_code
        if page.get("Content-Type", "").startswith("text/html") and not path.startswith("/admin/"):
            linked = {own_path(address, path) for address in LINK.findall(page.content.decode())}
            waiting |= {found for found in linked if found and not found.startswith("/static/")} - seen.keys()
        if page.status_code in (301, 302) and (target := own_path(page["Location"], path)) and target not in seen:
            waiting.add(target)
    return seen


@pytest.mark.parametrize("moment", ["invited", "offered", "drafted", "submitted", "declined", "closed", "published"])
def test_robot_that_opens_every_link_changes_no_row(moment):
    week = Week()
    week.until(moment)
    outbox.deliver_due()
    assert mail.outbox, "the story must have sent mail, or the robot has nothing to follow"
    before = every_row()

    seen = crawl(Client(), addresses_in_mails() | {"/", "/sitemap.xml", "/robots.txt"})

    personal = [path for path in seen if re.match(r"/[anuv]/", path)]
    assert personal, "the robot must have met personal links"
    if moment != "invited":
        views = [path for path in personal if path.startswith("/v/")]
        assert len(views) == 2
        assert {seen[path] for path in views} == {200}
        assert "/views/race/" in seen, "linked from the page of the series"
    assert not [path for path, status in seen.items() if status >= 500]
    assert every_row() == before


def test_robot_test_notices_a_page_that_writes(monkeypatch):
    """The proof can fail: a confirm page that confirmed on GET would be found."""
    from posts import newsletter

    week = Week()
    week.until("invited")
    outbox.deliver_due()
    before = every_row()
    newsletter.confirm(subscriber=week.pending_subscriber)
    assert every_row() != before
