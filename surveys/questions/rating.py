"""A mark on a scale of numbers, such as appropriateness from 1 to 9."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.questions.amounts import Amounts
from surveys.questions.base import OFFERS, QuestionSpec, SettingsForm
from surveys.questions.choices import OneOf

USUAL_POINTS = 9
ENDS = {"lowest": gettext_lazy("inappropriate"), "highest": gettext_lazy("appropriate")}


class RatingSettings(SettingsForm):
    points = forms.IntegerField(
        label=gettext_lazy("highest mark"),
        required=False,
        min_value=3,
        max_value=11,
        help_text=gettext_lazy("The scale begins at 1; 9 where nothing is said."),
    )
    lowest = forms.CharField(
        label=gettext_lazy("1 means"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("“Inappropriate” where nothing is said."),
    )
    highest = forms.CharField(
        label=gettext_lazy("the highest mark means"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("“Appropriate” where nothing is said."),
    )


class Marks(OneOf):
    """Radios whose values are whole numbers; `ends` says what the first and the last one mean."""

    def __init__(self, points: int, *, ends: tuple[str, str], blanks: dict[str, str]) -> None:
        marks = [(mark, str(mark)) for mark in range(1, points + 1)]
        super().__init__(choices=[*marks, *blanks.items()], coerce=lambda key: key if key in OFFERS else int(key))
        self.points, self.ends = points, ends

    def clean(self, value: Any) -> Any:
        return super().clean(value if isinstance(value, str | int) and not isinstance(value, bool) else value and "?")


class Rating(Amounts):
    kind = "rating"
    label = gettext_lazy("rating scale")
    asks_comment = True
    blanks_among_choices = True
    template = "surveys/fields/rating.html"

    def settings_form(self) -> type[SettingsForm]:
        return RatingSettings

    def edges(self, spec: QuestionSpec, amounts: Sequence[float]) -> tuple[float, ...]:
        """Every mark has its bar, given or not."""
        return tuple(mark + 0.5 for mark in range(_points(spec) + 1))

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="purchase",
            kind=self.kind,
            prompt="How appropriate are long-term purchase commitments by federal buyers?",
            settings={"offers": ["no_opinion"]},
        )
        return spec, [7, 8, 8, 9, 5, 2]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        low, high = (spec.settings.get(end) or str(usual) for end, usual in ENDS.items())
        return Marks(_points(spec), ends=(low, high), blanks=self.offered(spec))

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        low, high = (spec.settings.get(end) or str(usual) for end, usual in ENDS.items())
        return _("%(mark)d (1 = %(low)s, %(points)d = %(high)s)") % {
            "mark": stored, "low": low, "points": _points(spec), "high": high,
        }  # fmt: skip


def _points(spec: QuestionSpec) -> int:
    return int(spec.settings.get("points") or USUAL_POINTS)
