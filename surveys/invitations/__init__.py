"""Who is asked: invitations, reminders, links, refusals, what became of each, and the response rates."""

from surveys.invitations.asking import find, invite, solicit
from surveys.invitations.leaving import (
    AlreadySubmitted,
    EndsTooSoon,
    NotWrittenTo,
    ask_again,
    decline,
    never_again,
    postpone,
    reminder_offered,
    silence,
)
from surveys.invitations.letters import preview, reply_address
from surveys.invitations.links import NotAsked, resend, rotate, was_replaced
from surveys.invitations.rates import (
    ASKED,
    disposition,
    disposition_counts,
    response_rate_1,
    response_rate_2,
)
from surveys.invitations.reminders import falls_due, recall_reminder, remind

__all__ = [
    "ASKED",
    "AlreadySubmitted",
    "EndsTooSoon",
    "NotAsked",
    "NotWrittenTo",
    "ask_again",
    "decline",
    "disposition",
    "disposition_counts",
    "falls_due",
    "find",
    "invite",
    "never_again",
    "postpone",
    "preview",
    "recall_reminder",
    "remind",
    "reminder_offered",
    "reply_address",
    "resend",
    "response_rate_1",
    "response_rate_2",
    "rotate",
    "silence",
    "solicit",
    "was_replaced",
]
