from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.mail.models import Stream, Suppression
from surveys import nominations
from surveys.admin.pages import Steps, link_to
from surveys.models import Contributor, Nomination, Round, RoundClosed, Sector

State = Nomination.State


class JoinForm(forms.Form):
    """As whom a nominee is put on file, and into which round they are invited, if any."""

    sector = forms.ChoiceField(label=gettext_lazy("Sector"), choices=[("", "–"), *Sector.choices])
    survey_round = forms.ModelChoiceField(
        label=gettext_lazy("Invite to"),
        queryset=Round.objects.none(),
        required=False,
        empty_label=gettext_lazy("no round yet"),
    )

    def __init__(self, nomination: Nomination, known: Contributor | None, data: Any = None) -> None:
        super().__init__(data, initial={"sector": known.sector if known else ""})
        rounds = Round.objects.filter(closed_at=None, closes_at__gt=timezone.now()).select_related("survey")
        self.fields["survey_round"].queryset = rounds.order_by("closes_at", "pk")  # type: ignore[attr-defined]
        own = rounds.filter(pk=nomination.invitation.survey_round_id).first()
        self.initial["survey_round"] = own.pk if own else None
        if known:  # who is on file stays as they are there
            self.fields["sector"].disabled = True


@admin.register(Nomination)
class NominationAdmin(Steps):
    """People somebody would have us ask. They have not been written to, and are not before staff decide."""

    list_display = ("name", "affiliation", "suggested_by", "about", "standing", "state")
    list_filter = ("state", "is_own", "invitation__survey_round__survey")
    list_select_related = ("invitation__contributor", "invitation__survey_round__survey", "contributor")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("name", "email", "affiliation")
    steps = {"join": "step_join", "set-aside": "step_set_aside", "take-back": "step_take_back"}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Nomination]:
        on_file = Contributor.objects.filter(email__iexact=OuterRef("email"))
        blocked = Suppression.objects.filter(address=OuterRef("email"), stream__in=("", Stream.SURVEY))
        return (
            super()
            .get_queryset(request)
            .annotate(
                is_on_file=ExpressionWrapper(Q(Exists(on_file)), output_field=BooleanField()),
                is_suppressed=ExpressionWrapper(Q(Exists(blocked)), output_field=BooleanField()),
            )
        )

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """What waits comes first, the oldest of it on top; then what was decided, the latest first."""
        first = Case(When(state=State.WAITING, then=Value(0)), default=Value(1), output_field=IntegerField())
        waiting_since = Case(When(state=State.WAITING, then="created_at"))
        return [first.asc(), waiting_since.asc(), "-decided_at", "-pk"]

    # --- the list

    @admin.display(description=gettext_lazy("suggested by"))
    def suggested_by(self, nomination: Nomination) -> str | SafeString:
        if nomination.is_own:
            return _("themselves, by the link of %(name)s") % {"name": nomination.invitation.contributor}
        return str(nomination.invitation.contributor)

    @admin.display(description=gettext_lazy("survey"))
    def about(self, nomination: Nomination) -> str:
        return str(nomination.invitation.survey_round.survey)

    @admin.display(description=gettext_lazy("known"))
    def standing(self, nomination: Any) -> str:
        known = [
            *([_("a contributor already")] if nomination.is_on_file else []),
            *([_("not to be written to")] if nomination.is_suppressed else []),
        ]
        return ", ".join(known) or "–"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Suggested contributors"), **(extra_context or {})})

    # --- one nomination

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(request, self.existing(request, object_id))

    def _page(self, request: HttpRequest, nomination: Any, join: JoinForm | None = None) -> HttpResponse:
        queue = Nomination.objects.waiting().exclude(pk=nomination.pk).order_by("created_at", "pk")
        known = _on_file(nomination)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Suggested: %(name)s") % {"name": nomination.name},
            "opts": self.opts,
            "media": self.media,
            "nomination": nomination,
            "by": link_to(nomination.invitation.contributor),
            "where": nomination.invitation.survey_round,
            "may_decide": self.may_step(request),
            "known": known,
            "suppressed": nomination.is_suppressed,
            "join": join or JoinForm(nomination, known),
            "waiting": queue.count(),
            "next": queue.first(),
        }
        return TemplateResponse(request, "admin/surveys/nomination/read.html", context)

    def step_join(self, request: HttpRequest, nomination: Nomination) -> HttpResponse:
        form = JoinForm(nomination, _on_file(nomination), request.POST)
        if not form.is_valid():
            return self._page(request, nomination, form)
        chosen = form.cleaned_data
        said = {"name": nomination.name, "round": chosen["survey_round"]}
        done = _("%(name)s is on the panel of %(round)s.") if chosen["survey_round"] else _("%(name)s is on file.")
        return self._decide(
            request, nomination, lambda: nominations.make_contributor(nomination=nomination, **chosen), done % said
        )

    def step_set_aside(self, request: HttpRequest, nomination: Nomination) -> HttpResponse:
        return self._decide(
            request, nomination, lambda: nominations.set_aside(nomination=nomination),
            _("%(name)s is set aside. Nobody is told.") % {"name": nomination.name},
        )  # fmt: skip

    def step_take_back(self, request: HttpRequest, nomination: Nomination) -> HttpResponse:
        try:
            nominations.take_back(nomination=nomination)
            messages.success(request, _("It waits for a decision again."))
        except nominations.AlreadyInvited:
            messages.error(request, _("The invitation has been mailed already, so it cannot be taken back."))
        return self.back_to(nomination)

    def _decide(
        self, request: HttpRequest, nomination: Nomination, decide: Callable[[], Any], done: str
    ) -> HttpResponse:
        """Take the decision, then go on to the next that waits."""
        if refused := _refusal(decide):
            messages.error(request, refused)
            return self.back_to(nomination)
        messages.success(request, done)
        following = Nomination.objects.waiting().exclude(pk=nomination.pk).order_by("created_at", "pk").first()
        if following is not None:
            return self.back_to(following)
        messages.info(request, _("That was the last one: nobody who was suggested waits."))
        return HttpResponseRedirect(reverse("admin:surveys_nomination_changelist"))


def _refusal(decide: Callable[[], Any]) -> str:
    """Take the decision; why it could not be taken, or nothing."""
    try:
        decide()
    except nominations.Decided:
        return _("This was decided meanwhile. To decide otherwise, take that back.")
    except nominations.NotToBeWrittenTo:
        return _("This address is not to be written to, so nobody can be invited.")
    except RoundClosed:
        return _("The round is over; nobody can be invited any more.")
    return ""


def _on_file(nomination: Nomination) -> Contributor | None:
    """The contributor with the nominee's address, if there is one."""
    return nomination.contributor or Contributor.objects.filter(email__iexact=nomination.email).first()
