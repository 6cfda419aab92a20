"""An answer is given, and saved while it is: with a connection and without, in one place and in two."""

import re
import time

import pytest

from surveys import responses
from surveys.models import Answer, AnswerVersion, Invitation, Response
from surveys.responses import Entry
from tests.browser.conftest import PHONE
from tests.browser.test_week import look, press
from tests.rows import every_row
from tests.surveys.asking import EVERY_KIND, ask, page_of

pytestmark = pytest.mark.django_db(transaction=True)

RANGE = {
    "key": "range", "kind": "quantiles", "prompt": "What share of cells in 2035?",
    "settings": {"unit": "%", "minimum": 0, "maximum": 100},
}  # fmt: skip
WHY_NOT = {
    "key": "why-not", "kind": "text", "prompt": "What stands in the way?",
    "show_if": [{"question": "catch-up", "is": ["disagree", "strongly_disagree"]}],
}  # fmt: skip
VIEW = EVERY_KIND[4]
NO_CONNECTION = "Not saved: no connection."
# Nothing that would happen by itself after more than a second happens.
NO_LONG_WAITS = """
const soon = window.setTimeout;
window.setTimeout = (what, wait, ...rest) => soon(wait > 1000 ? () => {} : what, wait, ...rest);
"""


@pytest.fixture
def invitation():
    return ask(EVERY_KIND[0], WHY_NOT, RANGE, VIEW)


def question(page, key):
    return page.locator(f"#question-{key}")


def says(page, words):
    """Wait until the page says so of what was typed."""
    page.locator("#saved", has_text=re.compile(re.escape(words))).wait_for()


def words_of(page, key="view"):
    return question(page, key).locator("textarea").first


def stored(key="view"):
    answer = Answer.objects.filter(question__key=key).first()
    return answer.value if answer else None


def on_this_device(page):
    """What is kept of it there, and by which names."""
    return page.evaluate("Object.fromEntries(Object.entries(localStorage))")


def nothing_is_left_to_send(page):
    for _moment in range(200):
        if not on_this_device(page):
            return
        page.wait_for_timeout(50)
    raise AssertionError(on_this_device(page))


def pull_the_plug(page):
    page.context.set_offline(True)


def put_it_back(page, complaints):
    page.context.set_offline(False)
    complaints[:] = [said for said in complaints if "ERR_INTERNET_DISCONNECTED" not in said and "sendError" not in said]


@pytest.mark.parametrize("viewport", [{}, {"viewport": PHONE}, {"dark": True}], ids=["desk", "phone", "dark"])
def test_what_is_typed_is_saved_by_itself_and_the_page_says_so(open_page, invitation, viewport):
    page = open_page(**viewport)
    page.goto(page_of(invitation))

    words_of(page).press_sequentially("Train people first.")
    says(page, "Saved")
    question(page, "catch-up").get_by_text("Strongly agree").click()
    nothing_is_left_to_send(page)
    look(page, f"autosave-saved-{'-'.join(viewport)}")

    assert stored() == "Train people first."
    assert stored("catch-up") == "strongly_agree"
    assert re.search(r"Saved \d+:\d\d [ap]\.m\. E[SD]T", page.locator("#saved").inner_text())
    assert Response.objects.get().submitted_at is None
    assert page.evaluate("document.activeElement.type") == "radio", "nothing has taken the focus"
    page.reload()
    assert words_of(page).input_value() == "Train people first."


def test_a_pause_in_typing_is_one_save_and_not_one_for_each_letter(open_page, invitation):
    page, posts = open_page(), []
    page.on("request", lambda request: request.method == "POST" and posts.append(request.post_data))
    page.goto(page_of(invitation))

    words_of(page).press_sequentially("Train people first.", delay=30)
    says(page, "Saved")

    assert len(posts) == 1
    assert "q-catch-up" not in posts[0], "only the question that was answered is sent"


def test_loading_the_page_and_running_its_scripts_changes_nothing(open_page, invitation):
    before = every_row()
    for viewport in ({}, {"viewport": PHONE}):
        page = open_page(**viewport)
        page.goto(page_of(invitation), wait_until="networkidle")
        page.mouse.wheel(0, 4000)
        page.keyboard.press("Tab")
        page.reload(wait_until="networkidle")
        page.wait_for_timeout(1200)
    assert every_row() == before


def test_what_is_typed_without_a_connection_is_kept_and_sent_when_it_is_back(open_page, invitation, complaints):
    page = open_page(viewport=PHONE)
    page.add_init_script(NO_LONG_WAITS)
    page.goto(page_of(invitation))
    words_of(page).fill("Train")
    says(page, "Saved")

    pull_the_plug(page)
    words_of(page).press_sequentially(" people")
    question(page, "catch-up").get_by_text("Agree", exact=True).click()
    says(page, NO_CONNECTION)
    look(page, "autosave-offline")
    kept = on_this_device(page)
    assert "Train people" in "".join(kept.values())
    assert not [name for name in kept if page_of(invitation).split("/")[2] in name + kept[name]], "the link is a secret"
    words_of(page).press_sequentially(" first.")
    assert stored() == "Train"

    put_it_back(page, complaints)
    says(page, "Saved")
    nothing_is_left_to_send(page)
    assert (stored(), stored("catch-up")) == ("Train people first.", "agree")


def test_a_connection_that_is_back_without_saying_so_is_found_by_trying_again(open_page, invitation, complaints):
    page, tries = open_page(), []

    def fail_twice(route):
        tries.append(route.request)
        if len(tries) == 1:
            route.fulfill(status=503, body="busy")
        else:
            route.abort() if len(tries) == 2 else route.continue_()

    page.route("**/save/", fail_twice)
    page.goto(page_of(invitation))

    words_of(page).fill("Train people first.")
    says(page, NO_CONNECTION)
    says(page, "Saved")

    assert len(tries) == 3
    assert stored() == "Train people first."
    complaints.clear()


def test_a_lost_reply_and_a_second_try_make_one_version(open_page, invitation, complaints):
    page, tries = open_page(), []

    def lose_the_first_reply(route):
        tries.append(route.request)
        if len(tries) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/save/", lose_the_first_reply)
    page.goto(page_of(invitation))

    words_of(page).fill("Train people first.")
    says(page, NO_CONNECTION)
    assert stored() == "Train people first.", "it had arrived, but the page cannot know"
    says(page, "Saved")

    assert AnswerVersion.objects.count() == 1
    complaints.clear()


def test_a_gateway_that_answers_in_our_place_is_not_taken_for_us(open_page, invitation):
    page, tries = open_page(), []

    def hotel(route):
        tries.append(route.request)
        welcome = '<div id="not-yet-view" hx-swap-oob="innerHTML">Welcome to our guest network</div>'
        route.fulfill(status=200, body=welcome) if len(tries) == 1 else route.continue_()

    page.route("**/save/", hotel)
    page.goto(page_of(invitation))

    words_of(page).fill("Train people first.")
    says(page, NO_CONNECTION)
    assert page.get_by_text("guest network").count() == 0
    says(page, "Saved")
    assert stored() == "Train people first."


def test_text_typed_while_a_slow_save_is_on_its_way_is_saved_after_it(open_page, invitation):
    page, waiting = open_page(), []
    page.route("**/save/", lambda route: waiting.append(route) if not waiting else route.continue_())
    page.goto(page_of(invitation))

    words_of(page).fill("Train")
    page.wait_for_timeout(1200)
    assert len(waiting) == 1
    words_of(page).fill("Train people first.")
    page.wait_for_timeout(1200)
    assert stored() is None
    waiting[0].continue_()
    nothing_is_left_to_send(page)

    assert stored() == "Train people first."
    assert words_of(page).input_value() == "Train people first."


def test_a_closed_laptop_or_a_crash_brings_back_what_was_typed_and_saves_it(open_page, invitation, complaints):
    page = open_page()
    page.goto(page_of(invitation))
    pull_the_plug(page)
    words_of(page).fill("Train people first.")
    question(page, "catch-up").get_by_text("Agree", exact=True).click()
    says(page, NO_CONNECTION)
    page.close()

    put_it_back(page, complaints)
    again = page.context.new_page()
    again.goto(page_of(invitation))
    says(again, "Saved")
    nothing_is_left_to_send(again)

    assert (stored(), stored("catch-up")) == ("Train people first.", "agree")
    assert words_of(again).input_value() == "Train people first."
    assert question(again, "catch-up").get_by_role("radio", name="Agree", exact=True).is_checked()


def test_what_was_kept_never_goes_over_what_was_answered_elsewhere_since(open_page, invitation, complaints):
    page = open_page()
    page.goto(page_of(invitation))
    pull_the_plug(page)
    words_of(page).fill("Typed in the train.")
    says(page, NO_CONNECTION)
    page.close()
    responses.save(invitation=invitation, entries={"view": Entry(value="Typed at home.")}, submit=False)

    put_it_back(page, complaints)
    again = page.context.new_page()
    again.goto(page_of(invitation))
    says(again, "answered this differently elsewhere")

    assert stored() == "Typed at home."
    assert words_of(again).input_value() == "Typed in the train."
    assert "Typed at home." in again.locator("#conflict-view").inner_text()


def test_what_was_typed_just_before_going_to_another_page_is_saved_from_there(open_page):
    invitation = ask({**VIEW, "section": "First"}, {**EVERY_KIND[0], "section": "Then"})
    page = open_page()
    page.goto(page_of(invitation))

    words_of(page).press_sequentially("Train people first.")
    page.goto(f"{page_of(invitation)}2/")
    nothing_is_left_to_send(page)

    assert stored() == "Train people first."
    assert page.locator("#saved").get_attribute("data-state") is None, "it is no business of this page"


def test_a_save_that_the_button_has_overtaken_is_not_brought_back(open_page, invitation, complaints):
    """The text was on its way when the button was pressed; what is kept of it is older than what the button sent."""
    page = open_page()
    page.goto(page_of(invitation))
    words_of(page).fill("Train people first.")
    press(page.get_by_role("button", name="Save and stay"))
    nothing_is_left_to_send(page)

    assert stored() == "Train people first."
    assert AnswerVersion.objects.count() == 1


def test_a_page_that_comes_back_with_mistakes_keeps_them_as_they_were_typed(open_page, invitation, complaints):
    """A save that was still on its way when the button was pressed makes what is stored newer than what is kept."""
    page = open_page()
    page.goto(page_of(invitation))
    low, best, high = question(page, "range").get_by_role("textbox").all()[:3]
    for field, value in ((low, "5"), (best, "10"), (high, "20")):
        field.fill(value)
    says(page, "Saved")

    saves = []

    def save(route):
        saves.append(route.request)
        route.fetch() if len(saves) == 1 else route.continue_()  # the first reply does not come in time

    def go_on(route):
        time.sleep(1 if route.request.method == "POST" else 0)
        route.continue_()

    page.route("**/save/", save)
    page.route("**/a/*/", go_on)
    high.fill("7")
    with page.expect_navigation():
        high.press("Enter")
    says(page, "Not saved yet.")
    assert complaints.pop().endswith("422 (Unprocessable Entity)")
    low, best, high = question(page, "range").get_by_role("textbox").all()[:3]
    assert high.input_value() == "7"
    assert high.get_attribute("aria-invalid") == "true"

    high.fill("30")
    says(page, "Saved")
    nothing_is_left_to_send(page)
    assert stored("range") == [5, 10, 30]
    assert page.locator("[aria-invalid], .has-error").count() == 0, "what is right is not called wrong any more"
    assert page.locator("#errors li.mended").count() == 1


@pytest.mark.parametrize("choice", ["here", "elsewhere"])
def test_two_tabs_with_one_answer_are_asked_and_see_both(open_page, invitation, choice):
    first = open_page(viewport={"width": 320, "height": 640}) if choice == "here" else open_page()
    first.goto(page_of(invitation))
    second = first.context.new_page()
    second.goto(page_of(invitation))

    words_of(first).fill("Said in the first tab.")
    says(first, "Saved")
    words_of(second).fill("Said in the second tab.")
    says(second, "answered this differently elsewhere")
    box = second.locator("#conflict-view")
    assert "Said in the first tab." in box.inner_text()
    assert words_of(second).input_value() == "Said in the second tab."
    assert stored() == "Said in the first tab."
    look(second, f"autosave-conflict-{choice}")

    if choice == "here":
        box.get_by_role("button", name="Keep what stands below").click()
        says(second, "Saved")
    else:
        box.get_by_role("button", name="Take the other one").click()
        says(second, "the answer you gave elsewhere")
    box.get_by_role("button").first.wait_for(state="detached")
    nothing_is_left_to_send(second)

    kept = "Said in the second tab." if choice == "here" else "Said in the first tab."
    assert stored() == words_of(second).input_value() == kept
    assert question(second, "view").evaluate("one => one.contains(document.activeElement)"), "the focus is not lost"
    words_of(second).press("End")
    words_of(second).press_sequentially(" And more.")
    says(second, "Saved")
    nothing_is_left_to_send(second)
    assert stored() == f"{kept} And more."


def test_a_duplicated_tab_does_not_pass_for_the_same_page(open_page, invitation):
    first = open_page()
    html = first.request.get(page_of(invitation)).text()
    first.route("**/a/*/", lambda route: route.fulfill(body=html, content_type="text/html"))
    first.goto(page_of(invitation))
    second = first.context.new_page()
    second.route("**/a/*/", lambda route: route.fulfill(body=html, content_type="text/html"))
    second.goto(page_of(invitation))

    words_of(first).fill("Said in the first tab.")
    says(first, "Saved")
    words_of(second).fill("Said in the second tab.")

    says(second, "answered this differently elsewhere")


def test_a_half_filled_answer_is_no_alarm_and_not_lost(open_page, invitation):
    page = open_page(viewport=PHONE)
    page.goto(page_of(invitation))
    low, best, high = question(page, "range").get_by_role("textbox").all()[:3]

    low.fill("5")
    best.fill("10")
    says(page, "Not saved yet. Not given yet: “High”.")
    assert "High" in page.locator("#drawn-range").inner_text()
    look(page, "autosave-half")
    line, field = page.locator("#saved").bounding_box(), best.bounding_box()
    assert field["y"] + field["height"] <= line["y"] or line["y"] + line["height"] <= field["y"], "nothing lies over it"
    assert stored("range") is None
    words_of(page).fill("Something else.")
    says(page, "Another answer is not saved yet.")

    page.reload()
    says(page, "Not saved yet")
    low, best, high = question(page, "range").get_by_role("textbox").all()[:3]
    assert (low.input_value(), best.input_value()) == ("5", "10")
    high.fill("20")
    nothing_is_left_to_send(page)
    assert stored("range") == [5, 10, 20]
    assert "Not saved" not in page.locator("#drawn-range").inner_text()


def test_an_estimate_is_drawn_back_while_it_is_given(open_page, invitation):
    page = open_page()
    page.goto(page_of(invitation))
    low, best, high = question(page, "range").get_by_role("textbox").all()[:3]

    low.fill("5")
    best.fill("10")
    high.fill("20")
    page.locator("#drawn-range svg").first.wait_for()
    look(page, "autosave-drawn")
    high.fill("7")
    page.locator("#drawn-range svg").first.wait_for(state="detached")

    assert stored("range") == [5, 10, 20], "what cannot be is not stored"


@pytest.mark.parametrize("viewport", [{}, {"viewport": PHONE}], ids=["desk", "phone"])
def test_a_question_that_depends_on_another_comes_and_goes_with_it(open_page, invitation, viewport):
    page = open_page(**viewport)
    page.goto(page_of(invitation))
    words_of(page).fill("Half typ")
    assert question(page, "why-not").count() == 0

    question(page, "catch-up").get_by_text("Disagree", exact=True).click()
    question(page, "why-not").wait_for()
    look(page, f"autosave-appeared-{'-'.join(viewport)}")
    assert page.evaluate("document.activeElement.name") == "q-catch-up"
    assert words_of(page).input_value() == "Half typ", "what stands elsewhere on the page is not touched"
    assert page.locator("#number-view").inner_text() == "4"
    words_of(page, "why-not").fill("Money.")
    says(page, "Saved")
    nothing_is_left_to_send(page)
    assert stored("why-not") == "Money."

    question(page, "catch-up").get_by_text("Agree", exact=True).click()
    question(page, "why-not").wait_for(state="detached")
    assert page.locator("#number-view").inner_text() == "3"
    question(page, "catch-up").get_by_text("Disagree", exact=True).click()
    question(page, "why-not").wait_for()
    assert words_of(page, "why-not").input_value() == "Money."


def test_after_submitting_a_change_waits_and_the_page_says_so(open_page, invitation):
    entries = {"catch-up": Entry(value="agree"), "view": Entry(value="Train.")}
    responses.save(invitation=invitation, entries=entries, attribution="named", submit=True)
    page = open_page()
    page.goto(page_of(Invitation.objects.get()))

    words_of(page).fill("Train people.")
    says(page, "not submitted yet")

    assert stored() == "Train."


def test_a_refused_save_says_so_and_keeps_what_was_typed(open_page, invitation, complaints):
    page = open_page()
    page.goto(page_of(invitation))
    Invitation.objects.update(link_digest="0" * 64)

    words_of(page).fill("Train people first.")
    says(page, "Not saved: the site did not take this.")

    assert "Train people first." in "".join(on_this_device(page).values())
    complaints.clear()


def test_without_a_place_to_keep_it_leaving_is_asked_about(open_page, invitation, complaints):
    page = open_page()
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }")
    page.goto(page_of(invitation))
    pull_the_plug(page)
    words_of(page).click()
    page.keyboard.type("Train")
    says(page, "Please keep this page open")

    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    put_it_back(page, complaints)


def test_the_end_is_told_in_the_readers_own_zone_where_that_is_another(open_page, invitation):
    berlin, new_york = open_page(timezone_id="Europe/Berlin"), open_page(timezone_id="America/New_York")
    for page in (berlin, new_york):
        page.goto(page_of(invitation))
    assert "where you are, Europe/Berlin" in berlin.locator("main").inner_text()
    assert berlin.locator("main").inner_text().count("where you are") == 1
    assert "UTC" not in berlin.locator("main").inner_text(), "its own zone stands in the place of a neutral one"
    assert "UTC" in new_york.locator("main").inner_text()
    assert "where you are" not in new_york.locator("main").inner_text()
