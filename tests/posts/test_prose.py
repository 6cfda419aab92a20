"""posts/prose.py: Markdown that is safe to print."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils.safestring import mark_safe

from posts import figures, prose
from tests.factories import PictureFactory

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "data" / "xss" / "payloads.txt"

CHART = """\
```chart
title = "Cells made"
rows = [{ label = "China", value = 73 }]
```"""

ELEMENTS = prose.TAGS | {"div"}
ATTRIBUTES = {
    *("id", "class", "lang", "href", "title", "rel", "aria-label", "cite", "start", "scope", "colspan", "rowspan"),
    *("role", "tabindex"),
}


class Strict(HTMLParser):
    """Everything in a page that is not on our own short list."""

    def __init__(self):
        super().__init__()
        self.offences = []

    def handle_starttag(self, tag, attrs):
        if tag not in ELEMENTS:
            self.offences.append(tag)
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.offences.append(f"{tag} {name}")
            if name in ("href", "src", "cite") and urlsplit(value).scheme not in ("", "http", "https", "mailto"):
                self.offences.append(value)
            if name == "id" and not value.startswith("t-"):
                self.offences.append(f"id {value}")

    def handle_comment(self, data):
        self.offences.append(f"comment {data}")

    def handle_decl(self, decl):
        self.offences.append(f"declaration {decl}")


def offences(html):
    parser = Strict()
    parser.feed(html)
    parser.close()
    return parser.offences


def html(text):
    return str(prose.render(text).html)


# --- what it lets through --------------------------------------------------------------------------------------------


def test_headings_have_addresses_and_make_the_contents():
    rendered = prose.render("## The cost\n\ntext\n\n### Of *cells* & packs\n\n## The cost")
    assert '<h2 id="t-the-cost">The cost</h2>' in rendered.html
    assert [(heading.level, heading.anchor, heading.title) for heading in rendered.contents] == [
        (2, "t-the-cost", "The cost"),
        (3, "t-of-cells-packs", "Of cells & packs"),
        (2, "t-the-cost_1", "The cost"),
    ]
    assert all(f'id="{heading.anchor}"' in rendered.html for heading in rendered.contents)


def test_the_title_of_the_page_stays_its_only_h1():
    assert html("# Loud") == '<h2 id="t-loud">Loud</h2>'


def test_notes_lead_there_and_back():
    text = html("A fact.[^1]\n\n[^1]: Its source.")
    assert 'id="t-fnref:1"' in text
    assert 'href="#t-fn:1"' in text
    assert 'id="t-fn:1"' in text
    assert 'href="#t-fnref:1"' in text
    assert '<section aria-label="Notes" class="footnotes">' in text
    assert 'aria-label="Back to note 1 in the text"' in text
    assert "<hr" not in text


def test_a_table_scrolls_in_its_own_box_and_needs_no_style_attribute():
    text = html("a | b\n--|--:\n1 | 2")
    assert '<div class="table-scroll" role="region" tabindex="0" aria-label="Table"><table>' in text
    assert '<td class="align-right">2</td>' in text
    assert "style" not in text
    assert text.count("<div") == text.count("</div>") == 1


def test_a_raw_table_cannot_leave_a_box_open():
    text = html('<table class="quote" id="x"><tr><td>1</td></tr></table>')
    assert text.count("<div") == text.count("</div>") == 1


def test_a_quote_names_who_said_it():
    text = html("> It *does* matter.\n>\n> — Ada [Example](https://example.org)")
    assert text == (
        '<figure class="quote">\n<blockquote>\n<p>It <em>does</em> matter.</p>\n</blockquote>\n'
        '<figcaption>— Ada <a href="https://example.org" rel="noopener">Example</a></figcaption>\n</figure>'
    )


def test_a_quote_may_name_them_in_its_last_line():
    assert "<figcaption>— Ada</figcaption>" in html("> It does\n> matter.\n> — Ada")
    assert "figure" not in html("> It does — so they say — matter.")


@pytest.mark.django_db
def test_a_picture_is_no_link():
    assert html("[x](picture:slug)") == '<p><a rel="noopener">x</a></p>'


def test_code_stays_as_it_is():
    assert html('```python\nx = "<b>"\n```') == '<pre><code>x = "&lt;b&gt;"\n</code></pre>'


def test_quotation_marks_and_dashes_are_set_well():
    assert html('"Yes" -- no') == "<p>“Yes” – no</p>"


def test_links_to_here_and_elsewhere():
    assert html("[a](/archive/)") == '<p><a href="/archive/" rel="noopener">a</a></p>'
    assert html("[a](mailto:a@example.org)") == '<p><a href="mailto:a@example.org" rel="noopener">a</a></p>'
    assert html("[a](#cost)") == '<p><a href="#t-cost" rel="noopener">a</a></p>'


def test_words_are_counted_without_figures():
    assert prose.render(f"One two three.\n\n{CHART}\n\n## Four").words == 4


def test_absolute_addresses_for_readers_elsewhere():
    text = html('[a](/x/?a=1&b=2) [b](#n) [c](https://example.org) `href="/y"`')
    whole = prose.absolute(text, "https://site.example/posts/p/")
    assert 'href="https://site.example/x/?a=1&amp;b=2"' in whole
    assert 'href="https://site.example/posts/p/#t-n"' in whole
    assert 'href="https://example.org"' in whole
    assert '<code>href="/y"</code>' in whole


# --- what it does not ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "![x](https://example.org/pixel.gif)",
        "[x](javascript:alert(1))",
        "<a href='data:text/html,x'>x</a>",
        '<form action="/a/"><input name="q"></form>',
        '<p style="position:fixed">x</p>',
        '<iframe src="https://example.org"></iframe>',
        "<svg onload=alert(1)>",
        '<a title="<table>">x</a>',
        "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=alert(1)>'>",
        '<p id="body"><a id="forms" name="cookie">x</a></p>',
        "<!-- a comment -->",
        "\x02wzxhzdk:0\x03 \x0242\x03",
    ],
)
def test_nothing_dangerous_comes_out(text):
    assert offences(html(text)) == []
    assert offences(prose.absolute(html(f"- a\n\n  {text}"), "https://example.org")) == []


def test_no_payload_of_a_well_known_collection_comes_through():
    if not PAYLOADS.exists():
        pytest.skip(f"the collection of payloads is not here ({PAYLOADS})")
    payloads = PAYLOADS.read_text(errors="surrogateescape").splitlines()
    assert len(payloads) > 1000
    found = {}
    for payload in payloads:
        for text in (payload, f"[x]({payload})", f"> {payload}\n> — {payload}\n\n## {payload}"):
            if wrong := offences(html(text)):
                found[text] = wrong
    assert found == {}


def test_the_strict_reader_would_notice():
    assert offences('<a onclick="x" href="javascript:x">') == ["a onclick", "javascript:x"]
    assert offences("<script>") == ["script"]


def test_characters_that_xml_forbids_are_left_out():
    text = html("a\x00b\x08c\x0bd\x1fe\x7ff\ufffeg\ud800h\ti")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\ufffe\ud800]", text)
    assert text == "<p>abcdefgh    i</p>"


def test_a_text_cannot_forge_the_place_of_a_figure():
    marks = []
    figures.register("spy", lambda data: mark_safe("<hr>"))
    try:
        for _ in range(2):
            work = prose._Work("```spy\n```", {})
            marks.append(prose._mark_figures(work).strip())
    finally:
        del figures._drawers["spy"]
    assert marks[0] != marks[1]
    assert all(re.fullmatch(r"m[0-9a-f]{32}m0m", mark) for mark in marks)


# --- figures ---------------------------------------------------------------------------------------------------------


def test_a_chart_is_drawn_between_the_paragraphs():
    text = html(f"Before.\n{CHART}\nAfter.")
    assert text.startswith("<p>Before.</p>\n<figure")
    assert re.search(r"</figure>\s+<p>After.</p>$", text)
    assert "Cells made" in text
    assert prose.check(CHART) == []


def test_a_chart_inside_a_longer_fence_is_only_shown():
    text = html(f"````\n{CHART}\n````")
    assert "<figure" not in text
    assert "```chart" in text


def test_a_chart_inside_html_is_refused_and_stays_out():
    text = f'<a title="<p>\n\n{CHART}\n\n</p>">x</a>'
    assert offences(html(f'<a title="{CHART}">x</a>')) == []
    assert offences(re.sub("(?s)<figure.*?</figure>", "", html(text))) == []


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("```chart\ntitle = \n```", "Line 4: The figure’s TOML cannot be read: Invalid value"),
        ("```chart\ntitle = 'x'\n```", "Line 4: A chart needs “rows”, a list with at least one row."),
        ("```chart\nrows = [{label='a', value=1}]\n```", "Line 4: “title” is missing."),
        ("```chart\ntitle='x'\nrows = [{label='a', value='1'}]\n```", "Row 1 needs a “value” that is a number."),
        ("```chart\ntitle='x'\nrows = [{label='a', value=-1}]\n```", "Row 1: bars start at zero"),
        ("```chart\ntitle='x'\nrows = [{label='a', value=1, colour='red'}]\n```", "unknown key: colour"),
        ("```chart\ntitle='x'\ntype='pie'\nrows = [{label='a', value=1}]\n```", "Unknown key in a chart: type."),
        ("```chart\ntitle='x'\nkind='pie'\nrows = [{label='a', value=1}]\n```", "not “pie”"),
        ("```chart\ntitle='x'", "Line 3: The block “chart” has no closing ```."),
    ],
)
def test_what_is_wrong_with_a_figure_is_said_with_its_line(block, message):
    text = f"First.\n\n{block}"
    (problem,) = prose.check(text)
    assert message in problem
    assert problem in prose.render(text, draft=True).html.replace("&#x27;", "'")
    public = prose.render(text).html
    assert "This figure cannot be shown at the moment." in public
    assert problem not in public


def test_a_drawing_that_refuses_names_the_first_line_of_the_block():
    def refuse(data):
        raise figures.FigureError(0, "no such survey")

    figures.register("refusing", refuse)
    try:
        assert prose.check("a\n\n```refusing\n```") == ["Line 4: no such survey"]
    finally:
        del figures._drawers["refusing"]


def test_values_are_printed_with_their_unit():
    chart = figures.draw_chart(
        {"title": "x", "unit": "%", "rows": [{"label": "a", "value": 73}, {"label": "b", "value": 1.5, "text": "1½ %"}]}
    )
    assert "73%" in chart
    assert "1½ %" in chart
    assert figures._printed(397000.0, "cars") == "397,000 cars"


# --- pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_picture_of_the_library_stands_with_caption_and_credit():
    PictureFactory(slug="cell", credit="A. Photographer")
    text = html('![A <cell>](picture:cell "On the bench")')
    assert text.startswith('<figure class="picture"><img src="/media/pictures/')
    assert 'alt="A &lt;cell&gt;" width="8" height="4"' in text
    assert '<figcaption>On the bench <span class="credit">Picture: A. Photographer</span></figcaption>' in text
    assert prose.check("![](picture:cell)") == []
    assert 'alt="A pouch cell on a bench"' in html("![](picture:cell)")


@pytest.mark.django_db
def test_a_changed_description_shows_at_once():
    picture = PictureFactory(slug="cell")
    assert "pouch cell" in html("![](picture:cell)")
    picture.alt = "A coin cell"
    picture.save()
    assert "A coin cell" in html("![](picture:cell)")


@pytest.mark.django_db
def test_what_is_wrong_with_a_picture_is_said():
    PictureFactory(slug="cell")
    assert prose.check("a\n\n![x](picture:none)") == ["Line 3: There is no picture called “none”."]
    assert prose.check("a ![x](picture:cell) b") == ["Line 1: A picture stands in a paragraph of its own."]
    assert prose.check("![x](https://example.org/x.png)") == [
        "Line 1: The picture “https://example.org/x.png” is not shown: upload it and write picture:slug."
    ]


# --- the cache -------------------------------------------------------------------------------------------------------


def test_the_same_text_is_converted_once(monkeypatch):
    first = prose.render("Some text.")
    monkeypatch.setattr(prose, "_convert", None)
    assert prose.render("Some text.") == first
    with pytest.raises(TypeError):
        prose.render("Another text.")


def test_a_text_with_a_fault_is_not_kept():
    text = "```later\n```"
    figures.register("later", lambda data: (_ for _ in ()).throw(figures.FigureError(0, "not yet")))
    try:
        assert "cannot be shown" in html(text)
        figures.register("later", lambda data: mark_safe("<p>here</p>"))
        assert html(text) == "<p>here</p>"
    finally:
        del figures._drawers["later"]
