"""Templates that may not leave anything out: a variable that the context lacks is an error, not an empty space."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from django.template import engines


class MissingVariableError(AssertionError):
    pass


class _Strict(str):
    """Django asks whether this text wants to name the missing variable, and if so formats it: that is the moment."""

    __slots__ = ()

    def __contains__(self, part: object) -> bool:
        return True

    def __mod__(self, variable: object) -> NoReturn:
        raise MissingVariableError(f"the template wants {variable}, which the context does not have")


@contextmanager
def strict_templates() -> Iterator[None]:
    """Use it around `render(...)` of every mail that a room writes. `{% if missing %}` stays allowed."""
    engine = engines["django"].engine  # type: ignore[attr-defined]
    before = engine.string_if_invalid
    engine.string_if_invalid = _Strict("missing")
    try:
        yield
    finally:
        engine.string_if_invalid = before
