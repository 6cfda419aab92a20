"""Questions asked again: copies that know where they come from, and results that stay with their wording."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from surveys import questionnaires, rounds, snapshots
from surveys.models import Question
from surveys.questions import TYPES
from tests.factories import AnswerFactory, QuestionFactory, RoundFactory, SeriesFactory, SurveyFactory
from tests.surveys.answered import CLOSES, a_survey, an_answered_round

pytestmark = pytest.mark.django_db

WORDING = ("kind", "prompt", "guidance", "required", "settings", "options")


def wording(question):
    return [getattr(question, name) for name in WORDING]


def test_a_duplicate_asks_the_same_and_knows_where_each_question_comes_from():
    survey = an_answered_round(a_survey(series=SeriesFactory(), takes_open_views=True)).survey
    copied = questionnaires.duplicate(survey=survey, title="Once more", slug="once-more")
    assert (copied.title, copied.slug) == ("Once more", "once-more")
    assert (copied.introduction, copied.series, copied.minimum_cell) == (
        survey.introduction, survey.series, survey.minimum_cell
    )  # fmt: skip
    pairs = list(zip(survey.questions.current(), copied.questions.all(), strict=True))
    assert [copy.key for _question, copy in pairs] == ["catch-up", "hurdle", "share-2035", "step"]
    for question, copy in pairs:
        assert wording(copy) == wording(question)
        assert copy.asked_before == question


def a_sectioned_survey():
    """catch-up | later: hurdle (when agreed)"""
    survey = SurveyFactory(closed_door=True, definitions=[{"term": "cell", "meaning": "One of many."}])
    section = survey.sections.create(key="later", title="Later", position=3, introduction="Then.")
    QuestionFactory(survey=survey, key="catch-up", position=1, stop_rule={"measure": "iqr", "at_most": 1})
    QuestionFactory(
        survey=survey, key="hurdle", position=2, section=section, show_if=[{"question": "catch-up", "is": ["agree"]}]
    )
    return survey


def test_a_duplicate_has_sections_conditions_and_words_of_its_own():
    survey = a_sectioned_survey()
    copied = questionnaires.duplicate(survey=survey)
    assert (copied.closed_door, copied.definitions) == (True, survey.definitions)
    (section,) = copied.sections.all()
    assert (section.key, section.title, section.introduction) == ("later", "Later", "Then.")
    first, second = copied.questions.current()
    assert (first.section, second.section) == (None, section)
    assert second.show_if == [{"question": "catch-up", "is": ["agree"]}]
    assert first.stop_rule == {"measure": "iqr", "at_most": 1}
    second.full_clean()


def test_a_new_version_stands_where_the_old_one_stood_and_is_put_to_the_same_people():
    survey = a_sectioned_survey()
    for key in ("catch-up", "hurdle"):
        question = survey.questions.get(key=key)
        AnswerFactory(question=question)
        current = questionnaires.reword(question=question)
        assert (current.section, current.show_if) == (question.section, question.show_if)
        assert current.stop_rule == question.stop_rule
        current.full_clean()
    survey.questions.current().get(key="hurdle").full_clean()


def test_asked_again_a_question_keeps_conditions_on_what_is_asked_again_too():
    """The key of what it depends on is taken there, and its condition follows it to the new one."""
    survey = a_sectioned_survey()
    other = QuestionFactory(key="catch-up", position=1).survey
    first, second = survey.questions.current()
    alone = questionnaires.ask_again(question=second, survey=SurveyFactory())
    assert alone.show_if == []
    assert questionnaires.left_behind(question=second, copy=alone) == 1
    questionnaires.ask_again(question=first, survey=other)
    copy = questionnaires.ask_again(question=second, survey=other)
    assert copy.show_if == [{"question": "catch-up-2", "is": ["agree"]}]
    assert questionnaires.left_behind(question=second, copy=copy) == 0
    copy.full_clean()


def test_a_condition_that_could_not_be_met_there_is_left_behind():
    """There it comes first, because it stands in no section."""
    survey = a_sectioned_survey()
    first, second = survey.questions.current()
    other = SurveyFactory()
    copy = questionnaires.ask_again(question=first, survey=other)
    type(copy).objects.filter(pk=copy.pk).update(kind="text")
    assert questionnaires.ask_again(question=second, survey=other).show_if == []


def test_asked_again_a_question_comes_into_the_section_called_the_same_or_else_into_the_last():
    question = a_sectioned_survey().questions.get(key="hurdle")
    other = SurveyFactory()
    last = other.sections.create(key="z", title="Z", position=2)
    assert questionnaires.ask_again(question=question, survey=other).section == last
    again = SurveyFactory()
    same = again.sections.create(key="later", title="L", position=1)
    again.sections.create(key="z", title="Z", position=2)
    assert questionnaires.ask_again(question=question, survey=again).section == same


def test_who_depends_on_a_question_is_known():
    survey = a_sectioned_survey()
    first, second = survey.questions.current()
    assert questionnaires.depending_on([first]) == [second]
    assert questionnaires.depending_on([first, second]) == []
    assert questionnaires.depending_on([second]) == []
    questionnaires.duplicate(survey=survey)
    assert questionnaires.depending_on([first]) == [second]


def test_sections_on_one_place_get_places_of_their_own_in_their_order():
    survey = SurveyFactory()
    for key, position in (("a", 7), ("b", 2), ("c", 2)):
        survey.sections.create(key=key, title=key, position=position)
    questionnaires.number_sections(survey)
    assert list(survey.sections.values_list("key", "position")) == [("b", 1), ("c", 2), ("a", 3)]


def test_a_duplicate_asks_nothing_of_anybody_yet():
    copied = questionnaires.duplicate(survey=an_answered_round(a_survey(takes_open_views=True)).survey)
    assert not copied.rounds.exists()
    assert not copied.takes_open_views
    assert not any(question.is_answered() for question in copied.questions.all())


def test_a_duplicate_has_the_current_version_only():
    survey = an_answered_round().survey
    current = questionnaires.reword(question=survey.questions.get(key="hurdle"))
    copied = questionnaires.duplicate(survey=survey)
    assert copied.questions.get(key="hurdle").asked_before == current
    assert copied.questions.get(key="hurdle").version == 1


def test_duplicates_without_a_name_get_one_that_is_free():
    survey = SurveyFactory(slug="s" * 80, title="T" * 160)
    first, second = (questionnaires.duplicate(survey=survey) for _time in range(2))
    assert (first.slug, second.slug) == ("s" * 78 + "-2", "s" * 78 + "-3")
    assert len(first.title) <= 160


def test_a_question_asked_again_comes_last_and_knows_where_it_comes_from():
    question = AnswerFactory(question__guidance="Count cells.").question
    survey = QuestionFactory(position=7).survey
    copy = questionnaires.ask_again(question=question, survey=survey)
    assert (copy.survey, copy.position, copy.asked_before, copy.key) == (survey, 8, question, question.key)
    assert wording(copy) == wording(question)
    assert not copy.is_answered()


def test_asked_again_in_an_empty_survey_it_is_the_first():
    assert questionnaires.ask_again(question=QuestionFactory(), survey=SurveyFactory()).position == 1


def test_a_taken_key_is_counted_on():
    survey = QuestionFactory(key="hurdle").survey
    QuestionFactory(survey=survey, key="hurdle-2", superseded_at=timezone.now())
    copy = questionnaires.ask_again(question=QuestionFactory(key="hurdle"), survey=survey)
    assert copy.key == "hurdle-3"
    copy.full_clean()


def test_asking_again_twice_makes_one_copy_and_none_of_a_survey_s_own():
    question, survey = QuestionFactory(), SurveyFactory()
    copy = questionnaires.ask_again(question=question, survey=survey)
    assert questionnaires.ask_again(question=question, survey=survey) == copy
    AnswerFactory(question=copy)
    later = questionnaires.reword(question=copy)
    assert questionnaires.ask_again(question=question, survey=survey) == later
    assert questionnaires.ask_again(question=question, survey=question.survey) == question


def test_a_new_version_still_knows_where_the_question_comes_from():
    question = QuestionFactory()
    copy = questionnaires.ask_again(question=question, survey=SurveyFactory())
    AnswerFactory(question=copy)
    assert questionnaires.reword(question=copy).asked_before == question


def test_all_askings_are_found_from_each_of_them():
    first = AnswerFactory().question
    reworded = questionnaires.reword(question=first)
    second = questionnaires.ask_again(question=reworded, survey=SurveyFactory())
    third = questionnaires.ask_again(question=second, survey=SurveyFactory())
    other = questionnaires.ask_again(question=reworded, survey=SurveyFactory())
    QuestionFactory(survey=second.survey)
    family = [first, reworded, second, third, other]
    for question in family:
        assert questionnaires.askings(question) == family


def test_a_question_that_was_asked_once_has_no_other_askings():
    question = QuestionFactory()
    QuestionFactory(survey=question.survey)
    assert questionnaires.askings(question) == [question]


def test_snapshots_never_mix_versions():
    """Nine votes for the first wording, none for the second; one round later it is the other way round."""
    survey_round = an_answered_round(closes_at=datetime(2099, 1, 1, tzinfo=UTC))
    survey = survey_round.survey
    first = survey.questions.get(key="hurdle")
    second = questionnaires.reword(question=first)
    Question.objects.filter(pk=second.pk).update(prompt="Which weighs least?")
    # One who answers after the change is asked the new wording only.
    AnswerFactory(response__invitation__survey_round=survey_round, question=second, value="workforce")
    snapshot = rounds.close(survey_round=survey_round, now=CLOSES)
    frozen = {(row["key"], row["version"]): row["rows"] for row in snapshot.data()["questions"]}
    values = [[row[3] for row in frozen["hurdle", version] if row[3] is not None] for version in (1, 2)]
    assert sorted(values[0]) == ["cost"] * 6 + ["technology"] * 2 + ["workforce"]
    assert values[1] == ["workforce"]
    spec, counted = snapshots.tallies(snapshot, "hurdle")
    assert (spec.version, spec.prompt) == (2, "Which weighs least?")
    assert counted["all"].base == 1
    assert snapshots.result(snapshot, "hurdle").shown.groups == {}

    later = RoundFactory(survey=survey, number=2, opens_at=CLOSES, closes_at=CLOSES + timedelta(days=9))
    for value in ("cost", "cost", "technology"):
        AnswerFactory(response__invitation__survey_round=later, question=second, value=value)
    snapshot = rounds.close(survey_round=later, now=CLOSES + timedelta(days=9))
    assert {row["version"] for row in snapshot.data()["questions"] if row["key"] == "hurdle"} == {2}
    assert snapshots.tallies(snapshot, "hurdle")[1]["all"].base == 3


def test_minutes_to_answer():
    """The seconds of each kind, half a minute more wherever one may say why, rounded up to whole minutes."""
    survey = SurveyFactory()
    for kind in ("statement", "statement", "text"):
        QuestionFactory(survey=survey, kind=kind)
    seconds = {kind.kind: kind.seconds + 30 * kind.asks_comment for kind in TYPES}
    expected = -(-(2 * seconds["statement"] + seconds["text"]) // 60)
    assert questionnaires.minutes_to_answer(survey.questions.all()) == expected
    assert questionnaires.minutes_to_answer([]) == 1


def test_the_time_it_takes_is_a_bound_where_some_questions_may_be_left_out():
    questions = [QuestionFactory.build(survey=None, kind="text") for _more in range(5)]
    minutes = questionnaires.minutes_to_answer(questions)
    assert questionnaires.time_to_answer(questions) == f"about {minutes} minutes"
    questions[-1].show_if = [{"question": questions[0].key, "answered": True}]
    assert questionnaires.minutes_to_answer(questions) == minutes
    assert questionnaires.time_to_answer(questions) == f"up to {minutes} minutes"
    assert questionnaires.time_to_answer([]) == "about 1 minute"


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_every_kind_says_how_long_it_takes(kind):
    assert 5 <= kind.seconds <= 300
