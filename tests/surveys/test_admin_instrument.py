"""Where a question stands and whom it is put to, set up by staff: sections, conditions, the words used."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from surveys import questionnaires
from surveys.models import Question, Section, Survey
from tests.factories import AnswerFactory, QuestionFactory, SurveyFactory
from tests.rows import every_row
from tests.surveys.answered import a_survey, an_answered_round
from tests.surveys.test_admin import page

pytestmark = pytest.mark.django_db

AGREED = [{"question": "catch-up", "is": ["agree", "strongly_agree"]}]


def question_form(question, **changes):
    """What the form of a text question posts, with these rows of "Show when"."""
    empty = {f"show_if-{row}-question": "" for row in range(3)}
    return {
        "survey": question.survey_id, "key": question.key, "section": question.section_id or "",
        "position": question.position, "prompt": question.prompt, "kind": question.kind, **empty, **changes,
    }  # fmt: skip


def row(number, question, test, *options, low="", high=""):
    name = f"show_if-{number}"
    return {
        f"{name}-question": question, f"{name}-offered": question, f"{name}-test": test, f"{name}-options": options,
        f"{name}-low": low, f"{name}-high": high,
    }  # fmt: skip


def save(client, question, **changes):
    address = reverse("admin:surveys_question_change", args=[question.pk])
    return client.post(address, question_form(question, **changes))


def errors(got):
    text = got.content.decode()
    return [re.sub(r"<[^>]+>", "", found) for found in re.findall(r'errorlist[^"]*"[^>]*>(.*?)</ul>', text, re.DOTALL)]


def step_of(survey):
    return survey.questions.get(key="step")


# --- "Show when ..."


@pytest.mark.parametrize(
    ("rows", "stored"),
    [
        (row(0, "catch-up", "is", "agree", "strongly_agree"), AGREED),
        (row(0, "catch-up", "is_not", "agree"), [{"question": "catch-up", "is_not": ["agree"]}]),
        (row(0, "share-2035", "between", low="10"), [{"question": "share-2035", "at_least": 10}]),
        (
            row(0, "share-2035", "between", low="1.5", high="20"),
            [{"question": "share-2035", "at_least": 1.5, "at_most": 20}],
        ),
        (row(0, "hurdle", "unanswered"), [{"question": "hurdle", "answered": False}]),
        (row(2, "hurdle", "answered"), [{"question": "hurdle", "answered": True}]),
        (
            row(0, "catch-up", "is", "agree", "strongly_agree") | row(1, "share-2035", "between", high="5"),
            [*AGREED, {"question": "share-2035", "at_most": 5}],
        ),
        ({}, []),
    ],
)
def test_conditions_are_set_by_form_and_come_back_as_they_were(admin_client, rows, stored):
    question = step_of(a_survey())
    assert save(admin_client, question, **rows).status_code == 302
    question.refresh_from_db()
    assert question.show_if == stored
    text = page(admin_client, "surveys_question_change", question.pk)
    posted = dict(re.findall(r'name="(show_if-\d+-(?:offered|low|high))" (?:id="[^"]*" )?value="([^"]*)"', text))
    for name, options in re.findall(r'<select name="(show_if-[^"]+)"(.*?)</select>', text, re.DOTALL):
        posted[name] = "".join(re.findall(r'value="([^"]*)" selected', options))
    for name, value in re.findall(r'name="(show_if-\d+-options)" value="([^"]*)" checked', text):
        posted.setdefault(name, []).append(value)
    assert save(admin_client, question, **posted).status_code == 302
    question.refresh_from_db()
    assert question.show_if == stored


def test_what_a_file_wrote_stays_as_it_is_when_the_rest_is_edited(admin_client):
    """Two tests in one condition, options in an order of their own: two rows of the form, and still the same."""
    stored = [{"question": "catch-up", "is": ["strongly_agree", "agree"], "at_least": 2}]
    question = step_of(a_survey())
    Question.objects.filter(pk=question.pk).update(show_if=stored)
    rows = row(0, "catch-up", "is", "agree", "strongly_agree") | row(1, "catch-up", "between", low="2")
    assert save(admin_client, question, prompt="Else?", **rows).status_code == 302
    question.refresh_from_db()
    assert (question.prompt, question.show_if) == ("Else?", stored)


def test_a_question_just_chosen_brings_what_can_be_asked_of_its_answer_before_anything_is_saved(admin_client):
    survey = a_survey()
    question = step_of(survey)
    before = every_row()
    for button in ({}, {"_preview": "1"}):
        got = save(admin_client, question, **{"show_if-0-question": "share-2035", **button})
        text = got.content.decode()
        assert got.status_code == 200
        assert 'name="show_if-0-low"' in text
        assert 'name="show_if-0-options"' not in text
        assert ("Say what must be true of the answer" in text) is not bool(button)
    got = save(admin_client, question, **{**row(0, "catch-up", "is", "agree"), "show_if-0-question": "hurdle"})
    ticks = re.findall(r'name="show_if-0-options" value="([^"]*)"( checked)?', got.content.decode())
    assert ticks == [("cost", ""), ("technology", ""), ("workforce", "")]
    assert every_row() == before


def test_that_it_was_answered_at_all_needs_no_second_look(admin_client):
    question = step_of(a_survey())
    changes = {"show_if-0-question": "hurdle", "show_if-0-test": "answered"}
    assert save(admin_client, question, **changes).status_code == 302
    question.refresh_from_db()
    assert question.show_if == [{"question": "hurdle", "answered": True}]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (row(0, "catch-up", ""), "Say what must be true of the answer to “catch-up”."),
        (row(0, "catch-up", "is"), "Tick at least one answer to “catch-up”."),
        (row(0, "catch-up", "is", "maybe"), "“maybe” is no option of “catch-up”"),
        (row(0, "share-2035", "between"), "Say from which number, or to which, for “share-2035”."),
        (row(0, "share-2035", "between", low="many"), "“many” is no number."),
        (row(0, "share-2035", "between", low="nan"), "“nan” is no number."),
        (row(0, "share-2035", "between", low="9" * 5000), "no number"),
        (row(0, "share-2035", "between", low="5", high="4"), "The first number is above the second"),
        (row(0, "hurdle", "between", low="1"), "An answer to “hurdle” is no number."),
        (row(0, "gone", "answered"), "There is no question “gone” before this one."),
        (row(0, "step", "answered"), "A question cannot depend on its own answer."),
        (row(0, "catch-up", "is", "x") | {"position": "0"}, "“catch-up” does not come before this question"),
    ],
)
def test_what_could_not_be_met_is_said_at_the_field_and_nothing_is_saved(admin_client, rows, message):
    survey = a_survey()
    before = every_row()
    got = save(admin_client, step_of(survey), **rows)
    assert got.status_code == 200
    (said,) = [said for said in errors(got) if "correct the error" not in said]
    assert message in said
    assert every_row() == before


def test_only_questions_that_come_before_are_offered_by_their_numbers(admin_client):
    survey = a_survey()
    text = page(admin_client, "surveys_question_change", survey.questions.get(key="share-2035").pk)
    select = re.search(r'<select name="show_if-0-question"(.*?)</select>', text, re.DOTALL)[1]
    assert re.findall(r'value="([^"]+)"[^>]*>(\d)\.', select) == [("catch-up", "1"), ("hurdle", "2")]
    text = page(admin_client, "surveys_question_change", survey.questions.get(key="catch-up").pk)
    assert "No question comes before this one." in text


def test_a_frozen_question_shows_its_conditions_as_a_sentence(admin_client):
    survey = a_survey()
    survey.questions.filter(key="step").update(show_if=AGREED)
    question = step_of(an_answered_round(survey).survey)
    text = page(admin_client, "surveys_question_change", question.pk)
    assert "was answered “Agree” or “Strongly agree”" in text
    assert 'name="show_if-' not in text


def test_what_is_frozen_stands_there_in_words_and_not_as_it_is_stored(admin_client):
    survey = a_survey()
    survey.questions.filter(key="hurdle").update(settings={"other": True, "offers": ["prefer_not"]})
    an_answered_round(survey)
    text = page(admin_client, "surveys_question_change", survey.questions.get(key="hurdle").pk)
    assert "&quot;" not in text.split('id="content"')[1].split("<iframe")[0]
    assert "Prefer not to say" in text
    assert "<code>cost</code>" in text


# --- what others depend on


def test_an_option_that_others_look_at_is_not_taken_away(admin_client):
    """Also when the answered question is reworded: conditions name questions, whatever their version."""
    survey = an_answered_round().survey
    survey.questions.filter(key="step").update(show_if=[{"question": "hurdle", "is": ["workforce"]}])
    current = questionnaires.reword(question=survey.questions.get(key="hurdle"))
    given = {"kind_of_settings": "single_choice"}
    got = save(admin_client, current, options="cost | Cost\ntechnology | Technology", **given)
    (said,) = [said for said in errors(got) if "depends" in said]
    assert "“What should be done first?” depends on this one. “workforce” is no option of “hurdle”" in said.replace(
        "&quot;", '"'
    )
    options = "cost | Cost\nworkforce | People"
    assert save(admin_client, current, options=options, **given).status_code == 302


@pytest.mark.parametrize("changes", [{"kind": "text"}, {"key": "renamed"}, {"position": 9}])
def test_neither_kind_nor_key_nor_place_changes_under_those_who_depend(changes):
    survey = a_survey()
    survey.questions.filter(key="step").update(show_if=[{"question": "hurdle", "is": ["cost"]}])
    question = survey.questions.get(key="hurdle")
    question.clean()
    if "kind" in changes:
        question.options = []
    for name, value in changes.items():
        setattr(question, name, value)
    with pytest.raises(ValidationError, match="” depends on this one"):
        question.clean()


def test_a_key_that_is_a_field_of_another_question_is_refused():
    with pytest.raises(ValidationError, match="must not end"):
        QuestionFactory.build(survey=SurveyFactory(), key="hurdle-attribution").clean()


def test_a_section_of_another_survey_is_refused():
    section = SurveyFactory().sections.create(key="a", title="A")
    with pytest.raises(ValidationError, match="another survey"):
        QuestionFactory.build(survey=SurveyFactory(), section=section).clean()


def test_a_question_that_others_depend_on_is_not_deleted_without_them(admin_client):
    survey = a_survey()
    survey.questions.filter(key="step").update(show_if=AGREED)
    question, step = survey.questions.get(key="catch-up"), step_of(survey)
    address = reverse("admin:surveys_question_delete", args=[question.pk])
    text = admin_client.get(address).content.decode()
    assert reverse("admin:surveys_question_change", args=[step.pk]) in text
    admin_client.post(address, {"post": "yes"})
    assert survey.questions.filter(pk=question.pk).exists()
    both = {"action": "delete_selected", "_selected_action": [question.pk, step.pk], "index": 0, "post": "yes"}
    admin_client.post(reverse("admin:surveys_question_changelist"), both)
    assert {row.key for row in survey.questions.all()} == {"hurdle", "share-2035"}


# --- the page of the survey: sections, order, words


def survey_form(survey, sections=(), **changes):
    """What the form of a survey posts: its fields, its sections (position, title, key, delete), its questions."""
    questions = list(survey.questions.current())
    rows = survey.sections.values("id", "position", "title", "key")
    given = {
        "title": survey.title, "slug": survey.slug, "introduction": survey.introduction, "minimum_cell": 3,
        "definitions-0-term": "", "definitions-0-meaning": "",
        "sections-TOTAL_FORMS": len(rows) + len(sections), "sections-INITIAL_FORMS": len(rows),
        "questions-TOTAL_FORMS": len(questions), "questions-INITIAL_FORMS": len(questions),
    }  # fmt: skip
    for number, fields in enumerate([*rows, *sections]):
        given |= {f"sections-{number}-{name}": value for name, value in fields.items()}
    for number, question in enumerate(questions):
        given |= {
            f"questions-{number}-id": question.pk, f"questions-{number}-position": question.position,
            f"questions-{number}-section": question.section_id or "",
        }  # fmt: skip
    return {**given, **changes}


def save_survey(client, survey, *sections, **changes):
    return client.post(
        reverse("admin:surveys_survey_change", args=[survey.pk]), survey_form(survey, sections, **changes)
    )


def test_sections_are_added_on_the_page_of_the_survey_and_get_keys_of_their_titles(admin_client):
    survey = a_survey()
    survey.sections.create(key="new-plants", title="Plants", position=1)
    added = {"position": 2, "title": "New plants", "key": ""}, {"position": 3, "title": "電池", "key": ""}
    assert save_survey(admin_client, survey, *added).status_code == 302
    assert list(survey.sections.values_list("position", "key")) == [
        (1, "new-plants"),
        (2, "new-plants-2"),
        (3, "section"),
    ]


def test_two_sections_with_one_key_are_refused(admin_client):
    added = {"position": 1, "title": "A", "key": "a"}, {"position": 2, "title": "B", "key": "a"}
    got = save_survey(admin_client, a_survey(), *added)
    assert "Please correct the duplicate data for key." in "".join(errors(got))
    assert not Section.objects.exists()


def test_an_empty_row_for_a_section_is_nothing(admin_client):
    survey = a_survey()
    assert save_survey(admin_client, survey, {"position": 1, "title": "", "key": ""}).status_code == 302
    assert not survey.sections.exists()


def a_sectioned_survey():
    """catch-up | plants: hurdle, share-2035 | steps: step, which depends on hurdle"""
    survey = a_survey()
    plants, steps = (
        survey.sections.create(key=key, title=key.title(), position=place)
        for place, key in enumerate(("plants", "steps"), start=1)
    )
    survey.questions.filter(key__in=["hurdle", "share-2035"]).update(section=plants)
    survey.questions.filter(key="step").update(section=steps, show_if=[{"question": "hurdle", "answered": True}])
    return survey


REFUSED = "“What should be done first?” would not be shown as it should: “hurdle” does not come before this question"


def test_questions_are_listed_by_section_with_their_conditions_as_sentences(admin_client):
    text = page(admin_client, "surveys_survey_change", a_sectioned_survey().pk)
    table = text.split('id="questions-group"')[1]
    assert re.findall(r'scope="rowgroup">([^<]+)<', table) == ["Plants", "Steps"]
    assert "Shown when “Which hurdle weighs most?” was answered." in table


@pytest.mark.parametrize(
    "changes",
    [
        {"sections-0-position": 3},  # plants after steps
        {"sections-1-DELETE": "on"},  # steps goes, its question comes first
        {"questions-3-section": ""},
        {"questions-1-position": 9, "questions-1-section": "steps"},
    ],
)
def test_an_order_in_which_answers_come_too_late_is_refused_whole(admin_client, changes):
    survey = a_sectioned_survey()
    steps = survey.sections.get(key="steps").pk
    before = every_row()
    given = {name: steps if value == "steps" else value for name, value in changes.items()}
    got = save_survey(admin_client, survey, **given)
    assert got.status_code == 200
    assert REFUSED in "".join(errors(got))
    assert every_row() == before


def test_an_order_changed_at_several_places_at_once_is_looked_at_as_a_whole(admin_client):
    """Each change alone would be refused: the section comes first, and so does what its question depends on."""
    survey = a_sectioned_survey()
    changes = {"sections-1-position": 0, "questions-1-section": "", "questions-1-position": 5}
    assert save_survey(admin_client, survey, **changes).status_code == 302
    assert [row.key for row in survey.questions.current()] == ["catch-up", "hurdle", "step", "share-2035"]
    assert list(survey.sections.values_list("key", "position")) == [("steps", 1), ("plants", 2)]


def test_a_section_that_goes_leaves_its_questions(admin_client):
    survey = a_sectioned_survey()
    survey.questions.filter(key="step").update(show_if=[])
    # One of its questions is moved in the same breath.
    changes = {"sections-1-DELETE": "on", "questions-3-position": 8}
    assert save_survey(admin_client, survey, **changes).status_code == 302
    step = step_of(survey)
    assert (step.section, step.position) == (None, 8)


def test_an_answered_question_can_be_moved(admin_client):
    survey = an_answered_round(a_sectioned_survey()).survey
    assert save_survey(admin_client, survey, **{"questions-0-position": 3}).status_code == 302
    assert survey.questions.get(key="catch-up").position == 3


def test_the_page_of_a_survey_takes_the_same_queries_however_many_questions_and_sections(
    admin_client, django_assert_num_queries
):
    survey = a_sectioned_survey()
    for more in range(2):
        with django_assert_num_queries(11):
            page(admin_client, "surveys_survey_change", survey.pk)
        section = survey.sections.create(key=f"more-{more}", title="More", position=7 + more)
        for number in range(3):
            QuestionFactory(survey=survey, section=section, show_if=[{"question": "hurdle", "answered": bool(number)}])


def test_words_used_are_set_in_rows_and_a_row_is_emptied_to_take_it_away(admin_client):
    survey = a_survey(definitions=[{"term": "old", "meaning": "Gone."}])
    words = {
        "definitions-0-term": "", "definitions-0-meaning": " ", "definitions-1-term": " substantial ",
        "definitions-1-meaning": "At least\na tenth.",
    }  # fmt: skip
    assert save_survey(admin_client, survey, **words, closed_door="on").status_code == 302
    survey.refresh_from_db()
    assert survey.definitions == [{"term": "substantial", "meaning": "At least a tenth."}]
    assert survey.closed_door
    text = page(admin_client, "surveys_survey_change", survey.pk)
    assert 'value="substantial"' in text
    got = save_survey(admin_client, survey, **{"definitions-0-term": "half", "definitions-0-meaning": ""})
    assert "Definition 1 has no meaning." in "".join(errors(got))


def test_a_new_survey_begins_with_words_and_sections(admin_client):
    made = Survey(title="New", slug="new", introduction="Why.")
    given = {
        "title": made.title, "slug": made.slug, "introduction": made.introduction, "minimum_cell": 3,
        "definitions-0-term": "cell", "definitions-0-meaning": "One of many.",
        "sections-TOTAL_FORMS": 1, "sections-INITIAL_FORMS": 0, "sections-0-position": 1, "sections-0-title": "First",
        "questions-TOTAL_FORMS": 0, "questions-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert admin_client.post(reverse("admin:surveys_survey_add"), given).status_code == 302
    survey = Survey.objects.get()
    assert survey.definitions == [{"term": "cell", "meaning": "One of many."}]
    assert survey.sections.get().key == "first"


# --- a new question


def test_a_new_question_comes_last_in_the_last_section(admin_client):
    survey = a_sectioned_survey()
    text = page(admin_client, "surveys_question_add", survey=survey.pk)
    options = re.search(r'<select name="section"(.*?)</select>', text, re.DOTALL)[1]
    assert re.findall(r">([^<]+)</option>", options) == ["---------", "Plants", "Steps"]
    assert re.search(r"selected>([^<]+)<", options)[1] == "Steps"
    assert len(re.findall(r">\d\. ", text.split('name="show_if-0-question"')[1].split("</select>")[0])) == 4


@pytest.mark.parametrize("survey", ["9" * 20, "9" * 19, "-1", "٣" * 25, "1e9"])
def test_an_address_that_names_no_survey_of_any_database_opens_the_empty_form(admin_client, survey):
    page(admin_client, "surveys_question_add", survey=survey)
    given = {"survey": survey, "kind": "text", "position": survey}
    got = admin_client.post(reverse("admin:surveys_question_add"), given)
    assert got.status_code == 200


def test_the_preview_explains_the_words_that_stand_in_the_question(admin_client):
    survey = SurveyFactory(definitions=[{"term": "substantial", "meaning": "At least a tenth."}])
    question = AnswerFactory(question__survey=survey, question__prompt="A substantial share?").question
    text = page(admin_client, "surveys_question_change", question.pk)
    assert "At least a tenth." in text
