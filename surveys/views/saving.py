"""Autosave: one answer at a time, while it is given.

The script of the page (static/js/answer.js) posts the inputs of one question. The reply is pieces of the page, which
htmx puts in their places, and a header that tells the script what became of the answer. Nobody depends on it: the
buttons of the page save the same way, and find what was saved here.
"""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from surveys import responses
from surveys.blocks import drawn_back
from surveys.forms import AnswerForm, slot
from surveys.models import Invitation, PendingChange, Question, RoundClosed
from surveys.models.questions import asked_in
from surveys.responses import Source
from surveys.responses.entries import Current
from surveys.standing import Standing
from surveys.views.asking import attention_to, form_for, source_of
from surveys.views.personal import moment, personal_view, response_of

# What became of an answer, as the script is told:
#   saved       as the page has it
#   late        the same, after the end of the round
#   incomplete  it cannot be stored as it stands; what can be of it is
#   conflict    it was changed elsewhere meanwhile, and its author has to choose
#   overtaken   something newer from the same page is stored
#   taken       what is stored was asked for, and comes with the reply
#   gone        it cannot be saved from this page any more


LONGEST_KEY = 60  # as `Question.key` has it; the reply names the key in a header


@require_POST
@personal_view
def save(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Save one answer as it stands, however often it is sent; or bring the one that is stored (`take`)."""
    taken = request.POST.getlist("take")
    keys = {*(taken or request.POST.getlist("shown"))}
    if len(keys) != 1 or len(min(keys)) > LONGEST_KEY:
        return HttpResponseBadRequest(_("This is not one answer."))
    key, questions = keys.pop(), asked_in(invitation.survey_round)
    question = next((question for question in questions if question.key == key), None)
    if question is None or invitation.survey_round.is_upcoming():
        return _gone(request, key)
    if taken:
        standing = Standing(questions, responses.current(response_of(invitation), questions))
        return _reply(request, invitation, question, standing, state="taken")
    form = _form(request, invitation, question)
    source = source_of(form.data)
    # Who does not say what they have seen has seen nothing.
    source = replace(source, seen={key: source.seen.get(key, "")})
    try:
        state = _take(invitation, form, source)
    except (RoundClosed, responses.UnknownQuestion):
        return _gone(request, key)
    standing = Standing(questions, responses.current(response_of(invitation), questions))
    if _is_overtaken(standing.answers.get(question.pk), source):
        state = "overtaken"
    elif form.errors and state != "conflict":
        state = "incomplete"
    return _reply(request, invitation, question, standing, state=state, form=form)


def _form(request: HttpRequest, invitation: Invitation, question: Question) -> AnswerForm:
    """What was sent. Only where something of it cannot be taken, what is stored has to be looked up to stand for it."""
    for answers in (dict, lambda: responses.current(response_of(invitation), [question])):
        form = AnswerForm(
            questions=[question], contributor=invitation.contributor, survey=invitation.survey_round.survey,
            answers=answers(), data=request.POST,
        )  # fmt: skip
        if form.is_valid():
            break
    return form


def _take(invitation: Invitation, form: AnswerForm, source: Source) -> str:
    """Save it, as late as it is. Raises RoundClosed before the round opens."""
    for late in (False, True):
        try:
            invitation.response = responses.save(
                invitation=invitation, entries=form.entries(), submit=False, source=source, late=late
            )
        except responses.Conflicting as found:
            invitation.response = found.response
            return "conflict"
        except RoundClosed:
            continue
        return "late" if late else "saved"
    raise RoundClosed


def _is_overtaken(stored: Current | None, source: Source) -> bool:
    own = stored is not None and bool(source.page) and stored.saved_from == source.page
    return own and stored is not None and stored.saved_seq > source.seq


# --- what comes back


def _reply(
    request: HttpRequest,
    invitation: Invitation,
    question: Question,
    standing: Standing,
    *,
    state: str,
    form: AnswerForm | None = None,
) -> HttpResponse:
    """What to say of it, and what looks different now on the page, which says what it has (`present`)."""
    stored = standing.answers.get(question.pk)
    problems = [str(message) for messages in form.errors.values() for message in messages] if form else []
    problem = problems[0] if problems else ""
    context: dict[str, Any] = {
        "key": question.key,
        "words": _words(invitation, stored, state, problem),
        "problem": problem if state == "incomplete" else "",
    }
    slots: list[str] = []
    present = {*request.POST.getlist("present")}
    if question.key in present:
        context |= _others(invitation, question, standing, present - {question.key} if state == "taken" else present)
        slots = context["slots"]
        if state == "conflict" and stored is not None:
            context["conflict"] = attention_to(question, stored, invitation.survey_round)
        if form is not None:
            context |= {"beside": True, "draws": "draws" in request.POST}
            context["drawn"] = drawn_back(question, form.value(question))
    return _told(request, context, state=state, mark=stored.mark if stored else "", slots=slots)


def _others(invitation: Invitation, question: Question, standing: Standing, present: set[str]) -> dict[str, Any]:
    """The questions of the same page that are asked now and not there yet, and those that are there and are not asked
    any more. All others stay as they were typed."""
    page = standing.page_of(question)
    come = [other for other in page.questions if other.key in standing.numbers and other.key not in present]
    gone = [other.key for other in page.questions if other.key in present and other.key not in standing.numbers]
    form = form_for(invitation, standing, page.number) if come else None
    numbers = {key: number for key, number in standing.numbers.items() if key in present} if come or gone else {}
    return {
        "come": [_in_its_place(slot(form, other)) for other in come] if form else [],
        "slots": [other.key for other in come],
        "gone": gone,
        "numbers": numbers,
    }


def _in_its_place(html: SafeString) -> SafeString:
    return mark_safe(html.replace('<div class="slot"', '<div class="slot" hx-swap-oob="true"', 1))  # noqa: S308


def _words(invitation: Invitation, stored: Current | None, state: str, problem: str) -> str:
    """What the status says. It tells a draft from a change of what was submitted."""
    response = response_of(invitation)
    words = {
        "conflict": _("Not saved: you have answered this differently elsewhere. Please choose."),
        "incomplete": _("Not saved yet. %(problem)s") % {"problem": problem},
        "taken": _("This is the answer you gave elsewhere."),
        "late": _("The round has ended. What you type is kept as a draft, and is not counted."),
    }
    if state in words or response is None:
        return words.get(state, "")
    if isinstance(stored, PendingChange):
        saved = _("Change kept %(at)s, not submitted yet")
    else:
        saved = _("Saved, as you submitted it") if response.submitted_at else _("Saved %(at)s")
    return saved % {"at": moment(response.updated_at, invitation.survey_round.zone)}


def _gone(request: HttpRequest, key: str) -> HttpResponse:
    words = _("Not saved: this page is out of date. Please load it again; what you typed stays on this device.")
    return _told(request, {"key": key, "words": words}, state="gone", mark="", slots=[])


def _told(request: HttpRequest, context: dict[str, Any], *, state: str, mark: str, slots: list[str]) -> HttpResponse:
    reply = render(request, "surveys/_saved_reply.html", context)
    told = {"question": context["key"], "state": state, "mark": mark, "slots": slots}
    return trigger_client_event(reply, "answer-taken", told)
