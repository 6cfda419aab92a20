"""Several lines, each marked on the same scale."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Diverging, Group
from surveys import results
from surveys.questions.base import QuestionSpec, SettingsForm, by_group, everyone
from surveys.questions.choices import Listed, ShuffleSettings, choice_problems, shuffled
from surveys.questions.lines import OptionLines
from surveys.questions.parts import PartsField, PartsWidget, parts_of, reordered
from surveys.questions.scales import above, agreement, below
from surveys.results import Counted, Tally

MOST_POINTS = 7


class ScaleLines(OptionLines):
    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        problems = choice_problems(found) if found else []
        if not problems and found and len(found) > MOST_POINTS:
            problems = [_("A scale has at most %(most)d points.") % {"most": MOST_POINTS}]
        if problems:
            raise ValidationError(problems)
        return found


class MatrixSettings(ShuffleSettings):
    scale = ScaleLines(
        label=gettext_lazy("scale"),
        help_text=gettext_lazy(
            "From the most negative point to the most positive, one on each line: key | label. Two to seven points; "
            "five from “strongly disagree” to “strongly agree” where nothing is said."
        ),
    )


class Marks(PartsField):
    """Cleans a point of the scale for every line."""

    def __init__(self, spec: QuestionSpec) -> None:
        points = scale_of(spec)
        self.points = {*points}
        super().__init__(
            PartsWidget(parts_of(spec.labels), "surveys/fields/matrix.html", choices=list(points.items())),
            help_text=_("Mark every line."),
        )

    def combine(self, given: Mapping[str, Any]) -> dict[str, str]:
        if any(not isinstance(point, str) or point not in self.points for point in given.values()):
            raise ValidationError(_("Choose one of the listed answers."), code="invalid_choice")
        missing = [key for key in self.parts if key not in given]
        if missing:
            raise ValidationError(_("Not marked yet: %(lines)s.") % {"lines": self.named(missing)}, code="missing")
        return {key: given[key] for key in sorted(given)}


class Matrix(Listed):
    kind = "matrix"
    label = gettext_lazy("matrix: lines on one scale")
    seconds = 75
    template = "surveys/fields/parts.html"

    def settings_form(self) -> type[SettingsForm]:
        return MatrixSettings

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="measures",
            kind=self.kind,
            prompt="How much would each of these help?",
            settings={
                "scale": [
                    {"key": "harm", "label": "It would harm"},
                    {"key": "nothing", "label": "No effect"},
                    {"key": "help", "label": "It would help"},
                ],
                "offers": ["no_opinion"],
            },
            options=({"key": "tariffs", "label": "Tariffs"}, {"key": "credits", "label": "Tax credits"}),
        )
        return spec, [
            {"credits": "help", "tariffs": "harm"},
            {"credits": "help", "tariffs": "help"},
            {"credits": "nothing", "tariffs": "harm"},
        ]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return Marks(spec)

    def arrange(self, field: Any, spec: QuestionSpec, *, seed: str) -> None:
        if spec.settings.get("shuffle"):
            reordered(field.widget, shuffled(spec.labels, seed=seed))

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        points = scale_of(spec)
        return "; ".join(
            f"{label}: {points.get(stored[key], stored[key])}" for key, label in spec.labels.items() if key in stored
        )

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        """Counts are by line and point, as "line:point". Every opinion marks every line, so all have the one base."""
        opinions = results.opinions(answers)
        marks = [Counted(f"{row}:{point}", one.sector) for one in opinions for row, point in one.value.items()]
        keys = [f"{row}:{point}" for row in spec.labels for point in scale_of(spec)]
        return Tally(
            asked=len(answers),
            base=len(opinions),
            blanks=results.count_blanks(answers),
            counts=results.count_options(keys, marks),
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Diverging | None:
        tally = everyone(shown)
        if tally is None:
            return None
        return Diverging(
            title=spec.prompt,
            levels=tuple(scale_of(spec).values()),
            groups=tuple(
                Group(label, tuple(results.whole_percent(_line(spec, tally, key)).values()), tally.base)
                for key, label in spec.labels.items()
            ),
            description=" ".join(self.reading(spec, shown, names=names)),
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        tally = everyone(shown)
        if tally is None:
            return []
        sides = [
            _("“%(label)s” %(above)d%% above the middle of the scale and %(below)d%% below it")
            % {"label": label, **_sides(spec, tally, key)}
            for key, label in spec.labels.items()
        ]
        sentences = [_("In %(base)d answers: %(sides)s.") % {"base": tally.base, "sides": "; ".join(sides)}]
        for group, part in by_group(shown, names):
            lines = [f"“{label}” {_sides(spec, part, key)['above']}%" for key, label in spec.labels.items()]
            sentences.append(
                _("%(group)s (n = %(base)d), above the middle: %(lines)s.")
                % {"group": group, "base": part.base, "lines": ", ".join(lines)}
            )
        return sentences

    def finding(self, spec: QuestionSpec, shown: Mapping[str, Tally]) -> str:
        tally = everyone(shown)
        if tally is None:
            return ""
        balance = {key: above(_line(spec, tally, key)) - below(_line(spec, tally, key)) for key in spec.labels}
        first, second = sorted(balance, key=lambda key: -balance[key])[:2]
        if balance[first] == balance[second]:
            return ""
        return _("“%(label)s” is marked highest") % {"label": spec.labels[first]}

    def columns(self, spec: QuestionSpec) -> list[str]:
        return [f"{spec.key}_{key}" for key in spec.labels]

    def cells(self, spec: QuestionSpec, stored: Any) -> list[str | int | float | None]:
        return [None if stored is None else stored.get(key) for key in spec.labels]


def scale_of(spec: QuestionSpec) -> dict[str, str]:
    """The points of the scale, from the most negative to the most positive."""
    given = spec.settings.get("scale")
    if given:
        return {point["key"]: point["label"] for point in given}
    return {key: str(label) for key, label in agreement().items()}


def _line(spec: QuestionSpec, tally: Tally, row: str) -> dict[str, int]:
    return {point: tally.counts[f"{row}:{point}"] for point in scale_of(spec)}


def _sides(spec: QuestionSpec, tally: Tally, row: str) -> dict[str, int]:
    shares = results.whole_percent(_line(spec, tally, row))
    return {"above": above(shares), "below": below(shares)}
