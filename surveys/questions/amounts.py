"""What the kinds that are answered by a number on a line share: bins, median and middle half, told and drawn."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from naatbatt.charts import Histogram
from naatbatt.charts.numbers import quantity, rounded
from surveys import results
from surveys.questions.base import QuestionSpec, QuestionType, by_group, everyone
from surveys.results import Counted, Tally


class Amounts(QuestionType):
    """A kind with a number as its value, or a value that `amount` makes a number of."""

    on_a_line = True
    # Thousands are told apart: 1,200. Not so in years.
    grouped = True

    def unit(self, spec: QuestionSpec) -> str:
        return ""

    def decimals(self, spec: QuestionSpec) -> int:
        """Digits after the point that an answer may have."""
        return 0

    def amount(self, value: Any) -> float:
        """The number that a value counts as."""
        return value

    def as_number(self, spec: QuestionSpec, value: Any) -> float:
        return self.amount(value)

    def number_in_words(self, spec: QuestionSpec, number: float) -> str:
        """As it is, where `told` would round it."""
        return quantity(number, self.unit(spec)) if self.grouped else f"{number:g}"

    def edges(self, spec: QuestionSpec, amounts: Sequence[float]) -> tuple[float, ...]:
        return results.bin_edges(amounts, resolution=self.resolution(spec))

    def resolution(self, spec: QuestionSpec) -> float:
        """The smallest difference between two answers."""
        return float(f"1e-{self.decimals(spec)}")

    def told(self, spec: QuestionSpec, statistic: float) -> str:
        """A statistic in words."""
        return quantity(self.shown_as(spec, statistic), self.unit(spec))

    def shown_as(self, spec: QuestionSpec, statistic: float) -> float:
        return rounded(statistic, decimals=self.decimals(spec))

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        """Counts are by bin, "low..high"; edges are read back from the keys. Quartiles are of type 7."""
        amounts = [self.amount(opinion.value) for opinion in results.opinions(answers)]
        blanks = results.count_blanks(answers)
        if not amounts:
            return Tally(asked=len(answers), base=0, blanks=blanks)
        edges = self.edges(spec, amounts)
        bins = [f"{low!r}..{high!r}" for low, high in pairwise(edges)]
        first, third = results.quartiles(amounts)
        return Tally(
            asked=len(answers),
            base=len(amounts),
            blanks=blanks,
            counts=dict(zip(bins, results.count_bins(amounts, edges), strict=True)),
            measures={
                "mean": results.mean(amounts),
                "median": results.median(amounts),
                "q1": first,
                "q3": third,
                "iqr": third - first,
            },
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Histogram | None:
        tally = everyone(shown)
        if tally is None:
            return None
        edges = _edges(tally.counts)
        median, first, third = (self.shown_as(spec, tally.measures[name]) for name in ("median", "q1", "q3"))
        return Histogram(
            title=spec.prompt,
            edges=edges,
            counts=tuple(tally.counts.values()),
            median=median,
            quartiles=(first, third),
            unit=self.unit(spec),
            description=" ".join(self.reading(spec, shown, names=names)),
            base=tally.base,
            discrete=math.isclose(edges[1] - edges[0], self.resolution(spec)),
            notes=tuple(
                _("%(group)s: median %(median)s, n = %(base)d") % part for part in self._sectors(spec, shown, names)
            ),
            grouped=self.grouped,
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        tally = everyone(shown)
        if tally is None:
            return []
        sentences = [
            ngettext("The only answer is %(median)s.", "The median of %(base)d answers is %(median)s.", tally.base)
            % {"base": tally.base, "median": self.told(spec, tally.measures["median"])},
            _("The middle half of the answers lies between %(low)s and %(high)s.")
            % {"low": self.told(spec, tally.measures["q1"]), "high": self.told(spec, tally.measures["q3"])},
        ]
        sectors = self._sectors(spec, shown, names)
        if sectors:
            parts = ", ".join(_("%(group)s %(median)s (n = %(base)d)") % part for part in sectors)
            sentences.append(_("Median by sector: %(parts)s.") % {"parts": parts})
        return sentences if tally.base > 1 else sentences[:1]

    def _sectors(
        self, spec: QuestionSpec, shown: Mapping[str, Tally], names: Mapping[str, str]
    ) -> list[dict[str, str | int]]:
        return [
            {"group": group, "median": self.told(spec, tally.measures["median"]), "base": tally.base}
            for group, tally in by_group(shown, names)
        ]


def _edges(bins: Mapping[str, int]) -> tuple[float, ...]:
    pairs = [key.split("..") for key in bins]
    return (float(pairs[0][0]), *(float(high) for _low, high in pairs))
