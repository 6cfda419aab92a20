"""Which questions are put to somebody, by what they have answered: the conditions of `Question.show_if`. Pure.

A condition names an earlier question and what must be true of its answer:

    {"question": "catch-up", "is": ["agree", "strongly_agree"]}     one of these options was chosen
    {"question": "catch-up", "is_not": ["agree"]}                   it was answered, and none of these was chosen
    {"question": "share", "at_least": 20}                           its number is 20 or more; also "at_most"; also both
    {"question": "share", "answered": true}                         it was answered; false: it was not

All conditions of a question must hold. A blank is no answer, and nor is an answer to a question that is itself not
shown: what depends on it falls with it.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.text import Truncator, get_text_list
from django.utils.translation import gettext as _

from surveys.questions import QuestionSpec, kind_choices, question_type

TESTS = ("is", "is_not", "at_least", "at_most", "answered")
MOST = 20
LARGEST = 10**15
# How much of a question is repeated where a condition is put into words.
WORDS_OF_A_PROMPT = 12


def shown(questions: Iterable[QuestionSpec], values: Mapping[str, Any]) -> set[str]:
    """The keys of the questions that are put to somebody whose answers are `values`.

    questions   in the order asked; a condition on a question that does not come before it is never met
    values      question key -> value in its Python form, None or absent where there is none
    """
    before: dict[str, QuestionSpec] = {}
    found: set[str] = set()
    for spec in questions:
        if all(_holds(condition, before, found, values) for condition in spec.show_if):
            found.add(spec.key)
        before[spec.key] = spec
    return found


def _holds(
    condition: Mapping[str, Any], before: Mapping[str, QuestionSpec], found: set[str], values: Mapping[str, Any]
) -> bool:
    key = condition["question"]
    spec, value = before.get(key), values.get(key) if key in found else None
    if spec is None:
        return False
    if "answered" in condition and condition["answered"] != (value is not None):
        return False
    if not condition.keys() & {"is", "is_not", "at_least", "at_most"}:
        return True
    if value is None:
        return False
    kind = question_type(spec.kind)
    picked, amount = kind.picked(spec, value), kind.as_number(spec, value)
    return (
        ("is" not in condition or bool(picked & {*condition["is"]}))
        and ("is_not" not in condition or not picked & {*condition["is_not"]})
        and ("at_least" not in condition or (amount is not None and amount >= condition["at_least"]))
        and ("at_most" not in condition or (amount is not None and amount <= condition["at_most"]))
    )


# --- what is wrong with them


def problems(questions: Iterable[QuestionSpec], question: QuestionSpec) -> list[str]:
    """What is wrong with the conditions of `question`, as sentences for staff. Empty: nothing. Bears any JSON.

    questions   all questions of the survey in the order asked, `question` among them
    """
    given: Any = question.show_if
    if not isinstance(given, Sequence) or isinstance(given, str):
        return [_("Conditions are a list of tables, each with a question and what must be true of its answer.")]
    if len(given) > MOST:
        return [_("A question has at most %(most)d conditions.") % {"most": MOST}]
    before: dict[str, QuestionSpec] = {}
    later: set[str] = set()
    for spec in questions:
        if later or spec.key == question.key:
            later.add(spec.key)
        else:
            before[spec.key] = spec
    return list(dict.fromkeys(said for one in given for said in _problems_of(one, question, before, later)))


def all_problems(questions: Iterable[QuestionSpec]) -> dict[str, list[str]]:
    """Question key -> what is wrong with its conditions, for those of `questions` where something is."""
    specs = [*questions]
    found = {spec.key: problems(specs, spec) for spec in specs if spec.show_if}
    return {key: said for key, said in found.items() if said}


def broken_by(keys: Collection[str], questions: Iterable[QuestionSpec]) -> list[tuple[QuestionSpec, str]]:
    """What is wrong with conditions on a question of `keys`, with the question whose conditions they are."""
    specs = [*questions]
    found: list[tuple[QuestionSpec, str]] = []
    for spec in specs:
        if spec.key not in keys and named_by(spec) & {*keys}:
            on_these = [one for one in spec.show_if if isinstance(one, Mapping) and one.get("question") in keys]
            found += [(spec, problem) for problem in problems(specs, replace(spec, show_if=on_these))]
    return found


def named_by(question: QuestionSpec) -> set[str]:
    """The keys of the questions that its conditions look at. Bears any JSON."""
    given: Any = question.show_if
    conditions = given if isinstance(given, Sequence) and not isinstance(given, str) else ()
    keys = [one.get("question") for one in conditions if isinstance(one, Mapping)]
    return {key for key in keys if isinstance(key, str)}


def _problems_of(
    condition: Any, question: QuestionSpec, before: Mapping[str, QuestionSpec], later: set[str]
) -> list[str]:
    if not isinstance(condition, Mapping) or not isinstance(condition.get("question"), str):
        return [_("A condition names a question by its key, and says what must be true of its answer.")]
    if strange := [str(name)[:40] for name in condition if name not in ("question", *TESTS)]:
        return [
            _("“%(name)s” is nothing that can be asked of an answer. Known: %(known)s.")
            % {"name": strange[0], "known": ", ".join(TESTS)}
        ]
    key = condition["question"]
    if key not in before:
        return [_not_before(key, question, later) % {"key": key[:60]}]
    if not condition.keys() & {*TESTS}:
        return [_("Say what must be true of the answer to “%(key)s”.") % {"key": key}]
    spec = before[key]
    if spec.kind not in dict(kind_choices()):
        return []  # which is said of that question
    return [*_problems_of_options(condition, spec), *_problems_of_bounds(condition, spec), *_never_true(condition)]


def _not_before(key: str, question: QuestionSpec, later: set[str]) -> str:
    if key == question.key:
        return _("A question cannot depend on its own answer.")
    if key in later:
        return _("“%(key)s” does not come before this question, so its answer is not known yet.")
    return _("There is no question “%(key)s” before this one.")


def _problems_of_options(condition: Mapping[str, Any], spec: QuestionSpec) -> list[str]:
    found = []
    options = question_type(spec.kind).pickable(spec)
    for test in ("is", "is_not"):
        wanted = condition.get(test, [])
        if not isinstance(wanted, list | tuple) or not all(isinstance(option, str) for option in wanted):
            found.append(_("“%(test)s” takes a list of option keys.") % {"test": test})
        elif test in condition and not options:
            found.append(_("An answer to “%(key)s” does not consist of options.") % {"key": spec.key})
        elif test in condition and not wanted:
            found.append(_("“%(test)s” names no option of “%(key)s”.") % {"test": test, "key": spec.key})
        else:
            found += [
                _("“%(option)s” is no option of “%(key)s”, which has: %(known)s.")
                % {"option": option[:40], "key": spec.key, "known": ", ".join(options)}
                for option in wanted
                if option not in options
            ]
    return found


def _problems_of_bounds(condition: Mapping[str, Any], spec: QuestionSpec) -> list[str]:
    bounds = {test: condition[test] for test in ("at_least", "at_most") if test in condition}
    if bounds and not question_type(spec.kind).on_a_line:
        return [_("An answer to “%(key)s” is no number.") % {"key": spec.key}]
    if strange := [test for test, bound in bounds.items() if not _is_number(bound)]:
        return [_("“%(test)s” takes a number.") % {"test": test} for test in strange]
    if len(bounds) == 2 and bounds["at_least"] > bounds["at_most"]:
        return [_("“at_least” is above “at_most”, so this is never true.")]
    return []


def _is_number(bound: Any) -> bool:
    return (
        isinstance(bound, int | float)
        and not isinstance(bound, bool)
        and math.isfinite(bound if isinstance(bound, float) else 0)
        and abs(bound) <= LARGEST
    )


def _never_true(condition: Mapping[str, Any]) -> list[str]:
    answered = condition.get("answered", True)
    if not isinstance(answered, bool):
        return [_("“answered” is true or false.")]
    if not answered and condition.keys() & {"is", "is_not", "at_least", "at_most"}:
        return [_("What was not answered has no answer to look at, so this is never true.")]
    return []


# --- in words


def in_words(
    questions: Iterable[QuestionSpec],
    conditions: Iterable[Mapping[str, Any]],
    *,
    names: Mapping[str, str] | None = None,
) -> str:
    """The conditions as a clause: "“By 2035 …” was answered “Agree” or “Strongly agree”, and “Share?” was ...".

    questions   where the questions they look at are found; one that is not there is called by its key
    names       question key -> what to call it, where that is not its prompt in quotation marks
    """
    known = {spec.key: spec for spec in questions}
    parts = [part for one in conditions for part in _in_words(one, known.get(one["question"]), names or {})]
    return _(", and ").join(parts)


def _in_words(condition: Mapping[str, Any], spec: QuestionSpec | None, names: Mapping[str, str]) -> list[str]:
    key = condition["question"]
    prompt = " ".join(spec.prompt.split()) if spec else key
    named = {"question": names.get(key) or _("“%(prompt)s”") % {"prompt": Truncator(prompt).words(WORDS_OF_A_PROMPT)}}
    kind = question_type(spec.kind) if spec else None
    labels = kind.pickable(spec) if kind and spec else {}
    parts = []
    if "is" in condition:
        chosen = _any_of([labels.get(option, option) for option in condition["is"]])
        parts.append(_("%(question)s was answered %(options)s") % {**named, "options": chosen})
    if "is_not" in condition:
        chosen = _any_of([labels.get(option, option) for option in condition["is_not"]])
        parts.append(_("%(question)s was answered, but not %(options)s") % {**named, "options": chosen})
    bounds = {
        test: kind.number_in_words(spec, condition[test]) if kind and spec else str(condition[test])
        for test in ("at_least", "at_most")
        if test in condition
    }
    if len(bounds) == 2:
        parts.append(_("%(question)s was answered %(at_least)s to %(at_most)s") % {**named, **bounds})
    elif "at_least" in bounds:
        parts.append(_("%(question)s was answered %(at_least)s or more") % {**named, **bounds})
    elif "at_most" in bounds:
        parts.append(_("%(question)s was answered %(at_most)s or less") % {**named, **bounds})
    if not parts:
        told = _("%(question)s was answered") if condition.get("answered") else _("%(question)s was not answered")
        parts.append(told % named)
    return parts


def _any_of(labels: Iterable[str]) -> str:
    quoted = [_("“%(label)s”") % {"label": label} for label in labels]
    return str(get_text_list(quoted, _("or")))
