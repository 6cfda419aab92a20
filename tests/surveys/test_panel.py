"""Choosing a panel in the admin: looking, picking, the balance, the load, who gets what, and only then inviting."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from naatbatt.mail import links
from naatbatt.mail.models import OutgoingMail
from surveys import invitations, panels
from surveys.models import Contributor, Invitation
from tests.factories import (
    ContributorFactory,
    InvitationFactory,
    ResponseFactory,
    RoundFactory,
    SuppressionFactory,
    TopicFactory,
)
from tests.rows import every_row
from tests.surveys.asking import ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey_round():
    return RoundFactory()


@pytest.fixture
def press(admin_client, survey_round):
    """Press a button of the page; returns the text of the page that follows."""

    def pressed(action="look", **fields):
        address = reverse("admin:surveys_round_invite", args=[survey_round.pk])
        got = admin_client.post(address, {**fields, "action": action}, follow=True)
        assert got.status_code == 200
        return got.content.decode()

    return pressed


def names(text):
    return re.findall(r'<label for="person-\d+">([^<]*)</label>', text)


def asked(person, *, days=100, times=1, answered=0):
    for n in range(times):
        invitation = InvitationFactory(contributor=person, invited_at=timezone.now() - timedelta(days=days))
        if n < answered:
            ResponseFactory(invitation=invitation)


# --- looking


@pytest.fixture
def people(survey_round):
    InvitationFactory(survey_round=survey_round, contributor__name="There Already")
    topic = TopicFactory(name="Cells")
    ada = ContributorFactory(name="Ada", sector="academia", affiliation="Tech University", country="US")
    ada.topics.add(topic)
    ben = ContributorFactory(name="Ben", sector="industry", affiliation="Cells AG", country="DE")
    cleo = ContributorFactory(name="Cleo", sector="government", affiliation="Energy Agency", country="US")
    asked(ada, days=10, times=2, answered=1)
    asked(ben, days=60, times=1, answered=1)
    asked(cleo, days=200, times=3)
    ContributorFactory(name="Dan", sector="industry", affiliation="Packs Inc", country="")
    return topic


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ["Ada", "Cleo", "Ben", "Dan"]),
        ({"sector": "industry"}, ["Ben", "Dan"]),
        ({"words": "ag"}, ["Cleo", "Ben"]),
        ({"words": "AGENCY energy"}, ["Cleo"]),
        ({"country": "US"}, ["Ada", "Cleo"]),
        ({"asked": "never"}, ["Dan"]),
        ({"asked": "30"}, ["Cleo", "Ben", "Dan"]),
        ({"asked": "90"}, ["Cleo", "Dan"]),
        ({"answered": "all"}, ["Ben"]),
        ({"answered": "half"}, ["Ada", "Ben"]),
        ({"answered": "none"}, ["Cleo"]),
        ({"country": "US", "answered": "none"}, ["Cleo"]),
        ({"words": "nobody"}, []),
    ],
)
def test_people_are_found_by(people, press, fields, found):
    assert names(press(**fields)) == found


def test_people_are_found_by_topic(people, press):
    assert names(press(topic=people.pk)) == ["Ada"]


@pytest.mark.parametrize("fields", [{"sector": "military"}, {"topic": "x"}, {"asked": "soon"}, {"country": "US' OR 1"}])
def test_nonsense_is_named_and_narrows_nothing(people, press, fields):
    text = press(**fields)

    assert len(names(text)) == 4
    assert "Select a valid choice" in text


def test_each_person_shows_what_they_were_asked_and_answered(people, press):
    row = re.search(r"Ada</label>.*?</tr>", press(), re.DOTALL).group()

    for part in ("Tech University", "academia", "US", "Cells", "1 of 2", "asked 2 times in 30 days already"):
        assert part in row


def test_who_is_not_to_be_written_to_is_marked(people, press):
    SuppressionFactory(address=Contributor.objects.get(name="Dan").email)

    assert "not to be written to" in re.search(r"Dan</label>.*?</tr>", press(), re.DOTALL).group()


# --- picking


def test_what_is_picked_is_kept_while_looking_for_others(people, press):
    ada, ben = (Contributor.objects.get(name=name).pk for name in ("Ada", "Ben"))

    text = press(people=[ada], shown=[ada], sector="industry")
    assert f'name="chosen" value="{ada}"' in text
    text = press(chosen=str(ada), people=[ben], shown=[ben])
    assert sorted(map(int, re.search(r'name="chosen" value="([\d,]+)"', text).group(1).split(","))) == sorted(
        [ada, ben]
    )
    assert text.count(" checked") == 2


def test_a_tick_taken_away_is_taken_away(people, press):
    ada = Contributor.objects.get(name="Ada").pk

    assert 'name="chosen" value=""' in press(chosen=str(ada), shown=[ada])


def test_everybody_who_fits_is_chosen_by_one_button_and_nobody_by_another(people, press):
    text = press("all", sector="industry")
    assert "2 chosen" in text
    assert "0 chosen" in press("none", chosen="1,2,3")


def test_the_balance_is_drawn_and_said(people, press):
    """One from industry is there, one is chosen: the bar of industry is full, half of it each."""
    ben = Contributor.objects.get(name="Ben").pk
    text = press("count", people=[ben])

    row = re.search(r"<th scope=\"row\">Industry</th>.*?</tr>", text, re.DOTALL).group()
    assert re.findall(r'class="number">(\d+)<', row) == ["1", "1"]
    assert '<rect class="there" width="50"' in row
    assert '<rect class="besides" x="50" width="50"' in row


def test_the_script_gets_the_balance_alone(people, press):
    text = press("balance", people=[Contributor.objects.get(name="Ben").pk])

    assert text.lstrip().startswith("<table")
    assert "1 chosen" in text


def test_pages_are_bounded(survey_round, press):
    ContributorFactory.create_batch(51)

    assert len(names(press())) == 50
    text = press("", go="2", chosen="1")
    assert len(names(text)) == 1
    assert "Page 2 of 2" in text


@pytest.mark.parametrize("action", ["look", "count", "all", "preview"])
def test_the_page_takes_the_same_queries_however_many_people(
    survey_round, admin_client, action, django_assert_num_queries
):
    queries = {"look": 11, "count": 11, "all": 12, "preview": 8}[action]
    address = reverse("admin:surveys_round_invite", args=[survey_round.pk])
    for _more in range(2):
        for person in (ContributorFactory(country="US"), ContributorFactory(sector="academia")):
            person.topics.add(TopicFactory())
            asked(person)
        chosen = list(Contributor.objects.values_list("pk", flat=True))
        with django_assert_num_queries(queries):
            admin_client.post(address, {"action": action, "people": chosen})


def test_every_button_but_the_last_changes_nothing(people, press):
    before = every_row()
    chosen = [person.pk for person in Contributor.objects.all()]
    for action in ("look", "count", "all", "none", "balance", "preview", "nonsense"):
        press(action, people=chosen)

    after = every_row()
    for rows in (before, after):
        rows.pop("django_session"), rows.pop("auth_user")
    assert after == before


@pytest.mark.parametrize("chosen", ["", "x", "1,,2", "²", "9" * 40, "-1", "999999"])
def test_nonsense_for_people_is_nobody(survey_round, press, chosen):
    assert "Choose at least one contributor." in press("invite", chosen=chosen, people=[chosen])
    assert not Invitation.objects.exists()


# --- who gets what


def test_the_dry_run_shows_everybody_with_their_mail_and_stores_nothing(admin_client):
    survey_round = ask().survey_round
    ada = ContributorFactory(name="Ada <Sample>", affiliation="Tech University", sector="academia")
    bob = ContributorFactory(name="Bob")
    SuppressionFactory(address=bob.email)
    before = (Invitation.objects.count(), OutgoingMail.objects.count())
    address = reverse("admin:surveys_round_invite", args=[survey_round.pk])

    text = admin_client.post(address, {"action": "preview", "people": [ada.pk, bob.pk]}).content.decode()

    assert "This would put 2 more contributors on the panel." in text
    assert "1 of them gets the mail below, within a minute." in text
    assert "No mail: not to be written to" in text
    assert "Your view, please: Can the United States catch up?" in text
    letter = reverse("admin:surveys_round_mail", args=[survey_round.pk, ada.pk])
    assert f'src="{letter}"' in text
    assert (Invitation.objects.count(), OutgoingMail.objects.count()) == before


def test_the_mail_shown_is_the_mail_that_goes_out_but_for_the_link(admin_client):
    survey_round = ask().survey_round
    ada = ContributorFactory(name="Ada <Sample>")
    shown = admin_client.get(reverse("admin:surveys_round_mail", args=[survey_round.pk, ada.pk]))

    (invitation,) = invitations.invite(survey_round=survey_round, contributors=[ada])
    invitations.solicit(survey_round=survey_round)

    invitation.refresh_from_db()
    assert shown.content.decode() == links.mask(invitation.mail.html)
    assert links.MASK in shown.content.decode()
    assert "sandbox" in shown["Content-Security-Policy"]
    assert "no-store" in shown["Cache-Control"]


def test_inviting_puts_them_on_the_panel(survey_round, press):
    people = [ContributorFactory() for _n in range(3)]

    text = press("invite", chosen=",".join(str(person.pk) for person in people))

    assert "3 contributors are on the panel now." in text
    assert {invitation.contributor for invitation in Invitation.objects.all()} == set(people)


def test_who_was_asked_often_is_asked_again_only_knowingly(survey_round, press):
    often = ContributorFactory(name="Often Asked")
    asked(often, days=3, times=panels.MOST_ASKINGS)
    other = ContributorFactory()

    text = press("invite", people=[often.pk, other.pk])
    assert "Nobody was invited: tick this" in text
    assert "Often Asked" in text
    assert not survey_round.invitations.exists()

    press("invite", people=[often.pk, other.pk], all_the_same="1")
    assert survey_round.invitations.count() == 2


def test_askings_that_wait_to_go_out_count_and_old_ones_do_not(survey_round):
    person = ContributorFactory()
    asked(person, days=31)
    InvitationFactory(contributor=person)  # of another open round, not written yet
    InvitationFactory(contributor=person, survey_round__closes_at=timezone.now() - timedelta(minutes=1))

    assert panels.candidates(survey_round=survey_round).get().times_lately == 1


# --- the invitation's own page


def test_the_log_of_reminders_stands_on_the_invitation(admin_client):
    invitation = ask()
    invitations.solicit(survey_round=invitation.survey_round)
    invitations.remind(survey_round=invitation.survey_round)

    text = admin_client.get(reverse("admin:surveys_invitation_change", args=[invitation.pk])).content.decode()

    assert "Still time to answer" in text
    assert "queued" in text


@pytest.mark.parametrize(("step", "same_link"), [("resend", True), ("rotate", False)])
def test_staff_have_the_link_sent_again_or_replaced(admin_client, step, same_link):
    invitation = ask()
    invitations.solicit(survey_round=invitation.survey_round)
    page = reverse("admin:surveys_invitation_change", args=[invitation.pk])
    assert 'name="after" value="0"' in admin_client.get(page).content.decode()
    button = reverse("admin:surveys_invitation_step", args=[invitation.pk, step])
    assert admin_client.get(button).status_code == 405

    for _twice in range(2):
        text = admin_client.post(button, {"after": "0"}, follow=True).content.decode()
        assert "The mail is on its way to Dr. Sample." in text

    assert OutgoingMail.objects.count() == 2
    fresh = Invitation.objects.get()
    assert (fresh.link_digest == invitation.link_digest) == same_link
    assert links.token("answer", fresh.link_nonce) not in text


def test_staff_are_told_why_nothing_goes_out(admin_client):
    invitation = ask()
    button = reverse("admin:surveys_invitation_step", args=[invitation.pk, "resend"])
    assert "has not been written yet" in admin_client.post(button, {"after": "0"}, follow=True).content.decode()
    invitations.solicit(survey_round=invitation.survey_round)
    SuppressionFactory(address=invitation.contributor.email)
    text = admin_client.post(button, {"after": "0"}, follow=True).content.decode()
    assert "The mail will not go out: asked not to be written to" in text


# --- files of contributors


def upload(client, content):
    file = SimpleUploadedFile("people.csv", content)
    return client.post(reverse("admin:surveys_contributor_import"), {"file": file}).content.decode()


def carried(text):
    return {name: re.search(rf'name="{name}" value="([^"]*)"', text).group(1) for name in ("content", "mark")}


def test_a_file_is_shown_line_by_line_and_taken_by_a_second_press(admin_client):
    text = upload(admin_client, b"name;email;sector\nAda;ada@example.org;industry\n")
    assert "1 new, 0 updated" in text
    assert "Nothing has been written yet." in text
    assert not Contributor.objects.exists()

    got = admin_client.post(reverse("admin:surveys_contributor_import"), carried(text), follow=True)
    assert "1 contributor is new, 0 were updated." in got.content.decode()
    assert Contributor.objects.get().name == "Ada"


def test_what_was_not_shown_is_not_taken(admin_client):
    text = upload(admin_client, b"name,email,sector\nAda,ada@example.org,industry\n")
    ContributorFactory(email="ada@example.org", name="Another Ada")

    got = admin_client.post(reverse("admin:surveys_contributor_import"), carried(text)).content.decode()

    assert "The contributors have changed meanwhile." in got
    assert Contributor.objects.get().name == "Another Ada"


@pytest.mark.parametrize("content", ["not base64!", "", "eA=="])
def test_a_forged_file_is_refused_in_words(admin_client, content):
    got = admin_client.post(reverse("admin:surveys_contributor_import"), {"content": content, "mark": "x"})

    assert got.status_code == 200
    assert not Contributor.objects.exists()


def test_wrong_lines_are_said_and_cannot_be_taken(admin_client):
    text = upload(admin_client, b"name,email,sector\nAda,ada@example.org,none\n")

    assert "is no sector" in text
    assert 'name="mark"' not in text


def test_a_file_that_cannot_be_read_says_so_at_its_field(admin_client):
    assert "Missing: email, sector." in upload(admin_client, b"name\nAda\n")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_written_out_changes_nothing_when_it_comes_back(admin_client, kind):
    ContributorFactory(affiliation="=1+1")
    got = admin_client.get(reverse("admin:surveys_contributor_export", args=[kind]))

    assert got.headers["Content-Disposition"].endswith(f'.{kind}"')
    assert "no-store" in got["Cache-Control"]
    assert "The file changes nothing." in upload(admin_client, b"".join(got.streaming_content))


def test_only_those_who_may_bring_in_and_write_out(client, django_user_model):
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    client.force_login(reader)
    export = reverse("admin:surveys_contributor_export", args=["csv"])
    assert client.get(export).status_code == 403
    reader.user_permissions.set(Permission.objects.filter(codename="view_contributor"))
    assert client.get(export).status_code == 200
    assert client.get(reverse("admin:surveys_contributor_import")).status_code == 403
    assert client.get(reverse("admin:surveys_contributor_export", args=["pdf"])).status_code == 404
    survey_round = RoundFactory()
    letter = reverse("admin:surveys_round_mail", args=[survey_round.pk, ContributorFactory().pk])
    assert client.get(letter).status_code == 403
