"""A contributor asks to be erased: what goes, what stays, and that they are never asked again."""

import json
from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone

from naatbatt.mail.models import OutgoingMail, Stream, Suppression
from surveys import (
    contributors,
    disclosure,
    invitations,
    moderation,
    nominations,
    panels,
    responses,
    rounds,
    snapshots,
    summaries,
)
from surveys.contributors import Outcome, forget
from surveys.models import (
    Answer,
    AnswerVersion,
    Consent,
    Contributor,
    Invitation,
    Nomination,
    OpenView,
    PendingChange,
    Response,
    RetiredLink,
)
from surveys.responses import Entry
from tests.factories import ContributorFactory, InvitationFactory, OpenViewFactory, QuestionFactory, RoundFactory
from tests.rows import every_row
from tests.surveys.asking import ask, page_of

pytestmark = pytest.mark.django_db

ADA = {"name": "Ada Quillon", "email": "ada@example.org", "affiliation": "Quillon Cells", "position": "Quillon Chair",
       "country": "US", "note": "Quillon note."}  # fmt: skip
QUESTIONS = [
    {"key": "catch-up", "kind": "statement", "prompt": "The United States can catch up."},
    {
        "key": "where", "kind": "single_choice", "prompt": "Where?", "settings": {"other": True},
        "options": [{"key": "midwest", "label": "Midwest"}, {"key": "south", "label": "South"}],
    },
    {"key": "view", "kind": "text", "prompt": "What else?"},
]  # fmt: skip
SAID = {
    "catch-up": Entry(value="agree", confidence=8, comment="Quillon comment."),
    "where": Entry(value={"other": "Quillon place"}),
    "view": Entry(value="Quillon view."),
}
TRACES = ("quillon", "ada@example.org")


@pytest.fixture
def invitation(settings):
    """Ada has been invited, has answered by name, has been approved, and thinks about changing something."""
    settings.STAFF_EMAILS = ["editors@example.org"]
    found = ask(*QUESTIONS, contributor=ADA)
    invitations.solicit(survey_round=found.survey_round)
    OutgoingMail.objects.update(state=OutgoingMail.State.SENT, settled_at=timezone.now())
    found = Invitation.objects.get()
    answer(found, SAID, interest="Quillon shares.")
    return found


def answer(invitation, entries, **how):
    return responses.save(
        invitation=invitation, entries=entries, **{"attribution": "named", "submit": True, **how}
    )  # fmt: skip


@pytest.fixture
def editor(admin_user):
    return admin_user


def traces(but=()):
    """Where something of Ada still stands, table by table."""
    found = {
        table: [row for row in rows if any(trace in json.dumps(row, default=str).lower() for trace in TRACES)]
        for table, rows in every_row().items()
        if table not in but
    }
    return {table: rows for table, rows in found.items() if rows}


def everything(invitation, editor):
    """Leave a trace in every place there is."""
    for row in Answer.objects.select_related("question"):
        if row.words:
            moderation.approve(answer=row, by=editor)
    answer(invitation, {"catch-up": Entry(value="disagree", comment="Quillon change.")}, submit=False)
    Invitation.objects.update(decline_reason="Quillon reason.")
    nominations.nominate(invitation=invitation, name="Bo", email="bo@example.org", why="Quillon why.")
    other = ask(contributor={"name": "Cy"})
    nominations.nominate(
        invitation=other, name=ADA["name"], email="ADA@example.org", affiliation="Quillon", why="Quillon."
    )
    OpenViewFactory(email=ADA["email"], name=ADA["name"], affiliation="Quillon", words="Quillon words.")
    draft = InvitationFactory(contributor=invitation.contributor, survey_round=ask(*QUESTIONS).survey_round)
    invitations.solicit(survey_round=draft.survey_round)
    draft.refresh_from_db()
    answer(draft, {"view": Entry(value="Quillon draft.")}, submit=False)
    contributor = invitation.contributor
    for row in (contributor, invitation, invitation.response):
        LogEntry.objects.create(
            user=editor, content_type=ContentType.objects.get_for_model(row), object_id=row.pk, action_flag=CHANGE,
            object_repr=str(row)[:200],
        )  # fmt: skip
    return draft


def test_nothing_of_the_person_is_left_but_the_address_that_is_not_written_to(invitation, editor):
    everything(invitation, editor)
    assert len(traces()) >= 9

    forget(contributor=invitation.contributor, by=editor)

    left = traces()
    assert list(left) == ["mail_suppression"]
    (row,) = left["mail_suppression"]
    assert (row["address"], row["stream"], row["reason"]) == ("ada@example.org", Stream.SURVEY, "unsubscribed")


def test_the_row_that_stays_has_a_sector_and_an_address_of_nobody(invitation, editor):
    sector = invitation.contributor.sector

    row = forget(contributor=invitation.contributor, by=editor)

    assert (row.name, row.email, row.sector) == ("Former contributor", f"former-{row.pk}@forgotten.invalid", sector)
    assert (row.affiliation, row.position, row.country, row.note, row.topics.count()) == ("", "", "", "", 0)
    assert row.is_former


def test_two_people_can_be_forgotten_and_each_twice(editor):
    first, second = ContributorFactory(), ContributorFactory()

    for person in (first, second, first):
        forget(contributor=person, by=editor)

    before = every_row()
    forget(contributor=Contributor.objects.get(pk=first.pk), by=editor)
    assert every_row() == before


def test_votes_stay_and_count_as_they_did(invitation, editor):
    def counted():
        frozen = snapshots.freeze(survey_round=invitation.survey_round)
        return {key: snapshots.tallies(frozen, key)[1]["all"] for key in ("catch-up", "where", "view")}

    before, number = counted(), Answer.objects.count()

    forget(contributor=invitation.contributor, by=editor)

    assert counted() == before
    assert Answer.objects.count() == number
    kept = dict(Answer.objects.values_list("question__key", "value"))
    assert kept == {"catch-up": "agree", "where": "other", "view": "given"}
    assert dict(AnswerVersion.objects.values_list("answer__question__key", "value")) == kept
    assert Answer.objects.get(question__key="catch-up").confidence == 8


def test_a_frozen_result_is_what_it_was(invitation, editor):
    frozen = rounds.close(survey_round=invitation.survey_round)
    before = frozen.content

    forget(contributor=invitation.contributor, by=editor)

    frozen.refresh_from_db()
    assert frozen.content == before
    assert snapshots.problems(frozen) == []


def test_nothing_is_quoted_any_more(invitation, editor):
    for row in Answer.objects.select_related("question"):
        moderation.approve(answer=row, by=editor)
    assert len(disclosure.quotes(survey_round=invitation.survey_round)) == 3

    forget(contributor=invitation.contributor, by=editor)

    assert disclosure.quotes(survey_round=invitation.survey_round) == []
    assert not Answer.objects.awaiting_moderation().exists()


def test_the_evidence_stays_without_the_name(invitation, editor):
    before = Consent.objects.get()

    forget(contributor=invitation.contributor, by=editor)

    after = Consent.objects.get()
    assert (after.wording, after.attribution, after.given_at) == (before.wording, "named", before.given_at)
    assert (after.lines, after.exceptions, after.interest) == ({}, {}, "")
    assert Response.objects.get().attribution == "background"


def test_drafts_and_changes_are_erased(invitation, editor):
    draft = everything(invitation, editor)

    forget(contributor=invitation.contributor, by=editor)

    assert not PendingChange.objects.exists()
    assert list(Response.objects.values_list("invitation", flat=True)) == [invitation.pk]
    draft.refresh_from_db()
    assert draft.declined_at is not None


def test_a_draft_that_was_sent_late_is_erased_with_its_evidence(editor):
    invitation = ask(*QUESTIONS, contributor=ADA)
    answer(invitation, SAID, late=True, now=invitation.survey_round.closes_at + timedelta(days=1))

    forget(contributor=invitation.contributor, by=editor)

    assert not Response.objects.exists()
    assert not Consent.objects.exists()


@pytest.mark.parametrize("name", ["answer", "leave", "colleague", "thanks"])
def test_their_links_are_answered_as_any_wrong_link(client, invitation, editor, name):
    first = page_of(invitation, name)
    invitation = invitations.rotate(invitation=invitation, after=0)
    second = page_of(invitation, name)
    assert client.get(first).status_code == 410

    forget(contributor=invitation.contributor, by=editor)

    wrong = client.get(f"/a/{'x' * 22}/")
    for link in (first, second):
        page = client.get(link)
        assert (page.status_code, page.content) == (404, wrong.content)
    assert not RetiredLink.objects.exists()


def test_mail_that_waits_is_withdrawn_and_mail_that_left_keeps_its_state(invitation, editor):
    assert sorted(OutgoingMail.objects.values_list("name", "state")) == [
        ("survey_invitation", "sent"), ("survey_thanks", "queued"),
    ]  # fmt: skip

    forget(contributor=invitation.contributor, by=editor)

    assert sorted(OutgoingMail.objects.values_list("name", "state")) == [
        ("survey_invitation", "sent"), ("survey_thanks", "suppressed"),
    ]  # fmt: skip
    assert set(OutgoingMail.objects.values_list("text", "html", "to_name")) == {("", "", "")}


def test_mail_to_an_earlier_address_of_theirs_is_erased_and_nobody_elses(invitation, editor):
    cy = ContributorFactory(email="cy@example.org")
    InvitationFactory(survey_round=invitation.survey_round, contributor=cy)
    invitations.solicit(survey_round=invitation.survey_round)
    contributor = invitation.contributor
    contributor.email = "new@example.org"
    contributor.save()

    forget(contributor=contributor, by=editor)

    assert not traces(but=("mail_suppression",))
    assert OutgoingMail.objects.get(to_address="cy@example.org").text


def test_mail_to_whoever_has_their_earlier_address_now_stays(invitation, editor):
    contributor = invitation.contributor
    contributor.email = "new@example.org"
    contributor.save()
    heir = InvitationFactory(survey_round=invitation.survey_round, contributor__email=ADA["email"])
    invitations.solicit(survey_round=invitation.survey_round)

    forget(contributor=contributor, by=editor)

    heir.refresh_from_db()
    assert heir.link() in heir.mail.text
    invitation.refresh_from_db()
    assert invitation.mail.text == ""


def test_what_staff_were_told_about_them_is_erased_and_their_other_mail_is_not(settings, editor):
    settings.STAFF_EMAILS = ["editors@example.org"]
    invitation = ask(*QUESTIONS, contributor=ADA)
    bystander = ask(contributor={"email": "editors@example.org", "name": "Editor"})
    invitations.solicit(survey_round=bystander.survey_round)
    answer(invitation, SAID, late=True, now=invitation.survey_round.closes_at + timedelta(days=1))
    OutgoingMail.objects.get_or_create(
        key=f"staff:survey-late:{Response.objects.get().pk}:editors@example.org",
        defaults={"stream": Stream.ACCOUNT, "name": "staff_notice", "to_address": "editors@example.org",
                  "subject": "Late", "text": "Ada Quillon", "html": "Ada Quillon"},
    )  # fmt: skip

    forget(contributor=invitation.contributor, by=editor)

    assert not traces(but=("mail_suppression", "surveys_survey"))
    assert OutgoingMail.objects.get(name="survey_invitation").text


def test_a_later_file_does_not_bring_them_back(invitation, editor):
    forget(contributor=invitation.contributor, by=editor)

    report = contributors.bring_in(content=b"name,email,sector\nAda,Ada@example.org,industry", commit=True)

    assert [line.outcome for line in report.lines] == [Outcome.LEFT_OUT]
    assert not Contributor.objects.filter(email__iexact="ada@example.org").exists()


def test_a_suppression_that_was_there_stays_as_it_was(invitation, editor):
    Suppression.objects.create(address="ada@example.org", stream=Stream.SURVEY, reason="complained")

    forget(contributor=invitation.contributor, by=editor)

    assert Suppression.objects.get(address="ada@example.org").reason == "complained"


def test_a_suggestion_of_them_by_somebody_else_cannot_make_them_a_contributor(invitation, editor):
    row = nominations.nominate(invitation=ask(), name="Ada", email="ada@example.org")
    forget(contributor=invitation.contributor, by=editor)

    row.refresh_from_db()
    assert (row.name, row.state) == ("Former contributor", Nomination.State.SET_ASIDE)
    again = nominations.nominate(invitation=ask(), name="Ada", email="ada@example.org")
    for nomination in (again, nominations.take_back(nomination=row)):
        with pytest.raises(nominations.NotToBeWrittenTo):
            nominations.make_contributor(nomination=nomination, sector="industry")


def test_they_are_on_no_list_of_people_to_ask_and_in_no_file(invitation, editor):
    forget(contributor=invitation.contributor, by=editor)

    assert not panels.candidates(survey_round=RoundFactory()).exists()
    assert "Former" not in "".join(contributors.as_csv(Contributor.objects.all()))


def test_who_waits_on_a_panel_comes_off_it_and_nobody_is_mailed(editor):
    invitation = ask(contributor=ADA)
    forget(contributor=invitation.contributor, by=editor)
    assert not Invitation.objects.exists()

    QuestionFactory(survey=invitation.survey_round.survey)
    assert invitations.solicit(survey_round=invitation.survey_round) == 0


def test_nothing_more_is_mailed_about_what_was_answered(invitation, editor):
    forget(contributor=invitation.contributor, by=editor)

    invitations.remind(survey_round=invitation.survey_round)
    again = invitations.resend(invitation=invitation, after=0)

    assert again.mail.state == OutgoingMail.State.SUPPRESSED


def test_their_view_as_a_reader_leaves_the_pages(invitation, editor):
    view = OpenViewFactory(email=ADA["email"], state=OpenView.State.APPROVED)

    forget(contributor=invitation.contributor, by=editor)

    assert disclosure.reader_quotes(survey=view.survey) == []


# --- the admin


def page(contributor, name="forget"):
    return reverse(f"admin:surveys_contributor_{name}", args=[contributor.pk])


def test_the_page_says_what_will_happen_and_the_button_does_it(admin_client, invitation, editor):
    everything(invitation, editor)
    summaries.compile_summary(snapshot=rounds.close(survey_round=invitation.survey_round))
    before = every_row()

    text = " ".join(admin_client.get(page(invitation.contributor)).content.decode().split())

    assert every_row() == before
    for part in (
        "Ada Quillon, ada@example.org",
        "2 personal links",
        "1 draft that was not submitted",
        "1 change that was not submitted",
        "Of 1 submitted response",
        "1 person whom they suggested",
        "said about them in 1 suggestion",
        "1 view that they offered",
        "Look for their name and words",
        "Back-ups",
    ):
        assert part in text

    admin_client.post(page(invitation.contributor), follow=True)
    invitation.contributor.refresh_from_db()
    assert invitation.contributor.is_former
    assert not traces(but=("mail_suppression", "posts_post"))
    assert LogEntry.objects.latest("pk").object_repr == "Former contributor"


def test_who_has_been_asked_cannot_be_deleted_and_the_page_says_why(admin_client, invitation):
    text = admin_client.get(page(invitation.contributor, "change")).content.decode()
    assert "cannot be deleted" in text
    assert page(invitation.contributor) in text
    assert admin_client.post(page(invitation.contributor, "delete"), {"post": "yes"}).status_code == 403

    chosen = {"action": "delete_selected", "_selected_action": [invitation.contributor_id], "post": "yes"}
    text = admin_client.post("/admin/surveys/contributor/", chosen).content.decode()
    assert "has been asked: votes hang on them" in text
    assert Contributor.objects.filter(pk=invitation.contributor_id).exists()


def test_who_has_never_been_asked_is_simply_deleted(admin_client):
    person = ContributorFactory()
    assert "can simply be deleted" in admin_client.get(page(person, "change")).content.decode()

    admin_client.post(page(person, "delete"), {"post": "yes"})

    assert not Contributor.objects.exists()


def test_a_former_contributor_cannot_be_given_a_name_again(admin_client, invitation, editor):
    row = forget(contributor=invitation.contributor, by=editor)

    text = admin_client.get(page(row, "change")).content.decode()
    assert "asked to be forgotten" in text
    assert 'name="email"' not in text
    assert admin_client.post(page(row, "change"), {"name": "Ada"}).status_code == 403


def test_forgetting_takes_the_permission_to_delete(client, invitation, django_user_model):
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="change_contributor"))
    client.force_login(reader)

    for press in (client.get, client.post):
        assert press(page(invitation.contributor)).status_code == 403
    assert "forgetting would do" not in client.get(page(invitation.contributor, "change")).content.decode()
    assert client.get("/admin/surveys/contributor/999999/forget/").status_code == 403
