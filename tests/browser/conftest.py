"""A real Chromium against the live server. Any complaint of the browser fails the test that met it."""

import os
import shutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        reason = "No Chromium was found on PATH (Debian: apt install chromium)."
        (pytest.fail if os.environ.get("REQUIRE_BROWSER", "") not in ("", "0") else pytest.skip)(reason)
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread, in which Django would otherwise refuse to touch the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=arguments)
            yield browser
            browser.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(live_server, settings) -> SimpleNamespace:
    """The running site. Links in mails point at it."""
    settings.SITE_URL = live_server.url
    return SimpleNamespace(url=live_server.url)


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of. A test that provokes a complaint on purpose clears it."""
    return []


@pytest.fixture
def open_page(chromium, site, complaints) -> Iterator[Any]:
    """`open_page(viewport=PHONE, dark=True)` opens a fresh browser without cookies and returns its page.

    Script errors, refusals by the content security policy, failed requests, and requests to anywhere but the site are
    complaints; any left at the end fails the test.
    """
    contexts = []

    def open_page(*, viewport: dict[str, int] = DESKTOP, dark: bool = False, **options: Any) -> Any:
        context = chromium.new_context(
            viewport=viewport,
            has_touch=viewport == PHONE,
            is_mobile=viewport == PHONE,
            color_scheme="dark" if dark else "light",
            base_url=site.url,
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on("console", lambda said: said.type == "error" and complaints.append(f"console: {said.text}"))
        page.on("request", lambda request: _stays(request.url, site.url) or complaints.append(f"went to {request.url}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _stays(url: str, home: str) -> bool:
    return url.startswith((home, "data:", "blob:", "about:"))


@pytest.fixture
def page(open_page) -> Any:
    """A desktop page."""
    return open_page()


@pytest.fixture
def phone(open_page) -> Any:
    """A page on a phone held upright."""
    return open_page(viewport=PHONE)
