import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec
from surveys.questions.text import Text
from surveys.results import Counted

SPEC = QuestionSpec(key="advice", kind="text", prompt="What now?", settings={"max_length": 20})


def test_the_words_are_the_answer_and_the_comment():
    assert Text().words("Train people.", "") == "Train people."
    assert Text().words("Train people.", "Soon.") == "Train people.\n\nSoon."
    assert Text().words(None, "Soon.") == "Soon."


def test_line_ends_count_once_and_unprintable_characters_go():
    assert Text().form_field(SPEC).clean("a\r\nb\rc\x0bd\x1b[0m\te") == "a\nb\ncd[0m\te"
    assert Text().form_field(SPEC).clean("\r\n" * 9 + "x" * 11) == "x" * 11
    assert Text().form_field(SPEC).clean(" \r\n ") is None


def test_emoji_and_other_scripts_stay():
    assert Text().form_field(SPEC).clean("電池 👩‍🔬 \u200fعربي") == "電池 👩‍🔬 \u200fعربي"


@pytest.mark.parametrize("bad", ["x" * 21, "a\x00b", "\ud800", ["a"], {"a": 1}, 7])
def test_what_cannot_be_taken_is_refused(bad):
    with pytest.raises(ValidationError):
        Text().form_field(SPEC).clean(bad)


def test_the_limit_is_set_or_usual():
    assert Text().form_field(SPEC).max_length == 20
    assert Text().form_field(QuestionSpec("k", "text", "P")).max_length == 2000
    assert Text().problems(QuestionSpec("k", "text", "P", settings={"max_length": 5})) == [
        "max_length: Ensure this value is greater than or equal to 20."
    ]


def test_texts_are_counted_not_drawn():
    tally = Text().tally(SPEC, [Counted("a", "industry"), Counted(None, "industry", "skipped")])
    assert (tally.asked, tally.base) == (2, 1)
    assert Text().chart(SPEC, {"all": tally}, names={}) is None
    assert Text().reading(SPEC, {"all": tally}, names={}) == ["1 of 2 answered in their own words."]


def test_a_short_answer_is_one_line():
    spec = QuestionSpec("k", "text", "P", settings={"short": True})
    assert Text().form_field(spec).clean("one\r\n two") == "one two"
    assert Text().form_field(spec).max_length == 200
