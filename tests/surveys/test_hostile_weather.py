"""What the world does to a survey, through its own pages: machines, double presses, late nights, changes under way.

What one part of the code promises is tested beside that part: wrong and tried-out links, bodies that are no forms, what
comes from other sites (test_views), the order of saves and several pages (test_pending, test_autosave), what comes
after the end (test_late), and who is forgotten (test_forgetting).
"""

import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from naatbatt.mail.models import OutgoingMail
from surveys import responses, rounds, timetable
from surveys.contributors import forget
from surveys.models import Answer, AnswerVersion, Invitation, PendingChange, Question, Response, Round
from surveys.questions import TYPES, question_type
from surveys.responses import Entry
from tests.factories import QuestionFactory
from tests.rows import every_row
from tests.surveys.asking import ALL_ANSWERED, EVERY_KIND, ask, page_of, token

pytestmark = pytest.mark.django_db

ONE = {"shown": ["catch-up"], "q-catch-up": "agree", "q-catch-up-confidence": "7"}


def text_of(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


def read_mark(page):
    return re.search(r'name="read" value="(\w+)"', page.content.decode())[1]


def submit(client, invitation, **data):
    """Press "Submit" on the review page as it stands."""
    read = read_mark(client.get(page_of(invitation, "review")))
    pressed = {"attribution": "named", "read": read, "action": "submit", **data}
    return client.post(page_of(invitation, "review"), pressed)


def a_draft(invitation, entries=None):
    responses.save(invitation=invitation, entries=entries or {"catch-up": Entry(value="agree")}, submit=False)


def a_submission(invitation):
    entries = {"catch-up": Entry(value="agree", comment="Yes.")}
    responses.save(invitation=invitation, entries=entries, attribution="named", submit=True)


def a_change(invitation):
    a_submission(invitation)
    a_draft(invitation, {"catch-up": Entry(value="disagree")})


def the_end(invitation):
    rounds.close(survey_round=invitation.survey_round)


def a_late_offer(invitation):
    a_draft(invitation)
    the_end(invitation)
    responses.save(invitation=invitation, entries={}, attribution="named", submit=True, late=True)


STATES = {
    "nothing": (),
    "a draft": (a_draft,),
    "a submission": (a_submission,),
    "a change": (a_change,),
    "the end": (a_change, the_end),
    "the end of a draft": (a_draft, the_end),
    "a late offer": (a_late_offer,),
}


def personal_addresses(invitation):
    """Every page of a personal link, whatever is added to them."""
    own = [pattern for pattern in get_resolver("surveys.urls").url_patterns if str(pattern.pattern).startswith("a/")]
    assert len(own) > 8
    return [
        f"/{str(pattern.pattern).replace('<str:token>', token(invitation)).replace('<int:number>', '2')}"
        for pattern in own
    ]


# --- machines


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_scanner_that_opens_everything_changes_nothing(client, state):
    invitation = ask(*EVERY_KIND)
    for happened in state:
        happened(invitation)
    before = every_row()

    for path, method in itertools.product(personal_addresses(invitation), ("get", "head", "options")):
        page = getattr(client, method)(path)
        assert page.status_code in (200, 302, 405), path
        for address in re.findall(r'href="(/a/[^"#]+)', page.content.decode(errors="replace")):
            assert client.get(address).status_code in (200, 302), address

    assert every_row() == before


def test_a_scanner_that_presses_what_looks_like_a_link_finds_no_button(client):
    """What changes something is a form that posts; no link of a page does."""
    invitation = ask(*EVERY_KIND)
    a_submission(invitation)

    for path in personal_addresses(invitation):
        html = client.get(path).content.decode(errors="replace")
        assert not re.findall(r'<form(?![^>]*method="post")[^>]*>', html.split("<main")[-1].split("</main")[0]), path


def test_a_forwarded_link_says_whose_it_is_and_where_its_reader_can_ask_to_be_asked(client):
    invitation = ask()
    states = itertools.accumulate((a_submission, the_end), lambda done, happened: happened(invitation))

    for _ in itertools.chain([None], states):
        said = client.get(page_of(invitation))
        assert "The personal page of Dr. Sample" in text_of(said)
        assert f'href="{page_of(invitation, "colleague")}"' in said.content.decode()


def test_a_guessed_link_gets_one_answer_on_every_page_and_costs_the_same(client, django_assert_num_queries):
    invitation = ask()
    found = set()
    for path in personal_addresses(invitation):
        guessed = path.replace(token(invitation), "A" * 22)
        method = client.post if client.get(path).status_code == 405 else client.get
        with django_assert_num_queries(2):
            page = method(guessed)
        found.add((page.status_code, page.content))

    assert [status for status, _content in found] == [404]


# --- pressed twice, and ten times at once


def test_double_click_on_submit_makes_one_response_and_one_mail(client):
    invitation = ask()
    a_draft(invitation)
    read = read_mark(client.get(page_of(invitation, "review")))

    for _ in range(2):
        pressed = {"attribution": "named", "read": read, "action": "submit"}
        assert client.post(page_of(invitation, "review"), pressed).status_code == 302

    assert Response.objects.get().version == 2
    assert AnswerVersion.objects.count() == OutgoingMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("through", ["the story", "the page"])
def test_ten_parallel_submits_make_one_response_and_one_mail(through):
    invitation = ask(*EVERY_KIND)
    entries = {"catch-up": Entry(value="agree"), "view": Entry(value="Train people first.")}
    if through == "the page":
        a_draft(invitation, entries)
    read = read_mark(Client().get(page_of(invitation, "review")))
    together, found = Barrier(10), []

    def press():
        try:
            together.wait(30)
            if through == "the page":
                pressed = {"attribution": "named", "read": read, "action": "submit"}
                found.append(Client().post(page_of(invitation, "review"), pressed).status_code)
            else:
                own = Invitation.objects.get(pk=invitation.pk)
                saved = responses.save(invitation=own, entries=entries, attribution="named", submit=True)
                found.append(302 if saved.submitted_at else 0)
        except Exception as error:
            found.append(error)
        finally:
            connection.close()

    threads = [Thread(target=press) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert found == [302] * 10
    assert Response.objects.get().version == (2 if through == "the page" else 1)
    assert Answer.objects.count() == AnswerVersion.objects.count() == 5
    assert OutgoingMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_parallel_saves_of_changes_make_one_of_each(client):
    invitation = ask(*EVERY_KIND)
    a_submission(invitation)
    together, failures = Barrier(10), []

    def type_on(number):
        try:
            together.wait(30)
            entries = {"catch-up": Entry(value="disagree"), "view": Entry(value=f"Version {number}")}
            responses.save(invitation=Invitation.objects.get(pk=invitation.pk), entries=entries, submit=False)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=type_on, args=[number]) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failures == []
    changes = {row.question.key: row.version for row in PendingChange.objects.select_related("question")}
    assert changes == {"catch-up": 1, "view": 10}
    assert Answer.objects.get(question__key="catch-up").value == "agree"


# --- the closing night


HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# The instant meant, and how a clock on the wall in New York says it. On November 1, 2026 half past one comes twice.
# On March 14, 2027 half past two does not come at all: whoever writes it means the instant an hour after half past one.
CLOSING_NIGHTS = {
    "half past one, for the first time": (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "1:30 a.m. EDT", "1:45 a.m. EDT"),
    "half past one, for the second time": (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "1:30 a.m. EST", "1:45 a.m. EST"),
    "ten to two, before the clock goes back": (
        datetime(2026, 11, 1, 5, 50, tzinfo=UTC),
        "1:50 a.m. EDT",
        "1:05 a.m. EST",
    ),
    "ten to two, before the clock goes forward": (
        datetime(2027, 3, 14, 6, 50, tzinfo=UTC),
        "1:50 a.m. EST",
        "3:05 a.m. EDT",
    ),
    "half past two, which is skipped": (datetime(2027, 3, 14, 7, 30, tzinfo=UTC), "3:30 a.m. EDT", "3:45 a.m. EDT"),
}


@pytest.mark.parametrize(("closes_at", "said", "grace_said"), CLOSING_NIGHTS.values(), ids=CLOSING_NIGHTS)
def test_on_the_night_the_clocks_change_the_end_is_one_instant(client, closes_at, said, grace_said):
    invitation = ask(opens_at=closes_at - timedelta(days=7), closes_at=closes_at)
    grace = timedelta(minutes=15)

    with time_machine.travel(closes_at - HOUR, tick=False) as clock:
        assert said in text_of(client.get(page_of(invitation)))
        for instant, taken in ((closes_at, True), (closes_at + grace - MINUTE, True), (closes_at + grace, False)):
            clock.move_to(instant)
            page = client.get(page_of(invitation))
            assert (f"What you submit until {grace_said} still counts." in text_of(page)) is taken
            answer = {**ONE, "q-catch-up": "agree" if taken else "disagree", "action": "next"}
            assert client.post(page_of(invitation), answer).status_code == (302 if taken else 409)

    assert AnswerVersion.objects.count() == 2
    assert Response.objects.get().submitted_at is None


def test_the_end_meant_on_the_wall_is_kept_where_the_zone_changes_between_opening_and_end(client):
    """Open from summer time into winter time: closed when a clock in New York says five, not an hour before."""
    opens_at = datetime(2026, 10, 30, 13, tzinfo=UTC)  # 9 a.m. EDT
    closes_at = datetime(2026, 11, 2, 22, tzinfo=UTC)  # 5 p.m. EST
    invitation = ask(opens_at=opens_at, closes_at=closes_at)

    with time_machine.travel(closes_at - 30 * MINUTE, tick=False):
        page = client.get(page_of(invitation))
        assert "Monday, Nov. 2, 2026, 5 p.m. EST" in text_of(page)
        assert client.post(page_of(invitation), {**ONE, "action": "next"}).status_code == 302
    with time_machine.travel(closes_at + 30 * MINUTE, tick=False):
        timetable.advance(survey_round=invitation.survey_round)
    assert Round.objects.get().closed_at == closes_at + 30 * MINUTE


# --- changed under way


@pytest.mark.parametrize("answered_by_others", [False, True], ids=["in place", "as a new version"])
def test_question_reworded_under_an_open_page_is_read_again_with_what_was_typed(client, answered_by_others):
    invitation = ask(*EVERY_KIND)
    question = Question.objects.get(key="catch-up")
    if answered_by_others:
        other = ask()
        Invitation.objects.filter(pk=other.pk).update(survey_round=invitation.survey_round)
        other.refresh_from_db()
        a_submission(other)
    opened = client.get(page_of(invitation)).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="((?:seen|asked)-[^"]+)" value="([^"]*)"', opened))
    if answered_by_others:
        question.superseded_at = timezone.now()
        question.save()
        QuestionFactory(survey=question.survey, key="catch-up", version=2, prompt="Nobody can catch up.", required=True)
    else:
        Question.objects.filter(pk=question.pk).update(prompt="Nobody can catch up.")

    page = client.post(page_of(invitation), {**ALL_ANSWERED, **hidden, "page": "one", "action": "next"})

    html = page.content.decode()
    assert page.status_code == 409
    assert "The questions changed while you were answering." in text_of(page)
    assert "Nobody can catch up." in text_of(page)
    assert "Train people first." in html
    assert "Plants are being built." in html
    assert not Answer.objects.filter(response__invitation=invitation).exists(), "they had not read these words"

    hidden = dict(re.findall(r'<input type="hidden" name="((?:seen|asked)-[^"]+)" value="([^"]*)"', html))
    again = client.post(page_of(invitation), {**ALL_ANSWERED, **hidden, "page": "two", "action": "next"})
    assert again.status_code == 302
    stored = Answer.objects.filter(response__invitation=invitation)
    assert stored.get(question__key="catch-up").question.prompt == "Nobody can catch up."
    assert stored.count() == 5


def test_question_that_was_taken_out_while_its_page_was_open_takes_nothing_else_with_it(client):
    invitation = ask(*EVERY_KIND)
    opened = client.get(page_of(invitation)).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="((?:seen|asked)-[^"]+)" value="([^"]*)"', opened))
    Question.objects.filter(key="where").update(superseded_at=timezone.now())

    client.post(page_of(invitation), {**ALL_ANSWERED, **hidden, "page": "one", "action": "next"})

    assert {*Answer.objects.values_list("question__key", flat=True)} == {"catch-up", "hurdles", "share", "view"}


def test_question_added_while_the_page_was_open_is_asked_before_anything_is_submitted(client):
    invitation = ask()
    a_draft(invitation)
    page = client.get(page_of(invitation, "review"))
    QuestionFactory(survey=invitation.survey_round.survey, key="new", prompt="A new one.", required=True, position=9)

    pressed = {"attribution": "named", "read": read_mark(page), "action": "submit"}
    answer = client.post(page_of(invitation, "review"), pressed)

    assert answer.status_code in (409, 422)
    assert "A new one." in text_of(answer)
    assert Response.objects.get().submitted_at is None


def test_round_closed_early_under_an_open_page_keeps_what_it_sends(client):
    invitation = ask(*EVERY_KIND)
    client.get(page_of(invitation))
    the_end(invitation)

    page = client.post(page_of(invitation), {**ALL_ANSWERED, "action": "next"})

    assert page.status_code == 409
    assert "What you sent is kept and stands below." in text_of(page)
    assert Answer.objects.get(question__key="view").value == "Train people first."
    assert not Answer.objects.counted().exists()


def test_who_is_forgotten_while_their_page_is_open_leaves_nothing_and_gets_the_answer_to_any_wrong_link(
    client, django_user_model
):
    invitation = ask(*EVERY_KIND)
    a_draft(invitation)
    client.get(page_of(invitation))
    forget(contributor=invitation.contributor, by=django_user_model.objects.create_superuser("editor"))

    wrong = client.get("/a/wrong/")
    for path in personal_addresses(invitation):
        page = client.post(path, {**ALL_ANSWERED, "action": "next"})
        assert page.status_code in (404, 405), path
        assert page.status_code == 405 or page.content == wrong.content

    assert not Answer.objects.exists()


# --- what people paste


PASTES = {
    "emoji": "Charge 🔋 it, 👩\u200d🔬 says ✅",
    "right to left": "البطاريات تصنع هنا، אין ספק",
    "a turned direction": "safe \u202egnp.exe\u202c end",
    "a formula": '=HYPERLINK("http://example.org","win") @SUM(1) +1 -1',
    "markup": "<script>alert(1)</script> & <b>bold</b> {{ token }} {% now 'Y' %}",
    "a table": "cost\t12\nlabor\t30",
    "quotes": "\"double\" 'single' `back` \\ %s %(x)s",
}


@pytest.mark.parametrize("typed", PASTES.values(), ids=PASTES)
def test_what_is_typed_is_stored_and_shown_as_it_was_typed(client, typed):
    invitation = ask(*EVERY_KIND)
    answers = {**ALL_ANSWERED, "q-view": typed, "q-catch-up-comment": typed}

    assert client.post(page_of(invitation), {**answers, "action": "next"}).status_code == 302
    assert submit(client, invitation).status_code == 302

    stored = {row.question.key: row for row in Answer.objects.select_related("question")}
    assert stored["view"].value == stored["catch-up"].comment == typed
    for name in ("answer", "review", "thanks", "history"):
        html = client.get(page_of(invitation, name)).content.decode()
        assert "<script>alert" not in html
        shown = unescape(re.sub(r"<br ?/?>", "\n", html))
        assert all(line in shown for line in typed.splitlines()), name
    mail = OutgoingMail.objects.get()
    assert typed in mail.text
    assert "<script>alert" not in mail.html


def test_a_paste_of_ten_thousand_characters_is_kept_where_it_may_be_and_shown_where_it_may_not(client):
    invitation = ask(
        {"key": "essay", "kind": "text", "prompt": "Why?", "settings": {"max_length": 10_000}}, EVERY_KIND[0]
    )
    paste = "Ten thousand. " * 714

    typed = {"shown": ["essay", "catch-up"], "q-essay": paste, "q-catch-up": "agree", "q-catch-up-comment": paste}
    page = client.post(page_of(invitation), {**typed, "action": "next"})

    assert page.status_code == 422
    assert page.content.decode().count(paste.strip()) == 2
    stored = {row.question.key: row for row in Answer.objects.select_related("question")}
    assert stored["essay"].value == paste.strip()
    assert (stored["catch-up"].value, stored["catch-up"].comment) == ("agree", "")


# --- what is posted by hand


BY_HAND = {
    "a value that is no choice": {"q-catch-up": "perhaps"},
    "a confidence of eleven": {"q-catch-up-confidence": "11"},
    "a confidence of minus one": {"q-catch-up-confidence": "-1"},
    "an option that is not there": {"q-hurdles": ["cost", "weather"]},
    "a number out of bounds": {"q-share": "101"},
    "no number": {"q-share": "nan"},
    "a number without end": {"q-share": "9" * 5000},
    "words without end": {"q-view": "x" * 1_000_000},
}


@pytest.mark.parametrize("posted", BY_HAND.values(), ids=BY_HAND)
@pytest.mark.parametrize("name", ["answer", "save"])
def test_value_that_no_page_offers_is_refused_with_a_message_and_the_rest_is_kept(client, posted, name):
    invitation = ask(*EVERY_KIND)
    (field,) = posted
    key = re.fullmatch(r"q-([a-z]+(?:-up)?)(?:-\w+)?", field)[1]

    shown = {"shown": key, "present": ALL_ANSWERED["shown"]} if name == "save" else {"action": "next"}
    sent = {field: value for field, value in ALL_ANSWERED.items() if name != "save" or field.startswith(f"q-{key}")}
    page = client.post(page_of(invitation, name), {**sent, **shown, **posted})

    assert page.status_code == (200 if name == "save" else 422)
    assert ("Not saved yet." in text_of(page)) is (name == "save")
    for row in Answer.objects.all():
        assert json.dumps(row.value) not in (json.dumps(value) for value in posted.values())
    if name == "answer":
        assert Answer.objects.count() >= 4


@pytest.mark.parametrize("name", ["answer", "save", "review", "late", "leave", "colleague"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"[1, 2", "application/json"),
        (b'{"q-catch-up": {"a": [null]}, "shown": 7}', "application/json"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"shown=catch-up&shown=&q-catch-up=&q-catch-up=agree&seq=-1&page=%00", "application/x-www-form-urlencoded"),
        (b"--x\r\nContent-Disposition: form-data", "multipart/form-data; boundary=x"),
        (b"shown=catch-up&q-catch-up=agree", "application/x-www-form-urlencoded; charset=no-such"),
    ],
)
def test_body_of_any_shape_gets_an_answer(client, name, body, content_type):
    invitation = ask()

    page = client.generic("POST", page_of(invitation, name), body, content_type=content_type)

    assert page.status_code in (200, 302, 400, 404, 409, 422)
    assert not Answer.objects.exclude(value="agree").exists()


# --- anything at all, at every kind


NASTY = st.sampled_from(
    [
        "", " ", "\x00", "nan", "1e999", "9" * 400, "-", "1,2", "١٢", "=1+1", "\u202e", "x" * 2000, "cost", "agree",
        "5", "50", "no_opinion",
    ]
)  # fmt: skip
EXAMPLES = {kind.kind.replace("_", "-"): question_type(kind.kind).example()[0] for kind in TYPES}


@st.composite
def posts(draw):
    """Anything at all in any of the fields that a page with every kind has."""
    fields = {}
    for key, spec in EXAMPLES.items():
        labels = [*question_type(spec.kind).labels(spec)]
        further = [f".{part}" for part in ("blank", "low", "best", "high", "other", "year", "0", "q50", *labels)]
        further += ["", "-confidence", "-comment", "-attribution"]
        texts = st.lists(NASTY | st.text(max_size=20) | st.sampled_from([*labels, "1"]), min_size=1, max_size=3)
        for part in draw(st.lists(st.sampled_from(further), max_size=4)):
            fields[f"q-{key}{part}"] = draw(texts)
    return {name: [text.encode(errors="replace").decode() for text in texts] for name, texts in fields.items()}


@settings(max_examples=20, deadline=None, suppress_health_check=[*HealthCheck])
@given(fields=posts())
def test_whatever_is_posted_to_every_kind_is_kept_or_refused_in_words(client, fields):
    invitation = ask(
        *(
            {"key": key, "kind": spec.kind, "prompt": spec.prompt, "settings": spec.settings, "options": spec.options}
            for key, spec in EXAMPLES.items()
        )
    )

    page = client.post(page_of(invitation), {**fields, "shown": [*EXAMPLES], "action": "next"})

    assert page.status_code in (302, 422)
    assert page.status_code == 302 or 'id="errors"' in page.content.decode()
    for row in Answer.objects.filter(response__invitation=invitation).select_related("question"):
        if row.value is not None:
            kind = row.question.type
            assert kind.dump(kind.load(row.value)) == row.value
            assert kind.readable(row.question.spec, row.value)
    for name in ("answer", "review", "history", "pdf"):
        assert client.get(page_of(invitation, name)).status_code == 200, name


@pytest.mark.parametrize("kind", [kind.kind for kind in TYPES])
def test_every_example_goes_in_by_the_story_and_comes_out_as_it_was(kind):
    spec, values = question_type(kind).example()
    invitation = ask(
        {"key": "any", "kind": kind, "prompt": spec.prompt, "settings": spec.settings, "options": spec.options}
    )

    for value in values:
        responses.save(invitation=invitation, entries={"any": Entry(value=value)}, submit=False)
        stored = Answer.objects.get()
        assert stored.question.type.load(stored.value) == value
