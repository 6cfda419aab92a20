"""Atom feeds: the newest posts whole, with absolute links, of the site and of each series."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_safe

from naatbatt.requests import public_page
from posts import prose
from posts.models import Post, PostQuerySet, Series

NEWEST = 20


class WholePosts(Atom1Feed):
    """Django's Atom feed with the text of each entry beside its summary."""

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for name in item["authors"]:
            handler.startElement("author", {})
            handler.addQuickElement("name", name)
            handler.endElement("author")
        handler.addQuickElement("content", item["content"], {"type": "html"})


def _posts(slug: str | None) -> PostQuerySet:
    published = Post.objects.published()
    return published.filter(series__slug=slug) if slug else published


def _etag(request: HttpRequest, slug: str | None = None) -> str:
    """Changes when a post appears, is withdrawn or is edited."""
    state = _posts(slug).aggregate(number=Count("pk"), published=Max("published_at"), updated=Max("updated_at"))
    stamps = [f"{moment.timestamp():.6f}" if moment else "" for moment in (state["published"], state["updated"])]
    return f'"{settings.VERSION}-{prose.PROSE_VERSION}-{state["number"]}-{"-".join(stamps)}"'


def _feed(request: HttpRequest, posts: PostQuerySet, *, title: str, link: str, about: str) -> HttpResponse:
    feed = WholePosts(
        title=prose.clean_text(title),
        link=settings.SITE_URL + link,
        feed_url=settings.SITE_URL + request.path,
        description="",
        subtitle=prose.clean_text(about),
        language=settings.LANGUAGE_CODE,
        author_name=settings.ASSOCIATION_NAME,
    )
    feed.feed["id"] = settings.SITE_URL + request.path
    for post in posts.listed()[:NEWEST]:
        address = settings.SITE_URL + post.get_absolute_url()
        standfirst = escape(prose.clean_text(post.standfirst))
        body = prose.absolute(prose.render(post.body).html, address)
        feed.add_item(
            title=prose.clean_text(post.title),
            link=address,
            description=standfirst,
            content=f"<p>{standfirst}</p>\n{body}",
            authors=[prose.clean_text(author.name) for author in post.authors.all()],
            pubdate=post.published_at,
            updateddate=max(post.updated_at, post.published_at or post.updated_at),
            categories=[prose.clean_text(topic.name) for topic in post.topics.all()],
            unique_id=f"tag:{urlsplit(settings.SITE_URL).hostname},{post.created_at:%Y-%m-%d}:post-{post.pk}",
        )
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


@require_safe
@public_page
@condition(etag_func=_etag)
def feed(request: HttpRequest) -> HttpResponse:
    return _feed(
        request,
        _posts(None),
        title=settings.ASSOCIATION_NAME,
        link=reverse("posts:home"),
        about=_("All posts."),
    )


@require_safe
@public_page
@condition(etag_func=_etag)
def series_feed(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Series.objects.begun(), slug=slug)
    title = f"{found.title} — {settings.ASSOCIATION_NAME}"
    return _feed(request, _posts(slug), title=title, link=found.get_absolute_url(), about=found.standfirst)
