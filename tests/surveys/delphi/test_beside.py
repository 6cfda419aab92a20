"""What a contributor sees of the others' answers, by the real pages."""

import re

import pytest
import time_machine
from django.core.cache import cache
from django.utils.html import escape

from surveys import delphi, disclosure, questionnaires, rounds
from surveys.models import Answer, Round
from surveys.tasks import advance_rounds
from tests.factories import ContributorFactory, InvitationFactory, QuestionFactory, ResponseFactory
from tests.surveys.asking import page_of
from tests.surveys.delphi.two_rounds import (
    DURING,
    a_frozen_round,
    a_second_round,
    answer_again,
    invited,
    late_joiner,
    with_rule,
)

pytestmark = pytest.mark.django_db

Shown = Round.GroupShown


@pytest.fixture
def first():
    return a_frozen_round()


def say(first, name, key, comment, moderation="approved", **fields):
    """What somebody gave as a reason in the first round."""
    answer = Answer.objects.get(
        response__invitation__survey_round=first,
        response__invitation__contributor__name=name,
        question__key=key,
    )
    for field, value in {"comment": comment, "moderation": moderation, **fields}.items():
        setattr(answer, field, value)
    answer.save()
    return answer


def beside(invitation):
    return delphi.beside(invitation, list(invitation.survey_round.questions()))


# --- what was answered before


def test_earlier_answers_are_the_contributors_own_of_the_round_before(first, django_assert_num_queries):
    invitation = invited(a_second_round(first), "Sample A")
    with django_assert_num_queries(1):
        found = delphi.earlier_answers(invitation)
        rounds_of_it = {answer.response.invitation.survey_round.number for answer in found.values()}
    keys = {question.pk: question.key for question in first.survey.questions.all()}
    assert {keys[pk]: answer.value for pk, answer in found.items()} == {
        "catch-up": "strongly_agree",
        "hurdle": "cost",
        "share-2035": 20,
    }  # nothing of the question they left empty
    assert rounds_of_it == {1}


def test_a_blank_that_was_chosen_is_kept_too(first):
    invitation = invited(a_second_round(first), "Sample I")
    assert [answer.blank for answer in delphi.earlier_answers(invitation).values()] == ["no_opinion"]


def test_who_joins_late_has_no_earlier_answers(first):
    assert delphi.earlier_answers(late_joiner(a_second_round(first))) == {}


def test_who_did_not_submit_has_no_earlier_answers(first):
    first.invitations.get(contributor__name="Sample A").response.__class__.objects.filter(
        invitation__contributor__name="Sample A"
    ).update(submitted_at=None)
    assert delphi.earlier_answers(invited(a_second_round(first), "Sample A")) == {}


def test_an_answer_to_another_wording_is_not_kept(first):
    questionnaires.reword(question=first.survey.questions.get(key="hurdle"))
    second = a_second_round(first)
    earlier = delphi.earlier_answers(invited(second, "Sample A"))
    assert [question.key for question in second.questions() if question.pk in earlier] == ["catch-up", "share-2035"]


def test_the_latest_of_several_rounds_counts(first):
    second = a_second_round(first)
    answer_again(invited(second, "Sample A"), hurdle="technology")
    third = a_second_round(second)
    found = delphi.earlier_answers(invited(third, "Sample A"))
    assert [(answer.question.key, answer.value) for answer in found.values()] == [("hurdle", "technology")]


def test_a_first_round_asks_the_database_nothing(first, django_assert_num_queries):
    invitation = first.invitations.select_related("survey_round", "contributor", "response").first()
    questions = list(first.questions())
    with django_assert_num_queries(0):
        assert delphi.earlier_answers(invitation) == {}
        assert delphi.beside(invitation, questions) == {}


# --- beside each question


def test_the_group_stands_beside_each_question_with_base_and_blanks(first):
    found = beside(invited(a_second_round(first), "Sample A"))
    assert [*found] == ["catch-up", "hurdle", "share-2035", "step"]
    assert "What the group answered in round 1" in found["catch-up"]
    assert "<svg" in found["catch-up"]
    assert "Base: 9 answers. Not counted: 1 don&#x27;t know / no opinion." in found["catch-up"]
    assert "Base: 9 answers. Not counted: 1 skipped." in found["hurdle"]


def test_ones_own_answer_is_said_in_words_and_to_nobody_else(first):
    second = a_second_round(first)
    own = beside(invited(second, "Sample A"))["catch-up"]
    assert "You answered: <strong>Strongly agree</strong>" in own
    other = beside(late_joiner(second))["catch-up"]
    assert "You answered" not in other
    blank = beside(invited(second, "Sample I"))["catch-up"]
    assert "You answered: <strong>don&#x27;t know / no opinion</strong>" in blank
    without = [re.sub(r'<p class="group-own">.*?</p>', "", html) for html in (own, other, blank)]
    assert without[0].split() == without[1].split() == without[2].split()


def test_small_groups_are_withheld_from_contributors_as_from_anyone():
    two = [("industry", "agree", 9, "cost", 10), ("academia", "disagree", 9, "cost", 20)]
    first = a_frozen_round(answers=two)
    found = beside(invited(a_second_round(first), "Sample A"))
    assert "<svg" not in found["catch-up"]
    assert "Fewer than 3 contributors gave an answer" in found["catch-up"]
    assert "You answered" in found["catch-up"]


def test_a_question_that_was_worded_differently_has_no_group_beside_it(first):
    questionnaires.reword(question=first.survey.questions.get(key="hurdle"))
    QuestionFactory(survey=first.survey, key="new", position=9)
    assert [*beside(invited(a_second_round(first), "Sample A"))] == ["catch-up", "share-2035", "step"]


def test_of_several_rounds_the_latest_that_asked_it_is_shown(first):
    second = a_second_round(first)
    Round.objects.filter(pk=second.pk).update(settled={"hurdle": "Left out."}, settled_at=DURING)
    second.refresh_from_db()
    for invitation in second.invitations.select_related("survey_round__survey").all()[:4]:
        answer_again(invitation, catch_up="neutral")
    rounds.close(survey_round=second, now=DURING)
    found = beside(invited(a_second_round(second), "Sample A"))
    assert "in round 2" in found["catch-up"]
    assert "in round 1" in found["hurdle"]
    assert "You answered: <strong>Cost</strong>" in found["hurdle"]


def test_a_snapshot_that_was_tampered_with_is_not_shown(first):
    first.snapshots.update(content="{}")
    assert beside(invited(a_second_round(first), "Sample A")) == {}


def test_figures_are_drawn_once_for_everybody(first, monkeypatch):
    second = a_second_round(first)
    one = beside(invited(second, "Sample B"))
    monkeypatch.setattr("surveys.snapshots.results", None)  # a second drawing would fail
    other = beside(invited(second, "Sample C"))
    assert one["catch-up"] == other["catch-up"]  # both had agreed


@pytest.mark.parametrize("extra", [0, 3])
def test_the_queries_are_the_same_whatever_the_number_of_questions(first, extra, django_assert_num_queries):
    for number in range(extra):
        QuestionFactory(survey=first.survey, key=f"further-{number}", position=10 + number)
    second = a_second_round(first)
    questions = list(second.questions())
    delphi.beside(invited(second, "Sample A"), questions)
    invitation = invited(second, "Sample B")
    with django_assert_num_queries(4):  # earlier answers, snapshots, how many others, their reasons
        delphi.beside(invitation, questions)
    cache.clear()
    with django_assert_num_queries(5):  # and the content of the snapshot
        delphi.beside(invitation, questions)


def test_the_queries_are_the_same_whatever_the_number_of_rounds(first, django_assert_num_queries):
    second = a_second_round(first)
    Round.objects.filter(pk=second.pk).update(settled={"hurdle": "Left out."}, settled_at=DURING)
    second.refresh_from_db()
    for invitation in second.invitations.select_related("survey_round__survey").all()[:4]:
        answer_again(invitation, catch_up="neutral")
    rounds.close(survey_round=second, now=DURING)
    say(first, "Sample B", "hurdle", "A reason of the first round.")
    third = a_second_round(second)
    questions = list(third.questions())
    invitation = invited(third, "Sample A")
    with django_assert_num_queries(5):
        found = delphi.beside(invitation, questions)
    with django_assert_num_queries(4):
        delphi.beside(invitation, questions)
    assert "A reason of the first round." in found["hurdle"]


# --- who sees it, and when


@pytest.mark.parametrize(
    ("shown", "before", "after"),
    [
        (Shown.NEVER, False, False),
        (Shown.BESIDE, True, True),
        (Shown.AFTER, False, True),
        (Shown.LIVE, False, True),
    ],
)
def test_when_the_group_is_shown_is_the_rounds_to_say(first, shown, before, after):
    invitation = invited(a_second_round(first, group_shown=shown), "Sample A")
    assert bool(beside(invitation)) is before
    ResponseFactory(invitation=invitation, submitted_at=None)
    assert bool(beside(invited(invitation.survey_round, "Sample A"))) is before  # a draft is no answer
    invitation.response.submitted_at = DURING
    invitation.response.save()
    assert bool(beside(invited(invitation.survey_round, "Sample A"))) is after


@pytest.mark.parametrize(("shown", "together"), [(Shown.BESIDE, False), (Shown.AFTER, True), (Shown.LIVE, True)])
def test_a_page_that_thanks_shows_it_where_it_comes_after_answering(first, shown, together):
    invitation = invited(a_second_round(first, group_shown=shown), "Sample A")
    answer_again(invitation, catch_up="agree")
    found = delphi.group(invited(invitation.survey_round, "Sample A"))
    assert bool(found) is together
    assert [group.question.key for group in found] == (["catch-up", "hurdle", "share-2035", "step"] if together else [])


def test_in_real_time_it_moves_as_others_answer_and_never_by_one(first):
    second = a_second_round(first, group_shown=Shown.LIVE)
    answer_again(invited(second, "Sample A"), catch_up="agree")
    shown = []
    for letter in "BCDEFGH":
        answer_again(invited(second, f"Sample {letter}"), catch_up="disagree")
        with time_machine.travel(DURING, tick=False):
            advance_rounds()
        html = beside(invited(second, "Sample A"))["catch-up"]
        base = re.search(r"Base: (\d+)", html)
        shown.append(int(base[1]) if base else 0)
    assert shown == [0, 0, 4, 4, 4, 4, 8]
    assert "You answered: <strong>Agree</strong>" in html
    assert "What the group has answered so far" in html


def test_before_enough_have_answered_it_says_so_without_a_number(first):
    second = a_second_round(first, group_shown=Shown.LIVE)
    answer_again(invited(second, "Sample A"), catch_up="agree")
    html = beside(invited(second, "Sample A"))["catch-up"]
    assert "Not enough have answered yet for figures to be shown." in html
    assert not re.search(r"\d", re.sub(r'(id|aria-labelledby)="[^"]*"|</?h\d', "", html))


def test_the_page_that_thanks_shows_the_group_in_real_time(first, client):
    second = a_second_round(first, group_shown=Shown.LIVE)
    for letter in "ABCD":
        answer_again(invited(second, f"Sample {letter}"), catch_up="agree")
    with time_machine.travel(DURING, tick=False):
        advance_rounds()
        text = client.get(page_of(invited(second, "Sample A"), "thanks")).content.decode()
    assert "The figures move in steps" in text
    assert "Base: 4 answers." in text


def test_a_page_that_thanks_says_nothing_of_a_group_that_is_never_shown(first, client):
    second = a_second_round(first, group_shown=Shown.NEVER)
    answer_again(invited(second, "Sample A"), catch_up="agree")
    with time_machine.travel(DURING, tick=False):
        text = client.get(page_of(invited(second, "Sample A"), "thanks")).content.decode()
    assert "Thank you" in text
    assert "group answered" not in text


# --- reasons


def test_reasons_are_the_others_approved_words_without_any_line(first):
    say(first, "Sample B", "catch-up", "Plants are being built.")
    say(first, "Sample C", "catch-up", "Not my best words.", edited_words="Better words.")
    say(first, "Sample D", "catch-up", "Nobody has read this.", moderation="pending")
    say(first, "Sample E", "catch-up", "Rejected.", moderation="rejected")
    say(first, "Sample F", "hurdle", "Look at the price of power.")
    found = beside(invited(a_second_round(first), "Sample A"))
    assert "<p>Plants are being built.</p>" in found["catch-up"]
    assert "<p>Better words.</p>" in found["catch-up"]
    assert "price of power" in found["hurdle"]
    everything = "".join(found.values())
    for absent in ("Not my best", "Nobody has read", "Rejected", "Sample", "Example Cells", "expert"):
        assert absent not in everything


def test_who_stays_in_the_background_gives_no_reasons(first):
    response = say(first, "Sample B", "catch-up", "On background.").response
    response.attribution = "background"
    response.save()
    say(first, "Sample C", "catch-up", "Only this one.", attribution="background")
    assert "background" not in "".join(beside(invited(a_second_round(first), "Sample A")).values())
    assert "Only this one" not in "".join(beside(invited(a_second_round_of(first), "Sample A")).values())


def a_second_round_of(first):
    return Round.objects.get(survey=first.survey, number=2)


def test_ones_own_words_are_not_among_the_reasons(first):
    say(first, "Sample A", "catch-up", "My own words.")
    say(first, "Sample B", "catch-up", "Those of another.")
    second = a_second_round(first)
    assert "My own words" not in beside(invited(second, "Sample A"))["catch-up"]
    assert "My own words" in beside(invited(second, "Sample B"))["catch-up"]


def test_reasons_stand_in_an_order_of_each_readers_own_that_stays(first):
    words = [f"Reason {number}." for number in range(6)]
    for letter, said in zip("ABCDEF", words, strict=True):
        say(first, f"Sample {letter}", "catch-up", said)
    orders = []
    for letter in "GHIJ":
        reader = ContributorFactory(name=f"Reader {letter}")
        (found,) = disclosure.reasons(survey_rounds=[first], reader=reader).values()
        assert disclosure.reasons(survey_rounds=[first], reader=reader) == {(first.pk, key(first)): found}
        assert sorted(found) == words
        orders.append(tuple(found))
    assert len(set(orders)) > 1
    assert tuple(words) not in orders[:2]


def key(first):
    return first.survey.questions.get(key="catch-up").pk


def test_in_a_panel_too_small_nobody_reads_any_words():
    """Of three who answered, each knows two others: whatever is said, one of two said it."""
    three = [("industry", "agree", 9, "cost", 10)] * 3
    first = a_frozen_round(answers=three)
    say(first, "Sample B", "catch-up", "Who could that be?")
    insider = invited(a_second_round(first), "Sample A")
    assert disclosure.reasons(survey_rounds=[first], reader=insider.contributor) == {}
    assert "Who could" not in beside(insider)["catch-up"]
    outsider = ContributorFactory()  # for whom it is one of three
    assert [*disclosure.reasons(survey_rounds=[first], reader=outsider).values()] == [["Who could that be?"]]


def test_hostile_words_are_shown_as_text_and_many_are_folded(first):
    hostile = "<script>alert(1)</script>"
    for letter in "BCDEFG":
        say(first, f"Sample {letter}", "catch-up", f"{hostile} {letter}")
    html = beside(invited(a_second_round(first), "Sample A"))["catch-up"]
    assert "<script" not in html
    assert html.count(escape(hostile)) == 6
    assert "<summary>3 more reasons</summary>" in html


# --- two rounds, by the pages


def test_the_journey_of_a_second_round(first, client):
    """Asked again: what is settled is gone, the rest is preselected beside what the group said; keep or change."""
    say(first, "Sample B", "catch-up", "Plants are being built.")
    with_rule(first, "share-2035", {"measure": "iqr", "at_most": 4})
    second = delphi.settle(survey_round=a_second_round(first))
    invitation = invited(second, "Sample A")

    with time_machine.travel(DURING, tick=False):
        text = client.get(page_of(invitation)).content.decode()
        assert "What share of the world" not in text
        assert text.count("Your answer of round 1, kept if you go on.") == 2
        assert re.search(r'value="strongly_agree"[^>]*checked', text)
        assert "What the group answered in round 1" in text
        assert "Plants are being built." in text
        assert "You answered: <strong>Strongly agree</strong>" in text

        sent = {"action": "next", "shown": ["catch-up", "hurdle", "step"], "q-catch-up": "strongly_agree",
                "q-catch-up-confidence": "9", "q-hurdle": "technology"}  # fmt: skip
        assert client.post(page_of(invitation), sent).status_code == 302
    kept = {answer.question.key: answer.value for answer in Answer.objects.filter(response__invitation=invitation)}
    assert kept == {"catch-up": "strongly_agree", "hurdle": "technology"}


def test_a_late_joiner_sees_the_group_and_nothing_preselected(first, client):
    invitation = late_joiner(a_second_round(first))
    with time_machine.travel(DURING, tick=False):
        text = client.get(page_of(invitation)).content.decode()
    assert "What the group answered in round 1" in text
    assert "kept if you go on" not in text
    assert not re.search(r"type=\"radio\"[^>]*checked", text)


def test_looking_changes_nothing(first, client):
    second = a_second_round(first, group_shown=Shown.LIVE)
    invitation = invited(second, "Sample A")
    InvitationFactory(survey_round=second)
    before = (Round.objects.values().get(pk=second.pk), Answer.objects.count())
    with time_machine.travel(DURING, tick=False):
        client.get(page_of(invitation))
        client.head(page_of(invitation))
    assert before == (Round.objects.values().get(pk=second.pk), Answer.objects.count())
    assert not hasattr(second, "interim")
