"""What people answer: saved, submitted, changed, read back, and accepted late."""

from surveys.models import RoundClosed
from surveys.responses.copies import Line, attribution_in_words, copy_of
from surveys.responses.late import NothingLate, accept_late
from surveys.responses.saving import (
    Conflict,
    Conflicting,
    Entry,
    Incomplete,
    Source,
    UnknownQuestion,
    current,
    save,
)

__all__ = [
    "Conflict",
    "Conflicting",
    "Entry",
    "Incomplete",
    "Line",
    "NothingLate",
    "RoundClosed",
    "Source",
    "UnknownQuestion",
    "accept_late",
    "attribution_in_words",
    "copy_of",
    "current",
    "save",
]
