"""Later rounds in the admin: added in one go, what is settled with its reason, stop rules by a small form."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse

from naatbatt.mail.models import Stream
from surveys import rounds
from surveys.models import Invitation, Question, Round
from tests.factories import InvitationFactory, QuestionFactory, SuppressionFactory
from tests.surveys.answered import CLOSES, an_answered_round
from tests.surveys.delphi.test_moves import a_second_snapshot
from tests.surveys.delphi.two_rounds import DURING, REOPENS, a_frozen_round, a_second_round, with_rule
from tests.surveys.test_admin import page, step

pytestmark = pytest.mark.django_db

RULE = {"measure": "iqr", "at_most": 4}


@pytest.fixture
def first():
    return a_frozen_round()


@pytest.fixture(autouse=True)
def _after_the_first_round():
    """Monday, November 16, 2026, 9 a.m. in New York."""
    with time_machine.travel(CLOSES, tick=False):
        yield


def follow(client, first, status=302, **changes):
    address = reverse("admin:surveys_round_follow", args=[first.pk])
    text = client.get(address).content.decode()
    typed = dict(re.findall(r'<input type="(?:date|time|number|text)" name="([^"]+)" value="([^"]*)"', text))
    typed |= {"zone": "America/New_York", "group_shown": "beside", "panel": "asked", **changes}
    got = client.post(address, typed)
    assert got.status_code == status, re.findall(r"errorlist.*?</ul>", got.content.decode(), re.DOTALL)
    return got


def test_a_closed_round_offers_the_next_with_dates_that_make_sense(admin_client, first):
    assert reverse("admin:surveys_round_follow", args=[first.pk]) in page(
        admin_client, "surveys_round_change", first.pk
    )

    follow(admin_client, first)

    second = Round.objects.get(number=2)
    assert second.opens_at == datetime(2026, 11, 19, 14, tzinfo=UTC)  # Thursday, 9 a.m., three days on
    assert second.closes_at - second.opens_at == first.closes_at - first.opens_at
    assert (second.survey, second.zone, second.group_shown) == (first.survey, first.zone, "beside")
    assert second.invitations.count() == 12
    assert not second.invitations.filter(invited_at__isnull=False).exists()


def test_only_those_who_answered_may_be_asked(admin_client, first):
    follow(admin_client, first, panel="answered")
    names = {row.contributor.name for row in Round.objects.get(number=2).invitations.select_related("contributor")}
    assert names == {f"Sample {letter}" for letter in "ABCDEFGHIJ"}


def test_nobody_is_asked_again_who_does_not_want_to_be(admin_client, first):
    people = {row.contributor.name: row for row in first.invitations.select_related("contributor")}
    SuppressionFactory(address=people["Sample A"].contributor.email, stream=Stream.SURVEY)
    people["Sample Declined"].declined_because = Invitation.DeclinedBecause.NOT_MY_FIELD
    people["Sample Declined"].save()
    InvitationFactory(survey_round=first)  # on the panel, and never written to

    follow(admin_client, first)

    asked = Round.objects.get(number=2).invitations.values_list("contributor__name", flat=True)
    assert sorted(asked) == sorted([*(f"Sample {letter}" for letter in "BCDEFGHIJ"), "Sample Silent"])


def test_adding_twice_leads_to_the_round_there_is(admin_client, first):
    follow(admin_client, first)
    got = follow_again(admin_client, first)
    assert got.url == reverse("admin:surveys_round_change", args=[Round.objects.get(number=2).pk])
    assert Round.objects.count() == 2
    text = page(admin_client, "surveys_round_change", first.pk)
    assert "Add the next round" not in text
    assert ">Round 2</a>" in text


def follow_again(client, first):
    return client.post(reverse("admin:surveys_round_follow", args=[first.pk]), {})


def test_the_story_adds_one_round_however_often_it_is_told(first):
    one, other = (rounds.follow(after=first, following=rounds.proposed(first)) for _time in range(2))
    assert one == other
    assert one.invitations.count() == 12


def test_nothing_follows_a_round_that_is_not_closed(admin_client):
    first = an_answered_round()
    got = admin_client.get(reverse("admin:surveys_round_follow", args=[first.pk]), follow=True)
    assert "The round is not closed yet." in got.content.decode()
    with pytest.raises(rounds.NotOver):
        rounds.follow(after=first, following=rounds.proposed(first))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"opens_at_0": "2026-11-13"}, "The next round opens later than now."),
        ({"closes_at_0": "2026-11-18"}, "The round must close after it opens."),
        ({"panel": "nobody"}, "Select a valid choice."),
        ({"group_shown": ""}, "This field is required."),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_added(admin_client, first, changes, message):
    got = follow(admin_client, first, status=200, **changes)
    assert message in got.content.decode()
    assert Round.objects.count() == 1


def test_who_may_not_add_rounds_may_not_add_the_next(client, first, django_user_model):
    client.force_login(django_user_model.objects.create_user("reader", password="x", is_staff=True))
    assert client.get(reverse("admin:surveys_round_follow", args=[first.pk])).status_code == 403


# --- what is settled


def test_an_upcoming_round_shows_what_it_would_leave_out_and_why(admin_client, first):
    with_rule(first, "share-2035", RULE)
    second = a_second_round(first, panel=False)

    text = page(admin_client, "surveys_round_change", second.pk)

    assert "What this round would ask, decided when it opens" in text
    assert "In round 1 the middle half of 9 answers spans 4% (interquartile range)." in text
    assert text.count("<strong>left out</strong>") == 1
    assert Round.objects.get(pk=second.pk).settled_at is None


def test_staff_ask_all_the_same_or_leave_out_by_a_button(admin_client, first):
    with_rule(first, "share-2035", RULE)
    second = a_second_round(first, panel=False)

    step(admin_client, second, "ask-anyway", question="share-2035")
    text = step(admin_client, second, "leave-out", question="step", reason="Answered by events.")

    assert Round.objects.get(pk=second.pk).settled == {"step": "Answered by events."}
    assert "What this round asks, as decided" in text
    assert "<strong>left out</strong>: Answered by events." in text


@pytest.mark.parametrize("key", ["nothing", "", "x" * 4000])
def test_a_question_that_is_not_there_is_said(admin_client, first, key):
    second = a_second_round(first, panel=False)
    assert "There is no such question any more." in step(admin_client, second, "leave-out", question=key)


def test_a_round_that_has_asked_people_offers_no_such_button(admin_client, first):
    second = a_second_round(first)
    assert "leave-out" not in page(admin_client, "surveys_round_change", second.pk)
    assert "stays as it is" in step(admin_client, second, "leave-out", question="step")


def test_a_round_that_waits_says_for_what(admin_client):
    first = an_answered_round()
    second = a_second_round(first, panel=False)
    assert "An earlier round of this survey is not closed yet." in page(admin_client, "surveys_round_change", second.pk)
    assert "not closed yet" in step(admin_client, second, "leave-out", question="step")
    InvitationFactory(survey_round=second)
    with time_machine.travel(DURING, tick=False):
        assert "nothing goes out before" in step(admin_client, second, "solicit")
    assert not second.invitations.filter(invited_at__isnull=False).exists()


def test_invitations_sent_by_button_settle_first(admin_client, first):
    with_rule(first, "share-2035", RULE)
    second = a_second_round(first, panel=False)
    InvitationFactory(survey_round=second)
    with time_machine.travel(REOPENS, tick=False):
        step(admin_client, second, "solicit")
    assert [*Round.objects.get(pk=second.pk).settled] == ["share-2035"]


def test_a_closed_later_round_tells_what_changed(admin_client, first):
    snapshot = a_second_snapshot(first, *[{"share_2035": 30}] * 6)
    text = page(admin_client, "surveys_round_change", snapshot.survey_round_id)
    assert "What has changed since the round before" in text
    assert "Since round 1 the median has moved from 10% to 30%." in text


@pytest.mark.parametrize("extra", [0, 2])
def test_the_page_of_a_round_takes_the_same_queries_whatever_it_asks(
    admin_client, first, extra, django_assert_num_queries
):
    for number in range(extra):
        QuestionFactory(survey=first.survey, key=f"further-{number}", position=10 + number, stop_rule=RULE)
    second = a_second_round(first, panel=False)
    page(admin_client, "surveys_round_change", second.pk)
    with django_assert_num_queries(17):
        page(admin_client, "surveys_round_change", second.pk)


# --- the rule of a question


def test_a_stop_rule_is_set_by_a_small_form_also_where_the_wording_is_frozen(admin_client, first):
    question = first.survey.questions.get(key="share-2035")
    assert "Asked in every round." in page(admin_client, "surveys_question_change", question.pk)

    text = step(admin_client, question, "stop-rule", **{"stop-measure": "iqr", "stop-bound": "4"})

    assert Question.objects.get(pk=question.pk).stop_rule == RULE
    assert "Asked until the middle half of the answers spans 4% or less." in text
    step(admin_client, question, "stop-rule", **{"stop-measure": ""})
    assert Question.objects.get(pk=question.pk).stop_rule == {}


def test_the_questions_of_a_survey_are_listed_with_their_rules(admin_client, first):
    with_rule(first, "share-2035", RULE)
    text = page(admin_client, "surveys_survey_change", first.survey.pk)
    assert text.count("<br>Asked until the middle half of the answers spans 4% or less.") == 1
    assert "Asked in every round." not in text


def test_agreement_names_answers_or_a_range(admin_client, first):
    hurdle = first.survey.questions.get(key="hurdle")
    share = first.survey.questions.get(key="share-2035")
    step(admin_client, hurdle, "stop-rule", **{
        "stop-measure": "agreement", "stop-bound": "66.5", "stop-answers": ["cost", "technology"]})  # fmt: skip
    step(admin_client, share, "stop-rule", **{
        "stop-measure": "agreement", "stop-bound": "75", "stop-low": "0", "stop-high": "12.5"})  # fmt: skip
    rules = dict(Question.objects.values_list("key", "stop_rule"))
    assert rules["hurdle"] == {"measure": "agreement", "at_least": 66.5, "is": ["cost", "technology"]}
    assert rules["share-2035"] == {"measure": "agreement", "at_least": 75, "from": 0, "to": 12.5}


@pytest.mark.parametrize(
    ("key", "typed", "problem"),
    [
        ("hurdle", {"measure": "iqr", "bound": "1"}, "Select a valid choice."),
        ("hurdle", {"measure": "agreement", "bound": "120"}, "a percentage from 0 to 100"),
        ("hurdle", {"measure": "agreement", "bound": ""}, "Say the number"),
        ("hurdle", {"measure": "agreement", "bound": "-1", "answers": "cost"}, "a percentage from 0 to 100"),
        ("share-2035", {"measure": "agreement", "bound": "75", "low": "9", "high": "7"}, "above the second"),
        ("share-2035", {"measure": "agreement", "bound": "75", "low": "9"}, "from which number to which"),
        ("share-2035", {"measure": "iqr", "bound": "1e999"}, "Enter a number."),
        ("share-2035", {"measure": "iqr", "bound": "-2"}, "from 0 up"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_words_and_stands_as_it_was_typed(
    admin_client, first, key, typed, problem
):
    question = first.survey.questions.get(key=key)
    text = step(admin_client, question, "stop-rule", **{f"stop-{name}": value for name, value in typed.items()})
    assert "The stop rule was not saved" in text
    assert problem in text
    assert "at_most" not in text
    assert "at_least" not in text
    assert Question.objects.get(pk=question.pk).stop_rule == {}
    form = text.split('id="stop-rule"')[1].split("</form>")[0]
    assert "<details open>" in form
    for name, value in typed.items():
        at = re.search(rf'name="stop-{name}" value="{re.escape(value)}"', form)
        assert at or f'<option value="{value}" selected>' in form or name == "measure" or not value, (name, form)


def test_the_answers_ticked_for_a_refused_rule_stay_ticked(admin_client, first):
    question = first.survey.questions.get(key="hurdle")
    typed = {"stop-measure": "agreement", "stop-bound": "999", "stop-answers": ["cost", "technology"]}
    text = step(admin_client, question, "stop-rule", **typed)
    assert re.findall(r'name="stop-answers" value="([^"]*)"[^>]* checked', text) == ["cost", "technology"]
    assert '<option value="agreement" selected>' in text


def test_a_question_whose_answers_can_be_measured_by_nothing_has_no_form(admin_client, first):
    text = page(admin_client, "surveys_question_change", first.survey.questions.get(key="step").pk)
    assert "stop-measure" not in text
