"""One answer out of several."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from naatbatt.charts import Bars
from surveys import results
from surveys.questions.base import QuestionSpec, QuestionType
from surveys.questions.choices import OneOf, choice_problems, leading, share_bars
from surveys.results import Counted, Tally


class SingleChoice(QuestionType):
    kind = "single_choice"
    label = gettext_lazy("single choice")
    asks_comment = True

    def option_problems(self, options: Any) -> list[str]:
        return choice_problems(options)

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="hurdle",
            kind=self.kind,
            prompt="What is the highest hurdle for cell makers in the United States?",
            options=(
                {"key": "cost", "label": "Cost of production"},
                {"key": "technology", "label": "Technology"},
                {"key": "workforce", "label": "A trained workforce"},
            ),
        )
        return spec, ["cost", "workforce", "cost", "technology"]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return OneOf(choices=spec.labels.items())

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return spec.labels.get(stored, str(stored))

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        opinions = results.opinions(answers)
        return Tally(
            asked=len(answers),
            base=len(opinions),
            blanks=results.count_blanks(answers),
            counts=results.count_options(spec.labels, opinions),
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Bars | None:
        return share_bars(
            spec, shown, _shares(shown), names=names, description=" ".join(self.reading(spec, shown, names=names))
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        return leading(spec, shown, _shares(shown))


def _shares(shown: Mapping[str, Tally]) -> dict[str, int]:
    return results.whole_percent(shown["all"].counts) if "all" in shown else {}
