"""Contributors' words on their way to print: approved, rejected, or edited with their consent.

The contributor's own words are never touched: an editor's wording stands beside them (`edited_words`) and is printed
only once they have accepted it. Votes are not moderated, only words.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import outbox
from naatbatt.mail.models import Stream
from surveys import disclosure
from surveys.models import Answer, Response

State = Answer.Moderation


class WordsChanged(Exception):
    """The words are no longer those that the caller has read. Nothing was done."""


class NothingToModerate(Exception):
    """The answer is a draft, or has no words. Nothing was done."""


class ReasonMissing(ValueError):
    """A rejection needs a reason, a proposal needs words."""


def approve(*, answer: Answer, by: AbstractBaseUser, mark: str | None = None) -> Answer:
    """Let the contributor's own words be quoted as their attribution allows. Drops an edit that was proposed.

    Decides about the words and the line that `mark` stands for (`as_read`), or else those that `answer` holds: if the
    contributor has changed either since, raises WordsChanged. Approving twice changes nothing.
    """
    with _words_as_read(answer, mark) as row:
        if row.moderation != State.APPROVED or row.edited_words:
            _decide(row, State.APPROVED, by=by)
    return row


def reject(*, answer: Answer, by: AbstractBaseUser, reason: str, mark: str | None = None) -> Answer:
    """Keep the words out of everything published, for a reason that staff can read later. The vote still counts."""
    reason = reason.strip()
    if not reason:
        raise ReasonMissing(_("Give a reason for rejecting these words."))
    with _words_as_read(answer, mark) as row:
        if row.moderation != State.REJECTED or row.moderation_reason != reason:
            _decide(row, State.REJECTED, by=by, reason=reason)
    return row


def propose_edit(*, answer: Answer, by: AbstractBaseUser, words: str, mark: str | None = None) -> Answer:
    """Ask the contributor, by one mail, whether they may be quoted in these words. Until they accept, nothing is.

    The same proposal again changes nothing and sends nothing.
    """
    words = words.strip()
    if not words:
        raise ReasonMissing(_("Write the words that you propose."))
    with _words_as_read(answer, mark) as row:
        if words == row.words.strip():
            raise ReasonMissing(_("These are the contributor's own words. Approve them instead."))
        if row.moderation == State.PROPOSED and row.edited_words == words:
            return row
        _decide(row, State.PROPOSED, by=by, edited_words=words)
        invitation = row.response.invitation
        outbox.enqueue(
            key=f"survey-edit:{row.pk}:{row.version}:{hashlib.sha256(words.encode()).hexdigest()[:12]}",
            stream=Stream.SURVEY,
            name="survey_edit_proposed",
            to=invitation.contributor.email,
            to_name=invitation.contributor.name,
            context={
                "contributor_name": invitation.contributor.name,
                "survey_title": invitation.survey_round.survey.title,
                "prompt": row.question.prompt,
                "own_words": row.words,
                "edited_words": words,
                "answer_url": invitation.link(),
            },
        )
    return row


def accept_edit(*, answer: Answer) -> Answer:
    """The contributor agrees to the proposed wording that `answer` holds: it may now be quoted. Twice is once.

    If the proposal is another one by now, or was withdrawn, raises WordsChanged: nobody agrees to words unseen.
    """
    with _words_as_read(answer, None) as row:
        if row.edited_words != answer.edited_words or not row.edited_words:
            raise WordsChanged
        if row.moderation == State.PROPOSED:
            _decide(row, State.APPROVED, by=row.moderated_by, edited_words=row.edited_words)
    return row


def keep_own(*, answer: Answer) -> Answer:
    """The contributor prefers their own words: the proposal is dropped and staff decide about the original again."""
    with _words_as_read(answer, None) as row:
        if row.moderation == State.PROPOSED:
            _decide(row, State.PENDING, by=None, reason=_("The contributor prefers their own words to the edit."))
    return row


def as_read(answer: Answer) -> str:
    """Which words under which line somebody has read. A page says by it what its buttons decide about."""
    line = disclosure.line_under(answer) or ""
    return hashlib.sha256(f"{answer.pk}:{answer.version}:{line}".encode()).hexdigest()[:24]


@contextmanager
def _words_as_read(answer: Answer, mark: str | None) -> Iterator[Answer]:
    """The answer's row, locked, if its words and the line under them are still those that were read."""
    with transaction.atomic():
        row = Answer.objects.select_for_update(of=("self",)).select_related("question").get(pk=answer.pk)
        # Read once the lock is held: what came in while it was waited for may have changed the line.
        row.response = Response.objects.select_related(
            "consent", "invitation__contributor", "invitation__survey_round__survey"
        ).get(pk=row.response_id)
        if as_read(row) != (as_read(answer) if mark is None else mark):
            raise WordsChanged
        if row.response.submitted_at is None or not row.words.strip():
            raise NothingToModerate
        yield row


def _decide(
    row: Answer, state: State, *, by: AbstractBaseUser | None, reason: str = "", edited_words: str = ""
) -> None:
    row.moderation = state
    row.moderated_by = by  # type: ignore[assignment]
    row.moderated_at = timezone.now()
    row.moderation_reason = reason
    row.edited_words = edited_words
    row.save(update_fields=["moderation", "moderated_by", "moderated_at", "moderation_reason", "edited_words"])
