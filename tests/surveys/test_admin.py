"""Staff's pages: what they show, what they may do, and that they cost the same however much there is."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from naatbatt.mail.models import OutgoingMail
from posts.models import Post
from surveys import moderation, rounds, summaries
from surveys.models import Answer, AnswerVersion, Consent, Contributor, Invitation, Question, Round, Snapshot, Survey
from tests.factories import (
    AnswerFactory,
    ContributorFactory,
    InvitationFactory,
    PostFactory,
    QuestionFactory,
    ResponseFactory,
    RoundFactory,
    SubscriberFactory,
    SurveyFactory,
)
from tests.markup import lost_forms
from tests.surveys.answered import CLOSES, an_answered_round

pytestmark = pytest.mark.django_db


def page(client, name, *args, status=200, **query):
    got = client.get(reverse(f"admin:{name}", args=args), query)
    assert got.status_code == status
    text = got.content.decode()
    assert not lost_forms(text)
    return text


def step(client, row, name, **data):
    """Press the button called `name` on the page of `row`; returns the page that follows."""
    address = reverse(f"admin:surveys_{row._meta.model_name}_step", args=[row.pk, name])
    got = client.post(address, data, follow=True)
    assert got.status_code == 200
    return got.content.decode()


def pending(comment="Plants are being built.", **fields):
    return AnswerFactory(comment=comment, moderation=Answer.Moderation.PENDING, **fields)


# --- lists cost the same at one item and at three


def contributor():
    for answered in (True, False):
        invitation = InvitationFactory(invited_at=timezone.now())
        if answered:
            ResponseFactory(invitation=invitation)


def a_round():
    an_answered_round()


def a_survey_row():
    QuestionFactory()
    RoundFactory()


def a_snapshot():
    summaries.compile_summary(snapshot=rounds.close(survey_round=an_answered_round(), now=CLOSES))


LISTS = {
    "surveys_contributor_changelist": (contributor, 7),
    "surveys_survey_changelist": (a_survey_row, 5),
    "surveys_question_changelist": (QuestionFactory, 6),
    "surveys_round_changelist": (a_round, 6),
    "surveys_invitation_changelist": (InvitationFactory, 6),
    "surveys_response_changelist": (ResponseFactory, 6),
    "surveys_answer_changelist": (pending, 5),
    "surveys_snapshot_changelist": (a_snapshot, 6),
    "surveys_summary_changelist": (a_snapshot, 5),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_take_the_same_queries_at_one_item_and_at_three(name, admin_client, django_assert_num_queries):
    make, queries = LISTS[name]
    for _more in range(2):
        make()
        with django_assert_num_queries(queries):
            page(admin_client, name)
        make()


@pytest.mark.parametrize("name", LISTS)
def test_empty_lists_say_so(name, admin_client):
    assert "0 " in page(admin_client, name)


def test_no_page_needs_inline_script_or_style(admin_client):
    """The policy forbids both; what needs them would be broken in the browser."""
    a_snapshot()
    answer = pending()
    survey_round = Round.objects.first()
    pages = [
        page(admin_client, "index"),
        *(page(admin_client, name) for name in LISTS),
        page(admin_client, "surveys_answer_change", answer.pk),
        page(admin_client, "surveys_contributor_change", Contributor.objects.first().pk),
        page(admin_client, "surveys_survey_change", Survey.objects.first().pk),
        page(admin_client, "surveys_question_change", Question.objects.first().pk),
        page(admin_client, "surveys_round_change", survey_round.pk),
        page(admin_client, "surveys_round_invite", RoundFactory().pk),
        page(admin_client, "surveys_round_close", survey_round.pk),
        page(admin_client, "surveys_invitation_change", Invitation.objects.first().pk),
        page(admin_client, "surveys_response_change", answer.response.pk),
        page(admin_client, "surveys_snapshot_change", Snapshot.objects.first().pk),
        page(admin_client, "surveys_summary_change", Snapshot.objects.first().summary.pk),
    ]
    for text in pages:
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text)


# --- contributors


def test_a_contributor_shows_how_often_they_were_asked_and_answered(admin_client):
    ada = ContributorFactory(name="Ada Sample")
    for answered in (True, True, False):
        invitation = InvitationFactory(contributor=ada, invited_at=datetime(2026, 11, 2, 14, tzinfo=UTC))
        if answered:
            ResponseFactory(invitation=invitation)
    InvitationFactory(contributor=ada)
    text = page(admin_client, "surveys_contributor_changelist")
    assert "2 of 3" in text
    assert "Nov. 2, 2026" in text
    assert "complete" in page(admin_client, "surveys_contributor_change", ada.pk)


# --- questions


def test_an_answered_question_is_read_only_and_says_why(admin_client):
    question = AnswerFactory().question
    text = page(admin_client, "surveys_question_change", question.pk)
    assert "results never mix answers to different wordings" in text
    assert 'name="prompt"' not in text
    assert 'name="position"' in text


def test_a_new_version_takes_its_place_and_may_be_edited(admin_client):
    question = AnswerFactory().question
    text = step(admin_client, question, "reword")
    assert "This is version 2. It is asked from now on" in text
    assert 'name="prompt"' in text
    assert list(Question.objects.current().values_list("key", "version")) == [(question.key, 2)]
    step(admin_client, question, "reword")
    assert Question.objects.count() == 2


def test_a_question_nobody_answered_needs_no_new_version(admin_client):
    question = QuestionFactory()
    step(admin_client, question, "reword")
    assert Question.objects.get() == question


def test_what_is_wrong_with_a_question_is_said_at_its_form(admin_client):
    survey = SurveyFactory()
    address = reverse("admin:surveys_question_add")
    given = {"survey": survey.pk, "key": "hurdle", "position": 1, "prompt": "Which?", "settings": "{}", "options": "[]"}
    got = admin_client.post(address, {**given, "kind": "single_choice"}).content.decode()
    assert "at least 2 options" in got
    got = admin_client.post(address, {**given, "kind": ""}).content.decode()
    assert "This field is required" in got
    assert not Question.objects.exists()


def test_a_new_question_comes_last(admin_client):
    survey = QuestionFactory(position=4).survey
    text = page(admin_client, "surveys_question_add", survey=survey.pk)
    assert re.search(r'name="position" value="5"', text)


def test_the_slug_of_a_survey_with_snapshots_is_fixed(admin_client):
    a_snapshot()
    assert 'name="slug"' not in page(admin_client, "surveys_survey_change", Survey.objects.get().pk)


# --- rounds


def round_form(survey, **changes):
    return {
        "survey": survey.pk, "number": 1, "zone": "America/New_York",
        "opens_at_0": "2027-03-01", "opens_at_1": "09:00",
        "closes_at_0": "2027-03-20", "closes_at_1": "17:00",
        "remind_at_0": "", "remind_at_1": "", "most_reminders": 1, "reminder_gap": 4,
        "group_shown": "beside", **changes,
    }  # fmt: skip


def test_times_of_a_round_are_those_of_its_own_zone(admin_client):
    """March 1 is winter time in New York (UTC-5), March 20 summer time (UTC-4)."""
    admin_client.post(reverse("admin:surveys_round_add"), round_form(SurveyFactory()))
    row = Round.objects.get()
    assert row.opens_at == datetime(2027, 3, 1, 14, tzinfo=UTC)
    assert row.closes_at == datetime(2027, 3, 20, 21, tzinfo=UTC)
    text = page(admin_client, "surveys_round_change", row.pk)
    assert 'value="09:00"' in text
    assert 'value="17:00"' in text
    assert "Saturday, March 20, 2027, 5 p.m. EDT" in page(admin_client, "surveys_round_changelist")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"closes_at_0": "2027-03-14", "closes_at_1": "02:30"}, "does not exist in America/New_York"),
        ({"closes_at_0": "2027-11-07", "closes_at_1": "01:30"}, "comes twice in America/New_York"),
        ({"closes_at_0": "2027-02-01"}, "The round must close after it opens."),
        ({"remind_at_0": "2027-04-01", "remind_at_1": "09:00"}, "The reminder goes out while the round is open."),
        ({"zone": "Mars/Olympus"}, "is not a time zone"),
        ({"opens_at_0": "soon"}, "Enter a valid date"),
        ({"remind_at_0": "2027-03-10", "remind_at_1": ""}, "Enter the time too."),
        ({"remind_at_0": "", "remind_at_1": "09:00"}, "Enter the date too."),
        ({"closes_at_0": "9999-12-31", "closes_at_1": "23:00"}, "The year 9999 is not between 1900 and 2199."),
    ],
)
def test_impossible_times_are_refused(admin_client, changes, message):
    got = admin_client.post(reverse("admin:surveys_round_add"), round_form(SurveyFactory(), **changes))
    assert message in got.content.decode()
    assert not Round.objects.exists()


@pytest.mark.parametrize("survey", ["²", "none"])
def test_the_form_of_a_new_question_opens_whatever_survey_the_address_names(admin_client, survey):
    page(admin_client, "surveys_question_add", survey=survey)


def test_a_round_shows_who_stands_where(admin_client):
    survey_round = an_answered_round(closes_at=timezone.now() + timedelta(days=2))
    text = page(admin_client, "surveys_round_change", survey_round.pk)
    rows = re.findall(r"<tr[^>]*>\s*<th scope=\"row\">(\w+)</th>(.*?)</tr>", text, re.DOTALL)
    numbers = {name: re.findall(r">([\d%–]+)<", cells) for name, cells in rows}
    # complete, partial, declined, undeliverable, no reply, not invited, response rates 1 and 2
    assert numbers["Industry"] == ["5", "0", "0", "0", "1", "0", "83%", "83%"]
    assert numbers["Government"] == ["1", "0", "1", "0", "0", "0", "50%", "50%"]
    assert numbers["All"] == ["10", "0", "1", "0", "1", "0", "83%", "83%"]
    assert "AAPOR response rate 1" in text
    assert "AAPOR response rate 2" in text
    assert "10 of 12 (83%)" in page(admin_client, "surveys_round_changelist")


def test_nobody_joins_a_round_that_is_over(admin_client):
    survey_round = an_answered_round()
    rounds.close(survey_round=survey_round, now=CLOSES)
    someone = ContributorFactory()
    assert "The round is over" in page(admin_client, "surveys_round_invite", survey_round.pk)
    address = reverse("admin:surveys_round_invite", args=[survey_round.pk])
    got = admin_client.post(address, {"people": [someone.pk], "action": "invite"}, follow=True)
    assert "The round is over" in got.content.decode()
    assert not Invitation.objects.filter(contributor=someone).exists()


def test_invitations_and_the_reminder_go_out_by_a_button(admin_client):
    invitation = InvitationFactory()
    assert "1 mail is on its way." in step(admin_client, invitation.survey_round, "solicit")
    assert "There was nobody left to write to." in step(admin_client, invitation.survey_round, "solicit")
    assert "1 mail is on its way." in step(admin_client, invitation.survey_round, "remind")
    assert OutgoingMail.objects.count() == 2


def test_a_hold_is_shown_with_its_reason_and_released_by_a_button(admin_client):
    survey_round = RoundFactory()
    rounds.hold(survey_round=survey_round, reason="The site was away for nine hours.")
    assert "The site was away for nine hours." in page(admin_client, "surveys_round_change", survey_round.pk)
    assert "nothing goes out until it is released" in step(admin_client, survey_round, "solicit")
    step(admin_client, survey_round, "release")
    assert Round.objects.get().held_at is None


def test_closing_asks_first_and_leads_to_the_snapshot(admin_client):
    survey_round = an_answered_round(closes_at=timezone.now() + timedelta(days=2))
    Answer.objects.filter(question__key="catch-up", blank="").update(comment="Words.", moderation="pending")
    text = page(admin_client, "surveys_round_close", survey_round.pk)
    assert "Once closed it takes no more answers" in text
    assert "9 answers await moderation" in text
    assert not Snapshot.objects.exists()
    text = step(admin_client, survey_round, "close")
    assert reverse("admin:surveys_snapshot_change", args=[Snapshot.objects.get().pk]) in text
    assert 'name="closes_at_0"' not in text


def test_a_round_that_has_not_opened_cannot_be_closed(admin_client):
    survey_round = RoundFactory(opens_at=timezone.now() + timedelta(days=1))
    assert "nothing to freeze" in step(admin_client, survey_round, "close")
    assert not Snapshot.objects.exists()


def test_a_step_is_taken_by_post_only_and_by_those_who_may(admin_client, client, django_user_model):
    survey_round = RoundFactory()
    address = reverse("admin:surveys_round_step", args=[survey_round.pk, "close"])
    assert admin_client.get(address).status_code == 405
    assert admin_client.post(reverse("admin:surveys_round_step", args=[survey_round.pk, "nothing"])).status_code == 404
    assert admin_client.post(reverse("admin:surveys_round_step", args=[999, "close"])).status_code == 404
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)
    assert client.post(address).status_code == 403
    assert client.get(reverse("admin:surveys_round_invite", args=[survey_round.pk])).status_code == 403
    assert client.get(reverse("admin:surveys_round_close", args=[survey_round.pk])).status_code == 403
    assert (
        "Close and freeze"
        not in client.get(reverse("admin:surveys_round_change", args=[survey_round.pk])).content.decode()
    )
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize("may", ["view", "change"])
def test_nobody_is_led_to_a_page_that_they_may_not_open(client, django_user_model, may):
    survey_round = an_answered_round()
    allowed = r"^(view|change)_" if may == "change" else r"^view_"
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__regex=allowed))
    client.force_login(reader)
    texts = [page(client, "index"), page(client, "surveys_survey_change", survey_round.survey_id)]
    rounds.close(survey_round=survey_round, now=CLOSES)
    texts += [page(client, "surveys_round_change", survey_round.pk), page(client, "index")]

    links = {unescape(link) for text in texts for link in re.findall(r'href="(/admin/[^"#]*)"', text)}

    assert reverse("admin:surveys_round_change", args=[survey_round.pk]) in links
    assert {link for link in links if client.get(link).status_code == 403} == set()


def test_an_invitation_shows_its_standing_and_never_its_link(admin_client):
    invitation = InvitationFactory()
    step(admin_client, invitation.survey_round, "solicit")
    text = page(admin_client, "surveys_invitation_change", invitation.pk)
    assert "no reply" in text
    invitation.refresh_from_db()
    assert reverse("admin:mail_outgoingmail_change", args=[invitation.mail.pk]) in text
    for secret in (invitation.link_nonce, invitation.link_digest):
        assert secret not in text


# --- moderation


def test_the_queue_shows_what_waits_with_the_line_that_would_be_printed(admin_client):
    waiting = pending("Plants are being built.")
    AnswerFactory(comment="Long approved.", moderation="approved")
    pending("A draft nobody may read.", response=ResponseFactory(submitted_at=None))
    text = page(admin_client, "surveys_answer_changelist")
    assert "Plants are being built." in text
    assert f"— {waiting.response.invitation.contributor.name}, Example Cells" in text
    assert "Long approved." not in text
    everything = page(admin_client, "surveys_answer_changelist", moderation="all")
    assert "Long approved." in everything
    assert "A draft nobody may read." not in everything


def test_a_whole_queue_is_decided_page_by_page(admin_client, admin_user):
    first, second, third = (pending(f"Words {number}.") for number in range(3))
    text = page(admin_client, "surveys_answer_change", first.pk)
    assert "3 answers wait" in text
    text = step(admin_client, first, "approve", mark=moderation.as_read(first))
    assert "Words 1." in text
    text = step(admin_client, second, "reject", mark=moderation.as_read(second), reason="Names a third party.")
    assert "Words 2." in text
    text = step(admin_client, third, "propose", mark=moderation.as_read(third), words="Better words.")
    assert "nothing waits for moderation" in text
    assert "0 " in text
    states = Answer.objects.order_by("pk").values_list(
        "moderation", "moderation_reason", "edited_words", "moderated_by"
    )
    assert list(states) == [
        ("approved", "", "", admin_user.pk),
        ("rejected", "Names a third party.", "", admin_user.pk),
        ("proposed", "", "Better words.", admin_user.pk),
    ]
    assert OutgoingMail.objects.get().name == "survey_edit_proposed"


def test_the_last_of_the_queue_leads_back_to_the_first(admin_client):
    first, second = pending("Words 1."), pending("Words 2.")
    text = page(admin_client, "surveys_answer_change", second.pk)
    assert reverse("admin:surveys_answer_change", args=[first.pk]) in text


def test_a_rejection_without_a_reason_stays_on_the_page(admin_client):
    answer = pending()
    text = step(admin_client, answer, "reject", mark=moderation.as_read(answer), reason=" ")
    assert "Give a reason for rejecting these words." in text
    assert "Plants are being built." in text
    assert Answer.objects.get().moderation == "pending"


def test_many_are_approved_at_once_but_not_those_that_changed_meanwhile(admin_client):
    seen, changed = pending("Seen."), pending("Changed since.", version=2)
    text = page(admin_client, "surveys_answer_changelist")
    assert f'name="mark-{changed.pk}" value="{moderation.as_read(changed)}"' in text
    read = {f"mark-{answer.pk}": moderation.as_read(answer) for answer in (seen, changed)}
    Answer.objects.filter(pk=changed.pk).update(version=3)
    got = admin_client.post(
        reverse("admin:surveys_answer_changelist"),
        {
            "action": "approve_selected",
            "_selected_action": [seen.pk, changed.pk],
            **read,
        },
        follow=True,
    ).content.decode()
    assert "1 answer is approved." in got
    assert "1 answer was changed by its contributor meanwhile and still waits." in got
    assert dict(Answer.objects.values_list("pk", "moderation")) == {seen.pk: "approved", changed.pk: "pending"}


def test_words_that_changed_while_they_were_read_are_read_again(admin_client):
    answer = pending("New words.", version=2)
    for mark in (moderation.as_read(Answer(pk=answer.pk, version=1, response=answer.response)), ""):
        text = step(admin_client, answer, "approve", mark=mark)
        assert "has changed these words, or the line under them" in text
        assert "New words." in text
        assert Answer.objects.get().moderation == "pending"


def test_earlier_words_are_shown_but_drafts_are_not(admin_client):
    answer = pending("Third.", version=3)
    for version, comment, submitted in ((1, "A mere draft.", False), (2, "Second.", True), (3, "Third.", True)):
        AnswerVersion.objects.create(
            answer=answer, version=version, value="agree", comment=comment, submitted=submitted
        )
    text = page(admin_client, "surveys_answer_change", answer.pk)
    assert "Second." in text
    assert "A mere draft." not in text


def test_hostile_words_are_shown_as_text(admin_client):
    answer = pending('<script>alert(1)</script>"><img src=x onerror=alert(1)>')
    for text in (
        page(admin_client, "surveys_answer_changelist"),
        page(admin_client, "surveys_answer_change", answer.pk),
    ):
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_a_response_is_read_with_its_history_and_a_draft_is_not(admin_client):
    answer = pending("In print.", version=2, confidence=8)
    AnswerVersion.objects.create(answer=answer, version=1, value="disagree", comment="Before.", submitted=True)
    text = page(admin_client, "surveys_response_change", answer.response.pk)
    assert "In print." in text
    assert "Disagree" in text
    assert "Before." in text
    draft = pending("Private.", response=ResponseFactory(submitted_at=None))
    text = page(admin_client, "surveys_response_change", draft.response.pk)
    assert "Private." not in text
    assert "A draft: what it says concerns only its author" in text


def agreed(answer, **fields):
    response = answer.response
    lines = {"named": "Ada, Sample Cells (disclosed interest: <shares>)", "sector": "an industry expert"}
    fields = {"attribution": "named", "lines": lines, "interest": "<shares>", "wording": "I agree.\nTo this.", **fields}
    response.consent = Consent.objects.create(response=response, response_version=response.version, **fields)
    response.interest = "<shares>"
    response.save()
    return response


def test_staff_read_what_a_contributor_agreed_to(admin_client):
    answer = pending("In print.")
    agreed(answer, exceptions={answer.question.key: "sector"}, wording_version="0123456789abcdef")
    text = page(admin_client, "surveys_response_change", answer.response.pk)
    for part in (
        "Ada, Sample Cells (disclosed interest: &lt;shares&gt;)",
        f"{answer.question.key}: an industry expert",
        "0123456789abcdef",
        "<p>I agree.</p><p>To this.</p>",
    ):
        assert part in text


def test_moderation_shows_the_line_agreed_to_and_the_interest_beside_it(admin_client):
    answer = pending("In print.")
    agreed(answer)
    text = page(admin_client, "surveys_answer_change", answer.pk)
    assert "— Ada, Sample Cells (disclosed interest: &lt;shares&gt;)" in text
    assert "Discloses an interest:" in text
    Survey.objects.update(closed_door=True)
    text = page(admin_client, "surveys_answer_change", answer.pk)
    assert "disclosed interest" not in text
    assert "— an industry expert" in text
    assert "A closed-door survey" in text
    assert "Before the doors were closed, the contributor had chosen: by name and affiliation." in text
    assert "Ada, Sample Cells" not in page(admin_client, "surveys_answer_changelist")


# --- frozen


def test_a_snapshot_shows_its_figures_and_whether_it_is_untouched(admin_client):
    snapshot = rounds.close(survey_round=an_answered_round(), now=CLOSES)
    text = page(admin_client, "surveys_snapshot_change", snapshot.pk)
    assert text.count(f"Snapshot 1 · {snapshot.short_hash}") == 3
    assert "icon-yes" in text
    Snapshot.objects.filter(pk=snapshot.pk).update(content="{}")
    text = page(admin_client, "surveys_snapshot_change", snapshot.pk)
    assert "The content does not match its SHA-256." in text
    assert "icon-no" in page(admin_client, "surveys_snapshot_changelist")


def test_a_summary_is_compiled_by_a_button_and_leads_to_its_post(admin_client):
    snapshot = rounds.close(survey_round=an_answered_round(), now=CLOSES)
    step(admin_client, snapshot, "compile")
    post = Post.objects.get()
    text = page(admin_client, "surveys_summary_change", snapshot.summary.pk)
    assert reverse("admin:posts_post_change", args=[post.pk]) in text
    assert "Compile the summary now" not in page(admin_client, "surveys_snapshot_change", snapshot.pk)


def test_words_approved_after_the_draft_was_compiled_can_be_pasted(admin_client):
    survey_round = an_answered_round()
    answer = Answer.objects.filter(question__key="catch-up").first()
    Answer.objects.filter(pk=answer.pk).update(comment="Late, but good.", moderation="pending")
    summary = summaries.compile_summary(snapshot=rounds.close(survey_round=survey_round, now=CLOSES))
    assert "Late, but good." not in summary.post.body
    step(admin_client, answer, "approve", mark=moderation.as_read(Answer.objects.get(pk=answer.pk)))
    text = page(admin_client, "surveys_summary_change", summary.pk)
    assert "&gt; Late, but good.\n&gt;\n&gt; — Sample A, Example Cells" in text


# --- Monday morning


def test_an_empty_week_says_what_will_come(admin_client):
    text = page(admin_client, "index")
    for helpful in (
        "Nothing waits. Answers with words appear here",
        "No round is open or opens within a week.",
        "No draft is open.",
        "Nothing is stuck.",
    ):
        assert helpful in text


def test_the_week_shows_what_waits_each_with_its_link(admin_client):
    survey_round = an_answered_round(closes_at=timezone.now() + timedelta(days=2))
    Answer.objects.filter(question__key="catch-up", blank="").update(comment="Words.", moderation="pending")
    draft = PostFactory(title="The draft of the week", published_at=None)
    SubscriberFactory.create_batch(3)
    OutgoingMail.objects.create(
        key="k", stream="survey", name="n", to_address="a@example.org", subject="s", state="failed"
    )
    text = page(admin_client, "index")
    assert re.search(rf'href="{reverse("admin:surveys_answer_changelist")}">9</a>', text)
    assert reverse("admin:surveys_round_change", args=[survey_round.pk]) in text
    assert "10 of 12 answered (83%)" in text
    assert reverse("admin:posts_post_change", args=[draft.pk]) in text
    assert "1 mail was refused" in text
    assert re.search(rf'href="{reverse("admin:posts_subscriber_changelist")}">3</a>', text)


def test_the_week_takes_the_same_queries_however_full_it_is(admin_client, django_assert_num_queries):
    for _more in range(2):
        an_answered_round(closes_at=timezone.now() + timedelta(days=2))
        pending()
        PostFactory(published_at=None)
        with django_assert_num_queries(15):
            page(admin_client, "index")
        an_answered_round(closes_at=timezone.now() + timedelta(days=2))
        PostFactory(published_at=None)


def test_the_week_shows_nobody_what_they_may_not_see(client, django_user_model):
    pending()
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    client.force_login(reader)
    text = client.get(reverse("admin:index")).content.decode()
    for part in ("Words to moderate", "Rounds", "Drafts to edit", "Newsletter"):
        assert part not in text
