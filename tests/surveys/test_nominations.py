"""Suggesting somebody to ask: what is kept, who is told, and what staff make of it."""

from html import unescape

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from naatbatt.dashboard import this_week
from naatbatt.mail.models import OutgoingMail, Stream, Suppression
from surveys import nominations, rounds
from surveys.leaving_forms import NominationForm
from surveys.models import Contributor, Invitation, Nomination, RoundClosed
from tests.factories import ContributorFactory, InvitationFactory, RoundFactory, SuppressionFactory
from tests.rows import every_row
from tests.surveys.asking import ask, page_of

pytestmark = pytest.mark.django_db

State = Nomination.State
LIST = "/admin/surveys/nomination/"
BO = {"name": "Bo Sample", "email": "Bo@Example.org", "affiliation": "Example Labs", "why": "Knows anodes."}


@pytest.fixture
def invitation(settings):
    settings.STAFF_EMAILS = ["editors@example.org"]
    return ask()


def shown(invitation):
    """The signature of a form that was opened a minute ago."""
    with time_machine.travel(timezone.now() - NominationForm.QUICKEST * 30, tick=False):
        return NominationForm(belongs_to="").initial["shown"]


def send(client, invitation, **data):
    return client.post(page_of(invitation, "colleague"), {**BO, "shown": shown(invitation), **data})


def read(client, invitation):
    return " ".join(unescape(client.get(page_of(invitation, "colleague")).content.decode()).split())


def suggest(invitation=None, **said):
    return nominations.nominate(invitation=invitation or ask(), **{**BO, **said})


# --- the page


def test_a_colleague_is_kept_and_only_staff_are_told(client, invitation):
    page = send(client, invitation)

    assert (page.status_code, page["Location"]) == (303, page_of(invitation, "colleague"))
    row = Nomination.objects.get()
    assert (row.invitation, row.name, row.email) == (invitation, "Bo Sample", "bo@example.org")
    assert (row.affiliation, row.why, row.is_own, row.state) == ("Example Labs", "Knows anodes.", False, State.WAITING)
    mail = OutgoingMail.objects.get()
    assert (mail.to_address, mail.stream) == ("editors@example.org", Stream.ACCOUNT)
    assert f"/admin/surveys/nomination/{row.pk}/change/" in mail.text
    assert "Bo" not in mail.text + mail.html + mail.subject
    assert "Bo Sample" in read(client, invitation)
    assert not Contributor.objects.exclude(pk=invitation.contributor_id).exists()


def test_who_got_a_forwarded_link_suggests_themselves(client, invitation):
    send(client, invitation, is_own="on")

    assert Nomination.objects.get().is_own
    assert OutgoingMail.objects.get().subject == "For staff: Somebody would like to be asked"
    assert "(suggested themselves)" in read(client, invitation)


def test_every_personal_page_tells_who_got_it_forwarded_where_to_go(client, invitation):
    assert page_of(invitation, "colleague") in client.get(page_of(invitation)).content.decode()


def test_the_same_address_twice_is_one_and_told_once(client, invitation):
    send(client, invitation)

    send(client, invitation, email=" BO@example.ORG ", name="Bo B. Sample", why="")

    row = Nomination.objects.get()
    assert (row.name, row.why) == ("Bo B. Sample", "")
    assert OutgoingMail.objects.count() == 1


def test_what_staff_have_decided_about_is_not_rewritten(invitation):
    row = suggest(invitation)
    nominations.set_aside(nomination=row)

    suggest(invitation, name="Somebody else")

    assert Nomination.objects.get().name == "Bo Sample"


def test_five_are_taken_by_one_link(client, invitation):
    for number in range(nominations.MOST):
        assert send(client, invitation, email=f"bo{number}@example.org").status_code == 303

    assert "as many as it takes" in read(client, invitation)
    assert send(client, invitation, email="bo9@example.org").status_code == 409
    assert send(client, invitation, email="bo1@example.org").status_code == 303  # one of the five
    assert Nomination.objects.count() == 5
    with pytest.raises(nominations.TooMany):
        suggest(invitation, email="bo9@example.org")
    suggest(ask(), email="bo9@example.org")


def test_nobody_learns_here_whom_we_know(client, invitation):
    ContributorFactory(email="bo@example.org")
    SuppressionFactory(address="cy@example.org")

    pages = [send(client, invitation, email=f"{name}@example.org") for name in ("bo", "cy", "di")]

    assert {(page.status_code, page["Location"]) for page in pages} == {(303, page_of(invitation, "colleague"))}
    text = read(client, invitation)
    assert "already" not in text
    assert "not to be written to" not in text


def test_the_address_of_the_page_itself_is_refused(client, invitation):
    page = send(client, invitation, email=invitation.contributor.email.upper())

    assert page.status_code == 422
    assert "They have been asked." in page.content.decode()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"name": ""}, 422),
        ({"email": "no address"}, 422),
        ({"name": "x" * 121}, 422),
        ({"email": "x" * 300 + "@example.org"}, 422),
        ({"why": "🔋" * 10_000}, 422),
        ({"affiliation": "a" * 161}, 422),
        ({"name": "\x00\u202e", "email": "\x00"}, 422),
        ({"name": "A\x00b\u202ec\nd", "why": "\x00\x07\ufffe=cmd|' /C calc'!A0"}, 303),
        ({"is_own": "\x00"}, 303),
        ({"shown": "forged"}, 422),
        ({"shown": ""}, 422),
    ],
)
def test_hostile_input_is_answered(client, invitation, data, status):
    page = send(client, invitation, **data)

    assert page.status_code == status
    assert Nomination.objects.count() == (status == 303)


def test_what_cannot_be_taken_comes_back_as_it_was_typed(client, invitation):
    text = send(client, invitation, email="bo@@example", why="Knows <anodes>.").content.decode()

    assert 'value="bo@@example"' in text
    assert "Knows &lt;anodes&gt;." in text
    assert 'href="#nominee-email"' in text


def test_a_machine_is_thanked_and_forgotten(client, invitation):
    assert send(client, invitation, website="https://example.org").status_code == 303
    assert not Nomination.objects.exists()


def test_one_connection_suggests_ten_in_an_hour(client, settings):
    links = [ask() for _number in range(3)]
    pages = [send(client, links[number // 4], email=f"bo{number}@example.org") for number in range(11)]

    assert [page.status_code for page in pages] == [303] * 10 + [429]
    assert Nomination.objects.count() == 10


@pytest.mark.parametrize("end", [False, True])
def test_opening_the_page_changes_nothing_and_it_works_after_the_end(client, invitation, end):
    if end:
        rounds.close(survey_round=invitation.survey_round)
    before = every_row()

    for method in (client.get, client.head):
        page = method(page_of(invitation, "colleague"))
        assert (page.status_code, page["Cache-Control"]) == (200, "no-store")
        assert not page.cookies

    assert every_row() == before
    assert send(client, invitation).status_code == 303


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_takes_two_queries(client, invitation, number, django_assert_num_queries):
    for index in range(number):
        suggest(invitation, email=f"bo{index}@example.org")

    with django_assert_num_queries(2):
        client.get(page_of(invitation, "colleague"))


# --- what staff decide


def test_a_nominee_is_put_on_file_and_nobody_is_written_to():
    row = nominations.make_contributor(nomination=suggest(), sector="academia")
    nominations.make_contributor(nomination=row, sector="industry")

    bo = row.contributor
    assert (bo.name, bo.email, bo.affiliation, bo.sector) == ("Bo Sample", "bo@example.org", "Example Labs", "academia")
    assert (row.state, bo.invitations.count()) == (State.CONTRIBUTOR, 0)
    assert not OutgoingMail.objects.filter(to_address=bo.email).exists()


def test_a_nominee_is_invited_to_the_round_that_is_given():
    row = suggest()

    nominations.make_contributor(nomination=row, sector="academia", survey_round=row.invitation.survey_round)

    assert Invitation.objects.filter(contributor__email="bo@example.org").get().invited_at is None


def test_who_is_on_file_stays_as_they_are_there():
    known = ContributorFactory(name="Dr. Bo", sector="government")
    Contributor.objects.update(email="BO@example.org")

    row = nominations.make_contributor(
        nomination=suggest(ask(contributor={"email": "a@example.org"})), sector="academia"
    )

    known.refresh_from_db()
    assert (row.contributor, known.name, known.sector) == (known, "Dr. Bo", "government")


def test_who_is_not_to_be_written_to_is_not_put_on_file():
    SuppressionFactory(address="bo@example.org", stream=Stream.SURVEY, reason=Suppression.Reason.UNSUBSCRIBED)
    row = suggest()

    with pytest.raises(nominations.NotToBeWrittenTo):
        nominations.make_contributor(nomination=row, sector="academia")

    assert not Contributor.objects.filter(email="bo@example.org").exists()
    row.refresh_from_db()
    assert row.state == State.WAITING


def test_a_round_that_is_over_invites_nobody_and_nothing_is_decided():
    row = suggest()
    over = RoundFactory()
    rounds.close(survey_round=over)
    over.refresh_from_db()

    with pytest.raises(RoundClosed):
        nominations.make_contributor(nomination=row, sector="academia", survey_round=over)

    row.refresh_from_db()
    assert (row.state, Contributor.objects.filter(email="bo@example.org").count()) == (State.WAITING, 0)


def test_a_decision_stands_until_it_is_taken_back():
    row = nominations.set_aside(nomination=suggest())
    with pytest.raises(nominations.Decided):
        nominations.make_contributor(nomination=row, sector="academia")

    nominations.take_back(nomination=row)
    row = nominations.make_contributor(nomination=row, sector="academia", survey_round=RoundFactory())

    with pytest.raises(nominations.Decided):
        nominations.set_aside(nomination=row)


def test_taking_back_takes_off_the_panel_but_not_off_one_on_which_they_were():
    bo = ContributorFactory(email="bo@example.org")
    earlier = InvitationFactory(contributor=bo)
    row = nominations.make_contributor(nomination=suggest(), sector="industry", survey_round=RoundFactory())
    assert bo.invitations.count() == 2

    nominations.take_back(nomination=row)

    assert list(bo.invitations.all()) == [earlier]


def test_an_invitation_that_was_mailed_cannot_be_taken_back():
    row = nominations.make_contributor(nomination=suggest(), sector="industry", survey_round=RoundFactory())
    row.contributor.invitations.update(invited_at=timezone.now())

    with pytest.raises(nominations.AlreadyInvited):
        nominations.take_back(nomination=row)

    row.refresh_from_db()
    assert row.state == State.CONTRIBUTOR


# --- the admin


def address(row):
    return reverse("admin:surveys_nomination_change", args=[row.pk])


def press(client, row, name, **data):
    page = client.post(reverse("admin:surveys_nomination_step", args=[row.pk, name]), data, follow=True)
    assert page.status_code == 200
    row.refresh_from_db()
    return page.content.decode()


def test_the_list_takes_the_same_queries_at_one_and_at_three(admin_client, django_assert_num_queries):
    suggest()
    for _more in range(2):
        with django_assert_num_queries(5):
            admin_client.get(LIST)
        suggest()
        suggest()


def test_what_waits_comes_first_with_what_is_known_about_them(admin_client):
    ContributorFactory(email="Cy@example.org")
    Contributor.objects.filter(email="cy@example.org").update(email="CY@example.org")
    SuppressionFactory(address="di@example.org")
    invitation = ask()
    rows = [suggest(invitation, email=f"{name}@example.org", name=name) for name in ("bo", "cy", "di")]
    nominations.set_aside(nomination=rows[0])

    page = admin_client.get(LIST)

    assert [row.name for row in page.context["cl"].result_list] == ["cy", "di", "bo"]
    found = {row.name: (row.is_on_file, row.is_suppressed) for row in page.context["cl"].result_list}
    assert found == {"bo": (False, False), "cy": (True, False), "di": (False, True)}
    assert "a contributor already" in page.content.decode()
    assert "Dr. Sample" in page.content.decode()


def test_staff_put_a_nominee_on_the_panel_and_go_on_to_the_next(admin_client):
    first, second = suggest(), suggest(email="cy@example.org", name="Cy <Sample>")
    page = press(admin_client, first, "join", sector="", survey_round="")
    assert "This field is required" in page
    assert first.state == State.WAITING

    page = press(admin_client, first, "join", sector="academia", survey_round=first.invitation.survey_round_id)
    assert "Bo Sample is on the panel of" in page
    assert "Cy &lt;Sample&gt;" in page

    page = press(admin_client, second, "set-aside")
    assert "That was the last one" in page
    assert "waits for a decision again" in press(admin_client, second, "take-back")
    assert second.state == State.WAITING


def test_the_round_of_the_link_is_chosen_beforehand_and_none_may_be(admin_client):
    row = suggest()
    assert admin_client.get(address(row)).context["join"]["survey_round"].initial == row.invitation.survey_round_id

    assert "Bo Sample is on file." in press(admin_client, row, "join", sector="academia", survey_round="")
    assert row.contributor.invitations.count() == 0


def test_a_suppressed_nominee_can_only_be_set_aside(admin_client):
    row = suggest()
    SuppressionFactory(address=row.email)
    page = admin_client.get(address(row)).content.decode()
    assert "not to be written to" in page
    assert "Put on file" not in page
    assert "not to be written to" in press(admin_client, row, "join", sector="academia", survey_round="")
    press(admin_client, row, "set-aside")
    assert row.state == State.SET_ASIDE


def test_reading_does_not_allow_deciding(client, django_user_model):
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    client.force_login(reader)
    row = suggest()
    assert client.get(address(row)).status_code == 403
    reader.user_permissions.add(Permission.objects.get(codename="view_nomination"))
    assert "Set aside" not in client.get(address(row)).content.decode()
    step = reverse("admin:surveys_nomination_step", args=[row.pk, "set-aside"])
    assert client.post(step).status_code == 403
    row.refresh_from_db()
    assert row.state == State.WAITING


def test_the_dashboard_counts_those_who_wait(admin_client, admin_user):
    assert "Suggested contributors" not in admin_client.get("/admin/").content.decode().split('class="apps"')[0]
    nominations.set_aside(nomination=suggest())
    suggest()
    suggest()

    assert this_week(admin_user).nominations == 2
    assert f'<a href="{LIST}?state__exact=waiting">2</a>' in admin_client.get("/admin/").content.decode()
