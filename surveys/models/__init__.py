"""Asking experts: who is asked what and when, what they answered, and the frozen results."""

from surveys.models.answers import Answer, AnswerQuerySet, AnswerVersion, Attribution, Blank, Response
from surveys.models.invitations import Invitation, InvitationQuerySet, Reminder, RetiredLink
from surveys.models.people import Contributor, ContributorQuerySet, Sector
from surveys.models.results import Snapshot, SnapshotTampered, Summary
from surveys.models.surveys import Question, QuestionQuerySet, Round, RoundClosed, RoundQuerySet, Survey
from surveys.models.views import OpenView

__all__ = [
    "Answer",
    "AnswerQuerySet",
    "AnswerVersion",
    "Attribution",
    "Blank",
    "Contributor",
    "ContributorQuerySet",
    "Invitation",
    "InvitationQuerySet",
    "OpenView",
    "Question",
    "QuestionQuerySet",
    "Reminder",
    "Response",
    "RetiredLink",
    "Round",
    "RoundClosed",
    "RoundQuerySet",
    "Sector",
    "Snapshot",
    "SnapshotTampered",
    "Summary",
    "Survey",
]
