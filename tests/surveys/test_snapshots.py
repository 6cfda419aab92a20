import hashlib
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from posts import prose
from surveys import publishing, rounds, snapshots
from surveys.models import Answer, AnswerVersion, Contributor, Invitation, Response, Snapshot, SnapshotTampered
from tests.factories import AnswerFactory, QuestionFactory
from tests.surveys.answered import ANSWERS, CLOSES, a_survey, an_answered_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey_round():
    return an_answered_round()


@pytest.fixture
def snapshot(survey_round):
    return rounds.close(survey_round=survey_round, now=CLOSES)


def tamper(snapshot, content):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE surveys_snapshot SET content = %s WHERE id = %s", [content, snapshot.pk])
    return Snapshot.objects.get(pk=snapshot.pk)


def command(*args):
    out = io.StringIO()
    call_command("snapshots", *args, stdout=out)
    return out.getvalue()


# --- what is frozen


def test_the_content_is_canonical_json_and_its_hash_is_what_sha256sum_says(snapshot):
    data = json.loads(snapshot.content)
    assert snapshot.content == json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert snapshot.sha256 == hashlib.sha256(snapshot.content.encode()).hexdigest()


def test_the_content_says_what_was_asked_when_and_of_whom(snapshot):
    data = snapshot.data()
    assert data["number"] == 1
    assert data["survey"] == {
        "slug": snapshot.survey.slug,
        "title": "Three questions about the battery race",
        "minimum_cell": 3,
    }
    assert data["round"] == {
        "number": 1,
        "opens_at": "2026-11-02T14:00:00+00:00",
        "closes_at": "2026-11-16T14:00:00+00:00",
        "closed_at": "2026-11-16T14:00:00+00:00",
        "zone": "America/New_York",
    }
    assert data["panel"]["all"] == {
        "complete": 10, "partial": 0, "declined": 1, "undeliverable": 0, "no_reply": 1, "not_invited": 0,
    }  # fmt: skip
    assert data["panel"]["government"]["complete"] == 1
    assert [question["key"] for question in data["questions"]] == ["catch-up", "hurdle", "share-2035", "step"]


def test_each_question_has_a_row_for_each_submitted_response(snapshot):
    catch_up = snapshot.data()["questions"][0]
    assert len(catch_up["rows"]) == 10
    columns = snapshot.data()["columns"]
    blank = next(dict(zip(columns, row, strict=True)) for row in catch_up["rows"] if row[4])
    assert (blank["sector"], blank["blank"]) == ("academia", "no_opinion")
    assert (blank["value"], blank["confidence"]) == (None, None)
    assert {row[6] for row in catch_up["rows"]} == {"named"}


def test_rows_do_not_stand_in_the_order_in_which_answers_came(survey_round):
    """The same answers given in the opposite order freeze to the same rows but for the numbers of the answers."""
    other = an_answered_round(answers=tuple(reversed(ANSWERS)))
    first, second = (
        [[row[1:] for row in question["rows"]] for question in snapshots.freeze(survey_round=each).data()["questions"]]
        for each in (survey_round, other)
    )
    assert first == second


def test_words_are_not_frozen(survey_round):
    answer = Answer.objects.filter(question__key="step").first()
    Answer.objects.filter(pk=answer.pk).update(value="Train people first.", blank="", comment="Please.")
    snapshot = snapshots.freeze(survey_round=survey_round)
    assert "Train people" not in snapshot.content
    assert "Please" not in snapshot.content
    assert snapshots.tallies(snapshot, "step")[1]["all"].base == 1


def test_drafts_are_not_counted(survey_round):
    Response.objects.filter(invitation__contributor__name="Sample A").update(submitted_at=None)
    assert snapshots.tallies(snapshots.freeze(survey_round=survey_round), "catch-up")[1]["all"].base == 8


def test_a_new_wording_is_counted_by_itself_and_not_shown_to_those_who_answered_the_old_one(survey_round):
    old = survey_round.survey.questions.get(key="catch-up")
    old.superseded_at = CLOSES
    old.save()
    new = QuestionFactory(survey=survey_round.survey, key="catch-up", version=2, position=1, prompt="By 2040?")
    late = Response.objects.order_by("-pk").first()
    AnswerFactory(response=late, question=new, value="disagree")
    snapshot = snapshots.freeze(survey_round=survey_round)
    spec, found = snapshots.tallies(snapshot, "catch-up")
    assert (spec.version, spec.prompt) == (2, "By 2040?")
    assert found["all"].base == 1
    assert found["all"].blanks == {"not_shown": 9}


def test_freezing_again_without_a_change_gives_the_same_snapshot(snapshot, survey_round):
    assert snapshots.freeze(survey_round=survey_round) == snapshot
    Answer.objects.filter(value="neutral").update(value="agree")
    assert snapshots.freeze(survey_round=survey_round).number == 2


def test_numbers_run_through_the_rounds_of_a_survey(snapshot):
    assert rounds.close(survey_round=an_answered_round(snapshot.survey, number=2), now=CLOSES).number == 2
    assert rounds.close(survey_round=an_answered_round(), now=CLOSES).number == 1


# --- what is counted from it, by hand


def test_tallies_are_those_counted_by_hand(snapshot):
    _spec, found = snapshots.tallies(snapshot, "catch-up")
    assert found["all"].counts == {
        "strongly_disagree": 0, "disagree": 2, "neutral": 1, "agree": 5, "strongly_agree": 1,
    }  # fmt: skip
    assert found["all"].weights == {
        "strongly_disagree": 0, "disagree": 10, "neutral": 5, "agree": 33, "strongly_agree": 9,
    }  # fmt: skip
    assert (found["all"].asked, found["all"].base, found["all"].blanks) == (10, 9, {"no_opinion": 1})
    assert {key: tally.base for key, tally in found.items()} == {
        "all": 9, "industry": 5, "academia": 3, "government": 1,
    }  # fmt: skip


def test_readers_get_what_disclosure_leaves(snapshot):
    """Government has one answer; academia, with three the next smallest, hides it."""
    result = snapshots.result(snapshot, "catch-up")
    assert list(result.shown.groups) == ["all", "industry"]
    assert result.shown.withheld == ("academia", "government")
    figure = str(snapshots.figure(snapshot, "catch-up"))
    assert "Academia" not in figure
    assert "Not shown separately: academia and government." in figure


def test_an_unknown_question_is_named(snapshot):
    with pytest.raises(snapshots.UnknownQuestion, match="nowhere"):
        snapshots.tallies(snapshot, "nowhere")


# --- it stays as it is


def test_what_happens_to_people_and_answers_later_changes_no_published_figure(snapshot):
    """The public panel's fault: panelists were removed from the table after its bars had been published."""
    before = [str(snapshots.figure(snapshot, key)) for key in snapshots.question_keys(snapshot)]
    Answer.objects.filter(question__key="hurdle", blank="").update(value="workforce")
    AnswerVersion.objects.all().delete()
    Response.objects.filter(invitation__contributor__sector="industry").delete()
    Invitation.objects.filter(contributor__sector="industry").delete()
    Contributor.objects.filter(sector="industry").delete()
    survey = snapshot.survey
    survey.title, survey.minimum_cell = "Another title", 50
    survey.save()
    frozen = Snapshot.objects.get(pk=snapshot.pk)
    assert [str(snapshots.figure(frozen, key)) for key in snapshots.question_keys(frozen)] == before


def test_a_snapshot_is_never_saved_again(snapshot):
    with pytest.raises(ValueError, match="never changed"):
        snapshot.save()


def test_a_database_that_cannot_be_used_is_said_in_a_sentence(monkeypatch):
    def broken(*fields):
        raise OperationalError("no such table: surveys_snapshot")

    monkeypatch.setattr(Snapshot.objects, "select_related", broken)
    with pytest.raises(CommandError, match="The database cannot be used: no such table: surveys_snapshot"):
        command("list")


def test_the_command_draws_the_figure_that_the_post_shows_byte_for_byte(snapshot):
    post = prose.render(publishing.fence(snapshot, "catch-up"))
    figure = command("recompute", snapshot.survey.slug, "1", "--question", "catch-up").rstrip("\n")
    assert "<svg" in figure
    assert figure in post.html
    everything = command("recompute", snapshot.survey.slug, "1")
    assert figure in everything
    assert everything == command("recompute", snapshot.survey.slug, "1")


def test_verify_finds_a_changed_vote(snapshot):
    assert command("verify") == f"{snapshot.survey.slug} 1 unchanged\n"
    changed = tamper(snapshot, snapshot.content.replace('"strongly_agree",""', '"disagree",""', 1))
    assert changed.content != snapshot.content
    with pytest.raises(CommandError, match="1 of 1 snapshots are not what was frozen"):
        command("verify")
    with pytest.raises(SnapshotTampered):
        snapshots.figure(changed, "catch-up")
    with pytest.raises(CommandError, match="does not match its hash"):
        command("recompute", snapshot.survey.slug, "1")


def test_list_and_show_say_what_there_is(snapshot):
    assert command("list").startswith(f"{snapshot.survey.slug} 1 {snapshot.sha256[:12]} round 1 ")
    shown = command("show", snapshot.survey.slug, "1")
    assert "By 2035 the United States will make half" in shown
    assert "industry: n = 5 of 5 asked" in shown
    assert "government: n" not in shown
    assert command("show", snapshot.survey.slug, "1", "--content") == snapshot.content + "\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("show", "nowhere", "1"), "no snapshot 1 of a survey “nowhere”"),
        (("verify", "nowhere"), "no snapshot of a survey “nowhere”"),
        (("recompute", "survey", "99999999999999999999"), "no snapshot 99999999999999999999"),
        (("recompute", "survey", "1", "--question", "nothing"), "no question “nothing”. It has: catch-up, hurdle"),
    ],
)
def test_the_command_names_what_it_cannot_find(args, message):
    rounds.close(survey_round=an_answered_round(a_survey(slug="survey")), now=CLOSES)
    with pytest.raises(CommandError, match=message):
        command(*args)


def test_an_empty_site_has_nothing_to_list_and_nothing_to_verify():
    assert "no snapshot yet" in command("list")
    assert command("verify") == ""


def test_a_round_that_nobody_answered_freezes_and_shows_nothing():
    snapshot = rounds.close(survey_round=an_answered_round(answers=()), now=CLOSES)
    result = snapshots.result(snapshot, "catch-up")
    assert result.shown.groups == {}
    assert result.chart is None
    assert result.reading == []
