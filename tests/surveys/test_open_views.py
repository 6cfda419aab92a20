"""What readers offer: from the form to print, apart from the panel at every step."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils.html import escape

from naatbatt.mail import links
from naatbatt.mail.models import OutgoingMail, Suppression
from posts import figures, prose
from posts.figures import FigureError
from surveys import disclosure, invitations, open_views, publishing, rounds, snapshots, summaries, tasks
from surveys.models import Contributor, Invitation, OpenView, RoundClosed
from tests.factories import (
    ContributorFactory,
    InvitationFactory,
    OpenViewFactory,
    ResponseFactory,
    RoundFactory,
    SuppressionFactory,
    SurveyFactory,
)
from tests.rows import every_row
from tests.surveys.answered import CLOSES, a_survey, an_answered_round
from tests.surveys.test_at_once import at_once

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 3, 14, 5, tzinfo=UTC)
State = OpenView.State
STATES = [State.PENDING, State.APPROVED, State.REJECTED, State.CONTRIBUTOR]


@pytest.fixture
def survey():
    return SurveyFactory(takes_open_views=True)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def offer(survey, **given):
    fields = {"email": "ada@example.org", "name": "Ada", "affiliation": "Example Weekly", "words": "Graphite decides."}
    return open_views.offer(survey=survey, **{**fields, **given})


# --- its author


def test_an_offer_waits_for_its_address_to_be_confirmed(survey):
    view = offer(survey, email=" Ada@Example.ORG ")
    assert (view.state, view.email) == (State.UNCONFIRMED, "ada@example.org")
    assert not OpenView.objects.confirmed().exists()
    assert not OpenView.objects.awaiting().exists()
    mail = OutgoingMail.objects.get()
    assert (mail.name, mail.to_address, mail.stream) == ("open_view_confirm", "ada@example.org", "account")
    assert view.link() in mail.text
    assert view.link() in mail.html


def test_the_mail_holds_nothing_that_was_typed(survey):
    """Else anybody could have the site write anything to anybody."""
    offer(survey, name="Buy at spam.example", affiliation="Spam Inc", words="Cheap separators!")
    mail = OutgoingMail.objects.get()
    for part in (mail.subject, mail.text, mail.html, mail.to_name):
        for typed in ("spam.example", "Spam Inc", "Cheap separators"):
            assert typed not in part


def test_the_same_words_again_are_the_same_view_and_one_mail_an_hour(survey, clock):
    views = {offer(survey).pk for _press in range(2)}
    assert OutgoingMail.objects.count() == 1
    clock.shift(timedelta(hours=1))
    views.add(offer(survey).pk)
    assert len(views) == 1
    assert OutgoingMail.objects.count() == 2
    assert offer(survey, words="Something else.").pk not in views


def test_somebody_elses_same_words_are_a_view_of_their_own(survey):
    assert offer(survey).pk != offer(survey, email="bob@example.org").pk


def test_a_survey_that_takes_no_views_takes_none(survey):
    survey.takes_open_views = False
    survey.save()
    with pytest.raises(open_views.NotTaken):
        offer(survey)
    assert not OpenView.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_confirming_twice_is_once(survey, clock):
    view = open_views.confirm(view=offer(survey))
    assert (view.state, view.confirmed_at) == (State.PENDING, NOW)
    clock.shift(60)
    assert open_views.confirm(view=view).confirmed_at == NOW
    approved = open_views.approve(view=view)
    assert open_views.confirm(view=approved).state == State.APPROVED


@pytest.mark.parametrize("state", [State.UNCONFIRMED, *STATES])
def test_withdrawing_erases_the_words_the_name_and_the_address(state):
    view = OpenViewFactory(state=state, decision_reason="Quotes Ada.", contributor=ContributorFactory())
    for _again in range(2):
        view = open_views.withdraw(view=view)
    view.refresh_from_db()
    assert view.state == State.WITHDRAWN
    assert [view.email, view.name, view.affiliation, view.words, view.decision_reason] == [""] * 5
    assert view.contributor is None
    assert Contributor.objects.count() == 1
    for story in (open_views.approve, open_views.take_back):
        with pytest.raises(open_views.NotOffered):
            story(view=view)


def test_what_nobody_confirms_is_erased_after_two_weeks(survey, clock):
    offer(survey)
    confirmed = open_views.confirm(view=offer(survey, words="Confirmed."))
    clock.shift(timedelta(days=14))
    tasks.forget_unconfirmed_views()
    assert OpenView.objects.count() == 2
    clock.shift(1)
    tasks.forget_unconfirmed_views()
    assert OpenView.objects.get() == confirmed


def test_the_link_is_stored_as_a_digest_only(survey):
    view = offer(survey)
    mail = OutgoingMail.objects.get()
    token = links.token("view", view.link_nonce)
    assert open_views.find(token=token) == view
    assert open_views.find(token="A" * 22) is None
    assert token not in repr(every_row())
    assert token in links.reveal(mail.text)


# --- staff


def test_approving_and_rejecting_can_be_repeated_and_taken_back(clock):
    view = OpenViewFactory()
    for _again in range(2):
        view = open_views.approve(view=view)
        clock.shift(60)
    assert (view.state, view.decided_at) == (State.APPROVED, NOW)
    with pytest.raises(open_views.Decided):
        open_views.reject(view=view, reason="Off the subject.")
    view = open_views.take_back(view=view)
    assert (view.state, view.decided_at) == (State.PENDING, None)
    view = open_views.reject(view=view, reason=" Off the subject. ")
    assert (view.state, view.decision_reason) == (State.REJECTED, "Off the subject.")
    with pytest.raises(open_views.Decided):
        open_views.approve(view=view)
    assert open_views.take_back(view=view).decision_reason == ""


def test_a_rejection_needs_a_reason():
    with pytest.raises(open_views.ReasonMissing):
        open_views.reject(view=OpenViewFactory(), reason="  ")


def test_what_is_not_confirmed_cannot_be_decided_about():
    view, survey_round = OpenViewFactory(state=State.UNCONFIRMED), RoundFactory()
    for decide in (
        lambda: open_views.approve(view=view),
        lambda: open_views.reject(view=view, reason="Spam."),
        lambda: open_views.make_contributor(view=view, sector="industry", survey_round=survey_round),
        lambda: open_views.take_back(view=view),
    ):
        with pytest.raises(open_views.NotOffered):
            decide()
    assert not Contributor.objects.exists()


def test_an_author_becomes_a_contributor_on_a_rounds_panel():
    view, survey_round = OpenViewFactory(name="Ada", email="ada@example.org"), RoundFactory()
    for _again in range(2):
        view = open_views.make_contributor(view=view, sector="academia", survey_round=survey_round)
    person = Contributor.objects.get()
    assert (person.name, person.email, person.sector) == ("Ada", "ada@example.org", "academia")
    assert view.state == State.CONTRIBUTOR
    assert view.contributor == person
    assert Invitation.objects.get().contributor == person
    assert not OutgoingMail.objects.exists(), "the round writes the invitations"
    assert invitations.solicit(survey_round=survey_round) == 1


def test_who_is_on_file_stays_as_they_are():
    known = ContributorFactory(name="Dr. Ada", email="ada@example.org", sector="government")
    view = open_views.make_contributor(
        view=OpenViewFactory(email="ada@example.org"), sector="industry", survey_round=RoundFactory()
    )
    known.refresh_from_db()
    assert view.contributor == known
    assert (known.name, known.sector) == ("Dr. Ada", "government")


def test_who_is_not_to_be_written_to_is_not_invited():
    SuppressionFactory(address="ada@example.org", reason=Suppression.Reason.UNSUBSCRIBED)
    view = OpenViewFactory(email="ada@example.org")
    with pytest.raises(open_views.NotToBeWrittenTo):
        open_views.make_contributor(view=view, sector="industry", survey_round=RoundFactory())
    view.refresh_from_db()
    assert view.state == State.PENDING
    assert not Contributor.objects.exists()


def test_nobody_joins_a_round_that_is_over():
    survey_round = RoundFactory()
    rounds.close(survey_round=survey_round)
    survey_round.refresh_from_db()
    view = OpenViewFactory()
    with pytest.raises(RoundClosed):
        open_views.make_contributor(view=view, sector="industry", survey_round=survey_round)
    view.refresh_from_db()
    assert view.state == State.PENDING
    assert not Contributor.objects.exists()


def test_taking_back_takes_the_author_off_the_panel_and_keeps_the_contributor(clock):
    survey_round = RoundFactory()
    view = open_views.make_contributor(view=OpenViewFactory(), sector="industry", survey_round=survey_round)
    assert open_views.take_back(view=view).state == State.PENDING
    assert not Invitation.objects.exists()
    assert Contributor.objects.count() == 1


def test_taking_back_leaves_the_panels_on_which_they_were_before(clock):
    known = ContributorFactory(email="ada@example.org")
    earlier = InvitationFactory(contributor=known)
    clock.shift(60)
    view = OpenViewFactory(email="ada@example.org")
    view = open_views.make_contributor(view=view, sector="industry", survey_round=RoundFactory())
    open_views.take_back(view=view)
    assert Invitation.objects.get() == earlier


def test_a_mailed_or_answered_invitation_cannot_be_taken_back():
    for done in ({"invited_at": NOW}, {}):
        view = open_views.make_contributor(view=OpenViewFactory(), sector="industry", survey_round=RoundFactory())
        asked = Invitation.objects.filter(contributor=view.contributor)
        asked.update(**done) if done else ResponseFactory(invitation=asked.get())
        with pytest.raises(open_views.AlreadyInvited):
            open_views.take_back(view=view)
        view.refresh_from_db()
        assert view.state == State.CONTRIBUTOR
        assert asked.exists()


# --- print


def page_with(survey):
    return prose.render(publishing.readers_fence(survey)).html


def test_only_what_is_approved_is_printed_with_its_line(survey):
    for state in (State.UNCONFIRMED, *STATES):
        OpenViewFactory(survey=survey, state=state, name=f"Sample {state}", words=f"Words {state}.")
    OpenViewFactory(state=State.APPROVED, words="Words about another survey.")
    (quote,) = disclosure.reader_quotes(survey=survey)
    assert quote == disclosure.ReaderQuote("Words approved.", "Sample approved, Example Weekly (reader)")
    html = page_with(survey)
    assert html.count("<figure") == 1
    assert "<p>Words approved.</p>" in html
    assert "— <bdi>Sample approved, Example Weekly (reader)</bdi>" in html
    assert "Words about" not in html


def test_without_an_affiliation_the_line_is_the_name():
    assert disclosure.reader_line("Ada", "") == "Ada (reader)"


def test_a_withdrawn_view_is_gone_from_the_next_reading_of_a_page_that_was_kept(survey):
    kept = OpenViewFactory(survey=survey, state=State.APPROVED, words="I stay.")
    view = OpenViewFactory(survey=survey, words="I go.")
    assert "I go." not in page_with(survey)
    open_views.approve(view=view)
    assert "I go." in page_with(survey)
    open_views.withdraw(view=view)
    html = page_with(survey)
    assert "I go." not in html
    assert "I stay." in html
    open_views.take_back(view=kept)
    assert "No reader’s view is printed at the moment." in page_with(survey)


def test_a_page_with_readers_views_is_kept_while_nothing_changes(survey, django_assert_num_queries):
    OpenViewFactory(survey=survey, state=State.APPROVED)
    page_with(survey)
    with django_assert_num_queries(1):  # the state, and nothing is drawn
        page_with(survey)
    with django_assert_num_queries(0):
        prose.render("Nothing of readers here.")


@pytest.mark.parametrize(
    "words",
    [
        "<script>alert(1)</script>",
        "# A heading\n\n- a list\n\n> — Somebody else",
        "[link](javascript:alert(1)) ![](picture:x)",
        "```reader-views\nsurvey = 'x'\n```",
        "\u202etxet desrever\u202c שלום 🔋🔋",
        "=HYPERLINK(1)",
        "&lt;b&gt; &amp;",
    ],
)
def test_hostile_words_are_printed_as_they_stand_and_mean_nothing(survey, words):
    OpenViewFactory(survey=survey, state=State.APPROVED, words=words, name="<i>Ada</i>", affiliation='"><b>')
    html = page_with(survey)
    for line in words.splitlines():
        assert escape(line) in html
    assert "<script" not in html
    assert "<a href" not in html.replace('<a href="/views/', "")
    assert "<i>" not in html
    assert "<h" not in html
    assert 'dir="auto"' in html


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({}, "needs “survey”, a text"),
        ({"survey": 7}, "needs “survey”, a text"),
        ({"survey": "nowhere"}, "There is no survey “nowhere”."),
        ({"survey": "x", "color": 1}, "Unknown key in a block of readers’ views: color."),
    ],
)
def test_a_wrong_block_says_what_is_wrong(block, message):
    assert figures.is_registered("reader-views")
    with pytest.raises(FigureError, match=message):
        publishing.draw_reader_views(block)


def test_the_compiled_summary_says_what_readers_said_after_the_panel():
    survey = a_survey(slug="battery-race", takes_open_views=True)
    survey_round = an_answered_round(survey)
    OpenViewFactory(survey=survey, state=State.APPROVED, name="Ada", words="Graphite decides.")
    post = summaries.compile_summary(snapshot=rounds.close(survey_round=survey_round, now=CLOSES)).post
    headings = [line for line in post.body.splitlines() if line.startswith("## ")]
    assert headings[-2:] == ["## Readers said", "## How we asked"]
    assert "They are not part of any count, share or response rate." in post.body.partition("## How we asked")[2]
    html = prose.render(post.body).html
    assert prose.check(post.body) == []
    said = html.partition("Readers said")[2].partition("How we asked")[0]
    assert "Graphite decides." in said
    assert "Ada, Example Weekly (reader)" in said
    assert "Offer your own view" in said


def test_without_an_approved_view_the_summary_is_silent_about_readers():
    survey = a_survey(takes_open_views=True)
    OpenViewFactory(survey=survey)
    body = summaries.write(rounds.close(survey_round=an_answered_round(survey), now=CLOSES)).body
    assert "eaders" not in body


def test_readers_are_in_no_snapshot_count_or_rate():
    """The same round with and without readers' views has the same panel, tallies, quotations and rates."""
    frozen = []
    for readers in (0, 3):
        survey = a_survey(takes_open_views=True)
        survey_round = an_answered_round(survey)
        for state in STATES[:readers]:
            OpenViewFactory(survey=survey, state=state, words="Graphite decides.")
        counts = invitations.disposition_counts(survey_round=survey_round)
        snapshot = rounds.close(survey_round=survey_round, now=CLOSES)
        told = [result.shown.groups for result in snapshots.results(snapshot)]
        quoted = disclosure.quotes(survey_round=survey_round)
        data = snapshot.data()
        frozen.append((counts, told, quoted, data["panel"], len(data["questions"])))
        assert "Graphite" not in repr(data)
    assert frozen[0] == frozen[1]


@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_many_times_at_once_is_one_view_and_one_mail():
    survey = SurveyFactory(takes_open_views=True)
    found = at_once(*[lambda: offer(survey) for _press in range(5)])
    assert {view.pk for view in found} == {OpenView.objects.get().pk}
    assert OutgoingMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_view_withdrawn_while_it_is_approved_is_withdrawn():
    view = OpenViewFactory()
    at_once(lambda: open_views.approve(view=view), lambda: open_views.withdraw(view=view))
    view.refresh_from_db()
    assert (view.state, view.words) == (State.WITHDRAWN, "")
