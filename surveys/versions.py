"""What differs between two versions of a question, word by word, for those who must judge whether it is the same."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from surveys import conditions
from surveys.models import Question

_WORDS = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True)
class Part:
    """A stretch of text: `kept`, `removed` or `added`."""

    change: str
    text: str


@dataclass(frozen=True)
class Difference:
    """One field that is not what it was."""

    label: str
    parts: tuple[Part, ...]


def differences(before: Question, after: Question) -> list[Difference]:
    """The fields in which `after` differs from `before`, in the order of the form. Empty: nothing differs."""
    old, new = ({**_told(question), _("Section"): _section(question)} for question in (before, after))
    return [Difference(label, _parts(old[label], new[label])) for label in new if old[label] != new[label]]


def ask_the_same(one: Question, other: Question) -> bool:
    """Whether both ask the same in the same words, and of the same people. Where they stand makes no difference."""
    return _told(one) == _told(other)


def _told(question: Question) -> dict[str, str]:
    """Every field that makes up the wording, as text to be read, and whom it is put to."""
    return {
        _("Question"): question.prompt,
        _("Guidance"): question.guidance,
        _("Answer required"): _("yes") if question.required else _("no"),
        _("Kind"): str(question.type.label),
        _("Settings"): "\n".join(f"{name}: {value}" for name, value in sorted(question.settings.items())),
        _("Options"): "\n".join(f"{option['label']} ({option['key']})" for option in question.options),
        _("Shown when"): _shown_when(question),
    }


def _shown_when(question: Question) -> str:
    if not question.show_if:
        return _("always")
    named = conditions.named_by(question.spec)
    others = Question.objects.current().filter(survey=question.survey_id, key__in=named)
    return conditions.in_words([other.spec for other in others], question.show_if)


def _section(question: Question) -> str:
    return question.section.title if question.section else ""


def _parts(before: str, after: str) -> tuple[Part, ...]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    found: list[Part] = []
    for change, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if change == "equal":
            found.append(Part("kept", "".join(old[a:b])))
            continue
        found += _part("removed", old[a:b])
        found += _part("added", new[c:d])
    return tuple(found)


def _part(change: str, words: Sequence[str]) -> list[Part]:
    return [Part(change, "".join(words))] if words else []
