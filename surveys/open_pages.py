"""The open invitation on the web: a public page with a form, and the author's own page behind a personal link.

Neither sets a cookie or needs a script. Whoever offers a view gets the same answer, whether their address is known,
written to in vain, or asking too often; GET changes nothing, so a mail scanner confirms nothing.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from naatbatt.mail.models import normalise
from naatbatt.requests import client_address, personal_page, public_page, refuse_cross_site, within_limit
from surveys import disclosure, invitations, open_views
from surveys.models import OpenView, Survey
from surveys.open_forms import OpenViewForm
from surveys.views import wrong_link

HOUR = 3600
FROM_ONE_CONNECTION = 10  # views in an hour
TO_ONE_ADDRESS = 5  # views, and so mails, in a day


@require_http_methods(["GET", "HEAD", "POST"])
@refuse_cross_site
@public_page
def offer_view(request: HttpRequest, slug: str) -> HttpResponse:
    survey = Survey.objects.filter(slug=slug).first()
    form = OpenViewForm(request.POST if request.method == "POST" else None)
    if survey is None or not survey.takes_open_views:
        return _not_taken(request, form)
    if request.method != "POST":
        return _offer_page(request, survey, form)
    if not form.is_valid():
        return _offer_page(request, survey, form, status=422)
    if not within_limit(f"open-view:from:{client_address(request)}", most=FROM_ONE_CONNECTION, seconds=HOUR):
        form.add_error(None, _("Many views came from your connection. Please press the button again in an hour."))
        return _offer_page(request, survey, form, status=429)
    given = {name: form.cleaned_data[name] for name in ("name", "affiliation", "words")}
    email = normalise(form.cleaned_data["email"])
    if not form.is_from_a_machine and within_limit(f"open-view:to:{email}", most=TO_ONE_ADDRESS, seconds=24 * HOUR):
        try:
            agreed_to = str(form.fields["consent"].label)
            open_views.offer(survey=survey, email=email, agreed_to=agreed_to, **given)
        except open_views.NotTaken:  # since we looked
            return _not_taken(request, form)
    return redirect("surveys:view_offered", slug)


@require_safe
@public_page
def view_offered(request: HttpRequest, slug: str) -> HttpResponse:
    survey = Survey.objects.filter(slug=slug, takes_open_views=True).first()
    if survey is None:
        return _not_taken(request, OpenViewForm())
    return render(request, "surveys/open_offered.html", {"survey": survey})


@require_http_methods(["GET", "HEAD", "POST"])
@refuse_cross_site
@personal_page
def open_view(request: HttpRequest, token: str) -> HttpResponse:
    """The author's own page: read the view, confirm it, withdraw it. Only a press of a button does either."""
    view = open_views.find(token=token)
    if view is None:
        return wrong_link(request)
    story = {"confirm": open_views.confirm, "withdraw": open_views.withdraw}.get(request.POST.get("action", ""))
    if request.method == "POST" and story is not None:
        story(view=view)
        page = redirect(request.path)
        page.status_code = 303
        return page
    return _own_page(request, view, status=400 if request.method == "POST" else 200)


# --- what they show --------------------------------------------------------------------------------------------------


def _offer_page(request: HttpRequest, survey: Survey, form: OpenViewForm, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "survey": survey,
        "questions": survey.questions.current(),
        "form": form,
        "problems": form.problems() if form.is_bound else [],
    }
    return render(request, "surveys/open_offer.html", context, status=status)


def _not_taken(request: HttpRequest, form: OpenViewForm) -> HttpResponse:
    """The same for a survey that takes none and for one that does not exist. What was typed can be copied from it."""
    typed = str(form.data.get("words", "")) if form.is_bound else ""
    context = {"typed": typed, "contact": invitations.reply_address()}
    return render(request, "surveys/open_not_taken.html", context, status=409 if typed else 404)


def _own_page(request: HttpRequest, view: OpenView, *, status: int) -> HttpResponse:
    context = {
        "view": view,
        "survey": view.survey,
        "line": disclosure.reader_line(view.name, view.affiliation),
        "contact": invitations.reply_address(),
    }
    return render(request, "surveys/open_own.html", context, status=status)
