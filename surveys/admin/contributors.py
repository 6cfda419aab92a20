import base64
import binascii
import hashlib
import re
import tempfile
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from surveys import contributors, panels
from surveys.admin.forgetting import forget_page
from surveys.admin.pages import STYLES, ReadOnlyInline, link_to, of
from surveys.models import Contributor, Invitation

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class AskedInline(ReadOnlyInline):
    """What this person was asked and what became of it."""

    model = Invitation
    verbose_name_plural = gettext_lazy("asked")
    fields = ("where", "invited_at", "reminded_at", "standing")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        found: QuerySet[Invitation] = super().get_queryset(request)
        return found.with_disposition().select_related("survey_round__survey", "contributor")  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("round"))
    def where(self, invitation: Invitation) -> str:
        return link_to(invitation.survey_round)

    @admin.display(description=gettext_lazy("standing"))
    def standing(self, invitation: Any) -> str:
        return str(Invitation.Disposition(invitation.disposition).label)


class CountryFilter(admin.SimpleListFilter):
    title = gettext_lazy("country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        countries = Contributor.objects.exclude(country="").order_by("country").values_list("country", flat=True)
        return [(country, country) for country in countries.distinct()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(country=self.value()) if self.value() else queryset


class ContributorForm(forms.ModelForm):
    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"]).upper()
        if country and not re.fullmatch("[A-Z]{2}", country):
            raise forms.ValidationError(_("Two letters, such as US or DE."))
        return country


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or XLSX, up to 1 MB. Its first line names the columns: name, email, sector, …"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > contributors.MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 1 MB."))
        return file


@admin.register(Contributor)
class ContributorAdmin(admin.ModelAdmin):
    form = ContributorForm
    list_display = ("name", "affiliation", "sector", "country", "last_asked", "answered")
    list_filter = ("sector", "topics", CountryFilter)
    search_fields = ("name", "email", "affiliation", "position")
    list_per_page = 50
    inlines = (AskedInline,)
    autocomplete_fields = ("topics",)
    change_list_template = "admin/surveys/contributor/change_list.html"
    fieldsets = (
        (None, {"fields": ("name", "email")}),
        (gettext_lazy("How they are described"), {"fields": ("sector", "affiliation", "position", "country")}),
        (gettext_lazy("For staff"), {"fields": ("topics", "note")}),
    )

    class Media:
        css = STYLES

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contributor]:
        found: Any = super().get_queryset(request)
        return found.with_history(since=timezone.now() - panels.LATELY)

    @admin.display(description=gettext_lazy("last asked"), ordering="last_asked_at")
    def last_asked(self, contributor: Any) -> Any:
        return contributor.last_asked_at or _("never")

    @admin.display(description=gettext_lazy("answered"), ordering="times_answered")
    def answered(self, contributor: Any) -> str:
        return of(contributor.times_answered, contributor.times_asked)

    # --- deleted, where nobody has asked them; else forgotten

    def has_change_permission(self, request: HttpRequest, obj: Contributor | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj is not None and obj.is_former)

    def has_delete_permission(self, request: HttpRequest, obj: Contributor | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and _was_asked(obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Of several that are chosen to be deleted, those that cannot be, and what to do instead."""
        listed, counts, needed, protected = super().get_deleted_objects(objs, request)
        if protected:
            needed = set()  # nobody has that permission, so it is not what is missing
            why = _("{name} has been asked: votes hang on them. Open their page to forget them instead.")
            protected = [format_html(why, name=link_to(one)) for one in objs if _was_asked(one)]
        return listed, counts, needed, protected

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        found: Contributor | None = context.get("original")
        if found is not None:
            context |= {"may_forget": super().has_delete_permission(request), "was_asked": _was_asked(found)}
        return super().render_change_form(request, context, *args, **kwargs)

    def forget_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not super().has_delete_permission(request):
            raise PermissionDenied
        found = self.get_object(request, unquote(object_id))
        if found is None:
            raise Http404
        return forget_page(self, request, found)

    # --- as tables

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<path:object_id>/forget/", wrap(self.forget_view), name="surveys_contributor_forget"),
            path("import/", wrap(self.import_view), name="surveys_contributor_import"),
            path("export.<slug:kind>", wrap(self.export_view), name="surveys_contributor_export"),
            *super().get_urls(),
        ]

    def may_import(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "may_import": self.may_import(request)})

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """Everybody, with addresses and notes: for those who may see them, and kept by nobody on the way."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if kind not in ("csv", "xlsx"):
            raise Http404
        people, name = Contributor.objects.all(), f"contributors-{timezone.localdate().isoformat()}.{kind}"
        if kind == "csv":
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            lines = contributors.as_csv(people)
            return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
        file = tempfile.TemporaryFile()  # noqa: SIM115  closed by the page that it becomes
        contributors.as_xlsx(people, file)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """A file is read and every line accounted for; the second press takes it, if it still comes to the same."""
        if not self.may_import(request):
            raise PermissionDenied
        form, report, content = FileForm(), None, b""
        if request.method == "POST" and "content" in request.POST:
            content = self._carried(request)
            report = self._read(form, content)
            if report is not None and self._mark(report) == request.POST.get("mark"):
                report = contributors.bring_in(content=content, commit=True)
                if report.committed:
                    return self._taken(request, report)
            messages.warning(
                request, _("The contributors have changed meanwhile. Nothing was taken; please look again.")
            )
        elif request.method == "POST":
            form = FileForm(request.POST, request.FILES)
            if form.is_valid():
                content = form.cleaned_data["file"].read()
                report = self._read(form, content)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import contributors"),
            "opts": self.opts,
            "media": self.media,
            "form": form,
            "report": report,
            "counts": [(outcome.label, number) for outcome, number in report.counts.items()] if report else [],
            "content": base64.b64encode(content).decode() if report else "",
            "mark": self._mark(report) if report else "",
        }
        return TemplateResponse(request, "admin/surveys/contributor/import.html", context)

    @staticmethod
    def _carried(request: HttpRequest) -> bytes:
        try:
            return base64.b64decode(request.POST["content"], validate=True)
        except (binascii.Error, ValueError):
            return b""

    @staticmethod
    def _read(form: FileForm, content: bytes) -> contributors.Report | None:
        try:
            return contributors.bring_in(content=content)
        except contributors.Unreadable as error:
            form.is_bound = True
            form.cleaned_data = getattr(form, "cleaned_data", {})
            form.add_error("file", str(error))
            return None

    @staticmethod
    def _mark(report: contributors.Report) -> str:
        """What staff saw, so that exactly that is done."""
        return hashlib.sha256(repr(report.lines).encode()).hexdigest()

    def _taken(self, request: HttpRequest, report: contributors.Report) -> HttpResponse:
        new, updated = (report.counts[outcome] for outcome in (contributors.Outcome.NEW, contributors.Outcome.UPDATED))
        message = ngettext("%(number)d contributor is new", "%(number)d contributors are new", new) % {"number": new}
        message += ngettext(", %(number)d was updated.", ", %(number)d were updated.", updated) % {"number": updated}
        messages.success(request, message)
        return HttpResponseRedirect(reverse("admin:surveys_contributor_changelist"))


def _was_asked(contributor: Contributor) -> bool:
    """On a panel at least, so that something may hang on them."""
    return contributor.invitations.exists()
