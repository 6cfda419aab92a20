"""What is measured: the survey of twenty questions, and what a contributor does on its pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from naatbatt.mail import links
from surveys.models import Contributor, Invitation, Question, Round, Sector, Survey
from tests.bench.served.load import Client, Visit

OPTIONS = [{"key": f"option-{n}", "label": f"The possibility with number {n}"} for n in range(1, 6)]
KINDS: tuple[tuple[str, dict[str, object], list[dict[str, str]], str | list[str]], ...] = (
    *[("statement", {}, [], "agree")] * 8,
    *[("single_choice", {}, OPTIONS, "option-2")] * 4,
    *[("multiple_choice", {}, OPTIONS, ["option-1", "option-4"])] * 3,
    *[("number", {"unit": "%", "minimum": 0, "maximum": 100}, [], "42")] * 3,
    *[("text", {}, [], "Train the people first; plants without them stand still.")] * 2,
)
_PAGE = re.compile(r'name="page" value="([^"]+)"|value="([^"]+)" name="page"')


@dataclass(frozen=True)
class Answering:
    """The personal pages of the panel, and what everybody answers."""

    paths: list[str]
    given: dict[str, str | list[str]]


def prepare(*, people: int) -> Answering:
    survey = Survey.objects.create(slug="measured", title="Twenty questions", introduction="We ask because it matters.")
    now = timezone.now()
    survey_round = Round.objects.create(survey=survey, opens_at=now, closes_at=now + timedelta(days=7))
    given: dict[str, str | list[str]] = {"shown": [], "action": "next", "seq": "1"}
    for number, (kind, settings, options, answer) in enumerate(KINDS, start=1):
        key = f"question-{number}"
        prompt = f"Question {number}: will more than half of the cells used be made at home ten years from now?"
        Question.objects.create(
            survey=survey, key=key, position=number, kind=kind, prompt=prompt, settings=settings, options=options
        )
        given[f"q-{key}"], given[f"seen-{key}"] = answer, ""
        if kind == "statement":
            given |= {f"q-{key}-confidence": "7", f"q-{key}-comment": "It depends on demand, and demand on price."}
        assert isinstance(given["shown"], list)
        given["shown"].append(key)
    sectors = [*Sector.values]
    panel = Contributor.objects.bulk_create(
        Contributor(
            name=f"Sample {n}", email=f"sample-{n}@example.org", sector=sectors[n % 3], affiliation="Sample Cells"
        )
        for n in range(people)
    )
    nonces = [links.new_nonce() for _ in panel]
    tokens = [links.token("answer", nonce) for nonce in nonces]
    Invitation.objects.bulk_create(
        Invitation(
            survey_round=survey_round, contributor=person, link_nonce=nonce, link_digest=links.digest(token),
            invited_at=now,
        )
        for person, nonce, token in zip(panel, nonces, tokens, strict=True)
    )  # fmt: skip
    return Answering([f"/a/{token}/" for token in tokens], given)


def scenarios(answering: Answering) -> Iterator[tuple[str, Visit, bool]]:
    """Name, visit, and whether a visit uses up an invitation. The empty view comes first: the others are held to it."""

    async def empty(client: Client, number: int) -> None:
        await client.get("/empty/")

    async def open_page(client: Client, number: int) -> None:
        await client.get(answering.paths[number % len(answering.paths)])

    async def respond(client: Client, number: int) -> None:
        """Open the page, send the answers, submit."""
        path = answering.paths[number]
        page = await client.get(path)
        await client.post(path, answering.given | {"page": _name_of(page)}, expects=302)
        await client.post(f"{path}review/", SUBMIT, expects=302)

    async def respond_and_read(client: Client, number: int) -> None:
        """The same as a browser does it, which also fetches the page it is led to."""
        path = answering.paths[number]
        page = await client.get(path)
        await client.post(path, answering.given | {"page": _name_of(page)}, expects=302)
        await client.get(f"{path}review/")
        await client.post(f"{path}review/", SUBMIT, expects=302)
        await client.get(f"{path}thanks/")

    async def save_one(client: Client, number: int) -> None:
        """One answer of one person, saved by itself; another one each time."""
        people, again = len(answering.paths) // 4, number // (len(answering.paths) // 4)
        path = answering.paths[-1 - number % people]
        key = f"question-{1 + again % 8}"
        await client.post(
            f"{path}save/",
            {
                "shown": key, f"q-{key}": "agree" if again % 16 < 8 else "disagree", f"q-{key}-confidence": "6",
                f"q-{key}-comment": "Perhaps.", "page": f"measured-{number % people}", "seq": str(again + 1),
            },
            expects=200,
            **{"HX-Request": "true"},
        )  # fmt: skip

    yield "an empty view", empty, False
    yield "open the page", open_page, False
    yield "save one answer", save_one, False
    yield "full response", respond, True
    yield "full response, every page read", respond_and_read, True


SUBMIT: dict[str, str | list[str]] = {"action": "submit", "attribution": "sector", "interest": ""}


def _name_of(page: str) -> str:
    found = _PAGE.search(page)
    if found is None:
        raise ValueError("The page has no name.")
    return found[1] or found[2]
