"""The questionnaire, page by page, and what becomes of what is typed into it."""

import re
import secrets
from collections.abc import Collection, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from naatbatt.zones import clock_in_words, in_words
from surveys import delphi, moderation, questionnaires, responses
from surveys.blocks import Attention
from surveys.definitions import explain
from surveys.forms import AnswerForm
from surveys.models import Answer, Invitation, PendingChange, Question, Round, RoundClosed
from surveys.models.questions import asked_in
from surveys.publishing import prose_html
from surveys.responses import Source
from surveys.standing import Standing
from surveys.views.late import closed_page, keep_late
from surveys.views.personal import (
    moment,
    personal_view,
    proposals_among,
    render_personal,
    response_of,
    token_of,
)

NAME_OF_PAGE = re.compile(r"[\w-]{1,36}", re.ASCII)
SEQ = re.compile(r"[0-9]{1,9}")
TAKE, GO = "take:", "page:"


@require_http_methods(["GET", "HEAD", "POST"])
@personal_view
def answer(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """The first page: who asks and why, then the first questions."""
    if request.POST.get("action") in ("accept_edit", "keep_own"):
        return _decide_edit(request, invitation, accept=request.POST["action"] == "accept_edit")
    return _take(request, invitation, 1) if request.method == "POST" else _page(request, invitation, 1)


@require_http_methods(["GET", "HEAD", "POST"])
@personal_view
def page(request: HttpRequest, invitation: Invitation, number: int) -> HttpResponse:
    """Any further page."""
    if request.method == "POST":
        return _take(request, invitation, number)
    return _page(request, invitation, number) if number > 1 else redirect("surveys:answer", token_of(request))


# --- what a press of a button does -----------------------------------------------------------------------------------


def _take(request: HttpRequest, invitation: Invitation, number: int) -> HttpResponse:
    """Save what was typed on a page, and go where the button says.

    Everything valid is kept, as a draft or as a change that waits to be submitted. The page comes back as it was typed
    where something could not be taken, or was answered differently elsewhere meanwhile.
    """
    action = request.POST.get("action", "next")
    if action not in ("next", "back", "save") and not action.startswith((TAKE, GO)):
        return _page(request, invitation, number, data=request.POST, status=400, warning=_unknown_button())
    taken = action.removeprefix(TAKE) if action.startswith(TAKE) else ""
    data = _without(request.POST, taken) if taken else request.POST
    standing = standing_of(invitation)
    form = form_for(invitation, standing, number, data=data, to_show=False)
    form.is_valid()
    # Who takes the other answer to one question has not said yet what they mean at the next.
    undecided = {*data.getlist("conflict")} if taken else set()
    entries = {key: entry for key, entry in form.entries().items() if key not in undecided}
    after = standing.after(entries)
    form.leave_out({question.key for question in form.questions} - after.numbers.keys())
    try:
        invitation.response = responses.save(
            invitation=invitation, entries=entries, submit=False, source=source_of(form.data)
        )
    except RoundClosed:
        return keep_late(request, invitation, entries, source_of(form.data), form=form)
    except responses.UnknownQuestion:
        # Staff changed the questions between our reading and our writing: show the new ones with what was typed.
        warning = _("The questions changed while you were answering. Please look through them once more.")
        return _page(request, invitation, number, data=data, status=409, warning=warning)
    except responses.Conflicting as found:
        invitation.response = found.response
        undecided |= {conflict.question.key for conflict in found.conflicts}
    if undecided or form.errors:
        status = 409 if undecided else 422
        return _page(request, invitation, number, data=data, undecided=undecided, status=status)
    return redirect(_onward(request, action, number, form.shown or standing.numbers, after))


def _onward(request: HttpRequest, action: str, number: int, seen: Collection[str], after: Standing) -> str:
    """Where a button leads: to the page it names, unless this one has questions now that were not on it."""
    here = next((page for page in after.pages if page.number == number), None)
    new = next((question for question in (after.asked_on(here) if here else ()) if question.key not in seen), None)
    if new is not None:
        return f"{address(request, number)}#{'asked' if new.show_if else 'question'}-{new.key}"
    if action.startswith(TAKE):
        return f"{address(request, number)}#question-{action.removeprefix(TAKE)}"
    if action == "next":
        following = after.following(number)
        return address(request, following.number) if following else reverse("surveys:review", args=[token_of(request)])
    if action == "back":
        preceding = after.preceding(number)
        return address(request, preceding.number if preceding else 1)
    for step in after.steps:
        if action == f"{GO}{step.page.number}":
            return address(request, step.page.number)
    return f"{address(request, number)}#saved"


def _decide_edit(request: HttpRequest, invitation: Invitation, *, accept: bool) -> HttpResponse:
    """Accept or refuse exactly the wording that stood on the page, or say that it is another one by now."""
    response = response_of(invitation)
    answers = response.answers.select_related("question") if response else ()
    proposed = {proposal["mark"]: proposal["answer"] for proposal in proposals_among(answers)}
    found = proposed.get(request.POST.get("proposal", ""))
    decide = moderation.accept_edit if accept else moderation.keep_own
    try:
        if found is not None:
            decide(answer=found)
            return redirect("surveys:answer", token_of(request))
    except (moderation.WordsChanged, moderation.NothingToModerate):
        pass
    warning = _("This proposal has been changed or decided meanwhile. Please look at it as it stands now.")
    return _page(request, invitation, 1, status=409, warning=warning)


# --- the pages -------------------------------------------------------------------------------------------------------


def _page(
    request: HttpRequest,
    invitation: Invitation,
    number: int,
    *,
    data: QueryDict | None = None,
    undecided: Collection[str] = (),
    status: int = 200,
    warning: str = "",
) -> HttpResponse:
    """One page as things stand now. What was typed (`data`) is shown again whatever has happened."""
    survey_round, now = invitation.survey_round, timezone.now()
    if survey_round.is_upcoming(now):
        return render_personal(request, "surveys/upcoming.html", invitation, status=status)
    if not survey_round.takes_answers(now):
        return closed_page(request, invitation, status=status, warning=warning)
    standing = standing_of(invitation)
    found = standing.page(number)
    if found is None and number > 1 and data is None:
        nearest = standing.following(number) or standing.preceding(number)
        return redirect(address(request, nearest.number if nearest else 1))
    attention = {
        question.key: attention_to(question, standing.answers[question.pk], survey_round)
        for question in standing.questions
        if question.key in undecided and question.pk in standing.answers
    }
    form = form_for(invitation, standing, number, data=data, attention=attention)
    if form.is_bound:
        form.is_valid()
        form.leave_out({question.key for question in form.questions} - standing.after(form.entries()).numbers.keys())
    section = found.section if found else None
    place = next((place for place, step in enumerate(standing.steps, start=1) if step.page is found), 0)
    left = standing.first_left()
    return render_personal(
        request,
        "surveys/answer.html",
        invitation,
        status=status,
        warning=warning,
        form=form,
        problems=form.problems() if form.is_bound else [],
        undecided=[conflict.question for conflict in attention.values()],
        here=address(request, number),
        name_of_page=secrets.token_urlsafe(12),
        number=number,
        place=place,
        standing=standing,
        section=section,
        section_introduction=prose_html(section.introduction, apart="section") if section else "",
        definitions=explain(survey_round.survey, form.questions),
        is_last=standing.following(number) is None,
        is_first=standing.preceding(number) is None,
        changed=any(isinstance(row, PendingChange) for row in standing.answers.values()),
        left=f"{address(request, standing.page_of(left).number)}#question-{left.key}" if left else "",
        **(_opening(survey_round, standing) if number == 1 else {}),
    )


def _opening(survey_round: Round, standing: Standing) -> dict[str, Any]:
    """What the first page says before it asks anything."""
    ends = survey_round.ends_at
    same_day = in_words(ends, "UTC").rpartition(",")[0] == in_words(ends, survey_round.zone).rpartition(",")[0]
    return {
        "introduction": prose_html(survey_round.survey.introduction),
        "how_long": questionnaires.time_to_answer(standing.questions),
        "some_depend": any(question.show_if for question in standing.questions),
        "ends_in_utc": (clock_in_words if same_day else in_words)(ends, "UTC"),
        "proposals": proposals_among(row for row in standing.answers.values() if isinstance(row, Answer)),
    }


def _unknown_button() -> str:
    return _("We could not tell which button was pressed. What you typed is still here; please press one again.")


# --- what they show --------------------------------------------------------------------------------------------------


def standing_of(invitation: Invitation) -> Standing:
    """Where somebody stands in what their round asks."""
    questions = asked_in(invitation.survey_round)
    return Standing(questions, responses.current(response_of(invitation), questions))


def form_for(
    invitation: Invitation,
    standing: Standing,
    number: int,
    *,
    data: Mapping[str, Any] | None = None,
    attention: Mapping[str, Attention] | None = None,
    to_show: bool = True,
) -> AnswerForm:
    """The form of one page: what it asks this person now, and whatever else the page that was sent says it had.

    `to_show`: with what stands beside the questions in later rounds, which only who looks at it needs.
    """
    slots = next((page.questions for page in standing.pages if page.number == number), ())
    sent = {*data.getlist("shown")} if isinstance(data, QueryDict) else set()
    asked = [
        question
        for question in standing.questions
        if question.key in sent or (question.key in standing.numbers and question in slots)
    ]
    earlier = delphi.earlier_answers(invitation) if to_show else {}
    return AnswerForm(
        questions=asked,
        slots=[question for question in standing.questions if question in slots or question in asked],
        numbers=standing.numbers,
        contributor=invitation.contributor,
        survey=invitation.survey_round.survey,
        answers=standing.answers,
        earlier=earlier,
        beside=delphi.beside(invitation, asked, earlier=earlier) if to_show else {},
        attention=attention,
        data=data,
    )


def source_of(data: Mapping[str, Any]) -> Source:
    """Which opened page a form was sent from. Whatever is no name or number of ours says nothing."""
    name, seq = str(data.get("page", "")), str(data.get("seq", ""))
    return Source(
        page=name if NAME_OF_PAGE.fullmatch(name) else "",
        seq=int(seq) if SEQ.fullmatch(seq) else 0,
        seen={field.removeprefix("seen-"): str(data.get(field)) for field in data if field.startswith("seen-")},
        asked={field.removeprefix("asked-"): str(data.get(field)) for field in data if field.startswith("asked-")},
    )


def address(request: HttpRequest, number: int) -> str:
    """Of one page of the questionnaire."""
    token = token_of(request)
    return reverse("surveys:page", args=[token, number]) if number > 1 else reverse("surveys:answer", args=[token])


def attention_to(question: Question, stored: Answer | PendingChange, survey_round: Round) -> Attention:
    if stored.value is not None:
        elsewhere = question.type.readable(question.spec, stored.value)
    else:
        elsewhere = str(stored.get_blank_display()).capitalize() if stored.blank else ""
    return Attention(
        question, elsewhere, stored.confidence, stored.comment, moment(stored.updated_at, survey_round.zone)
    )


def _without(data: QueryDict, key: str) -> QueryDict:
    """The form as if the page had not had this question."""
    left, name = data.copy(), f"q-{key}"
    own = (name, f"{name}-confidence", f"{name}-comment", f"{name}-attribution", f"seen-{key}")
    for field in data:
        if field in own or field.startswith(f"{name}."):
            del left[field]
    for field in ("shown", "conflict"):
        left.setlist(field, [other for other in data.getlist(field) if other != key])
    return left
