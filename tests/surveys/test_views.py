import io
import logging
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from naatbatt.mail import links, outbox
from naatbatt.mail.models import OutgoingMail
from surveys import invitations, moderation, responses, rounds
from surveys.models import Answer, AnswerVersion, Invitation, Question, Response
from surveys.responses import Entry
from tests.factories import QuestionFactory
from tests.rows import every_row
from tests.surveys.asking import ALL_ANSWERED, EVERY_KIND, ask, page_of, token

pytestmark = pytest.mark.django_db

ONE = {"shown": ["catch-up"], "q-catch-up": "agree", "q-catch-up-confidence": "7", "attribution": "named"}


def post(client, invitation, action, data=None, **headers):
    return client.post(page_of(invitation), {**(data or {}), "action": action}, headers=headers)


def text_of(page):
    return " ".join(unescape(page.content.decode()).split())


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
    invitation = ask(*EVERY_KIND)

    page = client.get(page_of(invitation))

    assert page.status_code == 200
    text = text_of(page)
    for part in (
        "The personal page of Dr. Sample",
        f"{settings.ASSOCIATION_NAME} asks for your view, Dr. Sample.",
        "5 questions, about 6 minutes",
        invitation.survey_round.closes_in_words,
        "We ask because it matters.",
        "quoted only in the way you choose",
        "Submit answers",
        "Save draft",
        "I would rather not answer",
    ):
        assert part in text


def test_personal_pages_are_kept_by_nobody_and_set_no_cookie(client, submitted):
    for path in (page_of(submitted), page_of(submitted, "thanks"), "/a/wrong/"):
        page = client.get(path)
        assert page["Cache-Control"] == "no-store"
        assert page["X-Robots-Tag"] == "noindex"
        assert page["Referrer-Policy"] == "same-origin"
        assert not page.cookies
        assert "style=" not in page.content.decode()
        assert "<script" not in page.content.decode()


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

    for path in (page_of(invitation), page_of(invitation, "thanks"), "/a/wrong/", "/a/wrong/thanks/"):
        for method in (client.get, client.head, client.options):
            assert method(path).status_code in (200, 302, 404, 405)

    assert every_row() == before


@pytest.mark.parametrize("number", [1, 10])
def test_opening_takes_the_same_queries_for_one_question_and_ten(client, number, django_assert_num_queries):
    invitation = ask(*({"key": f"q{n}", "kind": "statement", "prompt": "Yes."} for n in range(number)))
    entries = {f"q{n}": Entry(value="agree", comment="Yes.") for n in range(number)}
    responses.save(invitation=invitation, entries=entries, attribution="named", submit=True)

    with django_assert_num_queries(3):
        client.get(page_of(invitation))
    with django_assert_num_queries(2):
        client.get(page_of(invitation, "thanks"))


@pytest.mark.parametrize("number", [1, 10])
def test_submitting_takes_the_same_queries_for_one_question_and_ten(client, number, django_assert_num_queries):
    invitation = ask(*({"key": f"q{n}", "kind": "statement", "prompt": "Yes."} for n in range(number)))
    data = {"attribution": "named", **{f"q-q{n}": "agree" for n in range(number)}}

    with django_assert_num_queries(20):
        assert post(client, invitation, "submit", data).status_code == 302
    with django_assert_num_queries(22):
        assert post(client, invitation, "save", {f"q-q{n}": "disagree" for n in range(number)}).status_code == 302


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
        post(client, invitation, "submit")
        post(client, invitation, "nonsense")
    finally:
        logging.getLogger().removeHandler(handler)

    assert "Unprocessable" in stream.getvalue()
    assert token(invitation) not in stream.getvalue()


# --- drafts and submitting


def test_submitting_leads_to_thanks_with_the_answers_and_the_attribution(client):
    invitation = ask(*EVERY_KIND)

    page = post(client, invitation, "submit", ALL_ANSWERED)

    assert (page.status_code, page["Location"]) == (302, page_of(invitation, "thanks"))
    text = text_of(client.get(page["Location"]))
    for part in (
        "Thank you. Your answers are in.",
        "Agree",
        "Confidence: 8 of 10",
        "Plants are being built.",
        "Cost; Workforce",
        "30%",
        "— Dr. Sample, Example Cells",
        invitation.survey_round.closes_in_words,
        "Change my answers",
    ):
        assert part in text
    assert Response.objects.get().submitted_at is not None


def test_draft_is_kept_and_the_page_says_when(client):
    noon = datetime(2026, 11, 3, 17, 4, tzinfo=UTC)
    invitation = ask(*EVERY_KIND, opens_at=noon - timedelta(days=1), closes_at=noon + timedelta(days=2))

    with time_machine.travel(noon, tick=False) as clock:
        page = post(client, invitation, "save", {"shown": ["where"], "q-where": "south"})
        text = text_of(client.get(page_of(invitation)))
        clock.shift(timedelta(days=1))
        next_day = text_of(client.get(page_of(invitation)))

    assert (page.status_code, page["Location"]) == (302, page_of(invitation))
    assert "Draft saved 12:04 p.m. EST. It counts only once you submit it." in text
    assert "Draft saved Tuesday, Nov. 3, 2026, 12:04 p.m. EST." in next_day
    assert Response.objects.get().submitted_at is None


def test_enter_key_saves_a_draft(client):
    invitation = ask()

    client.post(page_of(invitation), ONE)

    assert Response.objects.get().submitted_at is None
    html = client.get(page_of(invitation)).content.decode()
    assert html.index('value="save"') < html.index('value="submit"'), "Enter presses the first button"


def test_thanks_page_waits_for_a_submission(client):
    invitation = ask()

    for state in (nothing, a_draft):
        state(invitation)
        page = client.get(page_of(invitation, "thanks"))
        assert (page.status_code, page["Location"]) == (302, page_of(invitation))


def test_submitting_incomplete_keeps_the_rest_as_a_draft_and_says_what_is_missing(client):
    invitation = ask(*EVERY_KIND)

    page = post(client, invitation, "submit", {**ALL_ANSWERED, "q-catch-up": "", "attribution": ""})

    assert page.status_code == 422
    html = page.content.decode()
    assert 'role="alert" tabindex="-1" autofocus' in html
    assert '<a href="#id_q-catch-up_0">Question 1</a>: This question needs an answer before you submit.' in html
    assert '<a href="#id_attribution_0">How may we quote you?</a>: Choose how you may be quoted.' in html
    assert "Everything else is kept as a draft" in html
    response = Response.objects.get()
    assert response.submitted_at is None
    assert response.answers.get(question__key="view").value == "Train people first."


def test_saving_a_draft_with_an_error_keeps_the_valid_entries_and_shows_what_was_typed(client):
    invitation = ask(*EVERY_KIND)
    paste = "Ten thousand. " * 714

    page = post(client, invitation, "save", {**ALL_ANSWERED, "q-catch-up-comment": paste, "q-share": "a lot"})

    assert page.status_code == 422
    assert paste in page.content.decode()
    assert 'value="a lot"' in page.content.decode()
    stored = {row.question.key: row for row in Answer.objects.select_related("question")}
    assert (stored["catch-up"].value, stored["catch-up"].comment) == ("agree", "")
    assert stored["view"].value == "Train people first."
    assert "share" not in stored


def test_changing_after_submitting_keeps_the_history(client, submitted):
    page = client.get(page_of(submitted))
    assert "Your answers are in." in text_of(page)
    assert "Submit changes" in text_of(page)
    assert "Save draft" not in text_of(page)

    assert post(client, submitted, "submit", {**ONE, "q-catch-up": "disagree"}).status_code == 302

    assert list(AnswerVersion.objects.values_list("value", flat=True)) == ["agree", "disagree"]
    assert Response.objects.get().submitted_at is not None


def test_submitted_answers_are_not_half_changed_by_a_post_with_errors(client, submitted):
    page = post(client, submitted, "save", {**ONE, "q-catch-up": "disagree", "q-catch-up-confidence": "99"})

    assert page.status_code == 422
    assert "Your changes have not been taken in yet." in text_of(page)
    assert Answer.objects.get().value == "agree"


def test_double_click_makes_one_response_and_one_mail(client):
    invitation = ask()

    for _ in range(2):
        assert post(client, invitation, "submit", ONE).status_code == 302

    assert Response.objects.count() == AnswerVersion.objects.count() == OutgoingMail.objects.count() == 1


def test_post_that_names_no_question_empties_none(client, submitted):
    assert post(client, submitted, "submit", {"attribution": "sector"}).status_code == 302

    assert Answer.objects.get().value == "agree"
    assert Response.objects.get().attribution == "sector"


@pytest.mark.parametrize(
    "data", [{}, {"q-no-such": "1"}, {"shown": ["no-such"]}, {"q-catch-up": ["agree", "disagree"]}]
)
def test_posts_of_any_shape_get_a_page(client, data):
    assert post(client, ask(), "save", data).status_code == 302


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

    page = post(client, invitation, "submit", ONE, sec_fetch_site="cross-site")

    assert page.status_code == 403
    assert not Response.objects.exists()


def test_question_added_while_the_page_was_open_is_asked_before_submitting(client):
    invitation = ask()
    QuestionFactory(survey=invitation.survey_round.survey, key="new", prompt="A new one.", required=True)

    page = post(client, invitation, "submit", ONE)

    assert page.status_code == 422
    assert "A new one." in text_of(page)


def test_question_that_changes_between_reading_and_writing_loses_nothing(client, monkeypatch):
    invitation = ask()
    save = responses.save

    def superseded_first(**options):
        Question.objects.update(superseded_at=timezone.now())
        return save(**options)

    monkeypatch.setattr(responses, "save", superseded_first)

    page = post(client, invitation, "submit", ONE)

    assert page.status_code == 409
    assert "The questions changed while you were answering." in text_of(page)


# --- declining


def test_declining_with_a_reason(client):
    invitation = ask()

    page = post(client, invitation, "decline", {"reason": "Not my field."})

    assert (page.status_code, page["Location"]) == (302, page_of(invitation))
    invitation.refresh_from_db()
    assert invitation.decline_reason == "Not my field."
    text = text_of(client.get(page_of(invitation)))
    assert "You have told us that you will not answer this time" in text
    assert "Submit answers" in text
    assert "I would rather not answer" not in text


def test_answering_after_declining(client):
    invitation = ask()
    post(client, invitation, "decline")

    post(client, invitation, "submit", ONE)

    assert invitations.disposition(invitation) == Invitation.Disposition.COMPLETE


def test_too_long_a_reason_is_shown_again(client):
    invitation = ask()

    page = post(client, invitation, "decline", {"reason": "y" * 1001})

    assert page.status_code == 422
    assert "y" * 1001 in page.content.decode()
    assert '<details class="decline" open>' in page.content.decode()


def test_submitted_answers_cannot_be_declined_away(client, submitted):
    page = post(client, submitted, "decline")

    assert page.status_code == 409
    assert "there is nothing left to decline" in text_of(page)


# --- before the opening and after the end


def test_round_that_has_not_opened_says_when_it_will(client):
    now = timezone.now()
    invitation = ask(opens_at=now + timedelta(days=1), closes_at=now + timedelta(days=2))

    page = client.get(page_of(invitation))

    assert page.status_code == 200
    assert invitation.survey_round.opens_in_words in text_of(page)
    assert "<form" not in page.content.decode().split("<main")[1].split("</main")[0]
    assert post(client, invitation, "submit", ONE).status_code == 409
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
        (a_draft, "You had saved a draft but not submitted it, so it was not counted."),
        (a_refusal, "You had told us that you would not answer this time."),
    ],
)
def test_after_the_end_the_page_says_how_it_ended_for_this_person(client, state, said):
    invitation = ask()
    state(invitation)
    rounds.close(survey_round=invitation.survey_round)

    assert said in text_of(client.get(page_of(invitation)))


@pytest.mark.parametrize("action", ["save", "submit"])
def test_deadline_that_passes_while_the_page_is_open_loses_nothing(client, action):
    opens_at = datetime(2026, 10, 25, 12, tzinfo=UTC)
    closes_at = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 1:30 a.m. for the second time that night
    invitation = ask(*EVERY_KIND, opens_at=opens_at, closes_at=closes_at)

    with time_machine.travel(closes_at - timedelta(minutes=1), tick=False) as clock:
        assert "1:30 a.m. EST" in text_of(client.get(page_of(invitation)))
        clock.move_to(closes_at)
        page = post(client, invitation, action, ALL_ANSWERED)

    text = text_of(page)
    assert page.status_code == 409
    assert "The round closed before this arrived" in text
    assert "Sunday, Nov. 1, 2026, 1:30 a.m. EST" in text
    assert "Plants are being built." in text
    assert "Train people first." in text
    assert 'value="30"' in page.content.decode()
    assert 'value="submit"' not in page.content.decode()
    assert not Response.objects.exists()


def test_round_closed_early_while_the_page_is_open_loses_nothing(client, monkeypatch):
    """Staff close it between our looking at the round and our writing."""
    invitation = ask(*EVERY_KIND)
    save = responses.save

    def closed_first(**options):
        rounds.close(survey_round=invitation.survey_round)
        return save(**options)

    monkeypatch.setattr(responses, "save", closed_first)

    page = post(client, invitation, "submit", ALL_ANSWERED)

    assert page.status_code == 409
    assert "The round closed before this arrived" in text_of(page)
    assert "Train people first." in text_of(page)


def test_declining_after_the_end_changes_nothing(client):
    invitation = ask()
    rounds.close(survey_round=invitation.survey_round)

    assert post(client, invitation, "decline").status_code == 409
    invitation.refresh_from_db()
    assert invitation.declined_at is None


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
