"""What search engines are told of: every public page, under the site's own address."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.urls import reverse

from posts.models import Author, Post, Series, Topic


class _OurSitemap(Sitemap):
    limit = 5000

    def get_domain(self, site: Any = None) -> str:
        return urlsplit(settings.SITE_URL).netloc

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.SITE_URL).scheme


class Pages(_OurSitemap):
    def items(self) -> list[str]:
        return ["posts:home", "posts:archive", "posts:subscribe"]

    def location(self, item: str) -> str:
        return reverse(item)


class Posts(_OurSitemap):
    def items(self) -> QuerySet[Post]:
        return Post.objects.published().order_by("-published_at", "-pk")

    def lastmod(self, item: Post) -> datetime:
        return item.updated_at


class _Lists(_OurSitemap):
    model: type[Author] | type[Topic]

    def items(self) -> QuerySet[Any]:
        return self.model.objects.filter(posts__in=Post.objects.published()).distinct().order_by("pk")


class Authors(_Lists):
    model = Author


class Topics(_Lists):
    model = Topic


class AllSeries(_OurSitemap):
    def items(self) -> QuerySet[Series]:
        return Series.objects.begun().order_by("pk")


SITEMAPS: "dict[str, type[Sitemap[Any]] | Sitemap[Any]]" = {
    "pages": Pages,
    "posts": Posts,
    "series": AllSeries,
    "authors": Authors,
    "topics": Topics,
}
