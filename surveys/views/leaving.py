"""The ways out of a personal page, and the page on which somebody suggests a colleague or themselves.

Each press of a button is one POST that leads back to the same page, which says from the rows what has happened.
"""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from naatbatt.requests import client_address, within_limit
from naatbatt.zones import in_words
from surveys import invitations, nominations
from surveys.leaving_forms import NominationForm, RefusalForm
from surveys.models import Invitation, Response, Round, RoundClosed
from surveys.views.personal import personal_view, render_personal, response_of, token_of

FROM_ONE_CONNECTION = 10  # nominations in an hour
HOUR = 3600


@require_http_methods(["GET", "HEAD", "POST"])
@personal_view
def leave(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Not now, not this time, never again. A link opens it; only a button does anything."""
    if request.method != "POST":
        return _leave_page(request, invitation)
    action, refusal = request.POST.get("action", ""), RefusalForm(request.POST)
    if action == "decline" and not refusal.is_valid():
        return _leave_page(request, invitation, refusal=refusal, status=422)
    stories: dict[str, Callable[[], object]] = {
        "postpone": lambda: invitations.postpone(invitation=invitation),
        "decline": lambda: invitations.decline(
            invitation=invitation,
            because=refusal.cleaned_data["because"],
            reason=refusal.cleaned_data["reason"] or "",
        ),
        "never_again": lambda: invitations.never_again(invitation=invitation),
        "ask_again": lambda: invitations.ask_again(invitation=invitation),
    }
    if action not in stories:
        warning = _("We could not tell which button was pressed. Nothing has changed; please press one again.")
        return _leave_page(request, invitation, status=400, warning=warning)
    if refused := _refusal(stories[action]):
        return _leave_page(request, invitation, refusal=refusal, status=409, warning=refused)
    return _see_other("surveys:leave", request)


@require_http_methods(["GET", "HEAD", "POST"])
@personal_view
def colleague(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Suggest somebody to ask. Works before, during and after a round, and writes to none but the staff."""
    address = invitation.contributor.email
    if request.method != "POST":
        return _colleague_page(request, invitation, NominationForm(belongs_to=address))
    form = NominationForm(request.POST, belongs_to=address)
    if not form.is_valid():
        return _colleague_page(request, invitation, form, status=422)
    if form.is_from_a_machine:
        return _see_other("surveys:colleague", request)
    if not within_limit(f"nomination:from:{client_address(request)}", most=FROM_ONE_CONNECTION, seconds=HOUR):
        form.add_error(None, _("Many suggestions came from your connection. Please press the button again in an hour."))
        return _colleague_page(request, invitation, form, status=429)
    given = {name: form.cleaned_data[name] for name in ("name", "email", "affiliation", "is_own")}
    try:
        nominations.nominate(invitation=invitation, why=form.cleaned_data["why"] or "", **given)
    except nominations.TooMany:
        return _colleague_page(request, invitation, form, status=409)
    return _see_other("surveys:colleague", request)


def _refusal(story: Callable[[], object]) -> str:
    """Do it; why it could not be done, or nothing."""
    try:
        story()
    except RoundClosed:
        return _("This round takes no answers at present, so there is nothing to put off or to decline.")
    except invitations.AlreadySubmitted:
        return _("Your answers are in, so there is nothing left to decline. To take them back, please write to us.")
    except invitations.EndsTooSoon:
        return _("The round ends so soon that a reminder would come too late. Nothing has changed.")
    except invitations.NotWrittenTo:
        return _("No mail from us reaches your address, so we cannot remind you. Nothing has changed.")
    return ""


def _see_other(name: str, request: HttpRequest) -> HttpResponse:
    page = redirect(name, token_of(request))
    page.status_code = 303
    return page


# --- what they show --------------------------------------------------------------------------------------------------


def _leave_page(
    request: HttpRequest,
    invitation: Invitation,
    *,
    refusal: RefusalForm | None = None,
    status: int = 200,
    warning: str = "",
) -> HttpResponse:
    now = timezone.now()
    if status == 409:  # something has changed since we looked
        invitation = invitations.find(token=token_of(request)) or invitation
    survey_round, response = invitation.survey_round, response_of(invitation)
    silence = invitations.silence(invitation=invitation)
    undecided = survey_round.takes_answers(now) and not _is_submitted(response)
    reminds = invitations.reminder_offered(survey_round=survey_round, now=now)
    postponable = undecided and invitation.declined_at is None and invitation.postponed_at is None and silence is None
    return render_personal(
        request,
        "surveys/leave.html",
        invitation,
        status=status,
        warning=warning,
        refusal=refusal or RefusalForm(said=invitation.decline_reason),
        choices=Invitation.DeclinedBecause.choices,
        is_upcoming=survey_round.is_upcoming(now),
        takes_answers=survey_round.takes_answers(now),
        submitted=_is_submitted(response),
        undecided=undecided,
        silence=silence,
        postponable=postponable,
        reminds_on=_day(reminds, survey_round) if postponable and reminds else "",
        put_off_until=_put_off_until(invitation),
        reminded_on=_kept_on(invitation),
    )


def _colleague_page(
    request: HttpRequest, invitation: Invitation, form: NominationForm, *, status: int = 200
) -> HttpResponse:
    suggested = list(invitation.nominations.order_by("created_at", "pk"))
    return render_personal(
        request,
        "surveys/colleague.html",
        invitation,
        status=status,
        form=form,
        problems=form.problems() if form.is_bound else [],
        suggested=suggested,
        is_full=len(suggested) >= nominations.MOST,
        most=nominations.MOST,
    )


def _is_submitted(response: Response | None) -> bool:
    return response is not None and response.submitted_at is not None


def _put_off_until(invitation: Invitation) -> str:
    """When the reminder comes that they asked for, while it is still to come."""
    until, reminded_at = invitation.postponed_until, invitation.reminded_at
    if until is None or (reminded_at is not None and reminded_at >= until):
        return ""
    return in_words(until, invitation.survey_round.zone)


def _kept_on(invitation: Invitation) -> str:
    """When they were reminded as they had asked."""
    until, reminded_at = invitation.postponed_until, invitation.reminded_at
    if until is None or reminded_at is None or reminded_at < until:
        return ""
    return in_words(reminded_at, invitation.survey_round.zone)


def _day(instant: datetime, survey_round: Round) -> str:
    local = instant.astimezone(ZoneInfo(survey_round.zone))
    return f"{date_format(local, 'l')}, {date_format(local, 'DATE_FORMAT')}"
