"""Asking experts: who is asked what and when, what they answered, and the frozen results."""

from surveys.models.answers import (
    Answer,
    AnswerQuerySet,
    AnswerVersion,
    Attribution,
    Blank,
    Consent,
    PendingChange,
    Response,
)
from surveys.models.invitations import (
    Invitation,
    InvitationQuerySet,
    Nomination,
    NominationQuerySet,
    Reminder,
    RetiredLink,
)
from surveys.models.people import Contributor, ContributorQuerySet, Sector
from surveys.models.questions import Question, QuestionQuerySet, Section
from surveys.models.results import Interim, Snapshot, SnapshotTampered, Summary
from surveys.models.surveys import Round, RoundClosed, RoundQuerySet, Survey
from surveys.models.views import OpenView

__all__ = [
    "Answer",
    "AnswerQuerySet",
    "AnswerVersion",
    "Attribution",
    "Blank",
    "Consent",
    "Contributor",
    "ContributorQuerySet",
    "Interim",
    "Invitation",
    "InvitationQuerySet",
    "Nomination",
    "NominationQuerySet",
    "OpenView",
    "PendingChange",
    "Question",
    "QuestionQuerySet",
    "Reminder",
    "Response",
    "RetiredLink",
    "Round",
    "RoundClosed",
    "RoundQuerySet",
    "Section",
    "Sector",
    "Snapshot",
    "SnapshotTampered",
    "Summary",
    "Survey",
]
