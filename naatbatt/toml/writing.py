"""TOML as people like to read it: one value a line, long lists and texts over several. `source.py` reads it back.

Nothing is written for what is empty: it reads back as empty.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from naatbatt import wall_clock

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {"\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r", '"': r"\"", "\\": r"\\"}


def document(values: Mapping[str, Any], tables: Iterable[tuple[str, Mapping[str, Any]]] = ()) -> str:
    """`values`, then a [[name]] table for each of `tables`, in the order given."""
    parts = [_lines(values), *(f"[[{_key(name)}]]\n{_lines(table)}" for name, table in tables)]
    return "\n".join(parts)


def local_time(instant: datetime, zone: str) -> datetime:
    """What a clock in `zone` shows; with its offset only where it shows the same time twice."""
    local = instant.astimezone(ZoneInfo(zone))
    naive = local.replace(tzinfo=None, fold=0)
    try:
        wall_clock.instant(naive, zone)
    except ValidationError:
        return local
    return naive


def _lines(values: Mapping[str, Any]) -> str:
    return "".join(f"{_key(name)} = {_value(value)}\n" for name, value in values.items() if not _is_empty(value))


def _is_empty(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, str | Sequence | Mapping) and not value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, str) and "\n" in value:
        return _text_of_lines(value)
    if isinstance(value, Sequence) and any(isinstance(item, Mapping) for item in value):
        return "[\n{}]".format("".join(f"    {_inline(item)},\n" for item in value))
    return _inline(value)


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):  # sorted, because not every database keeps the order; TOML has no null
        inside = ", ".join(
            f"{_key(name)} = {_inline(part)}" for name, part in sorted(value.items()) if part is not None
        )
        return f"{{{inside}}}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_inline, value))}]"
    raise TypeError(f"TOML has no way to write {value!r}")


def _text(text: str) -> str:
    return f'"{"".join(map(_written, text))}"'


def _text_of_lines(text: str) -> str:
    """Over several lines. The line end before the closing quotes is not part of the text (`Entry.text`)."""
    lines = "".join(character if character in '\n"' else _written(character) for character in text)
    return '"""\n{}\n"""'.format(re.sub(r'(?<=")"', r"\"", lines))


def _written(character: str) -> str:
    """What cannot be seen is written as its number."""
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
