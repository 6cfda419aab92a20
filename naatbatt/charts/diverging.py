"""Stacked bars that part at the middle of the scale, one row a group, below a key of the levels."""

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from naatbatt.charts import svg
from naatbatt.charts.shapes import Diverging, Group

THICK = 26
LINE = 18
KEY_LINE = 15
BETWEEN = 12
KEY_SIZE = 11.2


def draw(chart: Diverging, *, key: str = "", width: int | None = None) -> SafeString:
    names = level_names(len(chart.levels))
    reach = [_reach(group) for group in chart.groups]
    left, right = max(left for left, _right in reach), max(right for _left, right in reach)
    span = left + right or 1
    parts, y = _key(chart, names)
    middle = 100 * left / span
    for group, (negative, _positive) in zip(chart.groups, reach, strict=True):
        label, y = _label(group, y)
        parts.append(label)
        parts.append(svg.rule(x1=middle, x2=middle, y1=y, y2=y + THICK + 6))
        x = 100 * (left - negative) / span
        for name, share in zip(names, group.shares, strict=True):
            if not share:
                continue
            length = 100 * share / span
            parts.append(
                svg.rectangle(name, x=x, width=length, y=y, height=THICK, stroke=svg.COLOURS["paper"], stroke_width=1.5)
            )
            if svg.text_width(str(share), svg.SMALL) <= length * svg.NARROWEST / 100 - 5:
                parts.append(
                    svg.text(
                        str(share), x=x + length / 2, y=y + THICK / 2 + 4.5, text_anchor="middle", font_size=svg.SMALL,
                        fill=svg.ON_COLOURS[name], class_=f"chart-on-{name}",
                    )
                )  # fmt: skip
            x += length
        y += THICK + BETWEEN
    return svg.picture(chart, *parts, height=y - BETWEEN + 6, key=key, width=width)


def table(chart: Diverging) -> tuple[list[str], list[list[str]]]:
    head = ["", "n", *chart.levels]
    return head, [
        [group.label, str(group.base), *(_("%(share)d%%") % {"share": share} for share in group.shares)]
        for group in chart.groups
    ]


def level_names(count: int) -> list[str]:
    """Colour of each level from most negative to most positive: neg2, neg1, mid, pos1, pos2 for five."""
    half = count // 2
    steps = list(range(half, 0, -1)) if half > 1 else [2]  # a bare no and yes stand in the strong colours
    return [f"neg{step}" for step in steps] + ["mid"] * (count % 2) + [f"pos{step}" for step in reversed(steps)]


def _reach(group: Group) -> tuple[float, float]:
    """How far a row reaches to the negative and to the positive side of the middle."""
    half = len(group.shares) // 2
    straddling = group.shares[half] / 2 if len(group.shares) % 2 else 0
    return sum(group.shares[:half]) + straddling, sum(group.shares[-half:]) + straddling


def _label(group: Group, y: float) -> tuple[SafeString, float]:
    """The row's name with its base after it, and the height reached."""
    base = _("n = %(base)d") % {"base": group.base}
    lines = svg.wrap(group.label, svg.NARROWEST, bold=True)
    if svg.text_width(lines[-1], bold=True) + 8 + svg.text_width(base, svg.SMALL) > svg.NARROWEST:
        lines.append("")
    drawn = [
        svg.text(line, y=y + LINE * number - 5, font_weight=600) for number, line in enumerate(lines[:-1], start=1)
    ]
    y += LINE * len(lines)
    behind = svg.element(
        "tspan", base, dx=8 if lines[-1] else None, fill=svg.COLOURS["muted"], font_size=svg.SMALL,
        font_weight=400, class_="chart-muted",
    )  # fmt: skip
    last = svg.element("tspan", lines[-1]) + behind if lines[-1] else behind
    return SafeString("".join([*drawn, svg.text(last, y=y - 5, font_weight=600)])), y


def _key(chart: Diverging, names: list[str]) -> tuple[list[SafeString], float]:
    """What the colours and figures mean, and the height reached."""
    column = svg.NARROWEST / len(names)
    words = [word for level in chart.levels for word in level.split()]
    fit = all(svg.text_width(word, KEY_SIZE) <= column for word in words)
    parts, y = _ramp(chart, names, column) if fit else _list(chart, names)
    for line in svg.wrap(_("In percent; n = number of answers"), svg.NARROWEST, KEY_SIZE):
        y += KEY_LINE
        parts.append(svg.muted(line, y=y, font_size=KEY_SIZE))
    return parts, y + BETWEEN


def _ramp(chart: Diverging, names: list[str], column: float) -> tuple[list[SafeString], float]:
    """The levels side by side, as wide as the chart, their words below them."""
    parts: list[SafeString] = []
    step = 100 / len(names)
    labels = [svg.wrap(level, column, KEY_SIZE) for level in chart.levels]
    for number, (name, lines) in enumerate(zip(names, labels, strict=True)):
        x = step * number
        parts.append(
            svg.rectangle(name, x=x, width=step, y=0, height=10, stroke=svg.COLOURS["paper"], stroke_width=1.5)
        )
        parts += [
            svg.muted(line, x=x + step / 2, y=12 + KEY_LINE * row, text_anchor="middle", font_size=KEY_SIZE)
            for row, line in enumerate(lines, start=1)
        ]
    return parts, 16 + KEY_LINE * max(map(len, labels))


def _list(chart: Diverging, names: list[str]) -> tuple[list[SafeString], float]:
    """The levels below each other, where they are too many or too long for a ramp."""
    parts: list[SafeString] = []
    y = 0.0
    for name, level in zip(names, chart.levels, strict=True):
        swatch = svg.rectangle(name, x=0, width=100, y=0, height=12)
        parts.append(svg.element("svg", swatch, y=y + 2, width=12, height=12))
        for line in svg.wrap(level, svg.NARROWEST - 20, KEY_SIZE):
            y += KEY_LINE
            parts.append(svg.muted(line, y=y - 3, dx=20, font_size=KEY_SIZE))
        y += 3
    return parts, y
