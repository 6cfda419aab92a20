"""One file as read: its values, and the line on which each of them stands, for whoever must correct it."""

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model

from naatbatt.toml import times

FENCE = "+++"
NUL = "(U+0000)"
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)")
# Texts and comments. Texts over several lines and all comments are passed over when lines are looked for.
_TOKEN = re.compile(
    r"""(?P<long>\"{3}(?:\\.|[^\\])*?"{3,5}|'{3}.*?'{3,5})|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|(?P<comment>\#[^\n]*)""",
    re.DOTALL,
)
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*[=.]")


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong, and where: file, line, field."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"


class FaultsError(Exception):
    """Everything that is wrong with what was read. Nothing of it was written."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True)
class Source:
    """A file: its name for messages, the line of every key, and the Markdown below the front matter."""

    file: str
    lines: Mapping[tuple[str | int, ...], int]
    body: str
    body_line: int
    faults: list[Fault]


class Entry:
    """One table of a file. Every value is asked for by name and kind; what is left over at the end is a fault."""

    def __init__(self, source: Source, values: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> None:
        self.source = source
        self._values = values
        self._path = path
        self._asked: set[str] = set()

    def line(self, field: str = "") -> int:
        lines = self.source.lines
        return lines.get((*self._path, field), lines.get(self._path, 1))

    def fault(self, field: str, message: str) -> None:
        self.source.faults.append(Fault(self.source.file, self.line(field), field, message))

    def has(self, field: str) -> bool:
        return field in self._values

    def _take(
        self, field: str, kinds: type, kind_name: str, default: Any, required: bool, *, whole: bool = True
    ) -> Any:
        self._asked.add(field)
        value = self._values.get(field)
        if value is None or value == "":
            if required:
                self.fault(field, "is missing" if value is None else "is empty")
            return default
        # bool is an int to Python, not to people
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is int):
            self.fault(field, f"must be {kind_name}, not {value!r}")
            return default
        if whole and _has_nul(value):
            self.fault(field, f"has a character {NUL} that no database can store")
            return default
        return value

    def text(self, field: str, *, required: bool = False) -> str:
        return self._take(field, str, "a text in quotes", "", required).strip()

    def exact_text(self, field: str, *, required: bool = False) -> str:
        """The text with its spaces, as `writing.document` wrote it: one line end at its end is not part of it."""
        text = self._take(field, str, "a text in quotes", "", required)
        if required and text and not text.strip():
            self.fault(field, "is empty")
        return text.removesuffix("\n")

    def whole(self, field: str, *, required: bool = False) -> int | None:
        return self._take(field, int, "a whole number", None, required)

    def flag(self, field: str) -> bool:
        return self._take(field, bool, "true or false", False, False)

    def anything(self, field: str, *, default: Any) -> Any:
        """Whatever stands there, for somebody else to judge."""
        return self._take(field, object, "", default, False)

    def texts(self, field: str) -> list[str]:
        found = self._take(field, list, "a list of texts", [], False)
        if not all(isinstance(item, str) and item.strip() for item in found):
            self.fault(field, "must be a list of texts, none of them empty")
            return []
        return [item.strip() for item in found]

    def entries(self, field: str) -> list["Entry"]:
        """The tables [[field]], each with a place of its own."""
        # Each row looks at its own fields, and can say on which line they stand.
        found = self._take(field, list, f"written as [[{field}]] tables", [], False, whole=False)
        if not all(isinstance(item, dict) for item in found):
            self.fault(field, f"must be written as [[{field}]] tables")
            return []
        return [Entry(self.source, item, (*self._path, field, index)) for index, item in enumerate(found)]

    def zone(self, field: str, *, default: str) -> ZoneInfo:
        name = self.text(field) or default
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            self.fault(field, f'"{name}" is not a time zone; write a name such as America/New_York')
            return ZoneInfo(default)

    def instant(self, field: str, *, zone: ZoneInfo, now: datetime, required: bool = False) -> datetime | None:
        written = self._take(field, object, "a time", None, required)
        try:
            return times.instant(written, zone=zone, now=now) if written is not None else None
        except ValueError as error:
            self.fault(field, str(error))
            return None

    def fits(self, row: Model, *, fields: Iterable[str], otherwise: str = "") -> None:
        """Let the model judge these fields: lengths, addresses, bounds. What its `clean` says goes to `otherwise`."""
        wanted = set(fields)
        try:
            row.full_clean(
                exclude=[field.name for field in row._meta.fields if field.name not in wanted],
                validate_unique=False,
                validate_constraints=False,
            )
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                field = otherwise if name == NON_FIELD_ERRORS else name
                if self.has(field) or name == NON_FIELD_ERRORS:  # what is missing has been said
                    for message in messages:
                        self.fault(field, message)

    def nothing_else(self) -> None:
        """To be called last: every key that nobody asked for is a misspelling or a misunderstanding."""
        for name in self._values:
            if name not in self._asked:
                near = difflib.get_close_matches(name, sorted(self._asked), n=1)
                known = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(sorted(self._asked))}"
                self.fault(name, f"is not known here; {known}")


def open_source(path: Path, *, file: str, faults: list[Fault]) -> Entry | None:
    """Read a .toml file, or a .md file with front matter. None where it cannot be read; the fault is noted."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read ({error.strerror})"
        faults.append(Fault(file, 0, "", reason))
        return None
    toml, body, first_line, body_line = text, "", 1, 0
    if path.suffix == ".md":
        lines = text.splitlines()
        ends = [number for number, line in enumerate(lines) if line.rstrip() == FENCE]
        if not ends or ends[0] != 0 or len(ends) < 2:
            faults.append(Fault(file, 1, "", f"must begin with front matter between two lines of {FENCE}"))
            return None
        toml = "\n".join(lines[1 : ends[1]])
        body = "\n".join(lines[ends[1] + 1 :])
        first_line, body_line = 2, ends[1] + 2
    try:
        values = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at else len(toml.splitlines())
        message = _AT_LINE.sub("", str(error)).replace(" (at end of document)", "")
        faults.append(Fault(file, line + first_line - 1, "", f"is not TOML here: {message}"))
        return None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, lists in lists without end
        faults.append(Fault(file, 0, "", f"cannot be read ({error})"))
        return None
    if "\0" in body:
        line = body_line + body.partition("\0")[0].count("\n")
        faults.append(Fault(file, line, "", f"has a character {NUL} that no database can store"))
        return None
    return Entry(Source(file, _key_lines(toml, first_line), body, body_line, faults), values)


def _has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_nul, value)) or any(map(_has_nul, value.values()))
    return any(map(_has_nul, value)) if isinstance(value, list) else isinstance(value, str) and "\0" in value


def _key_lines(toml: str, first_line: int) -> dict[tuple[str | int, ...], int]:
    """Where each key of a valid TOML text stands; tomllib does not say. Tables of an array are counted from 0."""
    found: dict[tuple[str | int, ...], int] = {(): 1}
    table: tuple[str | int, ...] = ()
    seen: Counter[str] = Counter()
    for number, line in enumerate(_TOKEN.sub(_without_content, toml).split("\n"), first_line):
        if header := _HEADER.match(line):
            first, *rest = (part.strip(" \"'") for part in header[2].split("."))
            if header[1] == "[[" and not rest:
                seen[first] += 1
            table = (first, seen[first] - 1, *rest) if seen[first] else (first, *rest)
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, key[1]), number)
    return found


def _without_content(token: re.Match[str]) -> str:
    """As many lines, and nothing on them that looks like a key. Texts on one line stay: keys may be quoted."""
    return "\n" * token[0].count("\n") if token["long"] or token["comment"] else token[0]
