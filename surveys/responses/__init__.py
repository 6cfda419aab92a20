"""What people answer: saved, submitted, changed, read back, and accepted late."""

from surveys.models import RoundClosed
from surveys.responses.copies import Line, copy_of, in_words, quoted_as
from surveys.responses.entries import (
    Conflict,
    Conflicting,
    Current,
    Entry,
    Incomplete,
    Source,
    UnknownQuestion,
    edition,
)
from surveys.responses.late import NothingLate, accept_late, set_aside_late
from surveys.responses.pending import current, discard
from surveys.responses.saving import save

__all__ = [
    "Conflict",
    "Conflicting",
    "Current",
    "Entry",
    "Incomplete",
    "Line",
    "NothingLate",
    "RoundClosed",
    "Source",
    "UnknownQuestion",
    "accept_late",
    "copy_of",
    "current",
    "discard",
    "edition",
    "in_words",
    "quoted_as",
    "save",
    "set_aside_late",
]
