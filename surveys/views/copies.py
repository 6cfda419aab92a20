"""What somebody has answered, to take along: every version of it on a page, and a copy as a PDF."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from naatbatt.zones import in_words
from surveys import responses
from surveys.models import AnswerVersion, Invitation, Question, Response
from surveys.models.questions import in_order
from surveys.responses.paper import answers_pdf
from surveys.views.personal import personal_view, render_personal, response_of, token_of


@require_safe
@personal_view
def history(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Every version of every answer, to its author."""
    response = response_of(invitation)
    answers = _versions(response, invitation.survey_round.zone) if response else []
    return render_personal(request, "surveys/history.html", invitation, answers=answers)


@require_safe
@personal_view
def pdf(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """The copy as a file. Where nothing has been answered there is none, and the questions are shown instead."""
    response = response_of(invitation)
    if response is None:
        return redirect("surveys:answer", token_of(request))
    response.invitation = invitation
    name = slugify(_("My answers %(survey)s") % {"survey": invitation.survey_round.survey.slug}) or "answers"
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return HttpResponse(answers_pdf(response), content_type="application/pdf", headers=headers)


def _versions(response: Response, zone: str) -> list[dict[str, Any]]:
    """Each question in the order asked, with what was said to it, the newest first. Two queries."""
    rows: dict[Question, list[dict[str, Any]]] = {}
    if response.submitted_at is not None:
        for change in response.pending_changes.select_related("question__section"):
            said = _said(change.question, change, zone, change.updated_at)
            rows[change.question] = [{**said, "state": "waiting"}]
    versions = AnswerVersion.objects.filter(answer__response=response).select_related("answer__question__section")
    for version in versions.order_by("-version", "-pk"):
        question = version.answer.question
        is_latest = version.version == version.answer.version
        state = ("counts" if is_latest else "submitted") if version.submitted else "draft"
        rows.setdefault(question, []).append({**_said(question, version, zone, version.saved_at), "state": state})
    return [{"question": question, "versions": rows[question]} for question in in_order(rows)]


def _said(question: Question, row: Any, zone: str, at: Any) -> dict[str, Any]:
    said = responses.in_words(question, row)
    return {"said": said or _("Left empty"), "blank": row.value is None, "row": row, "at": in_words(at, zone)}
