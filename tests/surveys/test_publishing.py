import pytest

from posts import figures, prose
from posts.figures import FigureError
from surveys import publishing, rounds, snapshots
from surveys.models import Answer
from tests.factories import PostFactory, SeriesFactory
from tests.surveys.answered import CLOSES, a_survey, an_answered_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def snapshot():
    return rounds.close(survey_round=an_answered_round(a_survey(slug="battery-race")), now=CLOSES)


def test_a_figure_in_a_post_is_the_snapshots_with_its_number_and_hash(snapshot):
    drawn = publishing.draw_figure({"survey": "battery-race", "snapshot": 1, "question": "catch-up"})
    assert drawn == snapshots.figure(snapshot, "catch-up")
    assert f"Snapshot 1 · {snapshot.short_hash}" in drawn
    assert drawn in prose.render(publishing.fence(snapshot, "catch-up")).html


def test_below_its_question_as_a_heading_the_same_figure_stands_without_its_title(snapshot):
    where = {"survey": "battery-race", "snapshot": 1, "question": "catch-up"}
    drawn = publishing.draw_figure({**where, "titled": False})
    assert drawn == f'<div class="titled-above">{snapshots.figure(snapshot, "catch-up")}</div>'


def test_the_figure_is_registered_with_posts():
    assert figures.is_registered("survey-figure")


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ('survey = "nowhere"\nsnapshot = 1\nquestion = "catch-up"', "There is no survey “nowhere”."),
        ('survey = "battery-race"\nsnapshot = 7\nquestion = "catch-up"', "“battery-race” has no snapshot number 7."),
        ('survey = "battery-race"\nsnapshot = -1\nquestion = "catch-up"', "has no snapshot number -1."),
        (
            'survey = "battery-race"\nsnapshot = 99999999999999999999\nquestion = "x"',
            "no snapshot number 99999999999999999999",
        ),
        (
            'survey = "battery-race"\nsnapshot = 1\nquestion = "nothing"',
            "Snapshot 1 of “battery-race” has no question “nothing”. It has: catch-up, hurdle, share-2035, step.",
        ),
        ('survey = "battery-race"\nsnapshot = 1\nquestion = "step"', "Fewer than 3"),
        ('survey = "battery-race"\nsnapshot = "1"\nquestion = "x"', "needs “snapshot”, a number."),
        ('survey = "battery-race"\nsnapshot = true\nquestion = "x"', "needs “snapshot”, a number."),
        ("survey = 1\nsnapshot = 1\nquestion = 'x'", "needs “survey”, a text in quotation marks."),
        ('survey = "battery-race"\nsnapshot = 1', "needs “question”, a text in quotation marks."),
        ('survey = "battery-race"\nsnapshot = 1\nquestion = "x"\ncolor = 1', "Unknown key in a survey figure: color."),
        (
            'survey = "battery-race"\nsnapshot = 1\nquestion = "catch-up"\ntitled = "no"',
            "“titled” of a survey figure is",
        ),
    ],
)
def test_what_is_wrong_with_a_figure_is_said_with_its_line(snapshot, block, message):
    body = f"One.\n\n```survey-figure\n{block}\n```\n"
    if message.startswith("Fewer"):  # nothing is wrong: it is withheld, and says so
        assert message in prose.render(body).html
        return
    (problem,) = prose.check(body)
    assert problem.startswith("Line 4: ")
    assert message in problem


def test_free_text_has_no_figure(snapshot):
    survey_round = an_answered_round(snapshot.survey, number=2)
    Answer.objects.filter(question__key="step", response__invitation__survey_round=survey_round).update(
        value="Words.", blank=""
    )
    rounds.close(survey_round=survey_round, now=CLOSES)
    with pytest.raises(FigureError, match="The question “step” has no figure"):
        publishing.draw_figure({"survey": "battery-race", "snapshot": 2, "question": "step"})


def test_nothing_is_drawn_from_a_snapshot_that_was_tampered_with(snapshot):
    type(snapshot).objects.filter(pk=snapshot.pk).update(content=snapshot.content.replace("agree", "disagree"))
    with pytest.raises(FigureError, match="no longer matches its hash"):
        publishing.draw_figure({"survey": "battery-race", "snapshot": 1, "question": "catch-up"})


def test_a_draft_takes_the_next_free_part_of_its_series():
    series = SeriesFactory()
    PostFactory(series=series, part=2)
    survey = a_survey(series=series)
    first = publishing.draft_post(survey=survey, title="A", standfirst="B", body="C")
    second = publishing.draft_post(survey=survey, title="A", standfirst="B", body="C")
    assert (first.part, second.part) == (3, 4)
    assert first.slug != second.slug


def test_a_survey_without_a_series_makes_a_post_of_its_own():
    post = publishing.draft_post(survey=a_survey(), title="A", standfirst="B", body="C")
    assert (post.series, post.part) == (None, None)
