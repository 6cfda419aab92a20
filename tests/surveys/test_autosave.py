import json
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from surveys import responses, rounds
from surveys.models import Answer, AnswerVersion, Invitation, PendingChange, Question, Response
from surveys.responses import Entry
from tests.rows import every_row
from tests.surveys.asking import EVERY_KIND, ask, page_of, token

pytestmark = pytest.mark.django_db

ON_THE_PAGE = [*(question["key"] for question in EVERY_KIND), "range"]
RANGE = {"key": "range", "kind": "quantiles", "prompt": "What share will it be?", "settings": {"unit": "%"}}
WHY_NOT = {
    "key": "why-not", "kind": "text", "prompt": "What stands in the way?",
    "show_if": [{"question": "catch-up", "is": ["disagree", "strongly_disagree"]}],
}  # fmt: skip

# The answer of `submitted` as its page posts it.
AS_SUBMITTED = {"value": "agree", "parts": {"-confidence": "7", "-comment": "Plants are being built."}}


def save(client, invitation, key="catch-up", *, page="page-one", seq=1, seen="", present=None, **given):
    """What the script posts of one question. `given`: the parts of its name -> value."""
    data = {"shown": key, "page": page, "seq": seq, f"seen-{key}": seen, "present": present or ON_THE_PAGE}
    data |= {f"q-{key}{part}": value for part, value in given.get("parts", {}).items()}
    if "value" in given:
        data[f"q-{key}"] = given["value"]
    return client.post(page_of(invitation, "save"), {**data, **given.get("extra", {})})


def told(reply):
    """What the reply tells the script."""
    return json.loads(reply["HX-Trigger"])["answer-taken"]


def text_of(reply):
    return " ".join(unescape(reply.content.decode()).split())


def submitted(**fields):
    invitation = ask(*EVERY_KIND, RANGE, **fields)
    entries = {"catch-up": Entry(value="agree", confidence=7, comment="Plants are being built.")}
    responses.save(invitation=invitation, entries=entries, attribution="named", submit=True)
    return Invitation.objects.get(pk=invitation.pk)


# --- saving


def test_one_answer_is_saved_and_the_reply_says_when_in_the_zone_of_the_round(client):
    with time_machine.travel("2026-11-20T17:04:00Z", tick=False):
        invitation = ask(*EVERY_KIND)
        reply = save(client, invitation, value="agree", parts={"-confidence": "8", "-comment": "Yes."})

    assert reply.status_code == 200
    assert "Saved 12:04 p.m. EST" in text_of(reply)
    assert told(reply) == {"question": "catch-up", "state": "saved", "mark": "1", "slots": []}
    stored = Answer.objects.get()
    assert (stored.value, stored.confidence, stored.comment) == ("agree", 8, "Yes.")
    assert Response.objects.get().submitted_at is None


def test_an_answer_to_one_question_leaves_the_others_alone(client):
    invitation = ask(*EVERY_KIND)
    responses.save(invitation=invitation, entries={"where": Entry(value="south")}, submit=False)

    save(client, invitation, value="agree")

    assert dict(Answer.objects.values_list("question__key", "value")) == {"where": "south", "catch-up": "agree"}


def test_the_same_save_again_changes_nothing(client):
    invitation = ask(*EVERY_KIND)
    first = save(client, invitation, value="agree")
    before = every_row()

    again = save(client, invitation, value="agree")

    assert every_row() == before
    assert told(again) == told(first)
    assert AnswerVersion.objects.count() == 1


def test_a_lost_reply_and_newer_text_are_two_versions_and_no_question(client):
    """The page never learnt of the first save, so it still says that it saw nothing."""
    invitation = ask(*EVERY_KIND)
    save(client, invitation, "view", seq=1, value="Train")

    reply = save(client, invitation, "view", seq=2, value="Train people")

    assert told(reply)["state"] == "saved"
    assert Answer.objects.get().value == "Train people"


def test_a_retry_that_newer_text_has_overtaken_is_dropped_and_says_so(client):
    invitation = ask(*EVERY_KIND)
    save(client, invitation, "view", seq=2, value="Train people first.")
    before = every_row()

    reply = save(client, invitation, "view", seq=1, value="Train")

    assert told(reply)["state"] == "overtaken"
    assert every_row() == before


def test_an_overtaken_retry_does_not_bring_back_what_was_changed_back_after_submitting(client):
    invitation = submitted()
    save(client, invitation, seq=2, seen="1", **AS_SUBMITTED)

    save(client, invitation, seq=1, seen="1", value="disagree", parts={"-confidence": "7"})

    assert not PendingChange.objects.exists()


def test_clearing_an_answer_is_saved_too(client):
    invitation = ask(*EVERY_KIND)
    save(client, invitation, "view", seq=1, value="Train")

    reply = save(client, invitation, "view", seq=2, seen="1", value="")

    assert told(reply)["state"] == "saved"
    assert Answer.objects.get().value is None


# --- what cannot be taken as it is


def test_a_half_filled_answer_is_no_alarm_and_leaves_what_is_stored(client):
    invitation = ask(*EVERY_KIND, RANGE)
    responses.save(invitation=invitation, entries={"range": Entry(value=[1, 2, 3])}, submit=False)

    reply = save(client, invitation, "range", seen="1", parts={".p5": "5", ".p50": "", ".p95": ""})

    assert reply.status_code == 200
    assert told(reply)["state"] == "incomplete"
    assert "Not saved yet" in text_of(reply)
    assert "Best estimate" in text_of(reply)
    assert Answer.objects.get().value == [1, 2, 3]


def test_what_is_sound_beside_it_is_saved(client):
    invitation = ask(*EVERY_KIND)

    reply = save(client, invitation, "share", value="130", parts={"-comment": "More than all of it."})

    assert told(reply)["state"] == "incomplete"
    assert "From 0% to 100%" in text_of(reply)
    assert (Answer.objects.get().value, Answer.objects.get().comment) == (None, "More than all of it.")
    assert told(reply)["mark"] == "1"


def test_text_beyond_its_limit_is_not_cut_off_but_refused(client):
    invitation = ask(*EVERY_KIND)

    reply = save(client, invitation, "view", value="x" * 200_000)

    assert told(reply)["state"] == "incomplete"
    assert len(reply.content) < 2000, "it is not sent back"
    assert not Answer.objects.exists()


def test_an_answer_in_figures_is_drawn_back_where_the_page_has_a_place_for_it(client):
    invitation = ask(RANGE)
    full = {".p5": "5", ".p50": "10", ".p95": "20"}

    with_place = save(client, invitation, "range", seq=1, parts=full, extra={"draws": "1"})
    half = save(client, invitation, "range", seq=2, parts={**full, ".p50": "30"}, extra={"draws": "1"})
    without = save(client, invitation, "range", seq=3, parts=full)

    assert 'id="drawn-range"' in with_place.content.decode()
    assert "<svg" in with_place.content.decode()
    assert 'id="drawn-range"' in half.content.decode(), "the old picture goes"
    assert "<svg" not in half.content.decode()
    assert "drawn-range" not in without.content.decode()


# --- two places


def test_an_answer_changed_elsewhere_is_asked_about_with_both_at_hand(client):
    invitation = ask(*EVERY_KIND)
    save(client, invitation, page="phone", value="agree", parts={"-confidence": "9", "-comment": "<b>Certainly</b>"})

    reply = save(client, invitation, page="desk", value="disagree")

    assert told(reply) == {"question": "catch-up", "state": "conflict", "mark": "1", "slots": []}
    html = reply.content.decode()
    assert 'id="conflict-catch-up"' in html
    assert "&lt;b&gt;Certainly" in html
    assert "Agree" in text_of(reply)
    assert "Confidence: 9 of 10" in text_of(reply)
    assert Answer.objects.get().value == "agree", "nothing is lost before its author has chosen"


def test_keeping_what_stands_here_takes_the_place_of_the_other(client):
    invitation = ask(*EVERY_KIND)
    save(client, invitation, page="phone", value="agree")
    asked = told(save(client, invitation, page="desk", value="disagree"))

    reply = save(client, invitation, page="desk", seq=2, seen=asked["mark"], value="disagree")

    assert told(reply)["state"] == "saved"
    assert Answer.objects.get().value == "disagree"
    assert AnswerVersion.objects.count() == 2


def test_taking_the_other_one_brings_it_and_writes_nothing(client):
    invitation = ask(*EVERY_KIND)
    save(client, invitation, page="phone", value="agree")
    before = every_row()

    reply = client.post(page_of(invitation, "save"), {"take": "catch-up", "present": ON_THE_PAGE})

    assert told(reply) == {"question": "catch-up", "state": "taken", "mark": "1", "slots": ["catch-up"]}
    html = reply.content.decode()
    assert 'id="slot-catch-up"' in html
    assert html.count(" checked") == 1
    assert 'name="seen-catch-up" value="1"' in html
    assert every_row() == before


def test_the_same_answer_from_two_places_is_no_conflict(client):
    invitation = ask(*EVERY_KIND)
    save(client, invitation, page="phone", value="agree")

    assert told(save(client, invitation, page="desk", value="agree"))["state"] == "saved"


def test_a_save_that_does_not_say_what_it_has_seen_overwrites_nothing(client):
    invitation = ask(*EVERY_KIND)
    save(client, invitation, page="phone", value="agree")

    reply = client.post(page_of(invitation, "save"), {"shown": "catch-up", "q-catch-up": "disagree"})

    assert told(reply)["state"] == "conflict"
    assert Answer.objects.get().value == "agree"


# --- questions that depend on others


def test_a_question_whose_condition_is_met_now_comes_with_the_reply(client):
    invitation = ask(EVERY_KIND[0], WHY_NOT, EVERY_KIND[1])

    reply = save(client, invitation, present=["catch-up", "where"], value="disagree")

    html = reply.content.decode()
    assert told(reply)["slots"] == ["why-not"]
    assert 'id="slot-why-not"' in html
    assert "What stands in the way?" in html
    assert "Where should the next plant" not in html, "what is there stays as it was typed"
    assert 'id="number-where"' in html, "it is the third question now"


def test_it_comes_with_a_retry_too_if_the_first_reply_was_lost(client):
    invitation = ask(EVERY_KIND[0], WHY_NOT)
    save(client, invitation, present=["catch-up"], value="disagree")

    assert told(save(client, invitation, present=["catch-up"], value="disagree"))["slots"] == ["why-not"]


def test_a_question_whose_condition_is_not_met_any_more_leaves_and_keeps_its_answer(client):
    invitation = ask(EVERY_KIND[0], WHY_NOT)
    save(client, invitation, seq=1, present=["catch-up"], value="disagree")
    save(client, invitation, "why-not", seq=2, present=["catch-up", "why-not"], value="Money.")

    reply = save(client, invitation, seq=3, seen="1", present=["catch-up", "why-not"], value="agree")

    assert 'id="slot-why-not"' in reply.content.decode()
    assert "What stands in the way?" not in reply.content.decode()
    assert told(reply)["slots"] == []
    assert Answer.objects.get(question__key="why-not").value == "Money."
    back = save(client, invitation, seq=4, seen="2", present=["catch-up"], value="disagree")
    assert "Money." in back.content.decode()


def test_a_page_that_does_not_say_what_it_has_is_sent_no_questions(client):
    invitation = ask(EVERY_KIND[0], WHY_NOT)

    reply = client.post(page_of(invitation, "save"), {"shown": "catch-up", "q-catch-up": "disagree"})

    assert told(reply)["slots"] == []
    assert "slot-" not in reply.content.decode()


# --- after submitting, and after the end


def test_a_change_after_submitting_is_kept_beside_and_says_that_it_is_not_submitted(client):
    invitation = submitted()

    reply = save(client, invitation, seen="1", value="disagree")

    assert "Change kept" in text_of(reply)
    assert "not submitted yet" in text_of(reply)
    assert Answer.objects.get(question__key="catch-up").value == "agree", "what counts is what was submitted"
    assert PendingChange.objects.get().value == "disagree"
    assert told(reply)["mark"] == PendingChange.objects.get().mark


def test_what_is_changed_back_to_what_was_submitted_says_so(client):
    invitation = submitted()
    changed = save(client, invitation, seq=1, seen="1", value="disagree")

    reply = save(client, invitation, seq=2, seen=told(changed)["mark"], **AS_SUBMITTED)

    assert "as you submitted it" in text_of(reply)
    assert not PendingChange.objects.exists()


def test_within_the_grace_after_the_end_it_is_saved_as_before(client, settings):
    invitation = ask(*EVERY_KIND)
    with time_machine.travel(invitation.survey_round.closes_at + settings.ANSWER_GRACE - timedelta(seconds=1)):
        assert told(save(client, invitation, value="agree"))["state"] == "saved"


@pytest.mark.parametrize("early", [True, False])
def test_after_the_end_it_is_kept_as_a_draft_and_says_that_the_round_has_ended(client, settings, early):
    invitation = ask(*EVERY_KIND)
    with time_machine.travel(invitation.survey_round.closes_at + settings.ANSWER_GRACE) as clock:
        if early:
            clock.move_to(invitation.survey_round.closes_at - timedelta(days=2))
            rounds.close(survey_round=invitation.survey_round)
        reply = save(client, invitation, value="agree")

    assert reply.status_code == 200
    assert told(reply)["state"] == "late"
    assert "The round has ended" in text_of(reply)
    assert Answer.objects.get().value == "agree"
    assert Response.objects.get().submitted_at is None


def test_before_the_round_opens_nothing_is_kept(client):
    invitation = ask(*EVERY_KIND)
    before = every_row()
    with time_machine.travel(invitation.survey_round.opens_at - timedelta(hours=1)):
        reply = save(client, invitation, value="agree")

    assert told(reply)["state"] == "gone"
    assert every_row() == before


def test_before_the_round_opens_no_question_is_shown_to_who_guesses_its_name(client):
    invitation = ask(*EVERY_KIND)
    with time_machine.travel(invitation.survey_round.opens_at - timedelta(hours=1)):
        reply = client.post(page_of(invitation, "save"), {"take": "where", "present": "where"})

    assert told(reply)["state"] == "gone"
    assert "plant" not in text_of(reply)


def test_a_question_that_staff_replaced_meanwhile_says_so(client):
    invitation = ask(*EVERY_KIND)
    Question.objects.filter(key="where").update(superseded_at=invitation.survey_round.opens_at)

    reply = save(client, invitation, "where", value="south")

    assert reply.status_code == 200
    assert told(reply)["state"] == "gone"
    assert "load it again" in text_of(reply)
    assert not Answer.objects.exists()


# --- who may, and how


def test_it_is_posted_and_nothing_else(client):
    invitation = ask()
    before = every_row()
    for method in (client.get, client.head, client.options, client.put, client.delete, client.patch):
        assert method(page_of(invitation, "save")).status_code == 405
    assert every_row() == before


def test_a_wrong_link_saves_nothing(client):
    ask()
    before = every_row()

    reply = client.post(reverse("surveys:save", args=["wrong"]), {"shown": "catch-up", "q-catch-up": "agree"})

    assert reply.status_code == 404
    assert "HX-Trigger" not in reply
    assert every_row() == before


def test_another_sites_page_saves_nothing(client):
    invitation = ask()
    data = {"shown": "catch-up", "q-catch-up": "agree"}

    reply = client.post(page_of(invitation, "save"), data, headers={"Sec-Fetch-Site": "cross-site"})

    assert reply.status_code == 403
    assert not Response.objects.exists()


def test_the_reply_is_kept_by_nobody_and_sets_no_cookie(client):
    reply = save(client, ask(), value="agree")

    assert reply["Cache-Control"] == "no-store"
    assert not reply.cookies
    assert token(Invitation.objects.get()) not in reply.content.decode()
    assert "style=" not in reply.content.decode()


# --- hostile input


HOSTILE = [
    {},
    {"shown": ""},
    {"shown": "nothing-of-ours"},
    {"shown": ["catch-up", "where"]},
    {"shown": ["catch-up"] * 500},
    {"shown": "catch-up\x00", "q-catch-up": "agree"},
    {"shown": "catch-up", "q-catch-up": ["agree", "disagree"]},
    {"shown": "catch-up", "q-catch-up": "\x00"},
    {"shown": "catch-up", "q-catch-up-confidence": "9" * 5000},
    {"shown": "catch-up", "q-catch-up-attribution": "everything"},
    {"shown": "share", "q-share": "9" * 5000},
    {"shown": "share", "q-share": "NaN"},
    {"shown": "view", "q-view": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")},
    {"shown": "view", "q-view": "x" * 1_500_000},
    {"shown": "range", "q-range.p5": "-", "q-range.p50": "∞", "q-range.p7": "1"},
    {"q-catch-up": "agree"},
    {"take": "nothing-of-ours"},
    {"take": ["catch-up", "where"]},
    {"take": "\x00"},
    {"shown": "catch-up", "q-catch-up": "disagree", "present": ["<script>", "nothing-of-ours", "catch-up\x00"]},
    {"shown": "catch-up", "seen-catch-up": "\x00" * 50, "q-catch-up": "agree"},
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_posted_by_hand_is_answered_and_never_fails(client, data):
    invitation = ask(*EVERY_KIND, RANGE, WHY_NOT)

    reply = client.post(page_of(invitation, "save"), data)

    assert reply.status_code in (200, 400)
    assert "<script>" not in reply.content.decode()


@pytest.mark.parametrize("page", ["", "x" * 5000, "a b", "\x00", "'; --", "✂️"])
@pytest.mark.parametrize("seq", ["", "abc", "-1", "1.5", "1" + "0" * 30, "9" * 5000, "١٢", "\x00", "0x10"])
def test_a_page_or_a_count_that_no_page_of_ours_has_is_read_as_none(client, page, seq):
    invitation = ask()

    reply = save(client, invitation, page=page, seq=seq, value="agree")

    assert told(reply)["state"] == "saved"
    assert Answer.objects.get().value == "agree"
    assert Answer.objects.get().saved_from == ""
    assert Answer.objects.get().saved_seq in (0, 2**31 - 1)


def test_json_in_place_of_a_form_is_refused(client):
    invitation = ask()

    reply = client.post(page_of(invitation, "save"), '{"shown": []}', content_type="application/json")

    assert reply.status_code == 400


def test_too_large_a_post_is_refused_without_a_fault(client, settings):
    invitation = ask(*EVERY_KIND)

    reply = save(client, invitation, "view", value="x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))

    assert reply.status_code in (400, 413)


# --- how much work it is


@pytest.mark.parametrize("number", [1, 12])
def test_a_save_takes_the_same_queries_for_one_question_and_twelve(client, number, django_assert_num_queries):
    invitation = ask(*[{"key": f"q{n}", "prompt": f"Statement {n}."} for n in range(number)])
    save(client, invitation, "q0", seq=1, value="agree")

    with django_assert_num_queries(12):
        save(client, invitation, "q0", seq=2, seen="1", value="disagree")


def test_questions_that_appear_cost_no_query_each(client, django_assert_num_queries):
    depending = [
        {**WHY_NOT, "key": f"why-{n}", "prompt": f"Why, {n}?"} for n in range(6)
    ]  # fmt: skip
    invitation = ask(EVERY_KIND[0], *depending)
    save(client, invitation, seq=1, value="agree")

    with django_assert_num_queries(12):
        reply = save(client, invitation, seq=2, seen="1", value="disagree")
    assert len(told(reply)["slots"]) == 6


def test_a_key_longer_than_any_is_not_sent_back_in_a_header(client):
    invitation = ask(*EVERY_KIND)

    reply = save(client, invitation, key="k" * 61, value="agree")

    assert reply.status_code == 400
    assert "HX-Trigger" not in reply
