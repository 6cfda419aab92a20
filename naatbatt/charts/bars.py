"""Horizontal bars: the label above, the bar below it, the value at its end."""

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from naatbatt.charts import svg
from naatbatt.charts.shapes import Bar, Bars

THICK = 20
LINE = 18
NOTE_LINE = 17
BETWEEN = 14


def draw(chart: Bars, *, key: str = "", width: int | None = None) -> SafeString:
    values = [bar.value for bar in chart.bars]
    low, high = min([0, *values]), max([0, *values, chart.maximum or 0])
    span = high - low or 1
    parts: list[SafeString] = []
    y = 0.0
    for bar in chart.bars:
        start = 100 * (min(bar.value, 0) - low) / span
        length = 100 * abs(bar.value) / span
        place = _place(bar, start, length)
        above = svg.wrap(bar.label, svg.NARROWEST) + (
            svg.wrap(bar.text, svg.NARROWEST, bold=True) if place == "above" else []
        )
        for line in above:
            y += LINE
            parts.append(svg.text(line, y=y - 4))
        y += 2
        if chart.maximum:
            parts.append(svg.rectangle("track", x=0, width=100, y=y, height=THICK))
        if length:
            parts.append(svg.rectangle("bar", x=start, width=length, y=y, height=THICK))
        if place != "above" and bar.text:
            parts.append(_value(bar, place, start, length, y + THICK / 2 + 5))
        if low < 0:
            zero = -100 * low / span
            parts.append(svg.rule(x1=zero, x2=zero, y1=y - 3, y2=y + THICK + 3))
        y += THICK
        for line in svg.wrap(bar.note, svg.NARROWEST, svg.SMALL) if bar.note else []:
            y += NOTE_LINE
            parts.append(svg.muted(line, y=y - 2))
        y += BETWEEN
    return svg.picture(chart, *parts, height=y - BETWEEN + 4, key=key, width=width)


def table(chart: Bars) -> tuple[list[str], list[list[str]]]:
    noted = any(bar.note for bar in chart.bars)
    return ["", chart.unit or _("Value")] + [_("Note")] * noted, [
        [bar.label, bar.text] + [bar.note] * noted for bar in chart.bars
    ]


def _place(bar: Bar, start: float, length: float) -> str:
    """Where the value can stand at the narrowest width: beyond the bar's end, inside it, across from it, or above."""
    needed = 100 * (svg.text_width(bar.text, bold=True) + 8) / svg.NARROWEST
    left, right = start, 100 - start - length
    beyond, across = (right, left) if bar.value >= 0 else (left, right)
    room = {"beyond": beyond, "inside": length, "across": across}
    return next((place for place, width in room.items() if needed <= width), "above")


def _value(bar: Bar, place: str, start: float, length: float, y: float) -> SafeString:
    """The value's text beside the end of the bar that `place` means, on the side that it means."""
    at_right_end = (bar.value >= 0) == (place != "across")
    towards_right = at_right_end == (place != "inside")
    ink = {"fill": svg.ON_COLOURS["bar"], "class_": "chart-on-bar"} if place == "inside" else {}
    return svg.text(
        bar.text,
        x=start + length if at_right_end else start,
        y=y,
        dx=6 if towards_right else -6,
        text_anchor=None if towards_right else "end",
        font_weight=600,
        **ink,
    )
