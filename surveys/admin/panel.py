"""Choosing a panel: look for people, pick them, see who would get what, and only then invite.

Everything is one form sent by POST. Nothing is kept between two looks but what the form itself carries, and nothing is
written before "Invite them". The script that redraws the balance while somebody picks asks this same page for it.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from naatbatt.zones import in_words
from surveys import invitations, panels
from surveys.admin.pages import change_address
from surveys.models import Contributor, ContributorQuerySet, Round, RoundClosed, Sector

PER_PAGE = 50


class LookForm(forms.Form):
    """Whom to look for among those who are not on the panel."""

    words = forms.CharField(label=gettext_lazy("Name or affiliation"), required=False, max_length=100)
    sector = forms.ChoiceField(label=gettext_lazy("Sector"), required=False)
    topic: Any = forms.ModelChoiceField(
        label=gettext_lazy("Topic"), queryset=None, required=False, empty_label=gettext_lazy("any")
    )
    country = forms.ChoiceField(label=gettext_lazy("Country"), required=False)
    asked = forms.ChoiceField(
        label=gettext_lazy("Last asked"),
        required=False,
        choices=[
            ("", gettext_lazy("any time")),
            ("never", gettext_lazy("never")),
            ("30", gettext_lazy("not in the last 30 days")),
            ("90", gettext_lazy("not in the last 90 days")),
            ("365", gettext_lazy("not in the last year")),
        ],
    )
    answered = forms.ChoiceField(
        label=gettext_lazy("Answered"),
        required=False,
        choices=[
            ("", gettext_lazy("however often")),
            ("all", gettext_lazy("every time")),
            ("half", gettext_lazy("at least every other time")),
            ("none", gettext_lazy("never, though asked")),
        ],
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        topic: Any = Contributor._meta.get_field("topics").related_model
        self.fields["topic"].queryset = topic.objects.all()  # type: ignore[attr-defined]
        self.fields["sector"].choices = [("", _("any")), *Sector.choices]  # type: ignore[attr-defined]
        countries = Contributor.objects.exclude(country="").order_by("country").values_list("country", flat=True)
        self.fields["country"].choices = [("", _("any")), *((code, code) for code in countries.distinct())]  # type: ignore[attr-defined]

    def found(self, people: ContributorQuerySet) -> ContributorQuerySet:
        """Those who fit; what is nonsense in the form narrows nothing."""
        self.is_valid()
        said: dict[str, Any] = getattr(self, "cleaned_data", {})
        asked = said.get("asked", "")
        return panels.narrowed(
            people, sector=said.get("sector", ""), topic=said.get("topic"), words=said.get("words", ""),
            country=said.get("country", ""), answered=said.get("answered", ""), never_asked=asked == "never",
            not_asked_for=int(asked) if asked.isdigit() else None,
        )  # fmt: skip


def panel_page(model_admin: admin.ModelAdmin, request: HttpRequest, survey_round: Round) -> HttpResponse:
    action = request.POST.get("action", "")
    chosen = _chosen(request)
    if action == "balance":
        return render(request, "admin/surveys/round/_balance.html", _balance(survey_round, chosen))
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "survey_round": survey_round,
        "is_over": not (survey_round.is_open() or survey_round.is_upcoming()),
    }
    if action in ("preview", "invite") and not context["is_over"]:
        people = list(panels.candidates(survey_round=survey_round).filter(pk__in=chosen))
        overasked = [person for person in people if person.times_lately >= panels.MOST_ASKINGS]  # type: ignore[attr-defined]
        if people and action == "invite" and (not overasked or request.POST.get("all_the_same")):
            return _invite(request, survey_round, people)
        if people:
            unheeded = action == "invite"
            return _who_gets_what(request, context, survey_round, people, overasked, unheeded=unheeded)
        messages.error(request, _("Choose at least one contributor."))
    return _picker(request, context, survey_round, chosen)


def _picker(request: HttpRequest, context: dict[str, Any], survey_round: Round, chosen: set[int]) -> HttpResponse:
    form = LookForm(request.POST or None)
    found = form.found(panels.candidates(survey_round=survey_round))
    if request.POST.get("action") == "all":
        chosen |= set(found.values_list("pk", flat=True))
    elif request.POST.get("action") == "none":
        chosen = set()
    wanted = request.POST.get("go") or (request.POST.get("page") if request.POST.get("action") != "look" else "1")
    page: Page[Contributor] = Paginator(found.prefetch_related("topics"), PER_PAGE).get_page(wanted)
    context |= {
        "title": _("Invite contributors"),
        "form": form,
        "page": page,
        "most_askings": panels.MOST_ASKINGS,
        "lately": panels.LATELY.days,
        **_balance(survey_round, chosen),
    }
    return TemplateResponse(request, "admin/surveys/round/invite.html", context)


def _who_gets_what(
    request: HttpRequest,
    context: dict[str, Any],
    survey_round: Round,
    people: list[Contributor],
    overasked: list[Contributor],
    *,
    unheeded: bool,
) -> HttpResponse:
    """The dry run: everybody with the mail they would get, as it would be written."""
    reachable = [person for person in people if not person.is_suppressed]  # type: ignore[attr-defined]
    context |= {
        "title": _("Who gets what"),
        "people": people,
        "reachable": len(reachable),
        "overasked": overasked,
        "unheeded": unheeded and bool(overasked),
        "most_askings": panels.MOST_ASKINGS,
        "lately": panels.LATELY.days,
        "first": (reachable or people)[0],
        "subject": invitations.preview(survey_round=survey_round, contributor=people[0]).subject,
        "leaves": in_words(survey_round.opens_at, survey_round.zone) if survey_round.is_upcoming() else "",
        **_balance(survey_round, {person.pk for person in people}),
    }
    return TemplateResponse(request, "admin/surveys/round/who_gets_what.html", context)


def _invite(request: HttpRequest, survey_round: Round, people: list[Contributor]) -> HttpResponse:
    try:
        invitations.invite(survey_round=survey_round, contributors=people)
    except RoundClosed:
        messages.error(request, _("The round is over; nobody can be invited any more."))
        return HttpResponseRedirect(change_address(survey_round))
    message = ngettext(
        "%(number)d contributor is on the panel now. The invitation goes out when the round opens, or within a "
        "minute where it is open.",
        "%(number)d contributors are on the panel now. Invitations go out when the round opens, or within a minute "
        "where it is open.",
        len(people),
    )
    messages.success(request, message % {"number": len(people)})
    return HttpResponseRedirect(change_address(survey_round))


def _balance(survey_round: Round, chosen: set[int]) -> dict[str, Any]:
    shares = panels.balance(survey_round=survey_round, chosen=chosen)
    most = max(1, *(share.together for share in shares))
    return {
        "chosen": chosen,
        "chosen_in_all": sum(share.chosen for share in shares),
        "on_panel": sum(share.on_panel for share in shares),
        "bars": [
            {"share": share, "there": round(100 * share.on_panel / most), "besides": round(100 * share.chosen / most)}
            for share in shares
        ],
    }


def _chosen(request: HttpRequest) -> set[int]:
    """Everybody picked so far: on pages looked at before, and on the one that was shown, where a tick may be gone."""
    before = _numbers(request.POST.get("chosen", "").split(","))
    return (before - _numbers(request.POST.getlist("shown"))) | _numbers(request.POST.getlist("people"))


def _numbers(texts: Iterable[str]) -> set[int]:
    return {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 16}
