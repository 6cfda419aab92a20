from typing import Any

from django.contrib import admin
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from surveys.admin.pages import link_to, of
from surveys.models import Contributor, Invitation


class AskedInline(admin.TabularInline):
    """What this person was asked and what became of it."""

    model = Invitation
    verbose_name_plural = _("asked")
    fields = ("where", "invited_at", "reminded_at", "standing")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        found: QuerySet[Invitation] = super().get_queryset(request)
        return found.with_disposition().select_related("survey_round__survey", "contributor")  # type: ignore[attr-defined]

    @admin.display(description=_("round"))
    def where(self, invitation: Invitation) -> str:
        return link_to(invitation.survey_round)

    @admin.display(description=_("standing"))
    def standing(self, invitation: Any) -> str:
        return str(Invitation.Disposition(invitation.disposition).label)


@admin.register(Contributor)
class ContributorAdmin(admin.ModelAdmin):
    list_display = ("name", "affiliation", "sector", "last_asked", "answered")
    list_filter = ("sector",)
    search_fields = ("name", "email", "affiliation", "position")
    list_per_page = 50
    inlines = (AskedInline,)
    fieldsets = (
        (None, {"fields": ("name", "email")}),
        (_("How they are described"), {"fields": ("sector", "affiliation", "position")}),
        (_("For staff"), {"fields": ("note",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contributor]:
        asked = Q(invitations__invited_at__isnull=False)
        return (
            super()
            .get_queryset(request)
            .annotate(
                last_asked_at=Max("invitations__invited_at"),
                times_asked=Count("invitations", filter=asked),
                times_answered=Count(
                    "invitations", filter=asked & Q(invitations__response__submitted_at__isnull=False)
                ),
            )
        )

    @admin.display(description=_("last asked"), ordering="last_asked_at")
    def last_asked(self, contributor: Any) -> Any:
        return contributor.last_asked_at or _("never")

    @admin.display(description=_("answered"), ordering="times_answered")
    def answered(self, contributor: Any) -> str:
        return of(contributor.times_answered, contributor.times_asked)
