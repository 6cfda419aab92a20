"""A file put onto a survey that is there: what was answered stays, and everything done is said."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from naatbatt.mail.models import OutgoingMail
from surveys import files, importing, rounds, snapshots
from surveys.models import Answer, Question, Round, Survey
from tests.factories import AnswerFactory, QuestionFactory, RoundFactory, SeriesFactory, SurveyFactory
from tests.rows import every_row
from tests.surveys.answered import CLOSES, a_survey, an_answered_round
from tests.surveys.test_files import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def put(tmp_path):
    """`put(text)` imports it and gives the sentences said."""

    def put(text, *options):
        file = tmp_path / "survey.toml"
        file.write_text(text, encoding="utf-8")
        return run("import", file, *options).splitlines()

    return put


def test_a_question_nobody_answered_is_edited_in_place(put):
    survey = a_survey()
    said = put(files.write(survey).replace("Which hurdle weighs most?", "Which weighs least?"))
    assert said == ["Question “hurdle” is edited. Nobody has answered it."]
    assert survey.questions.get(key="hurdle").prompt == "Which weighs least?"
    assert Question.objects.count() == 4


def test_an_answered_question_gets_a_new_version_and_its_answers_stay(put):
    survey = an_answered_round().survey
    before = list(Answer.objects.values())
    said = put(files.write(survey).replace("Which hurdle weighs most?", "Which weighs least?"))
    assert said == ["Question “hurdle” gets version 2: version 1 has been answered and keeps its answers."]
    assert list(survey.questions.filter(key="hurdle").order_by("version").values_list("version", "prompt")) == [
        (1, "Which hurdle weighs most?"),
        (2, "Which weighs least?"),
    ]
    assert list(Answer.objects.values()) == before


def test_a_second_time_there_is_nothing_to_do(put):
    survey = an_answered_round().survey
    text = files.write(survey).replace("Which hurdle weighs most?", "Which weighs least?")
    put(text)
    assert put(text) == ["Nothing to do: the survey is what the file says."]


def without(text, key):
    """The file without that question."""
    head, *tables = text.split("[[question]]\n")
    return head + "".join(f"[[question]]\n{table}" for table in tables if f'key = "{key}"' not in table)


def test_a_question_left_out_is_removed_only_where_nobody_answered_it(put):
    survey = an_answered_round().survey
    QuestionFactory(survey=survey, key="extra", position=9)
    said = put(without(without(files.write(survey), "hurdle"), "extra"))
    assert said == [
        "Question “hurdle” is kept, though the file does not have it: it has been answered.",
        "Question “extra” is removed. Nobody had answered it.",
        "The questions are asked in another order.",
    ]
    assert [question.key for question in survey.questions.current()] == ["catch-up", "share-2035", "step", "hurdle"]


def test_the_new_version_of_an_answered_question_is_kept_too(put):
    survey = an_answered_round().survey
    text = files.write(survey)
    put(text.replace("Which hurdle weighs most?", "Which weighs least?"))
    assert "Question “hurdle” is kept" in put(without(text, "hurdle"))[0]
    assert survey.questions.filter(key="hurdle").count() == 2


def test_questions_are_added_and_put_in_order(put):
    survey = a_survey()
    head, *tables = files.write(survey).split("[[question]]\n")
    new = 'key = "new"\nkind = "text"\nprompt = "And?"\n\n'
    said = put(head + "".join(f"[[question]]\n{table.strip()}\n\n" for table in [new, *reversed(tables)]))
    assert said == ["Question “new” is new.", "The questions are asked in another order."]
    assert [question.key for question in survey.questions.current()] == [
        "new", "step", "share-2035", "hurdle", "catch-up",
    ]  # fmt: skip


def test_the_key_of_a_question_that_was_answered_and_is_gone_goes_on_counting_versions(put):
    survey = a_survey()
    text = files.write(survey)
    survey.questions.filter(key="step").update(superseded_at=timezone.now())
    assert put(text)[0] == "Question “step” is new."
    assert survey.questions.current().get(key="step").version == 2


def test_the_survey_itself_is_updated_and_the_fields_are_named(put):
    survey = a_survey()
    SeriesFactory(slug="race")
    text = files.write(survey).replace("minimum_cell = 3", 'minimum_cell = 4\nseries = "race"')
    assert put(text) == ["The survey's own fields change: series, minimum_cell."]
    survey.refresh_from_db()
    assert (survey.minimum_cell, survey.series.slug) == (4, "race")
    put(text.replace('series = "race"\n', ""))
    survey.refresh_from_db()
    assert survey.series is None


def test_a_round_that_has_not_begun_gets_its_new_times_and_one_that_has_is_kept(put):
    survey = SurveyFactory()
    QuestionFactory(survey=survey)
    RoundFactory(survey=survey, number=1)
    soon = timezone.now().replace(microsecond=0) + timedelta(days=3)
    RoundFactory(survey=survey, number=2, opens_at=soon, closes_at=soon + timedelta(days=9))
    kept = Round.objects.get(number=1).closes_at
    text = files.write(survey).replace("reminder_gap = 4", "reminder_gap = 7")
    said = put(text)
    assert said[0] == "Round 1 is kept as it is, because it has begun."
    assert said[1].startswith("Round 2 gets other times or settings: ")
    assert [row.reminder_gap for row in Round.objects.order_by("number")] == [4, 7]
    assert Round.objects.get(number=1).closes_at == kept
    head, _first, *rest = text.split("[[round]]\n")
    assert "Round 1 is kept, though the file does not have it." in put(head + "[[round]]\n" + "".join(rest))


def test_a_round_that_was_over_elsewhere_is_not_closed_and_frozen_here(put):
    survey = an_answered_round().survey
    text = files.write(survey).replace(f'slug = "{survey.slug}"', 'slug = "elsewhere"')
    said = put(text)
    assert said[0] == "New survey “elsewhere”."
    assert said[1] == ("Round 1 is new: Monday, Nov. 2, 2026, 9 a.m. EST to Monday, Nov. 16, 2026, 9 a.m. EST.")
    assert Round.objects.get(survey__slug="elsewhere").closed_at == CLOSES
    assert not Round.objects.overdue().filter(survey__slug="elsewhere").exists()


def test_checked_only_says_the_same_and_changes_nothing(put):
    survey = an_answered_round().survey
    text = files.write(survey).replace("Which hurdle weighs most?", "Which weighs least?").replace("Three", "Four")
    before = every_row()
    said = put(text, "--check")
    assert said[-1] == "Checked only: nothing was written."
    assert every_row() == before
    assert put(text) == said[:-1]
    new = text.replace(f'slug = "{survey.slug}"', 'slug = "new"')
    assert put(new, "--check")[0] == "New survey “new”."
    assert not Survey.objects.filter(slug="new").exists()


def test_what_fails_half_way_takes_everything_back(put, monkeypatch):
    survey = a_survey()
    before = every_row()
    monkeypatch.setattr(importing.questionnaires, "reword", lambda **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        put(files.write(survey).replace("Which hurdle weighs most?", "Which?").replace("Three", "Four"))
    assert every_row() == before


def test_nobody_is_written_to(put):
    survey = an_answered_round().survey
    put(files.write(survey).replace("Which hurdle weighs most?", "Which weighs least?"))
    assert not OutgoingMail.objects.exists()


def test_results_never_mix_the_wordings_that_an_import_made(put):
    """Frozen after the import: the first wording keeps its nine votes, the second has the one that was given to it."""
    survey_round = an_answered_round(closes_at=datetime(2099, 1, 1, tzinfo=UTC))
    survey = survey_round.survey
    frozen = rounds.close(survey_round=survey_round, now=CLOSES)
    put(files.write(survey).replace("Which hurdle weighs most?", "Which weighs least?"))
    second = survey.questions.current().get(key="hurdle")
    later = RoundFactory(survey=survey, number=2, opens_at=CLOSES, closes_at=CLOSES + timedelta(days=9))
    AnswerFactory(response__invitation__survey_round=later, question=second, value="cost")
    now = rounds.close(survey_round=later, now=CLOSES + timedelta(days=9))
    assert [
        (spec.version, spec.prompt, counted["all"].base, counted["all"].counts["cost"])
        for spec, counted in (snapshots.tallies(snapshot, "hurdle") for snapshot in (frozen, now))
    ] == [(1, "Which hurdle weighs most?", 9, 6), (2, "Which weighs least?", 1, 1)]


# --- sections, conditions, words


def a_sectioned_survey():
    """catch-up | plants: hurdle, share-2035 (when agreed) | steps: step"""
    survey = a_survey(definitions=[{"term": "cell", "meaning": "One of many."}])
    for place, key in enumerate(("plants", "steps"), start=1):
        survey.sections.create(key=key, title=key.title(), position=place)
    plants, steps = survey.sections.all()
    survey.questions.filter(key__in=["hurdle", "share-2035"]).update(section=plants)
    survey.questions.filter(key="share-2035").update(show_if=[{"question": "catch-up", "is": ["agree"]}])
    survey.questions.filter(key="step").update(section=steps)
    return survey


def keys_by_section(survey):
    return [
        (row.section.key if row.section else "", row.key)
        for row in survey.questions.current().select_related("section")
    ]


def test_what_a_sectioned_survey_writes_leaves_nothing_to_do(put):
    survey = an_answered_round(a_sectioned_survey()).survey
    assert put(files.write(survey)) == ["Nothing to do: the survey is what the file says."]


def test_sections_are_matched_by_their_keys_and_all_that_changes_is_said(put):
    survey = an_answered_round(a_sectioned_survey()).survey
    kept = survey.sections.get(key="steps").pk
    text = files.write(survey)
    head, plants, rest = text.split("[[section]]\n")
    steps, questions = rest.split("[[question]]\n", 1)
    text = "[[section]]\n".join(
        [head, steps.replace('"Steps"', '"What to do"') + "\n", plants, 'key = "new"\ntitle = "New"\n\n[[question]]\n']
    ) + questions.replace('key = "hurdle"\nsection = "plants"', 'key = "hurdle"\nsection = "new"')
    assert put(text) == [
        "Section “steps” gets another title or introduction.",
        "Section “new” is new.",
        "The sections come in another order.",
        "Question “hurdle” stands in another section.",
        "The questions are asked in another order.",
    ]
    assert survey.sections.get(key="steps").pk == kept
    assert keys_by_section(survey) == [("", "catch-up"), ("steps", "step"), ("plants", "share-2035"), ("new", "hurdle")]
    assert not survey.questions.filter(version=2).exists()
    assert put(text) == ["Nothing to do: the survey is what the file says."]


def test_a_section_goes_with_its_last_question_and_stays_with_one_that_was_answered(put):
    survey = a_sectioned_survey()
    text = files.write(survey)
    without_step = without(text, "step").replace('[[section]]\nkey = "steps"\ntitle = "Steps"\n', "")
    assert put(without_step) == [
        "Question “step” is removed. Nobody had answered it.",
        "Section “steps” is removed.",
    ]
    answered = an_answered_round(a_sectioned_survey()).survey
    without_step = without_step.replace(f'slug = "{survey.slug}"', f'slug = "{answered.slug}"').replace(
        files.write(survey).split("[[definition]]")[0], files.write(answered).split("[[definition]]")[0]
    )
    assert put(without_step)[:2] == [
        "Round 1 is kept, though the file does not have it.",
        "Question “step” is kept, though the file does not have it: it has been answered.",
    ]
    assert answered.sections.filter(key="steps").exists()


def test_another_condition_makes_a_new_version_of_an_answered_question(put):
    survey = an_answered_round(a_sectioned_survey()).survey
    said = put(files.write(survey).replace('{is = ["agree"], question', '{is = ["disagree"], question'))
    assert said == ["Question “share-2035” gets version 2: version 1 has been answered and keeps its answers."]
    assert survey.questions.current().get(key="share-2035").show_if == [{"question": "catch-up", "is": ["disagree"]}]


def test_a_stop_rule_is_no_part_of_the_wording(put):
    survey = an_answered_round().survey
    text = files.write(survey).replace(
        'key = "catch-up"\n', 'key = "catch-up"\nstop_rule = {at_most = 1, measure = "iqr"}\n'
    )
    assert put(text) == ["Question “catch-up” gets another stop rule."]
    assert survey.questions.get(key="catch-up").stop_rule == {"measure": "iqr", "at_most": 1}


def test_a_closed_door_and_the_words_used_are_fields_of_the_survey(put):
    survey = a_sectioned_survey()
    text = files.write(survey).replace("minimum_cell = 3", "minimum_cell = 3\nclosed_door = true")
    said = put(text.replace("One of many.", "A battery's smallest part."))
    assert said == ["The survey's own fields change: closed_door, definitions."]
    survey.refresh_from_db()
    assert survey.closed_door
    assert survey.definitions == [{"term": "cell", "meaning": "A battery's smallest part."}]


def test_a_file_that_takes_away_what_a_kept_question_depends_on_is_refused_whole(put):
    """share-2035 was answered, so it stays; nobody answered what it depends on, so that would go."""
    survey = a_sectioned_survey()
    AnswerFactory(
        response__invitation__survey_round=RoundFactory(survey=survey), value=5,
        question=survey.questions.get(key="share-2035"),
    )  # fmt: skip
    text = without(without(files.write(survey), "share-2035"), "catch-up")
    before = every_row()
    with pytest.raises(CommandError, match="“share-2035” is kept, because it has been answered, but"):
        put(text)
    assert every_row() == before
