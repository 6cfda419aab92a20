"""A measure held against its bound, in words, with the rule printed: "Consensus: ... (rule: ...)".

A verdict says what one named rule says, no more. Bounds are the survey's; the defaults are those of the sources that
each measure names. Figures are printed with as many digits as it takes to see on which side of the bound they lie.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from naatbatt.charts.numbers import number
from surveys.consensus.agreement import (
    Appropriateness,
    appropriateness,
    interquartile_range,
    modal_share,
    percent_agreement,
    van_der_eijk_agreement,
)
from surveys.consensus.stability import share_changed
from surveys.results import median


@dataclass(frozen=True)
class Verdict:
    """What a rule says of a question.

    measure   its name: "iqr", "percent_agreement", "modal_share", "median_and_iqr", "appropriateness",
              "van_der_eijk_agreement", "share_changed"
    value     what was measured, unrounded
    bound     what it was held against
    reached   whether consensus, or stability, is reached by this rule
    sentence  the verdict in words, the rule with it
    """

    measure: str
    value: float
    bound: float
    reached: bool
    sentence: str


def by_iqr(values: Sequence[float], *, at_most: float) -> Verdict:
    """Consensus where the interquartile range is at most so wide (`interquartile_range`, with its errors)."""
    value = interquartile_range(values)
    reached = _at_most(value, at_most)
    rule = _("rule: consensus where the interquartile range is at most %(bound)s") % {"bound": _figure(at_most)}
    found = _("the interquartile range is %(value)s") % {"value": _figure(value, at_most)}
    return Verdict("iqr", value, at_most, reached, _said(reached, found, rule))


def by_percent_agreement(values: Sequence[float], low: float, high: float, *, at_least: float = 75) -> Verdict:
    """Consensus where so many percent lie in a range (`percent_agreement`, with its errors)."""
    value = percent_agreement(values, low, high)
    reached = _at_most(at_least, value)
    ends = {"low": _figure(low), "high": _figure(high), "bound": _figure(at_least)}
    rule = _("rule: consensus where at least %(bound)s%% answer from %(low)s to %(high)s") % ends
    found = _("%(value)s%% of %(base)s answer from %(low)s to %(high)s") % {
        **ends, "value": _figure(value, at_least), "base": number(len(values))
    }  # fmt: skip
    return Verdict("percent_agreement", value, at_least, reached, _said(reached, found, rule))


def by_modal_share(counts: Mapping[str, int], *, at_least: float = 75) -> Verdict:
    """Consensus where so many percent chose the most chosen option (`modal_share`, with its errors)."""
    value = modal_share(counts)
    reached = _at_most(at_least, value)
    rule = _("rule: consensus where at least %(bound)s%% choose the same") % {"bound": _figure(at_least)}
    found = _("%(value)s%% of %(base)s chose the same") % {
        "value": _figure(value, at_least), "base": number(sum(counts.values()))
    }  # fmt: skip
    return Verdict("modal_share", value, at_least, reached, _said(reached, found, rule))


def by_median_and_iqr(
    ratings: Sequence[float], *, agreed_from: float = 7, rejected_to: float = 3, at_most: float = 3
) -> Verdict:
    """Agreed, rejected or open by the median; consensus where the interquartile range is at most so wide.

    ratings  on the scale that the bounds are meant for; the defaults are for 1 to 9
    returns  value and bound are those of the interquartile range; reached where there is consensus, on whichever side
    raises   ValueError where there are no ratings, or the bounds of the median cross

    A rule in use in Delphi studies on a scale of 1 to 9: the thirds are those of the RAND/UCLA method, and an
    interquartile range of 3 keeps the middle half within the width of one.
    """
    if rejected_to >= agreed_from:
        raise ValueError(f"What is rejected up to {rejected_to} cannot be agreed from {agreed_from}.")
    middle, value = median(ratings), interquartile_range(ratings)
    reached = _at_most(value, at_most)
    bounds = {"from": _figure(agreed_from), "to": _figure(rejected_to), "bound": _figure(at_most)}
    rule = (
        _(
            "rule: agreed where the median is at least %(from)s, rejected where it is at most %(to)s; "
            "consensus where the interquartile range is at most %(bound)s"
        )
        % bounds
    )
    if _at_most(agreed_from, middle):
        side, nearest = _("agreed"), agreed_from
    elif _at_most(middle, rejected_to):
        side, nearest = _("rejected"), rejected_to
    else:
        side = _("neither agreed nor rejected")
        nearest = min(agreed_from, rejected_to, key=lambda bound: abs(middle - bound))
    found = _("%(side)s; the median is %(median)s, the interquartile range %(value)s") % {
        "side": side, "median": _figure(middle, nearest), "value": _figure(value, at_most)
    }  # fmt: skip
    return Verdict("median_and_iqr", value, at_most, reached, _said(reached, found, rule))


def by_appropriateness(ratings: Sequence[float]) -> Verdict:
    """The RAND/UCLA verdict on ratings from 1 to 9 (`appropriateness`, with its errors).

    Value and bound are the interpercentile range and IPRAS; reached where there is no disagreement.
    """
    found = appropriateness(ratings)
    named = {
        "median": _figure(found.median),
        "value": _figure(found.ipr, found.ipras),
        "bound": _figure(found.ipras),
    }
    sentence = _(
        "%(class)s, %(disagreement)s: the median is %(median)s, the range from the 30th to the 70th percentile "
        "%(value)s (rule of the RAND/UCLA method: disagreement where that range exceeds IPRAS, here %(bound)s; "
        "otherwise appropriate from a median of 6.5, inappropriate below 3.5)."
    ) % {**named, "class": _class(found), "disagreement": _disagreement(found)}
    return Verdict("appropriateness", found.ipr, found.ipras, not found.disagreement, sentence)


def by_van_der_eijk(counts: Mapping[str, int], *, at_least: float) -> Verdict:
    """Consensus where agreement A on an ordered scale is at least so high (`van_der_eijk_agreement`, with its errors).

    There is no usual bound: 1 is unanimity, 0 an even spread, -1 two camps at the ends.
    """
    value = van_der_eijk_agreement(counts)
    reached = _at_most(at_least, value)
    rule = _("rule: consensus where van der Eijk's agreement A is at least %(bound)s") % {"bound": _figure(at_least)}
    found = _("agreement A is %(value)s, on a scale from −1 (two camps) to 1 (all alike)") % {
        "value": _figure(value, at_least)
    }
    return Verdict("van_der_eijk_agreement", value, at_least, reached, _said(reached, found, rule))


def by_share_changed(before: Sequence[Any], after: Sequence[Any], *, at_most: float = 15) -> Verdict:
    """Stability where at most so many percent gave another answer than before (`share_changed`, with its errors)."""
    value = share_changed(before, after)
    reached = _at_most(value, at_most)
    outcome = _("Stable") if reached else _("Not stable")
    sentence = _(
        "%(outcome)s: %(value)s%% of %(base)s changed their answer (rule: stable where at most %(bound)s%% do)."
    ) % {
        "outcome": outcome,
        "value": _figure(value, at_most),
        "base": number(len(after)),
        "bound": _figure(at_most),
    }
    return Verdict("share_changed", value, at_most, reached, sentence)


def _said(reached: bool, found: str, rule: str) -> str:
    outcome = _("Consensus") if reached else _("No consensus")
    return _("%(outcome)s: %(found)s (%(rule)s).") % {"outcome": outcome, "found": found, "rule": rule}


def _class(found: Appropriateness) -> str:
    names = {"appropriate": _("Appropriate"), "uncertain": _("Uncertain"), "inappropriate": _("Inappropriate")}
    return names[found.verdict]


def _disagreement(found: Appropriateness) -> str:
    return _("with disagreement") if found.disagreement else _("without disagreement")


def _at_most(value: float, bound: float) -> bool:
    """Whether value <= bound, the noise of the last digits aside: an IQR of 0.4 - 0.1 is 0.3."""
    return value <= bound or math.isclose(value, bound, rel_tol=1e-9, abs_tol=1e-12)


def _figure(value: float, bound: float | None = None) -> str:
    """Two decimals at most, or as many as it takes to print a value that is not the bound as another number."""
    decimals = 2
    if bound is not None and not math.isclose(value, bound, rel_tol=1e-9, abs_tol=1e-12):
        while decimals < 12 and round(value, decimals) == round(bound, decimals):
            decimals += 1
    return number(round(value, decimals) + 0.0)
