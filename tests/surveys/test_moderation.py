import pytest
from django.contrib.auth import get_user_model

from naatbatt.mail.models import OutgoingMail
from surveys import disclosure, moderation, responses
from surveys.models import Answer
from surveys.responses import Entry
from tests.factories import AnswerFactory, InvitationFactory, QuestionFactory, ResponseFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor():
    return get_user_model().objects.create_user("editor")


@pytest.fixture
def answer():
    return AnswerFactory(comment="Plants are being built, and fast.", moderation=Answer.Moderation.PENDING)


def quoted(answer):
    return [quote.words for quote in disclosure.quotes(survey_round=answer.response.invitation.survey_round)]


def test_approved_words_are_quoted_as_they_were_written(answer, editor):
    approved = moderation.approve(answer=answer, by=editor)
    assert (approved.moderation, approved.moderated_by) == ("approved", editor)
    assert quoted(answer) == ["Plants are being built, and fast."]


def test_approving_twice_keeps_the_first_decision(answer, editor):
    first = moderation.approve(answer=answer, by=editor)
    other = get_user_model().objects.create_user("other")
    again = moderation.approve(answer=answer, by=other)
    assert (again.moderated_at, again.moderated_by) == (first.moderated_at, editor)


def test_rejected_words_are_kept_with_the_reason_and_never_quoted(answer, editor):
    rejected = moderation.reject(answer=answer, by=editor, reason=" Names a third party. ")
    assert (rejected.moderation, rejected.moderation_reason) == ("rejected", "Names a third party.")
    assert rejected.comment == "Plants are being built, and fast."
    assert quoted(answer) == []


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_rejection_needs_a_reason(answer, editor, reason):
    with pytest.raises(moderation.ReasonMissing):
        moderation.reject(answer=answer, by=editor, reason=reason)
    answer.refresh_from_db()
    assert answer.moderation == "pending"


def test_a_proposed_edit_is_mailed_once_and_prints_nothing_yet(answer, editor):
    for _time in range(2):
        proposed = moderation.propose_edit(answer=answer, by=editor, words="Plants are being built fast.")
    assert (proposed.moderation, proposed.edited_words) == ("proposed", "Plants are being built fast.")
    assert proposed.comment == "Plants are being built, and fast."
    mail = OutgoingMail.objects.get()
    assert mail.to_address == answer.response.invitation.contributor.email
    for said in ("Plants are being built, and fast.", "Plants are being built fast.", "link-mark.answer."):
        assert said in mail.text
    assert mail.key.startswith(f"survey-edit:{answer.pk}:1:")
    assert quoted(answer) == []


def test_another_proposal_is_another_mail(answer, editor):
    moderation.propose_edit(answer=answer, by=editor, words="Plants are being built fast.")
    moderation.propose_edit(answer=answer, by=editor, words="Plants rise fast.")
    assert OutgoingMail.objects.count() == 2


def test_the_contributors_own_words_are_no_edit(answer, editor):
    with pytest.raises(moderation.ReasonMissing, match="Approve them instead"):
        moderation.propose_edit(answer=answer, by=editor, words=" Plants are being built, and fast. ")


def test_an_accepted_edit_is_quoted_and_the_original_kept(answer, editor):
    proposed = moderation.propose_edit(answer=answer, by=editor, words="Plants are being built fast.")
    accepted = moderation.accept_edit(answer=proposed)
    assert accepted.moderation == "approved"
    assert accepted.comment == "Plants are being built, and fast."
    assert quoted(answer) == ["Plants are being built fast."]
    assert moderation.accept_edit(answer=proposed).moderated_at == accepted.moderated_at


def test_nobody_accepts_a_wording_they_have_not_seen(answer, editor):
    seen = moderation.propose_edit(answer=answer, by=editor, words="Plants are being built fast.")
    moderation.propose_edit(answer=answer, by=editor, words="No plant will ever be built.")
    with pytest.raises(moderation.WordsChanged):
        moderation.accept_edit(answer=seen)
    assert quoted(answer) == []


def test_a_withdrawn_proposal_cannot_be_accepted(answer, editor):
    seen = moderation.propose_edit(answer=answer, by=editor, words="Plants are being built fast.")
    moderation.approve(answer=answer, by=editor)
    with pytest.raises(moderation.WordsChanged):
        moderation.accept_edit(answer=seen)
    assert quoted(answer) == ["Plants are being built, and fast."]


def test_keeping_ones_own_words_puts_them_before_staff_again(answer, editor):
    proposed = moderation.propose_edit(answer=answer, by=editor, words="Plants are being built fast.")
    kept = moderation.keep_own(answer=proposed)
    assert (kept.moderation, kept.edited_words) == ("pending", "")
    assert kept.moderation_reason == "The contributor prefers their own words to the edit."
    moderation.approve(answer=kept, by=editor)
    assert quoted(answer) == ["Plants are being built, and fast."]


def test_rejecting_drops_a_proposed_edit(answer, editor):
    seen = moderation.propose_edit(answer=answer, by=editor, words="Plants are being built fast.")
    moderation.reject(answer=answer, by=editor, reason="On reflection, no.")
    with pytest.raises(moderation.WordsChanged):
        moderation.accept_edit(answer=seen)


def test_words_that_changed_since_they_were_read_are_not_approved(editor):
    invitation = InvitationFactory()
    QuestionFactory(survey=invitation.survey_round.survey, key="catch-up")

    def save(comment):
        responses.save(
            invitation=invitation,
            entries={"catch-up": Entry(value="agree", confidence=7, comment=comment)},
            attribution="named",
            submit=True,
        )
        return Answer.objects.get()

    read = save("Harmless.")
    assert read.moderation == "pending"
    moderation.approve(answer=read, by=editor)
    changed = save("Not harmless.")
    assert changed.moderation == "pending"
    for decide in (
        lambda: moderation.approve(answer=read, by=editor),
        lambda: moderation.reject(answer=read, by=editor, reason="No."),
        lambda: moderation.propose_edit(answer=read, by=editor, words="Other."),
    ):
        with pytest.raises(moderation.WordsChanged):
            decide()
    assert quoted(changed) == []


def test_there_is_nothing_to_moderate_in_a_draft_or_a_bare_vote(editor):
    draft = AnswerFactory(comment="Mine alone.", response=ResponseFactory(submitted_at=None))
    for answer in (draft, AnswerFactory()):
        with pytest.raises(moderation.NothingToModerate):
            moderation.approve(answer=answer, by=editor)


# --- another line under the same words


@pytest.fixture
def quoted_as():
    """Submit the same words, quoted as given, and return their row."""
    invitation = InvitationFactory()
    QuestionFactory(survey=invitation.survey_round.survey, key="step", kind="text")

    def submit(attribution, *, interest="", own=""):
        entries = {"step": Entry(value="Plants are being built.", attribution=own)}
        responses.save(invitation=invitation, entries=entries, attribution=attribution, interest=interest, submit=True)
        return Answer.objects.get()

    return submit


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"attribution": "sector"}, {"attribution": "named"}),
        ({"attribution": "background"}, {"attribution": "sector"}),
        ({"attribution": "sector"}, {"attribution": "sector", "own": "affiliation"}),
        ({"attribution": "named"}, {"attribution": "named", "interest": "holds shares"}),
        ({"attribution": "named", "interest": "holds shares"}, {"attribution": "named", "interest": "holds bonds"}),
        ({"attribution": "sector", "interest": "holds bonds"}, {"attribution": "named", "interest": "holds bonds"}),
    ],
)
def test_approved_words_wait_again_when_the_line_under_them_says_more(quoted_as, editor, before, after):
    moderation.approve(answer=quoted_as(**before), by=editor)
    changed = quoted_as(**after)
    assert (changed.moderation, changed.moderated_by, quoted(changed)) == ("pending", None, [])
    moderation.approve(answer=changed, by=editor)
    assert quoted(changed) == ["Plants are being built."]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"attribution": "named"}, {"attribution": "sector"}),
        ({"attribution": "named"}, {"attribution": "named", "own": "sector"}),
        ({"attribution": "sector"}, {"attribution": "sector", "interest": "holds shares"}),
        ({"attribution": "named", "interest": "holds shares"}, {"attribution": "named"}),
    ],
)
def test_a_line_that_says_less_is_printed_at_once(quoted_as, editor, before, after):
    moderation.approve(answer=quoted_as(**before), by=editor)
    changed = quoted_as(**after)
    assert (changed.moderation, quoted(changed)) == ("approved", ["Plants are being built."])
    [quote] = disclosure.quotes(survey_round=changed.response.invitation.survey_round)
    assert "holds shares" not in quote.line


def test_a_proposed_edit_is_not_accepted_under_a_line_that_staff_have_not_read(quoted_as, editor):
    seen = moderation.propose_edit(answer=quoted_as("sector"), by=editor, words="Plants rise.")
    changed = quoted_as("named", interest="holds shares")
    assert (changed.moderation, changed.edited_words) == ("pending", "")
    with pytest.raises(moderation.WordsChanged):
        moderation.accept_edit(answer=seen)


def test_words_whose_line_changed_while_they_were_read_are_not_approved(quoted_as, editor):
    """They waited before and wait still, in the same version: only the line tells that staff have read another."""
    read = quoted_as("named")
    mark = moderation.as_read(read)
    changed = quoted_as("named", interest="holds shares")
    assert (changed.version, changed.moderation) == (read.version, "pending")
    with pytest.raises(moderation.WordsChanged):
        moderation.approve(answer=changed, by=editor, mark=mark)
    with pytest.raises(moderation.WordsChanged):
        moderation.approve(answer=changed, by=editor, mark="")
    moderation.approve(answer=changed, by=editor, mark=moderation.as_read(changed))
    assert quoted(changed) == ["Plants are being built."]
