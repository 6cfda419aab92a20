"""The few words of SVG that charts are written in.

Charts are fluid: positions across are in percent, positions down in pixels, and there is no viewBox to scale by. So a
chart fills any width while its text keeps its size. Text cannot reflow then, so it is broken for the narrowest width.

Colours stand as attributes, for mail and files that stand alone, and as classes, for static/css/charts.css to override.
"""

import hashlib
import re
import unicodedata
from collections import deque

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from naatbatt.charts.shapes import Chart

# What a chart has across on a screen of 320 pixels.
NARROWEST = 280
FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
SIZE, SMALL = 14, 12.5
BOLD = 1.12  # how much wider bold letters are

COLOURS = {
    "neg3": "#6e360c",
    "neg2": "#a1530f",
    "neg1": "#e2b583",
    "mid": "#d3d1cb",
    "pos1": "#93c7cd",
    "pos2": "#0a5d6e",
    "pos3": "#053a45",
    "bar": "#0a5d6e",
    "bin": "#5b99a3",
    "band": "#dfe9ea",
    "track": "#efeeea",
    "ink": "#1b1d22",
    "muted": "#5b5f68",
    "rule": "#8b8f97",
    "paper": "#fcfcfa",
}
# What is legible on each of them.
ON_COLOURS = {
    name: COLOURS["paper"] if name in {"neg3", "neg2", "pos2", "pos3", "bar"} else COLOURS["ink"]
    for name in ("neg3", "neg2", "neg1", "mid", "pos1", "pos2", "pos3", "bar")
}

NO_BREAK = "\N{NO-BREAK SPACE}"
BREAKS = re.compile(r"[^\S\u00a0]+")
# Neither XML nor a reader can use them.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def element(name: str, *children: str | SafeString, **attributes: object) -> SafeString:
    """An element; children that are not safe are escaped, `class_` and `stroke_width` become class and stroke-width."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for key, value in attributes.items()
        if value not in (None, "")
    )
    inside = "".join(child if isinstance(child, SafeString) else escape(_plain(child)) for child in children)
    return mark_safe(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")  # noqa: S308 - escaped


def text(content: str | SafeString, *, x: float = 0, y: float, **attributes: object) -> SafeString:
    """A line of text at `x` percent, ink on paper where nothing else is said."""
    attributes = {"fill": COLOURS["ink"], "font_size": SIZE, "class_": "chart-ink", **attributes}
    return element("text", content, x=across(x), y=y, **attributes)


def muted(content: str | SafeString, *, x: float = 0, y: float, **attributes: object) -> SafeString:
    """A quieter, smaller line."""
    attributes = {"fill": COLOURS["muted"], "font_size": SMALL, "class_": "chart-muted", **attributes}
    return text(content, x=x, y=y, **attributes)


def rectangle(colour: str, *, x: float, width: float, y: float, height: float, **attributes: object) -> SafeString:
    """A filled rectangle from `x` percent, `width` percent wide."""
    return element(
        "rect", x=across(x), y=y, width=across(width), height=height,
        fill=COLOURS[colour], class_=f"chart-{colour}", **attributes,
    )  # fmt: skip


def rule(*, x1: float, x2: float, y1: float, y2: float, colour: str = "rule", **attributes: object) -> SafeString:
    """A line between two points, across in percent."""
    return element(
        "line", x1=across(x1), x2=across(x2), y1=y1, y2=y2,
        stroke=COLOURS[colour], class_=f"chart-line-{colour}", **attributes,
    )  # fmt: skip


def picture(chart: Chart, *parts: SafeString, height: float, key: str, width: int | None) -> SafeString:
    """The whole drawing, named by the chart's title and description.

    key    goes into the ids; without one they come from the content, which two different charts never share
    width  None: as wide as its place. A number: that many units of a viewBox, for files that stand alone
    """
    key = key or hashlib.sha256(repr(chart).encode("utf-8", "replace")).hexdigest()[:10]
    named = [element("title", chart.title or "–", id=f"chart-{key}-title")]
    if chart.description:
        named.append(element("desc", chart.description, id=f"chart-{key}-desc"))
    names = [f"chart-{key}-title", f"chart-{key}-desc"][: len(named)]
    return element(
        "svg", *named, *parts,
        xmlns="http://www.w3.org/2000/svg", class_="chart-picture", role="img", aria_labelledby=" ".join(names),
        width=width or "100%", height=height, viewBox=f"0 0 {width} {_plain(height)}" if width else None,
        font_family=FONT,
    )  # fmt: skip


def across(percent: float) -> str:
    return f"{_plain(percent)}%"


def text_width(content: str, size: float = SIZE, *, bold: bool = False) -> float:
    """About how many pixels a line takes: measured on a wide sans serif, so rather too many than too few."""
    return size * sum(map(_advance, content)) * (BOLD if bold else 1)


def wrap(content: str, width: float, size: float = SIZE, *, bold: bool = False) -> list[str]:
    """Lines no wider than `width` pixels. Broken between words; inside one (first where a no-break space holds it
    together) only where it is wider than a line.
    """

    def room(line: str) -> int:
        """How many of its characters fit."""
        left = width / (size * (BOLD if bold else 1))
        for place, character in enumerate(line):
            left -= _advance(character)
            if left < -1e-6:
                return place
        return len(line)

    lines: list[str] = []
    line = ""
    words = deque(word for word in BREAKS.split(content) if word)
    while words:
        word = words.popleft()
        joined = f"{line} {word}" if line else word
        fitting = room(joined)
        if fitting == len(joined):
            line = joined
        elif line:
            lines.append(line)
            line = ""
            words.appendleft(word)
        elif NO_BREAK in word.strip(NO_BREAK):
            words.extendleft(reversed(word.split(NO_BREAK)))
        else:
            cut = max(fitting, 1)
            lines.append(word[:cut])
            words.extendleft([word[cut:]] if word[cut:] else [])
    return [*lines, line] if line or not lines else lines


def _advance(character: str) -> float:
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if character in "iljtfI.,:;'|!()[] \u00a0’‘":
        return 0.37
    if character in "mwMW@%…—+−":
        return 0.95
    if character == "r":
        return 0.42
    return 0.72 if character.isupper() else 0.62


def _plain(value: object) -> str:
    """Numbers with at most two decimals, text without characters that XML cannot hold."""
    if isinstance(value, float):
        return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")
    return UNPRINTABLE.sub("", str(value))
