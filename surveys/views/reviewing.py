"""Read it all once more, choose how to be quoted, agree, submit; and what is said afterwards."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from surveys import consent, delphi, responses
from surveys.forms import Problem
from surveys.models import Answer, Invitation, PendingChange, RoundClosed
from surveys.models.questions import asked_in
from surveys.quoting import QuotingForm, own_name
from surveys.responses import Source
from surveys.responses.entries import with_questions
from surveys.responses.pending import saved
from surveys.review import Review, Row
from surveys.standing import Standing
from surveys.views.asking import address
from surveys.views.late import closed_page
from surveys.views.personal import (
    agreement,
    answers_to_read,
    personal_view,
    proposals_among,
    render_personal,
    response_of,
    token_of,
)


@require_http_methods(["GET", "HEAD", "POST"])
@personal_view
def review(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    action = request.POST.get("action", "save")
    if request.method == "POST" and action == "discard":
        return _discard(request, invitation)
    if request.method == "POST" and action in ("save", "submit"):
        return _take(request, invitation, submit=action == "submit")
    if not invitation.survey_round.takes_answers():
        return redirect("surveys:answer", token_of(request))  # which says when it opens, or that it is over
    if request.method != "POST":
        return _page(request, invitation)
    warning = _("We could not tell which button was pressed. What you chose is still here; please press one again.")
    return _page(request, invitation, _form(request, invitation), status=400, warning=warning)


@require_safe
@personal_view
def thanks(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    response = response_of(invitation)
    if response is None or response.submitted_at is None or not invitation.survey_round.takes_answers():
        return redirect("surveys:answer", token_of(request))
    waiting = response.pending_changes.exists()
    context = {**answers_to_read(invitation, response), "group": delphi.group(invitation)}
    return render_personal(request, "surveys/thanks.html", invitation, waiting=waiting, **context)


# --- what a press of a button does -----------------------------------------------------------------------------------


def _take(request: HttpRequest, invitation: Invitation, *, submit: bool) -> HttpResponse:
    """Keep how somebody wants to be quoted, and submit what they have read here.

    What cannot be taken comes back as it was chosen; what can is kept as a draft. Of what is submitted already, the
    choices for single answers are kept as changes, and the one for all of them is taken with "Submit changes".
    """
    given = _Given(invitation)
    form = _form(request, invitation, given, submitting=submit)
    complete = form.is_valid() and not (submit and given.review.missing)
    seen_another = submit and request.POST.get("read", given.review.mark) != given.review.mark
    rows = {row.question.key: row for row in given.review.quotable}
    own = {key: level for key, level in form.own().items() if level != rows[key].own_level}
    taken: dict[str, Any] = {
        "entries": {key: rows[key].quoted(level) for key, level in own.items()},
        "attribution": form.attribution,
        "interest": form.interest,
        "source": Source(seen={key: given.mark(rows[key]) for key in own}),
    }
    status, warning, missing = (200 if complete else 422), "", []
    if seen_another:
        status, warning = 409, _changed_meanwhile()
    try:
        invitation.response = responses.save(invitation=invitation, submit=submit and status == 200, **taken)
    except RoundClosed:
        return _too_late(request, invitation, taken, submit=submit and complete)
    except responses.Incomplete as found:  # staff have changed the questions between our reading and our writing
        status, missing = 422, found.keys
    except (responses.UnknownQuestion, responses.Conflicting):
        status, warning = 409, _changed_meanwhile()
    if status != 200:
        return _page(request, invitation, form, submitting=submit, missing=missing, status=status, warning=warning)
    if submit:
        return redirect("surveys:thanks", token_of(request))
    if invitation.response.submitted_at is None:
        return redirect("surveys:review", token_of(request))
    return _page(request, invitation, form)


def _discard(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    try:
        responses.discard(invitation=invitation)
    except RoundClosed:
        return redirect("surveys:answer", token_of(request))
    return redirect("surveys:review", token_of(request))


def _too_late(request: HttpRequest, invitation: Invitation, taken: dict[str, Any], *, submit: bool) -> HttpResponse:
    """Kept, and offered to the staff if it was submitted; the page says so. Before the opening nothing is kept."""
    refusals = (RoundClosed, responses.Incomplete, responses.UnknownQuestion)
    for offer in (submit, False):
        try:
            invitation.response = responses.save(invitation=invitation, submit=offer, late=True, **taken)
        except responses.Conflicting as found:
            invitation.response = found.response
        except refusals:
            continue
        break
    else:
        return redirect("surveys:answer", token_of(request))
    return closed_page(request, invitation, arrived=True, status=409)


def _changed_meanwhile() -> str:
    return _(
        "An answer has changed since this page was opened, perhaps in another window. It stands below as it is now. "
        "Please look through it once more, and submit then."
    )


# --- the pages -------------------------------------------------------------------------------------------------------


class _Given:
    """What somebody has answered, as they saved it last, and as it counts."""

    def __init__(self, invitation: Invitation) -> None:
        response = response_of(invitation)
        questions = asked_in(invitation.survey_round)
        stored, waiting = saved(response)
        self.answers: dict[int, Answer] = with_questions(stored, questions)
        self.changes: dict[int, PendingChange] = with_questions(waiting, questions)
        standing = Standing(questions, {**self.answers, **self.changes})
        self.review = Review(standing, self.answers)

    def mark(self, row: Row) -> str:
        return row.given.mark if row.given else ""


def _form(
    request: HttpRequest, invitation: Invitation, given: _Given | None = None, *, submitting: bool = False
) -> QuotingForm:
    response, given = response_of(invitation), given or _Given(invitation)
    return QuotingForm(
        contributor=invitation.contributor,
        survey=invitation.survey_round.survey,
        attribution=response.attribution if response else "",
        interest=response.interest if response else "",
        own={row.question.key: row.own_level for row in given.review.quotable},
        data=request.POST if request.method == "POST" else None,
        submitting=submitting,
    )


def _page(
    request: HttpRequest,
    invitation: Invitation,
    form: QuotingForm | None = None,
    *,
    submitting: bool = False,
    missing: list[str] | None = None,
    status: int = 200,
    warning: str = "",
) -> HttpResponse:
    """Everything as it stands now. What was chosen is shown again whatever has happened."""
    given = _Given(invitation)
    form = form or _form(request, invitation, given)
    review, survey = given.review, invitation.survey_round.survey
    wanting = [row for row in review.rows if row.is_missing or row.question.key in (missing or ())]
    return render_personal(
        request,
        "surveys/review.html",
        invitation,
        status=status,
        warning=warning,
        form=form,
        review=review,
        parts=[(part, [(row, _address(request, row)) for row in part.rows]) for part in review.parts],
        missing=[(row, _address(request, row)) for row in wanting],
        submitting=submitting and status != 409,
        problems=_problems(form) if form.is_bound else [],
        quotes=[
            (row, form[own_name(row.question.key)], form.shown(row.question.key))
            for row in review.quotable
            if own_name(row.question.key) in form.fields
        ],
        ways=form.as_printed(),
        chosen=form.attribution,
        wording=consent.wording(survey),
        agreement=agreement(response_of(invitation)),
        proposals=proposals_among(given.answers.values()),
    )


def _problems(form: QuotingForm) -> list[Problem]:
    """What of the choices could not be taken, in the order of the page."""
    targets = {"attribution": "quoted-0"}
    return [
        Problem(targets.get(name, form[name].auto_id), str(form[name].label), [str(text) for text in form.errors[name]])
        for name in form.fields
        if name in form.errors
    ]


def _address(request: HttpRequest, row: Row) -> str:
    return f"{address(request, row.page)}#question-{row.question.key}"
