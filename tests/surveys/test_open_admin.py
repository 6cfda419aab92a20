"""Readers' views for staff: the queue, the decisions, and what can be taken back."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

from naatbatt.dashboard import this_week
from naatbatt.mail.models import Suppression
from surveys.models import Contributor, Invitation, OpenView
from tests.factories import ContributorFactory, OpenViewFactory, RoundFactory, SuppressionFactory

pytestmark = pytest.mark.django_db

State = OpenView.State
LIST = "/admin/surveys/openview/"


def address(view):
    return reverse("admin:surveys_openview_change", args=[view.pk])


def press(client, view, name, **data):
    got = client.post(reverse("admin:surveys_openview_step", args=[view.pk, name]), data, follow=True)
    assert got.status_code == 200
    view.refresh_from_db()
    return got.content.decode()


@pytest.mark.parametrize("query", ["", "?state=pending"])
def test_the_list_takes_the_same_queries_at_one_view_and_at_three(admin_client, django_assert_num_queries, query):
    OpenViewFactory()
    for _more in range(2):
        with django_assert_num_queries(5):
            admin_client.get(LIST + query)
        OpenViewFactory()
        OpenViewFactory()


def test_what_waits_comes_first_and_what_is_not_confirmed_is_not_there(admin_client):
    for state in (State.APPROVED, State.PENDING, State.UNCONFIRMED, State.REJECTED, State.WITHDRAWN, State.PENDING):
        OpenViewFactory(state=state, words=f"Words {state} {OpenView.objects.count()}.")
    listed = admin_client.get(LIST).context["cl"].result_list
    assert [view.words for view in listed][:2] == ["Words pending 1.", "Words pending 5."]
    assert {view.state for view in listed} == {State.PENDING, State.APPROVED, State.REJECTED}
    only = admin_client.get(LIST + "?state=unconfirmed").context["cl"].result_list
    assert [view.state for view in only] == [State.UNCONFIRMED]


def test_the_page_shows_the_words_as_they_would_be_printed(admin_client):
    view = OpenViewFactory(name="Ada", affiliation="Weekly", words="<script>alert(1)</script>\n\nSecond.")
    page = admin_client.get(address(view)).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "— <bdi>Ada, Weekly (reader)</bdi>" in page
    assert view.email in page


def test_approving_goes_on_to_the_next_that_waits(admin_client):
    first, second = OpenViewFactory(), OpenViewFactory()
    page = press(admin_client, first, "approve")
    assert first.state == State.APPROVED
    assert second.words in page
    page = press(admin_client, second, "approve")
    assert "That was the last one" in page


def test_rejecting_needs_a_reason_and_can_be_taken_back(admin_client):
    view = OpenViewFactory()
    assert "Give a reason" in press(admin_client, view, "reject", reason=" ")
    assert view.state == State.PENDING
    press(admin_client, view, "reject", reason="Advertises.")
    assert (view.state, view.decision_reason) == (State.REJECTED, "Advertises.")
    assert "Advertises." in admin_client.get(address(view)).content.decode()
    assert "waits for a decision again" in press(admin_client, view, "take-back")
    assert view.state == State.PENDING


def test_a_decision_that_was_taken_meanwhile_stands(admin_client):
    view = OpenViewFactory(state=State.REJECTED)
    assert "decided meanwhile" in press(admin_client, view, "approve")
    assert view.state == State.REJECTED


def test_an_author_is_put_on_the_panel_of_the_chosen_round(admin_client):
    view, survey_round = OpenViewFactory(name="Ada"), RoundFactory()
    page = press(admin_client, view, "join", sector="", survey_round=survey_round.pk)
    assert "This field is required" in page
    assert view.state == State.PENDING
    page = press(admin_client, view, "join", sector="academia", survey_round=survey_round.pk)
    assert "Ada is on the panel of" in page
    assert Invitation.objects.get().contributor == view.contributor
    assert view.contributor.sector == "academia"
    Invitation.objects.update(invited_at=view.decided_at)
    assert "mailed already" in press(admin_client, view, "take-back")
    assert view.state == State.CONTRIBUTOR


def test_who_is_on_file_is_named_and_keeps_their_sector(admin_client):
    known = ContributorFactory(name="Dr. Known", sector="government")
    view, survey_round = OpenViewFactory(email=known.email), RoundFactory()
    assert "Dr. Known" in admin_client.get(address(view)).content.decode()
    press(admin_client, view, "join", sector="industry", survey_round=survey_round.pk)
    assert Contributor.objects.get().sector == "government"


def test_the_round_of_the_views_own_survey_is_chosen_beforehand(admin_client):
    view = OpenViewFactory()
    RoundFactory()
    own = RoundFactory(survey=view.survey)
    assert admin_client.get(address(view)).context["join"]["survey_round"].initial == own.pk


def test_who_is_not_to_be_written_to_cannot_be_invited(admin_client):
    view, survey_round = OpenViewFactory(), RoundFactory()
    SuppressionFactory(address=view.email, reason=Suppression.Reason.UNSUBSCRIBED)
    page = admin_client.get(address(view)).content.decode()
    assert "not to be written to" in page
    assert "Put on the panel" not in page
    assert "not to be written to" in press(admin_client, view, "join", sector="industry", survey_round=survey_round.pk)
    assert not Contributor.objects.exists()


def test_without_a_round_there_is_nothing_to_invite_to(admin_client):
    assert "plan a round first" in admin_client.get(address(OpenViewFactory())).content.decode()


def test_erasing_for_an_author_leaves_no_name_in_the_log(admin_client):
    view = OpenViewFactory(name="Ada Sample", words="Graphite decides it.")
    press(admin_client, view, "approve")
    press(admin_client, view, "withdraw")
    assert view.words == ""
    assert LogEntry.objects.count() == 2
    assert "Ada" not in repr(list(LogEntry.objects.values()))
    assert "is on no page" in admin_client.get(address(view)).content.decode()


def test_several_are_approved_at_once_and_what_does_not_wait_is_left(admin_client):
    views = [OpenViewFactory(), OpenViewFactory(), OpenViewFactory(state=State.REJECTED)]
    data = {"action": "approve_selected", "_selected_action": [view.pk for view in views]}
    page = admin_client.post(LIST, data, follow=True).content.decode()
    assert "2 views are approved." in page
    assert "1 view does not wait" in page
    assert OpenView.objects.filter(state=State.APPROVED).count() == 2


def test_reading_does_not_allow_deciding(client, django_user_model):
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    client.force_login(reader)
    view = OpenViewFactory()
    assert client.get(address(view)).status_code == 403
    reader.user_permissions.add(Permission.objects.get(codename="view_openview"))
    page = client.get(address(view))
    assert page.status_code == 200
    assert "Approve" not in page.content.decode()
    assert client.post(reverse("admin:surveys_openview_step", args=[view.pk, "approve"])).status_code == 403
    assert client.get(reverse("admin:surveys_openview_step", args=[view.pk, "approve"])).status_code == 403
    view.refresh_from_db()
    assert view.state == State.PENDING


def test_the_dashboard_counts_the_views_to_read(admin_client, admin_user):
    assert "Readers’ views to read" not in admin_client.get("/admin/").content.decode()
    for state in (State.PENDING, State.PENDING, State.UNCONFIRMED, State.APPROVED):
        OpenViewFactory(state=state)
    assert this_week(admin_user).views == 2
    page = admin_client.get("/admin/").content.decode()
    assert "Readers’ views to read" in page
    assert f'<a href="{LIST}?state=pending">2</a>' in page


def test_staff_read_what_the_author_agreed_to(admin_client):
    view = OpenViewFactory(state=State.PENDING, agreed_to="My view may be printed, by <all> means.")
    text = admin_client.get(address(view)).content.decode()
    assert "My view may be printed, by &lt;all&gt; means." in text
