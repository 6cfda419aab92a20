"""What is saved and not submitted: beside what counts, from several pages, in an order that the network chose."""

from datetime import timedelta

import pytest
from django.utils import timezone

from naatbatt.mail.models import OutgoingMail
from surveys import responses, rounds
from surveys.models import Answer, AnswerVersion, Consent, PendingChange, Question, Response, RoundClosed
from surveys.responses import Conflicting, Entry, Incomplete, Source, UnknownQuestion
from tests.surveys.asking import EVERY_KIND, ask

pytestmark = pytest.mark.django_db

YES, NO = {"catch-up": Entry(value="agree")}, {"catch-up": Entry(value="disagree")}
SHARED = {"key": "shared", "kind": "statement", "prompt": "Costs are shared."}


def save(invitation, entries, *, submit=False, attribution="", **options):
    return responses.save(invitation=invitation, entries=entries, submit=submit, attribution=attribution, **options)


@pytest.fixture
def submitted():
    """Dr. Sample has agreed to the statement, and left the other questions empty."""
    invitation = ask(*EVERY_KIND)
    save(invitation, YES, submit=True, attribution="sector")
    return invitation


def counted(key="catch-up"):
    return Answer.objects.get(question__key=key).value


def waiting():
    return {row.question.key: row.value for row in PendingChange.objects.select_related("question")}


# --- beside what counts


def test_saving_after_submitting_leaves_what_counts_as_it_was(submitted):
    before = Response.objects.get()

    after = save(submitted, NO, attribution="named", interest="Shares")

    assert counted() == "agree"
    assert waiting() == {"catch-up": "disagree"}
    assert (after.submitted_at, after.version) == (before.submitted_at, before.version)
    assert (after.attribution, after.interest) == ("sector", ""), "they change with what is submitted, not before"
    assert AnswerVersion.objects.filter(answer__question__key="catch-up").count() == 1
    assert OutgoingMail.objects.count() == Consent.objects.count() == 1


def test_author_sees_what_they_saved_last(submitted):
    save(submitted, NO)

    seen = responses.current(Response.objects.get())

    assert {row.question.key: row.value for row in seen.values()} == {
        "catch-up": "disagree", "where": None, "hurdles": None, "share": None, "view": None,
    }  # fmt: skip


def test_submitting_takes_in_what_was_waiting(submitted):
    save(submitted, NO)
    save(submitted, {"where": Entry(value="south")})

    after = save(submitted, {}, submit=True, attribution="named")

    assert (counted(), counted("where")) == ("disagree", "south")
    assert (after.attribution, after.version) == ("named", 2)
    assert waiting() == {}
    assert list(AnswerVersion.objects.filter(answer__question__key="catch-up").values_list("value", "submitted")) == [
        ("agree", True),
        ("disagree", True),
    ]
    assert OutgoingMail.objects.count() == Consent.objects.count() == 2


def test_changing_back_leaves_nothing_waiting_and_submits_nothing(submitted):
    save(submitted, NO | {"where": Entry(value="south")})
    save(submitted, YES | {"where": Entry()})

    assert waiting() == {}
    assert save(submitted, {}, submit=True).version == 1
    assert OutgoingMail.objects.count() == 1


def test_question_left_empty_as_before_is_no_change(submitted):
    save(submitted, {key: Entry() for key in ("where", "hurdles", "share", "view")})

    assert waiting() == {}


def test_change_that_would_not_be_complete_waits_and_cannot_be_submitted(submitted):
    save(submitted, {"catch-up": Entry()})

    with pytest.raises(Incomplete):
        save(submitted, {}, submit=True)

    assert counted() == "agree"


def test_discarding_leaves_what_was_submitted(submitted):
    save(submitted, NO | {"where": Entry(value="south")})

    assert responses.discard(invitation=submitted) == 2
    assert responses.discard(invitation=submitted) == 0

    assert (counted(), counted("where"), waiting()) == ("agree", None, {})


def test_nothing_is_discarded_after_the_end(submitted):
    save(submitted, NO)
    rounds.close(survey_round=submitted.survey_round)

    with pytest.raises(RoundClosed):
        responses.discard(invitation=submitted)

    assert waiting() == {"catch-up": "disagree"}


def test_change_of_a_question_that_is_not_asked_any_more_does_not_keep_one_from_submitting(submitted):
    save(submitted, {"where": Entry(value="south")})
    Question.objects.filter(key="where").update(superseded_at=timezone.now())

    save(submitted, {}, submit=True)

    assert waiting() == {}
    assert OutgoingMail.objects.count() == 1, "nothing that is asked has changed"


# --- evidence


def test_pressing_submit_again_is_evidence_only_of_what_was_not_agreed_to_before(submitted):
    first = Response.objects.get().consent

    assert save(submitted, {}, submit=True).consent == first
    submitted.contributor.affiliation = "Example Institute"
    submitted.contributor.save()
    again = save(submitted, {}, submit=True, attribution="named")

    assert again.consent != first
    assert (again.consent.response_version, again.version) == (2, 2)
    assert "Example Institute" in again.consent.lines["named"]
    assert first.lines == Consent.objects.get(pk=first.pk).lines


def test_evidence_says_which_answers_are_quoted_otherwise(submitted):
    save(submitted, {"catch-up": Entry(value="agree", comment="Yes.", attribution="named")})

    assert save(submitted, {}, submit=True).consent.exceptions == {"catch-up": "named"}


def test_words_wait_again_where_the_line_under_them_says_more(submitted):
    save(submitted, {"catch-up": Entry(value="agree", comment="Yes.")}, submit=True)
    approved = Answer.objects.filter(question__key="catch-up")
    approved.update(moderation=Answer.Moderation.APPROVED)

    save(submitted, {}, submit=True, attribution="background")
    assert approved.get().moderation == Answer.Moderation.APPROVED
    save(submitted, {}, submit=True, attribution="named")

    assert approved.get().moderation == Answer.Moderation.PENDING
    assert (approved.get().version, approved.get().versions.count()) == (2, 2), "the words are the same"


# --- conditions


def test_answer_to_a_question_that_is_not_put_any_more_is_kept_until_submitting():
    follow_up = {
        "key": "why", "kind": "text", "prompt": "Why not?", "required": True,
        "show_if": [{"question": "catch-up", "is": ["disagree"]}],
    }  # fmt: skip
    invitation = ask(EVERY_KIND[0], follow_up)
    save(invitation, NO | {"why": Entry(value="Costs.", attribution="sector")})
    save(invitation, YES)
    assert counted("why") == "Costs."

    save(invitation, {}, submit=True, attribution="named")
    unasked = Answer.objects.get(question__key="why")
    assert (unasked.value, unasked.blank, unasked.moderation) == (None, "not_shown", "not_needed")
    assert Response.objects.get().consent.exceptions == {}

    with pytest.raises(Incomplete) as refused:
        save(invitation, NO, submit=True)
    assert refused.value.keys == ["why"]
    save(invitation, NO | {"why": Entry(value="Labor.")}, submit=True)
    assert counted("why") == "Labor."


# --- reworded meanwhile


@pytest.mark.parametrize("change", [{"prompt": "Nobody can catch up."}, {"version": 2}, {"settings": {"points": 7}}])
def test_answer_to_other_words_than_those_that_are_asked_now_is_refused(change):
    invitation = ask()
    question = Question.objects.get()
    read = Source(page="one", asked={"catch-up": responses.edition(question)})
    Question.objects.update(**change)

    with pytest.raises(UnknownQuestion):
        save(invitation, YES, source=read)
    assert not Response.objects.exists()

    save(invitation, YES, source=Source(page="one", asked={"catch-up": responses.edition(Question.objects.get())}))
    assert counted() == "agree"


def test_what_changes_nothing_for_its_reader_is_the_same_edition():
    ask()
    before = responses.edition(Question.objects.get())
    Question.objects.update(required=True, position=7, stop_rule={"measure": "iqr"})

    assert responses.edition(Question.objects.get()) == before


# --- several pages


def mark(invitation, key="catch-up"):
    found = responses.current(Response.objects.filter(invitation=invitation).first())
    return next((row.mark for row in found.values() if row.question.key == key), "")


def page(name, seq=0, **seen):
    return Source(page=name, seq=seq, seen={key.replace("_", "-"): value for key, value in seen.items()})


@pytest.mark.parametrize("is_submitted", [False, True])
def test_what_another_page_has_changed_is_not_overwritten_unseen(is_submitted):
    invitation = ask(EVERY_KIND[0], SHARED)
    save(invitation, {"catch-up": Entry(value="neutral")}, submit=is_submitted, attribution="named")
    seen = mark(invitation)
    save(invitation, YES, source=page("one", catch_up=seen))

    entries = NO | {"shared": Entry(value="agree")}
    source = page("two", catch_up=seen, shared=mark(invitation, "shared"))
    with pytest.raises(Conflicting) as found:
        save(invitation, entries, submit=True, source=source)

    conflict = found.value.conflicts[0]
    assert (conflict.stored.value, conflict.entry.value) == ("agree", "disagree")
    now = {row.question.key: row.value for row in responses.current(Response.objects.get()).values()}
    assert now == {"catch-up": "agree", "shared": "agree"}, "the other answer is kept"
    assert (Response.objects.get().submitted_at is not None) is is_submitted, "nothing was submitted"

    save(invitation, NO, source=page("two", catch_up=mark(invitation)))
    now = {row.question.key: row.value for row in responses.current(Response.objects.get()).values()}
    assert now["catch-up"] == "disagree", "now it has been seen"


def test_dropped_change_that_comes_anew_is_another_one(submitted):
    save(submitted, NO)
    seen = mark(submitted)
    responses.discard(invitation=submitted)
    save(submitted, {"catch-up": Entry(value="neutral")})

    with pytest.raises(Conflicting):
        save(submitted, NO, source=page("two", catch_up=seen))


def test_same_answer_from_two_pages_is_no_conflict():
    invitation = ask()
    save(invitation, YES, source=page("one", catch_up=""))

    save(invitation, YES, source=page("two", catch_up=""))

    assert AnswerVersion.objects.count() == 1


def test_question_skipped_by_submitting_elsewhere_is_no_conflict(submitted):
    """On the other page nothing had been there, and nobody typed "skipped"."""
    stale = page("two", where="", view="")

    save(submitted, {"where": Entry(value="south"), "view": Entry()}, source=stale)

    assert waiting() == {"where": "south"}


def test_question_that_fell_away_elsewhere_is_no_conflict():
    """Nobody typed "not shown": what is typed here is kept, until submitting says again whether it is asked."""
    follow_up = {
        "key": "why", "kind": "text", "prompt": "Why not?", "show_if": [{"question": "catch-up", "is": ["disagree"]}],
    }  # fmt: skip
    invitation = ask(EVERY_KIND[0], follow_up)
    save(invitation, NO | {"why": Entry(value="Costs.")})
    seen = mark(invitation, "why")
    save(invitation, YES, submit=True, attribution="named")

    save(invitation, {"why": Entry(value="Labor.")}, source=page("two", why=seen))

    assert waiting() == {"why": "Labor."}


def test_answer_taken_back_elsewhere_is_not_brought_back_unseen():
    invitation = ask()
    save(invitation, YES)
    seen = mark(invitation)
    save(invitation, {"catch-up": Entry()}, source=page("one", catch_up=seen))

    with pytest.raises(Conflicting):
        save(invitation, NO, source=page("two", catch_up=seen))


def test_page_that_does_not_say_what_it_saw_is_believed():
    invitation = ask()
    save(invitation, YES)

    save(invitation, NO, source=page("two"))

    assert counted() == "disagree"


@pytest.mark.parametrize("is_submitted", [False, True])
def test_retry_that_newer_text_has_overtaken_is_dropped(is_submitted):
    invitation = ask()
    if is_submitted:
        save(invitation, {"catch-up": Entry(value="neutral")}, submit=True, attribution="named")
    save(invitation, NO, source=page("one", 3))

    save(invitation, YES, source=page("one", 2))

    assert next(iter(responses.current(Response.objects.get()).values())).value == "disagree"


@pytest.mark.parametrize("is_submitted", [False, True])
def test_retry_is_overtaken_also_by_a_save_that_changed_nothing(is_submitted):
    """Typed, taken back, and the first of the three requests comes last."""
    invitation = ask()
    save(invitation, YES, source=page("zero"), submit=is_submitted, attribution="named")
    seen = mark(invitation)
    save(invitation, YES, source=page("one", 3, catch_up=seen))

    save(invitation, NO, source=page("one", 2, catch_up=seen))

    assert next(iter(responses.current(Response.objects.get()).values())).value == "agree"


def test_own_later_save_needs_no_new_mark():
    invitation = ask()
    for seq, entries in enumerate((YES, NO, YES), start=1):
        save(invitation, entries, source=page("one", seq, catch_up=""))

    assert (counted(), Answer.objects.get().version) == ("agree", 3)


def test_saves_of_one_question_leave_the_others_alone():
    invitation = ask(*EVERY_KIND)
    save(invitation, YES)

    save(invitation, {"where": Entry(value="south")}, now=timezone.now() + timedelta(hours=1))

    assert (counted(), counted("where")) == ("agree", "south")
