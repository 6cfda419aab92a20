"""The pages of a personal link when it is not the first round of an open survey: behind closed doors, asked again, in
real time, too early and too late, and the ways out. On a phone, with scripts and without.
"""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from naatbatt.mail import outbox
from naatbatt.mail.models import OutgoingMail
from surveys import delphi, invitations, responses
from surveys.models import Answer, Attribution, Invitation, Nomination, Response, Round
from surveys.responses import Entry
from tests.browser.answering import Person, ask, asked_again, behind_closed_doors, everything, others_answer
from tests.browser.conftest import PHONE
from tests.browser.test_week import press
from tests.surveys.asking import page_of

pytestmark = pytest.mark.django_db(transaction=True)

STATES = {
    "phone": {"viewport": PHONE},
    "plain": {"viewport": PHONE, "java_script_enabled": False},
}


@pytest.fixture(params=STATES)
def at(request, open_page, complaints):
    """`at(address)`: somebody who opens that."""

    def open_at(address: str) -> Person:
        page = open_page(**STATES[request.param])
        page.goto(address)
        return Person(page, complaints, name=request.param, scripts=request.param != "plain")

    return open_at


def test_behind_closed_doors_no_name_can_be_chosen_and_a_condition_is_asked_in_its_place(at):
    invitation = ask(behind_closed_doors())
    me = at(page_of(invitation))
    page = me.page
    assert page.get_by_text("The Chatham House rule").first.is_visible()
    assert "At least one fifth of the money" in page.locator("dl.definitions").inner_text()
    me.see("closed-door-1-opening")
    assert me.question("share").count() == 0
    me.question("backing").get_by_text("Some do, some do not").click()
    if me.scripts:
        me.question("share").wait_for()
        me.is_saved()
    else:
        me.go("Continue")
    me.question("share").get_by_role("textbox").first.fill("25")
    me.see("closed-door-2-condition")
    me.go("Continue")
    me.question("unsaid").get_by_role("textbox").first.fill("Nobody says it aloud.")
    me.go("Continue to review")
    choices = page.locator("#question-attribution")
    assert "Sample" not in choices.locator(".choices").inner_text()
    me.see("closed-door-3-review")
    choices.get_by_text("By sector, without my name").click()
    me.go("Submit")
    me.see("closed-door-4-thanks")
    assert Response.objects.get().attribution == Attribution.SECTOR
    page.goto(page_of(invitation, "leave"))
    me.see("leave-6-answered")


def test_a_second_round_stands_beside_what_the_group_said_and_is_kept_by_going_on(at):
    survey_round = everything()
    survey_round.survey.questions.filter(key="solid-state").update(
        stop_rule={"measure": "agreement", "is": ["disagree", "neutral", "agree"], "at_least": 75}
    )
    others_answer(survey_round)
    first = Invitation.objects.get(contributor__email="other-0@example.org")
    second = asked_again(survey_round)
    invitation = second.invitations.get(contributor=first.contributor)
    me = at(page_of(invitation))
    page = me.page
    assert me.question("solid-state").count() == 0, "settled"
    question = me.question("catch-up")
    assert question.locator(".beside svg").first.is_visible()
    assert "You answered:" in question.locator(".beside").inner_text()
    assert "Your answer of round 1, kept if you go on." in question.inner_text()
    assert question.get_by_role("radio", name="Disagree", exact=True).is_checked()
    assert question.locator(".group-reasons li").count() >= 3
    me.see("round-2-1-beside")
    question.locator(".choices").get_by_text("Agree", exact=True).click()
    if me.scripts:
        me.is_saved()
    for number in (2, 3, 4):
        me.go("Continue")
        assert page.locator(".beside").count() == page.locator("fieldset.question").count()
        me.see(f"round-2-{number}-beside")
    me.go("Continue to review")
    page.get_by_text("By sector, without my name").first.click()
    me.see("round-2-5-review")
    me.go("Submit")
    assert page.get_by_role("heading", name="Thank you. Your answers are in.").is_visible()
    me.see("round-2-6-thanks")
    mine = {row.question.key: row.value for row in Answer.objects.filter(response__invitation=invitation)}
    before = {row.question.key: row.value for row in Answer.objects.filter(response__invitation=first)}
    assert mine.pop("catch-up") == "agree"
    assert mine == {key: before[key] for key in mine}, "everything else is as it was"


@pytest.mark.parametrize("at", ["phone"], indirect=True)
def test_in_real_time_the_group_is_seen_once_one_has_answered(at):
    survey_round = everything(group_shown=Round.GroupShown.LIVE)
    others_answer(survey_round)
    delphi.renew(survey_round=survey_round)
    invitation = ask(survey_round)
    me = at(page_of(invitation))
    assert me.page.locator(".beside").count() == 0, "hidden until one has answered"
    entries = {"catch-up": Entry(value="agree"), "share-2035": Entry(value=9)}
    responses.save(invitation=invitation, entries=entries, attribution=Attribution.NAMED, submit=True)
    me.page.goto(page_of(invitation, "thanks"))
    assert me.page.locator(".group-question").count() > 5
    me.see("live-thanks")
    me.page.goto(page_of(invitation))
    assert me.page.locator(".beside svg").first.is_visible()


def test_too_early_too_late_and_sent_all_the_same(at, settings):
    invitation = ask(everything(opens_at=timezone.now() + timedelta(days=1)))
    me = at(page_of(invitation))
    page = me.page
    assert page.get_by_text("This round has not opened yet.").is_visible()
    me.see("end-1-upcoming")

    Round.objects.update(opens_at=timezone.now() - timedelta(days=1))
    page.goto(page_of(invitation))
    me.question("catch-up").get_by_text("Agree", exact=True).click()
    if me.scripts:
        me.is_saved()
    Round.objects.update(closes_at=timezone.now() - timedelta(minutes=1))
    page.goto(page_of(invitation, 3))
    assert page.get_by_text("still counts").is_visible()
    me.see("end-2-grace")
    me.question("share-2035").get_by_role("textbox").first.fill("12")

    # The grace passes while the page is open: what arrives is kept, and may be sent to the editors.
    Round.objects.update(closes_at=timezone.now() - settings.ANSWER_GRACE - timedelta(minutes=1))
    me.go("Continue")
    me.refused(status=409)
    assert page.get_by_role("heading", name="The round closed before this arrived").is_visible()
    me.see("end-3-arrived-late")
    page.goto(page_of(invitation))
    if not me.scripts:
        responses.save(
            invitation=invitation, entries={"catch-up": Entry(value="agree")}, submit=False, late=True
        )  # fmt: skip
        page.reload()
    me.see("end-4-offer")
    me.go("Send them late")
    me.refused()
    assert me.focused() == "errors"
    me.see("end-5-offer-errors")
    page.get_by_text("By sector, without my name").click()
    me.go("Send them late")
    assert page.get_by_text("The editors have been told").is_visible()
    me.see("end-6-offered")
    page.goto(page_of(invitation, "history"))
    me.see("end-7-history")
    page.goto(page_of(invitation, "leave"))
    me.see("leave-7-over")
    assert Response.objects.get().offered_late_at is not None


@pytest.mark.parametrize("at", ["phone"], indirect=True)
def test_a_wrong_link_and_one_that_was_replaced_tell_nothing(at):
    survey_round = everything()
    (invitation,) = invitations.invite(survey_round=survey_round, contributors=[ask(everything()).contributor])
    invitations.solicit(survey_round=survey_round)
    old = page_of(invitation)
    invitations.rotate(invitation=invitation, after=0)
    me = at("/")
    for address, status in ((old, 410), (f"{old[:-4]}xyz/", 404)):
        me.page.goto(address)
        me.refused(status=status)
        me.see(f"wrong-link-{status}")
        assert survey_round.survey.title not in me.page.content()


def test_the_ways_out_are_said_by_a_button_and_can_be_taken_back(at):
    invitation = ask(everything())
    me = at(page_of(invitation))
    page = me.page
    press(page.get_by_role("link", name="Not now, or not for you?").first)
    me.see("leave-1-offered")
    me.go("Remind me then")
    me.see("leave-2-put-off")
    assert Invitation.objects.get().postponed_until is not None
    page.get_by_label("In your own words, if you like").fill("x" * 1001)
    me.go("not my field")
    me.refused()
    assert page.evaluate("document.activeElement.name") == "reason" or not me.scripts
    me.see("leave-3-errors")
    page.get_by_label("In your own words, if you like").fill("Ask the grid people.")
    me.go("not my field")
    me.see("leave-4-declined")
    assert Invitation.objects.get().declined_because == Invitation.DeclinedBecause.NOT_MY_FIELD
    me.go("Never ask me again")
    me.see("leave-5-never-again")
    me.go("Undo: you may ask me again")
    assert page.get_by_role("button", name="Never ask me again").is_visible()

    page.goto(page_of(invitation, "colleague"))
    me.see("colleague-1")
    page.get_by_label("Mail address").fill("ines@example.org")
    page.wait_for_timeout(2100)  # the form takes whoever is quicker for a machine
    me.go("Suggest this person")
    me.refused()
    assert me.focused() == "errors"
    me.see("colleague-2-errors")
    page.get_by_role("textbox", name=re.compile("^Name")).fill("Sample Colleague")
    page.get_by_label("Mail address").fill("colleague@example.org")
    me.go("Suggest this person")
    assert "Sample Colleague" in page.locator("ul.suggested").inner_text()
    me.see("colleague-3-suggested")
    assert Nomination.objects.get().email == "colleague@example.org"
    outbox.deliver_due()
    assert not [letter for letter in mail.outbox if "colleague@example.org" in letter.to]
    assert not OutgoingMail.objects.filter(to_address="colleague@example.org").exists()
