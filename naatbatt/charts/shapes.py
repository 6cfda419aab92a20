"""Chart shapes as plain data. They know nothing of surveys or posts; `drawing.draw(chart)` makes SVG of them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bar:
    """One bar. `text` is how the value is printed, unit included."""

    label: str
    value: float
    text: str
    note: str = ""


@dataclass(frozen=True)
class Bars:
    """Horizontal bars from zero, one a row. `maximum` fixes the scale (100 for percent); None: the largest value."""

    title: str
    bars: tuple[Bar, ...]
    description: str = ""
    unit: str = ""
    maximum: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Group:
    """One row of a diverging chart: shares in whole percent that sum to 100, one a level, and the base they rest on."""

    label: str
    shares: tuple[int, ...]
    base: int


@dataclass(frozen=True)
class Diverging:
    """Stacked bars that part at the middle of the scale, one row a group.

    `levels` run from most negative to most positive; with an odd number the middle one is neutral and straddles the
    centre line.
    """

    title: str
    levels: tuple[str, ...]
    groups: tuple[Group, ...]
    description: str = ""
    source: str = ""


@dataclass(frozen=True)
class Histogram:
    """Counts in bins between `edges` (one more than counts), with the median and the quartiles marked."""

    title: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    median: float
    quartiles: tuple[float, float]
    unit: str = ""
    description: str = ""
    base: int = 0
    source: str = ""
    notes: tuple[str, ...] = field(default_factory=tuple)


Chart = Bars | Diverging | Histogram
