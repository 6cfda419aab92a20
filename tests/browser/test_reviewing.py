"""Reading through before submitting, on a phone and without a script: the preview follows the choices at once."""

import pytest

from surveys import responses
from surveys.models import Response
from surveys.responses import Entry
from tests.browser.conftest import PHONE
from tests.surveys.asking import EVERY_KIND, ask, page_of

pytestmark = pytest.mark.django_db(transaction=True)

NAMED, SECTOR = "— Dr. Sample, Example Cells", "— an industry expert"


@pytest.mark.parametrize("dark", [False, True])
def test_the_preview_shows_each_choice_at_once_and_submits_without_a_script(open_page, dark):
    invitation = ask(*EVERY_KIND)
    entries = {
        "catch-up": Entry(value="agree", comment="Plants are being built."),
        "view": Entry(value="Train people first."),
    }
    responses.save(invitation=invitation, entries=entries, submit=False)
    page = open_page(viewport=PHONE, dark=dark, java_script_enabled=False)
    page.goto(page_of(invitation, "review"))

    def lines():
        return [caption.inner_text() for caption in page.locator(".previewed figcaption").all()]

    assert lines() == ["The line is not chosen yet."] * 2
    page.get_by_label("By name").check()
    assert lines() == [NAMED, NAMED]
    page.get_by_label("Quote this answer (question 5)").select_option("sector")
    assert lines() == [NAMED, SECTOR]
    page.get_by_label("Not at all").check()
    assert lines() == ["Not printed: the editors read these words, and nobody else does.", SECTOR]
    page.get_by_label("By name").check()
    page.get_by_label("Do you have an interest to disclose?").fill("holds shares")
    page.get_by_role("button", name="Show it with these choices").click()
    assert lines() == [f"{NAMED} (disclosed interest: holds shares)", SECTOR]
    page.get_by_role("button", name="Submit", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Thank you. Your answers are in."
    assert page.get_by_text("(disclosed interest: holds shares)").is_visible()
    assert Response.objects.get().submitted_at is not None
