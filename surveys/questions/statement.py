"""A statement to agree or disagree with, on four to seven points, with how sure one is."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Diverging, Group
from surveys import results
from surveys.questions.base import OFFERS, QuestionSpec, QuestionType, SettingsForm, by_group, everyone
from surveys.questions.choices import OneOf, choice_problems
from surveys.questions.scales import AGREEMENT, LEFT_OUT, USUAL_POINTS, above, agreement, below, middle
from surveys.results import Counted, Tally

POINTS = agreement()
NO_OPINION = "no_opinion"


class StatementSettings(SettingsForm):
    usual_offers = (NO_OPINION,)

    points = forms.TypedChoiceField(
        label=gettext_lazy("points of the scale"),
        help_text=gettext_lazy("An even number has no middle: everyone takes a side."),
        choices=[(points, str(points)) for points in LEFT_OUT],
        coerce=int,
        empty_value=None,
        required=False,
        initial=USUAL_POINTS,
    )


class Statement(QuestionType):
    kind = "statement"
    label = gettext_lazy("agree/disagree statement")
    asks_confidence = True
    asks_comment = True
    blanks_among_choices = True
    in_a_row = True
    takes_options = True
    on_a_line = True

    def settings_form(self) -> type[SettingsForm]:
        return StatementSettings

    def option_problems(self, options: Any) -> list[str]:
        """Options are not needed; given, they are other labels for some of the points."""
        problems = choice_problems(options, at_least=0)
        if problems:
            return problems
        known = [*AGREEMENT, *OFFERS]
        return [
            _("“%(key)s” is no point of the scale. Known: %(known)s.")
            % {"key": option["key"], "known": ", ".join(known)}
            for option in options
            if option["key"] not in known
        ]

    def joint_problems(self, spec: QuestionSpec) -> list[str]:
        points = [*_points(spec), *self.offered(spec)]
        return [
            _("“%(key)s” is no point of this scale, which has: %(known)s.") % {"key": key, "known": ", ".join(points)}
            for key in spec.labels
            if key not in points
        ]

    def labels(self, spec: QuestionSpec) -> dict[str, str]:
        return {key: spec.labels.get(key) or str(label) for key, label in _points(spec).items()}

    def offered(self, spec: QuestionSpec) -> dict[str, str]:
        usual = {**super().offered(spec)}
        if NO_OPINION in usual:
            usual[NO_OPINION] = _("No opinion")
        return {blank: spec.labels.get(blank) or label for blank, label in usual.items()}

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="catch-up",
            kind=self.kind,
            prompt="The United States can catch up in lithium-ion cell production by 2035.",
        )
        return spec, ["strongly_agree", "agree", "neutral", "disagree", "strongly_disagree"]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return OneOf(choices=[*self.labels(spec).items(), *self.offered(spec).items()])

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return self.labels(spec).get(stored, str(stored))

    def pickable(self, spec: QuestionSpec) -> dict[str, str]:
        return self.labels(spec)

    def picked(self, spec: QuestionSpec, value: Any) -> frozenset[str]:
        return frozenset({value})

    def as_number(self, spec: QuestionSpec, value: Any) -> float | None:
        """Its place on the scale, 1 being the most negative."""
        return {key: place for place, key in enumerate(_points(spec), start=1)}.get(value)

    def number_in_words(self, spec: QuestionSpec, number: float) -> str:
        points = [*self.labels(spec).values()]
        return points[int(number) - 1] if number in range(1, len(points) + 1) else super().number_in_words(spec, number)

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        opinions, points = results.opinions(answers), _points(spec)
        return Tally(
            asked=len(answers),
            base=len(opinions),
            blanks=results.count_blanks(answers),
            counts=results.count_options(points, opinions),
            weights=results.weigh_options(points, opinions),
        )

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Diverging | None:
        groups = []
        for key, tally in shown.items():
            if not tally.base:
                continue
            name = names.get(key, key)
            groups.append(Group(name, tuple(results.whole_percent(tally.counts).values()), tally.base))
            if key == "all" and any(tally.weights.values()):
                label = _("%(group)s, weighted by confidence") % {"group": name}
                groups.append(Group(label, tuple(results.whole_percent(tally.weights).values()), tally.base))
        if not groups:
            return None
        return Diverging(
            title=spec.prompt,
            levels=tuple(self.labels(spec).values()),
            groups=tuple(groups),
            description=" ".join(self.reading(spec, shown, names=names)),
        )

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        tally = everyone(shown)
        if tally is None:
            return []
        counts, shares = tally.counts, results.whole_percent(tally.counts)
        named = {
            "base": tally.base,
            "agree": above(counts),
            "agree_share": above(shares),
            "disagree": below(counts),
            "disagree_share": below(shares),
            "neutral": middle(counts),
            "neutral_share": middle(shares),
        }
        if named["neutral"] is None:
            first = _(
                "Of %(base)d who gave an opinion, %(agree_share)d%% agree (%(agree)d) and %(disagree_share)d%% "
                "disagree (%(disagree)d)."
            )
        else:
            first = _(
                "Of %(base)d who gave an opinion, %(agree_share)d%% agree (%(agree)d), %(disagree_share)d%% disagree "
                "(%(disagree)d) and %(neutral_share)d%% do neither (%(neutral)d)."
            )
        sentences = [first % named]
        if any(tally.weights.values()):
            weighted = results.whole_percent(tally.weights)
            sentences.append(
                _("Weighted by confidence, %(agree)d%% agree and %(disagree)d%% disagree.")
                % {"agree": above(weighted), "disagree": below(weighted)}
            )
        parts = [
            _("%(group)s %(share)d%% of %(base)d")
            % {"group": group, "share": above(results.whole_percent(part.counts)), "base": part.base}
            for group, part in by_group(shown, names)
        ]
        if parts:
            sentences.append(_("Agreement by sector: %(parts)s.") % {"parts": ", ".join(parts)})
        return sentences


def _points(spec: QuestionSpec) -> dict[str, Promise]:
    return agreement(spec.settings.get("points") or USUAL_POINTS)
