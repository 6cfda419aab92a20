"""The questionnaire, and what becomes of what is typed into it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from surveys import invitations, moderation, questionnaires, responses
from surveys.forms import AnswerForm, DeclineForm
from surveys.models import Answer, Invitation, Response, RoundClosed
from surveys.publishing import prose_html
from surveys.views.personal import (
    answers_to_read,
    personal_view,
    proposals_among,
    render_personal,
    response_of,
    token_of,
)


@require_http_methods(["GET", "HEAD", "POST"])
@personal_view
def answer(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if request.method != "POST":
        return _page(request, invitation)
    action = request.POST.get("action", "save")
    if action in ("save", "submit"):
        return _take(request, invitation, submit=action == "submit")
    if action == "decline":
        return _decline(request, invitation)
    if action in ("accept_edit", "keep_own"):
        return _decide_edit(request, invitation, accept=action == "accept_edit")
    return _page(request, invitation, form=_form(invitation, request.POST), status=400, warning=_unknown_button())


@require_safe
@personal_view
def thanks(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    response = response_of(invitation)
    if response is None or response.submitted_at is None or not invitation.survey_round.is_open():
        return redirect("surveys:answer", token_of(request))
    return render_personal(request, "surveys/thanks.html", invitation, **answers_to_read(invitation, response))


# --- what a press of a button does -----------------------------------------------------------------------------------


def _take(request: HttpRequest, invitation: Invitation, *, submit: bool) -> HttpResponse:
    """Save what was typed. What is submitted stays submitted, so saving it again needs it complete.

    Where something is wrong, everything valid is kept as a draft and the page comes back as it was typed.
    """
    response = response_of(invitation)
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
    return redirect("surveys:thanks" if form.submitting else "surveys:answer", token_of(request))


def _decline(request: HttpRequest, invitation: Invitation) -> HttpResponse:
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
    return redirect("surveys:answer", token_of(request))


def _decide_edit(request: HttpRequest, invitation: Invitation, *, accept: bool) -> HttpResponse:
    """Accept or refuse exactly the wording that stood on the page, or say that it is another one by now."""
    proposed = {proposal["mark"]: proposal["answer"] for proposal in proposals_among(_answers(response_of(invitation)))}
    found = proposed.get(request.POST.get("proposal", ""))
    decide = moderation.accept_edit if accept else moderation.keep_own
    try:
        if found is not None:
            decide(answer=found)
            return redirect("surveys:answer", token_of(request))
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
    survey_round, response, now = invitation.survey_round, response_of(invitation), timezone.now()
    if status == 409 and not warning:
        survey_round.refresh_from_db()  # closed since we looked
    if survey_round.is_upcoming(now):
        return render_personal(request, "surveys/upcoming.html", invitation, status=status)
    if not survey_round.is_open(now):
        context = answers_to_read(invitation, response) if response else {}
        return render_personal(
            request, "surveys/closed.html", invitation, status=status, form=form, warning=warning, **context
        )
    stored = _answers(response)
    form = form or _form(invitation, stored=stored)
    return render_personal(
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
        proposals=proposals_among(stored),
    )


def _unknown_button() -> str:
    return _("We could not tell which button was pressed. What you typed is still here; please press one again.")


# --- what they show --------------------------------------------------------------------------------------------------


def _answers(response: Response | None) -> list[Answer]:
    return list(response.answers.select_related("question")) if response else []


def _form(
    invitation: Invitation, data: Any = None, *, stored: list[Answer] | None = None, submitting: bool = False
) -> AnswerForm:
    response = response_of(invitation)
    return AnswerForm(
        questions=invitation.survey_round.survey.questions.current(),
        contributor=invitation.contributor,
        answers={row.question_id: row for row in (_answers(response) if stored is None else stored)},
        attribution=response.attribution if response else "",
        data=data,
        submitting=submitting,
    )
