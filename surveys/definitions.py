"""The words that a survey means in a certain way, and where they stand: `Survey.definitions`. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from surveys.models import Question, Survey

MOST = 40
LONGEST_TERM, LONGEST_MEANING = 80, 600


def explain(survey: "Survey", questions: Iterable["Question"]) -> list[tuple[str, str]]:
    """The definitions (term, meaning) whose terms stand in these questions, in the order in which staff wrote them.

    A term stands there where its words do, whole and in capitals or not: in a prompt, the guidance, or what is
    offered as an answer.
    """
    if not survey.definitions:
        return []
    text = "\n".join(part for question in questions for part in _read(question))
    return [(one["term"], one["meaning"]) for one in survey.definitions if stands_in(one["term"], text)]


def stands_in(term: str, text: str) -> bool:
    """Whether the words of `term` stand in `text`, not as a part of other words."""
    words = r"\s+".join(re.escape(word) for word in term.split())
    # Not \w: Markdown makes words lean by underscores.
    return bool(words) and re.search(rf"(?<![^\W_]){words}(?![^\W_])", text, re.IGNORECASE) is not None


def problems(definitions: Any) -> list[str]:
    """What is wrong with them, as sentences for staff. Empty: nothing. Bears any JSON."""
    if not isinstance(definitions, Sequence) or isinstance(definitions, str):
        return [_('Definitions are a list of {"term": ..., "meaning": ...}.')]
    if len(definitions) > MOST:
        return [_("A survey defines at most %(most)d words.") % {"most": MOST}]
    found = [problem for number, one in enumerate(definitions, start=1) for problem in _problems_of(one, number)]
    if found:
        return found
    terms = Counter(" ".join(one["term"].split()).casefold() for one in definitions)
    return [_("“%(term)s” is defined twice.") % {"term": term} for term, times in terms.items() if times > 1]


def _problems_of(one: Any, number: int) -> list[str]:
    named = {"number": number, "term": LONGEST_TERM, "meaning": LONGEST_MEANING}
    if not isinstance(one, Mapping) or {*one} != {"term", "meaning"}:
        return [_('Definition %(number)d must have a "term" and a "meaning", and nothing else.') % named]
    term, meaning = one["term"], one["meaning"]
    found = []
    if not isinstance(term, str) or not term.strip():
        found.append(_("Definition %(number)d has no term.") % named)
    elif len(term) > LONGEST_TERM or not term.isprintable():
        found.append(_("The term of definition %(number)d must be at most %(term)d printable characters.") % named)
    if not isinstance(meaning, str) or not meaning.strip():
        found.append(_("Definition %(number)d has no meaning.") % named)
    elif len(meaning) > LONGEST_MEANING:
        found.append(_("The meaning of definition %(number)d is longer than %(meaning)d characters.") % named)
    return found


def _read(question: "Question") -> list[str]:
    """All that is to be read in a question: its words, and the labels of its options and its scale."""
    found = [question.prompt, question.guidance, *question.type.labels(question.spec).values()]
    for setting in question.settings.values():
        found += [setting] if isinstance(setting, str) else []
        parts = setting if isinstance(setting, list) else ()
        found += [part["label"] for part in parts if isinstance(part, Mapping)]
    return found
