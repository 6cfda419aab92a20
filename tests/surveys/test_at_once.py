"""Several at once: whoever presses twice, and whoever answers in the second in which the round closes."""

from threading import Barrier, Event, Thread

import pytest
from django.db import connection

from posts.models import Post
from surveys import responses, rounds, snapshots, summaries
from surveys.models import Response, RoundClosed, Snapshot, Summary
from surveys.responses import Entry
from surveys.responses.saving import Saving
from tests.factories import SeriesFactory
from tests.surveys.answered import CLOSES, a_survey, an_answered_round

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs):
    """Run every job in a thread of its own, all starting together; returns what they returned or raised."""
    start, found = Barrier(len(jobs)), [None] * len(jobs)

    def run(position, job):
        try:
            start.wait(10)
            found[position] = job()
        except Exception as error:
            found[position] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return found


def test_a_round_closed_from_many_places_is_frozen_once():
    survey_round = an_answered_round()
    found = at_once(*[lambda: rounds.close(survey_round=survey_round, now=CLOSES) for _n in range(6)])
    assert {snapshot.pk for snapshot in found} == {Snapshot.objects.get().pk}


def test_rounds_of_one_survey_closing_together_get_numbers_of_their_own():
    survey = a_survey()
    several = [an_answered_round(survey, number=number, answers=()) for number in range(1, 5)]
    at_once(*[lambda each=each: rounds.close(survey_round=each, now=CLOSES) for each in several])
    assert sorted(Snapshot.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_a_summary_compiled_from_many_places_is_one_draft():
    survey = a_survey(series=SeriesFactory())
    snapshot = rounds.close(survey_round=an_answered_round(survey), now=CLOSES)
    found = at_once(*[lambda: summaries.compile_summary(snapshot=snapshot) for _n in range(4)])
    assert {summary.pk for summary in found} == {Summary.objects.get().pk}
    assert Post.objects.count() == 1


def test_drafts_compiled_together_get_parts_of_their_own():
    survey = a_survey(series=SeriesFactory())
    frozen = [
        rounds.close(survey_round=an_answered_round(survey, number=number, answers=()), now=CLOSES)
        for number in (1, 2, 3)
    ]
    at_once(*[lambda each=each: summaries.compile_summary(snapshot=each) for each in frozen])
    assert sorted(Post.objects.values_list("part", flat=True)) == [1, 2, 3]


def test_an_answer_on_its_way_in_when_the_round_closes_is_counted(monkeypatch):
    """It was accepted, so it counts: closing waits for it. What comes after is refused; nothing is in between."""
    survey_round = an_answered_round()
    response = Response.objects.order_by("pk").first()
    inside, closing = Event(), Event()
    write = Saving._write

    def slowly(*args, **kwargs):
        inside.set()
        closing.wait(1)  # the close begins meanwhile; it must not overtake
        write(*args, **kwargs)

    monkeypatch.setattr(Saving, "_write", slowly)

    def answer():
        entry = Entry(value="strongly_disagree", confidence=10)
        return responses.save(
            invitation=response.invitation,
            entries={"catch-up": entry},
            attribution="named",
            submit=True,
            now=CLOSES.replace(hour=13),
        )

    def close():
        inside.wait(10)
        return rounds.close(survey_round=survey_round, now=CLOSES)

    saved, snapshot = at_once(answer, close)
    assert isinstance(saved, Response)
    assert snapshots.tallies(snapshot, "catch-up")[1]["all"].counts["strongly_disagree"] == 1
    monkeypatch.undo()
    with pytest.raises(RoundClosed):
        answer()
