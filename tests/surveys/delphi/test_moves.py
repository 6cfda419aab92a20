import pytest

from surveys import delphi, questionnaires, rounds, summaries
from surveys.models import Snapshot
from tests.surveys.answered import ANSWERS
from tests.surveys.delphi.two_rounds import (
    ENDS,
    a_frozen_round,
    a_second_round,
    answer_again,
    invite_again,
    late_joiner,
)

pytestmark = pytest.mark.django_db


def a_second_snapshot(first, *changes, joined=(), **fields) -> Snapshot:
    """Everybody answers as before, but for the first few, who each change what is named."""
    second = a_second_round(first, panel=False, **fields)
    invite_again(first, second)
    people = second.invitations.select_related("survey_round__survey").order_by("pk")
    for number, (invitation, given) in enumerate(zip(people, ANSWERS, strict=True)):
        before = dict(zip(("catch_up", "hurdle", "share_2035"), (given[1], *given[3:]), strict=True))
        answer_again(invitation, **{**before, **(changes[number] if number < len(changes) else {})})
    for number, values in enumerate(joined):
        answer_again(late_joiner(second, f"Sample Late {number}"), **values)
    return rounds.close(survey_round=second, now=ENDS)


@pytest.fixture
def first():
    return a_frozen_round()


def test_who_changed_is_counted_among_those_who_had_answered_before(first):
    snapshot = a_second_snapshot(
        first, {"share_2035": 10, "catch_up": "agree"}, {"share_2035": 12, "catch_up": None},
        joined=[{"catch_up": "disagree", "share_2035": 12}],
    )  # fmt: skip
    found = delphi.moves(snapshot)
    assert (found["catch-up"].both, found["catch-up"].changed) == (8, 1)
    assert found["catch-up"].sentences == ["Of 8 who had answered before, 1 changed their answer (13%)."]
    # Then 5, 6, 8, 10, 10, 12, 12, 15, 20; now 5, 6, 8, 10, 10, 10, 12, 12, 12, 12.
    assert found["share-2035"].sentences == [
        "Of 9 who had answered before, 2 changed their answers (22%).",
        "Since round 1 the median has stayed at 10%.",
    ]
    assert "step" in found
    assert found["step"].sentences == []


def test_a_median_that_moved_says_from_where_to_where(first):
    snapshot = a_second_snapshot(first, *[{"share_2035": 30}] * 6)
    assert delphi.moves(snapshot)["share-2035"].sentences[1] == "Since round 1 the median has moved from 10% to 30%."


def test_nobody_who_changed_is_said_too(first):
    assert delphi.moves(a_second_snapshot(first))["hurdle"].sentences == ["None of 9 who had answered before changed."]


def test_what_rests_on_too_few_is_not_told(first):
    second = a_second_round(first)
    for invitation in second.invitations.select_related("survey_round__survey").order_by("pk")[:2]:
        answer_again(invitation, hurdle="technology", share_2035=50)
    found = delphi.moves(rounds.close(survey_round=second, now=ENDS))
    assert all(move.sentences == [] for move in found.values())


def test_another_wording_is_not_compared(first):
    questionnaires.reword(question=first.survey.questions.get(key="hurdle"))
    assert "hurdle" not in delphi.moves(a_second_snapshot(first))


def test_a_first_round_has_nothing_to_be_compared_with(first, django_assert_num_queries):
    snapshot = Snapshot.objects.select_related("survey_round").get()
    with django_assert_num_queries(0):
        assert delphi.moves(snapshot) == {}


def test_the_summary_tells_what_changed_and_what_was_settled(first):
    second_asks = first.survey.questions.get(key="hurdle")
    second_asks.stop_rule = {"measure": "agreement", "at_least": 60}
    second_asks.save()
    second = delphi.settle(survey_round=a_second_round(first))
    for invitation in second.invitations.select_related("survey_round__survey").order_by("pk")[:5]:
        answer_again(invitation, catch_up="neutral", share_2035=12)
    text = summaries.write(rounds.close(survey_round=second, now=ENDS)).body

    assert "Of 5 who had answered before, 5 changed their answers (100%)." in text
    assert "Since round 1 the median has moved from 10% to 12%." in text
    assert "## Which hurdle weighs most?" not in text
    assert (
        "- **Rounds.** “Which hurdle weighs most?” was settled and not asked again. In round 1, 6 of 9 (67%) answered "
        "“Cost”. Asked until at least 60% give the same answer."
    ) in text


def test_the_summary_of_a_first_round_says_nothing_of_rounds_before(first):
    text = summaries.write(first.snapshots.get()).body
    assert "**Rounds.**" not in text
    assert "before" not in text.split("## How we asked")[0]
