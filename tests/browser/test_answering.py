"""Everything that can be asked, answered from the first page to the receipt: on a phone by night, at a desk without
scripts, and by keyboard alone. (On a phone by day: test_week.py. On a phone without scripts: test_other_states.py.)

`SHOTS=folder` keeps a picture of every state, to be looked at.
"""

import re
from types import SimpleNamespace

import pytest

from surveys.models import Answer, PendingChange, Response
from tests.browser.answering import Person, ask, everything
from tests.browser.conftest import DESKTOP, PHONE
from tests.rows import every_row
from tests.surveys.asking import page_of

pytestmark = pytest.mark.django_db(transaction=True)

WRONG = SimpleNamespace(share="130", year="soon", chance="150", cost=("100", "60", "80"), dollars=("50", "40", "", ""))
RIGHT = SimpleNamespace(
    share="12", year="2039", chance="45", cost=("50", "68", "80"), dollars=("10", "40", "30", "20")
)  # fmt: skip
STATES = {
    "phone": {"viewport": PHONE, "dark": True},
    "plain": {"viewport": DESKTOP, "java_script_enabled": False},
}


@pytest.mark.parametrize("state", STATES)
def test_every_kind_of_question_from_the_link_to_the_receipt(open_page, complaints, state):
    invitation = ask(everything())
    page = open_page(**STATES[state])
    me = Person(page, complaints, name=state, scripts=state != "plain")

    # Who asks, and the first questions; one more comes with an answer.
    page.goto(page_of(invitation))
    assert page.get_by_role("heading", name="Three questions about the battery race").is_visible()
    me.see("01-opening")
    me.question("catch-up").get_by_text("Disagree", exact=True).click()
    me.question("catch-up").get_by_label("In your own words").fill("Plants are being built. שלום 🔋")
    if me.scripts:
        me.question("why-not").wait_for()
        me.is_saved()
    else:
        me.go("Continue")
        assert page.url.endswith("/#asked-why-not")
        assert page.get_by_text("Because of what you answered above, there is one more question here.").is_visible()
    me.see("02-one-more")
    me.question("why-not").get_by_role("textbox").first.fill("Money.")
    me.question("solid-state").get_by_text("No opinion").click()
    me.go("Continue")

    # Choices of every kind, and what cannot be.
    assert page.get_by_role("heading", name="Choices").is_visible()
    me.see("03-choices")
    me.fill_choices()
    me.question("uses").get_by_label("None of these", exact=True).click()
    me.question("needs").get_by_label("Faster permits").select_option("1")
    me.go("Continue")
    me.refused()
    assert "Please check" in page.title()
    assert me.focused() in ("id_q-uses_0", "q-uses")
    assert me.question("hurdle").get_by_label("Other: which?").input_value() == "Getting connected to the grid"
    me.see("04-wrong-choices")
    me.question("uses").get_by_label("None of these", exact=True).click()
    me.question("needs").get_by_label("Faster permits").select_option("3")
    me.go("Continue")

    # Numbers of every kind, and what cannot be. The first of them has the focus, and the list leads to each.
    me.see("05-numbers")
    me.fill_numbers(WRONG)
    me.go("Continue")
    me.refused()
    assert me.focused() == "id_q-share-2035"
    problems = page.locator("#errors li a")
    assert problems.count() == 5
    for number in range(5):
        problems.nth(number).click()
        assert page.evaluate("document.activeElement.closest('.has-error') !== null"), number
    me.see("06-wrong-numbers")
    assert me.question("share-2035").get_by_role("textbox").first.input_value() == "130", "what was typed is not lost"
    me.fill_numbers(SimpleNamespace(**{**vars(RIGHT), "share": ""}))
    if me.scripts:
        me.question("cell-cost").locator("figure.drawn-back svg").first.wait_for()
    me.go("Continue")

    # More words than there is room for, then fewer.
    step = me.question("step").get_by_role("textbox").first
    step.fill("word " * 2000)
    me.go("Continue to review")
    me.refused()
    assert len(me.question("step").get_by_role("textbox").first.input_value()) == len("word " * 2000)
    me.see("07-too-long")
    me.question("step").get_by_role("textbox").first.fill("Permits within a year. This takes Congress.")
    me.go("Continue to review")

    # Read through: something required is missing, and nobody has said how they may be quoted.
    me.see("08-review")
    me.go("Submit")
    me.refused()
    assert me.focused() == "errors"
    me.see("09-review-errors")
    assert Response.objects.get().submitted_at is None
    page.locator("#errors").get_by_role("link", name=re.compile("^Question")).first.click()
    page.wait_for_url("**/3/#question-share-2035")
    me.question("share-2035").get_by_role("textbox").first.fill(RIGHT.share)
    me.go("Continue")
    me.go("Continue to review")
    page.get_by_text("— Sample Ines, Sample Cells").first.click()
    page.get_by_label("Do you have an interest to disclose?").fill("My company has applied for a federal grant.")
    own = page.get_by_label("Quote this answer (question 1)")
    own.select_option(label="By sector, without my name")
    me.go("Show it with these choices")
    quotes = page.locator("#preview figcaption")
    shown = [quote.inner_text() for quote in quotes.all()]
    assert "an industry expert" in shown[0]
    assert "Sample Ines, Sample Cells" in shown[-1]
    me.see("10-chosen")
    me.go("Submit")
    assert page.get_by_role("heading", name="Thank you. Your answers are in.").is_visible()
    me.see("11-thanks")
    assert Response.objects.get().submitted_at is not None
    given = {answer.question.key: answer for answer in Answer.objects.select_related("question")}
    assert [key for key, answer in given.items() if answer.value is None] == ["solid-state"]
    assert len(given) == invitation.survey_round.survey.questions.count()
    assert given["cell-cost"].value == [50, 68, 80]

    # Second thoughts wait until they are submitted; the history has them all.
    page.goto(page_of(invitation))
    me.see("12-submitted")
    page.goto(page_of(invitation, 3))
    me.question("share-2035").get_by_role("textbox").first.fill("20")
    me.go("Save and stay")
    assert page.locator("#not-submitted").is_visible()
    me.see("13-changed")
    page.get_by_role("link", name="Review the changes, submit or discard them").click()
    page.wait_for_url("**/review/")
    me.see("14-review-changes")
    assert Answer.objects.get(question__key="share-2035").value == 12
    me.go("Discard these changes")
    assert not PendingChange.objects.exists()
    page.goto(page_of(invitation, 3))
    me.question("share-2035").get_by_role("textbox").first.fill("20")
    me.go("Continue")
    me.go("Continue to review")
    me.go("Submit changes")
    assert Answer.objects.get(question__key="share-2035").value == 20
    page.get_by_role("link", name="Every version of my answers").click()
    page.wait_for_url("**/history/")
    me.see("15-history")
    with page.expect_download() as pdf:
        page.get_by_role("link", name="My answers as a PDF").click()
    assert pdf.value.suggested_filename.endswith(".pdf")
    assert page.context.cookies() == []


def test_by_keyboard_alone_and_never_losing_sight_of_where_one_is(open_page, complaints):
    """Tab, arrows, blanks and Enter; no mouse. At every stop something shows where one is, and nothing lies over it."""
    survey_round = everything()
    survey_round.survey.questions.exclude(key__in=("catch-up", "why-not", "needs", "share-2035", "step")).delete()
    invitation = ask(survey_round)
    page = open_page(reduced_motion="reduce")
    me = Person(page, complaints, name="keyboard")
    page.goto(page_of(invitation))

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main"), "the first stop leads past the head of the page"
    tab_to(page, "[name=q-catch-up]")
    page.keyboard.press("ArrowDown")
    me.question("why-not").wait_for()
    assert page.evaluate("document.activeElement.value") == "disagree", "what appears below takes no focus"
    tab_to(page, "[name=q-catch-up-confidence]")
    page.keyboard.press("ArrowRight")
    tab_to(page, "[name=q-why-not]")
    page.keyboard.type("Money, and\npatience.")
    me.is_saved()
    tab_to(page, "#answers > .actions [value=next]")
    turn(page, "Enter")

    tab_to(page, "[name^='q-needs.']")
    for place in ("1", "1", "2"):
        page.keyboard.type(place)
        page.keyboard.press("Tab")
    tab_to(page, "#answers > .actions [value=next]")
    turn(page, "Enter")
    me.refused()
    assert page.evaluate("document.activeElement.name.startsWith('q-needs.')"), "the mistake has the focus"
    assert page.evaluate("document.activeElement.getAttribute('aria-describedby')")
    page.keyboard.type("3")
    page.locator("#saved[data-state=saved]").wait_for()
    assert page.locator("[aria-invalid]").count() == 0, "what was wrong is not called wrong any more"
    me.see("mended")
    tab_to(page, "#answers > .actions [value=next]")
    turn(page, "Enter")

    tab_to(page, "[name=q-share-2035]")
    page.keyboard.type("30")
    turn(page, "Enter")  # in a line, Enter goes on
    tab_to(page, "[name=q-step]")
    page.keyboard.type("Train people.")
    tab_to(page, "#answers > .actions [value=back]")
    turn(page, "Enter")
    assert page.url.endswith("/3/")
    tab_to(page, ".progress summary")
    page.keyboard.press("Enter")
    tab_to(page, ".steps [value='page:4']")
    turn(page, "Enter")
    assert page.locator("[name=q-step]").input_value() == "Train people."
    tab_to(page, "#answers > .actions [value=next]")
    turn(page, "Enter")

    tab_to(page, "#review > .actions [value=submit]")
    turn(page, "Enter")
    me.refused()
    tab_to(page, "#errors a")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "attribution"
    page.keyboard.press(" ")
    tab_to(page, "#review > .actions [value=submit]")
    turn(page, "Enter")
    assert page.get_by_role("heading", name="Thank you. Your answers are in.").is_visible()
    assert Answer.objects.get(question__key="why-not").value == "Money, and\npatience."


def turn(page, key: str) -> None:
    with page.expect_navigation():
        page.keyboard.press(key)


def tab_to(page, wanted: str, *, most: int = 60) -> None:
    """Press Tab until that is reached, and see at each stop that it can be seen."""
    for _stop in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        assert stop["shown"], stop
        assert stop["in_view"], stop
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} is not reached by {most} stops")


# An input is often drawn by what is around or beside it, which then has the outline.
STOP = """() => {
    const at = document.activeElement;
    const drawn = [at, at.nextElementSibling, at.closest("label")].filter(Boolean);
    const outlined = one => {
      const style = getComputedStyle(one);
      return style.outlineStyle !== "none" && !/^0/.test(style.outlineWidth);
    };
    const box = (at.closest("label") ?? at).getBoundingClientRect();
    const over = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 20));
    const own = [at, ...drawn];
    return {
        what: at.outerHTML.slice(0, 200),
        box: box.toJSON(),
        over: over?.outerHTML.slice(0, 100),
        shown: drawn.some(outlined),
        in_view: box.bottom > 0 && box.top < innerHeight && own.some(one => one.contains(over) || over?.contains(one)),
    };
}"""


def test_looking_at_every_page_with_scripts_changes_nothing(open_page):
    """A mail scanner that runs scripts, scrolls and stays a while."""
    invitation = ask(everything())
    before = every_row()
    page = open_page()
    for name in ("answer", 2, 3, 4, "review", "history", "leave", "colleague"):
        page.goto(page_of(invitation, name), wait_until="networkidle")
        page.mouse.wheel(0, 9000)
        page.keyboard.press("Tab")
    page.wait_for_timeout(1200)  # longer than autosave waits
    assert every_row() == before
