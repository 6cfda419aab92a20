"""A reader offers a view on a phone, without a script; staff print it; the reader takes it back."""

import pytest

from naatbatt.mail.models import OutgoingMail
from surveys import publishing
from surveys.models import OpenView
from tests.browser.conftest import PHONE
from tests.browser.test_week import link_in_last_mail, look, sign_in
from tests.factories import PostFactory
from tests.journeys.week import Week

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "Graphite decides it, not the cells. שלום 🔋\n\nAnd the people who know how to make it."


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_readers_view_from_the_series_page_to_print_and_back(open_page, site, complaints, scripts):
    week = Week()
    week.published_before()
    week.prepared()
    PostFactory(
        slug="results", title="What the panel said", series=week.series, part=2,
        body=f"## The panel\n\nMost agree.\n\n## Readers said\n\n{publishing.readers_fence(week.survey)}\n",
    )  # fmt: skip
    checked = {"axe": scripts}  # axe is a script itself
    phone = open_page(viewport=PHONE, java_script_enabled=scripts)

    def see(name: str) -> None:
        if scripts:
            look(phone, f"open-{name}", **checked)

    phone.goto("/series/race/")
    see("1-series")
    phone.get_by_role("link", name="Offer your view").click()
    see("2-offer")
    phone.get_by_label("Your view").fill(WORDS)
    phone.get_by_label("Your name").fill("Sample Olga")
    phone.get_by_label("Your affiliation").fill("Sample Weekly")
    phone.get_by_label("Your mail address").fill("olga@example")
    phone.wait_for_timeout(2100)  # the form takes whoever is quicker for a machine
    phone.get_by_role("button", name="Offer this view").click()
    see("3-errors")
    assert "Please check" in phone.title()
    if scripts:
        assert complaints.pop().endswith("422 (Unprocessable Entity)")
    complaints.clear()
    assert phone.get_by_label("Your view").input_value() == WORDS
    phone.get_by_role("link", name="Your consent").click()
    phone.get_by_label("My view may be printed").check()
    phone.get_by_label("Your mail address").fill("olga@example.org")
    phone.get_by_role("button", name="Offer this view").click()
    see("4-offered")
    assert phone.get_by_role("heading", name="Look into your mailbox").is_visible()

    phone.goto(link_in_last_mail("olga@example.org", r"/v/\S+"))
    see("5-confirm")
    assert OpenView.objects.get().state == OpenView.State.UNCONFIRMED
    phone.get_by_role("button", name="Yes, this is my view").click()
    see("6-confirmed")
    assert OpenView.objects.get().state == OpenView.State.PENDING
    own_page = phone.url

    if scripts:
        _staff_see_what_they_need(open_page)
    staff = open_page()
    sign_in(staff)
    staff.get_by_role("link", name="1", exact=True).click()
    staff.get_by_role("link", name="Graphite decides it").click()
    staff.get_by_role("button", name="Approve as a reader’s view").click()
    assert OpenView.objects.get().state == OpenView.State.APPROVED

    phone.goto("/posts/results/")
    see("7-printed")
    printed = phone.locator("figure.quote.reader")
    assert "Graphite decides it" in printed.inner_text()
    assert "— Sample Olga, Sample Weekly (reader)" in printed.inner_text()

    phone.goto(own_page)
    see("8-approved")
    phone.get_by_text("I would rather take it back").click()
    see("9-withdrawing")
    phone.get_by_role("button", name="Withdraw my view").click()
    see("10-withdrawn")
    phone.goto("/posts/results/")
    phone.reload()  # browsers may keep a public page for a minute
    assert phone.locator("figure.quote.reader").count() == 0
    assert OutgoingMail.objects.count() == 1


def _staff_see_what_they_need(open_page):
    staff = open_page(dark=True)
    sign_in(staff)
    look(staff, "open-11-dashboard", axe=False)
    staff.goto("/admin/surveys/openview/")
    look(staff, "open-12-list", axe=False)
    staff.get_by_role("link", name="Graphite decides it").click()
    look(staff, "open-13-view", axe=False)
