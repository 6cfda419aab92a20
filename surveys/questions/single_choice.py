"""One answer out of several."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Bars
from surveys import results
from surveys.questions.base import QuestionSpec, SettingsForm
from surveys.questions.choices import (
    OTHER,
    ChoiceSettings,
    Listed,
    OneOf,
    arrange_choices,
    key_of,
    labels_of,
    leading,
    share_bars,
    takes_other,
)
from surveys.results import Counted, Tally


class SingleChoice(Listed):
    kind = "single_choice"
    label = gettext_lazy("single choice")
    blanks_among_choices = True

    def settings_form(self) -> type[SettingsForm]:
        return ChoiceSettings

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="hurdle",
            kind=self.kind,
            prompt="What is the highest hurdle for cell makers in the United States?",
            settings={"other": True, "shuffle": True, "offers": ["no_opinion"]},
            options=(
                {"key": "cost", "label": "Cost of production"},
                {"key": "technology", "label": "Technology"},
                {"key": "workforce", "label": "A trained workforce"},
            ),
        )
        return spec, ["cost", "workforce", "cost", "technology", {OTHER: "Permits"}]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return OneOf(choices=[*labels_of(spec).items(), *self.offered(spec).items()], other=takes_other(spec))

    def arrange(self, field: forms.Field, spec: QuestionSpec, *, seed: str) -> None:
        arrange_choices(field, spec, seed=seed)

    def frozen(self, stored: Any) -> Any:
        return key_of(stored)

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        if isinstance(stored, Mapping):
            return _("Other: %(words)s") % {"words": stored[OTHER]}
        return labels_of(spec).get(stored, str(stored))

    def words(self, stored: Any, comment: str) -> str:
        said = stored[OTHER] if isinstance(stored, Mapping) else ""
        return "\n\n".join(part for part in (said, comment) if part)

    def pickable(self, spec: QuestionSpec) -> dict[str, str]:
        return labels_of(spec)

    def picked(self, spec: QuestionSpec, value: Any) -> frozenset[str]:
        return frozenset({key_of(value)})

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        opinions = results.opinions(answers)
        return Tally(
            asked=len(answers),
            base=len(opinions),
            blanks=results.count_blanks(answers),
            counts=results.count_options(
                labels_of(spec), (Counted(key_of(opinion.value), opinion.sector) for opinion in opinions)
            ),
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Bars | None:
        return share_bars(
            spec, shown, _shares(shown), names=names, description=" ".join(self.reading(spec, shown, names=names))
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        return leading(spec, shown, _shares(shown))

    def columns(self, spec: QuestionSpec) -> list[str]:
        return [spec.key, f"{spec.key}_other_words"] if takes_other(spec) else [spec.key]

    def cells(self, spec: QuestionSpec, stored: Any) -> list[str | int | float | None]:
        said = stored[OTHER] if isinstance(stored, Mapping) else None
        return [key_of(stored), said] if takes_other(spec) else [key_of(stored)]


def _shares(shown: Mapping[str, Tally]) -> dict[str, int]:
    return results.whole_percent(shown["all"].counts) if "all" in shown else {}
