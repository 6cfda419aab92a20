"""How likely something is, in percent."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts.numbers import quantity
from surveys.questions.amounts import Amounts
from surveys.questions.base import QuestionSpec, SettingsForm
from surveys.questions.number import NumberField


class ProbabilitySettings(SettingsForm):
    decimals = forms.IntegerField(
        label=gettext_lazy("decimals"),
        required=False,
        min_value=0,
        max_value=3,
        help_text=gettext_lazy("For what is very rare; none where nothing is said."),
    )


class Probability(Amounts):
    kind = "probability"
    label = gettext_lazy("probability in percent")
    asks_comment = True

    def settings_form(self) -> type[SettingsForm]:
        return ProbabilitySettings

    def unit(self, spec: QuestionSpec) -> str:
        return "%"

    def decimals(self, spec: QuestionSpec) -> int:
        return int(spec.settings.get("decimals") or 0)

    def edges(self, spec: QuestionSpec, amounts: Sequence[float]) -> tuple[float, ...]:
        """Always the whole line in tenths, so that two questions can be laid beside each other."""
        return tuple(float(edge) for edge in range(0, 101, 10))

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="first-plant",
            kind=self.kind,
            prompt="How likely is a plant for all-solid-state cells in the United States by 2030?",
            settings={"offers": ["no_opinion", "prefer_not"]},
        )
        return spec, [3, 20, 35, 40, 60, 97]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        field = NumberField(unit="%", minimum=0, maximum=100, decimals=self.decimals(spec))
        field.help_text = _("In percent: 0 means impossible, 100 means certain.")
        return field

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return quantity(stored, "%")
