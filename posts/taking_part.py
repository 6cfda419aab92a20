"""Ways of taking part in a series, listed below its open invitation.

Other apps register what they know of in `AppConfig.ready`, so posts need not know them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from posts.models import Series


@dataclass(frozen=True)
class Way:
    """A link, and a sentence about what is behind it."""

    title: str
    address: str
    about: str


Find = Callable[[Series], Iterable[Way]]

_finders: dict[str, Find] = {}


def register(name: str, find: Find) -> None:
    """Ask `find` for the ways into each series."""
    _finders[name] = find


def ways_into(series: Series) -> list[Way]:
    return [way for find in _finders.values() for way in find(series)]
