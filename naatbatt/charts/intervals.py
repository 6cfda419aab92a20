"""Intervals from low to high with a dot at the middle, one row a group, above one axis."""

import math

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from naatbatt.charts import svg
from naatbatt.charts.numbers import number, quantity
from naatbatt.charts.shapes import Interval, Intervals

LINE = 18
BAND = 24
BETWEEN = 10
DOT = 6.5
NOTE_LINE = 17
MOST_TICKS = 5
MARGIN = 3  # percent left free on either side, so that no end touches the edge


def draw(chart: Intervals, *, key: str = "", width: int | None = None) -> SafeString:
    ticks = _ticks(chart)
    low, high = ticks[0], ticks[-1]

    def at(value: float) -> float:
        return MARGIN + (100 - 2 * MARGIN) * (value - low) / (high - low)

    rows: list[SafeString] = []
    y = 0.0
    for row in chart.rows:
        if len(chart.rows) > 1 or row.base:
            label, y = _label(row, y)
            rows.append(label)
        middle = y + BAND / 2
        rows.append(
            svg.rule(x1=at(row.low), x2=at(row.high), y1=middle, y2=middle, colour="ink", stroke_width=2.5)
        )  # fmt: skip
        rows += [
            svg.rule(x1=at(end), x2=at(end), y1=middle - 6, y2=middle + 6, colour="ink", stroke_width=2.5)
            for end in (row.low, row.high)
        ]
        if row.inner:
            start, end = map(at, row.inner)
            rows.append(svg.rectangle("bin", x=start, width=end - start, y=middle - 6, height=12))
        rows.append(
            svg.element("circle", cx=svg.across(at(row.middle)), cy=middle, r=DOT, fill=svg.COLOURS["bar"],
                        class_="chart-bar chart-dot", stroke=svg.COLOURS["paper"], stroke_width=2)
        )  # fmt: skip
        y += BAND + LINE
        rows.append(svg.text(_in_figures(row, chart.unit), y=y - 4, font_size=svg.SMALL))
        y += BETWEEN
    grid = [svg.rule(x1=at(tick), x2=at(tick), y1=0, y2=y, stroke_dasharray="2 4") for tick in ticks]
    parts = [*grid, *rows, svg.rule(x1=0, x2=100, y1=y, y2=y)]
    parts += [svg.muted(number(tick), x=at(tick), y=y + 17, text_anchor=_anchor(at(tick))) for tick in ticks]
    y += 20
    for note in (*([_("In %(unit)s") % {"unit": chart.unit}] if len(chart.unit) > 2 else []), *chart.notes):
        for line in svg.wrap(note, svg.NARROWEST, svg.SMALL):
            y += NOTE_LINE
            parts.append(svg.muted(line, y=y))
    return svg.picture(chart, *parts, height=y + 6, key=key, width=width)


def table(chart: Intervals) -> tuple[list[str], list[list[str]]]:
    inner = any(row.inner for row in chart.rows)
    names = [_("Low"), *([_("Lower middle")] if inner else []), _("Middle"), *([_("Upper middle")] if inner else [])]
    names = [*names, _("High")]
    if len(chart.levels) == len(names):
        names = [f"{name} ({level})" for name, level in zip(names, chart.levels, strict=True)]
    rows = []
    for row in chart.rows:
        between = row.inner or (None, None)
        values = [row.low, *([between[0]] if inner else []), row.middle, *([between[1]] if inner else []), row.high]
        rows.append(
            [row.label, str(row.base), *("" if value is None else quantity(value, chart.unit) for value in values)]
        )
    return ["", "n", *names], rows


def _label(row: Interval, y: float) -> tuple[SafeString, float]:
    """The row's name, and its base after it."""
    lines = svg.wrap(row.label, svg.NARROWEST - 70, bold=True)
    drawn = [svg.text(line, y=y + LINE * place - 5, font_weight=600) for place, line in enumerate(lines[:-1], start=1)]
    y += LINE * len(lines)
    base = svg.element(
        "tspan", _("n = %(base)d") % {"base": row.base}, dx=8, fill=svg.COLOURS["muted"], font_size=svg.SMALL,
        font_weight=400, class_="chart-muted",
    )  # fmt: skip
    last = svg.element("tspan", lines[-1]) + (base if row.base else SafeString(""))
    return SafeString("".join([*drawn, svg.text(SafeString(last), y=y - 5, font_weight=600)])), y


def _in_figures(row: Interval, unit: str) -> str:
    return _("%(middle)s, from %(low)s to %(high)s") % {
        "middle": quantity(row.middle, unit),
        "low": quantity(row.low, unit),
        "high": quantity(row.high, unit),
    }


def _ticks(chart: Intervals) -> list[float]:
    """Round numbers from at or below the lowest to at or above the highest: what is drawn, not what was asked."""
    low, high = min(row.low for row in chart.rows), max(row.high for row in chart.rows)
    spread = high - low or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(spread / (MOST_TICKS - 1)))
    for factor in (1, 2, 2.5, 5, 10, 20):
        step = power * factor
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first < MOST_TICKS:
            break
    return [float(f"{place * step:.12g}") for place in range(first, max(last, first + 1) + 1)]


def _anchor(x: float) -> str | None:
    if x < 10:
        return None
    return "end" if x > 90 else "middle"
