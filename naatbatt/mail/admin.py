"""Where staff read every mail as it was sent, decide about those that are stuck, and hold or arm the whole."""

from datetime import datetime, timedelta
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin

from naatbatt.mail import links, outbox
from naatbatt.mail.handover import compose
from naatbatt.mail.models import OutgoingMail, Suppression, Switch

STYLES = {"all": ["css/admin-mail.css"]}

# For a page that is a mail: the mail's own style attributes, in our own frame, and nothing else at all.
MAIL_POLICY: dict[str, Any] = {
    "script-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "font-src": [NONE],
    "connect-src": [NONE],
    "manifest-src": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
    "sandbox": "",
}


@admin.register(OutgoingMail)
class OutgoingMailAdmin(admin.ModelAdmin):
    """Read only: what was sent is not edited. Personal links are masked here as everywhere."""

    list_display = ["subject", "recipient", "standing", "stream", "moment"]
    list_filter = ["state", "stream", "name", "created_at"]
    search_fields = ["to_address", "to_name", "subject", "key"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["try_again", "withdraw"]

    class Media:
        css = STYLES

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        return False

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who may let a mail go again or stop it; there is nothing else to change about one."""
        return request.user.has_perm("mail.change_outgoingmail")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutgoingMail]:
        return super().get_queryset(request).defer("text", "html", "headers")

    @admin.display(description=gettext_lazy("to"), ordering="to_address")
    def recipient(self, mail: OutgoingMail) -> str:
        return f"{mail.to_name} <{mail.to_address}>" if mail.to_name else mail.to_address

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def standing(self, mail: OutgoingMail) -> SafeString:
        word, _blank, explanation = mail.get_state_display().partition(" (")
        told = mail.outcome or explanation.removesuffix(")")
        return format_html('<span class="mail-state {}" title="{}">{}</span>', mail.state, told, word)

    @admin.display(description=gettext_lazy("when"), ordering="due_at")
    def moment(self, mail: OutgoingMail) -> datetime:
        return mail.settled_at or mail.due_at

    # --- reading -----------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.html_view)
        return [path("<int:mail_id>/html/", view, name="mail_outgoingmail_html"), *super().get_urls()]

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        mail = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, mail):
            raise PermissionDenied
        if mail is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        message = compose(mail, unmark=links.mask)
        headers = [
            (_("From"), settings.DEFAULT_FROM_EMAIL),
            (_("To"), self.recipient(mail)),
            (_("Reply-To"), mail.reply_to),
            (_("Subject"), mail.subject),
            *((name, value) for name, value in message.extra_headers.items() if name != "Date"),
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": mail.subject,
            "opts": self.opts,
            "media": self.media,
            "mail": mail,
            "headers": [(name, value) for name, value in headers if value],
            "text": message.body,
            "may_decide": self.has_decide_permission(request),
            "may_try_again": mail.state in outbox.STUCK,
            "may_withdraw": mail.state in OutgoingMail.WAITING,
        }
        return TemplateResponse(request, "admin/mail/outgoingmail/read.html", context)

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp_replace(MAIL_POLICY))
    def html_view(self, request: HttpRequest, mail_id: int) -> HttpResponseBase:
        mail = self.get_object(request, str(mail_id))
        if not self.has_view_permission(request, mail):
            raise PermissionDenied
        if mail is None:
            return HttpResponse(status=404)
        page = HttpResponse(links.mask(mail.html))
        page["Cache-Control"] = "no-store"
        return page

    # --- deciding ----------------------------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Try again"), permissions=["decide"])
    def try_again(self, request: HttpRequest, chosen: QuerySet[OutgoingMail]) -> TemplateResponse | None:
        stuck = list(chosen.filter(state__in=outbox.STUCK))
        uncertain = [mail for mail in stuck if mail.state == OutgoingMail.State.UNCERTAIN]
        if uncertain and "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Send again what may have arrived?"),
                "opts": self.opts,
                "media": self.media,
                "mails": stuck,
                "uncertain": uncertain,
            }
            return TemplateResponse(request, "admin/mail/outgoingmail/try_again.html", context)
        for mail in stuck:
            self.log_change(request, outbox.try_again(mail=mail), _("Queued again."))
        self._report(request, chosen.count() - len(stuck), len(stuck), _("queued again"))
        return None

    @admin.action(description=gettext_lazy("Withdraw: never send"), permissions=["decide"])
    def withdraw(self, request: HttpRequest, chosen: QuerySet[OutgoingMail]) -> None:
        waiting = list(chosen.filter(state__in=OutgoingMail.WAITING))
        stopped = 0
        for mail in waiting:
            if outbox.withdraw(mail=mail).state == OutgoingMail.State.SUPPRESSED:
                self.log_change(request, mail, _("Withdrawn."))
                stopped += 1
        self._report(request, chosen.count() - stopped, stopped, _("withdrawn"))

    def _report(self, request: HttpRequest, others: int, done: int, what: str) -> None:
        said = ngettext("%(count)s mail: %(what)s.", "%(count)s mails: %(what)s.", done) % {"count": done, "what": what}
        if others:
            said += " " + ngettext(
                "%(count)s other was left as it is.", "%(count)s others were left as they are.", others
            ) % {"count": others}
        self.message_user(request, said, messages.SUCCESS if done else messages.WARNING)


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin):
    """Entered and lifted; a changed one would be another one."""

    list_display = ["address", "scope", "reason", "note", "created_at"]
    list_filter = ["stream", "reason"]
    search_fields = ["address", "note"]
    fields = ["address", "stream", "reason", "note"]

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"reason": Suppression.Reason.STAFF}

    @admin.display(description=gettext_lazy("stream"), ordering="stream")
    def scope(self, suppression: Suppression) -> str:
        return suppression.get_stream_display() or _("all mail")


@admin.register(Switch)
class SwitchAdmin(admin.ModelAdmin):
    """One page with one button: mail leaves, or it is held."""

    class Media:
        css = STYLES

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Switch | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.changelist_view), name="mail_switch_changelist")]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._turn(request)
        mails = OutgoingMail.objects.filter(state__in=OutgoingMail.WAITING)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Mail switch"),
            "opts": self.opts,
            "media": self.media,
            "switch": Switch.objects.first(),
            "waiting": mails.count(),
            "uncertain": OutgoingMail.objects.filter(state=OutgoingMail.State.UNCERTAIN).count(),
            "grace": settings.MAIL_GRACE // timedelta(hours=1),
            "may_turn": self.has_change_permission(request),
        }
        return TemplateResponse(request, "admin/mail/switch/page.html", context)

    def _turn(self, request: HttpRequest) -> HttpResponseRedirect:
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.POST.get("turn") == "hold":
            reason = request.POST.get("reason", "").strip() or _("Held by %s.") % request.user.get_username()
            self.log_change(request, outbox.hold(reason=reason), _("Held: %s") % reason)
            self.message_user(request, _("Mail is held."))
        elif request.POST.get("turn") == "arm":
            self.log_change(request, outbox.arm(), _("Armed."))
            self.message_user(request, _("Mail leaves again."))
        return HttpResponseRedirect(request.path)
