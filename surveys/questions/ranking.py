"""Several things put in order: all of them, or the first few."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Bar, Bars
from surveys import results
from surveys.questions.base import QuestionSpec, SettingsForm, by_group, everyone
from surveys.questions.choices import Listed, ShuffleSettings, shuffled
from surveys.questions.parts import PartsField, PartsWidget, parts_of, reordered
from surveys.results import Counted, Tally


class RankingSettings(ShuffleSettings):
    top = forms.IntegerField(
        label=gettext_lazy("only the first"),
        help_text=gettext_lazy("How many to put in order; all of them where nothing is said."),
        required=False,
        min_value=1,
        max_value=100,
    )


class InOrder(PartsField):
    """Cleans a place for each key to the keys in the order of their places."""

    def __init__(self, spec: QuestionSpec) -> None:
        self.places = _places(spec)
        numbers = [(str(place), str(place)) for place in range(1, self.places + 1)]
        widget = PartsWidget(parts_of(spec.labels), "surveys/fields/ranking.html", choices=numbers)
        everything = self.places == len(spec.labels)
        text = _("Give every line a place; 1 comes first.") if everything else _(
            "Give %(places)d of them a place; 1 comes first. Leave the others empty."
        ) % {"places": self.places}  # fmt: skip
        super().__init__(widget, help_text=text)

    def spread(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        if not all(isinstance(key, str) for key in value) or len({*value}) != len(value):
            return None
        return {key: str(place) for place, key in enumerate(value, start=1)}

    def combine(self, given: Mapping[str, Any]) -> list[str]:
        numbers = {str(place): place for place in range(1, self.places + 1)}
        if any(not isinstance(raw, str | int) or str(raw)[:9] not in numbers for raw in given.values()):
            raise ValidationError(_("Places are numbers from 1 to %(last)d.") % {"last": self.places}, code="invalid")
        by_place = {numbers[str(raw)]: key for key, raw in given.items()}
        ties = [place for place, times in Counter(numbers[str(raw)] for raw in given.values()).items() if times > 1]
        if ties:
            raise ValidationError(
                _("Place %(place)d is given more than once. Give each place to one line only.") % {"place": min(ties)},
                code="tie",
            )
        missing = [place for place in numbers.values() if place not in by_place]
        if missing:
            places = ", ".join(map(str, missing[:9]))
            raise ValidationError(_("Not given yet: place %(places)s.") % {"places": places}, code="missing")
        return [by_place[place] for place in sorted(by_place)]


class Ranking(Listed):
    kind = "ranking"
    label = gettext_lazy("ranking")
    seconds = 60
    template = "surveys/fields/parts.html"

    def settings_form(self) -> type[SettingsForm]:
        return RankingSettings

    def joint_problems(self, spec: QuestionSpec) -> list[str]:
        found = super().joint_problems(spec)
        if spec.settings.get("top", 0) > len(spec.options):
            found.append(_("top: there are only %(number)d options.") % {"number": len(spec.options)})
        return found

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="hurdles",
            kind=self.kind,
            prompt="Which hurdles weigh most on a new plant?",
            settings={"top": 2, "shuffle": True, "offers": ["no_opinion"]},
            options=(
                {"key": "cost", "label": "Cost"},
                {"key": "technology", "label": "Technology"},
                {"key": "workforce", "label": "Workforce"},
                {"key": "materials", "label": "Materials"},
            ),
        )
        return spec, [["cost", "technology"], ["technology", "cost"], ["cost", "materials"]]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return InOrder(spec)

    def arrange(self, field: Any, spec: QuestionSpec, *, seed: str) -> None:
        if spec.settings.get("shuffle"):
            reordered(field.widget, shuffled(spec.labels, seed=seed))

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return "; ".join(f"{place}. {spec.labels.get(key, key)}" for place, key in enumerate(stored, start=1))

    def pickable(self, spec: QuestionSpec) -> dict[str, str]:
        return self.labels(spec)

    def picked(self, spec: QuestionSpec, value: Any) -> frozenset[str]:
        """What was put among the first few; where all are put in order, the one that was put first."""
        return frozenset(value[:1] if _places(spec) == len(spec.labels) else value)

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        """`counts`: how often each was put first. Measures: the mean rank, as "rank:key".

        What somebody left without a place shares the places that were left: with 2 of 4 placed, the others are 3.5th.
        """
        opinions = results.opinions(answers)
        ranks = {
            f"rank:{key}": results.mean([_rank(key, opinion.value, len(spec.labels)) for opinion in opinions])
            for key in spec.labels
            if opinions
        }
        return Tally(
            asked=len(answers),
            base=len(opinions),
            blanks=results.count_blanks(answers),
            counts=results.count_options(spec.labels, (Counted(row.value[0], row.sector) for row in opinions)),
            measures=ranks,
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Bars | None:
        """A bar for how often an option stands above another: 100 where it was always first, 0 where always last."""
        tally = everyone(shown)
        if tally is None:
            return None
        return Bars(
            title=spec.prompt,
            bars=tuple(
                Bar(
                    label=spec.labels[key],
                    value=_score(tally, key),
                    text=_("mean rank %(rank).1f") % {"rank": tally.measures[f"rank:{key}"]},
                    note=self._note(key, tally, shown, names),
                )
                for key in _from_the_top(tally)
            ),
            description=" ".join(self.reading(spec, shown, names=names)),
            unit=_("Mean rank"),
            maximum=100,
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        tally = everyone(shown)
        if tally is None:
            return []
        order = _from_the_top(tally)
        ranks = [
            _("“%(label)s” (%(rank).1f)") % {"label": spec.labels[key], "rank": tally.measures[f"rank:{key}"]}
            for key in order
        ]
        sentences = [
            _("Mean rank of %(base)d answers, 1 being first: %(ranks)s.")
            % {"base": tally.base, "ranks": ", ".join(ranks)},
            _("“%(label)s” was put first by %(count)d of %(base)d.")
            % {"label": spec.labels[order[0]], "count": tally.counts[order[0]], "base": tally.base},
        ]
        if _places(spec) < len(spec.labels):
            sentences.append(_("What was left without a place shares the places that were left."))
        return sentences

    def finding(self, spec: QuestionSpec, shown: Mapping[str, Tally]) -> str:
        tally = everyone(shown)
        first = _from_the_top(tally)[:2] if tally else []
        if tally is None or tally.measures[f"rank:{first[0]}"] == tally.measures[f"rank:{first[1]}"]:
            return ""
        return _("“%(label)s” ranks highest") % {"label": spec.labels[first[0]]}

    def columns(self, spec: QuestionSpec) -> list[str]:
        return [f"{spec.key}_{key}" for key in spec.labels]

    def cells(self, spec: QuestionSpec, stored: Any) -> list[str | int | float | None]:
        """The place of each option; none where it was given none."""
        return [stored.index(key) + 1 if key in (stored or ()) else None for key in spec.labels]

    def _note(self, key: str, tally: Tally, shown: Mapping[str, Tally], names: Mapping[str, str]) -> str:
        first = _("First for %(count)d of %(base)d") % {"count": tally.counts[key], "base": tally.base}
        sectors = [
            _("%(group)s %(rank).1f (n = %(base)d)")
            % {"group": group, "rank": part.measures[f"rank:{key}"], "base": part.base}
            for group, part in by_group(shown, names)
        ]
        if not sectors:
            return first
        return _("%(first)s. Mean rank by sector: %(sectors)s") % {"first": first, "sectors": ", ".join(sectors)}


def _places(spec: QuestionSpec) -> int:
    return int(spec.settings.get("top") or len(spec.labels))


def _rank(key: str, order: Sequence[str], number: int) -> float:
    return order.index(key) + 1 if key in order else (len(order) + 1 + number) / 2


def _score(tally: Tally, key: str) -> float:
    return 100 * (len(tally.counts) - tally.measures[f"rank:{key}"]) / (len(tally.counts) - 1)


def _from_the_top(tally: Tally) -> list[str]:
    return sorted(tally.counts, key=lambda key: tally.measures[f"rank:{key}"])
