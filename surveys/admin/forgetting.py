"""Erasing a contributor who asks for it: a page that says what exactly will happen, and the button that does it."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from naatbatt.mail.models import OutgoingMail
from surveys import contributors
from surveys.admin.pages import change_address
from surveys.models import Contributor


def forget_page(model_admin: admin.ModelAdmin, request: HttpRequest, contributor: Contributor) -> HttpResponse:
    if request.method == "POST":
        forgotten = contributors.forget(contributor=contributor, by=request.user)  # type: ignore[arg-type]
        model_admin.log_change(request, forgotten, _("Forgotten at their own request."))
        messages.success(request, _("Everything that could be erased is erased. The row stays without a name."))
        return HttpResponseRedirect(change_address(forgotten))
    held = contributors.Held(contributor)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Forget %(name)s?") % {"name": contributor},
        "opts": model_admin.opts,
        "media": model_admin.media,
        "contributor": contributor,
        "asked": held.invitations.count(),
        "mails": held.mails.count(),
        "waiting": held.mails.filter(state__in=OutgoingMail.WAITING).count(),
        "drafts": held.drafts.count(),
        "submitted": held.submitted.count(),
        "pending": held.pending.count(),
        "suggested": held.suggested.count(),
        "suggested_by_others": held.suggested_by_others.count(),
        "views": held.views.count(),
        "summaries": list(held.summaries),
    }
    return TemplateResponse(request, "admin/surveys/contributor/forget.html", context)
