"""Answers on their way in: saved as a draft or submitted, changed until the round closes, with every version kept.

A draft lives in `Answer` rows of a response that is not submitted, which nothing counts. What is submitted counts as it
stands; what its author changes about it waits in `PendingChange` rows until they submit again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from naatbatt.prepared import Prepared
from surveys import conditions, consent, delphi, disclosure
from surveys.invitations import recall_reminder
from surveys.models import (
    Answer,
    AnswerVersion,
    Attribution,
    Blank,
    Invitation,
    PendingChange,
    Question,
    Response,
    RoundClosed,
)
from surveys.models.questions import asked_in
from surveys.responses.entries import (
    CONTENT,
    NO_PAGE,
    Conflict,
    Conflicting,
    Current,
    Entry,
    Incomplete,
    Source,
    UnknownQuestion,
    as_given,
    content_from,
    content_of,
    edition,
    is_answered,
    knows,
    with_questions,
)
from surveys.responses.letters import tell_of_offer, thank

# Which page wrote an answer last, and what of it moderation writes.
ORIGIN = ("saved_from", "saved_seq")
MODERATION = ("moderation", "moderated_at", "moderated_by", "moderation_reason", "edited_words")
READ = (Answer.Moderation.APPROVED, Answer.Moderation.PROPOSED)
CARRIED = (*CONTENT, *ORIGIN, *(f"{name}_id" if name == "moderated_by" else name for name in MODERATION))

# Each answer as it stands now, where its history has not got that yet. In the database, without a way there and back.
HISTORY = """
    INSERT INTO surveys_answerversion
        (answer_id, version, value, blank, confidence, comment, attribution, submitted, saved_at)
    SELECT id, version, value, blank, confidence, comment, attribution, %s, %s FROM surveys_answer
    WHERE response_id = %s AND NOT EXISTS (
        SELECT 1 FROM surveys_answerversion AS kept
        WHERE kept.answer_id = surveys_answer.id AND kept.version = surveys_answer.version
    )
"""

_locked = Prepared(lambda pk: Invitation.objects.select_for_update().only("pk").filter(pk=pk))
_whole = Prepared(
    lambda pk: Invitation.objects.select_related("contributor", "survey_round__survey", "response__consent").filter(
        pk=pk
    )
)
_stored = Prepared(lambda response: Answer.objects.select_for_update().filter(response=response))


def save(
    *,
    invitation: Invitation,
    entries: Mapping[str, Entry],
    attribution: str = "",
    submit: bool,
    interest: str | None = None,
    source: Source = NO_PAGE,
    late: bool = False,
    now: datetime | None = None,
) -> Response:
    """Take down what somebody answers, by question key; keys that are not given stay as they were.

    One response per invitation, whoever presses how often at once: the invitation is locked first. What is unchanged
    changes nothing and mails nothing. Each changed answer writes an `AnswerVersion`; changed words wait for moderation
    again. Submitting mails a copy, keyed by the version, keeps the evidence of what was agreed to, and takes in the
    changes that were waiting. What was submitted stays as it was submitted until then, and so do the attribution and
    the interest beside it. Questions left empty become "skipped", and those whose conditions are not met "not shown".
    Answering withdraws a refusal.

    `late` also keeps what comes after the end: as a draft or a pending change, and with `submit` as an offer to the
    staff (`accept_late`). What its author changes about an offer is part of it. Nothing is counted or mailed.

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


class Saving:
    """One call of `save` or `accept_late`, under the lock on its invitation."""

    def __init__(self, invitation: Invitation, now: datetime, *, late: bool) -> None:
        self.now = now
        _locked(invitation.pk)
        # In a statement of its own: one that has waited for the lock would still read things as they were before.
        (self.invitation,) = _whole(invitation.pk)
        self.survey_round = self.invitation.survey_round
        if self.invitation.link_digest != invitation.link_digest:
            raise RoundClosed  # the link was taken away while this waited: replaced, or its owner is to be forgotten
        self.late = not self.survey_round.takes_answers(now)
        if self.late and not (late and now >= self.survey_round.opens_at):
            raise RoundClosed
        self.questions = asked_in(self.survey_round)
        self.response: Response = getattr(self.invitation, "response", None) or Response(
            invitation=self.invitation, started_at=now
        )
        self.submitted = self.response.submitted_at is not None
        stored = _stored(self.response.pk) if self.response.pk else ()
        self.answers: dict[int, Answer] = with_questions(stored, self.questions)
        waiting = self.response.pending_changes.all() if self.submitted else ()
        self.pending: dict[int, PendingChange] = {row.question_id: row for row in waiting}
        self.entries: dict[str, Entry] = {}
        self.source = NO_PAGE
        self.said_again: list[Current] = []

    # --- what is done

    def take(self, entries: Mapping[str, Entry], source: Source) -> list[Conflict]:
        """Choose the entries that may be kept; returns those that another page has overtaken."""
        by_key = {question.key: question for question in self.questions}
        if unknown := entries.keys() - by_key.keys():
            raise UnknownQuestion(", ".join(sorted(unknown)))
        if reworded := [key for key in entries if source.asked.get(key) not in (None, edition(by_key[key]))]:
            raise UnknownQuestion(", ".join(reworded))
        self.source = source
        conflicts = []
        for key, given in entries.items():
            question = by_key[key]
            stored: Current | None = self.pending.get(question.pk) or self.answers.get(question.pk)
            again = stored is not None and given.attribution == stored.attribution
            entry = self._as_still_printed(given) if again else given
            self._level(entry.attribution)
            own = stored is not None and bool(source.page) and stored.saved_from == source.page
            if stored is not None and own and stored.saved_seq > source.seq:
                continue  # a retry that newer text has overtaken
            if stored is not None and not own and not knows(source, question, stored, entry):
                conflicts.append(Conflict(question, stored, entry))
                continue
            self.entries[key] = entry
            if stored is not None and source.seq and as_given(stored) == content_from(question, entry):
                self.said_again.append(stored)
        return conflicts

    def finish(self, attribution: str, interest: str | None, *, submit: bool) -> Response:
        response = self.response
        attribution = self._level(attribution) or response.attribution
        interest = response.interest if interest is None else interest.strip()
        counts = submit and not self.late
        changed = self._changed((attribution, interest), submitting=counts)
        if submit:
            self._refuse_incomplete(changed, attribution)
        if not self.late:
            self._withdraw_refusal()
        self._take_down_origin()
        if self.submitted and not counts:
            return self._keep_beside(changed, offer=submit)
        rephrased = (attribution, interest) != (response.attribution, response.interest)
        response.attribution, response.interest = attribution, interest
        return self._keep(changed, rephrased=rephrased, submit=submit)

    def accept(self, by: AbstractBaseUser) -> Response:
        """Count what was offered late, as of the moment it was sent."""
        response, first = self.response, not self.submitted
        changed = self._changed((response.attribution, response.interest), submitting=True)
        self._refuse_incomplete(changed, response.attribution)
        self._withdraw_refusal()
        sent_at = response.offered_late_at or self.now
        response.submitted_at = response.submitted_at or sent_at
        response.consent = response.consents.order_by("-pk").first()
        response.accepted_late_at, response.accepted_late_by = self.now, by  # type: ignore[assignment]
        response.offered_late_at = None
        response.version += 1
        response.save()
        self._write(changed, first=first, at=sent_at)
        thank(response, self.survey_round, self._after(changed), again=not first, late=True)
        return response

    # --- what changes

    def _changed(self, quoted: tuple[str, str], *, submitting: bool) -> list[Answer]:
        """New rows for the answers that differ from what is stored. `submitting`: empty ones are "skipped", and those
        whose conditions are not met "not shown". `quoted`: the attribution and the interest that go with them."""
        new = {question.pk: self._with_entry(question) for question in self.questions}
        shown = self._shown(new) if submitting else {question.key for question in self.questions}
        changed = []
        for question in self.questions:
            old, row = self.answers.get(question.pk), new[question.pk]
            if question.key not in shown:
                row.value, row.blank, row.confidence, row.comment, row.attribution = None, Blank.NOT_SHOWN, None, "", ""
            elif submitting and row.value is None and row.blank in ("", Blank.NOT_SHOWN):
                row.blank, row.confidence = Blank.SKIPPED, None
            if old is None and not submitting and content_of(row) == content_of(Answer()):
                continue  # a draft holds only what was given
            says_more = submitting and old is not None and self._says_more(old, row, quoted)
            if old is None or says_more or content_of(row) != content_of(old):
                _await_moderation(row, old, read_again=says_more)
                if old is not None and content_of(row) == content_of(old):
                    row.version = old.version  # it is to be read again, and says what it said
                changed.append(row)
        return changed

    def _says_more(self, old: Answer, row: Answer, quoted: tuple[str, str]) -> bool:
        """Whether words that staff have read would stand under a line that says more about their author."""
        (level, interest), response = quoted, self.response
        return row.moderation in READ and disclosure.line_opened(
            before=(old.attribution or response.attribution, response.interest),
            after=(row.attribution or level, interest),
        )

    def _with_entry(self, question: Question) -> Answer:
        """The answer as it would be stored, as a row without identity: the old one with what was given since."""
        old, waiting = self.answers.get(question.pk), self.pending.get(question.pk)
        new = Answer(question=question, version=old.version + 1 if old else 1)
        for name in CARRIED if old else ():
            setattr(new, name, getattr(old, name))
        for name in (*CONTENT, *ORIGIN) if waiting else ():
            setattr(new, name, getattr(waiting, name))
        if question.key in self.entries:
            self._fill(new, question)
        return new

    def _keep(self, changed: list[Answer], *, rephrased: bool, submit: bool) -> Response:
        """A draft, or what is submitted, whether it counts or is offered late."""
        response, counts = self.response, submit and not self.late
        first = submit and not (response.offered_late_at if self.late else self.submitted)
        terms = self._terms(changed) if submit else {}
        agrees_anew = submit and not consent.says(response.consent, terms)
        if response.pk and not (changed or rephrased or first or agrees_anew):
            return self._drop_pending()
        response.version += 1
        response.updated_at = self.now
        if counts:
            response.submitted_at, response.offered_late_at = response.submitted_at or self.now, None
        elif submit or response.offered_late_at:
            response.offered_late_at = self.now
        if submit:
            if response.pk is None:
                response.save()  # what is agreed to points at it
            response.consent = consent.record(response=response, terms=terms, now=self.now)
        response.save()
        self._write(changed, first=first and counts, at=self.now)
        if counts:
            delphi.carry_approval(response=response, survey_round=self.survey_round)
            recall_reminder(self.invitation)
            thank(response, self.survey_round, self._after(changed), again=not first)
        elif submit:
            tell_of_offer(response)
        return response

    def _keep_beside(self, changed: list[Answer], *, offer: bool) -> Response:
        """What is changed about a submitted response and not submitted again: kept beside it."""
        response, left = self.response, dict(self.pending)
        kept: list[PendingChange] = []
        for question in self.questions:
            if question.key not in self.entries:
                continue
            old, waiting = self.answers.get(question.pk), self.pending.get(question.pk)
            given = content_from(question, self.entries[question.key])
            if given == as_given(waiting or old):
                continue
            left.pop(question.pk, None)  # changed back to what was submitted, unless it is kept below
            if given != as_given(old):
                row = PendingChange(
                    response=response, question=question, answer_version=old.version if old else 0,
                    version=waiting.version + 1 if waiting else 1, updated_at=self.now,
                )  # fmt: skip
                self._fill(row, question)
                kept.append(row)
        gone = self.pending.keys() - left.keys() - {row.question_id for row in kept}
        if gone:
            response.pending_changes.filter(question__in=gone).delete()
        PendingChange.objects.bulk_create(
            kept,
            update_conflicts=True,
            unique_fields=["response", "question"],
            update_fields=[*CONTENT, *ORIGIN, "answer_version", "version", "updated_at"],
        )
        newly_offered = offer and response.offered_late_at is None and bool(kept or left)
        if not (kept or gone or newly_offered):
            return response
        response.updated_at = self.now
        if offer or response.offered_late_at:
            response.offered_late_at = self.now if kept or left else None
        if offer:  # the evidence stands beside what counts until it is accepted
            response.version += 1
            consent.record(response=response, terms=self._terms(changed), now=self.now)
            tell_of_offer(response)
        response.save(update_fields=["offered_late_at", "updated_at", "version"])
        return response

    def _shown(self, answers: Mapping[int, Current]) -> set[str]:
        values = {
            question.key: question.type.load(answers[question.pk].value)
            for question in self.questions
            if question.pk in answers and answers[question.pk].value is not None
        }
        return conditions.shown([question.spec for question in self.questions], values)

    def _fill(self, row: Current, question: Question) -> None:
        for name, value in zip(CONTENT, content_from(question, self.entries[question.key]), strict=True):
            setattr(row, name, value)
        row.saved_from, row.saved_seq = self.source.page, self.source.seq

    # --- what is refused and withdrawn

    def _as_still_printed(self, entry: Entry) -> Entry:
        """Quoted as the rest, where the level chosen for it was chosen before the doors were closed."""
        closed = disclosure.capped(entry.attribution, self.survey_round.survey) != entry.attribution
        return replace(entry, attribution="") if closed else entry

    def _level(self, attribution: str) -> str:
        if attribution and Attribution(attribution) not in disclosure.levels(self.survey_round.survey):
            raise ValueError(f"{attribution!r} is more than this survey prints")
        return attribution

    def _refuse_incomplete(self, changed: Iterable[Answer], attribution: str) -> None:
        after = self._after(changed)
        shown = self._shown(after)
        missing = [
            question.key
            for question in self.questions
            if question.required and question.key in shown and not is_answered(after.get(question.pk))
        ]
        if attribution not in disclosure.levels(self.survey_round.survey):  # none yet, or the doors were closed since
            missing.append("attribution")
        if missing:
            raise Incomplete(missing)

    def _withdraw_refusal(self) -> None:
        if self.invitation.declined_at:
            self.invitation.declined_at, self.invitation.decline_reason = None, ""
            self.invitation.declined_because = ""
            self.invitation.save(update_fields=["declined_at", "decline_reason", "declined_because"])

    # --- what is written

    def _after(self, changed: Iterable[Answer]) -> dict[int, Answer]:
        return {**self.answers, **{answer.question_id: answer for answer in changed}}

    def _terms(self, changed: Iterable[Answer]) -> dict[str, Any]:
        """What is agreed to by submitting, the levels of single answers included."""
        after = self._after(changed)
        exceptions = {
            question.key: after[question.pk].attribution
            for question in self.questions
            if question.pk in after and after[question.pk].attribution
        }
        return consent.agreed(
            response=self.response, contributor=self.invitation.contributor, survey=self.survey_round.survey,
            exceptions=exceptions,
        )  # fmt: skip

    def _take_down_origin(self) -> None:
        """A page that says again what is stored has written it, too: none of its older saves may come after."""
        for model in (Answer, PendingChange):
            if rows := [row.pk for row in self.said_again if isinstance(row, model)]:
                model.objects.filter(pk__in=rows).update(saved_from=self.source.page, saved_seq=self.source.seq)

    def _write(self, changed: list[Answer], *, first: bool, at: datetime) -> None:
        """The current answers and their history, in one statement each; what waited to be submitted has been."""
        for answer in changed:
            answer.response, answer.updated_at = self.response, at
        Answer.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["response", "question"],
            update_fields=[*CONTENT, *ORIGIN, *MODERATION, "version", "updated_at"],
        )
        if changed:
            with connection.cursor() as cursor:
                said = [self.response.submitted_at is not None, connection.ops.adapt_datetimefield_value(at)]
                cursor.execute(HISTORY, [*said, self.response.pk])
        if first and self.answers:  # saved in the draft, and submitted as they were
            drafts = AnswerVersion.objects.filter(answer__response=self.response, version=F("answer__version"))
            drafts.filter(submitted=False).update(submitted=True)
        self._drop_pending()

    def _drop_pending(self) -> Response:
        if self.pending:
            self.response.pending_changes.all().delete()
        return self.response


def _await_moderation(new: Answer, old: Answer | None, *, read_again: bool) -> None:
    """Words that nobody has read yet, or not under such a line, wait for moderation; votes do not."""
    words_before = new.question.type.words(old.value, old.comment) if old else ""
    if new.words == words_before and not (read_again and new.words):
        return
    new.moderation = Answer.Moderation.PENDING if new.words else Answer.Moderation.NOT_NEEDED
    new.moderated_at, new.moderated_by, new.moderation_reason, new.edited_words = None, None, "", ""
