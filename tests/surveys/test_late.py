"""What comes after the end: kept, shown to its author, offered to staff, and counted if they accept it."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from naatbatt.mail.models import OutgoingMail
from surveys import responses, rounds, snapshots
from surveys.models import Answer, AnswerVersion, Invitation, PendingChange, Response, Round, RoundClosed, Snapshot
from surveys.responses import Entry, Incomplete, NothingLate
from tests.markup import lost_forms
from tests.rows import every_row
from tests.surveys.asking import EVERY_KIND, ask, page_of

pytestmark = pytest.mark.django_db

CLOSES = datetime(2026, 11, 13, 22, tzinfo=UTC)  # Friday, 5 p.m. in New York
LATE = CLOSES + timedelta(minutes=31)
YES, NO = {"catch-up": Entry(value="agree", confidence=7)}, {"catch-up": Entry(value="disagree")}


@pytest.fixture(autouse=True)
def _staff(settings):
    settings.STAFF_EMAILS = ["desk@example.org"]


@pytest.fixture
def editor(django_user_model):
    return django_user_model.objects.create_superuser("editor")


@pytest.fixture
def invitation():
    return ask(*EVERY_KIND, opens_at=CLOSES - timedelta(days=7), closes_at=CLOSES)


@pytest.fixture
def submitted(invitation):
    """Dr. Sample has agreed, a day before the end."""
    send(invitation, YES, now=CLOSES - timedelta(days=1), late=False)
    return Invitation.objects.get(pk=invitation.pk)


def send(invitation, entries, *, now=LATE, submit=True, late=True, attribution="named", **options):
    return responses.save(
        invitation=invitation, entries=entries, attribution=attribution, submit=submit, late=late, now=now, **options
    )


def close(survey_round):
    return rounds.close(survey_round=survey_round, now=CLOSES + timedelta(minutes=15))


def mails(name):
    return list(OutgoingMail.objects.filter(name=name).order_by("pk"))


def text_of(page):
    return " ".join(unescape(page.content.decode()).split())


# --- kept and offered


def test_what_comes_late_is_kept_and_counts_nowhere(invitation):
    response = send(invitation, YES, submit=False)

    assert (response.submitted_at, response.offered_late_at) == (None, None)
    assert Answer.objects.get().value == "agree"
    assert Answer.objects.counted().count() == 0
    assert not OutgoingMail.objects.exists()


def test_what_is_submitted_late_is_offered_and_staff_are_told_once(invitation):
    first = send(invitation, YES)
    again = send(invitation, NO, now=LATE + timedelta(minutes=5))

    assert (first.submitted_at, again.submitted_at) == (None, None)
    assert again.offered_late_at == LATE + timedelta(minutes=5), "it is what stands now that is offered"
    assert mails("survey_thanks") == []
    (told,) = mails("staff_notice")
    assert "Dr. Sample sent answers after the end." in told.text
    assert reverse("admin:surveys_response_change", args=[first.pk]) in told.text


def test_sending_the_same_again_changes_nothing(invitation):
    send(invitation, YES)
    before = every_row()

    send(invitation, YES, now=LATE + timedelta(minutes=5))

    assert every_row() == before


def test_incomplete_answers_are_not_offered(invitation):
    with pytest.raises(Incomplete):
        send(invitation, {"where": Entry(value="south")})

    assert not Response.objects.exists()


def test_changes_that_come_late_stand_beside_what_counts(submitted):
    response = send(submitted, NO, attribution="background", interest="Shares")

    assert response.offered_late_at == LATE
    assert (response.attribution, response.interest) == ("named", "")
    assert Answer.objects.counted().get(question__key="catch-up").value == "agree"
    assert PendingChange.objects.get().value == "disagree"
    assert len(mails("staff_notice")) == len(mails("survey_thanks")) == 1


def test_late_change_that_is_taken_back_is_no_offer_any_more(submitted):
    send(submitted, NO)

    assert send(submitted, YES, submit=False).offered_late_at is None


def test_submitting_late_what_counts_already_offers_nothing(submitted):
    assert send(submitted, YES).offered_late_at is None
    assert mails("staff_notice") == []


def test_late_is_late_only_after_the_end(invitation):
    """Staff have put the end off meanwhile."""
    response = send(invitation, YES, now=CLOSES + timedelta(minutes=14))

    assert response.submitted_at is not None
    assert response.offered_late_at is None


# --- decided


def test_accepted_answers_count_as_of_the_moment_they_were_sent(invitation, editor):
    invitation.declined_at = CLOSES - timedelta(days=3)
    invitation.save()
    close(invitation.survey_round)
    offered = send(invitation, YES, attribution="sector")
    decided = LATE + timedelta(days=2)

    response = responses.accept_late(response=offered, by=editor, now=decided)

    assert (response.submitted_at, response.offered_late_at) == (LATE, None)
    assert (response.accepted_late_at, response.accepted_late_by) == (decided, editor)
    assert response.consent.given_at == LATE
    assert response.consent.attribution == "sector"
    given = {row.question.key: (row.value, row.blank) for row in Answer.objects.counted().select_related("question")}
    assert given["catch-up"] == ("agree", "")
    assert given["where"] == (None, "skipped")
    assert {*AnswerVersion.objects.values_list("submitted", "saved_at")} == {(True, LATE)}
    invitation.refresh_from_db()
    assert invitation.declined_at is None


def test_author_of_accepted_answers_is_thanked_in_fitting_words(invitation, editor):
    close(invitation.survey_round)

    responses.accept_late(response=send(invitation, YES), by=editor, now=LATE + timedelta(days=2))

    (mail,) = mails("survey_thanks")
    for text in (mail.text, mail.html):
        assert "came after the end of the round, and the editors have taken it in" in text
        assert "Agree" in text
        assert "You may change" not in text


def test_accepted_changes_take_the_place_of_what_counted(submitted, editor):
    close(submitted.survey_round)
    offered = send(submitted, {"catch-up": Entry(value="disagree", comment="No.", attribution="sector")})
    evidence = offered.consents.order_by("-pk").first()
    assert offered.consent != evidence, "until it is accepted, what was agreed to before holds"

    response = responses.accept_late(response=offered, by=editor, now=LATE + timedelta(days=2))

    assert (response.submitted_at, response.consent) == (CLOSES - timedelta(days=1), evidence)
    assert (evidence.given_at, evidence.exceptions) == (LATE, {"catch-up": "sector"})
    answer = Answer.objects.counted().get(question__key="catch-up")
    assert (answer.value, answer.moderation) == ("disagree", Answer.Moderation.PENDING)
    assert not PendingChange.objects.exists()
    assert answer.versions.last().saved_at == LATE
    assert len(mails("survey_thanks")) == 2


def test_accepting_twice_is_accepting_once(invitation, editor):
    offered = send(invitation, YES)
    responses.accept_late(response=offered, by=editor)
    before = every_row()

    responses.accept_late(response=offered, by=editor)

    assert every_row() == before


def test_what_was_not_sent_cannot_be_accepted(invitation, editor):
    with pytest.raises(NothingLate):
        responses.accept_late(response=send(invitation, YES, submit=False), by=editor)
    assert not Answer.objects.counted().exists()


def test_set_aside_is_kept_and_not_counted(invitation, editor):
    offered = send(invitation, YES)

    for _ in range(2):
        assert responses.set_aside_late(response=offered).offered_late_at is None

    assert Answer.objects.get(question__key="catch-up").value == "agree"
    assert not Answer.objects.counted().exists()
    with pytest.raises(NothingLate):
        responses.accept_late(response=offered, by=editor)


def test_accepted_cannot_be_set_aside(invitation, editor):
    offered = send(invitation, YES)
    responses.accept_late(response=offered, by=editor)

    with pytest.raises(NothingLate):
        responses.set_aside_late(response=offered)


def test_next_freeze_holds_what_was_accepted_and_the_first_stays_as_it_was(invitation, editor):
    first = close(invitation.survey_round)
    content = first.content
    offered = send(invitation, YES)
    offering = snapshots.freeze(survey_round=invitation.survey_round)
    assert snapshots.tallies(offering, "catch-up")[1]["all"].base == 0, "an offer is not counted"

    responses.accept_late(response=offered, by=editor)
    second = snapshots.freeze(survey_round=invitation.survey_round)

    assert second.number > first.number
    assert snapshots.tallies(second, "catch-up")[1]["all"].base == 1
    assert snapshots.tallies(Snapshot.objects.get(number=1), "catch-up")[1]["all"].base == 0
    assert Snapshot.objects.get(number=1).content == content


# --- the pages


@pytest.fixture
def night(invitation):
    """Half past five on the closing day: the round has ended, and its page was open all the while."""
    with time_machine.travel(LATE, tick=False) as clock:
        yield clock


TYPED = {"shown": ["catch-up", "share"], "q-catch-up": "agree", "q-share": "30", "page": "one"}


def test_page_says_until_when_it_still_counts(client, invitation):
    with time_machine.travel(CLOSES + timedelta(minutes=4), tick=False):
        said = text_of(client.get(page_of(invitation)))
    with time_machine.travel(CLOSES - timedelta(minutes=4), tick=False):
        before = text_of(client.get(page_of(invitation)))

    assert "What you submit until 5:15 p.m. EST still counts." in said
    assert "still counts" not in before


def test_what_a_page_sends_after_the_end_is_kept_and_shown(client, invitation, night):
    page = client.post(page_of(invitation), {**TYPED, "action": "next"})

    text = text_of(page)
    assert page.status_code == 409
    assert "The round closed before this arrived" in text
    assert "What you sent is kept and stands below. It is not counted." in text
    assert "30%" in text
    assert Response.objects.get().submitted_at is None
    assert {row.value for row in Answer.objects.all()} == {"agree", 30}


def test_what_could_not_be_read_is_shown_to_be_copied(client, invitation, night):
    page = client.post(page_of(invitation), {**TYPED, "q-share": "a third, perhaps", "action": "next"})

    assert page.status_code == 409
    assert 'value="a third, perhaps"' in page.content.decode()
    assert Answer.objects.get().value == "agree"


def test_kept_answers_can_be_sent_to_the_editors(client, invitation, night):
    client.post(page_of(invitation), {**TYPED, "action": "next"})
    assert "Send them all the same" in text_of(client.get(page_of(invitation)))

    unchosen = client.post(page_of(invitation, "late"), {})
    assert unchosen.status_code == 422
    assert "Choose how you may be quoted." in text_of(unchosen)
    assert Response.objects.get().offered_late_at is None

    page = client.post(page_of(invitation, "late"), {"attribution": "sector"})

    assert (page.status_code, page["Location"]) == (302, page_of(invitation))
    response = Response.objects.get()
    assert (response.offered_late_at, response.attribution) == (LATE, "sector")
    text = text_of(client.get(page_of(invitation)))
    assert "You sent this on Friday, Nov. 13, 2026, 5:31 p.m. EST, after the end." in text
    assert "Send them all the same" not in text
    assert len(mails("staff_notice")) == 1


def test_answers_that_lack_a_required_one_cannot_be_sent_and_the_page_says_which(client, invitation, night):
    client.post(page_of(invitation), {"shown": ["share"], "q-share": "30", "action": "next"})

    text = text_of(client.get(page_of(invitation)))
    assert "a question that needs an answer has none" in text
    assert "The United States can catch up." in text
    assert client.post(page_of(invitation, "late"), {"attribution": "sector"}).status_code == 422
    assert Response.objects.get().offered_late_at is None


@pytest.mark.parametrize("state", ["open", "upcoming", "nothing kept"])
def test_nothing_is_sent_late_where_nothing_is_late(client, invitation, state):
    instant = {"open": CLOSES - timedelta(hours=1), "upcoming": CLOSES - timedelta(days=8), "nothing kept": LATE}
    if state == "open":
        send(invitation, YES, submit=False, now=CLOSES - timedelta(hours=2))
    before = every_row()

    with time_machine.travel(instant[state], tick=False):
        assert client.post(page_of(invitation, "late"), {"attribution": "named"}).status_code == 302

    assert every_row() == before


def test_late_changes_can_be_sent_and_stand_beside_what_counts(client, submitted, night):
    client.post(page_of(submitted), {**TYPED, "q-catch-up": "disagree", "action": "next"})
    text = text_of(client.get(page_of(submitted)))
    assert "What counts is what you had submitted." in text
    assert "Send the changes all the same" in text

    assert client.post(page_of(submitted, "late")).status_code == 302

    assert Response.objects.get().offered_late_at == LATE
    assert "Until then your answers count as you submitted them before." in text_of(client.get(page_of(submitted)))


def test_submitting_on_the_review_page_after_the_end_offers_it(client, invitation, night):
    send(invitation, YES, submit=False, now=CLOSES - timedelta(hours=2), attribution="")

    page = client.post(page_of(invitation, "review"), {"attribution": "named", "action": "submit"}, follow=True)

    assert "after the end." in text_of(page)
    assert Response.objects.get().offered_late_at == LATE


def test_accepted_answers_are_thanked_for_on_the_page(client, invitation, night, editor):
    responses.accept_late(response=send(invitation, YES), by=editor)

    assert "the editors have taken them in" in text_of(client.get(page_of(invitation)))


def test_before_the_opening_nothing_is_kept(client, invitation):
    with time_machine.travel(CLOSES - timedelta(days=8), tick=False):
        assert client.post(page_of(invitation), {**TYPED, "action": "next"}).status_code == 409
    with pytest.raises(RoundClosed):
        send(invitation, YES, now=CLOSES - timedelta(days=8))
    assert not Response.objects.exists()


@pytest.mark.parametrize("number", [1, 10])
def test_page_after_the_end_takes_the_same_queries_for_one_question_and_ten(client, number, django_assert_num_queries):
    invitation = ask(*({"key": f"q{n}", "kind": "statement", "prompt": "Yes."} for n in range(number)))
    send(invitation, {f"q{n}": Entry(value="agree") for n in range(number)}, submit=False, now=None)
    rounds.close(survey_round=invitation.survey_round)

    with django_assert_num_queries(5):
        client.get(page_of(invitation))


# --- staff


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def change_page(response, step=""):
    if step:
        return reverse("admin:surveys_response_step", args=[response.pk, step])
    return reverse("admin:surveys_response_change", args=[response.pk])


def test_staff_find_what_waits_read_it_and_accept_it(desk, invitation):
    close(invitation.survey_round)
    offered = send(invitation, {"catch-up": Entry(value="agree", comment="Plants are being built.")})
    other = ask()
    send(other, YES, submit=False, late=False, now=None)

    listed = text_of(desk.get(reverse("admin:surveys_response_changelist"), {"late": "waiting"}))
    assert listed.count("Dr. Sample</a>") == 1
    page = text_of(desk.get(change_page(offered)))
    assert "These answers came on Friday, Nov. 13, 2026, 5:31 p.m. EST, after the round had closed." in page
    assert "Snapshot 1 of the results is frozen without them." in page
    assert "Plants are being built." in page

    done = text_of(desk.post(change_page(offered, "accept-late"), follow=True))
    assert "Accepted. It counts from now on" in done
    assert "Freeze the round again" in done
    assert Response.objects.get(pk=offered.pk).submitted_at == LATE

    frozen = text_of(desk.post(change_page(offered, "freeze-again"), follow=True))
    assert "Frozen as" in frozen
    assert "Freeze the round again" not in frozen
    assert Snapshot.objects.count() == 2


def test_every_button_about_what_was_sent_late_presses_what_it_says(desk, invitation, editor):
    close(invitation.survey_round)
    offered = send(invitation, YES)
    pages = [desk.get(change_page(offered)).content.decode()]
    responses.accept_late(response=offered, by=editor)
    pages.append(desk.get(change_page(offered)).content.decode())

    assert change_page(offered, "accept-late") in pages[0]
    assert change_page(offered, "freeze-again") in pages[1]
    assert [lost_forms(text) for text in pages] == [[], []]


def test_the_dashboard_leads_to_what_was_sent_late_until_it_is_decided(desk, invitation, editor):
    assert "Sent late" not in desk.get("/admin/").content.decode()
    offered = send(invitation, YES)
    waiting = f'<a href="{reverse("admin:surveys_response_changelist")}?late=waiting">1</a>'
    assert waiting in desk.get("/admin/").content.decode()

    responses.accept_late(response=offered, by=editor)

    assert "Sent late" not in desk.get("/admin/").content.decode()


def test_staff_set_aside(desk, invitation):
    offered = send(invitation, YES)

    assert "Set aside. It is kept, and not counted." in text_of(
        desk.post(change_page(offered, "set-aside-late"), follow=True)
    )

    assert Response.objects.get().offered_late_at is None
    assert "nothing here that was sent late" in text_of(desk.post(change_page(offered, "accept-late"), follow=True))


def test_answers_that_lack_one_by_now_are_refused_in_words(desk, invitation):
    offered = send(invitation, YES)
    invitation.survey_round.survey.questions.filter(key="where").update(required=True)

    done = text_of(desk.post(change_page(offered, "accept-late"), follow=True))

    assert "A question that needs an answer has none: where." in done
    assert Response.objects.get().submitted_at is None


def test_round_that_is_not_closed_is_not_frozen_from_here(desk, invitation):
    offered = send(invitation, YES)
    desk.post(change_page(offered, "accept-late"))

    assert "The round is not closed yet." in text_of(desk.post(change_page(offered, "freeze-again"), follow=True))

    assert not Snapshot.objects.exists()
    assert Round.objects.get().closed_at is None


@pytest.mark.parametrize("step", ["accept-late", "set-aside-late", "freeze-again"])
def test_who_may_only_look_decides_nothing(client, invitation, django_user_model, step):
    from django.contrib.auth.models import Permission

    looker = django_user_model.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_response"))
    client.force_login(looker)
    offered = send(invitation, YES)
    before = (Response.objects.values().get(), Snapshot.objects.count())

    assert "Set aside" not in text_of(client.get(change_page(offered)))
    assert client.post(change_page(offered, step)).status_code == 403
    assert (Response.objects.values().get(), Snapshot.objects.count()) == before


def test_draft_that_nobody_sent_stays_its_authors(desk, invitation):
    response = send(invitation, {"catch-up": Entry(comment="Half a thought")}, submit=False)

    assert "Half a thought" not in text_of(desk.get(change_page(response)))
