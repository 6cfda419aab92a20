"""Drawing chart shapes (see shapes.py) as SVG, and as whole figures with their data beside them."""

from types import ModuleType

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from naatbatt.charts import bars, diverging, histogram, intervals
from naatbatt.charts.shapes import Bars, Chart, Diverging, Histogram, Intervals

DRAWN_BY: dict[type, ModuleType] = {
    Bars: bars, Diverging: diverging, Histogram: histogram, Intervals: intervals
}  # fmt: skip


def draw(chart: Chart, *, key: str = "", width: int | None = None) -> SafeString:
    """The chart as one SVG element, the same bytes for the same chart.

    key    tells two drawings of the very same chart on one page apart (it goes into their ids)
    width  None: fluid, as wide as its place, text in its own size. A number: that wide, with a viewBox, for files
    """
    return DRAWN_BY[type(chart)].draw(chart, key=key, width=width)


def figure(chart: Chart, *, caption: str = "", citation: str = "", key: str = "") -> SafeString:
    """The whole figure: title, caption, drawing, source, citation, and the data as a table to open."""
    head, rows = DRAWN_BY[type(chart)].table(chart)
    context = {
        "chart": chart,
        "picture": draw(chart, key=key),
        "caption": caption,
        "citation": citation,
        "head": head,
        "rows": rows,
    }
    return render_to_string("charts/figure.html", context)
