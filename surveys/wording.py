"""Findings in careful words, by rule: how many is "most". Pure functions on what may be shown.

The words and their bounds, for `count` of `base`:

    all             every one            about half      45 % to 55 %
    nearly all      90 % or more         a minority      10 % to under 45 %
    most            two thirds or more   few             under 10 %
    a majority      over 55 %            none            no one

A sentence never stands on the words alone: the counts and shares behind it (`QuestionType.reading`) follow it.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import singledispatch

from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Bars, Diverging
from surveys.questions import QuestionSpec, question_type
from surveys.questions.scales import above, below
from surveys.results import Tally

Groups = Mapping[str, Tally]

_AGREE: dict[str, Promise] = {
    "all": gettext_lazy("All agree"),
    "nearly all": gettext_lazy("Nearly all agree"),
    "most": gettext_lazy("Most agree"),
    "a majority": gettext_lazy("A majority agree"),
    "about half": gettext_lazy("About half agree"),
}
_DISAGREE: dict[str, Promise] = {
    "all": gettext_lazy("All disagree"),
    "nearly all": gettext_lazy("Nearly all disagree"),
    "most": gettext_lazy("Most disagree"),
    "a majority": gettext_lazy("A majority disagree"),
    "about half": gettext_lazy("About half disagree"),
}
_CHOSE: dict[str, Promise] = {
    "all": gettext_lazy("All chose “%(option)s”"),
    "nearly all": gettext_lazy("Nearly all chose “%(option)s”"),
    "most": gettext_lazy("Most chose “%(option)s”"),
    "a majority": gettext_lazy("A majority chose “%(option)s”"),
    "about half": gettext_lazy("About half chose “%(option)s”"),
}


def amount(count: int, base: int) -> str:
    """The word for `count` of `base`, as in the table above. Raises ValueError where there is no base."""
    if base <= 0 or not 0 <= count <= base:
        raise ValueError(f"{count} of {base}")
    share = Fraction(count, base)
    if count in (0, base):
        return "all" if count else "none"
    for word, least in (("nearly all", Fraction(9, 10)), ("most", Fraction(2, 3))):
        if share >= least:
            return word
    if share > Fraction(11, 20):
        return "a majority"
    if share >= Fraction(9, 20):
        return "about half"
    return "a minority" if share >= Fraction(1, 10) else "few"


def lead(chart: object, spec: QuestionSpec, groups: Groups) -> str:
    """The finding of a figure in a few words, without a full stop. Empty where there is none to be told by rule."""
    found = question_type(spec.kind).finding(spec, groups)
    return _by_shape(chart, spec, groups) if found is None else found


@singledispatch
def _by_shape(chart: object, spec: QuestionSpec, groups: Groups) -> str:
    return ""


@_by_shape.register
def _lead_diverging(chart: Diverging, spec: QuestionSpec, groups: Groups) -> str:
    tally = groups["all"]
    against, favor = below(tally.counts), above(tally.counts)
    if against == favor:
        return _("Opinion is evenly divided")
    word = amount(max(against, favor), tally.base)
    found = (_AGREE if favor > against else _DISAGREE).get(word)
    return str(found) if found else _("Neither side has a majority")


@_by_shape.register
def _lead_bars(chart: Bars, spec: QuestionSpec, groups: Groups) -> str:
    tally = groups["all"]
    first = _most_chosen(tally)
    labels = [question_type(spec.kind).labels(spec)[key] for key in first]
    if len(labels) > 1:
        names = get_text_list([f"“{label}”" for label in labels], _("and"))
        return _("%(options)s were chosen equally often") % {"options": names}
    found = _CHOSE.get(amount(tally.counts[first[0]], tally.base))
    if found:
        return str(found) % {"option": labels[0]}
    return _("No answer has a majority; “%(option)s” was chosen most often") % {"option": labels[0]}


def _most_chosen(tally: Tally) -> list[str]:
    most = max(tally.counts.values())
    return [key for key, count in tally.counts.items() if count == most]
