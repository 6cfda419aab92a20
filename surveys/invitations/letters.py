"""What the mails of an invitation say, and the lock under which they are written."""

from datetime import datetime
from typing import Any

from django.conf import settings

from naatbatt.mail import links, outbox, rendering
from naatbatt.mail.models import OutgoingMail, Stream
from surveys import questionnaires
from surveys.models import Answer, Contributor, Invitation, Question, Round


def reply_address() -> str:
    """Where a contributor's answer to one of our mails goes: to the staff, where there is an address for them."""
    return settings.STAFF_EMAILS[0] if settings.STAFF_EMAILS else ""


def preview(*, survey_round: Round, contributor: Contributor) -> rendering.Rendered:
    """The invitation mail that this person would get, as it would be, with dots for the link. Stores nothing."""
    questions = list(survey_round.questions())
    invitation = Invitation(survey_round=survey_round, contributor=contributor, link_nonce=links.new_nonce())
    mail = rendering.render("survey_invitation", _said(invitation, survey_round, questions))
    return rendering.Rendered(mail.subject, links.mask(mail.text), links.mask(mail.html))


def locked(pk: int) -> Invitation:
    """The invitation, locked until the transaction ends. Everything that depends on its state is read after this."""
    return Invitation.objects.select_for_update(of=("self",)).select_related("contributor").get(pk=pk)


def mailing(survey_round_id: int, now: datetime) -> bool:
    """Whether mails of this round may be written at all: it is open and not held."""
    return Round.objects.open(now).filter(pk=survey_round_id, held_at=None).exists()


def write(key: str, name: str, invitation: Invitation, questions: list[Question], **said: Any) -> OutgoingMail:
    survey_round = Round.objects.select_related("survey").get(pk=invitation.survey_round_id)
    return outbox.enqueue(
        key=key,
        stream=Stream.SURVEY,
        name=name,
        to=invitation.contributor.email,
        to_name=invitation.contributor.name,
        reply_to=reply_address(),
        context={**_said(invitation, survey_round, questions), **said},
    )


def _said(invitation: Invitation, survey_round: Round, questions: list[Question]) -> dict[str, Any]:
    from surveys.publishing import prose_html  # which stands on this module

    response = getattr(invitation, "response", None) if invitation.pk else None
    return {
        "contributor_name": invitation.contributor.name,
        "affiliation": invitation.contributor.affiliation,
        "sector": invitation.contributor.get_sector_display(),
        "survey_title": survey_round.survey.title,
        "introduction": survey_round.survey.introduction,
        "introduction_html": prose_html(survey_round.survey.introduction),
        "round_number": survey_round.number,
        **(_of_later_round(invitation, survey_round) if survey_round.number > 1 else {}),
        "prompts": [question.prompt for question in questions],
        "how_long": questionnaires.time_to_answer(questions),
        "closes": survey_round.closes_in_words,
        "most_reminders": survey_round.most_reminders,
        "has_draft": response is not None,
        "has_answered": response is not None and response.submitted_at is not None,
        "answer_url": invitation.link(),
    }


def _of_later_round(invitation: Invitation, survey_round: Round) -> dict[str, Any]:
    """What differs from the first asking: what is settled, what they answered before, whether they see the group's."""
    before = Answer.objects.of_rounds_before(survey_round)
    settled = survey_round.survey.questions.current().filter(key__in=[*survey_round.settled])
    return {
        "has_earlier": before.filter(response__invitation__contributor=invitation.contributor).exists(),
        "shows_group": survey_round.group_shown == Round.GroupShown.BESIDE and before.exists(),
        "settled": [
            {"prompt": question.prompt, "reason": survey_round.settled[question.key]}
            for question in (settled if survey_round.settled else ())
        ],
    }
