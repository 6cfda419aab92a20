"""What the pages of this admin have in common: rows nobody edits by hand, and buttons that call a story."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from surveys.models import Round

STYLES = {"all": ["css/admin.css"]}


class ReadOnly(admin.ModelAdmin):
    """Staff read these rows; they come about and change elsewhere."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    """The same, as a table on the page of the row they belong to."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class UsualFirst(admin.SimpleListFilter):
    """A filter whose first choice, with the value None, is what the list shows unasked. It takes the place of "All"."""

    def choices(self, changelist: Any) -> Any:
        for value, title in self.lookup_choices:
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}, []),
                "display": title,
            }


class Steps(admin.ModelAdmin):
    """A model admin whose objects have buttons. `steps` maps the last part of the address to a method.

    The method takes (request, object), calls a story and returns an answer or None (back to the object). Only a POST
    takes a step, and only by those who may change such objects (`may_step`).
    """

    steps: dict[str, str] = {}

    class Media:
        css = STYLES

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_step"
        own = path("<path:object_id>/step/<slug:step>/", self.admin_site.admin_view(self.take_step), name=name)
        return [own, *super().get_urls()]

    def may_step(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def take_step(self, request: HttpRequest, object_id: str, step: str) -> HttpResponse:
        if step not in self.steps:
            raise Http404
        if not self.may_step(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        found = self.existing(request, object_id)
        take: Callable[[HttpRequest, Any], HttpResponse | None] = getattr(self, self.steps[step])
        done = take(request, found)
        self.log_change(request, found, _("Pressed: %(step)s.") % {"step": step})
        return done or self.back_to(found)

    def existing(self, request: HttpRequest, object_id: str) -> Any:
        found = self.get_object(request, unquote(object_id))
        if found is None:
            raise Http404
        return found

    def back_to(self, found: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(change_address(found))


class RoundFilter(admin.RelatedFieldListFilter):
    """Rounds are called by their surveys, which are fetched with them."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(found.pk), str(found)) for found in Round.objects.select_related("survey")]


def change_address(found: Any) -> str:
    """The admin page of a row."""
    return reverse(f"admin:{found._meta.app_label}_{found._meta.model_name}_change", args=[found.pk])


def link_to(found: Any, text: str | Promise | None = None) -> SafeString | str:
    """A link to the admin page of a row, or a dash where there is no row."""
    return format_html('<a href="{}">{}</a>', change_address(found), text or found) if found is not None else "–"


def of(part: int, whole: int) -> str:
    """ "3 of 4"."""
    return _("%(part)d of %(whole)d") % {"part": part, "whole": whole} if whole else "–"
