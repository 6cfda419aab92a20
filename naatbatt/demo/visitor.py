"""A person at a browser and a mailbox: opens links, reads the form on the page, fills it in, presses a button."""

import email.policy
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.test import Client


class NotOnThePageError(Exception):
    """What somebody wanted to press, or open, is not there."""


@dataclass
class Control:
    """One field of a form: radio, checkbox, select, textarea, text ... with what it offers and what it holds."""

    kind: str
    offers: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)


@dataclass
class PageForm:
    """A form that posts to `action`; empty: to the page's own address."""

    action: str = ""
    controls: dict[str, Control] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)  # value -> name


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[PageForm] = []
        self._by_id: dict[str, PageForm] = {}
        self._open: PageForm | None = None
        self._textarea: Control | None = None
        self._select: Control | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            posts = given.get("method", "").lower() == "post"
            self._open = PageForm(given.get("action", "") if posts else "not a form that posts")
            self.found.append(self._open)
            self._by_id[given.get("id", "")] = self._open
            return
        if tag == "option" and self._select is not None:
            self._select.offers.append(given.get("value", ""))
            if "selected" in given:
                self._select.holds = [given.get("value", "")]
            return
        form = self._by_id.get(given.get("form", "")) if "form" in given else self._open
        name = given.get("name", "")
        if form is None or "disabled" in given:
            return
        if tag == "button":
            form.buttons[given.get("value", "")] = name
        elif name and tag == "textarea":
            self._textarea = form.controls.setdefault(name, Control("textarea", holds=[""]))
        elif name and tag == "select":
            self._select = form.controls.setdefault(name, Control("select"))
        elif name and tag == "input":
            self._input(form, name, given)

    @staticmethod
    def _input(form: PageForm, name: str, given: dict[str, str]) -> None:
        kind, value = given.get("type", "text"), given.get("value", "")
        control = form.controls.setdefault(name, Control(kind))
        if kind in ("radio", "checkbox"):
            control.offers.append(value)
            if "checked" not in given:
                return
        control.holds.append(value)

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._textarea.holds[0] += data.removeprefix("\n") if not self._textarea.holds[0] else data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = None
        elif tag == "select":
            self._select = None
        elif tag == "form":
            self._open = None


class Visitor:
    """One browser at one address, without cookies to begin with."""

    def __init__(self, number: int) -> None:
        self.client = Client(enforce_csrf_checks=True, REMOTE_ADDR=f"192.0.2.{number % 250 + 1}")

    def open(self, url: str) -> str:
        """The HTML of the page."""
        page = self.client.get(urlsplit(url).path)
        if page.status_code != 200:
            raise NotOnThePageError(f"Opening a page gave {page.status_code} instead of 200.")
        return page.content.decode()

    def form(self, url: str, *, button: str) -> PageForm:
        """The form with this button on the page that posts to the page itself (others subscribe, or search)."""
        parser = _Forms()
        parser.feed(self.open(url))
        for form in parser.found:
            if form.action in ("", urlsplit(url).path) and button in form.buttons:
                return form
        pressed = f"button “{button}”" if button else "button"
        raise NotOnThePageError(f"The page has no form with a {pressed}.")

    def press(self, url: str, form: PageForm, *, button: str) -> str:
        """Send the form as it is filled in, and say where that leads. The answer must be a page, not a refusal."""
        data: dict[str, list[str]] = {name: control.holds for name, control in form.controls.items() if control.holds}
        if form.buttons[button]:
            data[form.buttons[button]] = [button]
        answer = self.client.post(urlsplit(url).path, data)
        if answer.status_code not in (200, 302, 303):
            raise NotOnThePageError(f"Pressing “{button}” gave {answer.status_code}.")
        return urljoin(url, answer.headers.get("Location", url))


class Mailbox:
    """The folder in which the mail server puts what it takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._by_id: dict[str, EmailMessage] = {}
        self._read: set[str] = set()

    def count(self) -> int:
        self._look()
        return len(self._read)

    def different(self) -> int:
        """How many mails with a Message-ID of their own: fewer than `count` if one came twice."""
        self._look()
        return len(self._by_id)

    def letter(self, message_id: str) -> EmailMessage:
        self._look()
        return self._by_id[message_id]

    def _look(self) -> None:
        for path in self.folder.glob("*.eml"):
            if path.name not in self._read:
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                self._by_id[message["Message-ID"]] = message
                self._read.add(path.name)


def link_in(letter: EmailMessage, purpose: str) -> str:
    """The personal link of that kind in the text of a mail: "a" to answer, "n" and "v" to confirm, "u" to leave."""
    part = letter.get_body(("plain",))
    text = part.get_content() if part else ""
    found = re.search(rf"{re.escape(settings.SITE_URL)}/{purpose}/[\w-]{{22}}/", text)
    if found is None:
        raise NotOnThePageError(f"The mail “{letter['Subject']}” has no link of the kind /{purpose}/.")
    return found[0]
