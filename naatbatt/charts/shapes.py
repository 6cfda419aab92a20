"""Chart shapes as plain data. They know nothing of surveys or posts; `drawing.draw(chart)` makes SVG of them.

A shape that cannot be drawn cannot be made: it raises ValueError with a sentence for the person who gave the numbers.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise

from django.utils.translation import gettext as _

# Beyond this many levels neighbouring colours can no longer be told apart.
MOST_LEVELS = 7


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

    def __post_init__(self) -> None:
        if not self.bars:
            raise ValueError(_("A bar chart needs at least one row."))
        for bar in self.bars:
            if not math.isfinite(bar.value):
                raise ValueError(_("The value of “%(label)s” is not a finite number.") % {"label": bar.label})
        if self.maximum is not None and not 0 < self.maximum < math.inf:
            raise ValueError(_("The maximum of a bar chart must be a number above zero."))


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

    def __post_init__(self) -> None:
        if not 2 <= len(self.levels) <= MOST_LEVELS or not self.groups:
            raise ValueError(
                _("A diverging chart needs 2 to %(most)d levels and at least one row.") % {"most": MOST_LEVELS}
            )
        for group in self.groups:
            fit = len(group.shares) == len(self.levels) and min(group.shares) >= 0
            if not fit or sum(group.shares) not in (0, 100):
                raise ValueError(
                    _("“%(label)s” needs one share for each level, together 100 percent.") % {"label": group.label}
                )


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
    notes: tuple[str, ...] = ()
    # Each bin holds one possible value, its centre.
    discrete: bool = False
    # Thousands are told apart (1,200); not so in years. It changes no figure that was drawn before, nor its ids.
    grouped: bool = field(default=True, repr=False)

    def __post_init__(self) -> None:
        numbers = (*self.edges, *self.counts, self.median, *self.quartiles)
        if not self.counts or len(self.edges) != len(self.counts) + 1 or not all(map(math.isfinite, numbers)):
            raise ValueError(_("A histogram needs finite numbers, and one edge more than it has counts."))
        if any(low >= high for low, high in pairwise(self.edges)) or min(self.counts) < 0:
            raise ValueError(_("The edges of a histogram must rise, and its counts cannot be negative."))
        if self.quartiles[0] > self.quartiles[1]:
            raise ValueError(_("The first quartile of a histogram cannot be above the third."))


@dataclass(frozen=True)
class Interval:
    """One row of intervals: from low to high, a dot at the middle; `inner` is a thicker part between them."""

    label: str
    low: float
    middle: float
    high: float
    base: int = 0
    inner: tuple[float, float] | None = None


@dataclass(frozen=True)
class Intervals:
    """Estimates with their uncertainty, one row a group, on one axis. `levels` say what the points of a row are."""

    title: str
    rows: tuple[Interval, ...]
    unit: str = ""
    description: str = ""
    levels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError(_("A chart of intervals needs at least one row."))
        for row in self.rows:
            low, high = row.inner or (row.low, row.high)
            points = (row.low, low, row.middle, high, row.high)
            if not all(map(math.isfinite, points)):
                raise ValueError(_("The interval of “%(label)s” needs finite numbers.") % {"label": row.label})
            ends = (row.low <= low, low <= row.middle, row.middle <= high, high <= row.high)
            if not all(ends):
                raise ValueError(_("The interval of “%(label)s” must rise from low to high.") % {"label": row.label})


Chart = Bars | Diverging | Histogram | Intervals
