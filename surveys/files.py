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
from surveys import conditions, definitions, delphi
from surveys.delphi import rule_problems
from surveys.models import Question, Round, Section, Survey
from surveys.models.questions import in_order
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
    sections: list[Section]
    questions: list[Question]


# --- written


def write(survey: Survey) -> str:
    """The survey with its rounds and the questions that it asks now. `read` gives the same rows back.

    What became of it (answers, invitations, earlier versions, rounds closed or held) is not part of it.
    """
    return document(
        survey_table(survey, series=survey.series.slug if survey.series else ""),
        [
            *(("definition", one) for one in survey.definitions),
            *(("round", round_table(row)) for row in survey.rounds.order_by("number")),
            *(("section", section_table(row)) for row in survey.sections.all()),
            *(("question", question_table(row)) for row in survey.questions.current().select_related("section")),
        ],
    )


def survey_table(survey: Survey, *, series: str) -> dict[str, Any]:
    return {
        "slug": survey.slug, "title": survey.title, "series": series, "minimum_cell": survey.minimum_cell,
        "closed_door": survey.closed_door, "takes_open_views": survey.takes_open_views,
        "introduction": survey.introduction,
    }  # fmt: skip


def round_table(row: Round) -> dict[str, Any]:
    def local(instant: datetime | None) -> datetime | None:
        return local_time(instant, row.zone) if instant else None

    return {
        "number": row.number, "opens_at": local(row.opens_at), "closes_at": local(row.closes_at), "zone": row.zone,
        "remind_at": local(row.remind_at), **{name: getattr(row, name) for name in _ROUND_LIMITS},
        "group_shown": row.group_shown,
    }  # fmt: skip


def section_table(row: Section) -> dict[str, Any]:
    return {"key": row.key, "title": row.title, "introduction": row.introduction}


def question_table(row: Question) -> dict[str, Any]:
    return {
        "key": row.key, "section": row.section.key if row.section else "", "kind": row.kind, "prompt": row.prompt,
        "guidance": row.guidance, "required": row.required, "settings": _without_nothing(row.settings),
        "options": _without_nothing(row.options), "show_if": _without_nothing(row.show_if),
        "stop_rule": _without_nothing(row.stop_rule),
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
        closed_door=entry.flag("closed_door"),
        takes_open_views=entry.flag("takes_open_views"),
        definitions=_definitions(entry),
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
    sections = _sections(entry)
    questions = _questions(entry, sections)
    entry.nothing_else()
    return SurveyFile(entry, survey, series, rounds, [*sections.values()], questions)


def check_prose(entry: Entry, name: str, text: str) -> None:
    for problem in prose_problems(text):
        entry.fault(name, problem)


def _whole(entry: Entry, model: type[Survey | Round], name: str) -> int:
    found = entry.whole(name)
    return getattr(model(), name) if found is None else found


def _definitions(entry: Entry) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for one in entry.entries("definition"):
        row = {name: one.exact_text(name, required=True) for name in ("term", "meaning")}
        one.nothing_else()
        if not all(row.values()):
            continue  # which has been said
        problems = definitions.problems([row])
        for problem in problems or definitions.problems([*found, row]):
            one.fault("term", problem)
        found += [] if problems else [row]
    return found


def _sections(entry: Entry) -> dict[str, Section]:
    """By key, in the order of the file."""
    found: dict[str, Section] = {}
    for place, one in enumerate(entry.entries("section"), start=1):
        row = Section(
            key=one.text("key", required=True),
            position=place,
            title=one.exact_text("title", required=True),
            introduction=one.exact_text("introduction"),
        )
        one.nothing_else()
        one.fits(row, fields=["key", "title"])
        check_prose(one, "introduction", row.introduction)
        if row.key in found:
            one.fault("key", f'"{row.key}" is the key of two sections')
        found[row.key] = row
    return found


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
    shown = entry.text("group_shown")
    entry.nothing_else()
    row = Round(number=place if number is None else number, zone=zone.key, remind_at=reminds, **limits)
    row.group_shown = shown or row.group_shown
    entry.fits(row, fields=["number", *_ROUND_LIMITS])
    if row.group_shown not in Round.GroupShown.values:
        known = ", ".join(Round.GroupShown.values)
        entry.fault("group_shown", f'"{shown}" is no way to show what the group answered; known are {known}')
    if opens is None or closes is None:
        return None
    if closes <= opens:
        entry.fault("closes_at", "is not after opens_at")
    elif reminds and not opens < reminds < closes:
        entry.fault("remind_at", "is not between opens_at and closes_at")
    row.opens_at, row.closes_at = opens, closes
    return row


def _questions(entry: Entry, sections: Mapping[str, Section]) -> list[Question]:
    tables, keys, before = entry.entries("question"), set[str](), len(entry.source.faults)
    if not tables:
        entry.fault("question", "is missing: a survey needs at least one [[question]]")
    read_ones = [(one, _question(one, place, keys, sections)) for place, one in enumerate(tables, start=1)]
    found = [question for _one, question in read_ones if question]
    if len(entry.source.faults) == before:  # else conditions on what is wrong would be called wrong too
        specs = [question.spec for question in in_order(found)]
        for one, question in read_ones:
            for problem in conditions.problems(specs, question.spec) if question else ():
                one.fault("show_if", problem)
            for problem in delphi.rule_problems(question.spec, question.stop_rule) if question else ():
                one.fault("stop_rule", problem)
    return found


def _question(entry: Entry, position: int, keys: set[str], sections: Mapping[str, Section]) -> Question | None:
    section = entry.text("section")
    question = Question(
        key=entry.text("key", required=True),
        position=position,
        section=sections.get(section),
        kind=entry.text("kind", required=True),
        prompt=entry.exact_text("prompt", required=True),
        guidance=entry.exact_text("guidance"),
        required=entry.flag("required"),
        settings=entry.anything("settings", default={}),
        options=entry.anything("options", default=[]),
        show_if=entry.anything("show_if", default=[]),
        stop_rule=entry.anything("stop_rule", default={}),
    )
    entry.nothing_else()
    if question.key in keys:
        entry.fault("key", f'"{question.key}" is used twice in this survey')
    keys.add(question.key)
    if section and section not in sections:
        known = ", ".join(sections) or "none"
        entry.fault("section", f'"{section}" is not the key of a [[section]]; known are {known}')
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
        for problem in rule_problems(question.spec, question.stop_rule):
            entry.fault("stop_rule", problem)
    return question
