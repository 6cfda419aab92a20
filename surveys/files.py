"""A survey as a file that people write: read with the place of every fault, and written so that nothing is lost.

Seeds (`naatbatt.seeding`) and `manage.py survey import` read with the same function; seeds/README.md shows the form.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from naatbatt.toml import Entry, document, local_time
from surveys.models import Question, Round, Survey
from surveys.publishing import prose_problems
from surveys.questions import kind_choices, question_type

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_ROUND_LIMITS = ("most_reminders", "reminder_gap")


@dataclass(frozen=True)
class SurveyFile:
    """What a file says, as unsaved rows, and the entry to which what else is found can be said."""

    entry: Entry
    survey: Survey
    series: str
    rounds: list[Round]
    questions: list[Question]


# --- written


def write(survey: Survey) -> str:
    """The survey with its rounds and the questions that it asks now. `read` gives the same rows back.

    What became of it (answers, invitations, earlier versions, rounds closed or held) is not part of it.
    """
    return document(
        survey_table(survey, series=survey.series.slug if survey.series else ""),
        [
            *(("round", round_table(row)) for row in survey.rounds.order_by("number")),
            *(("question", question_table(row)) for row in survey.questions.current()),
        ],
    )


def survey_table(survey: Survey, *, series: str) -> dict[str, Any]:
    return {
        "slug": survey.slug, "title": survey.title, "series": series, "minimum_cell": survey.minimum_cell,
        "takes_open_views": survey.takes_open_views, "introduction": survey.introduction,
    }  # fmt: skip


def round_table(row: Round) -> dict[str, Any]:
    def local(instant: datetime | None) -> datetime | None:
        return local_time(instant, row.zone) if instant else None

    return {
        "number": row.number, "opens_at": local(row.opens_at), "closes_at": local(row.closes_at), "zone": row.zone,
        "remind_at": local(row.remind_at), **{name: getattr(row, name) for name in _ROUND_LIMITS},
    }  # fmt: skip


def question_table(row: Question) -> dict[str, Any]:
    return {
        "key": row.key, "kind": row.kind, "prompt": row.prompt, "guidance": row.guidance, "required": row.required,
        "settings": _without_nothing(row.settings), "options": _without_nothing(row.options),
    }  # fmt: skip


def _without_nothing(stored: Any) -> Any:
    """TOML has no null; a setting that is null is one that nobody made."""
    if isinstance(stored, Mapping):
        return {name: _without_nothing(value) for name, value in stored.items() if value is not None}
    return [_without_nothing(value) for value in stored] if isinstance(stored, list | tuple) else stored


# --- read


def read(entry: Entry, *, name: str, known_series: Collection[str], now: datetime) -> SurveyFile:
    """What `entry` says; `name` is the survey's slug unless the file gives one. All faults are noted in the entry."""
    slug = entry.text("slug") or name
    survey = Survey(
        slug=slug,
        title=entry.exact_text("title", required=True),
        introduction=entry.exact_text("introduction", required=True),
        minimum_cell=_whole(entry, Survey, "minimum_cell"),
        takes_open_views=entry.flag("takes_open_views"),
    )
    if not SLUG.fullmatch(slug):
        what = "it becomes an address" if entry.has("slug") else "the file's name becomes an address"
        entry.fault("slug" if entry.has("slug") else "", f"{what}: small letters, digits and hyphens only, at most 80")
    entry.fits(survey, fields=["title", "introduction", "minimum_cell"])
    check_prose(entry, "introduction", survey.introduction)
    series = entry.text("series")
    if series and series not in known_series:
        entry.fault("series", f'"{series}" is not a series; known are {", ".join(sorted(known_series)) or "none"}')
    rounds = _rounds(entry, now)
    questions = _questions(entry)
    entry.nothing_else()
    return SurveyFile(entry, survey, series, rounds, questions)


def check_prose(entry: Entry, name: str, text: str) -> None:
    for problem in prose_problems(text):
        entry.fault(name, problem)


def _whole(entry: Entry, model: type[Survey | Round], name: str) -> int:
    found = entry.whole(name)
    return getattr(model(), name) if found is None else found


def _rounds(entry: Entry, now: datetime) -> list[Round]:
    found: dict[int, Round] = {}
    for place, one in enumerate(entry.entries("round"), start=1):
        row = _round(one, place, now)
        if row is not None:
            if row.number in found:
                one.fault("number", f"{row.number} is the number of two rounds")
            found[row.number] = row
    return list(found.values())


def _round(entry: Entry, place: int, now: datetime) -> Round | None:
    number = entry.whole("number")
    zone = entry.zone("zone", default=settings.ASSOCIATION_ZONE)
    opens = entry.instant("opens_at", zone=zone, now=now, required=True)
    closes = entry.instant("closes_at", zone=zone, now=now, required=True)
    reminds = entry.instant("remind_at", zone=zone, now=now)
    limits = {name: _whole(entry, Round, name) for name in _ROUND_LIMITS}
    entry.nothing_else()
    row = Round(number=place if number is None else number, zone=zone.key, remind_at=reminds, **limits)
    entry.fits(row, fields=["number", *_ROUND_LIMITS])
    if opens is None or closes is None:
        return None
    if closes <= opens:
        entry.fault("closes_at", "is not after opens_at")
    elif reminds and not opens < reminds < closes:
        entry.fault("remind_at", "is not between opens_at and closes_at")
    row.opens_at, row.closes_at = opens, closes
    return row


def _questions(entry: Entry) -> list[Question]:
    keys: set[str] = set()
    tables = entry.entries("question")
    if not tables:
        entry.fault("question", "is missing: a survey needs at least one [[question]]")
    read_ones = [_question(one, place, keys) for place, one in enumerate(tables, start=1)]
    return [question for question in read_ones if question]


def _question(entry: Entry, position: int, keys: set[str]) -> Question | None:
    question = Question(
        key=entry.text("key", required=True),
        position=position,
        kind=entry.text("kind", required=True),
        prompt=entry.exact_text("prompt", required=True),
        guidance=entry.exact_text("guidance"),
        required=entry.flag("required"),
        settings=entry.anything("settings", default={}),
        options=entry.anything("options", default=[]),
    )
    entry.nothing_else()
    if question.key in keys:
        entry.fault("key", f'"{question.key}" is used twice in this survey')
    keys.add(question.key)
    check_prose(entry, "guidance", question.guidance)
    kinds = [kind for kind, _label in kind_choices()]
    if question.kind not in kinds:
        if question.kind:
            entry.fault("kind", f'"{question.kind}" is not a kind of question; known are {", ".join(kinds)}')
        return None
    asked = question_type(question.kind)
    said = {
        "options": asked.option_problems(question.options),
        "settings": asked.setting_problems(question.settings),
    }
    for name, problems in said.items():
        for problem in problems:
            entry.fault(name, problem)
    if not any(said.values()):
        entry.fits(question, fields=["key", "prompt", "guidance"], otherwise="kind")
    return question
