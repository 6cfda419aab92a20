"""Who might be somebody who is there already under another address. A suggestion for staff to look at, never more."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from difflib import SequenceMatcher

from surveys.models import Contributor

NAMES_ALIKE = 0.85
PLACES_ALIKE = 0.6
# People whose names begin alike and are looked at more closely; keeps a long file of one family from taking for ever.
MOST_COMPARED = 200
MOST_SUGGESTED = 3
_TITLES = frozenset({"dr", "prof", "professor", "mr", "mrs", "ms", "sir", "phd", "ing", "dipl"})


def plain(text: str) -> str:
    """Without accents, titles, punctuation or case, and the words in alphabetical order: "Doe, Jane" is "Jane Doe"."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    words = re.findall(r"\w+", bare.casefold())
    return " ".join(sorted(word for word in words if word not in _TITLES)) or " ".join(sorted(words))


class Likeness:
    """An index of people by how the words of their names begin."""

    def __init__(self, people: Iterable[Contributor]) -> None:
        self._beginning: dict[str, list[tuple[str, str, Contributor]]] = defaultdict(list)
        for person in people:
            self.add(person)

    def add(self, person: Contributor) -> None:
        name, place = plain(person.name), plain(person.affiliation)
        for beginning in {word[:2] for word in name.split()}:
            self._beginning[beginning].append((name, place, person))

    def to(self, person: Contributor) -> list[str]:
        """Up to three people who may be this one, the likest first, as "name, affiliation <address>"."""
        name, place = plain(person.name), plain(person.affiliation)
        matcher = SequenceMatcher(b=name, autojunk=False)
        found: dict[str, tuple[float, str]] = {}
        beginnings = sorted({word[:2] for word in name.split()})
        compared = [one for beginning in beginnings for one in self._beginning[beginning][:MOST_COMPARED]]
        for other_name, other_place, other in compared:
            matcher.set_seq1(other_name)
            if matcher.real_quick_ratio() < NAMES_ALIKE or matcher.quick_ratio() < NAMES_ALIKE:
                continue
            ratio = matcher.ratio()
            if ratio >= NAMES_ALIKE and _same_place(place, other_place):
                where = f"{other.name}, {other.affiliation}" if other.affiliation else other.name
                found[other.email] = (ratio, f"{where} <{other.email}>")
        return [told for _ratio, told in sorted(found.values(), reverse=True)[:MOST_SUGGESTED]]


def _same_place(one: str, other: str) -> bool:
    return not one or not other or SequenceMatcher(a=one, b=other, autojunk=False).ratio() >= PLACES_ALIKE
