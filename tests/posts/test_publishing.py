"""posts/publishing.py: from draft to readers and back."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from posts import publishing
from posts.models import Post
from tests.factories import AuthorFactory, PostFactory, SeriesFactory, TopicFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 3, 14, tzinfo=UTC)


def draft(**values):
    return publishing.draft(**{"title": "Who makes the cells?", "standfirst": "Few do.", "body": "Text.", **values})


def test_a_draft_is_nothing_that_readers_see():
    post = draft(series=SeriesFactory(), part=2, authors=[AuthorFactory()], topics=[TopicFactory(), TopicFactory()])
    assert not post.is_published()
    assert list(Post.objects.drafts()) == [post]
    assert (post.slug, post.part, post.authors.count(), post.topics.count()) == ("who-makes-the-cells", 2, 1, 2)
    assert post.zone == "America/New_York"


def test_the_same_slug_is_the_same_post_as_people_have_edited_it():
    post = draft(slug="cells")
    Post.objects.filter(pk=post.pk).update(title="Edited")
    again = draft(slug="cells", title="Not again")
    assert (again.pk, again.title) == (post.pk, "Edited")
    assert Post.objects.count() == 1


def test_without_a_slug_every_draft_is_a_new_one():
    assert [draft().slug for _ in range(3)] == ["who-makes-the-cells", "who-makes-the-cells-2", "who-makes-the-cells-3"]
    assert draft(title="?!").slug == "post"
    assert len(draft(title="a" * 200).slug) <= 100


def test_a_draft_that_contradicts_the_series_is_refused():
    series = SeriesFactory()
    draft(series=series, part=1)
    with pytest.raises(ValidationError, match="already has a post with that part number"):
        draft(series=series, part=1)
    with pytest.raises(ValidationError, match="A part number needs a series"):
        draft(part=1)
    assert Post.objects.count() == 1


@time_machine.travel(NOW, tick=False)
def test_publishing_now_and_again_changes_nothing_more():
    post = publishing.publish(post=draft())
    assert (post.published_at, post.updated_at) == (NOW, NOW)
    with time_machine.travel(NOW + timedelta(days=1)):
        assert publishing.publish(post=post).published_at == NOW
        assert publishing.publish(post=post, at=NOW + timedelta(days=9)).published_at == NOW


@time_machine.travel(NOW, tick=False)
def test_a_post_is_public_from_its_instant_on():
    at = NOW + timedelta(hours=1)
    post = publishing.publish(post=draft(), at=at)
    assert list(Post.objects.scheduled()) == [post]
    assert not Post.objects.published().exists()
    assert list(Post.objects.published(at)) == [post]
    assert not post.is_published(at - timedelta(microseconds=1))
    assert publishing.publish(post=post, at=NOW).published_at == NOW


def test_a_post_that_would_not_come_out_whole_is_refused():
    post = draft(body="a\n\n```chart\ntitle = 1\n```")
    with pytest.raises(ValidationError, match="Line 4"):
        publishing.publish(post=post)
    post.refresh_from_db()
    assert post.published_at is None


def test_withdrawing_makes_a_draft_again_once():
    post = PostFactory()
    for _ in range(2):
        assert publishing.withdraw(post=post).published_at is None
    assert not Post.objects.published(timezone.now() + timedelta(days=999)).exists()
