"""What people answer: saved as a draft or submitted, changed until the round closes, with every version kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import outbox
from naatbatt.mail.models import Stream
from surveys import disclosure
from surveys.invitations import recall_reminder, reply_address
from surveys.models import (
    Answer,
    AnswerVersion,
    Attribution,
    Blank,
    Contributor,
    Invitation,
    Question,
    Response,
    Round,
    RoundClosed,
)

__all__ = ["Entry", "Incomplete", "Line", "RoundClosed", "UnknownQuestion", "attribution_in_words", "copy_of", "save"]

# What of an answer a contributor writes, and what of it moderation writes.
CONTENT = ("value", "blank", "confidence", "comment")
MODERATION = ("moderation", "moderated_at", "moderated_by", "moderation_reason", "edited_words")


class UnknownQuestion(Exception):
    """An entry for a question that this survey does not ask (any more)."""


class Incomplete(Exception):
    """Submitted without an answer to a required question, or without a choice of attribution."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(", ".join(keys))
        self.keys = keys


@dataclass(frozen=True)
class Entry:
    """One answer as it was given. `value` is the Python form that the kind's form field cleans to."""

    value: Any = None
    blank: str = ""
    confidence: int | None = None
    comment: str = ""

    def __post_init__(self) -> None:
        if self.blank and (self.blank not in Blank.values or self.value is not None or self.confidence is not None):
            raise ValueError(f"{self.blank!r} beside a value or a confidence, or not one of the blanks")
        if self.confidence is not None and not 1 <= self.confidence <= 10:
            raise ValueError(f"a confidence of {self.confidence}, not 1 to 10")


@dataclass(frozen=True)
class Line:
    """One answer as its author reads it back."""

    answer: Answer
    prompt: str
    said: str
    blank: bool
    confidence: int | None
    comment: str

    @property
    def agreed_edit(self) -> str:
        """The editor's wording, once its author has agreed to it."""
        return self.answer.edited_words if self.answer.moderation == Answer.Moderation.APPROVED else ""


@transaction.atomic
def save(
    *,
    invitation: Invitation,
    entries: Mapping[str, Entry],
    attribution: str,
    submit: bool,
    now: datetime | None = None,
) -> Response:
    """Take down what somebody answers, by question key; keys that are not given stay as they were.

    One response per invitation, whoever presses how often at once: the invitation is locked first. What is unchanged
    changes nothing and mails nothing. Each changed answer writes an `AnswerVersion`; changed words wait for moderation
    again. Submitting mails a copy, keyed by the version; what was submitted stays submitted when it is changed, and
    questions left empty become "skipped" so that it is known they were asked. Answering withdraws a refusal.

    Raises RoundClosed, UnknownQuestion, or Incomplete, and then has changed nothing.
    """
    now = now or timezone.now()
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("contributor").get(pk=invitation.pk)
    survey_round = Round.objects.select_related("survey").get(pk=invitation.survey_round_id)  # read under the lock
    if not survey_round.is_open(now):
        raise RoundClosed
    questions = list(survey_round.survey.questions.current())
    if unknown := entries.keys() - {question.key for question in questions}:
        raise UnknownQuestion(", ".join(sorted(unknown)))

    response = Response.objects.filter(invitation=invitation).first()
    response = response or Response(invitation=invitation, started_at=now)
    response.invitation = invitation
    before = {answer.question_id: answer for answer in response.answers.select_for_update()} if response.pk else {}
    counts = submit or response.submitted_at is not None
    changed = _changed(questions, before, entries, skip=counts)
    attribution = Attribution(attribution).value if attribution else response.attribution
    if counts:
        _refuse_incomplete(questions, before, changed, attribution)

    if invitation.declined_at:
        invitation.declined_at, invitation.decline_reason = None, ""
        invitation.save(update_fields=["declined_at", "decline_reason"])
    first_submitted = counts and response.submitted_at is None
    if response.pk and not changed and not first_submitted and attribution == response.attribution:
        return response

    response.attribution = attribution
    response.version += 1
    response.updated_at = now
    if first_submitted:
        response.submitted_at = now
    response.save()
    _write(response, changed, now)
    if counts:
        recall_reminder(invitation)
        _thank(response, survey_round, again=not first_submitted)
    return response


def copy_of(response: Response) -> list[Line]:
    """What somebody has answered, in their own reading, in the order asked. One query."""
    answers = Answer.objects.filter(response=response).select_related("question").order_by("question__position", "pk")
    lines = []
    for answer in answers:
        question, blank = answer.question, answer.value is None
        if not blank:
            said = question.type.readable(question.spec, answer.value)
        elif answer.blank:
            said = answer.get_blank_display().capitalize()
        elif answer.comment:
            said = _("Not answered")
        else:
            continue  # taken back in a draft
        lines.append(Line(answer, question.prompt, said, blank, answer.confidence, answer.comment))
    return lines


def attribution_in_words(contributor: Contributor, attribution: str) -> str:
    """The line that would stand under this person's words, exactly as readers would see it. Empty: never quoted."""
    line = disclosure.attribution_line(
        contributor.name, contributor.affiliation, contributor.position, contributor.sector, attribution
    )
    return f"— {line}" if line else ""


def _changed(
    questions: Iterable[Question], before: Mapping[int, Answer], entries: Mapping[str, Entry], *, skip: bool
) -> list[Answer]:
    """New rows for the answers that differ from what is stored. `skip`: empty ones are "skipped"."""
    changed = []
    for question in questions:
        old = before.get(question.pk)
        new = _with_entry(question, old, entries.get(question.key))
        if skip and new.value is None and not new.blank:
            new.blank, new.confidence = Blank.SKIPPED, None
        if not skip and old is None and _content(new) == _content(Answer()):
            continue  # a draft holds only what was given
        if old is None or _content(new) != _content(old):
            _await_moderation(new, old)
            changed.append(new)
    return changed


def _with_entry(question: Question, old: Answer | None, entry: Entry | None) -> Answer:
    """The answer as it would be stored, as a row without identity: the old one with the entry's content."""
    new = Answer(question=question, version=old.version + 1 if old else 1)
    for name in (*CONTENT, *(f"{name}_id" if name == "moderated_by" else name for name in MODERATION)):
        if old:
            setattr(new, name, getattr(old, name))
    if entry is not None:
        new.value = None if entry.value is None else question.type.dump(entry.value)
        new.blank, new.confidence, new.comment = entry.blank, entry.confidence, entry.comment
    return new


def _content(answer: Answer) -> tuple[Any, ...]:
    return tuple(getattr(answer, name) for name in CONTENT)


def _await_moderation(new: Answer, old: Answer | None) -> None:
    """Words that nobody has read yet wait for moderation; votes do not."""
    words_before = new.question.type.words(old.value, old.comment) if old else ""
    if new.words == words_before:
        return
    new.moderation = Answer.Moderation.PENDING if new.words else Answer.Moderation.NOT_NEEDED
    new.moderated_at, new.moderated_by, new.moderation_reason, new.edited_words = None, None, "", ""


def _refuse_incomplete(
    questions: Iterable[Question], before: Mapping[int, Answer], changed: Iterable[Answer], attribution: str
) -> None:
    after = {**before, **{answer.question_id: answer for answer in changed}}
    missing = [
        question.key
        for question in questions
        if question.required and after[question.pk].blank in (Blank.SKIPPED, Blank.NOT_SHOWN)
    ]
    if not attribution:
        missing.append("attribution")
    if missing:
        raise Incomplete(missing)


def _write(response: Response, changed: list[Answer], now: datetime) -> None:
    """The current answers and their history, in one statement each."""
    for answer in changed:
        answer.response, answer.updated_at = response, now
    Answer.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["response", "question"],
        update_fields=[*CONTENT, *MODERATION, "version", "updated_at"],
    )
    AnswerVersion.objects.bulk_create(
        AnswerVersion(
            answer=answer,
            version=answer.version,
            value=answer.value,
            blank=answer.blank,
            confidence=answer.confidence,
            comment=answer.comment,
            submitted=response.submitted_at is not None,
            saved_at=now,
        )
        for answer in changed
    )


def _thank(response: Response, survey_round: Round, *, again: bool) -> None:
    contributor = response.invitation.contributor
    outbox.enqueue(
        key=f"survey-thanks:{response.pk}:{response.version}",
        stream=Stream.SURVEY,
        name="survey_thanks",
        to=contributor.email,
        to_name=contributor.name,
        reply_to=reply_address(),
        context={
            "contributor_name": contributor.name,
            "survey_title": survey_round.survey.title,
            "again": again,
            "lines": [
                {"prompt": line.prompt, "said": line.said, "confidence": line.confidence, "comment": line.comment}
                for line in copy_of(response)
            ],
            "attribution": attribution_in_words(contributor, response.attribution),
            "closes": survey_round.closes_in_words,
            "answer_url": response.invitation.link(),
        },
    )
