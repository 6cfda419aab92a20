"""The text files of Excalibur, the program of the classical model: .dtt (what was said) and .rls (what came true).

Both are lines of fixed columns. A .dtt begins with a line that ends in "QU=" and the levels in percent; then a line for
each contributor and item: their number and name, the number and name of the item, its scale (UNI or LOG), a value for
each level, and perhaps a description. A .rls has a line for each item: number, name, true value, scale. A value from
-1000 to -990 means that there is none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from surveys.consensus.classical_model import Elicitation, Item

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[Ee][-+]?\d+)?"
# The names of contributors may hold blanks, and so may those of items: columns tell them from the numbers beside them.
_SAID = re.compile(rf"(.{{5}})(.{{9}})(.{{5}})\s(.+?)\s+(uni|log)\s+({_NUMBER}.*)", re.IGNORECASE | re.DOTALL)
_CAME = re.compile(rf"\s*(\d+)\s(.+?)\s+({_NUMBER})\s+(uni|log)\b", re.IGNORECASE)


class Unreadable(ValueError):
    """A line that is not as it should be; `line` is its number in the file, from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"Line {line}: {problem}")
        self.line = line


@dataclass(frozen=True)
class Said:
    """What a .dtt holds: levels as probabilities, items without true values, and contributor -> estimates by item."""

    levels: tuple[float, ...]
    items: tuple[Item, ...]
    estimates: Mapping[str, tuple[tuple[float, ...] | None, ...]]


def read(dtt: str, rls: str = "") -> Elicitation:
    """An elicitation from the text of its two files.

    rls      items are found by name; those that it does not name, or has no value for, are no calibration questions
    raises   Unreadable with the number of the line; ValueError where what was read is no elicitation (`Elicitation`),
             or the .rls names an item that the .dtt has not
    """
    said, came = read_dtt(dtt), read_rls(rls)
    if strange := came.keys() - {item.name for item in said.items}:
        raise ValueError(f"Nobody was asked for {', '.join(sorted(strange))}.")
    items = [Item(item.name, came.get(item.name), item.logarithmic) for item in said.items]
    return Elicitation(said.levels, items, said.estimates)


def read_dtt(text: str) -> Said:
    """What was said. Items come in the order of their numbers, contributors in that of their first line.

    raises  Unreadable where the levels are missing or do not rise from above 0 to below 100, a line is not made as
            described, has too few values or values that are no numbers, repeats what was said before, or names an item
            or its scale otherwise than a line before
    """
    lines = _lines(text)
    first, header = next(lines, (1, ""))
    levels = _levels(first, header)
    items: dict[int, Item] = {}
    people: dict[int, str] = {}
    found: dict[int, dict[int, tuple[float, ...] | None]] = {}
    for number, line in lines:
        match = _SAID.match(line)
        if not match or not match[1].strip().isdigit() or not match[3].strip().isdigit():
            raise Unreadable(number, "no contributor, item, scale and values in their columns.")
        person, place = int(match[1]), int(match[3])
        item = Item(match[4].strip(), logarithmic=match[5].lower() == "log")
        name = match[2].strip() or str(person)
        if items.setdefault(place, item) != item:
            raise Unreadable(number, f"item {place} was called {items[place].name} before, or had another scale.")
        if people.setdefault(person, name) != name:
            raise Unreadable(number, f"contributor {person} was called {people[person]} before.")
        given = found.setdefault(person, {})
        if place in given:
            raise Unreadable(number, f"{name} has estimated {item.name} before.")
        given[place] = _values(number, match[6], len(levels))
    for kind, names in (("contributors", list(people.values())), ("items", [item.name for item in items.values()])):
        if len(set(names)) != len(names):
            raise Unreadable(first, f"two {kind} have one name.")
    order = sorted(items)
    return Said(
        levels,
        tuple(items[place] for place in order),
        {people[person]: tuple(given.get(place) for place in order) for person, given in found.items()},
    )


def read_rls(text: str) -> dict[str, float]:
    """What came true: item -> true value, without those that have none yet.

    raises  Unreadable where a line is not made as described, or names an item for the second time
    """
    found: dict[str, float] = {}
    seen: set[str] = set()
    for number, line in _lines(text):
        match = _CAME.match(line)
        if not match:
            raise Unreadable(number, "no item, true value and scale.")
        name = match[2].strip()
        if name in seen:
            raise Unreadable(number, f"{name} has a true value already.")
        seen.add(name)
        if not _is_missing(value := float(match[3])):
            found[name] = value
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers. Old DOS programs end a file with Ctrl-Z."""
    for number, line in enumerate(text.lstrip("\ufeff").replace("\x1a", "").splitlines(), start=1):
        if line.strip():
            yield number, line


def _levels(number: int, header: str) -> tuple[float, ...]:
    _, mark, written = header.partition("QU=")
    try:
        levels = tuple(float(one) / 100 for one in written.split())
    except ValueError:
        levels = ()
    if not mark or not levels or [*levels] != sorted({*levels}) or not 0 < levels[0] <= levels[-1] < 1:
        raise Unreadable(number, "no levels after “QU=”, such as 5 50 95.")
    return levels


def _values(number: int, written: str, wanted: int) -> tuple[float, ...] | None:
    values = written.split()[:wanted]
    if len(values) < wanted or not all(re.fullmatch(_NUMBER, value) for value in values):
        raise Unreadable(number, f"there are no {wanted} values.")
    numbers = tuple(map(float, values))
    return None if any(map(_is_missing, numbers)) else numbers


def _is_missing(value: float) -> bool:
    return -1000 <= value <= -990
