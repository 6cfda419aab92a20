from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.mail.models import OutgoingMail
from surveys import invitations
from surveys.admin.pages import ReadOnly, ReadOnlyInline, RoundFilter, Steps, link_to
from surveys.models import Invitation, Reminder, RoundClosed

Disposition = Invitation.Disposition


class DispositionFilter(admin.SimpleListFilter):
    title = gettext_lazy("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Disposition.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(disposition=self.value()) if self.value() else queryset


class ReminderInline(ReadOnlyInline):
    """The log: every reminder that was written, and what became of its mail."""

    model = Reminder
    verbose_name_plural = gettext_lazy("reminders written")
    fields = ("number", "written_at", "letter", "became")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reminder]:
        return super().get_queryset(request).select_related("mail")

    @admin.display(description=gettext_lazy("mail"))
    def letter(self, reminder: Reminder) -> str:
        return link_to(reminder.mail, reminder.mail.subject)

    @admin.display(description=gettext_lazy("what became of it"))
    def became(self, reminder: Reminder) -> str:
        return reminder.mail.outcome or reminder.mail.get_state_display()


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, Steps):
    """The personal link is not here: it is nobody's but the contributor's. Staff can have it mailed again."""

    list_display = ("contributor", "sector", "survey_round", "standing", "invited_at", "reminded_at")
    list_filter = (DispositionFilter, "contributor__sector", ("survey_round", RoundFilter))
    list_select_related = ("contributor", "survey_round__survey")
    list_per_page = 100
    search_fields = ("contributor__name", "contributor__affiliation", "contributor__email")
    inlines = (ReminderInline,)
    steps = {"resend": "step_resend", "rotate": "step_rotate"}
    change_form_template = "admin/surveys/invitation/change_form.html"
    fields = (
        "contributor", "survey_round", "standing", "invited_at", "invitation_mail", "resends", "reminded_at",
        "answered", "postponed_at", "postponed_until", "declined_at", "declined_because", "decline_reason",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).with_disposition()  # type: ignore[attr-defined]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        found: Invitation | None = context.get("original")
        if found is not None and found.invited_at is not None:
            context["may_send"] = self.may_step(request) and found.survey_round.is_open()
        return super().render_change_form(request, context, *args, **kwargs)

    # --- steps

    def step_resend(self, request: HttpRequest, invitation: Invitation) -> None:
        self._send_again(request, invitation, invitations.resend)

    def step_rotate(self, request: HttpRequest, invitation: Invitation) -> None:
        self._send_again(request, invitation, invitations.rotate)

    def _send_again(self, request: HttpRequest, invitation: Invitation, story: Any) -> None:
        seen = request.POST.get("after", "")
        try:
            sent = story(invitation=invitation, after=int(seen) if seen.isdecimal() and len(seen) < 6 else -1)
        except RoundClosed:
            messages.error(request, _("The round is not open, or on hold: nothing goes out."))
        except invitations.NotAsked:
            messages.error(request, _("The first invitation has not been written yet."))
        else:
            mail = sent.mail
            if mail is not None and mail.state in (OutgoingMail.State.SUPPRESSED, OutgoingMail.State.FAILED):
                messages.warning(request, _("The mail will not go out: %(why)s.") % {"why": mail.outcome.rstrip(".")})
            else:
                messages.success(request, _("The mail is on its way to %(name)s.") % {"name": sent.contributor})

    # --- columns

    @admin.display(description=gettext_lazy("sector"), ordering="contributor__sector")
    def sector(self, invitation: Invitation) -> str:
        return invitation.contributor.get_sector_display()

    @admin.display(description=gettext_lazy("standing"), ordering="disposition")
    def standing(self, invitation: Any) -> str:
        return str(Disposition(invitation.disposition).label)

    @admin.display(description=gettext_lazy("invitation mail"))
    def invitation_mail(self, invitation: Invitation) -> str:
        return link_to(invitation.mail)

    @admin.display(description=gettext_lazy("response"))
    def answered(self, invitation: Invitation) -> str:
        return link_to(getattr(invitation, "response", None), _("read"))
