"""Atom feeds: valid, whole, with absolute links, and asked again for little."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.conf import settings

from posts import publishing
from tests.factories import AuthorFactory, PostFactory, SeriesFactory, TopicFactory

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
CHART = '```chart\ntitle = "Cells"\nrows = [{ label = "China", value = 73 }]\n```'


def read(page):
    assert page.status_code == 200
    assert page["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(page.content)


def test_an_entry_holds_the_whole_post_with_absolute_links(client):
    post = PostFactory(
        title="Cells & <packs>", standfirst="Few & far.", body=f"See [there](/archive/).[^1]\n\n{CHART}\n\n[^1]: Note.",
        authors=[AuthorFactory(name="Ada"), AuthorFactory(name="Bo")], topics=[TopicFactory(name="Supply")],
        published_at=datetime(2026, 1, 1, 17, tzinfo=UTC), updated_at=datetime(2026, 2, 1, 17, tzinfo=UTC),
    )  # fmt: skip
    feed = read(client.get("/feed/"))
    (entry,) = feed.findall(f"{ATOM}entry")
    address = f"{settings.SITE_URL}/posts/{post.slug}/"
    assert entry.findtext(f"{ATOM}title") == "Cells & <packs>"
    assert entry.find(f"{ATOM}link").attrib == {"href": address, "rel": "alternate"}
    assert entry.findtext(f"{ATOM}published") == "2026-01-01T17:00:00+00:00"
    assert entry.findtext(f"{ATOM}updated") == feed.findtext(f"{ATOM}updated") == "2026-02-01T17:00:00+00:00"
    assert [author.text for author in entry.findall(f"{ATOM}author/{ATOM}name")] == ["Ada", "Bo"]
    assert entry.find(f"{ATOM}category").get("term") == "Supply"
    assert entry.findtext(f"{ATOM}summary") == "Few &amp; far."
    content = entry.findtext(f"{ATOM}content")
    assert content.startswith("<p>Few &amp; far.</p>\n<p>See ")
    assert f'href="{settings.SITE_URL}/archive/"' in content
    assert f'href="{address}#t-fn:1"' in content
    assert "<svg" in content


def test_an_entry_keeps_its_identity_when_it_is_edited(client):
    post = PostFactory()
    before = read(client.get("/feed/")).findtext(f"{ATOM}entry/{ATOM}id")
    post.title, post.slug = "Another title", "another-address"
    post.save()
    assert read(client.get("/feed/")).findtext(f"{ATOM}entry/{ATOM}id") == before
    assert before.startswith("tag:127.0.0.1,")


def test_characters_that_xml_forbids_do_not_break_the_feed(client):
    PostFactory(
        title="a\x08b", standfirst="c\x0bd", body="e\x1ff", series=SeriesFactory(slug="s", title="g\x01h"), part=1,
        authors=[AuthorFactory(name="i\x02j")], topics=[TopicFactory(name="k\x03l")],
    )  # fmt: skip
    assert read(client.get("/feed/")).findtext(f"{ATOM}entry/{ATOM}title") == "ab"
    assert read(client.get("/series/s/feed/")).findtext(f"{ATOM}title") == "gh — NAATBatt"


def test_a_series_has_a_feed_of_its_own(client):
    mine = PostFactory(series=SeriesFactory(slug="mine"), part=1)
    PostFactory()
    feed = read(client.get("/series/mine/feed/"))
    assert [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")] == [mine.title]
    assert client.get("/series/none/feed/").status_code == 404


def test_a_feed_is_bounded(client):
    for _ in range(21):
        PostFactory()
    assert len(read(client.get("/feed/")).findall(f"{ATOM}entry")) == 20


def test_an_empty_feed_is_a_feed(client):
    assert read(client.get("/feed/")).findall(f"{ATOM}entry") == []


def test_who_has_the_feed_gets_it_again_only_when_something_changed(client, django_assert_num_queries):
    first, second = PostFactory(), PostFactory()

    def ask(etag):
        return client.get("/feed/", headers={"If-None-Match": etag})

    etag = ask("")["ETag"]
    with django_assert_num_queries(1):
        assert ask(etag).status_code == 304
    second.updated_at += timedelta(hours=1)
    second.save()
    edited = ask(etag)
    assert edited.status_code == 200
    assert ask(edited["ETag"]).status_code == 304
    publishing.withdraw(post=first)
    assert ask(edited["ETag"]).status_code == 200
