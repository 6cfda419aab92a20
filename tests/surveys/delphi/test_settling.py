import pytest

from naatbatt.mail.models import OutgoingMail
from surveys import delphi, questionnaires, rounds, snapshots, timetable
from surveys.models import Answer, Round
from tests.factories import RoundFactory
from tests.surveys.answered import ANSWERS, a_survey, an_answered_round
from tests.surveys.delphi.two_rounds import (
    DURING,
    ENDS,
    REOPENS,
    a_frozen_round,
    a_second_round,
    answer_again,
    invite_again,
    invited,
    with_rule,
)

pytestmark = pytest.mark.django_db

# catch-up: 9 opinions, 6 of them on the side that agrees. share-2035: 5, 6, 8, 10, 10, 12, 12, 15, 20, with quartiles 8
# and 12.
SETTLED = {"measure": "iqr", "at_most": 4}
NOT_SETTLED = {"measure": "iqr", "at_most": 3.9}
REASON = (
    "In round 1 the middle half of 9 answers spans 4% (interquartile range). "
    "Asked until the middle half of the answers spans 4% or less."
)


@pytest.fixture
def first():
    return a_frozen_round()


def keys_asked(survey_round):
    survey_round.refresh_from_db()
    return [question.key for question in survey_round.questions()]


def test_a_question_that_has_reached_its_rule_is_not_asked_again(first):
    with_rule(first, "share-2035", SETTLED)
    with_rule(first, "catch-up", {"measure": "agreement", "is": ["agree", "strongly_agree"], "at_least": 67})
    second = a_second_round(first)

    delphi.settle(survey_round=second, now=REOPENS)

    assert keys_asked(second) == ["catch-up", "hurdle", "step"]  # 6 of 9 is 66.7 %
    assert second.settled == {"share-2035": REASON}
    assert second.settled_at == REOPENS


def test_it_is_decided_once(first):
    question = with_rule(first, "share-2035", NOT_SETTLED)
    second = a_second_round(first)
    delphi.settle(survey_round=second, now=REOPENS)
    question.stop_rule = SETTLED
    question.save()

    delphi.settle(survey_round=second, now=DURING)

    assert keys_asked(second) == ["catch-up", "hurdle", "share-2035", "step"]
    assert (second.settled, second.settled_at) == ({}, REOPENS)


def test_a_first_round_leaves_nothing_out():
    first = an_answered_round()
    delphi.settle(survey_round=first)
    first.refresh_from_db()
    assert (first.settled, first.settled_at) == ({}, None)


def test_nothing_is_decided_while_a_round_before_is_open():
    first = an_answered_round()
    second = a_second_round(first)
    with pytest.raises(delphi.NotFrozen):
        delphi.settle(survey_round=second)
    second.refresh_from_db()
    assert second.settled_at is None


def test_fewer_answers_than_the_smallest_group_shown_settle_nothing():
    two = [("industry", "agree", 9, "cost", 10), ("industry", "agree", 9, "cost", 10)]
    first = a_frozen_round(answers=two)
    with_rule(first, "share-2035", SETTLED)
    second = delphi.settle(survey_round=a_second_round(first))
    assert second.settled == {}


def test_a_question_reworded_since_is_asked_again(first):
    question = with_rule(first, "share-2035", SETTLED)
    questionnaires.reword(question=question)
    second = delphi.settle(survey_round=a_second_round(first))
    assert second.settled == {}


def test_what_was_settled_stays_out_of_every_later_round(first):
    with_rule(first, "share-2035", SETTLED)
    second = a_second_round(first, panel=False)
    delphi.override(survey_round=second, question_key="hurdle", ask=False, reason=" Decided   by law. ")
    invite_again(first, second)
    second.refresh_from_db()
    for before in second.invitations.all()[:4]:
        answer_again(before, catch_up="agree")
    rounds.close(survey_round=second, now=ENDS)
    third = delphi.settle(survey_round=a_second_round(second))

    assert third.settled == {"share-2035": REASON, "hurdle": "Decided by law."}


def test_what_staff_asked_all_the_same_is_judged_by_the_round_that_asked_it(first):
    with_rule(first, "share-2035", SETTLED)
    second = a_second_round(first, panel=False)
    delphi.override(survey_round=second, question_key="share-2035", ask=True)
    invite_again(first, second)
    for before, share in zip(second.invitations.order_by("pk"), (0, 0, 50, 100), strict=False):
        answer_again(before, share_2035=share)
    rounds.close(survey_round=second, now=ENDS)
    third = delphi.settle(survey_round=a_second_round(second))

    assert third.settled == {}


def test_stability_is_counted_from_the_one_snapshot(first):
    with_rule(first, "hurdle", {"measure": "changed", "at_most": 25})
    second = a_second_round(first)
    assert delphi.settle(survey_round=second).settled == {}  # nobody had answered before
    # B and C had said cost and technology, D cost; I had given no answer.
    for name, hurdle in (("A", "cost"), ("B", "cost"), ("C", "technology"), ("D", "workforce"), ("I", "cost")):
        answer_again(invited(second, f"Sample {name}"), hurdle=hurdle)
    rounds.close(survey_round=second, now=ENDS)
    Answer.objects.all().delete()  # what is frozen needs nobody any more

    third = delphi.settle(survey_round=a_second_round(second, panel=False))

    assert third.settled == {
        "hurdle": "In round 2, 1 of 4 who had answered before changed their answer (25%). "
        "Asked until at most 25% change their answer between rounds."
    }


# --- staff


def test_staff_may_ask_what_is_settled_and_leave_out_what_is_not(first):
    with_rule(first, "share-2035", SETTLED)
    second = a_second_round(first, panel=False)

    delphi.override(survey_round=second, question_key="share-2035", ask=True)
    delphi.override(survey_round=second, question_key="step", ask=False)
    delphi.override(survey_round=second, question_key="step", ask=False, reason="another reason")
    delphi.settle(survey_round=second)

    assert keys_asked(second) == ["catch-up", "hurdle", "share-2035"]
    assert second.settled == {"step": "Left out by the editors."}


def depends(survey, key, on):
    """Ask the question `key` only of those who answered `on`."""
    question = survey.questions.current().get(key=key)
    question.show_if = [{"question": on, "answered": True}]
    question.save()


def test_what_another_question_depends_on_is_asked_again_although_it_is_settled(first):
    with_rule(first, "hurdle", {"measure": "agreement", "at_least": 1})
    with_rule(first, "share-2035", SETTLED)
    depends(first.survey, "share-2035", on="hurdle")
    depends(first.survey, "step", on="share-2035")
    second = a_second_round(first)

    delphi.settle(survey_round=second, now=REOPENS)

    assert keys_asked(second) == ["catch-up", "hurdle", "share-2035", "step"]


def test_staff_cannot_leave_out_what_another_question_depends_on(first):
    depends(first.survey, "step", on="share-2035")
    second = a_second_round(first, panel=False)

    with pytest.raises(delphi.Needed):
        delphi.override(survey_round=second, question_key="share-2035", ask=False)

    second.refresh_from_db()
    assert second.settled_at is None
    delphi.override(survey_round=second, question_key="step", ask=False)
    delphi.override(survey_round=second, question_key="share-2035", ask=False)
    assert keys_asked(second) == ["catch-up", "hurdle"]


def test_what_a_round_asks_stays_once_it_has_asked_somebody(first):
    second = a_second_round(first)
    with pytest.raises(delphi.TooLate):
        delphi.override(survey_round=second, question_key="step", ask=False)
    assert keys_asked(second) == ["catch-up", "hurdle", "share-2035", "step"]


def test_a_question_that_is_not_there_cannot_be_left_out(first):
    with pytest.raises(LookupError):
        delphi.override(survey_round=a_second_round(first, panel=False), question_key="nothing", ask=False)


def test_findings_tell_what_would_be_and_change_nothing(first, django_assert_num_queries):
    with_rule(first, "share-2035", SETTLED)
    with_rule(first, "hurdle", {"measure": "agreement", "at_least": 75})
    second = a_second_round(first, panel=False)

    with django_assert_num_queries(3):
        found = {finding.question.key: finding for finding in delphi.findings(second)}

    assert [key for key, finding in found.items() if finding.is_asked] == ["catch-up", "hurdle", "step"]
    assert found["share-2035"].reason == REASON
    assert found["hurdle"].verdict.finding == "In round 1, 6 of 9 (67%) answered “Cost”."
    assert found["hurdle"].rule == "Asked until at least 75% give the same answer."
    assert found["step"].verdict is None
    second.refresh_from_db()
    assert second.settled_at is None


def test_a_snapshot_that_was_tampered_with_decides_nothing(first):
    with_rule(first, "share-2035", SETTLED)
    first.snapshots.update(content="{}")
    assert delphi.settle(survey_round=a_second_round(first)).settled == {}


# --- in the life of a round


def waiting(second):
    second.invitations.update(invited_at=None, created_at=REOPENS)
    return second


def test_the_timetable_settles_before_it_asks_anybody(first):
    with_rule(first, "share-2035", SETTLED)
    second = waiting(a_second_round(first))

    timetable.advance(survey_round=second, now=REOPENS)

    second.refresh_from_db()
    assert second.settled == {"share-2035": REASON}
    mail = OutgoingMail.objects.filter(name="survey_invitation").first()
    assert mail.subject == f"Round 2: {first.survey.title}"
    for body in (mail.text, mail.html):
        assert "This is round 2 of this survey." in body
        assert "are preselected" in body
        assert "Beside each question you see what the group answered before" in body
        assert "Settled, and not asked again" in body
        assert "In round 1 the middle half of 9 answers spans 4%" in body
    assert "3. What should be done first?" in mail.text
    assert "- What share of the world's cells" in mail.text


def test_a_round_waits_for_the_one_before_to_be_closed():
    first = an_answered_round(a_survey())
    second = waiting(a_second_round(first))

    timetable.advance(survey_round=second, now=REOPENS)
    assert not OutgoingMail.objects.filter(name="survey_invitation").exists()
    assert Round.objects.get(pk=second.pk).held_at is None

    rounds.close(survey_round=first, now=REOPENS)
    timetable.advance(survey_round=second, now=REOPENS)
    assert OutgoingMail.objects.filter(name="survey_invitation").count() == len(ANSWERS)


def test_a_round_with_nothing_left_to_ask_is_held_and_staff_are_told(first, settings):
    settings.STAFF_EMAILS = ["desk@example.org"]
    second = waiting(a_second_round(first))
    for key in ("catch-up", "hurdle", "share-2035", "step"):
        delphi.override(survey_round=second, question_key=key, ask=False)

    timetable.advance(survey_round=second, now=REOPENS)
    timetable.advance(survey_round=second, now=DURING)

    second.refresh_from_db()
    assert second.held_reason.startswith("Every question is settled")
    assert list(OutgoingMail.objects.values_list("to_address", flat=True)) == ["desk@example.org"]


def test_a_mail_of_a_first_round_says_nothing_of_rounds():
    first = RoundFactory(survey=a_survey(), opens_at=REOPENS, closes_at=ENDS)
    other = an_answered_round(first.survey, number=2, opens_at=REOPENS, closes_at=ENDS)
    other.invitations.update(survey_round=first, invited_at=None, created_at=REOPENS)

    timetable.advance(survey_round=first, now=REOPENS)

    mail = OutgoingMail.objects.filter(name="survey_invitation").first()
    assert "round" not in mail.text.lower().replace("around", "")


# --- what is frozen of it


def test_a_snapshot_says_what_was_settled_and_why(first):
    with_rule(first, "share-2035", SETTLED)
    second = delphi.settle(survey_round=a_second_round(first))
    snapshot = rounds.close(survey_round=second, now=ENDS)

    assert snapshots.question_keys(snapshot) == ["catch-up", "hurdle", "step"]
    assert snapshot.data()["settled"] == [
        {
            "key": "share-2035",
            "prompt": "What share of the world's cells will be American in 2035?",
            "reason": REASON,
        }
    ]


def test_a_first_round_is_frozen_as_it_was_before_there_were_later_ones(first):
    data = first.snapshots.get().data()
    assert "settled" not in data
    assert data["columns"] == [*snapshots.COLUMNS]


def test_a_later_round_freezes_what_each_had_answered_before(first):
    second = a_second_round(first)
    answer_again(invited(second, "Sample A"), hurdle="technology", share_2035=25)
    snapshot = rounds.close(survey_round=second, now=ENDS)

    _spec, (row,) = snapshots.rows(snapshot.data(), "hurdle")
    assert (row["value"], row["before"]) == ("technology", "cost")
    _spec, (row,) = snapshots.rows(snapshot.data(), "share-2035")
    assert (row["value"], row["before"]) == (25, 20)
