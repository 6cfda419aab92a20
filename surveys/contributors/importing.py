"""A file of contributors brought in: first what would happen, line by line, then all of it or nothing.

Who is known by their address is brought up to date, never doubled: a filled cell replaces what is there, an empty one
leaves it. Who asked not to be written to is not brought back: an unknown address of theirs is left out, a known one
stays suppressed, since nothing here ever touches a suppression.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.mail.models import Stream, Suppression, normalise
from surveys.contributors import tables
from surveys.contributors.likeness import Likeness
from surveys.models import Contributor, Sector

PLAIN = ("name", "sector", "affiliation", "position", "country", "note")
MOST_NOTE = 10_000
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffd]")


class Outcome(models.TextChoices):
    NEW = "new", gettext_lazy("new")
    UPDATED = "updated", gettext_lazy("updated")
    UNCHANGED = "unchanged", gettext_lazy("unchanged")
    LEFT_OUT = "left_out", gettext_lazy("left out")
    WRONG = "wrong", gettext_lazy("wrong")


@dataclass(frozen=True)
class Line:
    """What becomes of one line of the file, with everything there is to say about it."""

    number: int
    name: str
    email: str
    outcome: Outcome
    remarks: tuple[str, ...] = ()


@dataclass
class Report:
    lines: list[Line] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)  # columns that mean nothing here
    committed: bool = False
    collided: bool = False  # somebody else wrote the same people at the same moment

    @property
    def counts(self) -> dict[Outcome, int]:
        found = Counter(line.outcome for line in self.lines)
        return {outcome: found[outcome] for outcome in Outcome}

    @property
    def has_errors(self) -> bool:
        return any(line.outcome == Outcome.WRONG for line in self.lines)

    @property
    def changes_something(self) -> bool:
        return any(line.outcome in (Outcome.NEW, Outcome.UPDATED) for line in self.lines)


def bring_in(*, content: bytes, commit: bool = False) -> Report:
    """Read a CSV or XLSX file of contributors and say of each line what it comes to; do it only with `commit`.

    All or nothing: while one line is wrong, none is taken. Brought in again, the same file changes nothing. Raises
    `tables.Unreadable` where the file as a whole cannot be used.
    """
    ignored, rows = tables.read(content)
    report = Report(ignored=ignored)
    try:
        with transaction.atomic():
            plan = _Plan()
            report.lines = [plan.line(number, cells) for number, cells in rows]
            if commit and not report.has_errors:
                plan.write()
                report.committed = True
    except IntegrityError:
        report.committed, report.collided = False, True
    return report


class _Plan:
    """Everybody there is and everybody there would be."""

    def __init__(self) -> None:
        self.people = {normalise(person.email): person for person in Contributor.objects.prefetch_related("topics")}
        self.topics_of = {email: {topic.pk for topic in person.topics.all()} for email, person in self.people.items()}
        self.seen_at: dict[str, int] = {}
        self.changed: dict[str, Contributor] = {}
        self.topics_changed: set[str] = set()
        blocked = Suppression.objects.filter(stream__in=("", Stream.SURVEY))
        self.suppressed = {row.address: row.explanation() for row in blocked}
        self.topics: dict[str, Any] = {}
        kind: Any = Contributor._meta.get_field("topics").related_model
        for topic in kind.objects.all():
            self.topics |= {topic.slug: topic, topic.name.casefold(): topic}
        self.likeness = Likeness(self.people.values())

    def line(self, number: int, cells: dict[str, str]) -> Line:
        email = normalise(cells.get("email", ""))
        shown = (number, cells.get("name", "")[:120], email[:254])
        known = self.people.get(email)
        person = known or Contributor(email=email)
        before = {name: getattr(person, name) for name in PLAIN}
        topics, problems = self._topics(cells.get("topics", ""))
        updated = _fill(person, cells)
        problems += _problems(person, cells)
        if problems:
            for name, value in before.items():
                setattr(person, name, value)
            return Line(*shown, Outcome.WRONG, tuple(problems))
        if known is None and email in self.suppressed:
            why = _("Not brought back: %(why)s.") % {"why": self.suppressed[email]}
            return Line(*shown, Outcome.LEFT_OUT, (why,))
        if topics and topics != self.topics_of.get(email, set()):
            self.topics_of[email] = topics
            self.topics_changed.add(email)
            updated.append(_("topics"))
        if known is None:
            return Line(*shown, Outcome.NEW, tuple(self._add(person, number)))
        remarks = self._remarks(email, number)
        if not updated:
            return Line(*shown, Outcome.UNCHANGED, tuple(remarks))
        self.changed[email] = person
        remarks.append(_("Updated: %(fields)s.") % {"fields": ", ".join(updated)})
        return Line(*shown, Outcome.UPDATED, tuple(remarks))

    def _add(self, person: Contributor, number: int) -> list[str]:
        """Put somebody new among everybody; returns whom they are like."""
        alike = [_("Is this %(like)s?") % {"like": like} for like in self.likeness.to(person)]
        self.people[person.email] = self.changed[person.email] = person
        self.seen_at[person.email] = number
        self.likeness.add(person)
        return alike

    def _remarks(self, email: str, number: int) -> list[str]:
        remarks = []
        if email in self.suppressed:
            remarks.append(_("Stays suppressed: %(why)s.") % {"why": self.suppressed[email]})
        if (line := self.seen_at.setdefault(email, number)) != number:
            remarks.append(_("Same address as line %(line)d; the two are taken together.") % {"line": line})
        return remarks

    def write(self) -> None:
        """In as few queries as can be; `bulk_create` passes by `save`, so the addresses are normalised already."""
        new = [person for person in self.changed.values() if person.pk is None]
        known = [person for person in self.changed.values() if person.pk is not None]
        Contributor.objects.bulk_create(new)
        Contributor.objects.bulk_update(known, fields=PLAIN, batch_size=100)
        for email in self.topics_changed:
            self.changed[email].topics.set(self.topics_of[email])

    def _topics(self, cell: str) -> tuple[set[int], list[str]]:
        names = [name.strip() for name in re.split(r"[,;|\n]", cell) if name.strip()]
        unknown = [name for name in names if name.casefold() not in self.topics]
        if unknown:
            return set(), [_("Unknown topic: %(names)s.") % {"names": ", ".join(name[:80] for name in unknown[:5])}]
        return {self.topics[name.casefold()].pk for name in names}, []


def _fill(person: Contributor, cells: dict[str, str]) -> list[str]:
    """Put filled cells into the row. Returns what changed, in the words staff know the fields by."""
    updated = []
    for name in PLAIN:
        given, before = cells.get(name, ""), getattr(person, name)
        if name == "sector":
            given = _sector(given)
        elif name == "country":
            given = given.upper()
        if given and given != tables.tidy(before):
            known_as = str(Contributor._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            was = _("%(field)s (was “%(before)s”)") % {"field": known_as, "before": before[:80]}
            updated.append(was if before else known_as)
            setattr(person, name, given)
    return updated


def _sector(cell: str) -> str:
    """The key of a sector that is given by its key or its name; what it is not stays as it was typed."""
    plain = cell.casefold()
    return next((value for value, label in Sector.choices if plain in (value, str(label).casefold())), cell)


def _problems(person: Contributor, cells: dict[str, str]) -> list[str]:
    problems = [
        _("“%(column)s” holds characters that cannot be printed or were damaged on the way.") % {"column": column}
        for column, cell in cells.items()
        if _UNPRINTABLE.search(cell)
    ]
    if len(cells.get("note", "")) > MOST_NOTE:
        problems.append(_("The note is longer than %(number)d characters.") % {"number": MOST_NOTE})
    if person.country and not re.fullmatch("[A-Z]{2}", person.country):
        problems.append(_("“%(country)s” is no country: two letters, such as US.") % {"country": person.country[:40]})
    if person.sector not in Sector.values:
        known = ", ".join(str(label) for label in Sector.labels)
        problems.append(
            _("“%(sector)s” is no sector; there are %(known)s.") % {"sector": person.sector[:40], "known": known}
        )
    try:
        person.clean_fields(exclude=["sector", "country", "note"])
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            problems.append(f"{Contributor._meta.get_field(name).verbose_name}: {' '.join(messages)}")  # type: ignore[union-attr]
    return problems
