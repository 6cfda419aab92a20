import re
from datetime import UTC, datetime

import pytest
from django.template import engines
from django.utils import timezone, translation

from naatbatt.mail import links
from naatbatt.mail.rendering import one_line, render
from tests.mail.strict import MissingVariableError, strict_templates

NOTICE = {
    "headline": "Mail is held",
    "message": "Since this morning.\n\nSee why.",
    "page_url": "https://blog.test/admin/",
}


@pytest.fixture(autouse=True)
def _site(settings):
    settings.SITE_URL = "https://blog.test"


@pytest.fixture
def template(settings, tmp_path):
    """Write a mail of one's own: `template(subject=..., text=..., html=...)`; it is called `own`."""
    folder = tmp_path / "mail" / "own"
    folder.mkdir(parents=True)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]

    def write(
        subject="Own",
        text="{{ words }}",
        html='{% extends "mail/base.html" %}{% block content %}{{ words }}{% endblock %}',
    ):
        for name, content in (("subject.txt", subject), ("body.txt", text), ("body.html", html)):
            (folder / name).write_text(content)

    write()
    return write


def test_one_name_gives_subject_text_and_html():
    with strict_templates():
        mail = render("staff_notice", NOTICE)
    assert mail.subject == "For staff: Mail is held"
    assert mail.text.startswith(
        "Mail is held\n\nSince this morning.\n\nSee why.\n\nLook at it here:\nhttps://blog.test/admin/\n\n-- \n"
    )
    assert 'href="https://blog.test/admin/"' in mail.html
    assert "<p" in mail.html


def test_a_template_that_wants_what_the_context_lacks_is_an_error_in_tests():
    with strict_templates(), pytest.raises(MissingVariableError, match="message"):
        render("staff_notice", {"headline": "Mail is held", "page_url": ""})


def test_the_association_signs_every_mail(settings):
    settings.ASSOCIATION_NAME, settings.ASSOCIATION_ADDRESS = "The Cell Makers", "1 Anode Street, Akron"
    mail = render("staff_notice", NOTICE)
    for part in (mail.text, mail.html):
        assert "The Cell Makers" in part
        assert "1 Anode Street, Akron" in part


def test_text_is_plain_and_html_is_escaped():
    mail = render("staff_notice", {**NOTICE, "headline": "Anode & <cathode>"})
    assert mail.subject == "For staff: Anode & <cathode>"
    assert "Anode & <cathode>" in mail.text
    assert "Anode &amp; &lt;cathode&gt;" in mail.html
    assert "<cathode>" not in mail.html


def test_a_line_break_in_what_people_typed_begins_no_new_header():
    mail = render("staff_notice", {**NOTICE, "headline": "Held\r\nBcc: everyone@example.org\u2028X\x00Y"})
    assert mail.subject == "For staff: Held Bcc: everyone@example.org X Y"


def test_a_very_long_subject_is_cut_to_what_a_row_holds():
    assert len(render("staff_notice", {**NOTICE, "headline": "long " * 100}).subject) == 250


def test_one_line_keeps_letters_that_join_others():
    assert one_line("  می‌خواهم\t👩‍🔬 \n") == "می‌خواهم 👩‍🔬"


def test_styles_are_in_the_elements_and_only_conditional_rules_stay_in_the_head():
    html = render("staff_notice", NOTICE).html
    assert re.search(r'<h1 style="[^"]*font-size: 28px', html)
    assert "prefers-color-scheme: dark" in html
    assert "<link" not in html
    head = html.partition("</style>")[0]
    assert ".quote p" not in head


def test_colour_schemes_language_and_preheader_are_declared():
    html = render("staff_notice", NOTICE).html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert '<html lang="en-us">' in html
    assert '<div class="preheader" style="display: none' in html


def test_nothing_remote_is_loaded_and_the_frame_is_light():
    html = render("staff_notice", NOTICE).html
    assert "src=" not in html
    assert "@import" not in html
    assert "url(" not in html
    assert set(re.findall(r"https?://[^\"'<\s]+", html)) == {
        "https://blog.test/",
        "https://blog.test",
        "https://blog.test/admin/",
    }
    assert len(html.encode()) < 8_000


def test_times_are_the_associations_and_words_the_sites_wherever_it_is_written(template, settings):
    settings.ASSOCIATION_ZONE = "America/New_York"
    template(text="{% load i18n %}{% get_current_language as now %}{{ moment|date:'H:i T' }} {{ now }}")
    with timezone.override("Asia/Tokyo"), translation.override("de"):
        mail = render("own", {"moment": datetime(2026, 7, 1, 16, 0, tzinfo=UTC), "words": ""})
    assert mail.text == "12:00 EDT en-us\n"


def test_a_link_mark_in_what_people_typed_becomes_dots_in_every_part(template):
    stolen = links.mark("answer", links.new_nonce())
    template(subject="{{ words }}")
    mail = render("own", {"words": f"See https://blog.test/a/{stolen}/"})
    for part in (mail.subject, mail.text, mail.html):
        assert stolen not in part
        assert "https://blog.test/a/••••••/" in part


def test_a_mark_that_came_as_an_address_of_this_site_stays(template):
    mine = links.mark("answer", links.new_nonce())
    template(text="{{ answer_url }}", html='<a href="{{ answer_url }}">x</a>')
    mail = render("own", {"answer_url": f"https://blog.test/a/{mine}/"})
    assert mail.text == f"https://blog.test/a/{mine}/\n"
    assert f'href="https://blog.test/a/{mine}/"' in mail.html


def test_a_mark_in_an_address_of_another_site_becomes_dots(template):
    stolen = links.mark("answer", links.new_nonce())
    template(text="{{ homepage_url }}")
    mail = render("own", {"words": "", "homepage_url": f"https://evil.test/{stolen}"})
    assert mail.text == "https://evil.test/••••••\n"


def test_one_mails_own_mark_does_not_open_the_door_for_another(template):
    mine, stolen = links.mark("answer", links.new_nonce()), links.mark("answer", links.new_nonce())
    template(text="{{ answer_url }} {{ words }}")
    mail = render("own", {"answer_url": f"https://blog.test/a/{mine}/", "words": stolen})
    assert mail.text == f"https://blog.test/a/{mine}/ ••••••\n"


def test_blank_lines_that_template_tags_leave_are_removed(template):
    template(text="One.  \n{% if words %}\n\n\n{% endif %}\n\nTwo.\n\n\n\n-- \nThree.\n\n\n")
    assert render("own", {"words": "x"}).text == "One.\n\nTwo.\n\n-- \nThree.\n"


def test_the_button_is_painted_in_a_cell_too():
    html = engines["django"].engine.get_template("mail/_button.html")
    assert html
    assert 'class="button-cell" style="background-color: #0a5d6e' in render("staff_notice", NOTICE).html
