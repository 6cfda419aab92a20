"""A number that nobody knows yet, as a low, a best and a high estimate with what they mean in percent."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Interval, Intervals
from naatbatt.charts.numbers import quantity, rounded
from surveys import results
from surveys.questions.base import QuestionSpec, QuestionType, SettingsForm, by_group, everyone
from surveys.questions.number import BoundsSettings, number_field
from surveys.questions.parts import Part, PartsField, PartsWidget
from surveys.results import Counted, Tally

USUAL_LEVELS = (5, 50, 95)


class Levels(forms.Field):
    """Percents as staff write them, "5, 50, 95", or as a list: three or five, rising, 50 in the middle."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> list[int]:
        given = value.replace(",", " ").split() if isinstance(value, str) else value or []
        wrong = ValidationError(_("Write three or five rising percents with 50 in the middle, e.g. 5, 50, 95."))
        if not isinstance(given, list | tuple) or len(given) > 5:
            raise wrong
        levels = []
        for level in given:
            text = str(level) if isinstance(level, str | int) and not isinstance(level, bool) and level != "" else "?"
            if len(text) > 2 or not (text.isascii() and text.isdigit()):
                raise wrong
            levels.append(int(text))
        rising = all(low < high for low, high in pairwise([0, *levels]))
        if levels and not (rising and len(levels) in (3, 5) and levels[len(levels) // 2] == 50):
            raise wrong
        return levels


class QuantileSettings(BoundsSettings):
    levels = Levels(
        label=gettext_lazy("quantiles"),
        required=False,
        help_text=gettext_lazy("In percent, three or five; 5, 50, 95 where nothing is said."),
    )


class Estimates(PartsField):
    """Cleans a number for each quantile to the numbers in order, which must rise."""

    def __init__(self, spec: QuestionSpec) -> None:
        self.spec = spec
        unit = spec.settings.get("unit") or ""
        super().__init__(
            PartsWidget(_parts(levels_of(spec)), "surveys/fields/numbers.html", unit=unit),
            help_text=number_field(spec).bounds(),
        )

    def spread(self, value: Any) -> Any:
        """Numbers as they are typed, so that they are read again like any others."""
        if not isinstance(value, list | tuple):
            return value
        keys = [*self.parts]
        field = number_field(self.spec)
        return (
            {key: field.prepare_value(one) for key, one in zip(keys, value, strict=True)}
            if len(value) == len(keys)
            else None
        )

    def combine(self, given: Mapping[str, Any]) -> list[float] | None:
        found = self.clean_parts(dict.fromkeys(given, number_field(self.spec)), given)
        if not found:
            return None
        missing = [key for key in self.parts if key not in found]
        if missing:
            raise ValidationError(_("Not given yet: %(lines)s.") % {"lines": self.named(missing)}, code="missing")
        for (low, below), (high, above) in pairwise(found.items()):
            if below > above:
                named = {"low": self.parts[low].label, "high": self.parts[high].label}
                raise ValidationError(_("“%(low)s” is above “%(high)s”. They must rise.") % named, code="order")
        values = [*found.values()]
        if values[0] == values[-1]:
            raise ValidationError(_("Leave some room between the lowest and the highest of them."), code="certain")
        return values


class Quantiles(QuestionType):
    kind = "quantiles"
    label = gettext_lazy("estimate with low, best and high")
    asks_comment = True
    seconds = 90
    template = "surveys/fields/parts.html"
    on_a_line = True

    def settings_form(self) -> type[SettingsForm]:
        return QuantileSettings

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="range-2035",
            kind=self.kind,
            prompt="What share of the world's cells will be made in the United States in 2035?",
            settings={"unit": "%", "minimum": 0, "maximum": 100, "decimals": 1, "offers": ["no_opinion"]},
        )
        return spec, [[2.3, 8.0, 15.0], [5.0, 10.0, 20.0], [6.0, 14.0, 30.0], [7.0, 20.0, 91.7]]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return Estimates(spec)

    def drawn_back(self, spec: QuestionSpec, value: Any) -> Intervals:
        return Intervals(
            title=_("Your estimate"),
            rows=(_interval(_("Your estimate"), value, base=0),),
            unit=spec.settings.get("unit") or "",
            description=self.readable(spec, value),
        )

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        unit = spec.settings.get("unit") or ""
        return "; ".join(
            f"{part.label}: {quantity(value, unit)}"
            for part, value in zip(_parts(levels_of(spec)), stored, strict=False)
        )

    def as_number(self, spec: QuestionSpec, value: Any) -> float:
        """The best estimate."""
        return value[len(value) // 2]

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        """Measures: the median of each quantile over all answers, as "p5", "p50", "p95". Nothing of any one answer."""
        opinions = results.opinions(answers)
        return Tally(
            asked=len(answers),
            base=len(opinions),
            blanks=results.count_blanks(answers),
            measures={
                f"p{level}": results.median([opinion.value[place] for opinion in opinions])
                for place, level in enumerate(levels_of(spec))
                if opinions
            },
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Intervals | None:
        tally = everyone(shown)
        if tally is None:
            return None
        groups = [(names.get("all", "all"), tally), *by_group(shown, names)]
        levels = levels_of(spec)
        return Intervals(
            title=spec.prompt,
            rows=tuple(_interval(group, self._medians(spec, part), base=part.base) for group, part in groups),
            unit=spec.settings.get("unit") or "",
            levels=tuple(_("%(level)d%%") % {"level": level} for level in levels),
            description=" ".join(self.reading(spec, shown, names=names)),
            notes=(
                _("Medians of what was estimated: the dot at %(middle)d%%, the line from %(low)d%% to %(high)d%%.")
                % {"low": levels[0], "middle": levels[len(levels) // 2], "high": levels[-1]},
            ),
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        tally = everyone(shown)
        if tally is None:
            return []
        levels, unit = levels_of(spec), spec.settings.get("unit") or ""

        def told(part: Tally) -> dict[str, str]:
            values = [quantity(value, unit) for value in self._medians(spec, part)]
            return {"low": values[0], "middle": values[len(values) // 2], "high": values[-1]}

        sentences = [
            _(
                "The median best estimate of %(base)d answers is %(middle)s, between a median low (%(first)d%%) of "
                "%(low)s and a median high (%(last)d%%) of %(high)s."
            )
            % {"base": tally.base, "first": levels[0], "last": levels[-1], **told(tally)}
        ]
        parts = [
            _("%(group)s %(middle)s (%(low)s to %(high)s, n = %(base)d)")
            % {"group": group, "base": part.base, **told(part)}
            for group, part in by_group(shown, names)
        ]
        if parts:
            sentences.append(_("By sector: %(parts)s.") % {"parts": ", ".join(parts)})
        return sentences

    def columns(self, spec: QuestionSpec) -> list[str]:
        return [f"{spec.key}_p{level}" for level in levels_of(spec)]

    def cells(self, spec: QuestionSpec, stored: Any) -> list[str | int | float | None]:
        return [None] * len(levels_of(spec)) if stored is None else [*stored]

    def _medians(self, spec: QuestionSpec, tally: Tally) -> list[float]:
        decimals = int(spec.settings.get("decimals") or 0)
        return [rounded(tally.measures[f"p{level}"], decimals=decimals) for level in levels_of(spec)]


def levels_of(spec: QuestionSpec) -> tuple[int, ...]:
    return tuple(spec.settings.get("levels") or USUAL_LEVELS)


def _parts(levels: Sequence[int]) -> list[Part]:
    """From low to high, each with what its percent means."""
    middle = len(levels) // 2
    names = {0: _("Low"), middle: _("Best estimate"), len(levels) - 1: _("High")}
    between = {1: _("Lower middle"), len(levels) - 2: _("Upper middle")}
    return [
        Part(f"p{level}", {**between, **names}[place], _meaning(level, place - middle))
        for place, level in enumerate(levels)
    ]


def _meaning(level: int, side: int) -> str:
    if side < 0:
        return _("%(share)d in 100 that it will be less") % {"share": level}
    if side > 0:
        return _("%(share)d in 100 that it will be more") % {"share": 100 - level}
    return _("as likely more as less")


def _interval(label: str, values: Sequence[float], *, base: int) -> Interval:
    inner = (values[1], values[-2]) if len(values) > 3 else None
    return Interval(label, values[0], values[len(values) // 2], values[-1], base=base, inner=inner)
