"""`manage.py seed`: the delivered seeds, a second time, and every mistake with its place."""

import shutil
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command

from naatbatt.mail.models import OutgoingMail
from naatbatt.toml import times
from posts import prose, publishing
from posts.models import Author, Post, Series, Topic
from surveys.models import Contributor, Invitation, Question, Round, Sector, Survey
from surveys.questions import TYPES

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # a Sunday; 10:30 in New York
NEW_YORK = ZoneInfo("America/New_York")
EVERYTHING = (Author, Contributor, Series, Post, Topic, Survey, Round, Question)

AUTHORS = """\
[[author]]
slug = "desk"
name = "The desk"
"""
SERIES = """\
+++
title = "A series"
standfirst = "What it is about."
+++
"""
POST = """\
+++
title = "First part"
standfirst = "What it says."
part = 1
published_at = "2026-11-03 09:00"
authors = ["desk"]
topics = ["Manufacturing"]
+++
Some text.

And more.
"""
SURVEY = """\
title = "A survey"
introduction = "Why we ask."
series = "race"

[[round]]
opens_at = "now"
closes_at = "in 14 days at 17:00"

[[question]]
key = "hurdle"
kind = "single_choice"
prompt = "Which?"
options = [
    {key = "cost", label = "Cost"},
    {key = "people", label = "People"},
]

[[question]]
key = "share"
kind = "number"
prompt = "How much?"
settings = {unit = "%", minimum = 0, maximum = 100}
"""
A, S, P, Q = "authors.toml", "series/race/series.md", "series/race/01-first-part.md", "surveys/hurdles.toml"
FILES = {A: AUTHORS, S: SERIES, P: POST, Q: SURVEY}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # messages name files from where people stand
    return write(tmp_path / "seeds", FILES)


def seed(folder: Path = settings.SEEDS_DIR, **options) -> list[str]:
    out = StringIO()
    call_command("seed", str(folder), stdout=out, **options)
    return out.getvalue().splitlines()


def complaints(folder: Path) -> list[str]:
    """What seeding says against the folder, after having made sure that it wrote nothing."""
    before = [model.objects.count() for model in EVERYTHING]
    with pytest.raises(CommandError) as caught:
        seed(folder)
    assert [model.objects.count() for model in EVERYTHING] == before
    heading, *lines = str(caught.value).splitlines()
    assert heading == (
        "1 fault, nothing was written:" if len(lines) == 1 else f"{len(lines)} faults, nothing was written:"
    )
    return lines


class TestDeliveredSeeds:
    @pytest.fixture(autouse=True)
    def at_a_known_time(self):
        with time_machine.travel(NOW, tick=False):
            yield

    def test_become_a_series_of_three_public_parts(self):
        seed()
        series = Series.objects.get()
        assert series.title == "The Great Battery Race"
        assert len(series.questions) == 3
        assert "industry, academia and government" in series.invitation
        parts = series.posts.published().order_by("part")
        assert [post.part for post in parts] == [1, 2, 3]
        assert [post.published_at.astimezone(NEW_YORK).isoformat() for post in parts] == [
            "2026-11-03T09:00:00-05:00",
            "2026-11-10T09:00:00-05:00",
            "2026-11-17T09:00:00-05:00",
        ]
        assert all(post.authors.exists() and post.topics.exists() for post in parts)

    def test_carry_the_facts_of_their_sources(self):
        seed()
        first, second, third = Post.objects.order_by("part")
        for fact in ("73 percent", "2019", "carries no day or month"):
            assert fact in first.body
        for fact in ("no date", "single point of failure", "Workforce", "Northern Virginia"):
            assert fact in second.body
        for fact in (
            "397,000",
            "383,000",
            "2.566 million",
            "2.542 million",
            "107.5",
            "168.1",
            "translation from Chinese",
        ):
            assert fact in third.body

    def test_have_charts_that_are_drawn_and_four_numbered_findings(self):
        seed()
        third = prose.render(Post.objects.get(part=3).body)
        assert third.html.count("<svg") == 3
        findings = third.html.split("Four conclusions</h2>")[1].split("</ol>")[0]
        assert findings.count("<li>") == 4
        assert 'class="footnotes"' in third.html
        assert "<table>" in third.html

    def test_ask_every_kind_of_question_in_one_open_round(self):
        seed()
        survey = Survey.objects.get(slug="three-questions")
        assert survey.series.slug == "the-great-battery-race"
        assert {question.kind for question in survey.questions.current()} == {kind.kind for kind in TYPES}
        assert [question.position for question in survey.questions.all()] == [*range(1, 16)]
        survey_round = survey.rounds.get()
        assert [survey_round] == [*Round.objects.open()]
        assert survey_round.closes_at.astimezone(NEW_YORK).isoformat() == "2026-12-06T17:00:00-05:00"

    def test_bring_a_survey_behind_closed_doors_with_sections_a_condition_and_a_word_explained(self):
        seed()
        survey = Survey.objects.get(closed_door=True)
        assert [section.title for section in survey.sections.order_by("position")] == ["The money", "Everything else"]
        assert [definition["term"] for definition in survey.definitions] == ["substantial"]
        (conditional,) = [question for question in survey.questions.current() if question.show_if]
        assert conditional.show_if == [{"question": "backing", "is": ["all", "some"]}]
        assert survey.rounds.get().is_upcoming()

    def test_have_thirty_contributors_who_are_plainly_samples_and_nobody_is_written_to(self):
        seed()
        assert Contributor.objects.count() >= 30
        for contributor in Contributor.objects.all():
            assert contributor.name.startswith("Sample ")
            assert contributor.email.endswith("@example.org")
        sectors = set(Contributor.objects.values_list("sector", flat=True))
        assert sectors == set(Sector.values)
        assert not Invitation.objects.exists()
        assert not OutgoingMail.objects.exists()

    def test_a_second_time_everything_is_kept_as_staff_left_it(self):
        first = seed()
        assert "posts           3 new    0 kept" in first
        assert "contributors   31 new    0 kept" in first
        Post.objects.filter(part=1).update(title="Edited by staff", body="Theirs.")
        publishing.withdraw(post=Post.objects.get(part=2))
        counts = [model.objects.count() for model in EVERYTHING]
        second = seed()
        assert "posts           0 new    3 kept" in second
        assert not any("0 kept" in line for line in second)
        assert [model.objects.count() for model in EVERYTHING] == counts
        assert Post.objects.get(part=1).body == "Theirs."
        assert not Post.objects.get(part=2).is_published()

    def test_names_each_thing_when_asked_for_more_words(self):
        assert "new   posts         three-questions" in seed(verbosity=2)

    def test_checked_only_are_taken_back(self):
        assert seed(check=True)[-1] == "Checked only: nothing was written."
        assert not any(model.objects.exists() for model in EVERYTHING)

    def test_leave_a_site_with_content_alone_when_told_to(self):
        publishing.draft(title="Ours", standfirst="S", body="B")
        assert seed(if_empty=True) == ["The site has content already: nothing seeded."]
        assert not Series.objects.exists()


class TestMistakes:
    def test_none_in_the_files_that_the_others_are_made_of(self, folder):
        seed(folder)
        assert [model.objects.count() for model in EVERYTHING] == [1, 0, 1, 1, 1, 1, 1, 2]

    @pytest.mark.parametrize(
        ("file", "old", "new", "expected"),
        [
            # TOML and front matter
            (A, 'slug = "desk"', "slug = desk", "authors.toml:2: is not TOML here: Invalid value"),
            (Q, '    {key = "people", label = "People"},\n]', "", "hurdles.toml:17: is not TOML here: Invalid value"),
            (P, "part = 1", "part 1", "01-first-part.md:4: is not TOML here: Expected '='"),
            (P, "+++\nSome", "Some", "01-first-part.md:1: must begin with front matter"),
            (S, "+++\ntitle", "title", "series.md:1: must begin with front matter"),
            # fields
            (P, "topics", "topic", '01-first-part.md:7: topic: is not known here; did you mean "topics"?'),
            (A, "name =", "colour =", "authors.toml:3: colour: is not known here; known are"),
            (Q, "opens_at", "opens", '6: opens: is not known here; did you mean "opens_at"?'),
            (Q, 'label = "Cost"', 'labels = "Cost"', '13: options: Option 1 must have a "key" and a "label"'),
            (P, 'standfirst = "What it says."\n', "", "01-first-part.md:1: standfirst: is missing"),
            (S, '"A series"', '""', "series.md:2: title: is empty"),
            (Q, 'prompt = "How much?"\n', "", "hurdles.toml:18: prompt: is missing"),
            (P, "part = 1", 'part = "one"', "01-first-part.md:4: part: must be a whole number, not 'one'"),
            (P, "part = 1", "part = true", "4: part: must be a whole number, not True"),
            (P, "part = 1", "part = 0", "4: part: Ensure this value is greater than or equal to 1."),
            (P, '["desk"]', '"desk"', "6: authors: must be a list of texts, not 'desk'"),
            (Q, '"Which?"', '"Which?"\nrequired = "yes"', "13: required: must be true or false, not 'yes'"),
            (P, '"First part"', f'"{"long " * 50}"', "2: title: Ensure this value has at most 200"),
            (P, '["Manufacturing"]', f'["{"x" * 81}"]', "7: topics: a topic has at most 80 characters"),
            (Q, '"Which?"', r'"Wh\u0000ich?"', "12: prompt: has a character (U+0000) that no database can store"),
            (
                P,
                "+++\nSome",
                "+++\n\nSo\x00me",
                "01-first-part.md:10: has a character (U+0000) that no database can store",
            ),
            # times
            (
                P,
                "2026-11-03 09:00",
                "Tuesday",
                '01-first-part.md:5: published_at: "Tuesday" is not a time; write "2026-11-03 09:00"',
            ),
            (P, "2026-11-03 09:00", "2026-11-31 09:00", '5: published_at: "2026-11-31 09:00" is not a time'),
            (P, "2026-11-03 09:00", "2026-11-03", '5: published_at: "2026-11-03" is not a time'),
            (
                P,
                '"2026-11-03 09:00"',
                "2026-11-03T09:00:00Z",
                '5: published_at: "2026-11-03 09:00:00+00:00" has an offset',
            ),
            (
                P,
                "2026-11-03 09:00",
                "2026-03-08 02:30",
                "5: published_at: 2026-03-08 02:30 does not exist in America/New_York",
            ),
            (P, "part = 1", 'part = 1\nzone = "New York"', '5: zone: "New York" is not a time zone'),
            (Q, "in 14 days at 17:00", "in two weeks", '7: closes_at: "in two weeks" is not a time'),
            (Q, "in 14 days at 17:00", "2026-01-01 17:00", "7: closes_at: is not after opens_at"),
            (
                Q,
                '17:00"',
                '17:00"\nremind_at = "in 15 days at 09:00"',
                "8: remind_at: is not between opens_at and closes_at",
            ),
            # references
            (P, '["desk"]', '["dusk"]', '6: authors: "dusk" is not among the authors; known are desk'),
            (
                Q,
                "series =",
                "minimum_cell = 0\nseries =",
                "3: minimum_cell: Ensure this value is greater than or equal to 2",
            ),
            (Q, '"race"', '"rice"', '3: series: "rice" is not a series; known are race'),
            # questions
            (Q, '"single_choice"', '"choice"', '11: kind: "choice" is not a kind of question; known are statement'),
            (Q, 'key = "people"', 'key = "cost"', "13: options: "),
            (Q, "minimum = 0, maximum = 100", "minimum = 9, maximum = 1", "22: settings:"),
            (Q, "minimum = 0", "minium = 0", "22: settings: “minium” is no setting of this kind"),
            (Q, 'key = "share"', 'key = "hurdle"', '19: key: "hurdle" is used twice in this survey'),
            (Q, 'key = "share"', 'key = "Our share"', "19: key: Enter a valid “slug”"),
            # Markdown
            (P, "And more.", '```chart\ntitle = "T"\nrows = 3\n```', "01-first-part.md:12: body: A chart needs “rows”"),
            (P, "And more.", "```chart\ntitle = T\n```", "01-first-part.md:12: body: The figure"),
            (
                P,
                "And more.",
                "![A cell](picture:cell)",
                "01-first-part.md:11: body: There is no picture called “cell”.",
            ),
            (P, "Some text.\n\nAnd more.\n", "", "01-first-part.md:1: has no text below the front matter"),
        ],
    )
    def test_name_file_line_and_field(self, folder, file, old, new, expected):
        path = folder / file
        text = path.read_text()
        assert text.count(old) >= 1
        path.write_text(text.replace(old, new, 1))
        found = complaints(folder)
        assert any(line.startswith("seeds/") and expected in line for line in found), found

    def test_are_all_collected_before_stopping(self, folder):
        write(folder, {
            "authors.toml": AUTHORS + 'nam = "x"\n',
            "series/race/01-first-part.md": POST.replace("2026-11-03 09:00", "soon").replace("part = 1\n", ""),
            "surveys/hurdles.toml": SURVEY.replace('"number"', '"numbers"'),
        })  # fmt: skip
        places = [line.split(": ")[:2] for line in complaints(folder)]
        assert places == [
            ["seeds/authors.toml:4", "nam"],
            ["seeds/series/race/01-first-part.md:1", "part"],
            ["seeds/series/race/01-first-part.md:4", "published_at"],
            ["seeds/surveys/hurdles.toml:20", "kind"],
        ]

    def test_an_unreadable_list_of_authors_does_not_make_every_author_unknown(self, folder):
        write(folder, {"authors.toml": "[[author"})
        assert len(complaints(folder)) == 1

    def test_two_posts_with_the_same_part(self, folder):
        write(folder, {"series/race/02-second.md": POST})
        assert complaints(folder) == [
            "seeds/series/race/02-second.md:4: part: 1 is already the part of 01-first-part.md"
        ]

    def test_two_posts_with_the_same_address(self, folder):
        write(folder, {"series/race/02-first-part.md": POST.replace("part = 1", "part = 2")})
        (line,) = complaints(folder)
        assert "is that of seeds/series/race/01-first-part.md too" in line

    def test_a_part_that_the_site_has_given_to_another_post(self, folder):
        seed(folder)
        (folder / "series/race/01-first-part.md").rename(folder / "series/race/01-renamed.md")
        (line,) = complaints(folder)
        assert line.startswith("seeds/series/race/01-renamed.md:4: part: the site already has a part 1 of this series")

    def test_contributors_typed_wrong(self, folder):
        person = '[[contributor]]\nname = "{0}"\nemail = "{1}"\nsector = "{2}"\n'
        write(folder, {
            "contributors.toml": person.format("A", "a@example.org", "industry")
            + person.format("B", "not an address", "industry")
            + person.format("C", "c@example.org", "press")
            + person.format("D", "A@example.org", "academia")
        })  # fmt: skip
        assert complaints(folder) == [
            "seeds/contributors.toml:7: email: Enter a valid email address.",
            'seeds/contributors.toml:12: sector: "press" is not a sector; write industry or academia or government',
            'seeds/contributors.toml:15: email: "a@example.org" is used twice',
        ]

    def test_files_in_the_wrong_place_or_without_a_usable_name(self, folder):
        write(folder, {
            "people.toml": "",
            "series/lost.md": POST,
            "series/race/02.md": POST.replace("part = 1", "part = 2"),
            "series/empty/01-a-post.md": POST,
            "surveys/My Survey.toml": SURVEY,
        })  # fmt: skip
        found = complaints(folder)
        assert any(line.startswith("seeds/people.toml: is not a file of seeds") for line in found)
        assert any(line.startswith("seeds/series/lost.md: is not where seeds are looked for") for line in found)
        assert any("seeds/series/race/02.md:1: the file's name becomes the post's address" in line for line in found)
        assert any(line.startswith("seeds/series/empty: has no series.md") for line in found)
        assert any("My Survey.toml:1: the file's name becomes an address" in line for line in found)

    def test_a_file_that_is_not_text(self, folder):
        (folder / "authors.toml").write_bytes(b"name = \xff")
        assert complaints(folder) == ["seeds/authors.toml: is not UTF-8 text"]

    def test_no_folder_and_an_empty_one(self, folder):
        assert complaints(folder / "nowhere") == ["seeds/nowhere: is not a folder"]
        (folder / "empty").mkdir()
        assert complaints(folder / "empty")[0].startswith("seeds/empty: holds no seeds")

    def test_what_fails_while_playing_takes_everything_back(self, folder, monkeypatch):
        monkeypatch.setattr(publishing, "publish", lambda **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            seed(folder)
        assert not any(model.objects.exists() for model in EVERYTHING)


class TestTimes:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("now", "2026-11-22T15:30:00+00:00"),
            ("in 14 days at 17:00", "2026-12-06T22:00:00+00:00"),
            ("in 1 day at 9:05", "2026-11-23T14:05:00+00:00"),
            ("in 0 days at 23:00", "2026-11-23T04:00:00+00:00"),
            ("2026-11-03 09:00", "2026-11-03T14:00:00+00:00"),
            ("2026-10-27T09:00", "2026-10-27T13:00:00+00:00"),  # summer time
            (datetime(2026, 11, 3, 9), "2026-11-03T14:00:00+00:00"),
        ],
    )
    def test_are_meant_on_the_clocks_of_the_zone(self, written, meant):
        assert times.instant(written, zone=NEW_YORK, now=NOW).astimezone(UTC).isoformat() == meant

    @pytest.mark.parametrize(
        "written", ["", "Now", "in 3 days", "in 1 day at 25:00", "in -1 days at 09:00", 7, "20261103T0900"]
    )
    def test_written_otherwise_are_refused(self, written):
        with pytest.raises(ValueError, match="is not a time"):
            times.instant(written, zone=NEW_YORK, now=NOW)


def test_the_delivered_folder_is_complete_for_a_copy_elsewhere(tmp_path):
    shutil.copytree(settings.SEEDS_DIR, tmp_path / "copy")
    assert "series          1 new    0 kept" in seed(tmp_path / "copy")
