"""What is written reads back as it was, and each value is found on its line."""

import tomllib
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from naatbatt.toml import document, local_time, open_source

# Everything that can stand in a database: no NUL, no half of a surrogate pair.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60) | st.text(
    "\"'\\\n\r\t #=[]{}\x0b\x1f\x7f\x85\u2028\u202eé🔋", max_size=20
)
NUMBERS = st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
SETTINGS = st.recursive(
    TEXTS | NUMBERS | st.booleans(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXTS, inside, max_size=3),
    max_leaves=6,
)


def entry_of(text, tmp_path):
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8", newline="\n")
    faults = []
    return open_source(path, file="file.toml", faults=faults), faults


@given(text=TEXTS)
@example(text="\n")
@example(text="a\n")
@example(text='"""')
@example(text='""""\n""""')
@example(text="\\\n\\")
@example(text='ends in a quote\n"')
@example(text="\r\n")
def test_any_text_reads_back_exactly(text, tmp_path_factory):
    entry, faults = entry_of(document({"before": 1, "text": text, "after": 2}), tmp_path_factory.mktemp("files"))
    assert faults == []
    assert entry.exact_text("text") == text
    lines = text.count("\n") + 3 if "\n" in text else 1 if text else 0
    assert entry.line("after") == 2 + lines


@given(settings=st.dictionaries(TEXTS, SETTINGS, max_size=4))
def test_any_settings_read_back_exactly(settings):
    read = tomllib.loads(document({}, [("question", {"settings": settings})]))
    assert read == {"question": [{"settings": settings} if settings else {}]}


def test_it_is_written_as_people_would():
    text = document(
        {
            "title": 'The "race"',
            "minimum_cell": 3,
            "empty": "",
            "no": False,
            "introduction": "Why we ask.\n\nWho asks.",
        },
        [
            ("round", {"opens_at": datetime(2026, 11, 24, 9), "remind_at": None}),
            (
                "question",
                {
                    "required": True,
                    "settings": {"unit": "%", "minimum": 0, "none": None},
                    "options": [{"label": "Cost", "key": "cost"}, {"label": "A\tB", "key": "people"}],
                },
            ),
        ],
    )
    assert (
        text
        == '''\
title = "The \\"race\\""
minimum_cell = 3
introduction = """
Why we ask.

Who asks.
"""

[[round]]
opens_at = 2026-11-24T09:00:00

[[question]]
required = true
settings = {minimum = 0, unit = "%"}
options = [
    {key = "cost", label = "Cost"},
    {key = "people", label = "A\\tB"},
]
'''
    )


def test_what_cannot_be_seen_is_written_as_its_number():
    assert document({"text": "a\u202eb\u200b\U000e0001"}) == 'text = "a\\u202Eb\\u200B\\U000E0001"\n'


def test_what_toml_has_no_way_to_write_is_refused():
    with pytest.raises(TypeError, match="no way to write"):
        document({"settings": {"list": [None]}})


def test_only_an_hour_that_comes_twice_carries_its_offset():
    assert local_time(datetime(2026, 11, 3, 14, tzinfo=UTC), "America/New_York").isoformat() == "2026-11-03T09:00:00"
    twice = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (5, 6)]
    assert [local_time(instant, "America/New_York").isoformat() for instant in twice] == [
        "2026-11-01T01:30:00-04:00",
        "2026-11-01T01:30:00-05:00",
    ]


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("a = '''x\nb = 1\n'''\nb = 2\n", 4),
        ('a = """x\n\\"""\nb = 1\n"""\nb = 2\n', 5),
        ("a = \"it's '''\"\nb = 2\n", 2),
        ('# it\'s """ not a text\nb = 2\n', 2),
        ('a = "x\u2028y\x85z"\nb = 2\n', 2),
        ('a = [\n  "c",\n]\n"b" = 2\n', 4),
    ],
)
def test_lines_are_found_whatever_the_texts_contain(toml, line, tmp_path):
    entry, faults = entry_of(toml, tmp_path)
    assert faults == []
    assert entry.line("b") == line


@pytest.mark.parametrize("toml", ["a = " + "9" * 5000, "a = " + "[" * 5000 + "]" * 5000])
def test_a_file_nobody_would_write_is_refused_in_words(toml, tmp_path):
    entry, (fault,) = entry_of(toml, tmp_path)
    assert entry is None
    assert "cannot be read" in str(fault)


@pytest.mark.parametrize("value", ['"a\\u0000"', '{x = "\\u0000"}', '[["\\u0000"]]', '{"\\u0000" = 1}'])
def test_a_character_that_no_database_stores_is_refused_with_its_place(value, tmp_path):
    entry, faults = entry_of(f"\na = {value}\n", tmp_path)
    entry.anything("a", default=None)
    assert [str(fault) for fault in faults] == ["file.toml:2: a: has a character (U+0000) that no database can store"]
