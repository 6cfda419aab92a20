"""Any number of answers out of several."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Bars
from surveys import results
from surveys.questions.base import QuestionSpec, QuestionType
from surveys.questions.choices import choice_problems, leading, share_bars
from surveys.results import Counted, Tally


class SeveralOf(forms.MultipleChoiceField):
    """Keys in the order asked, each once; None where nothing was ticked."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, labels: Mapping[str, str]) -> None:
        super().__init__(required=False, choices=list(labels.items()))
        self.order = list(labels)
        # Django's own message would repeat whatever was sent.
        self.error_messages["invalid_choice"] = _("Choose among the listed answers.")

    def clean(self, value: Any) -> list[str] | None:
        chosen = super().clean(value)
        return [key for key in self.order if key in chosen] or None


class MultipleChoice(QuestionType):
    kind = "multiple_choice"
    label = gettext_lazy("multiple choice")
    asks_comment = True

    def option_problems(self, options: Any) -> list[str]:
        return choice_problems(options)

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="depends",
            kind=self.kind,
            prompt="For whom does it matter where cells are made?",
            options=(
                {"key": "defence", "label": "Defence"},
                {"key": "data-centres", "label": "AI data centres"},
                {"key": "vehicles", "label": "Electric vehicles"},
            ),
        )
        return spec, [["defence"], ["defence", "vehicles"], ["defence", "data-centres", "vehicles"]]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return SeveralOf(spec.labels)

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return "; ".join(spec.labels.get(key, key) for key in stored)

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        """The base is people, not ticks: shares need not add up to 100. The ticks are the measure "picks"."""
        opinions = results.opinions(answers)
        ticks = [Counted(key, opinion.sector) for opinion in opinions for key in opinion.value]
        return Tally(
            asked=len(answers),
            base=len(opinions),
            blanks=results.count_blanks(answers),
            counts=results.count_options(spec.labels, ticks),
            measures={"picks": len(ticks)} if ticks else {},
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Bars | None:
        return share_bars(
            spec, shown, _shares(shown), names=names, description=" ".join(self.reading(spec, shown, names=names))
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        sentences = leading(spec, shown, _shares(shown))
        return [*sentences, _("More than one answer was possible.")] if sentences else []

    def columns(self, spec: QuestionSpec) -> list[str]:
        return [f"{spec.key}_{key}" for key in spec.labels]

    def cells(self, spec: QuestionSpec, stored: Any) -> list[str | int | float | None]:
        return [None if stored is None else int(key in stored) for key in spec.labels]


def _shares(shown: Mapping[str, Tally]) -> dict[str, int]:
    everyone = shown.get("all", Tally(asked=0, base=0))
    return {key: results.percent(count, everyone.base) for key, count in everyone.counts.items()}
