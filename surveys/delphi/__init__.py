"""Later rounds (Delphi): what was answered before, what the group answered, and what is settled and asked no more.

earlier     what a contributor answered before, which a later round preselects
beside      what the group answered, as a contributor may see it beside a question
approval    words that were approved in an earlier round and kept
interim     the same of a round that is still open (real time), counted in steps
rules       the stop rule of a question: its grammar, in words, and whether a frozen round has reached it
settling    which questions a round leaves out, decided before it asks anybody
moves       what changed between two rounds
"""

from surveys.delphi.approval import carry_approval
from surveys.delphi.beside import Group, beside, group
from surveys.delphi.earlier import earlier_answers
from surveys.delphi.interim import renew
from surveys.delphi.moves import Move, moves
from surveys.delphi.rules import BOUNDS, MEASURES, Verdict, measures_of, rule_in_words, rule_problems, verdict
from surveys.delphi.settling import Finding, Needed, NotFrozen, TooLate, findings, is_waiting, override, settle

__all__ = [
    "BOUNDS",
    "MEASURES",
    "Finding",
    "Group",
    "Move",
    "Needed",
    "NotFrozen",
    "TooLate",
    "Verdict",
    "beside",
    "carry_approval",
    "earlier_answers",
    "findings",
    "group",
    "is_waiting",
    "measures_of",
    "moves",
    "override",
    "renew",
    "rule_in_words",
    "rule_problems",
    "settle",
    "verdict",
]
