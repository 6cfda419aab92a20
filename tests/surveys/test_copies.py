"""What somebody has answered, to take along: every version on a page, and a copy on paper."""

import re
import zlib
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.utils import timezone

from surveys import responses, rounds
from surveys.models import Answer, Question, Response
from surveys.responses import Entry
from surveys.responses.paper import Sheet, answers_pdf
from tests.surveys.asking import EVERY_KIND, ask, page_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 3, 17, 4, tzinfo=UTC)


def save(invitation, entries, *, submit=False, attribution="named", **options):
    return responses.save(invitation=invitation, entries=entries, submit=submit, attribution=attribution, **options)


def text_of(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


@pytest.fixture
def invitation():
    return ask(*EVERY_KIND, opens_at=NOON - timedelta(days=1), closes_at=NOON + timedelta(days=7))


def test_a_question_that_was_never_put_to_somebody_is_not_in_their_copy():
    condition = [{"question": "catch-up", "is": ["disagree"]}]
    asked = ask(*EVERY_KIND[:1], {"key": "why", "kind": "text", "prompt": "Why not?", "show_if": condition})

    response = save(asked, {"catch-up": Entry(value="agree")}, submit=True)

    assert Answer.objects.get(question__key="why").blank == "not_shown"
    assert [line.prompt for line in responses.copy_of(response)] == [EVERY_KIND[0]["prompt"]]


# --- every version


def test_every_version_is_there_the_newest_first_and_says_what_became_of_it(client, invitation):
    hour = timedelta(hours=1)
    save(invitation, {"catch-up": Entry(value="neutral")}, now=NOON)
    save(invitation, {"catch-up": Entry(value="agree", confidence=7, comment="Yes.")}, submit=True, now=NOON + hour)
    save(invitation, {"catch-up": Entry(value="disagree")}, submit=True, now=NOON + 2 * hour)
    save(invitation, {"catch-up": Entry(value="strongly_disagree")}, now=NOON + 3 * hour)

    with time_machine.travel(NOON + 4 * hour, tick=False):
        said = text_of(client.get(page_of(invitation, "history")))

    in_order = [
        "Tuesday, Nov. 3, 2026, 3:04 p.m. EST · changed, not submitted Strongly disagree",
        "Tuesday, Nov. 3, 2026, 2:04 p.m. EST · submitted, and counts Disagree",
        "Tuesday, Nov. 3, 2026, 1:04 p.m. EST · submitted Agree Confidence: 7 of 10 Yes.",
        "Tuesday, Nov. 3, 2026, 12:04 p.m. EST · draft Neither agree nor disagree",
        "Where should the next plant be built?",
    ]
    places = [said.index(part) for part in in_order]
    assert places == sorted(places)


def test_answer_taken_back_and_one_to_an_earlier_wording_are_there(client, invitation):
    save(invitation, {"where": Entry(value="south"), "view": Entry(value="Train people.")}, now=NOON)
    save(invitation, {"where": Entry()}, now=NOON)
    Question.objects.filter(key="view").update(superseded_at=timezone.now())

    with time_machine.travel(NOON, tick=False):
        said = text_of(client.get(page_of(invitation, "history")))

    assert "draft Left empty" in said
    assert "(an earlier wording of the question)" in said
    assert "Train people." in said


def test_versions_of_others_are_not_there(client, invitation):
    other = ask()
    save(other, {"catch-up": Entry(value="agree", comment="Somebody else’s words.")})

    page = client.get(page_of(invitation, "history"))

    assert "Somebody else’s words." not in text_of(page)
    assert "You have not answered anything yet." in text_of(page)


@pytest.mark.parametrize("number", [1, 10])
def test_versions_take_the_same_queries_for_one_question_and_ten(client, number, django_assert_num_queries):
    invitation = ask(*({"key": f"q{n}", "kind": "statement", "prompt": "Yes."} for n in range(number)))
    for value in ("agree", "disagree"):
        save(invitation, {f"q{n}": Entry(value=value) for n in range(number)}, submit=True)
    save(invitation, {f"q{n}": Entry(value="neutral") for n in range(number)})

    with django_assert_num_queries(3):
        client.get(page_of(invitation, "history"))
    with django_assert_num_queries(3):
        client.get(page_of(invitation, "pdf"))


# --- paper


def words_in(pdf):
    """What a reader would find in it: the text of every page, by the tables of characters that the file itself has."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    texts = [zlib.decompress(raw) if raw.startswith(b"x\x9c") else raw for raw in streams]
    tables = [
        {int(code, 16): bytes.fromhex(letter).decode("utf-16-be") for code, letter in BFCHAR.findall(text.decode())}
        for text in texts
        if b"beginbfchar" in text
    ]
    found = []
    for text in texts:
        table = {}
        for font, shown in SHOWN.findall(text) if b" Tf " in text else ():
            if font:
                table = tables[int(font) - 1]
                continue
            raw = re.sub(rb"\\(.)", lambda found: ESCAPED.get(found[1], found[1]), shown, flags=re.DOTALL)
            found += [table[int.from_bytes(raw[place : place + 2])] for place in range(0, len(raw), 2)]
    return " ".join("".join(found).split())


BFCHAR = re.compile(r"<(\w{4})> <(\w+)>")
SHOWN = re.compile(rb"/F(\d) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", re.DOTALL)
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


@pytest.fixture
def submitted(invitation):
    entries = {
        "catch-up": Entry(value="agree", confidence=8, comment="Plants are being built."),
        "where": Entry(blank="prefer_not"),
        "hurdles": Entry(value=["cost", "skills"]),
        "view": Entry(value="Train people first."),
    }
    save(invitation, entries, submit=True, interest="Shares in Example Cells", now=NOON)
    return Response.objects.get()


def test_paper_says_what_was_asked_and_said_how_it_is_quoted_and_what_was_agreed_to(submitted):
    said = words_in(answers_pdf(submitted))

    for part in (
        "Can the United States catch up? Answers of Dr. Sample",
        "Submitted on Tuesday, Nov. 3, 2026, 12:04 p.m. EST.",
        "1. The United States can catch up. Agree Confidence: 8 of 10 Plants are being built.",
        "2. Where should the next plant be built? Prefer not to say",
        "3. Which hurdles matter most? Cost; Workforce",
        "4. What share of cells in 2035? Skipped",
        "5. What would you tell the next administration? Train people first.",
        "— Dr. Sample, Example Cells",
        "Shares in Example Cells",
        submitted.consent.wording.split("\n")[0],
        f"Version of this text: {submitted.consent.wording_version}.",
        "Page 1 of 1",
    ):
        assert part in said
    assert "[" not in said


def test_words_of_one_answer_quoted_otherwise_say_so(invitation):
    save(
        invitation,
        {"catch-up": Entry(value="agree", comment="Yes.", attribution="sector")},
        submit=True,
        now=NOON,
    )

    assert "These words alone: — an industry expert" in words_in(answers_pdf(Response.objects.get()))


def test_agreed_edit_stands_beside_the_own_words(submitted):
    Answer.objects.filter(question__key="view").update(
        moderation=Answer.Moderation.APPROVED, edited_words="Train people."
    )

    assert "You agreed to be quoted in these words: Train people." in words_in(answers_pdf(submitted))


def test_line_on_paper_is_the_one_that_was_agreed_to(submitted):
    submitted.invitation.contributor.affiliation = "Somewhere Else"
    submitted.invitation.contributor.save()

    assert "Somewhere Else" not in words_in(answers_pdf(Response.objects.get()))


def test_draft_is_called_a_draft_and_a_change_that_waits_is_left_out(invitation):
    save(invitation, {"catch-up": Entry(value="agree")}, attribution="", now=NOON)
    said = words_in(answers_pdf(Response.objects.get()))
    assert "A draft, saved on Tuesday, Nov. 3, 2026, 12:04 p.m. EST. It was not submitted" in said
    assert "You have not chosen yet." in said

    save(invitation, {}, submit=True, now=NOON)
    save(invitation, {"catch-up": Entry(value="disagree")}, now=NOON)
    said = words_in(answers_pdf(Response.objects.get()))
    assert "Agree" in said
    assert "Disagree" not in said


HOSTILE = {
    "emoji": ("Charge 🔋 it, 👩\u200d🔬!", "Charge [battery] it, [woman][microscope]!"),
    "right to left": ("Before مرحبا بالعالم، نعم after", "Before [Arabic] after"),
    "ideographs": ("See 电池工厂。 now", "See [CJK] now"),
    "overridden direction": ("abc\u202edef", "abcdef"),
    "formula": ("=SUM(A1:A9) +1 @x -2 \\ ( ) <b>", "=SUM(A1:A9) +1 @x -2 \\ ( ) <b>"),
    "accents": ("Łódź naïve Ελληνικά Кириллица", "Łódź naïve Ελληνικά Кириллица"),
    "apart": ("nai\u0308ve 10\u202f% \u0663", "naïve 10 % 3"),
    "alias": ("{nb} {pages}", "{nb}"),
    "surrogate and control": ("a\ud800b\x07c", "abc"),
}


@pytest.mark.parametrize(("typed", "printed"), HOSTILE.values(), ids=HOSTILE)
def test_whatever_was_typed_is_printed_as_far_as_the_font_goes(submitted, typed, printed):
    sheet = Sheet(title="", foot="Foot", made_at=NOON)
    sheet.paragraph(typed)

    said = words_in(sheet.finish())

    assert printed in said
    assert ("lacks some of the characters" in said) is ("[" in printed)


@pytest.mark.parametrize("text", ["x" * 10_000, "many words " * 900, "\n" * 3000, "🔋 goes " * 900])
def test_ten_thousand_characters_take_the_pages_they_need(submitted, text):
    Answer.objects.filter(question__key="view").update(value=text)

    pdf = answers_pdf(submitted)

    pages, said = int(re.search(rb"/Count (\d+)", pdf)[1]), words_in(pdf)
    assert pages > 1
    assert f"Page {pages} of {pages}" in said
    assert said.count(text[0]) >= 10_000 or text[0] != "x"
    assert said.count("many words") == text.count("many words")


def test_same_answers_make_the_same_bytes(submitted):
    with time_machine.travel(NOON + timedelta(days=2), tick=False):
        first = answers_pdf(submitted)
    with time_machine.travel(NOON + timedelta(days=3), tick=False):
        assert answers_pdf(submitted) == first


def test_paper_is_tagged_in_reading_order_and_says_whose_it_is(submitted):
    pdf = answers_pdf(submitted)

    assert re.findall(rb"/S /(\w+)\n/Type /StructElem", pdf)[1:7] == [b"P", b"H1", b"P", b"P", b"H2", b"P"]
    for part in (b"/MarkInfo <</Marked true>>", b"/Lang (en-us)", b"/DisplayDocTitle true", b"/Author", b"/Title"):
        assert part in pdf


# --- its address


def test_paper_is_handed_over_as_a_file_and_kept_by_nobody(client, invitation, submitted):
    page = client.get(page_of(invitation, "pdf"))

    assert page.status_code == 200
    assert page["Content-Type"] == "application/pdf"
    slug = invitation.survey_round.survey.slug
    assert page["Content-Disposition"] == f'attachment; filename="my-answers-{slug}.pdf"'
    assert page["Cache-Control"] == "no-store"
    assert page.content.startswith(b"%PDF-")


def test_without_answers_there_is_no_paper(client, invitation):
    page = client.get(page_of(invitation, "pdf"))

    assert (page.status_code, page["Location"]) == (302, page_of(invitation))


def test_paper_and_versions_are_there_after_the_end(client, invitation, submitted):
    rounds.close(survey_round=invitation.survey_round, now=NOON + timedelta(days=7))

    assert client.get(page_of(invitation, "pdf")).status_code == 200
    assert "submitted, and counts" in text_of(client.get(page_of(invitation, "history")))
