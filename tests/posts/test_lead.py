"""posts/lead.py: the beginning of a post, for a mail."""

from posts.lead import lead

BASE = "https://site.example/posts/p/"


def test_the_first_three_blocks_with_absolute_links():
    found = lead("One [a](/x/) *b*.[^1]\n\n- two\n- & three\n\n> four\n\nfive\n\n[^1]: Note.", base=BASE)
    assert found.html == (
        '<p>One <a href="https://site.example/x/">a</a> <em>b</em>.</p>\n'
        "<ul>\n<li>two</li>\n<li>&amp; three</li>\n</ul>\n"
        "<blockquote>\n<p>four</p>\n</blockquote>"
    )
    assert found.text == "One a (https://site.example/x/) b.\n\n- two\n- & three\n\nfour"


def test_it_ends_at_the_first_heading_behind_something():
    assert lead("## First\n\none\n\n## Second\n\ntwo", base=BASE).text == "one"


def test_figures_tables_and_code_are_for_the_page():
    chart = '```chart\ntitle = "Cells"\nrows = [{ label = "China", value = 73 }]\n```'
    found = lead(f"{chart}\n\na | b\n--|--\n1 | 2\n\n```\ncode\n```\n\nwords", base=BASE)
    assert found.text == "words"
    assert found.html == "<p>words</p>"


def test_hostile_text_stays_text():
    found = lead('<script>x</script>a <b onclick="x">b</b> `<i>` <a href="javascript:x">c</a>', base=BASE)
    assert found.html == '<p>a <b>b</b> <code>&lt;i&gt;</code> <a href="">c</a></p>'
