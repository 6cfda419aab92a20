"""Seeds played through the verbs that staff use: what is there already is kept, what fails takes everything back."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.text import slugify

from naatbatt.seeding.reading import PostSeed, Seeds
from naatbatt.toml import FaultsError
from posts import publishing
from posts.models import Author, Post, Series, Topic
from surveys import importing
from surveys.files import SurveyFile
from surveys.models import Contributor, Survey


@dataclass
class Played:
    """What became of each thing: (kind, address, whether it is new), in the order played."""

    things: list[tuple[str, str, bool]] = field(default_factory=list)

    def note(self, kind: str, address: str, *, new: bool) -> None:
        self.things.append((kind, address, new))

    def counts(self) -> dict[str, tuple[int, int]]:
        """Kind -> (new, kept)."""
        counted = Counter((kind, new) for kind, _address, new in self.things)
        return {kind: (counted[kind, True], counted[kind, False]) for kind, _address, _new in self.things}


def play(seeds: Seeds, *, now: datetime, keep: bool = True) -> Played:
    """Put `seeds` into the database, all or nothing; with `keep=False` only try, and take it back.

    Repeatable: a thing whose address exists is left exactly as it is. Mails nobody. Raises FaultsError where
    the database already holds something that stands in the way.
    """
    played = Played()
    with transaction.atomic():
        for address, author in seeds.authors.items():
            _save_new(played, "authors", address, author, Author.objects.filter(slug=address))
        for address, contributor in seeds.contributors.items():
            _save_new(played, "contributors", address, contributor, Contributor.objects.filter(email__iexact=address))
        for address, series in seeds.series.items():
            series.created_at = now
            _save_new(played, "series", address, series, Series.objects.filter(slug=address))
        for post in seeds.posts.values():
            _play_post(played, post)
        for survey in seeds.surveys.values():
            _play_survey(played, survey)
        if not keep:
            transaction.set_rollback(True)
    return played


def _save_new(played: Played, kind: str, address: str, row: models.Model, same: models.QuerySet[Any]) -> None:
    new = not same.exists()
    if new:
        row.save()
    played.note(kind, address, new=new)


def _play_post(played: Played, seed: PostSeed) -> None:
    found = seed.post
    new = not Post.objects.filter(slug=found.slug).exists()
    played.note("posts", found.slug, new=new)
    if not new:
        return
    series = Series.objects.get(slug=seed.series)
    if other := series.posts.filter(part=found.part).first():
        seed.entry.fault("part", f"the site already has a part {found.part} of this series, “{other}” ({other.slug})")
        raise FaultsError(seed.entry.source.faults)
    authors = {author.slug: author for author in Author.objects.filter(slug__in=seed.authors)}
    post = publishing.draft(
        title=found.title,
        standfirst=found.standfirst,
        body=found.body,
        slug=found.slug,
        series=series,
        part=found.part,
        authors=[authors[slug] for slug in seed.authors],
        topics=[_topic(played, name) for name in seed.topics],
    )
    Post.objects.filter(pk=post.pk).update(zone=found.zone)
    post.zone = found.zone
    if found.published_at:
        publishing.publish(post=post, at=found.published_at)


def _topic(played: Played, name: str) -> Topic:
    topic, new = Topic.objects.get_or_create(slug=slugify(name), defaults={"name": name})
    if new:
        played.note("topics", topic.slug, new=True)
    return topic


def _play_survey(played: Played, found: SurveyFile) -> None:
    slug = found.survey.slug
    new = not Survey.objects.filter(slug=slug).exists()
    played.note("surveys", slug, new=new)
    if not new:
        return
    survey = importing.put_in(found=found).survey
    for kind, rows in (("rounds", survey.rounds.all()), ("questions", survey.questions.all())):
        for row in rows:
            played.note(kind, str(row), new=True)
