"""The publication for staff. Every action calls the same story as the rest of the site."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from naatbatt.mail.models import OutgoingMail
from naatbatt.zones import in_words
from posts import newsletter, prose, publishing, tasks
from posts.admin_forms import IssueForm, PictureForm, PostForm, SeriesForm
from posts.models import Author, Issue, Picture, Post, Series, Subscriber, Topic
from posts.views import post_context


def _when(moment: datetime | None, zone: str) -> str:
    return in_words(moment, zone) if moment else "–"


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("drafts", _("draft")), ("scheduled", _("scheduled")), ("published", _("published"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = {"drafts": queryset.drafts, "scheduled": queryset.scheduled, "published": queryset.published}
        wanted = self.value()
        return chosen[wanted]() if wanted in chosen else queryset


@admin.register(Post)
class PostAdmin(admin.ModelAdmin):
    form = PostForm
    list_display = ("title", "where", "state", "when", "look")
    list_filter = (StateFilter, "series", "topics")
    list_select_related = ("series",)
    list_per_page = 50
    search_fields = ("title", "standfirst", "body")
    prepopulated_fields = {"slug": ("title",)}
    autocomplete_fields = ("series", "authors", "topics")
    readonly_fields = ("updated",)
    actions = ("publish_now", "withdraw", "prepare_issue")
    fieldsets = (
        (None, {"fields": ("title", "slug", "standfirst", "body")}),
        (_("Where it stands"), {"fields": (("series", "part"), "authors", "topics")}),
        (_("When"), {"fields": ("published_at", "zone", "updated")}),
    )

    # What readers can see of a post: a change of any of these is an update.
    CONTENT = frozenset({"title", "standfirst", "body", "authors", "topics", "series", "part"})

    @admin.display(description=_("series"), ordering="series")
    def where(self, post: Post) -> str:
        if not post.series:
            return "–"
        return f"{post.series.title}, {post.part}" if post.part else post.series.title

    @admin.display(description=_("state"))
    def state(self, post: Post) -> str:
        if post.published_at is None:
            return str(_("draft"))
        return str(_("published") if post.is_published() else _("scheduled"))

    @admin.display(description=_("when"), ordering="published_at")
    def when(self, post: Post) -> str:
        return _when(post.published_at, post.zone)

    @admin.display(description=_("page"))
    def look(self, post: Post) -> SafeString:
        label = _("Page") if post.is_published() else _("Preview")
        return format_html('<a href="{}">{}</a>', self.view_on_site(post), label)

    @admin.display(description=_("updated at"))
    def updated(self, post: Post) -> str:
        return _when(post.updated_at, post.zone)

    def view_on_site(self, post: Post) -> str:
        return post.get_absolute_url() if post.is_published() else reverse("admin:posts_post_preview", args=[post.pk])

    def save_model(self, request: HttpRequest, post: Post, form: Any, change: bool) -> None:
        changed = set(form.changed_data)
        if post.published_at and "published_at" in changed:
            post.updated_at = post.published_at
        elif post.is_published() and changed & self.CONTENT:
            post.updated_at = timezone.now()
        super().save_model(request, post, form, change)
        if not post.published_at:
            for problem in prose.check(post.body):
                messages.warning(request, problem)

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(self.preview)
        return [path("<int:pk>/preview/", preview, name="posts_post_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        post = get_object_or_404(Post.objects.listed(), pk=pk)
        if not self.has_view_permission(request, post):
            raise PermissionDenied
        context = {**post_context(post, draft=True), "when": _when(post.published_at, post.zone)}
        return render(request, "posts/post.html", context)

    @admin.action(description=_("Publish now"), permissions=["change"])
    def publish_now(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        published = 0
        for post in queryset:
            try:
                publishing.publish(post=post, at=timezone.now())
                published += 1
            except ValidationError as error:
                for problem in error.messages:
                    messages.error(request, f"{post.title}: {problem}")
        if published:
            _say(request, ngettext("%d post is public.", "%d posts are public.", published) % published)

    @admin.action(description=_("Withdraw (back to draft)"), permissions=["change"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        for post in queryset:
            publishing.withdraw(post=post)
        count = len(queryset)
        _say(request, ngettext("%d post is a draft again.", "%d posts are drafts again.", count) % count)

    @admin.action(description=_("Prepare a newsletter issue"), permissions=["change"])
    def prepare_issue(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        for post in queryset:
            issue = newsletter.prepare_issue(post=post)
            address = reverse("admin:posts_issue_change", args=[issue.pk])
            _say(request, format_html('<a href="{}">{}</a>', address, _("Issue: %s") % issue.subject))


def _say(request: HttpRequest, message: Any) -> None:
    messages.success(request, message)


@admin.register(Series)
class SeriesAdmin(admin.ModelAdmin):
    form = SeriesForm
    list_display = ("title", "parts")
    search_fields = ("title",)
    prepopulated_fields = {"slug": ("title",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Series]:
        return super().get_queryset(request).annotate(number_of_posts=Count("posts"))

    @admin.display(description=_("posts"), ordering="number_of_posts")
    def parts(self, series: Any) -> int:
        return series.number_of_posts


@admin.register(Author)
class AuthorAdmin(admin.ModelAdmin):
    list_display = ("name", "affiliation")
    search_fields = ("name", "affiliation")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):
    list_display = ("name",)
    search_fields = ("name",)
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Picture)
class PictureAdmin(admin.ModelAdmin):
    form = PictureForm
    list_display = ("slug", "alt", "credit", "size")
    search_fields = ("slug", "alt", "credit")

    @admin.display(description=_("size"))
    def size(self, picture: Picture) -> str:
        return f"{picture.width} × {picture.height}"


@admin.register(Subscriber)
class SubscriberAdmin(admin.ModelAdmin):
    """Looked at, taken off the list, or erased. Nobody is put on the list but by their own confirmation."""

    list_display = ("email", "state", "created_at", "confirmed_at", "unsubscribed_at")
    list_filter = ("state",)
    search_fields = ("email",)
    date_hierarchy = "created_at"
    fields = ("email", "state", "created_at", "confirmation_sent_at", "confirmed_at", "unsubscribed_at")
    readonly_fields = fields
    actions = ("unsubscribe",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description=_("Unsubscribe"), permissions=["change"])
    def unsubscribe(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        for subscriber in queryset:
            newsletter.unsubscribe(subscriber=subscriber)
        count = len(queryset)
        _say(request, ngettext("%d address is unsubscribed.", "%d addresses are unsubscribed.", count) % count)


MAILS = OutgoingMail.State
# What became of the mails of an issue, by the states that are counted together.
ACCOUNTS = {
    "waiting": (MAILS.QUEUED, MAILS.SENDING, MAILS.DEFERRED),
    "sent": (MAILS.SENT,),
    "suppressed": (MAILS.SUPPRESSED,),
    "in_trouble": (MAILS.FAILED, MAILS.UNCERTAIN),
}


@admin.register(Issue)
class IssueAdmin(admin.ModelAdmin):
    form = IssueForm
    list_display = ("subject", "state", "when", "audience", "waiting", "sent", "suppressed", "in_trouble")
    list_filter = ("state",)
    list_select_related = ("post",)
    search_fields = ("subject", "post__title")
    autocomplete_fields = ("post",)
    readonly_fields = ("state", "held_because", "frozen", "audience", *ACCOUNTS)
    actions = ("send_now", "release")
    fieldsets = (
        (None, {"fields": ("post", "subject")}),
        (_("When"), {"fields": ("send_at", "zone", "state", "held_because")}),
        (_("To whom"), {"fields": ("frozen", "audience", *ACCOUNTS)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        counts = {
            f"n_{name}": Count("recipients", filter=Q(recipients__mail__state__in=states))
            for name, states in ACCOUNTS.items()
        }
        return super().get_queryset(request).annotate(n_audience=Count("recipients"), **counts)

    def get_readonly_fields(self, request: HttpRequest, obj: Issue | None = None) -> tuple[str, ...]:
        if obj is None:
            return self.readonly_fields
        if obj.state in (Issue.State.SENDING, Issue.State.SENT):
            return ("post", "subject", "when", "zone", *self.readonly_fields)
        return ("post", *self.readonly_fields)

    def get_fieldsets(self, request: HttpRequest, obj: Issue | None = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        if obj is None:
            return [(None, {"fields": ("post", "subject", "send_at", "zone")})]
        if "when" not in self.get_readonly_fields(request, obj):
            return shown
        return [
            (title, {"fields": tuple("when" if name == "send_at" else name for name in options["fields"])})
            for title, options in shown
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Issue | None = None) -> bool:
        """What went out is part of the record."""
        begun = obj is not None and obj.frozen_at is not None
        return not begun and super().has_delete_permission(request, obj)

    @admin.display(description=_("send at"), ordering="send_at")
    def when(self, issue: Issue) -> str:
        return _when(issue.send_at, issue.zone)

    @admin.display(description=_("audience frozen at"))
    def frozen(self, issue: Issue) -> str:
        return _when(issue.frozen_at, issue.zone)

    @admin.display(description=_("recipients"))
    def audience(self, issue: Any) -> int:
        return issue.n_audience

    @admin.display(description=_("waiting"))
    def waiting(self, issue: Any) -> int:
        return issue.n_waiting

    @admin.display(description=_("sent"))
    def sent(self, issue: Any) -> int:
        return issue.n_sent

    @admin.display(description=_("suppressed"))
    def suppressed(self, issue: Any) -> int:
        return issue.n_suppressed

    @admin.display(description=_("failed or uncertain"))
    def in_trouble(self, issue: Any) -> int:
        return issue.n_in_trouble

    def save_model(self, request: HttpRequest, issue: Issue, form: Any, change: bool) -> None:
        """Through the story, which looks at the state under a lock: a form left open must not undo a sending."""
        if not form.changed_data and change:
            return
        given = form.cleaned_data
        moved = "send_at" in form.changed_data
        saved = newsletter.prepare_issue(
            post=issue.post,
            subject=given.get("subject"),
            zone=given.get("zone"),
            send_at=given.get("send_at") if moved else None,
        )
        if moved and given.get("send_at") is None:
            saved = newsletter.unschedule_issue(issue=saved)
        issue.pk, issue.state = saved.pk, saved.state

    @admin.action(description=_("Send now"), permissions=["change"])
    def send_now(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        for issue in queryset:
            if not issue.post.is_published():
                messages.error(request, _("“%s” is not public yet: publish it first.") % issue.post)
                continue
            if issue.frozen_at is not None:
                messages.warning(request, _("“%s” has gone out already: nobody gets it twice.") % issue)
                continue
            self._start(request, newsletter.prepare_issue(post=issue.post, send_at=timezone.now()))

    @admin.action(description=_("Release what is held, and send it now"), permissions=["change"])
    def release(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        for issue in queryset:
            if issue.state == Issue.State.HELD:
                self._start(request, newsletter.release_issue(issue=issue))

    def _start(self, request: HttpRequest, issue: Issue) -> None:
        def ring() -> None:
            tasks.send_issue.apply_async((issue.pk,), retry=False)

        transaction.on_commit(ring, robust=True)  # without a broker the sweep, which looks every minute, finds it
        _say(request, _("“%s” goes out now.") % issue)
