"""A number, with a unit and bounds."""

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from naatbatt.charts import Histogram
from naatbatt.charts.numbers import quantity, rounded
from surveys import results
from surveys.questions.base import QuestionSpec, QuestionType
from surveys.results import Counted, Tally

# Beyond fifteen digits a JSON number is no longer exact everywhere.
LARGEST = 10**15
LONGEST = 60
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(([ ,])[0-9]{3}(\2[0-9]{3})*)(\.[0-9]+)?")
PLAIN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


class NumberField(forms.Field):
    """Reads a number as people write it: "1200", "1,200", "1 200", "−3", "12.5 GWh".

    Cleans to int, or to float where decimals are allowed.
    """

    def __init__(self, *, unit: str, minimum: float | None, maximum: float | None, decimals: int) -> None:
        self.unit, self.decimals = unit, decimals
        self.minimum, self.maximum = minimum, maximum
        # No type="number": it changes by the mouse wheel and drops what it cannot read without a word.
        whole_and_positive = not decimals and minimum is not None and minimum >= 0
        widget = forms.TextInput(
            attrs={"inputmode": "numeric" if whole_and_positive else "decimal", "autocomplete": "off"}
        )
        super().__init__(required=False, widget=widget, help_text=self.bounds())

    def bounds(self) -> str:
        """The bounds in words, or nothing."""
        low = None if self.minimum is None else quantity(self.minimum, self.unit)
        high = None if self.maximum is None else quantity(self.maximum, self.unit)
        if low is not None and high is not None:
            return _("From %(low)s to %(high)s.") % {"low": low, "high": high}
        if low is not None:
            return _("%(low)s or more.") % {"low": low}
        if high is not None:
            return _("%(high)s or less.") % {"high": high}
        return ""

    def prepare_value(self, value: Any) -> Any:
        return format(Decimal(repr(value)).normalize(), "f") if isinstance(value, float) else value

    def to_python(self, value: Any) -> float | None:
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValidationError(self.unreadable(), code="invalid")
        if isinstance(value, int) and abs(value) > LARGEST:  # before str(), which refuses thousands of digits
            raise ValidationError(_("This number is too large."), code="too_large")
        text = self.bare(self.prepare_value(value))
        if not text:
            return None
        if "," in text and not GROUPED.fullmatch(text) and PLAIN.fullmatch(text.replace(",", ".")):
            raise ValidationError(_("Write decimals with a point, e.g. 1.5."), code="invalid")
        if GROUPED.fullmatch(text):
            text = text.replace(",", "").replace(" ", "")
        if len(text) > LONGEST or not PLAIN.fullmatch(text):
            raise ValidationError(self.unreadable(), code="invalid")
        if len(text.partition(".")[2].rstrip("0")) > self.decimals:
            raise ValidationError(self.too_precise(), code="precision")
        number = float(text)
        if abs(number) * 10**self.decimals > LARGEST:
            raise ValidationError(_("This number is too large."), code="too_large")
        return number + 0.0 if self.decimals else int(number)  # + 0.0 makes -0.0 plain zero

    def bare(self, value: object) -> str:
        """Without the unit, with plain spaces and a plain minus."""
        text, unit = (" ".join(words.split()) for words in (str(value), self.unit))
        text = text.replace("\N{MINUS SIGN}", "-")
        sign = "-" if text.startswith("-") else ""
        return sign + text.removeprefix(sign).removesuffix(unit).removeprefix(unit).strip()

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is None:
            return
        too_low = self.minimum is not None and value < self.minimum
        too_high = self.maximum is not None and value > self.maximum
        if too_low or too_high:
            raise ValidationError(_("Out of range. %(bounds)s") % {"bounds": self.bounds()}, code="out_of_range")

    def unreadable(self) -> str:
        return _("Enter a number, e.g. %(example)s.") % {"example": "12.5" if self.decimals else "12"}

    def too_precise(self) -> str:
        if not self.decimals:
            return _("Enter a whole number, without decimals.")
        return ngettext(
            "At most %(decimals)d digit after the point.", "At most %(decimals)d digits after the point.", self.decimals
        ) % {"decimals": self.decimals}


class SettingsForm(forms.Form):
    unit = forms.CharField(
        label=gettext_lazy("unit"), required=False, max_length=30, help_text=gettext_lazy("E.g. %, GWh, US$/kWh.")
    )
    minimum = forms.FloatField(label=gettext_lazy("smallest"), required=False, min_value=-LARGEST, max_value=LARGEST)
    maximum = forms.FloatField(label=gettext_lazy("largest"), required=False, min_value=-LARGEST, max_value=LARGEST)
    decimals = forms.IntegerField(
        label=gettext_lazy("decimals"),
        required=False,
        min_value=0,
        max_value=6,
        help_text=gettext_lazy("Digits allowed after the point; none where nothing is said."),
    )

    def clean(self) -> dict[str, Any]:
        low, high = self.cleaned_data.get("minimum"), self.cleaned_data.get("maximum")
        if low is not None and high is not None and low >= high:
            self.add_error("maximum", _("The largest number must be above the smallest."))
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        return {
            name: int(value) if isinstance(value, float) and value.is_integer() else value
            for name, value in given.items()
        }


class Number(QuestionType):
    kind = "number"
    label = gettext_lazy("number")
    asks_comment = True

    def settings_form(self) -> type[forms.Form]:
        return SettingsForm

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="share-2035",
            kind=self.kind,
            prompt="What share of the world's lithium-ion cells will be made in the United States in 2035?",
            settings={"unit": "%", "minimum": 0, "maximum": 100, "decimals": 1},
        )
        return spec, [5.0, 8.0, 10.0, 12.5, 15.0, 30.0]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return NumberField(
            unit=_unit(spec),
            minimum=spec.settings.get("minimum"),
            maximum=spec.settings.get("maximum"),
            decimals=_decimals(spec),
        )

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return quantity(stored, _unit(spec))

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        """Counts are by bin, "low..high"; edges are read back from the keys. Quartiles are of type 7."""
        values = [opinion.value for opinion in results.opinions(answers)]
        blanks = results.count_blanks(answers)
        if not values:
            return Tally(asked=len(answers), base=0, blanks=blanks)
        edges = results.bin_edges(values, resolution=_resolution(spec))
        bins = [f"{low!r}..{high!r}" for low, high in pairwise(edges)]
        first, third = results.quartiles(values)
        return Tally(
            asked=len(answers),
            base=len(values),
            blanks=blanks,
            counts=dict(zip(bins, results.count_bins(values, edges), strict=True)),
            measures={
                "mean": results.mean(values),
                "median": results.median(values),
                "q1": first,
                "q3": third,
                "minimum": min(values),
                "maximum": max(values),
            },
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Histogram | None:
        tally = shown.get("all")
        if tally is None or not tally.base:
            return None
        edges = _edges(tally.counts)
        median, first, third = (
            rounded(tally.measures[name], decimals=_decimals(spec)) for name in ("median", "q1", "q3")
        )
        return Histogram(
            title=spec.prompt,
            edges=edges,
            counts=tuple(tally.counts.values()),
            median=median,
            quartiles=(first, third),
            unit=_unit(spec),
            description=" ".join(self.reading(spec, shown, names=names)),
            base=tally.base,
            discrete=math.isclose(edges[1] - edges[0], _resolution(spec)),
            notes=tuple(
                _("%(group)s: median %(median)s, n = %(base)d") % part for part in self._sectors(spec, shown, names)
            ),
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        tally = shown.get("all")
        if tally is None or not tally.base:
            return []
        sentences = [
            ngettext("The only answer is %(median)s.", "The median of %(base)d answers is %(median)s.", tally.base)
            % {"base": tally.base, "median": self._printed(spec, tally, "median")},
            _("The middle half of the answers lies between %(low)s and %(high)s.")
            % {"low": self._printed(spec, tally, "q1"), "high": self._printed(spec, tally, "q3")},
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
            {"group": names.get(group, group), "median": self._printed(spec, tally, "median"), "base": tally.base}
            for group, tally in shown.items()
            if group != "all" and tally.base
        ]

    def _printed(self, spec: QuestionSpec, tally: Tally, measure: str) -> str:
        return quantity(rounded(tally.measures[measure], decimals=_decimals(spec)), _unit(spec))


def _unit(spec: QuestionSpec) -> str:
    return spec.settings.get("unit") or ""


def _decimals(spec: QuestionSpec) -> int:
    return int(spec.settings.get("decimals") or 0)


def _resolution(spec: QuestionSpec) -> float:
    return float(f"1e-{_decimals(spec)}")


def _edges(bins: Mapping[str, int]) -> tuple[float, ...]:
    pairs = [key.split("..") for key in bins]
    return (float(pairs[0][0]), *(float(high) for _low, high in pairs))
