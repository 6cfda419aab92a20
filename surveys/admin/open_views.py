from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from naatbatt.mail.models import Stream, Suppression
from surveys import disclosure, open_views
from surveys.admin.pages import Steps, UsualFirst, change_address
from surveys.models import Contributor, OpenView, Round, RoundClosed, Sector

State = OpenView.State


class StateFilter(UsualFirst):
    """What staff may read is what has been confirmed; the rest is there when they look for it."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [
            (None, _("all that are confirmed")),
            (State.PENDING, _("waiting")),
            (State.APPROVED, _("approved")),
            (State.REJECTED, _("rejected")),
            (State.CONTRIBUTOR, _("made a contributor")),
            (State.WITHDRAWN, _("withdrawn")),
            (State.UNCONFIRMED, _("address not confirmed")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = self.value()
        if wanted is None:
            return queryset.confirmed().exclude(state=State.WITHDRAWN)
        return queryset.filter(state=wanted)


class JoinForm(forms.Form):
    """As whom, and into which round, the author of a view is invited."""

    sector = forms.ChoiceField(label=gettext_lazy("Sector"), choices=[("", "–"), *Sector.choices])
    survey_round = forms.ModelChoiceField(label=gettext_lazy("Round"), queryset=Round.objects.none())

    def __init__(self, view: OpenView, known: Contributor | None, data: Any = None) -> None:
        super().__init__(data, initial={"sector": known.sector if known else ""})
        rounds = Round.objects.filter(closed_at=None, closes_at__gt=timezone.now()).select_related("survey")
        self.fields["survey_round"].queryset = rounds.order_by("closes_at", "pk")  # type: ignore[attr-defined]
        own = rounds.filter(survey=view.survey_id).order_by("closes_at", "pk").first()
        self.initial["survey_round"] = own.pk if own else None
        if known:  # who is on file stays as they are there
            self.fields["sector"].disabled = True


@admin.register(OpenView)
class OpenViewAdmin(Steps):
    """What readers offered. It is printed as they wrote it or not at all, so there is nothing to edit here."""

    list_display = ("short_words", "line", "survey", "state_now")
    list_filter = (StateFilter, "survey")
    list_select_related = ("survey",)
    list_display_links = None
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("words", "name", "affiliation", "email")
    actions = ("approve_selected",)
    steps = {
        "approve": "step_approve",
        "reject": "step_reject",
        "join": "step_join",
        "take-back": "step_take_back",
        "withdraw": "step_withdraw",
    }

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """What waits comes first, the oldest of it on top; then what was decided, the latest first."""
        first = Case(When(state=State.PENDING, then=Value(0)), default=Value(1), output_field=IntegerField())
        waiting_since = Case(When(state=State.PENDING, then="confirmed_at"))
        return [first.asc(), waiting_since.asc(), "-decided_at", "-pk"]

    # --- the list

    @admin.display(description=gettext_lazy("view"))
    def short_words(self, view: OpenView) -> SafeString:
        words = Truncator(view.words).words(50) or _("(erased)")
        return format_html('<a href="{}">{}</a>', change_address(view), words)

    @admin.display(description=gettext_lazy("would be printed as"))
    def line(self, view: OpenView) -> str:
        return f"— {disclosure.reader_line(view.name, view.affiliation)}" if view.words else "–"

    @admin.display(description=gettext_lazy("state"))
    def state_now(self, view: OpenView) -> str:
        return view.get_state_display()

    @admin.action(description=gettext_lazy("Approve the selected views"), permissions=["change"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[OpenView]) -> None:
        approved = left = 0
        for view in queryset:
            try:
                open_views.approve(view=view)
                approved += 1
            except (open_views.NotOffered, open_views.Decided):
                left += 1
        if approved:
            text = ngettext("%(number)d view is approved.", "%(number)d views are approved.", approved)
            messages.success(request, text % {"number": approved})
        if left:
            text = ngettext(
                "%(number)d view does not wait for a decision and stays as it is.",
                "%(number)d views do not wait for a decision and stay as they are.",
                left,
            )
            messages.warning(request, text % {"number": left})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Readers’ views"), **(extra_context or {})})

    # --- one view

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(request, self.existing(request, object_id))

    def _page(self, request: HttpRequest, view: OpenView, join: JoinForm | None = None) -> HttpResponse:
        queue = OpenView.objects.awaiting().exclude(pk=view.pk).order_by("confirmed_at", "pk")
        known = _on_file(view)
        context = {
            **self.admin_site.each_context(request),
            "title": _("A reader’s view"),
            "opts": self.opts,
            "media": self.media,
            "view": view,
            "line": disclosure.reader_line(view.name, view.affiliation),
            "may_decide": self.may_step(request),
            "known": known,
            "suppressed": _suppressed(view),
            "join": join or JoinForm(view, known),
            "waiting": queue.count(),
            "next": queue.first(),
        }
        return TemplateResponse(request, "admin/surveys/openview/read.html", context)

    def step_approve(self, request: HttpRequest, view: OpenView) -> HttpResponse:
        return self._decide(request, view, lambda: open_views.approve(view=view), _("The view is approved."))

    def step_reject(self, request: HttpRequest, view: OpenView) -> HttpResponse:
        reason = request.POST.get("reason", "")
        return self._decide(
            request, view, lambda: open_views.reject(view=view, reason=reason), _("The view is rejected.")
        )

    def step_join(self, request: HttpRequest, view: OpenView) -> HttpResponse:
        form = JoinForm(view, _on_file(view), request.POST)
        if not form.is_valid():
            return self._page(request, view, form)
        chosen = form.cleaned_data
        return self._decide(
            request, view, lambda: open_views.make_contributor(view=view, **chosen),
            _("%(name)s is on the panel of %(round)s.") % {"name": view.name, "round": chosen["survey_round"]},
        )  # fmt: skip

    def step_take_back(self, request: HttpRequest, view: OpenView) -> HttpResponse:
        try:
            open_views.take_back(view=view)
            messages.success(request, _("The view waits for a decision again."))
        except open_views.AlreadyInvited:
            messages.error(request, _("The invitation has been mailed already, so it cannot be taken back."))
        except open_views.NotOffered:
            messages.warning(request, _gone())
        return self.back_to(view)

    def step_withdraw(self, request: HttpRequest, view: OpenView) -> HttpResponse:
        open_views.withdraw(view=view)
        messages.success(request, _("The view is on no page any more; words, name and address are erased."))
        return HttpResponseRedirect(reverse("admin:surveys_openview_changelist"))

    def _decide(self, request: HttpRequest, view: OpenView, decide: Callable[[], Any], done: str) -> HttpResponse:
        """Take the decision, then go on to the next that waits."""
        if refused := _refusal(decide):
            messages.error(request, refused)
            return self.back_to(view)
        messages.success(request, done)
        following = OpenView.objects.awaiting().exclude(pk=view.pk).order_by("confirmed_at", "pk").first()
        if following is not None:
            return self.back_to(following)
        messages.info(request, _("That was the last one: no reader’s view waits."))
        return HttpResponseRedirect(reverse("admin:surveys_openview_changelist"))


def _refusal(decide: Callable[[], Any]) -> str:
    """Take the decision; why it could not be taken, or nothing."""
    try:
        decide()
    except open_views.ReasonMissing as error:
        return str(error)
    except open_views.NotOffered:
        return _gone()
    except open_views.Decided:
        return _("This was decided meanwhile. To decide otherwise, take that back.")
    except open_views.NotToBeWrittenTo:
        return _("This address is not to be written to, so nobody can be invited.")
    except RoundClosed:
        return _("The round is over; nobody can be invited any more.")
    return ""


def _gone() -> str:
    return _("The author has withdrawn this view, or not confirmed it.")


def _on_file(view: OpenView) -> Contributor | None:
    """The contributor with the view's address, if there is one."""
    return view.contributor or Contributor.objects.filter(email__iexact=view.email or "-").first()


def _suppressed(view: OpenView) -> bool:
    return bool(view.email) and Suppression.objects.blocking(view.email, Stream.SURVEY).exists()
