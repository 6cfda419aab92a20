"""The question bank in the admin, and the pages of a survey as a whole: print, export, duplicate."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from surveys import files, questionnaires, rounds
from surveys.models import Question, Survey
from surveys.questions import TYPES
from tests.factories import AnswerFactory, QuestionFactory, RoundFactory, SurveyFactory
from tests.rows import every_row
from tests.surveys.answered import CLOSES, OPENED, a_survey, an_answered_round
from tests.surveys.test_admin import page

pytestmark = pytest.mark.django_db

BANK = "surveys_question_changelist"


def rows(text):
    """Prompt -> the text of each cell of its row."""
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL):
        cells = dict(re.findall(r'class="field-(\w+)[^"]*"[^>]*>(.*?)</t', row, re.DOTALL))
        if cells:
            plain = {name: re.sub(r"<[^>]+>", "", cell).strip() for name, cell in cells.items()}
            found[plain["short_prompt"]] = plain
    return found


def a_used_question():
    survey_round = RoundFactory()
    answer = AnswerFactory(response__invitation__survey_round=survey_round)
    questionnaires.ask_again(question=answer.question, survey=SurveyFactory())


def test_the_bank_takes_the_same_queries_at_one_item_and_at_three(admin_client, django_assert_num_queries):
    for _more in range(2):
        a_used_question()
        with django_assert_num_queries(6):
            page(admin_client, BANK)
        a_used_question()


def test_the_bank_says_where_when_and_how_often_a_question_was_answered(admin_client):
    an_answered_round(answers=(("industry", "agree", 5, "cost", 20), ("academia", None, None, "cost", 5)))
    QuestionFactory(prompt="Never asked.")
    text = page(admin_client, BANK)
    assert "Question bank" in text
    found = rows(text)
    asked = found["Which hurdle weighs most?"]
    assert asked["survey_name"] == "Three questions about the battery race"
    assert asked["kind"] == "single choice"
    assert asked["last_asked"] == "Nov. 2, 2026"
    assert asked["answers"] == "2"
    # One of the two had no opinion.
    assert found["By 2035 the United States will make half of the cells it uses."]["answers"] == "1"
    assert (found["Never asked."]["last_asked"], found["Never asked."]["answers"]) == ("never", "0")


def test_the_bank_shows_what_is_asked_now_and_earlier_wordings_on_request(admin_client):
    question = AnswerFactory(question__prompt="Old words.").question
    Question.objects.filter(pk=questionnaires.reword(question=question).pk).update(prompt="New words.")
    assert set(rows(page(admin_client, BANK))) == {"New words."}
    assert set(rows(page(admin_client, BANK, versions="all"))) == {
        "New words.",
        "Old words. (version 1, superseded)",
    }


def test_the_bank_is_searched_by_words_of_the_question_and_of_its_survey(admin_client):
    QuestionFactory(prompt="About cells.", survey__title="Cells")
    QuestionFactory(prompt="About grids.", guidance="Count pumped storage.", survey__title="Grids")
    assert set(rows(page(admin_client, BANK, q="cells"))) == {"About cells."}
    assert set(rows(page(admin_client, BANK, q="pumped"))) == {"About grids."}
    assert set(rows(page(admin_client, BANK, q="Grids"))) == {"About grids."}


def ask_again(client, questions, **data):
    chosen = {"action": "ask_again", "_selected_action": [question.pk for question in questions], "index": 0}
    return client.post(reverse(f"admin:{BANK}"), {**chosen, **data}, follow=True)


def test_chosen_questions_are_asked_again_once_a_survey_is_chosen(admin_client):
    first, second = QuestionFactory(key="a", prompt="First?"), QuestionFactory(key="b", prompt="Second?")
    survey = QuestionFactory(key="a").survey
    before = every_row()
    text = ask_again(admin_client, [first, second]).content.decode()
    assert "First?" in text
    assert "Second?" in text
    assert every_row() == before
    assert "This field is required" in ask_again(admin_client, [first], confirmed=1).content.decode()

    done = ask_again(admin_client, [first, second], confirmed=1, survey=survey.pk)
    assert done.redirect_chain[-1][0] == reverse("admin:surveys_survey_change", args=[survey.pk])
    text = done.content.decode()
    assert "2 questions are asked again in" in text
    assert "so they have new ones: a-2." in text
    assert {row.asked_before for row in survey.questions.exclude(key="a")} == {first, second}
    text = ask_again(admin_client, [first], confirmed=1, survey=survey.pk).content.decode()
    assert "1 question was there already." in text
    assert survey.questions.count() == 3


def test_asked_again_without_what_it_depends_on_a_question_says_so(admin_client):
    """Asked together, in whatever order they are listed, the condition goes with them."""
    first = QuestionFactory(key="a", prompt="First?", position=9)
    section = first.survey.sections.create(key="s", title="S", position=1)
    second = QuestionFactory(
        survey=first.survey, key="b", prompt="Second?", section=section, position=1,
        show_if=[{"question": "a", "answered": True}],
    )  # fmt: skip
    alone, together = SurveyFactory(), SurveyFactory()
    said = "“Second?” depended on answers that are not asked for there"
    assert said in ask_again(admin_client, [second], confirmed=1, survey=alone.pk).content.decode()
    assert alone.questions.get().show_if == []
    assert said not in ask_again(admin_client, [second, first], confirmed=1, survey=together.pk).content.decode()
    assert together.questions.get(key="b").show_if == second.show_if


def test_asking_again_is_for_those_who_may_add_questions(client, django_user_model):
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)
    question, survey = QuestionFactory(), SurveyFactory()
    assert "ask_again" not in page(client, BANK)
    assert "ask_again" not in page(client, "surveys_question_change", question.pk)
    ask_again(client, [question], confirmed=1, survey=survey.pk)
    assert not survey.questions.exists()
    assert client.get(reverse("admin:surveys_survey_duplicate", args=[survey.pk])).status_code == 403
    assert "duplicate" not in page(client, "surveys_survey_change", survey.pk)


def test_a_question_s_page_shows_what_changed_between_its_versions(admin_client):
    question = AnswerFactory(question__prompt="It can catch up.").question
    current = questionnaires.reword(question=question)
    assert "both ask the same" in page(admin_client, "surveys_question_change", current.pk)
    Question.objects.filter(pk=current.pk).update(prompt="It will <catch> up.")
    text = page(admin_client, "surveys_question_change", current.pk)
    assert "Version 2, since version 1" in text
    assert "<del>can</del><ins>will</ins>" in text
    assert "<ins>&lt;catch&gt;</ins>" in text


def test_a_question_s_page_compares_its_results_over_time(admin_client):
    first_round = an_answered_round()
    snapshot = rounds.close(survey_round=first_round, now=CLOSES)
    question = first_round.survey.questions.get(key="catch-up")
    copy = questionnaires.ask_again(question=question, survey=a_survey())
    later = RoundFactory(survey=copy.survey, number=1, opens_at=CLOSES, closes_at=CLOSES + timedelta(days=3))
    for _person in range(4):
        AnswerFactory(response__invitation__survey_round=later, question=copy, value="disagree")
    second = rounds.close(survey_round=later, now=CLOSES + timedelta(days=3))
    for row in (question, copy):
        text = page(admin_client, "surveys_question_change", row.pk)
        assert "Asked over time" in text
        assert "Of 9 who gave an opinion, 67% agree (6)" in text
        assert "Of 4 who gave an opinion, 0% agree (0)" in text
        for frozen in (snapshot, second):
            assert reverse("admin:surveys_snapshot_change", args=[frozen.pk]) in text
    assert text.count("<td>the same</td>") == 2


def test_results_of_another_wording_are_not_shown_as_this_one_s(admin_client):
    survey_round = an_answered_round(closes_at=datetime(2099, 1, 1, tzinfo=UTC))
    rounds.close(survey_round=survey_round, now=CLOSES)
    current = questionnaires.reword(question=survey_round.survey.questions.get(key="catch-up"))
    Question.objects.filter(pk=current.pk).update(prompt="Other words.")
    text = page(admin_client, "surveys_question_change", current.pk)
    mine = text.split("(this one)")[1]
    assert "nothing frozen yet" in mine
    assert "Of 9 who gave an opinion" in text.split("(this one)")[0]
    assert "differs: compare with care" in text


# --- a survey as a whole


def test_a_survey_says_how_long_it_takes_and_leads_to_its_pages(admin_client):
    survey = a_survey()
    text = page(admin_client, "surveys_survey_change", survey.pk)
    minutes = questionnaires.minutes_to_answer(survey.questions.current())
    assert re.search(rf"4 questions,\s+about {minutes} minutes to answer", text)
    for name in ("print", "export", "duplicate"):
        assert reverse(f"admin:surveys_survey_{name}", args=[survey.pk]) in text
    empty = page(admin_client, "surveys_survey_change", SurveyFactory().pk)
    assert "0 questions." in empty
    assert "/print/" not in empty


def test_the_printed_questionnaire_shows_every_kind_as_it_is_asked(admin_client):
    survey = SurveyFactory(introduction="Why *we* ask.")
    for position, kind in enumerate(TYPES):
        spec, _values = kind().example()
        QuestionFactory(
            survey=survey, position=position, key=spec.key, kind=spec.kind, prompt=f"A {kind.kind}?",
            guidance="Read **this**.", settings=dict(spec.settings), options=[dict(one) for one in spec.options],
        )  # fmt: skip
    before = every_row()
    text = page(admin_client, "surveys_survey_print", survey.pk)
    assert "Why <em>we</em> ask." in text
    assert text.count("Read <strong>this</strong>.") == len(TYPES)
    form = text.split('<fieldset class="answer-form as-printed" disabled>')[1]
    for question in survey.questions.current():
        assert f"A {question.kind}?" in form
        for label in question.type.labels(question.spec).values():
            assert label in form
    assert "Your name, your affiliation" in form
    assert "<form" not in text.split("<main")[1]
    assert "<button" not in text.split("<main")[1]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script", text)
    assert every_row() == before


def test_on_paper_a_question_that_is_put_to_some_says_to_whom(admin_client):
    survey = a_survey(definitions=[
        {"term": "hurdle", "meaning": "What keeps a plant from being built."}, {"term": "absent", "meaning": "No."}
    ])  # fmt: skip
    section = survey.sections.create(key="later", title="The steps", introduction="What *now*?", position=1)
    show_if = [{"question": "catch-up", "is": ["agree", "strongly_agree"]}]
    survey.questions.filter(key="step").update(section=section, show_if=show_if)
    text = page(admin_client, "surveys_survey_print", survey.pk)
    assert "Answer only if question 1 was answered “Agree” or “Strongly agree”." in text
    assert text.count("Answer only if") == 1
    assert re.search(r"4 questions, up to \d+ minutes", text)
    assert "What keeps a plant from being built." in text
    assert "absent" not in text
    first, second = text.split("The steps")
    assert "What <em>now</em>?" in second
    assert [re.findall(r'id="number-([^"]+)">(\d)', part) for part in (first, second)] == [
        [("catch-up", "1"), ("hurdle", "2"), ("share-2035", "3")],
        [("step", "4")],
    ]
    assert re.search(r"up to \d+ minutes to answer", page(admin_client, "surveys_survey_change", survey.pk))


def test_paper_offers_no_name_behind_a_closed_door(admin_client):
    text = page(admin_client, "surveys_survey_print", a_survey(closed_door=True).pk)
    assert "an industry expert" in text
    assert "Your name, your affiliation" not in text


def test_the_printed_questionnaire_takes_the_same_queries_however_long_it_is(admin_client, django_assert_num_queries):
    survey = a_survey()
    for more in range(2):
        with django_assert_num_queries(4):
            page(admin_client, "surveys_survey_print", survey.pk)
        section = survey.sections.create(key=f"more-{more}", title="More", position=more)
        for _number in range(3):
            QuestionFactory(survey=survey, section=section, show_if=[{"question": "catch-up", "answered": True}])


def test_the_pages_of_a_survey_are_for_staff_who_may_see_it(client, admin_client, django_user_model):
    survey = a_survey()
    client.force_login(django_user_model.objects.create_user("nobody", is_staff=True))
    for name in ("print", "export", "duplicate"):
        address = reverse(f"admin:surveys_survey_{name}", args=[survey.pk])
        assert client.get(address).status_code == 403
        assert admin_client.get(reverse(f"admin:surveys_survey_{name}", args=[999])).status_code == 404
        client.logout()
        assert client.get(address).status_code == 302
        client.force_login(django_user_model.objects.get(username="nobody"))
    for name in ("print", "export"):
        assert admin_client.post(reverse(f"admin:surveys_survey_{name}", args=[survey.pk])).status_code == 405


def test_the_exported_file_is_that_of_the_command(admin_client):
    survey = a_survey()
    got = admin_client.get(reverse("admin:surveys_survey_export", args=[survey.pk]))
    assert got.content.decode() == files.write(survey)
    assert got["Content-Disposition"] == f'attachment; filename="{survey.slug}.toml"'


def test_a_survey_is_duplicated_under_a_name_of_its_own(admin_client):
    survey = a_survey(slug="race")
    address = reverse("admin:surveys_survey_duplicate", args=[survey.pk])
    text = admin_client.get(address).content.decode()
    assert 'value="Three questions about the battery race (again)"' in text
    assert 'value="race-2"' in text
    assert Survey.objects.count() == 1
    given = {"title": "Next year", "slug": "next-year"}
    text = admin_client.post(address, given, follow=True).content.decode()
    assert "A copy with 4 questions. It has no rounds yet." in text
    copied = Survey.objects.get(slug="next-year")
    assert {row.asked_before.survey for row in copied.questions.all()} == {survey}
    # A second press of the button makes no second copy.
    assert "There is a survey with that slug already." in admin_client.post(address, given).content.decode()
    assert Survey.objects.count() == 2


def test_a_survey_has_never_been_asked_before_its_first_round_opens(admin_client):
    question = QuestionFactory(prompt="Soon?")
    RoundFactory(
        survey=question.survey, opens_at=datetime(2090, 1, 1, tzinfo=UTC), closes_at=datetime(2091, 1, 1, tzinfo=UTC)
    )
    assert rows(page(admin_client, BANK))["Soon?"]["last_asked"] == "never"
    RoundFactory(survey=question.survey, opens_at=OPENED, closes_at=CLOSES)
    assert rows(page(admin_client, BANK))["Soon?"]["last_asked"] == "Nov. 2, 2026"
