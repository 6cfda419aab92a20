"""A total shared out among several things."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Bar, Bars
from naatbatt.charts.numbers import number, quantity
from surveys import results
from surveys.questions.base import QuestionSpec, SettingsForm, by_group, everyone
from surveys.questions.choices import Listed, ShuffleSettings, shuffled
from surveys.questions.number import NumberField
from surveys.questions.parts import PartsField, PartsWidget, parts_of, reordered
from surveys.results import Counted, Tally

USUAL_TOTAL = 100


class SumSettings(ShuffleSettings):
    total = forms.IntegerField(
        label=gettext_lazy("total"),
        help_text=gettext_lazy("What is shared out; 100 where nothing is said."),
        required=False,
        min_value=2,
        max_value=1_000_000,
    )
    unit = forms.CharField(
        label=gettext_lazy("unit"), required=False, max_length=30, help_text=gettext_lazy("E.g. %, points, GWh.")
    )


class Shares(PartsField):
    """Cleans a whole number for each key, together exactly the total. What is left empty gets nothing."""

    def __init__(self, spec: QuestionSpec) -> None:
        self.total, self.unit = _total(spec), _unit(spec)
        widget = PartsWidget(parts_of(spec.labels), "surveys/fields/numbers.html", unit=self.unit)
        text = _("Share out %(total)s. What you leave empty gets nothing.") % {"total": quantity(self.total, self.unit)}
        super().__init__(widget, help_text=text)

    def combine(self, given: Mapping[str, Any]) -> dict[str, int] | None:
        field = NumberField(unit=self.unit, minimum=0, maximum=self.total, decimals=0)
        found = self.clean_parts(dict.fromkeys(given, field), given)
        if not found:
            return None
        together = sum(found.values())
        if together != self.total:
            named = {
                "sum": number(together), "total": number(self.total), "off": number(abs(self.total - together))
            }  # fmt: skip
            too_few = _("Together these are %(sum)s: %(off)s more are needed to make %(total)s.")
            too_many = _("Together these are %(sum)s: %(off)s too many to make %(total)s.")
            raise ValidationError((too_few if together < self.total else too_many) % named, code="sum")
        return {key: int(found.get(key, 0)) for key in self.parts}

    def spread(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {key: str(part) if isinstance(part, int) and abs(part) < 10**9 else part for key, part in value.items()}


class ConstantSum(Listed):
    kind = "constant_sum"
    label = gettext_lazy("sharing out a total")
    seconds = 60
    template = "surveys/fields/parts.html"

    def settings_form(self) -> type[SettingsForm]:
        return SumSettings

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="budget",
            kind=self.kind,
            prompt="How would you share out a hundred dollars of public money?",
            settings={"unit": "$", "offers": ["prefer_not"]},
            options=(
                {"key": "plants", "label": "Plants"},
                {"key": "research", "label": "Research"},
                {"key": "training", "label": "Training"},
            ),
        )
        return spec, [
            {"plants": 50, "research": 30, "training": 20},
            {"plants": 0, "research": 3, "training": 97},
            {"plants": 40, "research": 40, "training": 20},
        ]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return Shares(spec)

    def arrange(self, field: Any, spec: QuestionSpec, *, seed: str) -> None:
        if spec.settings.get("shuffle"):
            reordered(field.widget, shuffled(spec.labels, seed=seed))

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return "; ".join(
            f"{label}: {quantity(stored.get(key, 0), _unit(spec))}" for key, label in spec.labels.items()
        )  # fmt: skip

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        """Measures: the mean share of each option, as "mean:key". They add up to the total."""
        opinions = results.opinions(answers)
        return Tally(
            asked=len(answers),
            base=len(opinions),
            blanks=results.count_blanks(answers),
            measures={
                f"mean:{key}": results.mean([opinion.value.get(key, 0) for opinion in opinions])
                for key in spec.labels
                if opinions
            },
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Bars | None:
        tally = everyone(shown)
        if tally is None:
            return None
        base = _("n = %(base)d") % {"base": tally.base}
        return Bars(
            title=spec.prompt,
            bars=tuple(
                Bar(
                    label=label,
                    value=tally.measures[f"mean:{key}"],
                    text=self._mean(spec, tally, key),
                    note=", ".join([base, *self._sectors(spec, key, shown, names)]),
                )
                for key, label in spec.labels.items()
            ),
            description=" ".join(self.reading(spec, shown, names=names)),
            unit=_("Mean share"),
            maximum=_total(spec),
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        tally = everyone(shown)
        if tally is None:
            return []
        order = sorted(spec.labels, key=lambda key: -tally.measures[f"mean:{key}"])
        shares = [f"“{spec.labels[key]}” {self._mean(spec, tally, key)}" for key in order]
        return [
            _("Mean shares of %(total)s in %(base)d answers: %(shares)s.")
            % {
                "total": quantity(_total(spec), _unit(spec)),
                "base": tally.base,
                "shares": ", ".join(shares),
            }
        ]

    def finding(self, spec: QuestionSpec, shown: Mapping[str, Tally]) -> str:
        tally = everyone(shown)
        order = sorted(spec.labels, key=lambda key: -tally.measures[f"mean:{key}"]) if tally else []
        if tally is None or tally.measures[f"mean:{order[0]}"] == tally.measures[f"mean:{order[1]}"]:
            return ""
        return _("The largest share goes to “%(label)s”") % {"label": spec.labels[order[0]]}

    def columns(self, spec: QuestionSpec) -> list[str]:
        return [f"{spec.key}_{key}" for key in spec.labels]

    def cells(self, spec: QuestionSpec, stored: Any) -> list[str | int | float | None]:
        return [None if stored is None else stored.get(key, 0) for key in spec.labels]

    def _mean(self, spec: QuestionSpec, tally: Tally, key: str) -> str:
        return quantity(float(f"{tally.measures[f'mean:{key}']:.1f}"), _unit(spec))

    def _sectors(self, spec: QuestionSpec, key: str, shown: Mapping[str, Tally], names: Mapping[str, str]) -> list[str]:
        return [
            _("%(group)s %(mean)s (n = %(base)d)")
            % {"group": group, "mean": self._mean(spec, part, key), "base": part.base}
            for group, part in by_group(shown, names)
        ]


def _total(spec: QuestionSpec) -> int:
    return int(spec.settings.get("total") or USUAL_TOTAL)


def _unit(spec: QuestionSpec) -> str:
    return spec.settings.get("unit") or ""
