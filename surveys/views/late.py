"""What arrives after the end of a round: kept as it came, shown to its author, and sent to the editors if they wish."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from naatbatt.zones import in_words
from surveys import consent, responses
from surveys.forms import AnswerForm
from surveys.models import Invitation, PendingChange, RoundClosed
from surveys.models.questions import asked_in
from surveys.quoting import QuotingForm
from surveys.responses import Entry, Source
from surveys.standing import Standing
from surveys.views.personal import (
    answers_to_read,
    personal_view,
    render_personal,
    response_of,
    token_of,
)


@require_http_methods(["GET", "HEAD", "POST"])
@personal_view
def send_late(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Send to the editors what was kept and not submitted before the end. They decide whether it counts."""
    if request.method != "POST" or not is_over(invitation):
        return redirect("surveys:answer", token_of(request))
    standing = _standing(invitation)
    if not may_send(invitation, standing):
        return redirect("surveys:answer", token_of(request))
    form = _quoting(invitation, request.POST)
    if not form.is_valid():
        return closed_page(request, invitation, quoting=form, status=422)
    try:
        responses.save(
            invitation=invitation,
            entries={},
            attribution=form.attribution,
            interest=form.interest,
            submit=True,
            late=True,
        )
    except responses.Incomplete:  # staff have changed the questions since: the page says what is missing
        return closed_page(request, invitation, status=422)
    return redirect("surveys:answer", token_of(request))


def keep_late(
    request: HttpRequest,
    invitation: Invitation,
    entries: Mapping[str, Entry],
    source: Source,
    submit: bool = False,
    *,
    form: AnswerForm | None = None,
) -> HttpResponse:
    """For what a page sends when its round takes no answers: keeps what can be kept, and says what has become of it.

    Nothing of it counts. With `submit` it is offered to the staff, where nothing is missing. `form` shows again what
    could not be read, so that it can be copied. Before the opening nothing is kept.
    """
    lost = form is not None and bool(form.errors)
    try:
        invitation.response = _keep(invitation, entries, source, submit)
    except responses.Conflicting as found:  # the other answers are kept
        invitation.response, lost = found.response, True
    except responses.UnknownQuestion:  # staff have changed the questions meanwhile
        lost = True
    except RoundClosed:
        return render_personal(request, "surveys/upcoming.html", invitation, status=409)
    return closed_page(request, invitation, arrived=True, form=form if lost else None, status=409)


def _keep(invitation: Invitation, entries: Mapping[str, Entry], source: Source, submit: bool) -> Any:
    try:
        return responses.save(invitation=invitation, entries=entries, submit=submit, source=source, late=True)
    except responses.Incomplete:
        return responses.save(invitation=invitation, entries=entries, submit=False, source=source, late=True)


def is_over(invitation: Invitation) -> bool:
    """Its round took answers once, and takes none any more."""
    survey_round = invitation.survey_round
    return not survey_round.is_upcoming() and not survey_round.takes_answers()


def closed_page(
    request: HttpRequest,
    invitation: Invitation,
    *,
    arrived: bool = False,
    form: AnswerForm | None = None,
    quoting: QuotingForm | None = None,
    status: int = 200,
    warning: str = "",
) -> HttpResponse:
    """The page of a personal link after the end, as it stands for this person. `arrived`: something has just come."""
    invitation.survey_round.refresh_from_db(fields=["closed_at", "closes_at"])  # perhaps since we looked
    response = response_of(invitation)
    context: dict[str, Any] = {}
    if response is not None:
        context = answers_to_read(invitation, response, with_changes=True)
        zone = invitation.survey_round.zone
        context["sent_late"] = in_words(response.offered_late_at, zone) if response.offered_late_at else ""
        context["changes"] = any(line.is_change for line in context["lines"])
        standing = _standing(invitation)
        if may_send(invitation, standing):
            context["missing"] = [
                question for question in standing.asked if question.required and not standing.is_answered(question)
            ]
            context["form"] = found = quoting or _quoting(invitation)
            context |= {"ways": found.as_printed(), "chosen": found.attribution}
            context["wording"] = consent.wording(invitation.survey_round.survey)
    return render_personal(
        request,
        "surveys/closed.html",
        invitation,
        status=status,
        warning=warning,
        arrived=arrived,
        typed=form,
        **context,
    )


def may_send(invitation: Invitation, standing: Standing) -> bool:
    """Something was kept that does not count and has not been sent."""
    response = response_of(invitation)
    if response is None or response.offered_late_at is not None:
        return False
    if response.submitted_at is not None:
        return any(isinstance(row, PendingChange) for row in standing.answers.values())
    return standing.answered > 0


def _standing(invitation: Invitation) -> Standing:
    questions = asked_in(invitation.survey_round)
    return Standing(questions, responses.current(response_of(invitation), questions))


def _quoting(invitation: Invitation, data: Mapping[str, Any] | None = None) -> QuotingForm:
    """How a draft that is sent late is quoted. What was submitted is quoted as was agreed to then."""
    response = response_of(invitation)
    return QuotingForm(
        contributor=invitation.contributor,
        survey=invitation.survey_round.survey,
        attribution=response.attribution if response else "",
        interest=response.interest if response else "",
        own={},
        data=data,
        submitting=data is not None,
    )
