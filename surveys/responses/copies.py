"""What somebody has answered, as they read it back: on the page, in the mail that thanks them, on paper."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from naatbatt.mail import outbox
from naatbatt.mail.models import Stream
from surveys import disclosure
from surveys.invitations import reply_address
from surveys.models import Answer, Contributor, Response, Round


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


def thank(response: Response, survey_round: Round, *, again: bool) -> None:
    """Mail a copy of what was submitted, keyed by the version: the same state is the same mail."""
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
