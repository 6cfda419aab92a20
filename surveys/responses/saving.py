"""Answers on their way in: saved as a draft or submitted, changed until the round closes, with every version kept.

A draft lives in `Answer` rows of a response that is not submitted, which nothing counts. What is submitted counts as it
stands; what its author changes about it waits in `PendingChange` rows until they submit again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from surveys import conditions, consent, disclosure
from surveys.invitations import recall_reminder
from surveys.models import (
    Answer,
    AnswerVersion,
    Attribution,
    Blank,
    Consent,
    Invitation,
    PendingChange,
    Question,
    Response,
    Round,
    RoundClosed,
)
from surveys.responses.copies import thank

# What of an answer a contributor writes, which page wrote it, and what of it moderation writes.
CONTENT = ("value", "blank", "confidence", "comment", "attribution")
ORIGIN = ("saved_from", "saved_seq")
MODERATION = ("moderation", "moderated_at", "moderated_by", "moderation_reason", "edited_words")

Current = Answer | PendingChange


class UnknownQuestion(Exception):
    """An entry for a question that this round does not ask (any more)."""


class Incomplete(Exception):
    """Submitted without an answer to a required question, or without a choice of attribution."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(", ".join(keys))
        self.keys = keys


@dataclass(frozen=True)
class Conflict:
    """One answer that was changed elsewhere after the page was made: what stands there, and what came now."""

    question: Question
    stored: Current
    entry: "Entry"


class Conflicting(Exception):
    """Some answers were changed elsewhere meanwhile. Everything else has been kept; nothing has been submitted."""

    def __init__(self, response: Response, conflicts: list[Conflict]) -> None:
        super().__init__(", ".join(conflict.question.key for conflict in conflicts))
        self.response, self.conflicts = response, conflicts


@dataclass(frozen=True)
class Entry:
    """One answer as it was given. `value` is the Python form that the kind's form field cleans to."""

    value: Any = None
    blank: str = ""
    confidence: int | None = None
    comment: str = ""
    attribution: str = ""  # where it is another one than for the rest

    def __post_init__(self) -> None:
        if self.blank and (self.blank not in Blank.values or self.value is not None or self.confidence is not None):
            raise ValueError(f"{self.blank!r} beside a value or a confidence, or not one of the blanks")
        if self.confidence is not None and not 1 <= self.confidence <= 10:
            raise ValueError(f"a confidence of {self.confidence}, not 1 to 10")


@dataclass(frozen=True)
class Source:
    """Which opened page a save comes from.

    page    a name that the page got when it was made, for itself alone
    seq     its how manyth save this is: a retry that was overtaken is older than what is stored
    seen    question key -> `mark` of the answer that the page was made from ("" where there was none)
    """

    page: str = ""
    seq: int = 0
    seen: Mapping[str, str] = field(default_factory=dict)


def save(
    *,
    invitation: Invitation,
    entries: Mapping[str, Entry],
    attribution: str = "",
    submit: bool,
    interest: str | None = None,
    source: Source = Source(),
    late: bool = False,
    now: datetime | None = None,
) -> Response:
    """Take down what somebody answers, by question key; keys that are not given stay as they were.

    One response per invitation, whoever presses how often at once: the invitation is locked first. What is unchanged
    changes nothing and mails nothing. Each changed answer writes an `AnswerVersion`; changed words wait for moderation
    again. Submitting mails a copy, keyed by the version, keeps the evidence of what was agreed to, and takes in the
    changes that were waiting. What was submitted stays as it was submitted until then. Questions left empty become
    "skipped", and those whose conditions are not met "not shown". Answering withdraws a refusal.

    `late` keeps what comes after the end: as a draft or a pending change, and with `submit` as an offer to the staff
    (`accept_late`). Nothing is counted or mailed.

    Raises RoundClosed, UnknownQuestion, or Incomplete, and then has changed nothing; Conflicting where another page has
    changed an answer that this one did not know of, and then has kept all the others and submitted nothing.
    """
    with transaction.atomic():
        saving = Saving(invitation, now or timezone.now(), late=late)
        conflicts = saving.take(entries, source)
        response = saving.finish(attribution, interest, submit=submit and not conflicts)
    if conflicts:
        raise Conflicting(response, conflicts)
    return response


def current(response: Response | None) -> dict[int, Current]:
    """Question -> its answer as its author last saved it: a pending change stands before what was submitted."""
    if response is None or response.pk is None:
        return {}
    answers: list[Current] = list(response.answers.select_related("question"))
    changes = response.pending_changes.select_related("question") if response.submitted_at else ()
    return {row.question_id: row for row in (*answers, *changes)}


class Saving:
    """One call of `save` or `accept_late`, under the lock on its invitation."""

    def __init__(self, invitation: Invitation, now: datetime, *, late: bool) -> None:
        self.now, self.late = now, late
        locked = Invitation.objects.select_for_update(of=("self",)).select_related("contributor")
        self.invitation = locked.get(pk=invitation.pk)
        self.survey_round = Round.objects.select_related("survey").get(pk=self.invitation.survey_round_id)
        if not (now >= self.survey_round.opens_at if late else self.survey_round.takes_answers(now)):
            raise RoundClosed
        self.questions = list(self.survey_round.questions())
        self.response = Response.objects.select_related("consent").filter(
            invitation=self.invitation
        ).first() or Response(invitation=self.invitation, started_at=now)
        self.response.invitation = self.invitation
        self.submitted = self.response.submitted_at is not None
        stored = self.response.answers.select_for_update() if self.response.pk else ()
        self.answers: dict[int, Answer] = {row.question_id: row for row in stored}
        waiting = self.response.pending_changes.all() if self.submitted else ()
        self.pending: dict[int, PendingChange] = {row.question_id: row for row in waiting}
        self.entries: dict[str, Entry] = {}
        self.source = Source()

    def take(self, entries: Mapping[str, Entry], source: Source) -> list[Conflict]:
        """The entries that may be kept, and those that another page has overtaken."""
        by_key = {question.key: question for question in self.questions}
        if unknown := entries.keys() - by_key.keys():
            raise UnknownQuestion(", ".join(sorted(unknown)))
        self.source = source
        conflicts = []
        for key, entry in entries.items():
            stored: Current | None = self.pending.get(by_key[key].pk) or self.answers.get(by_key[key].pk)
            if stored is not None and source.page and stored.saved_from == source.page:
                if stored.saved_seq <= source.seq:
                    self.entries[key] = entry
                continue  # else a retry that newer text has overtaken
            seen = source.seen.get(key)
            mark = stored.mark if stored else ""
            same = stored is None or _content(stored) == _as_content(by_key[key], entry)
            if stored is None or seen is None or seen == mark or same:
                self.entries[key] = entry
            else:
                conflicts.append(Conflict(by_key[key], stored, entry))
        return conflicts

    def finish(self, attribution: str, interest: str | None, *, submit: bool) -> Response:
        response = self.response
        attribution = Attribution(attribution).value if attribution else response.attribution
        if attribution and attribution not in disclosure.levels(self.survey_round.survey):
            raise ValueError(f"{attribution!r} is more than this survey prints")
        interest = response.interest if interest is None else interest.strip()
        counts = submit and not self.late
        if self.submitted and not counts:
            return self._keep_changes(offer=submit)
        changed = self._changed(skip=counts)
        if submit:
            self._refuse_incomplete(changed, attribution)
        if counts or not self.late:
            self._withdraw_refusal()
        settled = (attribution, interest) == (response.attribution, response.interest)
        first = counts and not self.submitted
        offered = submit and self.late
        if response.pk and not changed and not self.pending and settled and not first and not offered:
            return response
        response.attribution, response.interest = attribution, interest
        response.version += 1
        response.updated_at = self.now
        if first:
            response.submitted_at = self.now
        if offered:
            response.offered_late_at = self.now
        if submit and response.pk:
            response.consent = self._agreed(changed)
        response.save()
        if submit and response.consent is None:
            response.consent = self._agreed(changed)
            response.save(update_fields=["consent"])
        self._write(changed)
        if counts:
            if self.pending:
                response.pending_changes.all().delete()
            recall_reminder(self.invitation)
            thank(response, self.survey_round, again=not first)
        return response

    def accept(self, by: AbstractBaseUser) -> Response:
        """Count what was offered late, as of the moment it was sent."""
        response, first = self.response, not self.submitted
        changed = self._changed(skip=True)
        self._refuse_incomplete(changed, response.attribution)
        self._withdraw_refusal()
        response.submitted_at = response.submitted_at or response.offered_late_at
        response.accepted_late_at, response.accepted_late_by = self.now, by  # type: ignore[assignment]
        response.offered_late_at = None
        response.version += 1
        response.save()
        self._write(changed)
        response.pending_changes.all().delete()
        thank(response, self.survey_round, again=not first)
        return response

    # --- what changes

    def _changed(self, *, skip: bool) -> list[Answer]:
        """New rows for the answers that differ from what is stored. `skip`: empty ones are "skipped", and those whose
        conditions are not met "not shown"."""
        new = {question.pk: self._with_entry(question) for question in self.questions}
        shown = self._shown(new) if skip else {question.key for question in self.questions}
        changed = []
        for question in self.questions:
            old, row = self.answers.get(question.pk), new[question.pk]
            if question.key not in shown:
                row.value, row.blank, row.confidence, row.comment = None, Blank.NOT_SHOWN, None, ""
            elif skip and row.value is None and row.blank in ("", Blank.NOT_SHOWN):
                row.blank, row.confidence = Blank.SKIPPED, None
            if not skip and old is None and _content(row) == _content(Answer()):
                continue  # a draft holds only what was given
            if old is None or _content(row) != _content(old):
                _await_moderation(row, old)
                changed.append(row)
        return changed

    def _shown(self, answers: Mapping[int, Current]) -> set[str]:
        values = {
            question.key: question.type.load(answers[question.pk].value)
            for question in self.questions
            if question.pk in answers and answers[question.pk].value is not None
        }
        return conditions.shown([question.spec for question in self.questions], values)

    def _with_entry(self, question: Question) -> Answer:
        """The answer as it would be stored, as a row without identity: the old one with the entry's content."""
        old, waiting, entry = (
            self.answers.get(question.pk), self.pending.get(question.pk), self.entries.get(question.key)
        )  # fmt: skip
        new = Answer(question=question, version=old.version + 1 if old else 1)
        for name in (*CONTENT, *ORIGIN, *(f"{name}_id" if name == "moderated_by" else name for name in MODERATION)):
            if old:
                setattr(new, name, getattr(old, name))
        if waiting is not None:
            _fill(new, waiting)
        if entry is not None:
            for name, value in zip(CONTENT, _as_content(question, entry), strict=True):
                setattr(new, name, value)
            new.saved_from, new.saved_seq = self.source.page, self.source.seq
        return new

    def _keep_changes(self, *, offer: bool) -> Response:
        """What is changed about a submitted response and not submitted again: kept beside it."""
        kept: list[PendingChange] = []
        gone: list[PendingChange] = []
        for question in self.questions:
            if question.key not in self.entries:
                continue
            old, waiting = self.answers.get(question.pk), self.pending.get(question.pk)
            content = _as_content(question, self.entries[question.key])
            if waiting is not None and content == _content(waiting):
                continue
            if waiting is None and content == (_content(old) if old else _content(Answer())):
                continue
            if waiting is None and old is not None and old.blank == Blank.SKIPPED and content == _content(Answer()):
                continue  # left empty, as it was
            row = PendingChange(
                response=self.response, question=question, answer_version=old.version if old else 0,
                version=waiting.version + 1 if waiting else 1, saved_from=self.source.page, saved_seq=self.source.seq,
                updated_at=self.now,
            )  # fmt: skip
            for name, value in zip(CONTENT, content, strict=True):
                setattr(row, name, value)
            (gone if old is not None and content == _content(old) else kept).append(row)
        if gone:  # changed back to what was submitted
            self.response.pending_changes.filter(question__in=[row.question_id for row in gone]).delete()
        PendingChange.objects.bulk_create(
            kept,
            update_conflicts=True,
            unique_fields=["response", "question"],
            update_fields=[*CONTENT, *ORIGIN, "answer_version", "version", "updated_at"],
        )
        if offer and (kept or self.pending):
            self.response.offered_late_at = self.now
        if kept or gone or offer:
            self.response.updated_at = self.now
            self.response.save(update_fields=["offered_late_at", "updated_at"])
        return self.response

    # --- what is refused, withdrawn, written

    def _refuse_incomplete(self, changed: Iterable[Answer], attribution: str) -> None:
        after = {**self.answers, **{answer.question_id: answer for answer in changed}}
        shown = self._shown(after)
        missing = [
            question.key
            for question in self.questions
            if question.required and question.key in shown and not _is_answered(after.get(question.pk))
        ]
        if not attribution:
            missing.append("attribution")
        if missing:
            raise Incomplete(missing)

    def _withdraw_refusal(self) -> None:
        if self.invitation.declined_at:
            self.invitation.declined_at, self.invitation.decline_reason = None, ""
            self.invitation.declined_because = ""
            self.invitation.save(update_fields=["declined_at", "decline_reason", "declined_because"])

    def _agreed(self, changed: Iterable[Answer]) -> Consent:
        """The evidence of what is agreed to by submitting, the levels of single answers included."""
        after = {**self.answers, **{answer.question_id: answer for answer in changed}}
        keys = {question.pk: question.key for question in self.questions}
        exceptions = {keys[pk]: row.attribution for pk, row in after.items() if row.attribution and pk in keys}
        return consent.record(
            response=self.response, contributor=self.invitation.contributor, survey=self.survey_round.survey,
            exceptions=exceptions, now=self.now,
        )  # fmt: skip

    def _write(self, changed: list[Answer]) -> None:
        """The current answers and their history, in one statement each."""
        for answer in changed:
            answer.response, answer.updated_at = self.response, self.now
        Answer.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["response", "question"],
            update_fields=[*CONTENT, *ORIGIN, *MODERATION, "version", "updated_at"],
        )
        AnswerVersion.objects.bulk_create(
            AnswerVersion(
                answer=answer,
                version=answer.version,
                submitted=self.response.submitted_at is not None,
                saved_at=self.now,
                **dict(zip(CONTENT, _content(answer), strict=True)),
            )
            for answer in changed
        )


def _content(answer: Current) -> tuple[Any, ...]:
    return tuple(getattr(answer, name) for name in CONTENT)


def _as_content(question: Question, entry: Entry) -> tuple[Any, ...]:
    value = None if entry.value is None else question.type.dump(entry.value)
    return value, entry.blank, entry.confidence, entry.comment, entry.attribution


def _fill(new: Answer, waiting: PendingChange) -> None:
    for name in (*CONTENT, *ORIGIN):
        setattr(new, name, getattr(waiting, name))


def _is_answered(answer: Answer | None) -> bool:
    return answer is not None and (answer.value is not None or answer.blank not in ("", Blank.SKIPPED, Blank.NOT_SHOWN))


def _await_moderation(new: Answer, old: Answer | None) -> None:
    """Words that nobody has read yet wait for moderation; votes do not."""
    words_before = new.question.type.words(old.value, old.comment) if old else ""
    if new.words == words_before:
        return
    new.moderation = Answer.Moderation.PENDING if new.words else Answer.Moderation.NOT_NEEDED
    new.moderated_at, new.moderated_by, new.moderation_reason, new.edited_words = None, None, "", ""
