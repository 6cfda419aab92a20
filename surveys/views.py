"""The pages behind a personal link. GET shows where things stand and changes nothing; only a POST from a form does.

There is no session and no cookie: what a page says after a press of a button ("Draft saved 12:04") is read from the
rows, so it is as true on another device and after a reload.
"""

import hashlib
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from naatbatt.requests import client_address, personal_page, refuse_cross_site, within_limit
from naatbatt.zones import clock_in_words, in_words
from surveys import invitations, moderation, questionnaires, responses
from surveys.forms import AnswerForm, DeclineForm
from surveys.models import Answer, Invitation, Response, RoundClosed
from surveys.publishing import prose_html
from surveys.responses import attribution_in_words

# Wrong links from one address in ten minutes. A token cannot be guessed (128 bits); this keeps the noise of trying out.
# A right link is never refused: somebody's half-typed answers are on their way behind it.
WRONG_LINKS = 30
WINDOW_SECONDS = 600


@require_http_methods(["GET", "HEAD", "POST"])
@refuse_cross_site
@personal_page
def answer(request: HttpRequest, token: str) -> HttpResponse:
    invitation = invitations.find(token=token)
    if invitation is None:
        return wrong_link(request)
    if request.method != "POST":
        return _page(request, invitation)
    action = request.POST.get("action", "save")
    if action in ("save", "submit"):
        return _take(request, token, invitation, submit=action == "submit")
    if action == "decline":
        return _decline(request, token, invitation)
    if action in ("accept_edit", "keep_own"):
        return _decide_edit(request, token, invitation, accept=action == "accept_edit")
    return _page(request, invitation, form=_form(invitation, request.POST), status=400, warning=_unknown_button())


@require_safe
@personal_page
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    invitation = invitations.find(token=token)
    if invitation is None:
        return wrong_link(request)
    response = _response(invitation)
    if response is None or response.submitted_at is None or not invitation.survey_round.is_open():
        return redirect("surveys:answer", token)
    return _render(request, "surveys/thanks.html", invitation, **_answers_to_read(invitation, response))


# --- what a press of a button does -----------------------------------------------------------------------------------


def _take(request: HttpRequest, token: str, invitation: Invitation, *, submit: bool) -> HttpResponse:
    """Save what was typed. What is submitted stays submitted, so saving it again needs it complete.

    Where something is wrong, everything valid is kept as a draft and the page comes back as it was typed.
    """
    response = _response(invitation)
    submitted = response is not None and response.submitted_at is not None
    form = _form(invitation, request.POST, submitting=submit or submitted)
    valid = form.is_valid()
    try:
        if valid or not submitted:
            invitation.response = responses.save(
                invitation=invitation,
                entries=form.entries(),
                attribution=form.attribution,
                submit=valid and form.submitting,
            )
    except RoundClosed:
        return _page(request, invitation, form=form, status=409)
    except (responses.Incomplete, responses.UnknownQuestion):
        # Staff changed the questions between our reading and our writing: show the new ones with what was typed.
        form = _form(invitation, request.POST, submitting=form.submitting)
        form.is_valid()
        warning = _("The questions changed while you were answering. Please look through them once more.")
        return _page(request, invitation, form=form, status=409, warning=warning)
    if not valid:
        return _page(request, invitation, form=form, status=422)
    return redirect("surveys:thanks" if form.submitting else "surveys:answer", token)


def _decline(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _page(request, invitation, decline_form=form, status=422)
    try:
        invitations.decline(invitation=invitation, reason=form.cleaned_data["reason"] or "")
    except RoundClosed:
        return _page(request, invitation, decline_form=form, status=409)
    except invitations.AlreadySubmitted:
        warning = _("Your answers are in, so there is nothing left to decline. To take them back, please write to us.")
        return _page(request, invitation, decline_form=form, status=409, warning=warning)
    return redirect("surveys:answer", token)


def _decide_edit(request: HttpRequest, token: str, invitation: Invitation, *, accept: bool) -> HttpResponse:
    """Accept or refuse exactly the wording that stood on the page, or say that it is another one by now."""
    proposed = {proposal["mark"]: proposal["answer"] for proposal in _proposals(_answers(_response(invitation)))}
    found = proposed.get(request.POST.get("proposal", ""))
    decide = moderation.accept_edit if accept else moderation.keep_own
    try:
        if found is not None:
            decide(answer=found)
            return redirect("surveys:answer", token)
    except (moderation.WordsChanged, moderation.NothingToModerate):
        pass
    warning = _("This proposal has been changed or decided meanwhile. Please look at it as it stands now.")
    return _page(request, invitation, status=409, warning=warning)


# --- the pages -------------------------------------------------------------------------------------------------------


def _page(
    request: HttpRequest,
    invitation: Invitation,
    *,
    form: AnswerForm | None = None,
    decline_form: DeclineForm | None = None,
    status: int = 200,
    warning: str = "",
) -> HttpResponse:
    """The one page of a personal link as things stand now. A bound form is shown again whatever has happened."""
    survey_round, response, now = invitation.survey_round, _response(invitation), timezone.now()
    if status == 409 and not warning:
        survey_round.refresh_from_db()  # closed since we looked
    if survey_round.is_upcoming(now):
        return _render(request, "surveys/upcoming.html", invitation, status=status)
    if not survey_round.is_open(now):
        context = _answers_to_read(invitation, response) if response else {}
        return _render(request, "surveys/closed.html", invitation, status=status, form=form, warning=warning, **context)
    stored = _answers(response)
    form = form or _form(invitation, stored=stored)
    return _render(
        request,
        "surveys/answer.html",
        invitation,
        status=status,
        warning=warning,
        form=form,
        problems=form.problems() if form.is_bound else [],
        decline_form=decline_form or DeclineForm(initial={"reason": invitation.decline_reason}),
        introduction=prose_html(survey_round.survey.introduction),
        minutes=questionnaires.minutes_to_answer(form.questions),
        proposals=_proposals(stored),
    )


def _render(
    request: HttpRequest, template: str, invitation: Invitation, *, status: int = 200, **context: Any
) -> HttpResponse:
    response, survey_round = _response(invitation), invitation.survey_round
    context |= {
        "invitation": invitation,
        "contributor": invitation.contributor,
        "survey_round": survey_round,
        "survey": survey_round.survey,
        "response": response,
        "opens": _time(survey_round.opens_at, survey_round.opens_in_words, survey_round.zone),
        "closes": _time(survey_round.ends_at, survey_round.closes_in_words, survey_round.zone),
        "saved_at": _saved_at(response, survey_round.zone) if response else "",
        "contact": invitations.reply_address(),
        "token": request.resolver_match.kwargs["token"] if request.resolver_match else "",
    }
    return render(request, template, context, status=status)


def wrong_link(request: HttpRequest) -> HttpResponse:
    """The same answer to every wrong link. One that was replaced says that a newer mail has another, and nothing else.

    The work and the limit are the same for both.
    """
    replaced = invitations.was_replaced(token=request.resolver_match.kwargs["token"] if request.resolver_match else "")
    address = hashlib.sha256(client_address(request).encode()).hexdigest()[:32]
    allowed = within_limit(f"wrong-link:{address}", most=WRONG_LINKS, seconds=WINDOW_SECONDS)
    status = (410 if replaced else 404) if allowed else 429
    context = {"status": status, "contact": invitations.reply_address()}
    page = render(request, "surveys/wrong_link.html", context, status=status)
    if status == 429:
        page["Retry-After"] = str(WINDOW_SECONDS)
    return page


def _unknown_button() -> str:
    return _("We could not tell which button was pressed. What you typed is still here; please press one again.")


# --- what they show --------------------------------------------------------------------------------------------------


def _response(invitation: Invitation) -> Response | None:
    return getattr(invitation, "response", None)


def _answers(response: Response | None) -> list[Answer]:
    return list(response.answers.select_related("question")) if response else []


def _form(
    invitation: Invitation, data: Any = None, *, stored: list[Answer] | None = None, submitting: bool = False
) -> AnswerForm:
    response = _response(invitation)
    return AnswerForm(
        questions=invitation.survey_round.survey.questions.current(),
        contributor=invitation.contributor,
        answers={row.question_id: row for row in (_answers(response) if stored is None else stored)},
        attribution=response.attribution if response else "",
        data=data,
        submitting=submitting,
    )


def _time(instant: datetime, words: str, zone: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', instant.isoformat(), zone, words)


def _saved_at(response: Response, zone: str) -> str:
    """The time of day for what was saved today, with the day otherwise."""
    local = ZoneInfo(zone)
    today = timezone.now().astimezone(local).date() == response.updated_at.astimezone(local).date()
    return (clock_in_words if today else in_words)(response.updated_at, zone)


def _answers_to_read(invitation: Invitation, response: Response) -> dict[str, Any]:
    lines = responses.copy_of(response)
    return {
        "lines": lines,
        "proposals": _proposals([line.answer for line in lines]),
        "attribution_line": attribution_in_words(invitation.contributor, response.attribution),
    }


def _proposals(answers: list[Answer]) -> list[dict[str, Any]]:
    """The wordings that staff propose, each with a mark by which a form says which one its reader saw."""
    return [
        {
            "answer": row,
            "mark": hashlib.sha256(f"{row.pk}:{row.version}:{row.edited_words}".encode()).hexdigest()[:24],
        }
        for row in answers
        if row.moderation == Answer.Moderation.PROPOSED
    ]
