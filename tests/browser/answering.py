"""A questionnaire with everything in it, and a person who fills it in: what the tests of answering start from.

The questions are those of the delivered seeds, put on four pages, with a condition, two that are required and a word
that is explained.
"""

import re
import tomllib
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from surveys import invitations, moderation, responses, rounds
from surveys.models import Answer, Attribution, Invitation, Round, Section, Sector, Survey
from surveys.responses import Entry
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_week import look, press, wider_than_the_screen
from tests.factories import ContributorFactory, InvitationFactory, QuestionFactory, RoundFactory

PAGES = {
    "The race": ("catch-up", "why-not", "solid-state"),
    "Choices": ("hurdle", "uses", "needs", "measures", "purchase"),
    "In numbers": ("share-2035", "half-when", "cell-cost", "new-plant", "dollars"),
    "In your words": ("step",),
}
REQUIRED = ("catch-up", "share-2035")
WHY_NOT = {
    "key": "why-not",
    "kind": "text",
    "prompt": "What stands in the way?",
    "show_if": [{"question": "catch-up", "is": ["disagree", "strongly_disagree"]}],
}
DEFINITIONS = [{"term": "in volume", "meaning": "More than 1 GWh of cells a year, from one plant."}]


def seeds(name: str) -> dict[str, Any]:
    return tomllib.loads((settings.SEEDS_DIR / "surveys" / f"{name}.toml").read_text())


def everything(**survey_round: Any) -> Round:
    """Every kind of question on four pages, in an open round."""
    found = seeds("three-questions")
    questions = {question["key"]: question for question in [*found["question"], WHY_NOT]}
    survey_round = RoundFactory(
        survey__title=found["title"], survey__introduction=found["introduction"], survey__definitions=DEFINITIONS,
        **survey_round,
    )  # fmt: skip
    _add(survey_round.survey, {title: [questions[key] for key in keys] for title, keys in PAGES.items()})
    survey_round.survey.questions.filter(key__in=REQUIRED).update(required=True)
    return survey_round


def behind_closed_doors() -> Round:
    """The delivered survey under the Chatham House rule, in an open round."""
    found = seeds("behind-closed-doors")
    survey_round = RoundFactory(
        survey__title=found["title"], survey__introduction=found["introduction"], survey__closed_door=True,
        survey__definitions=found["definition"],
    )  # fmt: skip
    titles = {section["key"]: section["title"] for section in found["section"]}
    pages: dict[str, list[dict[str, Any]]] = {title: [] for title in titles.values()}
    for question in found["question"]:
        pages[titles[question["section"]]].append(question)
    _add(survey_round.survey, pages)
    return survey_round


def _add(survey: Survey, pages: dict[str, list[dict[str, Any]]]) -> None:
    position = 0
    for number, (title, questions) in enumerate(pages.items()):
        section = Section.objects.create(survey=survey, key=f"page-{number}", position=number, title=title)
        for question in questions:
            position += 1
            QuestionFactory(survey=survey, position=position, **{**question, "section": section})


def ask(survey_round: Round) -> Invitation:
    person = ContributorFactory(name="Sample Ines", email="ines@example.org", affiliation="Sample Cells")
    return InvitationFactory(survey_round=survey_round, contributor=person)


# --- what a group of others has answered


def others_answer(survey_round: Round) -> None:
    """Four of each sector, each to everything, and with reasons that staff have approved."""
    for number, sector in enumerate([*Sector.values] * 4):
        person = ContributorFactory(name=f"Sample {number}", email=f"other-{number}@example.org", sector=sector)
        (invitation,) = invitations.invite(survey_round=survey_round, contributors=[person])
        entries = {key: entry for key, entry in _of_another(number).items() if key != "why-not"}
        responses.save(invitation=invitation, entries=entries, attribution=Attribution.SECTOR, submit=True)
    staff = get_user_model().objects.create_superuser("staff", "staff@example.org", "a long enough secret")
    for answer in Answer.objects.awaiting_moderation():
        moderation.approve(answer=answer, by=staff)


def _of_another(number: int) -> dict[str, Entry]:
    agreement = ["disagree", "neutral", "agree", "strongly_agree"]
    options = ["orders", "credit", "permits", "people", "equipment"]
    plants = 10 * (number % 5)
    return {
        "catch-up": Entry(
            value=agreement[number % 4], confidence=1 + number % 10, comment=REASONS[number] if number < 5 else ""
        ),
        "solid-state": Entry(value=agreement[number % 3], confidence=5),
        "hurdle": Entry(value=["cost", "technology", "workforce"][number % 3]),
        "uses": Entry(value=["defense", "grid"] if number % 2 else ["data-centers"]),
        "needs": Entry(value=[options[(number + step) % 5] for step in range(3)]),
        "measures": Entry(value={"tariffs": "some-harm", "credits": "some-good", "licensing": "much-good"}),
        "purchase": Entry(value=5 + number % 5),
        "share-2035": Entry(value=5 + number),
        "half-when": Entry(value=2030 + number),
        "cell-cost": Entry(value=[50 + number, 65 + number, 80 + number]),
        "new-plant": Entry(value=20 + 5 * number),
        "dollars": Entry(value={"plants": plants, "materials": 40, "research": 60 - plants, "training": 0}),
        "step": Entry(value=f"Buy cells for {number + 3} years ahead."),
    }


REASONS = (
    "Plants are being built, but the lines and the people who tune them still come from abroad.",
    "Half is possible if demand holds. It is the orders that decide, not the subsidies.",
    "Nine years are two generations of plants. That is little time to learn in.",
    "It depends on what counts as a cell made here when most of its materials are not.",
    "The announced capacity would do. Announced capacity never does.",
)


def asked_again(before: Round) -> Round:
    """The next round, open now, to everybody who answered."""
    rounds.close(survey_round=before)
    following = rounds.proposed(before)
    following.opens_at = timezone.now()
    following = rounds.follow(after=before, following=following, answered_only=True)
    rounds.begin(survey_round=following)
    return following


# --- a person at a browser


class Person:
    """Somebody at a page, who looks at every state of it.

    Sizes are tried out where `page` is a phone with scripts: what it looks like does not depend on scripts.
    """

    def __init__(self, page: Any, complaints: list[str], *, name: str, scripts: bool = True) -> None:
        self.page, self.complaints, self.name, self.scripts = page, complaints, name, scripts

    def see(self, state: str) -> None:
        look(self.page, f"{self.name}-{state}", axe=self.scripts)
        if self.scripts and self.page.viewport_size == PHONE:
            self._at_other_sizes(state)

    def _at_other_sizes(self, state: str) -> None:
        """Nothing has to be scrolled sideways at 320 px, at 200 % zoom (half as wide), nor with letters twice as
        large."""
        for width in (320, DESKTOP["width"] // 2):
            self.page.set_viewport_size({"width": width, "height": 700})
            assert not wider_than_the_screen(self.page), f"{state} at {width} px"
        self.page.set_viewport_size(DESKTOP)
        self.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert not wider_than_the_screen(self.page), f"{state} with large letters"
        self.page.evaluate("document.documentElement.style.fontSize = ''")
        self.page.set_viewport_size(PHONE)

    def question(self, key: str) -> Any:
        return self.page.locator(f"#question-{key}")

    def go(self, button: str) -> None:
        press(self.page.get_by_role("button", name=button, exact=True))

    def refused(self, *, status: int = 422) -> None:
        """The browser notes the status of a page with errors; anything else that it said stays a complaint."""
        assert any(f"status of {status}" in said for said in self.complaints)
        self.complaints[:] = [said for said in self.complaints if f"status of {status}" not in said]

    def focused(self) -> str:
        return self.page.evaluate("document.activeElement.id || document.activeElement.name || ''")

    def is_saved(self) -> None:
        """Wait until the page says so. Without scripts nothing is saved before a button is pressed."""
        if not self.scripts:
            return
        for _moment in range(200):
            if not self.page.evaluate("localStorage.length"):
                break
            self.page.wait_for_timeout(50)
        self.page.locator("#saved[data-state=saved]").wait_for()

    # what goes onto each page

    def fill_choices(self) -> None:
        hurdle = self.question("hurdle")
        hurdle.get_by_text("Other", exact=False).first.click()
        hurdle.get_by_label("Other: which?").fill("Getting connected to the grid")
        for use in ("Defense equipment", "Storage on the power grid"):
            self.question("uses").get_by_text(use).click()
        for place, need in enumerate(("Long-term orders", "Trained people", "Faster permits"), start=1):
            self.question("needs").get_by_label(need).select_option(str(place))
        for line in self.question("measures").locator(".matrix-line").all():
            line.get_by_text("Some good").click()
        self.question("purchase").get_by_role("radio", name=re.compile("^7")).check()

    def fill_numbers(self, numbers: SimpleNamespace) -> None:
        for key, value in (("share-2035", numbers.share), ("half-when", numbers.year), ("new-plant", numbers.chance)):
            self.question(key).get_by_role("textbox").first.fill(value)
        for key, values in (("cell-cost", numbers.cost), ("dollars", numbers.dollars)):
            for field, value in zip(self.question(key).locator("input[type=text]").all(), values, strict=False):
                field.fill(value)
