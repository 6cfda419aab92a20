"""The mails about a response: the copy that thanks its author, and the word to staff that something came late."""

from collections.abc import Mapping

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from naatbatt.mail import outbox
from naatbatt.mail.models import Stream
from naatbatt.zones import in_words
from surveys.invitations import reply_address
from surveys.models import Answer, Response, Round
from surveys.responses.copies import lines_of, quoted_as


def thank(
    response: Response, survey_round: Round, answers: Mapping[int, Answer], *, again: bool, late: bool = False
) -> None:
    """Mail a copy of what was submitted, keyed by the version: the same state is the same mail.

    `answers`: what was submitted, by question. `again`: after the first time. `late`: sent after the end, and accepted
    by staff.
    """
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
            "late": late,
            "lines": [
                {
                    "prompt": line.prompt, "said": line.said, "confidence": line.confidence, "comment": line.comment,
                    "own_line": line.own_line,
                }
                for line in lines_of(answers)
            ],
            "attribution": quoted_as(response),
            "closed_door": survey_round.survey.closed_door,
            "agreed_to": response.consent.wording.split("\n") if response.consent else [],
            "agreed_at": in_words(response.consent.given_at, survey_round.zone) if response.consent else "",
            "closes": survey_round.closes_in_words,
            "answer_url": response.invitation.link(),
        },
    )  # fmt: skip


def tell_of_offer(response: Response) -> None:
    """Write to staff that something was sent after the end; once for each response, however often it is sent again."""
    invitation = response.invitation
    message = _("%(name)s sent answers after the end. They are kept, and not counted. Accept them, or set them aside.")
    outbox.tell_staff(
        key=f"survey-late:{response.pk}",
        headline=_("Sent late: “%(round)s”") % {"round": invitation.survey_round},
        message=message % {"name": invitation.contributor.name},
        page_url=settings.SITE_URL + reverse("admin:surveys_response_change", args=[response.pk]),
    )
