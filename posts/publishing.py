"""A post's way from draft to readers and back."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from naatbatt.zones import association_zone
from posts import prose
from posts.models import Author, Post, Series, Topic


@transaction.atomic
def draft(
    *,
    title: str,
    standfirst: str,
    body: str,
    slug: str | None = None,
    series: Series | None = None,
    part: int | None = None,
    authors: Iterable[Author] = (),
    topics: Iterable[Topic] = (),
    zone: str | None = None,
) -> Post:
    """Write a draft. The same slug is the same post: one that exists is returned as people have edited it since.

    Without a slug every call writes a new draft, under a free slug made from the title.
    """
    if slug is not None and (existing := Post.objects.filter(slug=slug).first()):
        return existing
    post = Post(
        slug=_free_slug(title) if slug is None else slug,
        title=title,
        standfirst=standfirst,
        body=body,
        series=series,
        part=part,
        zone=zone or association_zone(),
    )
    post.full_clean()
    post.save()
    post.authors.set(authors)
    post.topics.set(topics)
    return post


def publish(*, post: Post, at: datetime | None = None) -> Post:
    """Make `post` public, now or at the instant `at`; what lies in the future is scheduled.

    A post that is public already stays as it is. One whose text would not come out whole (a figure that cannot be
    drawn, a picture that is not there) is refused with a `ValidationError` that names the lines.
    """
    with transaction.atomic():
        post = Post.objects.select_for_update().get(pk=post.pk)
        if post.is_published():
            return post
        if problems := prose.check(post.body):
            raise ValidationError({"body": problems})
        post.published_at = post.updated_at = at or timezone.now()
        post.save(update_fields=["published_at", "updated_at"])
        return post


def withdraw(*, post: Post) -> Post:
    """Make `post` a draft again; readers no longer find it. A draft stays as it is."""
    with transaction.atomic():
        post = Post.objects.select_for_update().get(pk=post.pk)
        if post.published_at is not None:
            post.published_at = None
            post.save(update_fields=["published_at"])
        return post


def _free_slug(title: str) -> str:
    base = slugify(title)[:90].strip("-") or "post"
    taken = set(Post.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
