"""What stays on a device that others use, too, once somebody has submitted: nothing of theirs."""

import pytest

from surveys.models import AnswerVersion, Response
from tests.browser.conftest import PHONE
from tests.browser.test_autosave import (
    NO_LONG_WAITS,
    nothing_is_left_to_send,
    on_this_device,
    pull_the_plug,
    put_it_back,
    question,
    stored,
    words_of,
)
from tests.browser.test_week import press
from tests.surveys.asking import EVERY_KIND, ask, page_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def invitation():
    return ask(EVERY_KIND[0], EVERY_KIND[3], EVERY_KIND[4])


def answer_and_go_on(page):
    """Faster than anything is saved by itself."""
    question(page, "catch-up").get_by_text("Agree", exact=True).click()
    words_of(page).fill("Train people first.")
    press(page.get_by_role("button", name="Continue to review", exact=True))


def submit(page):
    page.get_by_role("radio", name="By sector").check()
    press(page.get_by_role("button", name="Submit", exact=True))
    page.get_by_role("heading", name="Thank you").wait_for()


def test_nothing_that_was_submitted_stays_on_the_device(open_page, invitation, complaints):
    page = open_page(viewport=PHONE)
    page.route("**/save/", lambda route: route.abort())  # no save by itself arrives in time
    page.goto(page_of(invitation))
    answer_and_go_on(page)
    assert "Train people first." in "".join(on_this_device(page).values())

    submit(page)

    assert on_this_device(page) == {}
    assert stored() == "Train people first."
    complaints.clear()


def test_what_the_buttons_saved_is_forgotten_by_the_device_before_it_is_submitted(open_page, invitation):
    page = open_page()
    page.goto(page_of(invitation))
    answer_and_go_on(page)

    nothing_is_left_to_send(page)
    assert AnswerVersion.objects.count() == 2
    submit(page)
    assert Response.objects.get().submitted_at is not None


def test_what_was_typed_without_a_connection_arrives_before_it_is_read_through(open_page, invitation, complaints):
    page = open_page()
    page.add_init_script(NO_LONG_WAITS)
    page.goto(page_of(invitation))
    pull_the_plug(page)
    words_of(page).fill("Train people first.")
    page.wait_for_timeout(1000)
    put_it_back(page, complaints)
    page.close()

    again = page.context.new_page()
    again.goto(page_of(invitation, "review"))
    nothing_is_left_to_send(again)

    assert stored() == "Train people first."
    complaints.clear()


def test_what_is_changed_after_submitting_stays_until_it_has_arrived(open_page, invitation):
    page = open_page()
    page.goto(page_of(invitation))
    answer_and_go_on(page)
    submit(page)
    page.goto(page_of(invitation))
    question(page, "share").get_by_role("textbox").first.fill("a third")  # which no number is
    page.locator("#saved", has_text="Not saved yet").wait_for()

    page.goto(page_of(invitation, "thanks"))

    assert "a third" in "".join(on_this_device(page).values())
