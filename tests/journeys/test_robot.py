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
from django.urls import reverse

import surveys.urls
from naatbatt.mail import outbox
from surveys.models import Invitation
from surveys.views import copies
from tests.journeys.week import Week
from tests.rows import every_row
from tests.surveys.asking import page_of

pytestmark = pytest.mark.django_db

LINK = re.compile(r"""(?:href|src|action|formaction|data-save)=["']([^"'#]+)""")
PERSONAL_LINK = re.compile(r"/a/[\w-]+/$")
# Also the pages that no other page links to at the moment: a link may have been copied, or be guessed.
PAGES = [page.name for page in surveys.urls.urlpatterns if str(page.pattern).startswith("a/<str:token>/")]
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


def pages_of(link: str) -> dict[str, str]:
    """Every page that a personal link opens: its name -> its path."""
    token = link.split("/")[2]
    return {name: reverse(f"surveys:{name}", args=[token, *([2] if name == "page" else [])]) for name in PAGES}


def crawl(client: Client, seeds: set[str]) -> dict[str, int]:
    """GET and HEAD every page reachable from `seeds`, and all that belong to a personal link; path -> status."""
    waiting = {path for address in seeds if (path := own_path(address))}
    seen: dict[str, int] = {}
    while waiting:
        path = waiting.pop()
        page = client.get(path)
        head = client.head(path)
        assert head.status_code == page.status_code, path
        seen[path] = page.status_code
        found = {*pages_of(path).values()} if PERSONAL_LINK.match(path) else set()
        if page.get("Content-Type", "").startswith("text/html") and not path.startswith("/admin/"):
            linked = {own_path(address, path) for address in LINK.findall(page.content.decode())}
            found |= {link for link in linked if link and not link.startswith("/static/")}
        if page.status_code in (301, 302) and (target := own_path(page["Location"], path)):
            found.add(target)
        waiting |= found - seen.keys()
    return seen


def opened(seen: dict[str, int], link: str) -> set[str]:
    """Which of the pages of a personal link there were to be seen."""
    statuses = {name: seen[path] for name, path in pages_of(link).items()}
    assert statuses.pop("save") == 405, "it only takes a POST"
    assert set(statuses.values()) <= {200, 302}
    return {name for name, status in statuses.items() if status == 200}


# Of somebody who has not answered, or declined, or left a draft; who has submitted; and after the end.
QUESTIONS_OF = {"answer", "page", "review", "leave", "colleague", "history"}
OPENED = {
    "invited": {"Ines": QUESTIONS_OF},
    "drafted": {"Ari": QUESTIONS_OF | {"pdf"}, "Noa": QUESTIONS_OF},
    "submitted": {"Ines": QUESTIONS_OF | {"pdf", "thanks"}, "Ari": QUESTIONS_OF | {"pdf"}},
    "changed": {"Ines": QUESTIONS_OF | {"pdf", "thanks"}},
    "declined": {"Gus": QUESTIONS_OF, "Noa": QUESTIONS_OF},
    "closed": {"Ines": {"answer", "page", "leave", "colleague", "history", "pdf"}},
    "published": {"Ari": {"answer", "page", "leave", "colleague", "history", "pdf"}},
    "asked_again": {"Ines": {"answer", "page", "leave", "colleague", "history", "pdf"}},
}


@pytest.mark.parametrize("moment", OPENED)
def test_robot_that_opens_every_link_changes_no_row(moment):
    week = Week()
    week.until(moment)
    outbox.deliver_due()
    assert mail.outbox, "the story must have sent mail, or the robot has nothing to follow"
    before = every_row()

    seen = crawl(Client(), addresses_in_mails() | {"/", "/sitemap.xml", "/robots.txt"})

    for name, pages in OPENED[moment].items():
        assert opened(seen, page_of(week.asked[name])) == pages, name
    if moment == "asked_again":
        (again,) = week.second_round.invitations.all()
        assert opened(seen, page_of(again)) == QUESTIONS_OF, "only Ines had submitted in time"
    if moment != "invited":
        views = [path for path in seen if path.startswith("/v/")]
        assert len(views) == 2
        assert {seen[path] for path in views} == {200}
        assert "/views/race/" in seen, "linked from the page of the series"
    assert not [path for path, status in seen.items() if status >= 500]
    assert every_row() == before


def test_robot_test_notices_a_page_that_writes(monkeypatch):
    """The proof can fail: a page of a personal link that took down who has looked at it would be found."""
    week = Week()
    week.until("submitted")
    outbox.deliver_due()
    monkeypatch.setattr(copies, "_versions", lambda *given: Invitation.objects.update(decline_reason="Looked") and [])
    before = every_row()

    crawl(Client(), addresses_in_mails())

    assert every_row() != before
