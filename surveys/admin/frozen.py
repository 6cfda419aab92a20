from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys import disclosure, snapshots, summaries
from surveys.admin.pages import ReadOnly, Steps, change_address, link_to
from surveys.models import Answer, Snapshot, SnapshotTampered, Summary


@admin.register(Snapshot)
class SnapshotAdmin(Steps, ReadOnly):
    list_display = ("__str__", "survey_round", "hash", "verified", "created_at", "summary_link")
    list_filter = ("survey",)
    list_select_related = ("survey", "survey_round__survey", "summary__post")
    list_per_page = 50
    fields = ("survey", "survey_round", "number", "sha256", "verified", "software", "created_at", "summary_link")
    change_form_template = "admin/surveys/snapshot/change_form.html"
    steps = {"compile": "step_compile"}

    class Media:
        css = {"all": ["css/charts.css", "css/admin.css"]}

    @admin.display(description=gettext_lazy("hash"))
    def hash(self, snapshot: Snapshot) -> SafeString:
        return format_html("<code>{}</code>", snapshot.short_hash)

    @admin.display(description=gettext_lazy("unchanged"), boolean=True)
    def verified(self, snapshot: Snapshot) -> bool:
        return not snapshots.problems(snapshot)

    @admin.display(description=gettext_lazy("summary"))
    def summary_link(self, snapshot: Snapshot) -> str:
        return link_to(getattr(snapshot, "summary", None), _("read"))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        snapshot: Snapshot = context["original"]
        context["problems"] = snapshots.problems(snapshot)
        try:
            context["results"] = [
                {
                    "prompt": result.spec.prompt,
                    "key": result.spec.key,
                    "figure": snapshots.drawn(snapshot, result),
                    "reading": " ".join(result.reading),
                    "note": result.shown.note,
                }
                for result in snapshots.results(snapshot)
            ]
        except SnapshotTampered:
            context["results"] = []
        context["may_compile"] = self.may_step(request) and not hasattr(snapshot, "summary")
        return super().render_change_form(request, context, *args, **kwargs)

    def step_compile(self, request: HttpRequest, snapshot: Snapshot) -> None:
        summary = summaries.compile_summary(snapshot=snapshot)
        messages.success(request, format_html(_("Compiled: {summary}."), summary=link_to(summary)))


@admin.register(Summary)
class SummaryAdmin(ReadOnly):
    list_display = ("__str__", "post_link", "state", "compiled_at")
    list_select_related = ("snapshot__survey", "post")
    list_per_page = 50
    fields = ("snapshot", "post_link", "state", "compiled_at")
    change_form_template = "admin/surveys/summary/change_form.html"

    class Media:
        css = {"all": ["css/admin.css"]}

    @admin.display(description=gettext_lazy("post"))
    def post_link(self, summary: Summary) -> str:
        return link_to(summary.post) if summary.post else _("The draft was deleted.")

    @admin.display(description=gettext_lazy("state"))
    def state(self, summary: Summary) -> str:
        if summary.post is None:
            return "–"
        return _("published") if summary.post.is_published() else _("draft or scheduled")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        summary: Summary = context["original"]
        context["post_address"] = change_address(summary.post) if summary.post else ""
        context["late_quotes"] = late_quotes(summary)
        return super().render_change_form(request, context, *args, **kwargs)


def late_quotes(summary: Summary) -> list[dict[str, str]]:
    """Words approved since the draft was compiled, ready to be pasted where they belong."""
    since: QuerySet[Answer] = Answer.objects.filter(
        response__invitation__survey_round=summary.snapshot.survey_round, moderated_at__gt=summary.compiled_at
    )
    prompts = dict(since.values_list("pk", "question__prompt"))
    return [
        {"prompt": prompts[quote.answer_id], "markdown": summaries.block_quote(quote)}
        for quote in disclosure.quotes(survey_round=summary.snapshot.survey_round)
        if quote.answer_id in prompts
    ]
