"""Counts in bins, with the median as a line and the middle half as a band."""

from itertools import pairwise

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from naatbatt.charts import svg
from naatbatt.charts.numbers import number, quantity
from naatbatt.charts.shapes import Histogram

PLOT = 150
TOP = 44
NOTE_LINE = 18
# Where answers fall into fewer bins than these, the sides stay empty instead of the bars becoming walls.
FEWEST_BINS = 5


def draw(chart: Histogram, *, key: str = "", width: int | None = None) -> SafeString:
    low, high = chart.edges[0], chart.edges[-1]
    spare = max(FEWEST_BINS - len(chart.counts), 0) / 2 * (high - low) / len(chart.counts)

    def at(value: float) -> float:
        return 100 * (min(max(value, low), high) - low + spare) / (high - low + 2 * spare)

    bottom = TOP + PLOT
    first, middle, third = at(chart.quartiles[0]), at(chart.median), at(chart.quartiles[1])
    parts = [svg.rectangle("band", x=first, width=third - first, y=TOP - 18, height=PLOT + 18)]
    tallest = max(chart.counts) or 1
    bins = [(at(left), at(right), PLOT * count / tallest) for (left, right), count in _bins(chart)]
    parts += [
        svg.rectangle(
            "bin", x=left, width=right - left, y=bottom - height, height=height,
            stroke=svg.COLOURS["paper"], stroke_width=1.5,
        )
        for left, right, height in bins if height
    ]  # fmt: skip
    parts.append(svg.rule(x1=0, x2=100, y1=bottom, y2=bottom))
    parts.append(svg.rule(x1=middle, x2=middle, y1=20, y2=bottom, colour="ink", stroke_width=2, stroke_dasharray="5 3"))
    median = _("Median %(median)s") % {"median": _short(chart.median, chart)}
    parts.append(svg.text(median, x=middle, y=14, text_anchor=_anchor(middle), font_weight=600))
    for (left, right, height), count in zip(bins, chart.counts, strict=True):
        parts += _count(count, left, right, bottom - height - 5, middle)
    for value, label in _ticks(chart, high - low + 2 * spare):
        x = at(value)
        parts.append(svg.muted(label, x=x, y=bottom + 17, text_anchor=_anchor(x, margin=1)))
    y = bottom + 32
    parts.append(svg.rule(x1=first, x2=third, y1=y, y2=y, colour="ink", stroke_width=3))
    centre = (first + third) / 2
    half = _("Middle half %(low)s to %(high)s") % {
        "low": _short(chart.quartiles[0], chart),
        "high": _short(chart.quartiles[1], chart),
    }
    parts.append(svg.text(half, x=centre, y=y + 18, text_anchor=_anchor(centre, margin=40), font_size=svg.SMALL))
    y += 26
    base = _("n = %(base)d") % {"base": chart.base}
    about = base if _is_sign(chart.unit) else _("In %(unit)s; %(base)s") % {"unit": chart.unit, "base": base}
    for note in (about, *chart.notes):
        for line in svg.wrap(note, svg.NARROWEST, svg.SMALL):
            y += NOTE_LINE
            parts.append(svg.muted(line, y=y))
    return svg.picture(chart, *parts, height=y + 6, key=key, width=width)


def table(chart: Histogram) -> tuple[list[str], list[list[str]]]:
    rows = [
        [_plain((low + high) / 2, chart) if chart.discrete else _span(low, high, chart), str(count)]
        for (low, high), count in _bins(chart)
    ]
    return [chart.unit or _("Value"), _("Answers")], [
        *rows,
        [_("Median"), _plain(chart.median, chart)],
        [_("Middle half"), _span(*chart.quartiles, chart)],
        [_("All answers"), str(chart.base)],
    ]


def _bins(chart: Histogram) -> list[tuple[tuple[float, float], int]]:
    return list(zip(pairwise(chart.edges), chart.counts, strict=True))


def _span(low: float, high: float, chart: Histogram) -> str:
    return _("%(low)s to %(high)s") % {"low": _plain(low, chart), "high": _plain(high, chart)}


def _short(value: float, chart: Histogram) -> str:
    """With its unit where that is a sign; words stand once, below the axis."""
    return quantity(value, chart.unit) if chart.grouped and _is_sign(chart.unit) else _plain(value, chart)


def _plain(value: float, chart: Histogram) -> str:
    return number(value) if chart.grouped else f"{value:g}"


def _is_sign(unit: str) -> bool:
    return len(unit) <= 2


def _count(count: int, left: float, right: float, y: float, median: float) -> list[SafeString]:
    """The count above its bar, or beside the median line that would strike it through; nothing where it is too wide."""
    label = str(count)
    room = svg.NARROWEST / 100
    wide = svg.text_width(label, svg.SMALL)
    if not count or wide > (right - left) * room:
        return []
    centre = (left + right) / 2
    if abs(centre - median) * room > wide / 2 + 3:
        return [svg.muted(label, x=centre, y=y, text_anchor="middle")]
    before = median > centre
    return [svg.muted(label, x=median, y=y, dx=-5 if before else 5, text_anchor="end" if before else None)]


def _ticks(chart: Histogram, span: float) -> list[tuple[float, str]]:
    """As many edges (centres, where a bin is one value) as have room for their labels at the narrowest width."""
    values = [(low + high) / 2 for low, high in pairwise(chart.edges)] if chart.discrete else list(chart.edges)
    labels = [_short(value, chart) for value in values]
    room = svg.NARROWEST * (chart.edges[1] - chart.edges[0]) / span
    widest = max(svg.text_width(label, svg.SMALL) for label in labels) + 10
    every = next((step for step in (1, 2, 5, 10) if step * room >= widest), len(labels))
    return list(zip(values, labels, strict=True))[::every]


def _anchor(x: float, *, margin: float = 30) -> str | None:
    """Text near a side leans inwards, so that it never leaves the picture."""
    if x < margin:
        return None
    return "end" if x > 100 - margin else "middle"
