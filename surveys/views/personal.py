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
from django.utils.html import format_html
from django.utils.safestring import SafeString

from naatbatt.requests import client_address, personal_page, refuse_cross_site, within_limit
from naatbatt.zones import clock_in_words, in_words
from surveys import invitations, responses
from surveys.models import Answer, Invitation, Response
from surveys.responses import attribution_in_words

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
        "saved_at": _saved_at(response, survey_round.zone) if response else "",
        "contact": invitations.reply_address(),
        "token": token_of(request),
    }
    return render(request, template, context, status=status)


def response_of(invitation: Invitation) -> Response | None:
    return getattr(invitation, "response", None)


def _in_zone(instant: datetime, words: str, zone: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', instant.isoformat(), zone, words)


def _saved_at(response: Response, zone: str) -> str:
    """The time of day for what was saved today, with the day otherwise."""
    local = ZoneInfo(zone)
    today = timezone.now().astimezone(local).date() == response.updated_at.astimezone(local).date()
    return (clock_in_words if today else in_words)(response.updated_at, zone)


def answers_to_read(invitation: Invitation, response: Response) -> dict[str, Any]:
    lines = responses.copy_of(response)
    return {
        "lines": lines,
        "proposals": proposals_among([line.answer for line in lines]),
        "attribution_line": attribution_in_words(invitation.contributor, response.attribution),
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
