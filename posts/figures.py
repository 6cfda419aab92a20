"""Figures inside a body: a fenced block of TOML whose name some app has registered.

    ```chart
    title = "Cells made, by country"
    unit = "%"
    source = "As reported in 2019"
    rows = [{ label = "China", value = 73 }]
    ```

Posts register `chart`; other apps register theirs in `AppConfig.ready`, so posts need not know them.
"""

import math
import re
import tomllib
from collections.abc import Callable
from typing import Any

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from naatbatt.charts import drawing
from naatbatt.charts.shapes import Bar, Bars

Draw = Callable[[dict[str, Any]], SafeString]
State = Callable[[], str]

_drawers: dict[str, Draw] = {}
_states: dict[str, State] = {}


class FigureError(ValueError):
    """What is wrong with a figure, and in which line: of the body where it is known, else 0."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return _("Line %(line)d: %(message)s") % {"line": self.line, "message": self.message}


def register(name: str, drawer: Draw, *, state: State | None = None) -> None:
    """Let fenced blocks called `name` be drawn by `drawer`, which raises `FigureError(0, message)` for wrong data.

    What may look different from one reading to the next gives a `state`: a text that is another one whenever it does.
    Nothing that was drawn in an earlier state is shown again.
    """
    _drawers[name] = drawer
    if state is not None:
        _states[name] = state


def is_registered(name: str) -> bool:
    return name in _drawers


def states(text: str) -> list[str]:
    """The state of each figure in `text` that may change under the same text. Asks nothing where there is none."""
    return [state() for name, state in _states.items() if name in text]


def draw(name: str, data: dict[str, Any]) -> SafeString:
    if name not in _drawers:
        raise FigureError(0, _("There is no figure called “%(name)s”.") % {"name": name})
    return _drawers[name](data)


def draw_toml(name: str, text: str, *, line: int) -> SafeString:
    """Draw the block whose first line of TOML is line `line` of the body; an error names the line in the body."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The library says the place in words, after the message: "(at line 2, column 7)" or "(at end of document)".
        message, _at, place = str(error).partition(" (at ")
        found = re.match(r"line (\d+)", place)
        offset = int(found[1]) - 1 if found else text.count("\n")
        raise FigureError(
            line + offset, _("The figure’s TOML cannot be read: %(error)s") % {"error": message}
        ) from error
    try:
        return draw(name, data)
    except FigureError as error:
        raise FigureError(error.line or line, error.message) from error


def _text(data: dict[str, Any], key: str, *, required: bool = False) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise FigureError(0, _("“%(key)s” must be a text in quotation marks.") % {"key": key})
    if required and not value.strip():
        raise FigureError(0, _("“%(key)s” is missing.") % {"key": key})
    return value.strip()


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise FigureError(0, _("%(where)s needs a “value” that is a number.") % {"where": where})
    if value < 0 or math.isinf(value):
        raise FigureError(0, _("%(where)s: bars start at zero, the value cannot be negative.") % {"where": where})
    return float(value)


def _printed(value: float, unit: str) -> str:
    """The value as read by people; what was written with decimals keeps them."""
    number = number_format(int(value) if value.is_integer() else value, force_grouping=True)
    return f"{number}%" if unit == "%" else f"{number} {unit}".strip()


def _bar(row: object, position: int, unit: str) -> Bar:
    where = _("Row %(number)d") % {"number": position}
    if not isinstance(row, dict):
        raise FigureError(0, _("%(where)s must be written as {label = …, value = …}.") % {"where": where})
    unknown = set(row) - {"label", "value", "text", "note"}
    if unknown:
        raise FigureError(
            0, _("%(where)s has an unknown key: %(key)s.") % {"where": where, "key": ", ".join(sorted(unknown))}
        )
    value = _number(row.get("value"), where)
    label = _text(row, "label", required=True)
    return Bar(label=label, value=value, text=_text(row, "text") or _printed(value, unit), note=_text(row, "note"))


def draw_chart(data: dict[str, Any]) -> SafeString:
    """The figure `chart`: horizontal bars from zero."""
    known = {"kind", "title", "description", "unit", "source", "caption", "maximum", "rows"}
    unknown = set(data) - known
    if unknown:
        raise FigureError(0, _("Unknown key in a chart: %(key)s.") % {"key": ", ".join(sorted(unknown))})
    if data.get("kind", "bars") != "bars":
        raise FigureError(0, _("A chart’s kind can be “bars”, not “%(kind)s”.") % {"kind": data["kind"]})
    rows = data.get("rows")
    if not isinstance(rows, list) or not rows:
        raise FigureError(0, _("A chart needs “rows”, a list with at least one row."))
    unit = _text(data, "unit")
    maximum = data.get("maximum")
    chart = Bars(
        title=_text(data, "title", required=True),
        bars=tuple(_bar(row, position, unit) for position, row in enumerate(rows, start=1)),
        description=_text(data, "description"),
        unit=unit,
        maximum=None if maximum is None else _number(maximum, "maximum"),
        source=_text(data, "source"),
    )
    return drawing.figure(chart, caption=_text(data, "caption"))
