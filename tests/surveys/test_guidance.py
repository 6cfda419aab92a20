"""Guidance in Markdown on the answer page: background links, pictures and charts, and nothing dangerous."""

import re

import pytest
from django.conf import settings

from posts.models import Post
from tests.factories import PictureFactory, PostFactory
from tests.surveys.asking import ask, page_of

pytestmark = pytest.mark.django_db

CHART = """\
```chart
kind = "bars"
title = "Where cells are made"
description = "Three quarters in one country."
unit = "percent"
source = "A source, 2026"
rows = [{label = "One country", value = 73}, {label = "Elsewhere", value = 27}]
```
"""


def guidance(client, *texts):
    """What stands below the prompt of each question on the answer page."""
    questions = [
        {"key": f"q{number}", "kind": "statement", "prompt": "It can be done.", "guidance": text}
        for number, text in enumerate(texts)
    ]
    got = client.get(page_of(ask(*questions)))
    assert got.status_code == 200
    page = got.content.decode()
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), sorted(found for found in ids if ids.count(found) > 1)
    return [page.split(f'id="guidance-q{number}">')[1].split('<input type="hidden"')[0] for number in range(len(texts))]


def test_background_links_lead_there_whole(client):
    post: Post = PostFactory(slug="the-facts")
    (html,) = guidance(
        client, f"See [our article]({post.get_absolute_url()}) and [theirs](https://example.org/x?a=1&b=2)."
    )
    assert f'href="{settings.SITE_URL}{post.get_absolute_url()}"' in html
    assert 'href="https://example.org/x?a=1&amp;b=2"' in html


def test_a_chart_is_drawn_with_its_description_and_table(client):
    (html,) = guidance(client, f"Before you answer:\n\n{CHART}")
    assert "<svg" in html
    assert "Three quarters in one country." in html
    assert "73" in html


def test_the_same_chart_and_the_same_footnote_under_two_questions_keep_their_ids_apart(client):
    text = f"As counted[^1].\n\n{CHART}\n[^1]: By them."
    first, second = guidance(client, text, text)
    assert "By them." in first
    assert "By them." in second


def test_a_picture_is_shown_with_its_alternative_text(client):
    PictureFactory(slug="cell", alt="A pouch cell on a bench")
    (html,) = guidance(client, "![A cell](picture:cell)")
    assert "<img" in html
    assert "A pouch cell on a bench" in html or 'alt="A cell"' in html


def test_a_broken_figure_says_so_in_its_place_and_the_question_is_asked(client):
    (html,) = guidance(client, "```chart\nkind = 7\n```")
    assert "This figure cannot be shown at the moment." in html


def test_scripts_and_styles_are_washed_out(client):
    (html,) = guidance(client, '<script>alert(1)</script><p style="x" onclick="y">Fine</p> [x](javascript:alert)')
    assert "Fine" in html
    assert not re.search(r"<script|onclick|style=|javascript:", html)
