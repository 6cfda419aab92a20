import io
import logging
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from naatbatt.mail import links, outbox
from naatbatt.mail.models import OutgoingMail
from surveys import invitations, moderation, responses, rounds
from surveys.models import Answer, AnswerVersion, Invitation, PendingChange, Question, Response, Survey
from surveys.responses import Entry
from tests.rows import every_row
from tests.surveys.asking import ALL_ANSWERED, EVERY_KIND, ask, page_of, token

pytestmark = pytest.mark.django_db

ONE = {"shown": ["catch-up"], "q-catch-up": "agree", "q-catch-up-confidence": "7"}


def post(client, invitation, action, data=None):
    return client.post(page_of(invitation), {**(data or {}), "action": action})


def text_of(page):
    return " ".join(unescape(page.content.decode()).split())


def words_of(page):
    """Without the tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", page.content.decode())).split())


@pytest.fixture
def submitted():
    """Dr. Sample has submitted, with a comment on the one statement."""
    invitation = ask()
    responses.save(
        invitation=invitation,
        entries={"catch-up": Entry(value="agree", confidence=7, comment="Plants are being built.")},
        attribution="named",
        submit=True,
    )
    return Invitation.objects.get(pk=invitation.pk)


def propose(invitation, editor, words="Plants are going up."):
    answer = Answer.objects.get(response__invitation=invitation)
    return moderation.propose_edit(answer=answer, by=editor, words=words)


def mark_in(page):
    return page.content.decode().split('name="proposal" value="')[1].split('"')[0]


# --- opening the page


def test_page_says_who_asks_whom_how_long_until_when_and_what_becomes_of_it(client, settings):
    closes_at = datetime(2026, 11, 7, 22, tzinfo=UTC)
    invitation = ask(*EVERY_KIND, opens_at=closes_at - timedelta(days=9), closes_at=closes_at)

    with time_machine.travel(closes_at - timedelta(days=1), tick=False):
        page = client.get(page_of(invitation))

    assert page.status_code == 200
    text = text_of(page)
    for part in (
        "The personal page of Dr. Sample",
        f"{settings.ASSOCIATION_NAME} asks for your view, Dr. Sample.",
        "5 questions, about 6 minutes",
        "We ask because it matters.",
        "quoted only in the way you choose",
        "Continue to review",
        "Save and stay",
        "Not now, or not for you?",
    ):
        assert part in text
    assert "Saturday, Nov. 7, 2026, 5 p.m. EST (10 p.m. UTC)" in words_of(page)
    assert '<time datetime="2026-11-07T22:00:00+00:00" title="America/New_York" data-zone="America/New_York"' in text


def test_end_that_falls_on_another_day_in_utc_says_which(client):
    closes_at = datetime(2026, 11, 8, 3, tzinfo=UTC)
    invitation = ask(opens_at=closes_at - timedelta(days=9), closes_at=closes_at)

    with time_machine.travel(closes_at - timedelta(days=1), tick=False):
        text = words_of(client.get(page_of(invitation)))

    assert "Saturday, Nov. 7, 2026, 10 p.m. EST (Sunday, Nov. 8, 2026, 3 a.m. UTC)" in text


def test_page_says_how_many_pages_there_are_and_what_depends_on_answers(client):
    condition = [{"question": "catch-up", "is": ["agree"]}]
    invitation = ask(EVERY_KIND[0], {**EVERY_KIND[3], "section": "Shares", "show_if": condition})

    assert "At most 2 questions on 2 pages, up to" in text_of(client.get(page_of(invitation)))


def test_closed_door_says_so_before_anything_is_asked(client):
    invitation = ask()
    assert "Chatham House" not in text_of(client.get(page_of(invitation)))
    Survey.objects.update(closed_door=True)

    text = text_of(client.get(page_of(invitation)))

    assert text.index("neither your name nor your affiliation is ever printed") < text.index('id="answers"')


def test_words_with_a_meaning_of_their_own_are_explained_above_the_questions_that_use_them(client):
    invitation = ask({**EVERY_KIND[3], "prompt": "How substantial will it be?"}, {**EVERY_KIND[4], "section": "Words"})
    meanings = [{"term": "substantial", "meaning": "<b>more than 10 %</b>"}, {"term": "soon", "meaning": "by 2030"}]
    Survey.objects.update(definitions=meanings)

    text = text_of(client.get(page_of(invitation)))

    assert "<dt>substantial</dt><dd>&lt;b&gt;more than 10 %" in " ".join(
        client.get(page_of(invitation)).content.decode().split()
    )
    assert "by 2030" not in text
    assert 'class="definitions"' not in text_of(client.get(page_of(invitation, 2)))


def test_page_says_whose_it_is_and_what_to_do_with_a_forwarded_one(client):
    invitation = ask()

    text = text_of(client.get(page_of(invitation)))

    assert "This page belongs to Dr. Sample" in text
    assert page_of(invitation, "colleague") in text


def test_personal_pages_are_kept_by_nobody_and_set_no_cookie(client, submitted):
    for path in (page_of(submitted), page_of(submitted, 2), page_of(submitted, "thanks"), "/a/wrong/"):
        page = client.get(path)
        assert page["Cache-Control"] == "no-store"
        assert page["X-Robots-Tag"] == "noindex"
        assert page["Referrer-Policy"] == "same-origin"
        assert not page.cookies
        html = page.content.decode()
        assert "style=" not in html
        scripts = re.findall(r"<script([^>]*)>([^<]*)</script>", html)
        assert all(source.startswith(' src="/static/') and not inline for source, inline in scripts), scripts


def nothing(invitation):
    pass


def a_draft(invitation):
    responses.save(invitation=invitation, entries={"catch-up": Entry(value="agree")}, attribution="", submit=False)


def a_submission(invitation):
    responses.save(
        invitation=invitation,
        entries={"catch-up": Entry(value="agree", comment="Yes.")},
        attribution="named",
        submit=True,
    )


def a_refusal(invitation):
    invitations.decline(invitation=invitation, reason="No time.")


def a_proposal(invitation):
    from django.contrib.auth import get_user_model

    a_submission(invitation)
    propose(invitation, get_user_model().objects.create_user("editor"))


def the_end(invitation):
    a_submission(invitation)
    rounds.close(survey_round=invitation.survey_round)


STATES = [nothing, a_draft, a_submission, a_refusal, a_proposal, the_end]


@pytest.mark.parametrize("state", STATES)
def test_opening_a_link_any_number_of_times_changes_nothing(client, state):
    invitation = ask()
    state(invitation)
    before = every_row()

    own = [page_of(invitation, name) for name in ("answer", 1, 2, "thanks", "review", "save")]
    for path in (*own, "/a/wrong/", "/a/wrong/2/", "/a/wrong/thanks/"):
        for method in (client.get, client.head, client.options):
            assert method(path).status_code in (200, 302, 404, 405)

    assert every_row() == before


# --- wrong links


def test_every_wrong_link_gets_the_same_page(client, settings):
    settings.STAFF_EMAILS = ["editors@example.org"]
    invitation = ask()
    wrong = [
        "x",
        "x" * 22,
        invitation.link_nonce,
        token(invitation)[:-1],
        token(invitation) + "x",
        "%00",
        "%F0%9F%94%8B",
    ]

    pages = [client.get(f"/a/{attempt}/{rest}") for attempt in wrong for rest in ("", "thanks/")]
    pages += [client.post(f"/a/{attempt}/", {"action": "submit"}) for attempt in wrong]

    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1
    assert "editors@example.org" in pages[0].content.decode()


def test_trying_out_links_is_stopped_for_this_address_only(client):
    for _ in range(30):
        assert client.get("/a/wrong/", REMOTE_ADDR="192.0.2.1").status_code == 404

    page = client.get("/a/wrong/", REMOTE_ADDR="192.0.2.1")

    assert page.status_code == 429
    assert page["Retry-After"] == "600"
    assert "wait ten minutes" in page.content.decode()
    assert client.get("/a/wrong/", REMOTE_ADDR="192.0.2.2").status_code == 404
    assert client.get(page_of(ask()), REMOTE_ADDR="192.0.2.1").status_code == 200, "a right link is never refused"


def test_token_is_in_no_log(client, settings):
    invitation = ask()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(links.RedactLinks())
    logging.getLogger().addHandler(handler)
    try:
        post(client, invitation, "next", {**ONE, "q-catch-up-confidence": "99"})
        post(client, invitation, "nonsense")
    finally:
        logging.getLogger().removeHandler(handler)

    assert "Unprocessable" in stream.getvalue()
    assert token(invitation) not in stream.getvalue()


# --- what is typed


def test_what_is_wrong_is_said_at_the_top_and_at_its_field_and_everything_else_is_kept(client):
    invitation = ask(*EVERY_KIND)
    paste = "Ten thousand. " * 714

    page = post(client, invitation, "next", {**ALL_ANSWERED, "q-catch-up-comment": paste, "q-share": "a lot"})

    assert page.status_code == 422
    html = page.content.decode()
    assert '<div class="errors" id="errors" role="alert">' in html
    assert '<a href="#id_q-catch-up-comment">Question 1</a>:' in html
    assert '<a href="#id_q-share">Question 4</a>:' in html
    assert re.findall(r'id="([\w-]+)" autofocus', html) == ["id_q-catch-up-comment"]
    assert "Everything else is kept as a draft" in html
    assert paste in html
    assert 'value="a lot"' in html
    stored = {row.question.key: row for row in Answer.objects.select_related("question")}
    assert (stored["catch-up"].value, stored["catch-up"].comment) == ("agree", "")
    assert stored["view"].value == "Train people first."
    assert "share" not in stored


def test_submitted_answers_are_not_changed_by_what_is_typed_afterwards(client, submitted):
    page = post(client, submitted, "next", {**ONE, "q-catch-up": "disagree", "q-catch-up-confidence": "99"})

    assert page.status_code == 422
    assert "Your submitted answers stand as they are." in text_of(page)
    assert (Answer.objects.get().value, Answer.objects.get().confidence) == ("agree", 7)


def test_double_click_saves_once(client):
    invitation = ask()

    for _ in range(2):
        assert post(client, invitation, "next", ONE).status_code == 302

    assert Response.objects.count() == AnswerVersion.objects.count() == 1
    assert not OutgoingMail.objects.exists()


def test_post_that_names_no_question_empties_none(client, submitted):
    assert post(client, submitted, "next", {}).status_code == 302

    assert Answer.objects.get().value == "agree"
    assert not PendingChange.objects.exists()


def test_no_button_of_these_pages_submits(client):
    invitation = ask()

    for action in ("next", "save", "back", "submit", "decline"):
        post(client, invitation, action, ONE)

    assert Response.objects.get().submitted_at is None


@pytest.mark.parametrize(
    "data", [{}, {"q-no-such": "1"}, {"shown": ["no-such"]}, {"q-catch-up": ["agree", "disagree"]}]
)
@pytest.mark.parametrize("number", [1, 2, 10**20])
def test_posts_of_any_shape_get_a_page(client, data, number):
    path = page_of(ask(), number)

    for action in ("save", "next", "back", "page:1", "take:catch-up"):
        assert client.post(path, {**data, "action": action}).status_code == 302


def test_body_that_is_no_form_gets_a_page(client):
    path = page_of(ask())

    assert client.post(path, '{"q-catch-up": 1}', content_type="application/json").status_code == 302
    assert client.post(path, b"\xff\x00", content_type="application/x-www-form-urlencoded").status_code == 302
    assert client.post(path, b"broken", content_type="multipart/form-data; boundary=x").status_code in (302, 400)


def test_unknown_button_changes_nothing_and_keeps_what_was_typed(client):
    invitation = ask()

    page = post(client, invitation, "launch", {**ONE, "q-catch-up-comment": "Still here."})

    assert page.status_code == 400
    assert "Still here." in page.content.decode()
    assert not Response.objects.exists()


def test_post_from_another_site_is_refused(client):
    invitation = ask()

    for path in (page_of(invitation), page_of(invitation, 2)):
        page = client.post(path, {**ONE, "action": "next"}, headers={"sec-fetch-site": "cross-site"})
        assert page.status_code == 403
    assert not Response.objects.exists()


def test_question_that_changes_between_reading_and_writing_loses_nothing(client, monkeypatch):
    invitation = ask()
    save = responses.save

    def superseded_first(**options):
        Question.objects.update(superseded_at=timezone.now())
        return save(**options)

    monkeypatch.setattr(responses, "save", superseded_first)

    page = post(client, invitation, "next", ONE)

    assert page.status_code == 409
    assert "The questions changed while you were answering." in text_of(page)


# --- before the opening and after the end


def test_round_that_has_not_opened_says_when_it_will(client):
    now = timezone.now()
    invitation = ask(opens_at=now + timedelta(days=1), closes_at=now + timedelta(days=2))

    page = client.get(page_of(invitation))

    assert page.status_code == 200
    assert invitation.survey_round.opens_in_words in text_of(page)
    assert "<form" not in page.content.decode().split("<main")[1].split("</main")[0]
    assert post(client, invitation, "next", ONE).status_code == 409
    assert not Response.objects.exists()


def test_after_the_end_the_answers_are_read_only(client, submitted):
    rounds.close(survey_round=submitted.survey_round)

    page = client.get(page_of(submitted))

    text = text_of(page)
    assert page.status_code == 200
    assert "This round is over." in text
    assert "Plants are being built." in text
    assert "<input" not in page.content.decode().split("<main")[1].split("</main")[0]
    assert client.get(page_of(submitted, "thanks")).status_code == 302


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (nothing, "We received no answers from you, and that is fine."),
        (a_draft, "Your answers were saved, but not submitted before the end, so they are not counted."),
        (a_refusal, "You had told us that you would not answer this time."),
    ],
)
def test_after_the_end_the_page_says_how_it_ended_for_this_person(client, state, said):
    invitation = ask()
    state(invitation)
    rounds.close(survey_round=invitation.survey_round)

    assert said in text_of(client.get(page_of(invitation)))


@pytest.mark.parametrize("action", ["save", "next", "back"])
def test_deadline_that_passes_while_the_page_is_open_loses_nothing(client, action, settings):
    """On the night on which the clock goes back, and the grace is over too."""
    opens_at = datetime(2026, 10, 25, 12, tzinfo=UTC)
    closes_at = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 1:30 a.m. for the second time that night
    invitation = ask(*EVERY_KIND, opens_at=opens_at, closes_at=closes_at)

    with time_machine.travel(closes_at - timedelta(minutes=1), tick=False) as clock:
        assert "1:30 a.m. EST" in text_of(client.get(page_of(invitation)))
        clock.move_to(closes_at + settings.ANSWER_GRACE)
        page = post(client, invitation, action, {**ALL_ANSWERED, "q-share": "a lot"})

    text = text_of(page)
    assert page.status_code == 409
    assert "Sunday, Nov. 1, 2026, 1:30 a.m. EST" in text
    for typed in ("Plants are being built.", "Train people first.", "a lot"):
        assert typed in text
    assert Response.objects.get().submitted_at is None


def test_page_that_was_open_at_the_deadline_is_taken_within_the_grace(client, settings):
    closes_at = datetime(2026, 11, 3, 17, tzinfo=UTC)
    invitation = ask(opens_at=closes_at - timedelta(days=1), closes_at=closes_at)

    with time_machine.travel(closes_at + settings.ANSWER_GRACE - timedelta(seconds=1), tick=False):
        page = post(client, invitation, "next", ONE)

    assert page.status_code == 302
    assert Answer.objects.get().value == "agree"


def test_round_closed_early_while_the_page_is_open_loses_nothing(client, monkeypatch):
    """Staff close it between our looking at the round and our writing."""
    invitation = ask(*EVERY_KIND)
    save = responses.save

    def closed_first(**options):
        rounds.close(survey_round=invitation.survey_round)
        return save(**options)

    monkeypatch.setattr(responses, "save", closed_first)

    page = post(client, invitation, "next", ALL_ANSWERED)

    assert page.status_code == 409
    assert "Train people first." in text_of(page)


# --- an edit is proposed


@pytest.mark.parametrize("over", [False, True])
def test_proposed_edit_is_shown_and_can_be_accepted_before_and_after_the_end(
    client, submitted, django_user_model, over
):
    propose(submitted, django_user_model.objects.create_user("editor"))
    if over:
        rounds.close(survey_round=submitted.survey_round)
    page = client.get(page_of(submitted))
    assert "Plants are being built." in text_of(page)
    assert "Plants are going up." in text_of(page)

    page = post(client, submitted, "accept_edit", {"proposal": mark_in(page)})

    assert (page.status_code, page["Location"]) == (302, page_of(submitted))
    assert Answer.objects.get().moderation == Answer.Moderation.APPROVED
    assert "We would like to quote you" not in text_of(client.get(page_of(submitted)))


def test_own_words_can_be_kept(client, submitted, django_user_model):
    propose(submitted, django_user_model.objects.create_user("editor"))
    page = client.get(page_of(submitted))

    assert post(client, submitted, "keep_own", {"proposal": mark_in(page)}).status_code == 302

    answer = Answer.objects.get()
    assert (answer.moderation, answer.edited_words) == (Answer.Moderation.PENDING, "")


def test_nobody_agrees_to_words_they_have_not_seen(client, submitted, django_user_model):
    editor = django_user_model.objects.create_user("editor")
    propose(submitted, editor)
    seen = mark_in(client.get(page_of(submitted)))
    propose(submitted, editor, "Plants are everywhere.")

    page = post(client, submitted, "accept_edit", {"proposal": seen})

    assert page.status_code == 409
    assert "This proposal has been changed or decided meanwhile." in text_of(page)
    assert "Plants are everywhere." in text_of(page)
    assert Answer.objects.get().moderation == Answer.Moderation.PROPOSED


def test_somebody_elses_proposal_is_out_of_reach(client, submitted, django_user_model):
    propose(submitted, django_user_model.objects.create_user("editor"))
    mark = mark_in(client.get(page_of(submitted)))
    other = ask()

    assert post(client, other, "accept_edit", {"proposal": mark}).status_code == 409
    assert post(client, other, "keep_own").status_code == 409
    assert Answer.objects.get().moderation == Answer.Moderation.PROPOSED


def test_mail_about_an_edit_shows_both_wordings_and_the_link(client, submitted, django_user_model):
    propose(submitted, django_user_model.objects.create_user("editor"))

    outbox.deliver_due()

    sent = mail.outbox[-1]
    assert sent.subject == "May we quote you in these words? Can the United States catch up?"
    for part in ("Plants are being built.", "Plants are going up.", page_of(submitted)):
        assert part in sent.body
        assert part in sent.alternatives[0].content
