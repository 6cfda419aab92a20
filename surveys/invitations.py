"""Who is asked: invitations, the one reminder, refusals, what became of each, and the response rate."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import links, outbox
from naatbatt.mail.models import OutgoingMail, Stream, Suppression
from surveys.models import Contributor, Invitation, Question, Round, RoundClosed, Sector

Disposition = Invitation.Disposition

# Counted in the response rate: everybody who was asked.
ASKED = (
    Disposition.COMPLETE,
    Disposition.PARTIAL,
    Disposition.DECLINED,
    Disposition.UNDELIVERABLE,
    Disposition.NO_REPLY,
)


class AlreadySubmitted(Exception):
    """Who has submitted answers cannot decline any more."""


def invite(*, survey_round: Round, contributors: Iterable[Contributor]) -> list[Invitation]:
    """Put contributors on the panel of a round, each with a personal link of their own. Writes no mail (see `solicit`).

    Whoever is on the panel already stays there with the link they have. Returns the invitations of all that were given.
    Raises RoundClosed when the round is over.
    """
    contributors = list(contributors)
    if survey_round.closed_at or survey_round.closes_at <= timezone.now():
        raise RoundClosed
    with transaction.atomic():
        fresh = []
        for contributor in contributors:
            nonce = links.new_nonce()
            digest = links.digest(links.token("answer", nonce))
            fresh.append(
                Invitation(survey_round=survey_round, contributor=contributor, link_nonce=nonce, link_digest=digest)
            )
        Invitation.objects.bulk_create(fresh, ignore_conflicts=True)
        asked = Invitation.objects.filter(survey_round=survey_round, contributor__in=contributors)
        return list(asked.select_related("contributor", "survey_round__survey"))


def solicit(*, survey_round: Round, now: datetime | None = None) -> int:
    """Write the invitation mail of everybody on the panel who has none yet. Returns how many were written.

    Only while the round is open and not held; asked again for each person, so that a round which is closed or held
    meanwhile stops at once. One mail per person for ever, however often this runs.
    """
    now = now or timezone.now()
    questions = list(survey_round.survey.questions.current())
    written = 0
    for pk in list(survey_round.invitations.unsolicited().values_list("pk", flat=True)):
        with transaction.atomic():
            invitation = _locked(pk)
            if not _mailing(invitation.survey_round_id, now):
                break
            if invitation.invited_at is None:
                invitation.mail = _enqueue("survey-invitation", "survey_invitation", invitation, questions)
                invitation.invited_at = now
                invitation.save(update_fields=["mail", "invited_at"])
                written += 1
    return written


def remind(*, survey_round: Round, now: datetime | None = None) -> int:
    """Write the one reminder to those who have neither submitted nor declined. Returns how many were written.

    Decided for each person under a lock on their invitation at this very moment, so nobody is reminded after an answer,
    a refusal, a request not to be written to, a mail that could not be delivered, or the end of the round.
    """
    now = now or timezone.now()
    questions = list(survey_round.survey.questions.current())
    written = 0
    for pk in list(survey_round.invitations.unanswered().filter(reminded_at=None).values_list("pk", flat=True)):
        with transaction.atomic():
            invitation = _locked(pk)
            if not _mailing(invitation.survey_round_id, now):
                return written
            if _wants_reminding(invitation):
                _enqueue("survey-reminder", "survey_reminder", invitation, questions)
                invitation.reminded_at = now
                invitation.save(update_fields=["reminded_at"])
                written += 1
    Round.objects.filter(pk=survey_round.pk).update(reminded_at=now)
    return written


def decline(*, invitation: Invitation, reason: str = "", now: datetime | None = None) -> Invitation:
    """Take down that somebody will not answer, with their reason. A draft of theirs is kept.

    Said twice, the first instant stands and the last reason given. Answering later withdraws it (`responses.save`).
    Raises RoundClosed when the round takes no answers, AlreadySubmitted when answers have been submitted.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _locked(invitation.pk)
        if not Round.objects.get(pk=locked.survey_round_id).is_open(now):
            raise RoundClosed
        if Invitation.objects.filter(pk=locked.pk, response__submitted_at__isnull=False).exists():
            raise AlreadySubmitted
        recall_reminder(locked)
        locked.declined_at = locked.declined_at or now
        locked.decline_reason = reason.strip() or locked.decline_reason
        locked.save(update_fields=["declined_at", "decline_reason"])
        return locked


def find(*, token: str) -> Invitation | None:
    """Whose personal link this is, with all a page says about them. The same work for every token, right or wrong."""
    return (
        Invitation.objects.select_related("survey_round__survey", "contributor", "response")
        .filter(link_digest=links.digest(token))
        .first()
    )


def disposition(invitation: Invitation) -> Disposition:
    """What has become of one invitation. For many, ask `Invitation.objects.with_disposition()`: one query."""
    return Disposition(Invitation.objects.with_disposition().get(pk=invitation.pk).disposition)  # type: ignore[attr-defined]


def disposition_counts(*, survey_round: Round) -> dict[str, dict[str, int]]:
    """How many invitations of a round stand where: "all" first, then each sector that was asked. One query."""
    found = (
        survey_round.invitations.with_disposition()
        .order_by()
        .values_list("contributor__sector", "disposition")  # type: ignore[misc]  # the annotation
        .annotate(number=Count("pk"))
    )
    by_sector = {name: dict.fromkeys(Disposition.values, 0) for name in ("all", *Sector.values)}
    for sector, standing, number in found:
        by_sector[sector][standing] += number
        by_sector["all"][standing] += number
    return {name: counts for name, counts in by_sector.items() if name == "all" or any(counts.values())}


def response_rate_1(counts: Mapping[str, int]) -> float | None:
    """The AAPOR response rate 1 (RR1), the smallest of their six: I / ((I + P) + (R + NC + O) + (UH + UO)).

    `counts` is one value of `disposition_counts`. Variant for a list of named persons asked by mail: complete = I,
    partial = P, declined = R, undeliverable = NC, no reply = UO; O and UH cannot occur. Who has not been invited yet is
    not in the sample. None when nobody has been asked.
    """
    asked = sum(counts.get(standing, 0) for standing in ASKED)
    return counts.get(Disposition.COMPLETE, 0) / asked if asked else None


def recall_reminder(invitation: Invitation) -> None:
    """Keep back a reminder that is still waiting to leave: its reader has answered or declined meanwhile."""
    if invitation.reminded_at:
        for waiting in OutgoingMail.objects.unsettled().filter(key=f"survey-reminder:{invitation.pk}"):
            outbox.withdraw(mail=waiting, reason=_("Answered or declined before the reminder left."))


def minutes_to_answer(questions: Iterable[Question]) -> int:
    """A fair estimate for the person asked: half a minute to read and choose, as much again to say why."""
    halves = sum(2 if question.type.asks_comment else 1 for question in questions)
    return max(1, math.ceil(halves / 2))


def reply_address() -> str:
    """Where a contributor's answer to one of our mails goes: to the staff, where there is an address for them."""
    return settings.STAFF_EMAILS[0] if settings.STAFF_EMAILS else ""


def _locked(pk: int) -> Invitation:
    """The invitation, locked until the transaction ends. Everything that depends on its state is read after this."""
    return Invitation.objects.select_for_update(of=("self",)).select_related("contributor").get(pk=pk)


def _mailing(survey_round_id: int, now: datetime) -> bool:
    return Round.objects.open(now).filter(pk=survey_round_id, held_at=None).exists()


def _wants_reminding(invitation: Invitation) -> bool:
    undeliverable = [OutgoingMail.State.FAILED, OutgoingMail.State.SUPPRESSED]
    remind_at = Round.objects.values_list("remind_at", flat=True).get(pk=invitation.survey_round_id)
    if remind_at and invitation.invited_at and remind_at <= invitation.invited_at:
        return False  # joined after the announced instant, and has only just had the invitation
    return (
        Invitation.objects.unanswered()
        .filter(pk=invitation.pk, reminded_at=None)
        .exclude(mail__state__in=undeliverable)
        .exists()
        and not Suppression.objects.blocking(invitation.contributor.email, Stream.SURVEY).exists()
    )


def _enqueue(key: str, name: str, invitation: Invitation, questions: list[Question]) -> OutgoingMail:
    from surveys.publishing import prose_html  # which stands on this module

    survey_round = Round.objects.select_related("survey").get(pk=invitation.survey_round_id)
    context: dict[str, Any] = {
        "contributor_name": invitation.contributor.name,
        "affiliation": invitation.contributor.affiliation,
        "sector": invitation.contributor.get_sector_display(),
        "survey_title": survey_round.survey.title,
        "introduction": survey_round.survey.introduction,
        "introduction_html": prose_html(survey_round.survey.introduction),
        "round_number": survey_round.number,
        "prompts": [question.prompt for question in questions],
        "minutes": minutes_to_answer(questions),
        "closes": survey_round.closes_in_words,
        "has_draft": hasattr(invitation, "response"),
        "answer_url": invitation.link(),
    }
    return outbox.enqueue(
        key=f"{key}:{invitation.pk}",
        stream=Stream.SURVEY,
        name=name,
        to=invitation.contributor.email,
        to_name=invitation.contributor.name,
        reply_to=reply_address(),
        context=context,
    )
