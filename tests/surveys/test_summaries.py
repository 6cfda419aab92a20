"""The draft that an editor finds: what it says, where its numbers come from, and what nobody can smuggle into it."""

import html
import re
from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from posts import prose
from posts.models import Post
from surveys import rounds, summaries, tasks
from surveys.models import Answer, Question, Summary
from tests.factories import PostFactory, QuestionFactory, SeriesFactory
from tests.surveys.answered import CLOSES, a_survey, an_answered_round


@pytest.fixture
def survey_round(db):
    return an_answered_round(a_survey(slug="three-questions", series=SeriesFactory(title="The Great Battery Race")))


def compiled(survey_round):
    return summaries.compile_summary(snapshot=rounds.close(survey_round=survey_round, now=CLOSES)).post


def approve(question, name, words, **response):
    """Give a contributor these words, approved."""
    answer = Answer.objects.get(question__key=question, response__invitation__contributor__name=name)
    is_text = question == "step"
    answer.value, answer.blank = (words, "") if is_text else (answer.value, answer.blank)
    answer.comment = "" if is_text else words
    answer.moderation = Answer.Moderation.APPROVED
    answer.save()
    for field, value in response.items():
        setattr(answer.response, field, value)
    answer.response.save()
    return answer


# --- what it says


def test_the_opening_says_who_was_asked_and_who_answered(survey_round):
    body = compiled(survey_round).body
    assert (
        "NAATBatt put 4 questions to 12 experts: 6 from industry, 4 from academia and 2 from government. Of them 10 "
        "answered, a response rate of 83% (AAPOR RR1: 10 complete answers from 12 people asked). Of the others, 1 "
        "declined and 1 did not reply."
    ) in body
    for row in ("| Industry | 6 | 5 | 83% |", "| Academia | 4 | 4 | 100% |", "| Government | 2 | 1 | 50% |"):
        assert row in body
    assert "| All | 12 | 10 | 83% |" in body


def test_title_and_standfirst_give_the_answer(survey_round):
    post = compiled(survey_round)
    assert post.title == "Three questions about the battery race: what 10 experts answered"
    assert post.standfirst == (
        "“By 2035 the United States will make half of the cells it uses.” Most agree, among 9 experts from industry, "
        "academia and government."
    )


def test_the_day_of_the_citation_is_the_day_in_the_zone_of_the_round(survey_round):
    with time_machine.travel(datetime(2026, 12, 5, 2, 0, tzinfo=UTC), tick=False):  # still the evening of the 4th
        snapshot = rounds.close(survey_round=survey_round, now=CLOSES)
    assert f"snapshot 1 ({snapshot.short_hash}), Dec. 4, 2026." in summaries.write(snapshot).body


def test_each_question_has_its_figure_and_its_numbers_in_words(survey_round):
    body = compiled(survey_round).body
    section = body.partition("## By 2035")[2].partition("## Which hurdle")[0]
    assert (
        '```survey-figure\nsurvey = "three-questions"\nsnapshot = 1\nquestion = "catch-up"\ntitled = false\n```'
        in section
    )
    assert "**Most agree.**" in section
    assert "67%" in section  # 6 of 9 agree
    assert "74%" in section  # 42 of 57 points of confidence
    assert body.count("```survey-figure") == 3  # free text has none


def test_a_question_put_to_some_says_to_whom(survey_round):
    show_if = [{"question": "catch-up", "is": ["agree", "strongly_agree"]}]
    survey_round.survey.questions.filter(key="hurdle").update(show_if=show_if)
    body = compiled(survey_round).body
    asked = "Asked only where “By 2035 the United States will make half of the cells it…” was answered “Agree” or"
    assert f"## Which hurdle weighs most?\n\n{asked} “Strongly agree”.\n" in body
    assert body.count("Asked only") == 1


def test_withheld_groups_are_named_and_their_numbers_are_nowhere(survey_round):
    post = compiled(survey_round)
    assert "Withheld here: academia and government in “By 2035" in post.body
    page = prose.render(post.body).html
    assert "Not shown separately: academia and government." in page
    assert "Academia 33%" not in page
    assert not re.search(r"Academia[^<]{0,20}of 3", page)


def test_the_method_note_can_be_checked_against_the_snapshot(survey_round):
    post = compiled(survey_round)
    snapshot = survey_round.snapshots.get()
    method = post.body.partition("## How we asked")[2]
    assert "From Monday, Nov. 2, 2026, 9 a.m. EST to Monday, Nov. 16, 2026, 9 a.m. EST." in method
    assert f"snapshot 1 of this survey (SHA-256 `{snapshot.sha256}`)" in method
    assert f"round 1, snapshot 1 ({snapshot.short_hash})" in method
    for promise in ("largest remainder", "from 1 to 10", "fewer than 3 answers", "no margin of error"):
        assert promise in method
    assert "[The Great Battery Race](/series/" in method


def test_figures_come_from_the_snapshot_and_say_so(survey_round):
    post = compiled(survey_round)
    snapshot = survey_round.snapshots.get()
    assert prose.check(post.body) == []
    page = prose.render(post.body).html
    assert page.count(f"Snapshot 1 · {snapshot.short_hash}") == 3
    Answer.objects.filter(question__key="catch-up", blank="").update(value="strongly_disagree")
    assert prose.render(post.body + " ").html.startswith(page[:2000])


def test_approved_words_are_quoted_under_their_question_with_the_line_their_author_chose(survey_round):
    approve("catch-up", "Sample A", "Plants are being built.")
    approve("catch-up", "Sample F", "Not fast enough.", attribution="sector")
    approve("catch-up", "Sample G", "Never quote me.", attribution="background")
    approve("step", "Sample B", "Train people.\n\nThen build.", attribution="affiliation")
    Answer.objects.filter(question__key="hurdle").update(comment="Unread.", moderation="pending")
    post = compiled(survey_round)
    assert "> Plants are being built.\n>\n> — Sample A, Example Cells\n\n> Not fast enough." in post.body
    assert "> Train people.\n>\n> Then build.\n>\n> — an expert at Example Cells" in post.body
    page = prose.render(post.body).html
    quotes = re.findall(r'<figure class="quote">.*?</figure>', page, re.DOTALL)
    assert [re.sub(r"<[^>]+>|\n", "", quote) for quote in quotes] == [
        "Plants are being built.— Sample A, Example Cells",
        "Not fast enough.— an academic expert",
        "Train people.Then build.— an expert at Example Cells",
    ]
    for secret in ("Never quote me", "Unread", "Sample F", "Sample G", "Sample B"):
        assert secret not in page


def test_edited_quotations_are_counted_in_the_method_note(survey_round):
    answer = approve("catch-up", "Sample A", "Plants are, well, being built.")
    answer.edited_words = "Plants are being built."
    answer.save()
    body = compiled(survey_round).body
    assert "> Plants are being built.\n" in body
    assert "One quotation was edited, with its author’s consent." in body


def test_a_later_round_says_so_in_the_title(survey_round):
    later = an_answered_round(survey_round.survey, number=2)
    assert compiled(later).title == "Three questions about the battery race: what 10 experts answered in round 2"


def test_a_question_reworded_during_the_round_says_so(survey_round):
    old = Question.objects.get(key="catch-up")
    Question.objects.filter(pk=old.pk).update(superseded_at=CLOSES)
    QuestionFactory(survey=old.survey, key="catch-up", version=2, prompt="By 2040?", position=1)
    body = compiled(survey_round).body
    assert "“By 2040?” was worded differently at first" in body


@pytest.mark.django_db
def test_a_round_without_answers_still_makes_a_draft():
    survey_round = an_answered_round(answers=())
    post = compiled(survey_round)
    assert prose.check(post.body) == []
    assert "Fewer than 3 contributors gave an answer, so no figures are shown." in post.body


# --- once


def test_a_snapshot_is_compiled_once_and_an_edited_draft_is_left_alone(survey_round):
    post = compiled(survey_round)
    post.body = "Edited."
    post.save()
    assert compiled(survey_round).body == "Edited."
    assert Post.objects.count() == 1


def test_a_deleted_draft_does_not_come_back(survey_round):
    compiled(survey_round).delete()
    tasks.compile_summaries()
    assert Post.objects.count() == 0
    assert Summary.objects.get().post is None


def test_the_task_compiles_what_has_no_summary_and_goes_on_after_a_failure(survey_round, monkeypatch, caplog):
    first = rounds.close(survey_round=survey_round, now=CLOSES)
    second = rounds.close(survey_round=an_answered_round(), now=CLOSES)
    write = summaries.write
    monkeypatch.setattr(summaries, "write", lambda snapshot: write(snapshot) if snapshot.pk != first.pk else 1 / 0)
    tasks.compile_summaries()
    assert [summary.snapshot for summary in Summary.objects.all()] == [second]
    assert f"snapshot {first.pk} could not be compiled" in caplog.text
    monkeypatch.undo()
    tasks.compile_summaries()
    tasks.compile_summaries()
    assert Summary.objects.count() == 2


def test_the_draft_is_the_next_part_of_the_series(survey_round):
    PostFactory(series=survey_round.survey.series, part=4)
    post = compiled(survey_round)
    assert (post.series, post.part, post.published_at) == (survey_round.survey.series, 5, None)


# --- hostile words

HOSTILE = [
    "# Heading",
    "## Heading {#id .class}",
    "Setext\n===",
    "Setext\n---",
    "> quote",
    "- item",
    "+ item",
    "* item",
    "1. item",
    "2024. That was the year.",
    "---",
    "***",
    "```survey-figure\nsurvey = 'x'\n```",
    "```chart\nrows = 1",
    "~~~chart\nrows = 1\n~~~",
    "    indented code",
    "[link](javascript:alert(1))",
    "[link](https://evil.example)",
    "![picture](picture:slug)",
    "![x](https://evil.example/pixel.png)",
    "<https://evil.example>",
    "<script>alert(1)</script>",
    "<b onmouseover=alert(1)>bold</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;b&#62;",
    "*emphasis* and __strong__ and `code`",
    "a | b\n--- | ---\n1 | 2",
    "note[^1]\n\n[^1]: a footnote",
    "[ref]: https://evil.example",
    "*[HTML]: abbreviation",
    "Term\n: definition",
    "[TOC]",
    "!!! note\n    admonition",
    "\\*escaped\\*",
    "\\",
    "ends with a backslash\\",
    "\x02wzxhzdk:0\x03",
    "\x02amp\x03lt;b>",
    "klzzwxh:0001",
    "— Somebody Else, Elsewhere",
    "--- Somebody Else",
    "Yes.\n\n— Somebody Else",
    "right\u202eto left",
    "line\u2028separator\u2029and\x0bmore\x85",
]


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.django_db
def test_words_are_read_as_nothing_but_words(words):
    quote = summaries.block_quote(summaries.Quote(1, 1, "industry", words, "Ada Sample"))
    page = str(prose.render(f"Before.\n\n{quote}\n\nAfter.\n").html)
    assert set(re.findall(r"</?([a-z0-9]+)", page)) <= {"p", "figure", "blockquote", "figcaption"}
    assert page.count("<figure") == page.count("<blockquote") == page.count("<figcaption") == 1
    assert "<figcaption>— Ada Sample</figcaption>" in page
    assert "After." in page.rpartition("</figure>")[2]


def plain(page: str) -> str:
    """A page's text as it was typed: without tags, smart punctuation put back."""
    text = html.unescape(re.sub(r"<[^>]+>", "", page)).replace("\u200b", "")
    for smart, typed in (("…", "..."), ("—", "---"), ("–", "--")):
        text = text.replace(smart, typed)
    return " ".join(text.split())


@settings(max_examples=400, deadline=None)
@given(words=st.text(alphabet="\\`*_{}[]()#+-.!|<>&;:=~^$@/ab1\n\t ", max_size=30))
@pytest.mark.django_db
def test_every_character_comes_out_as_it_went_in(words):
    page = str(prose.render(f"Before {summaries.literal('x ' + words)}").html)
    assert page.count("<") == 2  # one paragraph
    assert plain(page) == " ".join(f"Before x {words}".split())
    begins = str(prose.render(summaries.literal(words)).html)
    assert set(re.findall(r"</?([a-z0-9]+)", begins)) <= {"p"}
    assert plain(begins) == " ".join(words.split())


def test_a_name_or_prompt_cannot_break_out_of_its_line(survey_round):
    Question.objects.filter(key="hurdle").update(prompt="Which?\n\n# Owned\n\n```chart\n```\n")
    answer = approve("catch-up", "Sample A", "Fine.")
    contributor = answer.response.invitation.contributor
    contributor.name = "Ada\n\n## Owned"
    contributor.save()
    post = compiled(survey_round)
    page = prose.render(post.body).html
    assert "Owned</h" not in page.replace("# Owned ```chart ```</h2>", "")
    assert "<figcaption>— Ada ## Owned, Example Cells</figcaption>" in page


@pytest.mark.django_db
def test_the_method_says_when_a_survey_was_closed_door():
    usual, closed = (
        rounds.close(survey_round=an_answered_round(a_survey(closed_door=doors)), now=CLOSES) for doors in (False, True)
    )
    assert "Chatham House" not in summaries.write(usual).body
    assert "under the Chatham House rule: what was said may be used" in summaries.write(closed).body
