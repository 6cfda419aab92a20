"""What every page behind a personal link has: whose it is, when the round ends, and one answer to every wrong link."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from naatbatt.requests import client_address, personal_page, refuse_cross_site, within_limit
from naatbatt.zones import clock_in_words, in_words
from surveys import consent, invitations, responses
from surveys.models import Answer, Invitation, Response, Round
from surveys.responses import quoted_as

# Wrong links from one address in ten minutes. A token cannot be guessed (128 bits); this keeps the noise of trying out.
# A right link is never refused: somebody's half-typed answers are on their way behind it.
WRONG_LINKS = 30
WINDOW_SECONDS = 600


def personal_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For the pages of a personal link: the view gets the invitation that the token stands for, or is never asked."""

    @refuse_cross_site
    @personal_page
    @wraps(view)
    def found(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
        invitation = invitations.find(token=token)
        return wrong_link(request) if invitation is None else view(request, invitation, *args, **kwargs)

    return found


def token_of(request: HttpRequest) -> str:
    """The token in the address of a personal page."""
    return request.resolver_match.kwargs["token"] if request.resolver_match else ""


def wrong_link(request: HttpRequest) -> HttpResponse:
    """The same answer to every wrong link. One that was replaced says that a newer mail has another, and nothing else.

    The work and the limit are the same for both.
    """
    replaced = invitations.was_replaced(token=token_of(request))
    address = hashlib.sha256(client_address(request).encode()).hexdigest()[:32]
    allowed = within_limit(f"wrong-link:{address}", most=WRONG_LINKS, seconds=WINDOW_SECONDS)
    status = (410 if replaced else 404) if allowed else 429
    context = {"status": status, "contact": invitations.reply_address()}
    page = render(request, "surveys/wrong_link.html", context, status=status)
    if status == 429:
        page["Retry-After"] = str(WINDOW_SECONDS)
    return page


def render_personal(
    request: HttpRequest, template: str, invitation: Invitation, *, status: int = 200, **context: Any
) -> HttpResponse:
    response, survey_round = response_of(invitation), invitation.survey_round
    context |= {
        "invitation": invitation,
        "contributor": invitation.contributor,
        "survey_round": survey_round,
        "survey": survey_round.survey,
        "response": response,
        "opens": _in_zone(survey_round.opens_at, survey_round.opens_in_words, survey_round.zone),
        "closes": _in_zone(survey_round.ends_at, survey_round.closes_in_words, survey_round.zone),
        "grace_until": _grace_until(survey_round),
        "saved_at": moment(response.updated_at, survey_round.zone) if response else "",
        "contact": invitations.reply_address(),
        "token": token_of(request),
        "shelf": salted_hmac("what is typed", str(invitation.pk)).hexdigest()[:16],
    }
    return render(request, template, context, status=status)


def response_of(invitation: Invitation) -> Response | None:
    return getattr(invitation, "response", None)


def _grace_until(survey_round: Round) -> str:
    """Until when a page that is still open may be sent, once the round is over as announced; nothing otherwise."""
    in_grace = survey_round.takes_answers() and not survey_round.is_open()
    return clock_in_words(survey_round.takes_answers_until, survey_round.zone) if in_grace else ""


def _in_zone(instant: datetime, words: str, zone: str) -> SafeString:
    """In the zone it was meant in. Where there is a script, it adds the reader's own, in these words."""
    shown = '<time datetime="{}" title="{}" data-zone="{}" data-own-zone="{}">{}</time>'
    return format_html(shown, instant.isoformat(), zone, zone, _("{time} where you are, {zone}"), words)


def moment(instant: datetime, zone: str) -> str:
    """The time of day for what happened today, with the day otherwise."""
    local = ZoneInfo(zone)
    today = timezone.now().astimezone(local).date() == instant.astimezone(local).date()
    return (clock_in_words if today else in_words)(instant, zone)


def answers_to_read(invitation: Invitation, response: Response, *, with_changes: bool = False) -> dict[str, Any]:
    lines = responses.copy_of(response, with_changes=with_changes)
    return {
        "lines": lines,
        "proposals": proposals_among(line.answer for line in lines if isinstance(line.answer, Answer)),
        "attribution_line": quoted_as(response),
        "agreement": agreement(response),
    }


def agreement(response: Response | None) -> dict[str, Any] | None:
    """What its author agreed to last, and when; nothing before they agreed to anything."""
    if response is None or response.consent is None:
        return None
    survey_round, found = response.invitation.survey_round, response.consent
    return {
        "at": in_words(found.given_at, survey_round.zone),
        "points": found.wording.split("\n"),
        "is_another": found.wording != consent.wording(survey_round.survey).text,
    }


def proposals_among(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """The wordings that staff propose, each with a mark by which a form says which one its reader saw."""
    return [
        {
            "answer": row,
            "mark": hashlib.sha256(f"{row.pk}:{row.version}:{row.edited_words}".encode()).hexdigest()[:24],
        }
        for row in answers
        if row.moderation == Answer.Moderation.PROPOSED
    ]
