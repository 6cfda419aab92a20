"""The page on which everything is read once more before it is submitted, and the one that thanks."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.contrib.auth import get_user_model

from naatbatt.mail.models import OutgoingMail
from surveys import disclosure, moderation, responses, review
from surveys.disclosure import Quote
from surveys.models import Answer, Consent, Invitation, PendingChange, Question, Response, Survey
from surveys.publishing import prose_html
from surveys.responses import Entry
from surveys.summaries import block_quote
from tests.factories import QuestionFactory
from tests.rows import every_row
from tests.surveys.asking import EVERY_KIND, ask, page_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 3, 17, 4, tzinfo=UTC)
ALL = {
    "catch-up": Entry(value="agree", confidence=8, comment="Plants are being built."),
    "where": Entry(value="south"),
    "hurdles": Entry(blank="no_opinion"),
    "share": Entry(value=30.0),
    "view": Entry(value="Train people first."),
}


def draft(invitation, entries=ALL, **options):
    responses.save(invitation=invitation, entries=entries, submit=False, **options)
    return Invitation.objects.get(pk=invitation.pk)


def submitted(invitation, entries=ALL, **options):
    responses.save(invitation=invitation, entries=entries, submit=True, **{"attribution": "named", **options})
    return Invitation.objects.get(pk=invitation.pk)


def see(client, invitation, name="review", status=200):
    page = client.get(page_of(invitation, name))
    assert page.status_code == status
    return page


def press(client, invitation, action="submit", *, as_read=None, **data):
    """Press a button of the page as it was shown (`as_read`), or as it stands now."""
    page = as_read or client.get(page_of(invitation, "review"))
    read = re.search(r'name="read" value="(\w+)"', page.content.decode())
    data = {"attribution": "named", **({"read": read[1]} if read else {}), **data, "action": action}
    return client.post(page_of(invitation, "review"), data)


def text_of(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


# --- what is read


def test_everything_is_read_by_section_as_its_author_gave_it_with_a_link_to_change_it(client):
    sections = ["The race", "The race", "The means", "The means", "The means"]
    invitation = draft(ask(*({**kind, "section": title} for kind, title in zip(EVERY_KIND, sections, strict=True))))
    page = see(client, invitation)
    text, html = text_of(page), page.content.decode()
    for part in ("The race", "The means", "Agree", "Confidence: 8 of 10", "Plants are being built.", "South", "30%"):
        assert part in text
    assert "Don't know / no opinion" in text
    assert f'href="{page_of(invitation)}#question-where"' in html
    assert f'href="{page_of(invitation, 2)}#question-view"' in html


def test_what_is_missing_stands_first_and_what_is_empty_is_said(client):
    invitation = draft(ask(*EVERY_KIND), {"where": Entry(value="south")})
    page = see(client, invitation)
    text = text_of(page)
    assert "One question still needs an answer before you can submit: The United States can catch up." in text
    assert text.index("still needs an answer") < text.index("What you answered")
    assert "Not answered yet, and required" in text
    assert page.content.decode().count('<p class="said blank">Not answered</p>') == 3


def test_questions_that_are_not_put_to_somebody_are_not_there(client):
    hidden = {
        "key": "why", "kind": "text", "prompt": "Why not?",
        "show_if": [{"question": "catch-up", "is": ["disagree"]}],
    }  # fmt: skip
    invitation = draft(ask(EVERY_KIND[0], hidden), {"catch-up": Entry(value="agree")})
    assert "Why not?" not in text_of(see(client, invitation))


def test_reading_changes_nothing(client):
    invitation = submitted(ask(*EVERY_KIND))
    draft(invitation, {"where": Entry(value="midwest")})
    before = every_row()
    for method in (client.get, client.head, client.options):
        for name in ("review", "thanks"):
            assert method(page_of(invitation, name)).status_code in (200, 405)
    assert every_row() == before


def test_the_page_is_kept_by_nobody_and_needs_neither_cookie_nor_script(client):
    for page in (see(client, draft(ask(*EVERY_KIND))), see(client, submitted(ask(*EVERY_KIND)), "thanks")):
        assert (page["Cache-Control"], page["X-Robots-Tag"], page["Referrer-Policy"]) == (
            "no-store", "noindex", "same-origin",
        )  # fmt: skip
        assert not page.cookies
        assert "style=" not in page.content.decode()


@pytest.mark.parametrize("number", [1, 12])
def test_the_number_of_queries_does_not_depend_on_the_number_of_questions(client, number, django_assert_num_queries):
    invitation = ask(*({"key": f"q{n}", "kind": "statement", "prompt": "Yes."} for n in range(number)))
    draft(invitation, {f"q{n}": Entry(value="agree", comment="Yes.") for n in range(number)})
    own = {f"q-q{n}-attribution": "sector" for n in range(number)}
    with django_assert_num_queries(3):
        see(client, invitation)
    with django_assert_num_queries(19):
        assert press_blindly(client, invitation, **own).status_code == 302
    draft(invitation, {f"q{n}": Entry(value="disagree", comment="No.") for n in range(number)})
    with django_assert_num_queries(5):
        see(client, invitation)
    with django_assert_num_queries(4):
        see(client, invitation, "thanks")
    with django_assert_num_queries(20):
        assert press_blindly(client, invitation, **own).status_code == 302


def press_blindly(client, invitation, **data):
    return client.post(page_of(invitation, "review"), {"action": "submit", "attribution": "named", **data})


# --- how it will be seen


@pytest.mark.parametrize("words", ["Train people first.", "*Not* a <b>list</b>:\n\n- one\n- two\n\n1. \u202ethree & 4"])
def test_the_preview_is_what_a_post_prints(client, words):
    invitation = draft(ask(*EVERY_KIND), {"view": Entry(value=words)}, attribution="named")
    printed = prose_html(block_quote(Quote(1, 1, "industry", words, "Dr. Sample, Example Cells")))
    html = see(client, invitation).content.decode()
    seen = re.search(r'<blockquote dir="auto">(.*?)</blockquote>', html, re.DOTALL)
    expected = re.search(r"<blockquote>(.*?)</blockquote>", printed, re.DOTALL)
    assert [unescape(part).strip() for part in re.findall(r"<p>(.*?)</p>", seen[1], re.DOTALL)] == [
        unescape(part).strip().replace("\u200b", "") for part in re.findall(r"<p>(.*?)</p>", expected[1], re.DOTALL)
    ]
    assert '<span data-line="named">— Dr. Sample, Example Cells</span>' in html
    assert "<figcaption>— Dr. Sample, Example Cells</figcaption>" in printed


def test_the_line_that_is_seen_is_the_one_chosen_for_the_answer_or_else_for_all(client):
    own = {**ALL, "view": Entry(value="Train people first.", attribution="background")}
    html = see(client, draft(ask(*EVERY_KIND), own, attribution="sector")).content.decode()
    assert re.findall(r'class="previewed" data-now="(\w+)"', html) == ["sector", "background"]
    html = see(client, draft(ask(*EVERY_KIND))).content.decode()
    assert re.findall(r'class="previewed" data-now="(\w+)"', html) == ["unchosen", "unchosen"]


def test_what_has_no_words_is_said_to_be_counted_only(client):
    text = text_of(see(client, draft(ask(*EVERY_KIND))))
    counted = text[text.index("Counted only") : text.index("What you agree to")]
    assert "What share of cells in 2035?" in counted
    assert "What would you tell the next administration?" not in counted


def test_an_edited_wording_is_what_readers_would_see_once_its_author_has_agreed(client):
    invitation = submitted(ask(*EVERY_KIND))
    row = Answer.objects.get(question__key="view")
    editor = get_user_model().objects.create_user("editor")
    proposed = moderation.propose_edit(answer=row, by=editor, words="Training comes first.")
    preview = lambda: text_of(see(client, invitation)).partition("How others will see this")[2]  # noqa: E731
    assert "Train people first." in preview()
    moderation.accept_edit(answer=proposed)
    assert "Training comes first." in preview()
    assert "Train people first." not in preview()


def test_a_closed_door_survey_says_why_it_offers_no_name(client):
    invitation = draft(ask(*EVERY_KIND))
    Survey.objects.update(closed_door=True)
    page = see(client, invitation)
    assert "It is held under the Chatham House rule" in text_of(page)
    html = page.content.decode()
    assert 'value="named"' not in html
    assert 'value="affiliation"' not in html
    assert 'name="interest"' not in html
    assert html.count("Dr. Sample") == 2, "in whose page it is, and nowhere else"


# --- submitting


def test_submitting_leads_to_thanks_with_the_answers_the_line_and_what_was_agreed_to(client):
    invitation = ask(*EVERY_KIND, opens_at=NOON - timedelta(days=1), closes_at=NOON + timedelta(days=2))
    with time_machine.travel(NOON, tick=False):
        draft(invitation)
        page = press(client, invitation, interest="holds shares", **{"q-view-attribution": "sector"})
        assert (page.status_code, page["Location"]) == (302, page_of(invitation, "thanks"))
        text = text_of(see(client, invitation, "thanks"))
        review_text = text_of(see(client, invitation))
    for part in (
        "Thank you. Your answers are in.",
        "Plants are being built.",
        "— Dr. Sample, Example Cells (disclosed interest: holds shares)",
        "These words alone: — an industry expert",
        "What you agreed to on Tuesday, Nov. 3, 2026, 12:04 p.m. EST",
        "Change my answers",
    ):
        assert part in text
    assert "You agreed to this on Tuesday, Nov. 3, 2026, 12:04 p.m. EST." in review_text
    assert Consent.objects.get().exceptions == {"view": "sector"}


def test_pressing_twice_is_submitting_once(client):
    invitation = draft(ask(*EVERY_KIND))
    page = see(client, invitation)
    for _press in range(2):
        done = press(client, invitation, as_read=page, interest="holds shares")
        assert (done.status_code, done["Location"]) == (302, page_of(invitation, "thanks"))
    assert (Consent.objects.count(), OutgoingMail.objects.count()) == (1, 1)


def test_the_enter_key_submits_nothing(client):
    html = see(client, draft(ask(*EVERY_KIND))).content.decode()
    form = html[html.index('id="review"') :]
    assert form.index('value="save"') < form.index('value="submit"'), "Enter presses the first button"


def test_incomplete_answers_come_back_with_links_and_what_was_chosen_is_kept(client):
    invitation = draft(ask(*EVERY_KIND), {"view": Entry(value="Train people first.")})
    page = press(client, invitation, interest="holds shares", **{"q-view-attribution": "sector"})
    assert page.status_code == 422
    html = page.content.decode()
    assert 'role="alert" tabindex="-1" autofocus' in html
    assert f'<a href="{page_of(invitation)}#question-catch-up">Question 1</a>' in html
    response = Response.objects.get()
    assert (response.submitted_at, response.attribution, response.interest) == (None, "named", "holds shares")
    assert response.answers.get().attribution == "sector"


def test_who_has_not_chosen_how_to_be_quoted_is_asked_to(client):
    invitation = draft(ask(*EVERY_KIND))
    page = press(client, invitation, attribution="")
    assert page.status_code == 422
    assert '<a href="#quoted-0">How may we quote you?</a>' in page.content.decode()
    assert Response.objects.get().submitted_at is None


@pytest.mark.parametrize("posted", ["named", "affiliation", "anything"])
def test_no_post_by_hand_exceeds_what_a_closed_door_survey_prints(client, posted):
    invitation = draft(ask(*EVERY_KIND))
    Survey.objects.update(closed_door=True)
    assert press(client, invitation, attribution=posted, interest="holds shares").status_code == 422
    page = press(client, invitation, attribution="sector", **{"q-view-attribution": posted})
    assert page.status_code == 422
    assert not Response.objects.filter(submitted_at__isnull=False).exists()
    assert not Answer.objects.exclude(attribution="").exists()


def test_what_was_chosen_before_the_doors_were_closed_is_chosen_anew(client):
    own = {**ALL, "view": Entry(value="Train people first.", attribution="named")}
    invitation = draft(ask(*EVERY_KIND), own, attribution="named")
    Survey.objects.update(closed_door=True)
    assert press(client, invitation, attribution="").status_code == 422
    assert press(client, invitation, attribution="sector", **{"q-view-attribution": ""}).status_code == 302
    for row in Answer.objects.all():
        assert disclosure.line_under(row) == "an industry expert"


def test_an_interest_that_is_too_long_comes_back_as_it_was_typed(client):
    invitation = draft(ask(*EVERY_KIND))
    page = press(client, invitation, interest="x" * 301)
    assert page.status_code == 422
    assert "x" * 301 in page.content.decode()
    assert 'href="#id_interest"' in page.content.decode()
    assert (Response.objects.get().interest, Response.objects.get().submitted_at) == ("", None)


def test_what_was_not_read_here_is_not_submitted(client):
    invitation = draft(ask(*EVERY_KIND))
    page = see(client, invitation)
    draft(invitation, {"view": Entry(value="Typed in another window.")})
    refused = press(client, invitation, as_read=page)
    assert refused.status_code == 409
    assert "An answer has changed since this page was opened" in text_of(refused)
    assert "Typed in another window." in text_of(refused)
    assert Response.objects.get().submitted_at is None
    assert press(client, invitation, as_read=refused).status_code == 302


def test_an_answer_that_changes_between_reading_and_writing_is_not_overwritten(client, monkeypatch):
    invitation = draft(ask(*EVERY_KIND))
    quoted = review.Row.quoted

    def changed_first(row, level):
        entry = quoted(row, level)
        draft(invitation, {"view": Entry(value="Typed in another window.")})
        return entry

    monkeypatch.setattr(review.Row, "quoted", changed_first)
    page = press(client, invitation, **{"q-view-attribution": "sector"})
    assert page.status_code == 409
    assert Answer.objects.get(question__key="view").value == "Typed in another window."
    assert Response.objects.get().submitted_at is None


def test_a_question_that_becomes_required_between_reading_and_writing_is_asked(client, monkeypatch):
    invitation = draft(ask(*EVERY_KIND))
    save = responses.save

    def required_first(**options):
        QuestionFactory(survey=invitation.survey_round.survey, key="new", prompt="A new one.", required=True)
        return save(**options)

    monkeypatch.setattr(responses, "save", required_first)
    page = press(client, invitation)
    assert page.status_code == 422
    assert "A new one." in text_of(page)
    assert Response.objects.get().submitted_at is None


def test_saving_keeps_the_choices_and_submits_nothing(client):
    invitation = draft(ask(*EVERY_KIND))
    page = press(client, invitation, "save", attribution="sector", interest="holds shares")
    assert (page.status_code, page["Location"]) == (302, page_of(invitation, "review"))
    response = Response.objects.get()
    assert (response.attribution, response.interest, response.submitted_at) == ("sector", "holds shares", None)
    assert not OutgoingMail.objects.exists()


def test_an_unknown_button_changes_nothing_and_keeps_what_was_chosen(client):
    invitation = draft(ask(*EVERY_KIND))
    before = every_row()
    page = press(client, invitation, "launch", interest="holds shares")
    assert page.status_code == 400
    assert "holds shares" in page.content.decode()
    assert every_row() == before


@pytest.mark.parametrize("body", ['{"action": "submit"}', b"\xff\x00", ""])
def test_a_body_that_is_no_form_gets_a_page(client, body):
    path = page_of(draft(ask(*EVERY_KIND)), "review")
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        assert client.post(path, body, content_type=kind).status_code in (302, 400, 422)
    assert Response.objects.get().submitted_at is None


def test_a_post_from_another_site_is_refused(client):
    path = page_of(draft(ask(*EVERY_KIND)), "review")
    page = client.post(path, {"action": "submit", "attribution": "named"}, headers={"sec-fetch-site": "cross-site"})
    assert page.status_code == 403
    assert Response.objects.get().submitted_at is None


# --- after submitting


def test_changes_wait_until_they_are_submitted(client):
    invitation = submitted(ask(*EVERY_KIND))
    draft(invitation, {"where": Entry(value="midwest")})
    text = text_of(see(client, invitation))
    assert "You have changes that are not submitted yet." in text
    assert "Until you submit, this counts: South" in text
    assert "Look through your changes" in text_of(see(client, invitation, "thanks"))
    assert Answer.objects.get(question__key="where").value == "south"
    assert press(client, invitation).status_code == 302
    assert Answer.objects.get(question__key="where").value == "midwest"
    assert not PendingChange.objects.exists()


def test_changes_can_be_discarded_any_number_of_times(client):
    invitation = submitted(ask(*EVERY_KIND))
    draft(invitation, {"where": Entry(value="midwest")})
    for _press in range(2):
        page = client.post(page_of(invitation, "review"), {"action": "discard"})
        assert (page.status_code, page["Location"]) == (302, page_of(invitation, "review"))
    assert not PendingChange.objects.exists()
    assert Answer.objects.get(question__key="where").value == "south"


def test_looking_at_another_line_after_submitting_changes_nothing_that_counts(client):
    invitation = submitted(ask(*EVERY_KIND))
    page = press(client, invitation, "save", attribution="sector", interest="holds shares")
    assert page.status_code == 200
    html = page.content.decode()
    assert re.findall(r'class="previewed" data-now="(\w+)"', html) == ["sector", "sector"]
    assert "(disclosed interest: holds shares)" in html
    response = Response.objects.get()
    assert (response.attribution, response.interest) == ("named", "")


def test_a_lowered_level_counts_once_it_is_submitted(client):
    invitation = submitted(ask(*EVERY_KIND))
    assert press(client, invitation, attribution="background").status_code == 302
    assert {disclosure.line_under(row) for row in Answer.objects.all()} == {None}


# --- before and after the round


def test_the_page_waits_for_the_round_and_ends_with_it(client):
    coming = ask(opens_at=NOON, closes_at=NOON + timedelta(days=1))
    with time_machine.travel(NOON - timedelta(days=1)):
        assert client.get(page_of(coming, "review"))["Location"] == page_of(coming)
        assert press(client, coming)["Location"] == page_of(coming)
        assert client.post(page_of(coming, "review"), {"action": "discard"})["Location"] == page_of(coming)
    assert not Response.objects.exists()
    with time_machine.travel(NOON + timedelta(days=2)):
        assert client.get(page_of(coming, "review"))["Location"] == page_of(coming)
        assert client.get(page_of(coming, "thanks"))["Location"] == page_of(coming)


def test_what_is_submitted_after_the_end_is_kept_and_offered_to_the_editors(client):
    invitation = ask(*EVERY_KIND, opens_at=NOON, closes_at=NOON + timedelta(days=1))
    with time_machine.travel(NOON + timedelta(hours=1)):
        draft(invitation)
        page = see(client, invitation)
    with time_machine.travel(NOON + timedelta(days=2)):
        late = press(client, invitation, as_read=page, attribution="sector", interest="holds shares")
    assert late.status_code == 409
    response = Response.objects.get()
    assert response.submitted_at is None
    assert response.offered_late_at is not None
    assert (response.attribution, response.interest) == ("sector", "holds shares")


def test_thanks_wait_for_a_submission(client):
    invitation = ask(*EVERY_KIND)
    for state in (lambda: None, lambda: draft(invitation)):
        state()
        assert client.get(page_of(invitation, "thanks"))["Location"] == page_of(invitation)


def test_nothing_typed_is_more_than_text(client):
    hostile = '<script>alert(1)</script>"><img src=x>'
    entries = {"catch-up": Entry(value="agree", comment=hostile), "view": Entry(value=hostile)}
    invitation = submitted(ask(*EVERY_KIND), entries, interest=hostile)
    Question.objects.filter(key="view").update(prompt=hostile)
    for name in ("review", "thanks"):
        html = see(client, invitation, name).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html
