"""Real time: an onlooker who reloads after every single answer learns no one's."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from surveys import delphi, responses
from surveys.delphi import interim
from surveys.models import Answer, Interim, Round
from surveys.responses import Entry
from surveys.tasks import advance_rounds
from tests.factories import ContributorFactory, InvitationFactory, QuestionFactory, RoundFactory, SurveyFactory

pytestmark = pytest.mark.django_db

MINIMUM = 3
LIVE = Round.GroupShown.LIVE


@pytest.fixture
def live():
    survey = SurveyFactory(minimum_cell=MINIMUM)
    QuestionFactory(survey=survey, key="catch-up", position=1)
    QuestionFactory(survey=survey, key="share", position=2, kind="number", settings={"unit": "%"})
    return RoundFactory(survey=survey, group_shown=LIVE)


def one_more(live, sector="industry"):
    return InvitationFactory(
        survey_round=live, contributor=ContributorFactory(sector=sector), invited_at=timezone.now()
    )


def say(invitation, catch_up=None, share=None, confidence=None):
    entries = {"catch-up": Entry(value=catch_up, confidence=confidence), "share": Entry(value=share)}
    responses.save(invitation=invitation, entries=entries, attribution="sector", submit=True)


def seen(live):
    """Question -> what may be seen of it, as (base, counts, blanks), or None where nothing may."""
    survey_round = Round.objects.select_related("survey").get(pk=live.pk)
    found = Interim.objects.filter(survey_round=live).first() or Interim(survey_round=live)
    results = interim.results(found, list(survey_round.questions()), minimum=live.survey.minimum_cell)
    everyone = {key: result.shown.groups.get("all") for key, result in results.items()}
    return {
        key: (tally.base, Counter(tally.counts), dict(tally.blanks)) if tally else None
        for key, tally in everyone.items()
    }


def test_the_count_stands_still_until_enough_besides_any_onlooker_have_answered(live):
    bases = []
    for _person in range(10):
        say(one_more(live), "agree")
        advance_rounds()
        found = seen(live)["catch-up"]
        bases.append(found[0] if found else 0)
    assert bases == [0, 0, 0, 4, 4, 4, 4, 8, 8, 8]


def test_an_onlooker_who_reloads_after_every_answer_subtracts_to_no_fewer_than_the_minimum(live):
    """They move their own answer each time, know it, and take it out of every difference they see."""
    onlooker, others = one_more(live), 0
    moves = [{"catch_up": value} for value in ("agree", "disagree")]
    before, at, differences = None, 0, []
    for number in range(24):
        say(onlooker, **moves[number % 2])
        if number % 3:
            say(one_more(live), "strongly_agree")
            others += 1
        advance_rounds()
        now = seen(live)["catch-up"]
        if now != before:
            differences.append(others - at)
            before, at = now, others
    assert len(differences) > 2
    assert min(differences) >= MINIMUM


def test_the_onlooker_would_find_one_answer_if_each_were_counted_at_once(live, monkeypatch):
    """The same attack succeeds without the rule, so the test above can fail."""
    for _person in range(5):
        say(one_more(live), "agree")
    monkeypatch.setattr(interim, "_moved", lambda before, after: 99)
    advance_rounds()
    before = seen(live)["catch-up"][1]
    say(one_more(live), "strongly_disagree")
    advance_rounds()
    assert seen(live)["catch-up"][1] - before == Counter({"strongly_disagree": 1})


def test_a_question_that_few_of_the_new_answers_are_about_does_not_move(live):
    for _person in range(4):
        say(one_more(live), "agree", 20)
    advance_rounds()
    first = seen(live)
    for number in range(6):
        say(one_more(live), "agree", 90 if number == 0 else None)
    advance_rounds()
    assert seen(live)["catch-up"][0] == 10
    assert seen(live)["share"] == first["share"]
    assert first["share"][0] == 4


def test_blanks_alone_move_nothing(live):
    for _person in range(4):
        say(one_more(live), "agree")
    advance_rounds()
    for _person in range(6):
        say(one_more(live))
    advance_rounds()
    assert seen(live)["catch-up"] == (4, Counter(agree=4), {})


def test_changed_confidence_moves_the_count_as_a_changed_answer_does(live):
    people = [one_more(live) for _number in range(4)]
    for person in people:
        say(person, "agree", confidence=2)
    advance_rounds()
    for person in people[:3]:
        say(person, "agree", confidence=9)
    advance_rounds()
    assert weight(live) == 8
    say(people[3], "agree", confidence=9)
    advance_rounds()
    assert weight(live) == 36


def weight(live):
    found = interim.results(Interim.objects.get(), list(live.questions()), minimum=MINIMUM)
    return found["catch-up"].shown.groups["all"].weights["agree"]


def test_answers_that_are_gone_move_the_count_too(live):
    people = [one_more(live) for _number in range(8)]
    for person in people:
        say(person, "agree")
    advance_rounds()
    Answer.objects.filter(response__invitation__in=people[:3]).delete()
    advance_rounds()
    assert seen(live)["catch-up"][0] == 8
    Answer.objects.filter(response__invitation=people[3]).delete()
    advance_rounds()
    assert seen(live)["catch-up"][0] == 4


def test_no_sector_is_ever_counted_apart(live):
    for _person in range(5):
        say(one_more(live, "industry"), "agree")
        say(one_more(live, "academia"), "disagree")
    advance_rounds()
    found = interim.results(Interim.objects.get(), list(live.questions()), minimum=MINIMUM)
    assert list(found["catch-up"].shown.groups) == ["all"]


def test_the_words_of_an_answer_are_not_in_what_is_kept(live):
    QuestionFactory(survey=live.survey, key="why", position=3, kind="text")
    for _person in range(4):
        entries = {"why": Entry(value="The supply of graphite.")}
        responses.save(invitation=one_more(live), entries=entries, attribution="sector", submit=True)
    advance_rounds()
    assert "graphite" not in Interim.objects.get().content
    assert '"given"' in Interim.objects.get().content


def test_drafts_and_changes_not_submitted_are_not_counted(live):
    people = [one_more(live) for _number in range(4)]
    for person in people:
        responses.save(invitation=person, entries={"catch-up": Entry("agree")}, submit=False)
    advance_rounds()
    assert seen(live)["catch-up"] is None
    for person in people:
        say(person, "agree")
    advance_rounds()
    for person in people:
        responses.save(invitation=person, entries={"catch-up": Entry("disagree")}, submit=False)
    advance_rounds()
    assert seen(live)["catch-up"][1]["agree"] == 4


def test_what_nobody_has_moved_is_not_written_again(live):
    for _person in range(4):
        say(one_more(live), "agree")
    advance_rounds()
    counted_at = Interim.objects.get().counted_at
    delphi.renew(survey_round=live, now=timezone.now() + timedelta(minutes=5))
    assert Interim.objects.get().counted_at == counted_at


@pytest.mark.parametrize("shown", [value for value in Round.GroupShown if value != LIVE])
def test_only_rounds_in_real_time_are_counted_while_they_are_open(live, shown):
    Round.objects.update(group_shown=shown)
    for _person in range(4):
        say(one_more(live), "agree")
    advance_rounds()
    assert not Interim.objects.exists()


def test_a_round_that_is_over_is_counted_no_more(live):
    for _person in range(4):
        say(one_more(live), "agree")
    Round.objects.update(closed_at=timezone.now())
    assert delphi.renew(survey_round=live) is None
    assert Answer.objects.counted().exists()
    assert not Interim.objects.exists()


@pytest.mark.parametrize("people", [1, 3])
def test_counting_takes_the_same_queries_however_many_answered(live, people, django_assert_num_queries):
    for _person in range(4 * people):
        say(one_more(live), "agree", 20)
    delphi.renew(survey_round=live)
    for _person in range(4 * people):
        say(one_more(live), "agree", 20)
    with django_assert_num_queries(8):
        delphi.renew(survey_round=live)
