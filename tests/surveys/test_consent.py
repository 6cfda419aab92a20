"""What was agreed to: the wording of the page, kept with the lines as they were seen, and never rewritten."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from naatbatt.mail.models import OutgoingMail
from surveys import consent, disclosure, responses
from surveys.models import Answer, Consent, Contributor, Survey
from surveys.responses import Entry
from tests.surveys.asking import ask

NOON = datetime(2026, 11, 3, 17, 4, tzinfo=UTC)
WORDS = {"catch-up": Entry(value="agree", comment="Plants are being built.")}


def an_invitation(**fields):
    return ask(opens_at=NOON - timedelta(days=1), closes_at=NOON + timedelta(days=7), **fields)


def submit(invitation, entries=WORDS, *, minutes=0, **options):
    options = {"attribution": "named", **options}
    now = NOON + timedelta(minutes=minutes)
    return responses.save(invitation=invitation, entries=entries, submit=True, now=now, **options)


# --- the wording


def test_the_wording_says_how_small_a_group_may_be_and_what_a_closed_door_closes():
    usual, closed = consent.wording(Survey(minimum_cell=4)).text, consent.wording(Survey(closed_door=True)).text
    assert "only where at least 4 people of a sector answered" in usual
    assert "where fewer than 4 people of it answered" in usual
    assert "Chatham House" not in usual
    assert "neither my name nor my affiliation is printed" in closed


def test_another_text_is_another_version():
    three, four = consent.wording(Survey(minimum_cell=3)), consent.wording(Survey(minimum_cell=4))
    assert three.version == consent.wording(Survey(minimum_cell=3)).version
    assert three.version != four.version
    assert three.version == hashlib.sha256(three.text.encode()).hexdigest()[:16]


# --- the evidence


@pytest.mark.django_db
def test_submitting_keeps_what_was_agreed_to_and_when():
    invitation = an_invitation()
    response = submit(invitation, interest="holds shares in a maker of cells")
    evidence = Consent.objects.get()
    assert response.consent == evidence
    assert (evidence.given_at, evidence.response_version) == (NOON, response.version)
    assert evidence.wording == consent.wording(invitation.survey_round.survey).text
    assert evidence.wording_version == consent.wording(invitation.survey_round.survey).version
    assert evidence.attribution == "named"
    assert evidence.interest == "holds shares in a maker of cells"
    assert evidence.lines == {
        "named": "Dr. Sample, Example Cells (disclosed interest: holds shares in a maker of cells)",
        "affiliation": "an expert at Example Cells",
        "sector": "an industry expert",
    }


@pytest.mark.django_db
def test_a_draft_agrees_to_nothing():
    responses.save(invitation=an_invitation(), entries=WORDS, attribution="named", submit=False, now=NOON)
    assert not Consent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"attribution": "sector"},
        {"interest": "holds shares"},
        {"entries": {"catch-up": Entry(value="agree", comment="Plants are being built.", attribution="sector")}},
    ],
)
def test_another_choice_alone_is_new_evidence_and_the_old_stays(change):
    invitation = an_invitation()
    first = Consent.objects.filter(pk=submit(invitation).consent.pk).values().get()
    submit(invitation, minutes=5, **change)
    assert Consent.objects.filter(pk=first["id"]).values().get() == first
    latest = Consent.objects.latest("pk")
    assert (Consent.objects.count(), latest.given_at) == (2, NOON + timedelta(minutes=5))
    assert latest.exceptions == ({"catch-up": "sector"} if "entries" in change else {})


@pytest.mark.django_db
def test_the_same_again_is_no_new_evidence_and_no_mail():
    invitation = an_invitation()
    for minutes in range(3):
        submit(invitation, minutes=minutes)
    assert (Consent.objects.count(), OutgoingMail.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_line_that_staff_have_corrected_is_agreed_to_by_submitting_again():
    invitation = an_invitation()
    submit(invitation)
    Contributor.objects.update(affiliation="Sample Cells")
    response = submit(invitation, minutes=5)
    assert response.consent.lines["named"] == "Dr. Sample, Sample Cells"
    assert disclosure.line_under(Answer.objects.get()) == "Dr. Sample, Sample Cells"


@pytest.mark.django_db
def test_another_wording_is_evidence_of_its_own():
    invitation = an_invitation()
    submit(invitation)
    Survey.objects.update(minimum_cell=5)
    submit(invitation, minutes=5)
    assert Consent.objects.values("wording_version").distinct().count() == 2


@pytest.mark.django_db
def test_the_mail_that_thanks_says_what_was_agreed_to_and_what_is_quoted_otherwise():
    invitation = ask(
        {"key": "catch-up", "kind": "statement", "prompt": "The United States can catch up."},
        {"key": "view", "kind": "text", "prompt": "What first?"},
        opens_at=NOON - timedelta(days=1), closes_at=NOON + timedelta(days=7),
    )  # fmt: skip
    other = {"view": Entry(value="Train <people>.", attribution="sector")}
    submit(invitation, {**WORDS, **other}, interest="holds shares")
    mail = OutgoingMail.objects.get()
    for part in (
        "— Dr. Sample, Example Cells (disclosed interest: holds shares)",
        "These words alone:",
        "— an industry expert",
        "Tuesday, Nov. 3, 2026, 12:04 p.m. EST",
        "No vote or estimate is published as mine.",
    ):
        assert part in mail.text
        assert part in mail.html
    assert mail.text.count("These words alone:") == 1


@pytest.mark.django_db
def test_the_mail_says_that_the_doors_were_closed():
    invitation = an_invitation()
    Survey.objects.update(closed_door=True)
    submit(invitation, attribution="sector")
    mail = OutgoingMail.objects.get()
    assert "neither names nor affiliations are printed" in mail.text
    assert "Dr. Sample, Example Cells" not in mail.text


@pytest.mark.django_db
def test_a_level_chosen_for_one_answer_falls_when_the_doors_are_closed():
    """A page that was open then still says it; keeping the words is not agreeing to what is not offered any more."""
    invitation = an_invitation()
    own = {"catch-up": Entry(value="agree", comment="Plants are being built.", attribution="named")}
    submit(invitation, own, attribution="sector")
    Survey.objects.update(closed_door=True)
    response = submit(invitation, own, attribution="sector", minutes=5)
    assert (Answer.objects.get().attribution, response.consent.exceptions) == ("", {})
    assert disclosure.line_under(Answer.objects.get()) == "an industry expert"
