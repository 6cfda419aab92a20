"""One week in a real browser: reader, subscriber, contributor on a phone, staff, and reader again.

`SHOTS=folder` keeps a picture of every page met on the way, to be looked at.
"""

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail

from naatbatt.mail import outbox
from posts import tasks as posts_tasks
from posts.models import Issue, Post, Subscriber
from surveys import invitations, responses
from surveys import tasks as surveys_tasks
from surveys.models import Answer, Attribution, Contributor, Invitation, Response, Round, Sector
from surveys.responses import Entry
from tests.browser.conftest import PHONE
from tests.journeys.week import Week

pytestmark = pytest.mark.django_db(transaction=True)

UNPROCESSABLE = {"the server responded with a status of 422 (Unprocessable Entity)"}
HEAVIEST_PAGE = 60_000  # bytes over the network, of a page without images


def look(page, name: str, *, axe: bool = True) -> None:
    """What every page must be: free of violations that axe finds, no wider than the screen, without cookies."""
    if folder := os.environ.get("SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
    if axe:
        violations = Axe().run(page).response["violations"]
        found = [f"{v['id']}: {node['html'][:120]}" for v in violations for node in v["nodes"]]
        assert found == [], f"{name}: {found}"
        assert page.context.cookies() == [], name
    assert not wider_than_the_screen(page), f"{name} scrolls sideways"


def wider_than_the_screen(page) -> bool:
    """Measured against the page's own width: a phone zooms out until everything fits, and then calls that its width."""
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")


def press(control) -> None:
    """Click what leads to another page (or the same anew), and wait until it is there."""
    with control.page.expect_navigation():
        control.click()


def link_in_last_mail(to: str, pattern: str) -> str:
    outbox.deliver_due()
    letters = [message for message in mail.outbox if to in message.to[0]]
    assert letters, f"no mail to {to}"
    return re.search(rf"https?://\S+?({pattern})", letters[-1].body)[1]


def more_experts_answer(survey_round: Round) -> None:
    """Three of each sector, so that sectors may be shown."""
    levels = ["strongly_disagree", "disagree", "neutral", "agree", "strongly_agree"]
    experts = [
        Contributor.objects.create(
            name=f"Sample {sector.label} {number}", email=f"{sector}-{number}@example.org", sector=sector,
            affiliation=f"Sample house {number}",
        )
        for sector in Sector
        for number in range(3)
    ]  # fmt: skip
    for number, invitation in enumerate(invitations.invite(survey_round=survey_round, contributors=experts)):
        entries = {
            "catch-up": Entry(value=levels[number % 5], confidence=1 + number % 10),
            "where": Entry(value=["midwest", "south"][number % 2]),
            "hurdles": Entry(value=["cost"]),
            "share": Entry(value=10 + number),
        }
        responses.save(invitation=invitation, entries=entries, attribution=Attribution.SECTOR, submit=True)


def sign_in(page) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill("staff")
    page.get_by_label("Password").fill("a long enough secret")
    press(page.get_by_role("button", name="Log in"))


def test_a_week_from_reader_to_reader(open_page, site, complaints):
    week = Week()
    week.published_before()
    week.prepared()

    # A reader looks around, on a desk and on a phone, and asks for the newsletter.
    reader = open_page()
    reader.goto("/")
    look(reader, "01-home")
    press(reader.get_by_role("link", name="The question", exact=True).first)
    assert reader.locator("h1").inner_text() == "The question"
    look(reader, "02-post")
    press(reader.get_by_role("link", name="The Race").first)
    look(reader, "03-series")
    on_the_road = open_page(viewport=PHONE, dark=True)
    on_the_road.goto("/newsletter/")
    on_the_road.wait_for_timeout(2100)  # the form takes whoever is quicker for a machine
    on_the_road.get_by_label("Your mail address").fill("reader@example.org")
    look(on_the_road, "04-newsletter")
    press(on_the_road.get_by_role("button", name="Subscribe"))
    look(on_the_road, "05-asked")
    on_the_road.goto(link_in_last_mail("reader@example.org", r"/n/\S+"))
    look(on_the_road, "06-confirm")
    assert Subscriber.objects.get().state == Subscriber.State.PENDING
    press(on_the_road.get_by_role("button"))
    look(on_the_road, "07-confirmed")
    assert Subscriber.objects.get().state == Subscriber.State.CONFIRMED

    # Staff choose the panel and send the invitations.
    staff = open_page()
    sign_in(staff)
    look(staff, "08-dashboard", axe=False)
    staff.goto(f"/admin/surveys/round/{week.survey_round.pk}/invite/")
    staff.get_by_label("Sample Ines", exact=False).check()
    staff.get_by_text("1 chosen").wait_for()  # counted while picking
    press(staff.get_by_role("button", name="See who gets what"))
    assert Invitation.objects.count() == 0
    look(staff, "09-dry-run", axe=False)
    press(staff.get_by_role("button", name="Invite them"))
    press(staff.get_by_role("button", name="Send invitations now"))
    assert Invitation.objects.get().invited_at is not None

    # The contributor answers on a phone, page by page and saved while it is typed: a mistake, the reading through, the
    # submission, a change of mind.
    phone = open_page(viewport=PHONE)
    phone.goto(link_in_last_mail("ines@example.org", r"/a/\S+"))
    look(phone, "10-answer")
    question = phone.get_by_role("group", name="catch up")
    question.get_by_text("Strongly agree").click()
    question.get_by_role("radio", name="9", exact=True).check()
    question.get_by_label("In your own words").press_sequentially("Plants are being built.")
    phone.locator("#saved[data-state=saved]", has_text="Saved").wait_for()
    look(phone, "11-saved")
    press(phone.get_by_role("button", name="Continue", exact=True))
    phone.get_by_role("heading", name="What would help").wait_for()
    assert Answer.objects.get(question__key="catch-up").comment == "Plants are being built."
    assert Response.objects.get().submitted_at is None
    share = phone.get_by_role("group", name="What share").get_by_role("textbox").first
    share.fill("130")
    press(phone.get_by_role("button", name="Continue to review"))
    look(phone, "12-errors")
    assert "Please check" in phone.title()
    assert phone.evaluate("document.activeElement.name") == "q-share", "the page takes its reader to the mistake"
    share = phone.get_by_role("group", name="What share").get_by_role("textbox").first
    assert share.input_value() == "130", "what was typed is never lost"
    share.fill("30")
    press(phone.get_by_role("button", name="Continue to review"))
    assert {said.rpartition(": ")[2] for said in complaints} <= UNPROCESSABLE, (
        "the browser notes the status of the page with errors"
    )
    complaints.clear()
    look(phone, "13-review")
    phone.get_by_text("— Sample Ines, Sample Cells").first.click()
    assert "Sample Ines, Sample Cells" in phone.locator("#preview figcaption").first.inner_text()
    press(phone.get_by_role("button", name="Submit", exact=True))
    look(phone, "14-thanks")
    assert Response.objects.get().submitted_at is not None
    press(phone.get_by_role("link", name="Change my answers"))
    press(phone.get_by_role("link", name="Change question 1", exact=True))
    phone.get_by_role("group", name="catch up").get_by_text("Agree", exact=True).click()
    phone.locator("#saved", has_text="not submitted yet").wait_for()
    assert Answer.objects.get(question__key="catch-up").value == "strongly_agree"
    press(phone.get_by_role("button", name="Continue", exact=True))
    press(phone.get_by_role("button", name="Continue to review"))
    look(phone, "15-changed")
    press(phone.get_by_role("button", name="Submit changes"))
    answer = Answer.objects.get(question__key="catch-up")
    assert answer.value == "agree"
    assert answer.versions.filter(submitted=True).count() == 2
    more_experts_answer(week.survey_round)

    # Staff read the words, close the round, edit the draft, publish it and mail it.
    staff.goto("/admin/surveys/answer/")
    press(staff.get_by_role("link", name="Plants are being built."))
    look(staff, "16-moderation", axe=False)
    press(staff.get_by_role("button", name="Approve"))
    staff.goto(f"/admin/surveys/round/{week.survey_round.pk}/close/")
    look(staff, "17-close", axe=False)
    press(staff.get_by_role("button", name="Close and freeze now"))
    surveys_tasks.compile_summaries()
    draft = Post.objects.drafts().get()
    staff.goto(f"/admin/posts/post/{draft.pk}/change/")
    look(staff, "18-draft", axe=False)
    staff.get_by_label("Title", exact=False).first.fill("Ten experts on the race")
    press(staff.get_by_role("button", name="Save", exact=True))
    staff.goto(f"/admin/posts/post/{draft.pk}/preview/")
    look(staff, "19-preview", axe=False)
    _take_action(staff, "/admin/posts/post/", "Ten experts on the race", "Publish now")
    _take_action(staff, "/admin/posts/post/", "Ten experts on the race", "Prepare a newsletter issue")
    _take_action(staff, "/admin/posts/issue/", "Ten experts on the race", "Send now")
    posts_tasks.send_due_issues()
    assert Issue.objects.get().state == Issue.State.SENT

    # The reader gets the mail and reads what the panel said, by day, by night and without JavaScript.
    path = link_in_last_mail("reader@example.org", r"/posts/\S+")
    for name, options in (
        ("20-result", {}),
        ("21-result-phone", {"viewport": PHONE}),
        ("22-result-dark", {"dark": True}),
    ):
        page = open_page(**options)
        weight = []
        page.on("response", lambda got, weight=weight: weight.append(got.request.sizes()["responseBodySize"]))
        page.goto(path, wait_until="load")
        assert page.locator("figure.chart").count() == 4
        assert "Plants are being built." in page.locator("figure.quote").inner_text()
        assert "Sample Ines" in page.locator("figure.quote").inner_text()
        assert "Snapshot 1" in page.locator("figure.chart").first.inner_text()
        look(page, name)
        assert sum(weight) < HEAVIEST_PAGE
    plain = open_page(java_script_enabled=False)
    plain.goto(path)
    assert plain.locator("figure.chart svg").first.is_visible()

    # And leaves the list by the link in the same mail.
    on_the_road.goto(link_in_last_mail("reader@example.org", r"/u/\S+"))
    look(on_the_road, "23-unsubscribe")
    assert Subscriber.objects.get().state == Subscriber.State.CONFIRMED
    press(on_the_road.get_by_role("button", name="Unsubscribe"))
    look(on_the_road, "24-unsubscribed")
    assert Subscriber.objects.get().state == Subscriber.State.UNSUBSCRIBED


def _take_action(staff, changelist: str, row: str, action: str) -> None:
    staff.goto(changelist)
    staff.get_by_role("row", name=row).get_by_role("checkbox").check()
    staff.get_by_label("Action:").select_option(label=action)
    press(staff.get_by_role("button", name="Go"))
