"""Later rounds in the admin: adding one with its panel, what it leaves out and why, and what has changed since."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys import delphi, panels, rounds
from surveys.admin.pages import Steps, change_address, link_to
from surveys.admin.round_form import FollowForm
from surveys.models import Round, SnapshotTampered


class LaterRounds(Steps):
    """Of the admin of rounds: what only a round after the first has."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.follow_view)
        return [path("<int:object_id>/follow/", view, name="surveys_round_follow"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        survey_round: Round | None = context.get("original")
        if survey_round is not None:
            context |= _told(survey_round)
        return super().render_change_form(request, context, *args, **kwargs)

    def follow_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Say when the next round is and whom it asks; the button adds it. Nothing is written before."""
        if not self.may_step(request) or not self.has_add_permission(request):
            raise PermissionDenied
        after: Round = self.existing(request, str(object_id))
        if after.closed_at is None:
            messages.error(request, _("The round is not closed yet. Another can follow once its results are in."))
            return self.back_to(after)
        if next_one := following(after):
            return HttpResponseRedirect(change_address(next_one))
        proposed = rounds.proposed(after)
        form = FollowForm(request.POST or None, instance=proposed)
        if request.method == "POST" and form.is_valid():
            added = rounds.follow(after=after, following=form.instance, answered_only=form.answered_only)
            self.log_addition(request, added, _("Added after %(round)s.") % {"round": after})
            self._tell_added(request, added)
            return HttpResponseRedirect(change_address(added))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Round %(number)d") % {"number": proposed.number},
            "opts": self.opts,
            "media": self.media,
            "survey_round": after,
            "form": form,
            "number": proposed.number,
            "asked": panels.asked_before(survey_round=proposed).count(),
            "answered": panels.asked_before(survey_round=proposed, answered_only=True).count(),
            "findings": [_row(finding) for finding in delphi.findings(proposed)],
        }
        return TemplateResponse(request, "admin/surveys/round/follow.html", context)

    def _tell_added(self, request: HttpRequest, added: Round) -> None:
        on_panel = added.invitations.count()
        said = ngettext(
            "Added, with %(number)d contributor on its panel. The invitation goes out when it opens.",
            "Added, with %(number)d contributors on its panel. Invitations go out when it opens.",
            on_panel,
        )
        messages.success(request, said % {"number": on_panel})

    # --- steps

    def step_ask_anyway(self, request: HttpRequest, survey_round: Round) -> None:
        self._override(request, survey_round, ask=True)

    def step_leave_out(self, request: HttpRequest, survey_round: Round) -> None:
        self._override(request, survey_round, ask=False)

    def _override(self, request: HttpRequest, survey_round: Round, *, ask: bool) -> None:
        key, reason = request.POST.get("question", ""), request.POST.get("reason", "")[:300]
        try:
            delphi.override(survey_round=survey_round, question_key=key, ask=ask, reason=reason)
        except delphi.TooLate:
            messages.error(request, _("The round has asked people already, so what it asks stays as it is."))
        except delphi.NotFrozen:
            messages.error(request, _("An earlier round is not closed yet, so it is not known what is settled."))
        except delphi.Needed:
            messages.error(request, _("Another question is shown only after this one. Leave that one out first."))
        except LookupError:
            messages.error(request, _("There is no such question any more."))
        else:
            messages.success(request, _("It is asked.") if ask else _("It is left out."))


def following(survey_round: Round) -> Round | None:
    """The round after this one, where there is one."""
    return Round.objects.filter(survey=survey_round.survey_id, number=survey_round.number + 1).first()


def _told(survey_round: Round) -> dict[str, Any]:
    """What the page of a round says of the rounds before it and after it."""
    told: dict[str, Any] = {"following": following(survey_round)}
    if survey_round.number <= 1:
        return told
    told["is_waiting"] = survey_round.closed_at is None and delphi.is_waiting(survey_round)
    if not told["is_waiting"]:
        told["findings"] = [_row(finding) for finding in delphi.findings(survey_round)]
        told["may_override"] = (
            survey_round.closed_at is None and not survey_round.invitations.filter(invited_at__isnull=False).exists()
        )
    frozen = survey_round.snapshots.order_by("-number").first()
    if frozen is not None:
        try:
            found = delphi.moves(frozen)
        except SnapshotTampered:
            return told
        told["moves"] = [
            {"prompt": Truncator(move.spec.prompt).words(20), "sentences": move.sentences}
            for move in found.values()
            if move.sentences
        ]
    return told


def _row(finding: delphi.Finding) -> dict[str, Any]:
    question, found = finding.question, finding.verdict.finding if finding.verdict else ""
    by_rule = finding.reason == f"{found} {finding.rule}"
    return {
        "key": question.key,
        "question": link_to(question, Truncator(question.prompt).words(20)),
        "rule": finding.rule,
        "found": found,
        "reason": "" if by_rule else finding.reason,
        "is_asked": finding.is_asked,
    }
