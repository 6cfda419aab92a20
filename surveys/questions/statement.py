"""A statement to agree or disagree with, on five points, with how sure one is."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Diverging, Group
from surveys import results
from surveys.questions.base import QuestionSpec, QuestionType
from surveys.questions.choices import OneOf, choice_problems
from surveys.results import Counted, Tally

# From most negative to most positive. The keys are stored and never change; the labels are only printed.
POINTS = {
    "strongly_disagree": gettext_lazy("Strongly disagree"),
    "disagree": gettext_lazy("Disagree"),
    "neutral": gettext_lazy("Neither agree nor disagree"),
    "agree": gettext_lazy("Agree"),
    "strongly_agree": gettext_lazy("Strongly agree"),
}
NO_OPINION = "no_opinion"


class Statement(QuestionType):
    kind = "statement"
    label = gettext_lazy("agree/disagree statement")
    asks_confidence = True
    asks_comment = True
    blank_choices = {NO_OPINION: NO_OPINION}
    in_a_row = True

    def option_problems(self, options: Any) -> list[str]:
        """Options are not needed; given, they are other labels for some of the points."""
        problems = choice_problems(options, at_least=0)
        if problems:
            return problems
        known = [*POINTS, NO_OPINION]
        return [
            _("“%(key)s” is no point of the scale. Known: %(known)s.")
            % {"key": option["key"], "known": ", ".join(known)}
            for option in options
            if option["key"] not in known
        ]

    def labels(self, spec: QuestionSpec) -> dict[str, str]:
        return {key: spec.labels.get(key) or str(label) for key, label in POINTS.items()}

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="catch-up",
            kind=self.kind,
            prompt="The United States can catch up in lithium-ion cell production by 2035.",
        )
        return spec, ["strongly_agree", "agree", "neutral", "disagree", "strongly_disagree"]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        no_opinion = spec.labels.get(NO_OPINION) or _("No opinion")
        return OneOf(choices=[*self.labels(spec).items(), (NO_OPINION, no_opinion)])

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return self.labels(spec).get(stored, str(stored))

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        opinions = results.opinions(answers)
        return Tally(
            asked=len(answers),
            base=len(opinions),
            blanks=results.count_blanks(answers),
            counts=results.count_options(POINTS, opinions),
            weights=results.weigh_options(POINTS, opinions),
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
        tally = shown.get("all")
        if tally is None or not tally.base:
            return []
        counts, shares = tally.counts, results.whole_percent(tally.counts)
        sentences = [
            _(
                "Of %(base)d who gave an opinion, %(agree_share)d%% agree (%(agree)d), %(disagree_share)d%% disagree "
                "(%(disagree)d) and %(neutral_share)d%% do neither (%(neutral)d)."
            )
            % {
                "base": tally.base,
                "agree": _agree(counts),
                "agree_share": _agree(shares),
                "disagree": _disagree(counts),
                "disagree_share": _disagree(shares),
                "neutral": counts["neutral"],
                "neutral_share": shares["neutral"],
            }
        ]
        if any(tally.weights.values()):
            weighted = results.whole_percent(tally.weights)
            sentences.append(
                _("Weighted by confidence, %(agree)d%% agree and %(disagree)d%% disagree.")
                % {"agree": _agree(weighted), "disagree": _disagree(weighted)}
            )
        parts = [
            _("%(group)s %(share)d%% of %(base)d")
            % {
                "group": names.get(group, group),
                "share": _agree(results.whole_percent(part.counts)),
                "base": part.base,
            }
            for group, part in shown.items()
            if group != "all" and part.base
        ]
        if parts:
            sentences.append(_("Agreement by sector: %(parts)s.") % {"parts": ", ".join(parts)})
        return sentences


def _agree(amounts: Mapping[str, int]) -> int:
    return amounts["agree"] + amounts["strongly_agree"]


def _disagree(amounts: Mapping[str, int]) -> int:
    return amounts["disagree"] + amounts["strongly_disagree"]
