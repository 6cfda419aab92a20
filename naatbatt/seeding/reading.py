"""A folder of seeds as unsaved rows. All that can be said against the files is said at once, before any is written."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.text import slugify

from naatbatt.mail.models import normalise
from naatbatt.toml import Entry, Fault, FaultsError, open_source
from posts import prose
from posts.models import Author, Post, Series
from surveys import files
from surveys.files import SurveyFile
from surveys.models import Contributor, Sector

_PROSE_LINE = re.compile(r"\D*(\d+): ")  # "Line 12: ", in whatever language
TOPIC_LENGTH = 80  # as the model has it, for its name and its address
_NUMBERED = re.compile(r"(?:\d+-)?([a-z][a-z0-9-]*|\d+[a-z-][a-z0-9-]*)")


@dataclass(frozen=True)
class PostSeed:
    entry: Entry
    post: Post
    series: str
    authors: list[str]
    topics: list[str]


@dataclass
class Seeds:
    """What the files say, in the order in which it is to be played."""

    authors: dict[str, Author] = field(default_factory=dict)
    contributors: dict[str, Contributor] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    posts: dict[str, PostSeed] = field(default_factory=dict)
    surveys: dict[str, SurveyFile] = field(default_factory=dict)


def read(folder: Path, *, now: datetime) -> Seeds:
    """Everything in `folder`. Raises FaultsError naming file, line and field of all that is wrong with it."""
    reader = _Reader(folder, now)
    seeds = reader.read()
    if reader.faults:
        raise FaultsError(reader.faults)
    return seeds


class _Reader:
    def __init__(self, folder: Path, now: datetime) -> None:
        self.folder = folder
        self.now = now
        self.faults: list[Fault] = []
        self.seeds = Seeds()

    def shown(self, path: Path) -> str:
        """The path as people will look for it: from where they stand, if it lies below."""
        return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)

    def read(self) -> Seeds:
        if not self.folder.is_dir():
            self._misplaced(self.folder, "is not a folder")
            return self.seeds
        complete = self._tables("authors.toml", "author", self._author)
        self._tables("contributors.toml", "contributor", self._contributor)
        series_folders = sorted(path for path in self.folder.glob("series/*") if path.is_dir())
        for path in series_folders:
            self._series(path)
        for path in sorted(self.folder.glob("surveys/*.toml")):
            self._survey(path)
        if complete:  # else every name would be called unknown
            self._author_names()
        self._strays()
        if not (self.faults or any(vars(self.seeds).values())):
            self._misplaced(self.folder, "holds no seeds; seeds/README.md says what they look like")
        return self.seeds

    def _open(self, path: Path) -> Entry | None:
        return open_source(path, file=self.shown(path), faults=self.faults)

    def _tables(self, name: str, table: str, read_one: Callable[[Entry], None]) -> bool:
        """Read the file's [[table]]s, if there is such a file. False where it could not be read."""
        path = self.folder / name
        if not path.exists():
            return True
        entry = self._open(path)
        if entry is None:
            return False
        for one in entry.entries(table):
            read_one(one)
            one.nothing_else()
        entry.nothing_else()
        return True

    def _author(self, entry: Entry) -> None:
        slug = entry.text("slug", required=True)
        author = Author(
            slug=slug,
            name=entry.text("name", required=True),
            affiliation=entry.text("affiliation"),
            bio=entry.text("bio"),
        )
        entry.fits(author, fields=["slug", "name", "affiliation", "bio"])
        if slug in self.seeds.authors:
            entry.fault("slug", f'"{slug}" is used twice')
        files.check_prose(entry, "bio", author.bio)
        self.seeds.authors[slug] = author

    def _contributor(self, entry: Entry) -> None:
        contributor = Contributor(
            name=entry.text("name", required=True),
            email=entry.text("email", required=True),
            sector=entry.text("sector", required=True),
            affiliation=entry.text("affiliation"),
            position=entry.text("position"),
            note=entry.text("note"),
        )
        entry.fits(contributor, fields=["name", "email", "affiliation", "position", "note"])
        if contributor.sector and contributor.sector not in Sector.values:
            entry.fault("sector", f'"{contributor.sector}" is not a sector; write {" or ".join(Sector.values)}')
        address = normalise(contributor.email)
        if address in self.seeds.contributors:
            entry.fault("email", f'"{address}" is used twice')
        self.seeds.contributors[address] = contributor

    def _series(self, folder: Path) -> None:
        head = folder / "series.md"
        if not head.exists():
            self.faults.append(
                Fault(self.shown(folder), 0, "", "has no series.md, which says what the series is about")
            )
        elif entry := self._open(head):
            series = Series(
                slug=folder.name,
                title=entry.text("title", required=True),
                standfirst=entry.text("standfirst", required=True),
                questions=entry.texts("questions"),
                invitation=entry.source.body.strip(),
            )
            entry.fits(series, fields=["title", "standfirst"])
            _check_slug(entry, folder.name, "folder")
            _check_body(entry)
            entry.nothing_else()
            self.seeds.series[folder.name] = series
        parts: dict[int | None, str] = {}
        for path in sorted(folder.glob("*.md")):
            if path != head and (entry := self._open(path)):
                self._post(entry, path, parts)

    def _post(self, entry: Entry, path: Path, parts: dict[int | None, str]) -> None:
        found = _NUMBERED.fullmatch(path.stem)
        slug = found[1] if found else path.stem
        if not found:
            entry.fault("", "the file's name becomes the post's address: call it 01-three-questions.md or the like")
        zone = entry.zone("zone", default=settings.ASSOCIATION_ZONE)
        post = Post(
            slug=slug,
            title=entry.text("title", required=True),
            standfirst=entry.text("standfirst", required=True),
            body=entry.source.body.strip("\n"),
            part=entry.whole("part", required=True),
            published_at=entry.instant("published_at", zone=zone, now=self.now),
            zone=zone.key,
        )
        entry.fits(post, fields=["title", "standfirst", "part"])
        if post.part in parts:
            entry.fault("part", f"{post.part} is already the part of {parts[post.part]}")
        elif post.part is not None:
            parts[post.part] = path.name
        if slug in self.seeds.posts:
            other = self.seeds.posts[slug].entry.source.file
            entry.fault("", f'its address "{slug}" is that of {other} too; rename one of the files')
        if not entry.source.body.strip():
            entry.fault("", "has no text below the front matter")
        _check_body(entry)
        topics = entry.texts("topics")
        if unnamed := [topic for topic in topics if not slugify(topic)]:
            entry.fault("topics", f'"{unnamed[0]}" has no letters to make an address of')
        if any(len(topic) > TOPIC_LENGTH for topic in topics):
            entry.fault("topics", f"a topic has at most {TOPIC_LENGTH} characters")
        self.seeds.posts[slug] = PostSeed(entry, post, path.parent.name, entry.texts("authors"), topics)
        entry.nothing_else()

    def _author_names(self) -> None:
        known = {*self.seeds.authors, *Author.objects.values_list("slug", flat=True)}
        for seed in self.seeds.posts.values():
            for slug in seed.authors:
                if slug not in known:
                    seed.entry.fault("authors", f'"{slug}" is not among the authors; known are {_listed(known)}')

    def _survey(self, path: Path) -> None:
        entry = self._open(path)
        if entry is None:
            return
        folders = {folder.name for folder in self.folder.glob("series/*") if folder.is_dir()}
        known = {*folders, *Series.objects.values_list("slug", flat=True)}
        found = files.read(entry, name=path.stem, known_series=known, now=self.now)
        slug = found.survey.slug
        if slug in self.seeds.surveys:
            other = self.seeds.surveys[slug].entry.source.file
            entry.fault("slug", f'its address "{slug}" is that of {other} too')
        self.seeds.surveys[slug] = found

    def _strays(self) -> None:
        """Files that look like seeds and would be passed over in silence."""
        known = {"authors.toml", "contributors.toml"}
        for path in self.folder.glob("*.toml"):
            if path.name not in known:
                self._misplaced(path, "is not a file of seeds; seeds/README.md lists them")
        for pattern in ("series/*.md", "series/*/*.toml", "surveys/*.md"):
            for path in self.folder.glob(pattern):
                self._misplaced(path, "is not where seeds are looked for; seeds/README.md lists the places")

    def _misplaced(self, path: Path, message: str) -> None:
        self.faults.append(Fault(self.shown(path), 0, "", message))


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _check_slug(entry: Entry, slug: str, what: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", slug):
        entry.fault("", f"the {what}'s name becomes an address: small letters, digits and hyphens only, at most 80")


def _check_body(entry: Entry) -> None:
    """FaultsError of the Markdown, each on its line of the file rather than of the body."""
    source = entry.source
    for problem in prose.check("\n" * (source.body_line - 1) + source.body):
        line = _PROSE_LINE.match(problem)
        message = problem[line.end() :] if line else problem
        source.faults.append(Fault(source.file, int(line[1]) if line else source.body_line, "body", message))
