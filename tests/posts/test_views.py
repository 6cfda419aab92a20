"""The pages that readers see."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from posts import newsletter
from tests.factories import AuthorFactory, PostFactory, SeriesFactory, TopicFactory
from tests.posts.pages import personal_address, text_of
from tests.rows import every_row

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 3, 14, tzinfo=UTC)


@pytest.fixture
def library():
    """One series with three parts, one by its author under its topic."""

    class Library:
        series = SeriesFactory(slug="race", invitation="Write to *us*.")
        author = AuthorFactory(slug="ada", name="Ada Example", bio="Builds **cells**.")
        topic = TopicFactory(slug="cells", name="Cells")
        posts = []

        def add(self):
            number = len(self.posts) + 1
            self.posts.append(
                PostFactory(
                    slug=f"part-{number}",
                    title=f"Part the {number}",
                    series=self.series,
                    part=number,
                    authors=[self.author],
                    topics=[self.topic],
                    published_at=datetime(2026, 1, number, 17, tzinfo=UTC),
                )
            )

    Library.posts = []
    library = Library()
    library.add()
    return library


LISTS = {
    "/": 4,
    "/series/race/": 6,
    "/archive/": 5,
    "/archive/2026/": 4,
    "/authors/ada/": 5,
    "/topics/cells/": 5,
    "/search/?q=part": 4,
    "/feed/": 4,
    "/series/race/feed/": 5,
    "/sitemap.xml": 8,
}


@pytest.mark.parametrize(("address", "queries"), LISTS.items())
def test_a_list_takes_as_many_queries_for_three_posts_as_for_one(
    client, library, address, queries, django_assert_num_queries
):
    with django_assert_num_queries(queries):
        assert client.get(address).status_code == 200
    library.add()
    library.add()
    with django_assert_num_queries(queries):
        assert client.get(address).status_code == 200


def test_a_post_takes_four_queries_however_many_parts(client, library, django_assert_num_queries):
    for _ in range(2):
        with django_assert_num_queries(4):
            assert client.get("/posts/part-1/").status_code == 200
        library.add()


PUBLIC = [*LISTS, "/posts/part-1/", "/search/", "/newsletter/", "/newsletter/asked/", "/robots.txt"]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_page_is_the_same_for_everyone_and_may_be_kept(client, admin_client, library, address):
    for browser in (client, admin_client):
        before = dict(browser.cookies)
        page = browser.get(address)
        assert page.status_code == 200
        assert dict(browser.cookies) == before
        assert "Set-Cookie" not in page
        # One cached copy serves every reader: nothing varies by cookie or, with one language, by language.
        assert set(page.get("Vary", "").split(", ")) <= {"", "Accept-Encoding"}
        assert page["Cache-Control"] == "public, max-age=60, stale-while-revalidate=600"
        assert "default-src 'none'" in page["Content-Security-Policy"]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_page_has_one_h1_and_nothing_inline(client, library, address):
    page = client.get(address).content.decode()
    if "<!doctype html>" not in page:
        return
    assert page.count("<h1") == 1
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    assert len(re.findall(r'\bid="([^"]+)"', page)) == len(set(re.findall(r'\bid="([^"]+)"', page)))
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!127\.0\.0\.1:8000/)', page)
    assert len(page) < 30_000


def test_looking_at_every_page_changes_no_row(client, library):
    mailed = newsletter.subscribe(email="ada@example.org")
    personal = [personal_address("confirm", mailed), personal_address("unsubscribe", mailed)]
    before = every_row()
    for address in [*PUBLIC, *personal, "/n/nonsense/", "/u/nonsense/", "/nowhere/", "/posts/none/"]:
        client.get(address)
        client.head(address)
        client.get(address, headers={"Sec-Fetch-Site": "cross-site"})
    assert every_row() == before


@pytest.mark.parametrize("address", ["/", "/posts/part-1/", "/feed/", "/search/", "/robots.txt"])
def test_readers_can_only_look(client, library, address):
    assert client.post(address).status_code == 405


# --- what is public --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [None, timezone.now() + timedelta(hours=1)])
def test_what_is_not_published_is_found_nowhere(client, admin_client, at):
    author, topic, series = AuthorFactory(), TopicFactory(), SeriesFactory()
    hidden = PostFactory(title="Unseen words", published_at=at, authors=[author], topics=[topic], series=series, part=1)
    for browser in (client, admin_client):
        for thing in (hidden, author, topic, series):
            assert browser.get(thing.get_absolute_url()).status_code == 404
        assert browser.get(reverse("posts:series_feed", args=[series.slug])).status_code == 404
        for address in ("/", "/archive/", "/feed/", "/sitemap.xml", "/search/?q=words"):
            page = browser.get(address).content.decode()
            assert hidden.title not in page
            assert hidden.slug not in page
            assert f"/{topic.slug}/" not in page


def test_a_scheduled_post_appears_by_itself(client):
    post = PostFactory(published_at=NOW)
    with time_machine.travel(NOW - timedelta(seconds=1), tick=False) as clock:
        assert client.get(post.get_absolute_url()).status_code == 404
        clock.shift(1)
        assert client.get(post.get_absolute_url()).status_code == 200


# --- home ------------------------------------------------------------------------------------------------------------


def test_home_shows_the_latest_post_then_the_others_and_the_questions(client, library):
    library.add()
    page = client.get("/")
    assert page.context["latest"] == library.posts[1]
    assert page.context["posts"] == [library.posts[0]]
    assert "Can the United States catch up?" in text_of(page)


def test_home_before_the_first_post(client):
    assert "The first post is being written" in text_of(client.get("/"))


def test_lists_come_in_pages(client):
    author = AuthorFactory()
    for _ in range(13):
        PostFactory(authors=[author], published_at=NOW)
    for address in ("/", "/archive/", "/archive/2026/", author.get_absolute_url(), "/search/?q=cells"):
        joint = "&" if "?" in address else "?"
        with time_machine.travel(NOW, tick=False):
            first, second = client.get(address), client.get(f"{address}{joint}page=2")
        assert "page=2" in first.content.decode()
        assert len(second.context["posts"]) == 1
        assert client.get(f"{address}{joint}page=3").status_code == 404
        assert client.get(f"{address}{joint}page=x").status_code == 404


# --- a post ----------------------------------------------------------------------------------------------------------


def test_a_part_knows_its_place_and_its_neighbours(client, library):
    for _ in range(2):
        library.add()
    PostFactory(series=library.series, part=4, published_at=None)
    page = client.get("/posts/part-2/")
    assert "Part 2 of 3" in text_of(page)
    assert (page.context["previous"], page.context["next"]) == (library.posts[0], library.posts[2])
    assert client.get("/posts/part-1/").context["previous"] is None
    assert client.get("/posts/part-3/").context["next"] is None


def test_a_withdrawn_part_makes_no_part_four_of_three(client, library):
    for _ in range(3):
        library.add()
    library.posts[1].published_at = None
    library.posts[1].save()
    page = client.get("/posts/part-4/")
    assert "Part 4 of 4" in text_of(page)
    assert page.context["previous"] == library.posts[2]


def test_a_post_tells_who_when_and_how_to_cite_it(client, library):
    page = client.get("/posts/part-1/")
    assert '<time datetime="2026-01-01T12:00:00-05:00">Jan. 1, 2026</time>' in page.content.decode()
    assert (
        "Cite as: Ada Example: “Part the 1”. The Great Battery Race, part 1. NAATBatt, Jan. 1, 2026. "
        f"{settings.SITE_URL}/posts/part-1/"
    ) in text_of(page)
    assert "Updated" not in text_of(page)
    assert f'<link rel="canonical" href="{settings.SITE_URL}/posts/part-1/">' in page.content.decode()
    assert '<meta property="og:title" content="Part the 1">' in page.content.decode()
    assert '<a href="/topics/cells/">Cells</a>' in page.content.decode()


def test_a_post_that_was_edited_says_when(client):
    post = PostFactory(published_at=datetime(2026, 1, 1, tzinfo=UTC), updated_at=datetime(2026, 2, 2, 12, tzinfo=UTC))
    assert "Updated Feb. 2, 2026" in text_of(client.get(post.get_absolute_url()))


def test_a_long_post_has_contents(client):
    headings = "\n\n".join(f"## Heading {n}\n\ntext" for n in range(3))
    post = PostFactory(body=headings)
    assert '<a href="#t-heading-2">Heading 2</a>' in client.get(post.get_absolute_url()).content.decode()
    short = PostFactory(body="## One\n\ntext")
    assert 'class="toc"' not in client.get(short.get_absolute_url()).content.decode()


def test_hostile_titles_stay_text(client):
    evil = '"><script>alert(1)</script>'
    post = PostFactory(
        title=evil, standfirst=evil, series=SeriesFactory(title=evil, standfirst=evil, questions=[evil]), part=1,
        authors=[AuthorFactory(name=evil, affiliation=evil)], topics=[TopicFactory(name=evil)],
    )  # fmt: skip
    for address in ("/", post.get_absolute_url(), post.series.get_absolute_url(), "/feed/", "/archive/"):
        assert "<script>alert" not in client.get(address).content.decode()


# --- series, archive, author -----------------------------------------------------------------------------------------


def test_a_series_shows_its_questions_its_parts_in_order_and_the_invitation(client, library):
    library.add()
    loose = PostFactory(series=library.series, part=None)
    page = client.get("/series/race/")
    assert list(page.context["posts"]) == [*library.posts, loose]
    assert "Does it matter?" in text_of(page)
    assert "<p>Write to <em>us</em>.</p>" in page.content.decode()


def test_a_year_is_a_year_on_the_associations_calendar(client):
    PostFactory(title="Late on New Year’s Eve", published_at=datetime(2026, 1, 1, 3, tzinfo=UTC))  # 22:00 in New York
    assert "New Year" in text_of(client.get("/archive/2025/"))
    assert client.get("/archive/2026/").status_code == 404
    assert [(year["year"], year["number"]) for year in client.get("/archive/").context["years"]] == [(2025, 1)]


@pytest.mark.parametrize("year", ["0", "1", "9999", "99999999999999999999"])
def test_a_year_that_cannot_be_is_not_found(client, year):
    assert client.get(f"/archive/{year}/").status_code == 404


def test_an_author_is_introduced(client, library):
    page = client.get("/authors/ada/")
    assert "<strong>cells</strong>" in page.content.decode()
    assert "Part the 1" in text_of(page)


# --- search ----------------------------------------------------------------------------------------------------------


def test_search_finds_posts_with_every_word(client):
    found = PostFactory(title="Solid state", body="About dry rooms.")
    PostFactory(title="Solid ground")
    assert list(client.get("/search/?q=DRY+solid").context["posts"]) == [found]


def test_search_without_a_find_helps_on(client, library):
    page = client.get("/search/?q=unobtainium")
    assert "0 posts hold “unobtainium”" in text_of(page)
    assert '<a href="/topics/cells/">' in page.content.decode()


@pytest.mark.parametrize("query", ["", "%20", "a" * 101, "%00", "%25", "_", "b%C3%A4+" * 30, "'\"<b>"])
def test_search_bears_whatever_is_typed(client, library, query):
    page = client.get(f"/search/?q={query}")
    assert page.status_code == 200
    assert not page.context.get("posts")
    assert "<b>" not in page.content.decode()


# --- for machines, and when things go wrong --------------------------------------------------------------------------


def test_robots_are_told_what_is_not_theirs(client):
    text = client.get("/robots.txt").content.decode()
    for path in ("/a/", "/n/", "/u/", "/v/", "/admin/"):
        assert f"Disallow: {path}\n" in text
    assert f"Sitemap: {settings.SITE_URL}/sitemap.xml" in text


def test_the_sitemap_lists_what_is_public_under_the_sites_own_address(client, library):
    text = client.get("/sitemap.xml").content.decode()
    for path in ("/", "/archive/", "/posts/part-1/", "/series/race/", "/authors/ada/", "/topics/cells/"):
        assert f"<loc>{settings.SITE_URL}{path}</loc>" in text


def test_a_page_that_is_not_there_says_so_and_helps_on(client):
    page = client.get("/nowhere/")
    assert page.status_code == 404
    assert "There is no such page" in text_of(page)
    assert 'href="/search/"' in page.content.decode()


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_the_pages_for_when_nothing_works_need_nothing(name, django_assert_num_queries):
    from django.template.loader import get_template

    with django_assert_num_queries(0):
        text = get_template(name).render()
    assert text.count("<h1>") == 1
    assert "{{" not in text
