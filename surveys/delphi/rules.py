"""The stop rule of a question: when later rounds need not ask it again. Pure.

A rule is a table of one measure and its bound:

    {"measure": "iqr", "at_most": 1}                                    the middle half of the answers spans 1 or less
    {"measure": "agreement", "at_least": 75}                            75 % or more give the same answer
    {"measure": "agreement", "is": ["agree", ...], "at_least": 75}      75 % or more give one of these answers
    {"measure": "agreement", "from": 7, "to": 9, "at_least": 75}        75 % or more answer 7 to 9
    {"measure": "changed", "at_most": 15}                               15 % or fewer change their answer

No table at all (`{}`) is no rule: the question is asked in every round. Measures are taken of opinions in frozen
rounds; of fewer than the survey's smallest group shown nothing is measured, so nothing is settled by it. "changed"
needs people who gave an opinion in this round and before, so it never settles anything after a first round.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from naatbatt.charts.numbers import quantity
from surveys import consensus, disclosure
from surveys.questions import QuestionSpec, QuestionType, kind_choices, question_type
from surveys.questions.choices import OTHER, takes_other
from surveys.results import percent

MEASURES: dict[str, Promise] = {
    "iqr": gettext_lazy("Spread: the middle half of the answers spans at most …"),
    "agreement": gettext_lazy("Agreement: those who answer alike are at least … %"),
    "changed": gettext_lazy("Stability: those who change their answer are at most … %"),
}
BOUNDS: dict[str, Literal["at_most", "at_least"]] = {"iqr": "at_most", "agreement": "at_least", "changed": "at_most"}
_FURTHER = {"iqr": set[str](), "agreement": {"is", "from", "to"}, "changed": set[str]()}
LARGEST = 10**15

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Opinion:
    """What one contributor answered, and what they had answered before. None: no opinion."""

    value: Any
    before: Any = None


@dataclass(frozen=True)
class Verdict:
    """Whether a question has reached its rule, and what was found, as a sentence that anybody may read."""

    reached: bool
    finding: str


# --- set up


def measures_of(kind: QuestionType) -> list[str]:
    """The measures that fit a kind of question."""
    spec, values = kind.example()
    fits = {
        "iqr": kind.on_a_line,
        "agreement": kind.on_a_line or bool(kind.pickable(spec)),
        # Words are frozen as a mark that they were there, so nobody can be seen to change them.
        "changed": len({repr(kind.frozen(kind.dump(value))) for value in values}) > 1,
    }
    return [measure for measure in MEASURES if fits[measure]]


def rule_problems(spec: QuestionSpec, rule: Any) -> list[str]:
    """What is wrong with a stop rule, as sentences for staff. Empty: nothing. Bears any JSON."""
    if not isinstance(rule, Mapping):
        return [_('A stop rule is a table such as {"measure": "iqr", "at_most": 1}.')]
    if not rule or spec.kind not in dict(kind_choices()):
        return []  # the latter is said of the question
    measure = rule.get("measure")
    if not isinstance(measure, str) or measure not in MEASURES:
        return [_("A stop rule has a “measure”: %(known)s.") % {"known": ", ".join(MEASURES)}]
    known = ["measure", BOUNDS[measure], *sorted(_FURTHER[measure])]
    if strange := [str(name)[:40] for name in rule if name not in known]:
        return [
            _("“%(name)s” is nothing that “%(measure)s” knows. Known: %(known)s.")
            % {"name": strange[0], "measure": measure, "known": ", ".join(known)}
        ]
    kind = question_type(spec.kind)
    if measure not in measures_of(kind):
        return [
            _("“%(measure)s” does not fit this kind of question. Fitting: %(fitting)s.")
            % {"measure": measure, "fitting": ", ".join(measures_of(kind)) or _("none")}
        ]
    return [*_problems_of_bound(rule, measure), *_problems_of_target(spec, kind, rule)]


def _problems_of_bound(rule: Rule, measure: str) -> list[str]:
    bound: Any = rule.get(name := BOUNDS[measure])
    most = LARGEST if measure == "iqr" else 100
    if not _is_number(bound) or not 0 <= bound <= most:
        if measure == "iqr":
            return [_("“%(name)s” takes a number from 0 up.") % {"name": name}]
        return [_("“%(name)s” takes a percentage from 0 to 100.") % {"name": name}]
    return []


def _problems_of_target(spec: QuestionSpec, kind: QuestionType, rule: Rule) -> list[str]:
    """Of the answers that agreement is asked for, where the rule names some."""
    ends = {"from", "to"} & rule.keys()
    if "is" in rule and ends:
        return [_("Name either the answers (“is”) or a range (“from”, “to”), not both.")]
    if "is" in rule:
        return _problems_of_options(kind.pickable(spec), rule["is"])
    if not ends:
        numbers_only = rule["measure"] == "agreement" and not kind.pickable(spec)
        return [_("Say between which numbers they agree: “from” and “to”.")] if numbers_only else []
    if not kind.on_a_line:
        return [_("The answers are no numbers, so they lie in no range.")]
    if not _is_number(rule.get("from")) or not _is_number(rule.get("to")):
        return [_("“from” and “to” take a number each.")]
    return [_("“from” is above “to”.")] if rule["from"] > rule["to"] else []


def _problems_of_options(options: Mapping[str, str], wanted: Any) -> list[str]:
    if not isinstance(wanted, list | tuple) or not wanted or not all(isinstance(one, str) for one in wanted):
        return [_("“is” takes a list of option keys.")]
    if not options:
        return [_("The answers are no options, so “is” can name none.")]
    return [
        _("“%(option)s” is no option of this question, which has: %(known)s.")
        % {"option": option[:40], "known": ", ".join(options)}
        for option in wanted
        if option not in options
    ]


def _is_number(bound: Any) -> bool:
    if isinstance(bound, bool) or not isinstance(bound, int | float):
        return False
    return (isinstance(bound, int) or math.isfinite(bound)) and abs(bound) <= LARGEST


# --- in words


def rule_in_words(spec: QuestionSpec, rule: Rule) -> str:
    """The rule as a sentence, such as "Asked until the middle half of the answers spans 1 or less." Empty: no rule.

    Only for rules without problems.
    """
    if not rule:
        return ""
    named = {"bound": _figure(rule[BOUNDS[rule["measure"]]]), "answers": _target(spec, rule)}
    if rule["measure"] == "iqr":
        named["bound"] = _width(spec, rule["at_most"])
        return _("Asked until the middle half of the answers spans %(bound)s or less.") % named
    if rule["measure"] == "changed":
        return _("Asked until at most %(bound)s%% change their answer between rounds.") % named
    if named["answers"]:
        return _("Asked until at least %(bound)s%% answer %(answers)s.") % named
    return _("Asked until at least %(bound)s%% give the same answer.") % named


def _target(spec: QuestionSpec, rule: Rule) -> str:
    """The answers that agreement is asked for, in words. Empty: whichever."""
    kind = question_type(spec.kind)
    if "is" in rule:
        labels = kind.pickable(spec)
        quoted = [_("“%(label)s”") % {"label": labels.get(key, key)} for key in rule["is"]]
        return str(get_text_list(quoted, _("or")))
    if "from" in rule:
        ends = {end: kind.number_in_words(spec, rule[end]) for end in ("from", "to")}
        return ends["from"] if rule["from"] == rule["to"] else _("%(from)s to %(to)s") % ends
    return ""


def _width(spec: QuestionSpec, width: float) -> str:
    return quantity(round(float(width), 4), str(spec.settings.get("unit") or ""))


def _figure(number: float) -> str:
    return quantity(round(float(number), 4), "")


# --- what a frozen round says


def verdict(
    spec: QuestionSpec, rule: Rule, opinions: Iterable[Opinion], *, survey_round: int, minimum: int
) -> Verdict | None:
    """Whether the answers of a round have reached the rule. None: there is no rule, or none that can be read.

    opinions       of every submitted response, the blank ones too
    survey_round   the number of the round, for the sentence
    minimum        of fewer nothing is said, and so nothing is settled
    """
    if not rule or rule_problems(spec, rule):
        return None
    given = [opinion for opinion in opinions if opinion.value is not None]
    if rule["measure"] == "changed":
        given = [opinion for opinion in given if opinion.before is not None]
    elif rule["measure"] == "iqr" or "from" in rule:
        given = [opinion for opinion in given if _number(spec, opinion) is not None]
    named: dict[str, Any] = {"round": survey_round, "base": len(given), "minimum": minimum}
    if not disclosure.rests_on_enough(len(given), minimum=minimum):
        if rule["measure"] == "changed":
            said = _("In round %(round)d fewer than %(minimum)d had given an answer before, too few to tell.")
        else:
            said = _("In round %(round)d fewer than %(minimum)d gave an answer, too few to tell.")
        return Verdict(False, said % named)
    return {"iqr": _spread, "agreement": _agreement, "changed": _stability}[rule["measure"]](spec, rule, given, named)


def _spread(spec: QuestionSpec, rule: Rule, given: Sequence[Opinion], named: dict[str, Any]) -> Verdict:
    width = consensus.interquartile_range(_numbers(spec, given))
    named["width"] = _width(spec, width)
    said = _("In round %(round)d the middle half of %(base)d answers spans %(width)s (interquartile range).") % named
    # The noise of the last digits aside: 0.4 - 0.1 is 0.3.
    return Verdict(width <= rule["at_most"] or math.isclose(width, rule["at_most"], rel_tol=1e-9), said)


def _agreement(spec: QuestionSpec, rule: Rule, given: Sequence[Opinion], named: dict[str, Any]) -> Verdict:
    kind = question_type(spec.kind)
    if "from" in rule:
        inside = [rule["from"] <= number <= rule["to"] for number in _numbers(spec, given)]
        answers = _target(spec, rule)
    else:
        picked = [kind.picked(spec, opinion.value) for opinion in given]
        labels = kind.pickable(spec)
        # What is called "other" is not the same answer twice.
        alike = [key for key in labels if not (key == OTHER and takes_other(spec))]
        wanted = {*rule["is"]} if "is" in rule else {max(alike, key=lambda key: sum(key in one for one in picked))}
        inside = [bool(one & wanted) for one in picked]
        answers = _target(spec, {"is": [key for key in labels if key in wanted]})
    share = consensus.percent_agreement([float(one) for one in inside], 1, 1)
    named |= {"count": sum(inside), "answers": answers, "share": percent(sum(inside), len(inside))}
    said = _("In round %(round)d, %(count)d of %(base)d (%(share)d%%) answered %(answers)s.") % named
    return Verdict(share >= rule["at_least"], said)


def _stability(spec: QuestionSpec, rule: Rule, given: Sequence[Opinion], named: dict[str, Any]) -> Verdict:
    before, after = [opinion.before for opinion in given], [opinion.value for opinion in given]
    share = consensus.share_changed(before, after)
    changed = sum(first != second for first, second in zip(before, after, strict=True))
    named |= {"changed": changed, "share": percent(changed, len(given))}
    said = ngettext(
        "In round %(round)d, %(changed)d of %(base)d who had answered before changed their answer (%(share)d%%).",
        "In round %(round)d, %(changed)d of %(base)d who had answered before changed their answers (%(share)d%%).",
        changed,
    )
    return Verdict(share <= rule["at_most"], said % named)


def _number(spec: QuestionSpec, opinion: Opinion) -> float | None:
    return question_type(spec.kind).as_number(spec, opinion.value)


def _numbers(spec: QuestionSpec, given: Sequence[Opinion]) -> list[float]:
    return [number for opinion in given if (number := _number(spec, opinion)) is not None]
