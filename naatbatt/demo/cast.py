"""Who takes part in the play, and what they answer: invented people, drawn with a fixed seed, plausible by sector."""

import math
import random
from dataclasses import dataclass

from naatbatt.demo.visitor import Control, PageForm
from surveys.models import Attribution, Contributor, Sector

SEED = 2026
READERS = tuple(f"reader-{number:02}@example.org" for number in range(1, 51))
# Two of them leave: one by the button on the page, one by the button of the mail program.
LEAVES_BY_PAGE, LEAVES_BY_ONE_CLICK = READERS[6], READERS[30]

PANEL = {Sector.INDUSTRY: 12, Sector.ACADEMIA: 10, Sector.GOVERNMENT: 8}
NO_SUCH_MAILBOX = "industry-12@example.org"
ANSWER_AT_ONCE, ANSWER_AFTER_REMINDER = 15, 7

# Where on a list of choices, from first (0) to last (1), a sector's answers cluster.
LEANINGS = {
    ("catch-up", Sector.INDUSTRY): 0.3,
    ("catch-up", Sector.ACADEMIA): 0.45,
    ("catch-up", Sector.GOVERNMENT): 0.6,
    ("chance", Sector.INDUSTRY): 0.45,
    ("chance", Sector.ACADEMIA): 0.65,
    ("chance", Sector.GOVERNMENT): 0.6,
    ("place", Sector.INDUSTRY): 0.6,
    ("place", Sector.ACADEMIA): 0.5,
    ("place", Sector.GOVERNMENT): 0.75,
    ("solid-state", Sector.INDUSTRY): 0.35,
    ("solid-state", Sector.ACADEMIA): 0.25,
    ("solid-state", Sector.GOVERNMENT): 0.5,
    ("hurdle", Sector.INDUSTRY): 0.15,
    ("hurdle", Sector.ACADEMIA): 0.45,
    ("hurdle", Sector.GOVERNMENT): 0.65,
}
ESTIMATES = {Sector.INDUSTRY: (9, 4), Sector.ACADEMIA: (12, 5), Sector.GOVERNMENT: (17, 6)}  # mean, spread
# What is asked besides as a number: mean, spread, smallest, largest.
NUMBERS = {"half-when": (2039, 5, 2027, 2080), "new-plant": (45, 18, 2, 97)}
RANGES = {"cell-cost": (68, 9)}  # the best estimate; low and high lie about a fifth away
# Nobody says what somebody else has said: each of these goes to one person.
WORDS = {
    "catch-up": (
        "Plants are being built, but the lines and the people who tune them still come from abroad.",
        "Half is possible if demand holds. It is the orders that decide, not the subsidies.",
        "Nine years are two generations of plants. That is little time to learn in.",
        "It depends on what counts as a cell made here when most of its materials are not.",
        "The announced capacity would do. Announced capacity never does.",
    ),
    "chance": (
        "The next chemistry will be manufactured by whoever has manufactured the last one.",
        "Universities are strong. What is missing is the step between a coin cell and a pilot line.",
        "A new generation resets some advantages and keeps others, notably equipment.",
        "Among the first two, no. Among the first five, quite possibly.",
    ),
    "place": (
        "Supply is uninterrupted until the day it is not.",
        "Repair, recycling and design follow the plant. That is the larger loss.",
        "For most uses a second supplier in a friendly country would do as well.",
        "What matters is who can stop a delivery, and that is not always a question of place.",
        "An engineer learns from the line next door. Distance costs more than freight.",
    ),
    "solid-state": (
        "Ten gigawatt-hours is a high bar for a technology that has not settled on an electrolyte.",
        "Semi-solid cells will take the place that was meant for it.",
        "One premium model is enough to reach that figure, so yes, somewhere.",
    ),
    "step": (
        "Long-term purchase commitments by federal buyers, so that a plant can be financed on its order book.",
        "Shared pilot lines that small firms can rent by the week. The states could start tomorrow.",
        "Permits within a year. This takes Congress.",
        "A national program for technicians, run by community colleges beside the plants.",
        "Stable rules. The industry can plan for good rules or for bad ones, but not for new ones each year.",
        "Processing of graphite at home, by whoever is willing to sign a contract for ten years.",
        "Licensing the technology, openly and soon, and paying for it. Pride is the expensive option.",
        "A strategic stock of cells for critical users. It buys time, which is the thing we lack most.",
        "Measure before spending: nobody publishes what domestic cells really cost.",
    ),
}
ADVERTISEMENT = "Visit our booth at the next show for a special offer on separators!"
ROUGH = "permitting is THE problem, i could go on for hours, but put simply nobody dares to sign anything off"
EDITED = "Permitting is the problem. Put simply, nobody dares to sign anything off."
# Somebody who is on no panel and has something to say.
ONLOOKER = {
    "name": "Sample Onlooker",
    "affiliation": "Sample Weekly",
    "email": "onlooker@example.org",
    "words": "Nobody asked who will fix the machines. The plant near us waited eleven weeks for one technician.",
}
SECOND_THOUGHTS = "On reflection: purchase commitments first, everything else after."
OTHER_HURDLE = "The time it takes to get connected to the grid"
REFUSAL = "I have changed employers and cannot speak on this at present."

# What somebody has at stake, as they put it themselves.
INTEREST = "My company has applied for a federal grant."
# How many think again once they see what the others answered.
CHANGE_THEIR_MIND = 6
# Who takes part in the survey behind closed doors, and what two of them say there.
CLOSED_PANEL = {Sector.INDUSTRY: 4, Sector.ACADEMIA: 3, Sector.GOVERNMENT: 3}
CLOSED_SILENT = 1
CLOSED_WORDS = (
    "We would build if somebody took the price risk of the first three years.",
    "Nobody says it aloud, but the permits are not what is holding this up.",
)

# How people choose to be quoted, as often as they stand here.
ATTRIBUTIONS = (
    *[Attribution.NAMED] * 5,
    *[Attribution.AFFILIATION] * 3,
    *[Attribution.SECTOR] * 3,
    *[Attribution.BACKGROUND] * 2,
)


@dataclass(frozen=True)
class Parts:
    """Who does what with the invitation."""

    at_once: list[Contributor]
    after_reminder: list[Contributor]
    decliner: Contributor
    leaves_a_draft: list[Contributor]  # one before the reminder, one after it
    silent: list[Contributor]
    unreachable: Contributor
    words: dict[tuple[str, str], str]  # (address, question) -> what that person has to say


def give_parts(panel: list[Contributor]) -> Parts:
    """The parts of the play, the same in every performance."""
    unreachable = next(person for person in panel if person.email == NO_SUCH_MAILBOX)
    rest = sorted((person for person in panel if person != unreachable), key=lambda person: person.email)
    dice = random.Random(SEED)  # noqa: S311 - a play, no secret
    dice.shuffle(rest)
    answering = ANSWER_AT_ONCE + ANSWER_AFTER_REMINDER
    decliner, first_draft, second_draft, *silent = rest[answering:]
    words = {}
    for key, said in WORDS.items():
        for person, sentence in zip(dice.sample(rest[:answering], len(said)), said, strict=True):
            words[person.email, key] = sentence
    return Parts(
        at_once=rest[:ANSWER_AT_ONCE],
        after_reminder=rest[ANSWER_AT_ONCE:answering],
        decliner=decliner,
        leaves_a_draft=[first_draft, second_draft],
        silent=silent,
        unreachable=unreachable,
        words=words,
    )


def fill_in(form: PageForm, person: Contributor, words: dict[tuple[str, str], str], *, draft: bool = False) -> None:
    """Answer one page as this person would, by what stands on it. A draft stops after the first few fields."""
    dice = random.Random(f"{SEED} {person.email}")  # noqa: S311
    fields = [name for name in form.controls if name.startswith("q-")]
    for name in fields[: 3 if draft else None]:
        _hold(form.controls[name], name.removeprefix("q-"), person, dice, words)
    if not draft:
        _fill_in_parts(form, fields, dice)
    for name in fields:  # how sure one is goes with an opinion, and words go with "other"
        if name.endswith("-confidence") and form.controls[name.removesuffix("-confidence")].holds == ["no_opinion"]:
            form.controls[name].holds = []
        if name.endswith(".other") and form.controls[name.removesuffix(".other")].holds == ["other"]:
            form.controls[name].holds = [OTHER_HURDLE]


def think_again(form: PageForm, person: Contributor) -> None:
    """Move the first vote on the page one step, and keep everything else as it was answered before."""
    votes = (control for name, control in form.controls.items() if name.startswith("q-") and "radio" in control.kind)
    control = next(votes)
    offers = [offer for offer in control.offers if offer not in ("no_opinion", "prefer_not")]
    place = offers.index(control.holds[0]) if control.holds and control.holds[0] in offers else 0
    control.holds = [offers[place + 1 if place + 1 < len(offers) else place - 1]]


def choose_line(form: PageForm, person: Contributor) -> None:
    """How this person wants to be quoted, among what the page offers them."""
    offers = form.controls["attribution"].offers
    if form.controls["attribution"].holds:
        return  # chosen in an earlier round
    dice = random.Random(f"{SEED} {person.email}")  # noqa: S311
    wanted = [level.value for level in ATTRIBUTIONS if level.value in offers]
    chosen = dice.choice(wanted)
    form.controls["attribution"].holds = [chosen]
    if chosen == Attribution.NAMED and "interest" in form.controls and dice.random() < 0.3:
        form.controls["interest"].holds = [INTEREST]


def _hold(
    control: Control, name: str, person: Contributor, dice: random.Random, words: dict[tuple[str, str], str]
) -> None:
    """What this person puts into one field. Parts that must fit together come later."""
    key, _point, part = name.partition(".")
    key, sector = key.removesuffix("-comment").removesuffix("-confidence"), Sector(person.sector)
    match control.kind:
        case "radio" if name.endswith("-confidence"):
            control.holds = [_near(dice, control.offers, 0.65)]
        case "radio":
            control.holds = [_near(dice, control.offers, LEANINGS.get((key, sector), 0.5))]
        case "checkbox":
            control.holds = [] if part else _some(dice, control.offers)
        case "textarea":
            control.holds = [words.get((person.email, key), "")]
        case "text" if not part:
            control.holds = [_number(dice, key, sector)]


def _fill_in_parts(form: PageForm, fields: list[str], dice: random.Random) -> None:
    """Answers of several parts, which must fit together: places, estimates that rise, shares of a hundred."""
    parts: dict[str, list[str]] = {}
    for name in fields:
        question, _point, part = name.partition(".")
        marked = form.controls[name].kind
        if part not in ("", "blank", "other") and marked != "radio":
            parts.setdefault(question, []).append(name)
    for question, names in parts.items():
        controls = [form.controls[name] for name in names]
        if places := [place for place in controls[0].offers if place]:
            held = dice.sample([*places, *[""] * (len(controls) - len(places))], len(controls))
        elif question.removeprefix("q-") in RANGES:
            best = min(max(45, round(dice.gauss(*RANGES[question.removeprefix("q-")]))), 84)
            held = [str(best - dice.randint(10, 25)), str(best), str(best + dice.randint(6, 15))]
        else:
            tens = [dice.randint(0, 10) for _control in controls]
            total = sum(tens) or 1
            shares = [100 * one // total for one in tens]
            held = [str(share) for share in [*shares[:-1], 100 - sum(shares[:-1])]]
        for control, value in zip(controls, held, strict=True):
            control.holds = [value]


def _number(dice: random.Random, key: str, sector: Sector) -> str:
    if key in NUMBERS:
        mean, spread, smallest, largest = NUMBERS[key]
        return str(min(max(smallest, round(dice.gauss(mean, spread))), largest))
    return str(max(1, round(dice.gauss(*ESTIMATES[sector]))))


def _near(dice: random.Random, offers: list[str], leaning: float) -> str:
    last = max(1, len(offers) - 1)
    weights = [math.exp(-(((place / last - leaning) / 0.28) ** 2)) for place in range(len(offers))]
    return dice.choices(offers, weights)[0]


def _some(dice: random.Random, offers: list[str]) -> list[str]:
    """A few of them; "none" alone or not at all."""
    if "none" in offers and dice.random() < 0.1:
        return ["none"]
    often = [0.85, 0.5, 0.45, 0.35, 0.2]
    return [offer for offer, chance in zip(offers, often, strict=False) if offer != "none" and dice.random() < chance]
