import pytest

from naatbatt.charts import svg


def test_lines_break_between_words():
    assert svg.wrap("one two three", svg.text_width("one two")) == ["one two", "three"]


def test_words_joined_by_a_no_break_space_stay_together_while_they_can():
    assert svg.wrap("one two\u00a0three", svg.text_width("two three")) == ["one", "two\u00a0three"]
    assert svg.wrap("one two\u00a0three", svg.text_width("three")) == ["one", "two", "three"]


def test_a_word_wider_than_the_line_is_cut_and_nothing_is_lost():
    lines = svg.wrap("x" * 300, svg.NARROWEST)
    assert "".join(lines) == "x" * 300
    assert all(svg.text_width(line) <= svg.NARROWEST for line in lines)


@pytest.mark.parametrize("content", ["", " ", "\u00a0", "W", "電池" * 50, "e\u0301" * 90])
def test_anything_can_be_wrapped_even_into_no_width(content):
    for width in (0, 1, svg.NARROWEST):
        lines = svg.wrap(content, width)
        assert lines
        assert "".join("".join(lines).split()) == "".join(content.split())


def test_numbers_have_two_decimals_at_most_and_no_negative_zero():
    assert svg.element("rect", x=1 / 3, y=2.0, width=-0.001) == '<rect x="0.33" y="2" width="0"/>'


def test_children_and_attributes_are_escaped_and_unprintable_characters_go():
    assert svg.element("text", "<b>&\x00\x1b", id="\"'<") == '<text id="&quot;&#x27;&lt;">&lt;b&gt;&amp;</text>'
