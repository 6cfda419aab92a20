"""What readers ask for, through the whole stack but the socket."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from tests.bench.harness import bench
from tests.factories import AuthorFactory, PostFactory, SeriesFactory

PARAGRAPHS = "\n\n".join(f"Paragraph {n} on cells[^{n}].\n\n[^{n}]: Source {n}, 2026." for n in range(1, 21))


def publication(posts):
    series, author = SeriesFactory(), AuthorFactory()
    now = timezone.now()
    return [
        PostFactory(
            series=series, part=n + 1, authors=[author], body=PARAGRAPHS, published_at=now - timedelta(days=7 * (n + 1))
        )
        for n in range(posts)
    ]


def _pages(posts):
    published = publication(posts)
    client = Client()
    for name, address in [
        ("home", "/"),
        ("post", published[0].get_absolute_url()),
        ("series", published[0].series.get_absolute_url()),
        ("archive", "/archive/"),
        ("search", "/search/?q=cells"),
        ("feed", "/feed/"),
    ]:
        assert client.get(address).status_code == 200, address
        yield name, lambda address=address: client.get(address)


@bench
def pages_30():
    yield from _pages(30)


@bench
def pages_300():
    yield from _pages(300)
