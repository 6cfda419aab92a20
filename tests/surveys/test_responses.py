from datetime import timedelta

import pytest
from django.utils import timezone

from naatbatt.mail.models import OutgoingMail
from surveys import invitations, responses
from surveys.models import Answer, AnswerVersion, Attribution, Invitation, Question, Response, RoundClosed, Survey
from surveys.responses import Entry, Incomplete, UnknownQuestion
from tests.factories import QuestionFactory
from tests.surveys.asking import EVERY_KIND, ask

pytestmark = pytest.mark.django_db

YES = {"catch-up": Entry(value="agree", confidence=7)}
EVERYTHING = {
    "catch-up": Entry(value="agree", confidence=8, comment="Plants are being built."),
    "where": Entry(value="south"),
    "hurdles": Entry(value=["cost", "skills"]),
    "share": Entry(value=30),
    "view": Entry(value="Train people first."),
}


def submit(invitation, entries=YES, attribution="named", **options):
    return responses.save(invitation=invitation, entries=entries, attribution=attribution, submit=True, **options)


def draft(invitation, entries=YES, attribution="", **options):
    return responses.save(invitation=invitation, entries=entries, attribution=attribution, submit=False, **options)


def stored(response):
    return {
        answer.question.key: (answer.value, answer.blank, answer.confidence, answer.comment, answer.version)
        for answer in response.answers.select_related("question")
    }


def test_submit_stores_each_kind_of_answer():
    invitation = ask(*EVERY_KIND)

    response = submit(invitation, EVERYTHING)

    assert stored(response) == {
        "catch-up": ("agree", "", 8, "Plants are being built.", 1),
        "where": ("south", "", None, "", 1),
        "hurdles": (["cost", "skills"], "", None, "", 1),
        "share": (30, "", None, "", 1),
        "view": ("Train people first.", "", None, "", 1),
    }
    assert response.attribution == Attribution.NAMED
    assert response.submitted_at == response.updated_at
    assert AnswerVersion.objects.filter(submitted=True).count() == 5


def test_draft_stores_only_what_was_given():
    invitation = ask(*EVERY_KIND)

    response = draft(invitation, {"where": Entry(value="south"), "view": Entry()})

    assert stored(response) == {"where": ("south", "", None, "", 1)}
    assert response.submitted_at is None
    assert response.attribution == ""
    assert not OutgoingMail.objects.exists()


def test_questions_left_empty_are_skipped_once_submitted():
    invitation = ask(*EVERY_KIND)

    response = submit(invitation)

    assert stored(response) == {
        "catch-up": ("agree", "", 7, "", 1),
        "where": (None, "skipped", None, "", 1),
        "hurdles": (None, "skipped", None, "", 1),
        "share": (None, "skipped", None, "", 1),
        "view": (None, "skipped", None, "", 1),
    }


def test_skipped_answer_keeps_its_comment_but_no_confidence():
    invitation = ask(*EVERY_KIND[:1], {"key": "second", "kind": "statement", "prompt": "Second."})

    response = submit(invitation, YES | {"second": Entry(confidence=4, comment="Depends.")})

    assert stored(response)["second"] == (None, "skipped", None, "Depends.", 1)
    assert response.answers.get(question__key="second").moderation == Answer.Moderation.PENDING


def test_draft_becomes_complete_when_submitted_with_nothing_new():
    invitation = ask()
    draft(invitation, attribution="sector")

    response = responses.save(invitation=invitation, entries={}, attribution="", submit=True)

    assert response.submitted_at is not None
    assert response.attribution == Attribution.SECTOR
    assert stored(response) == {"catch-up": ("agree", "", 7, "", 1)}
    assert OutgoingMail.objects.get().key == f"survey-thanks:{response.pk}:2"


def test_draft_that_was_submitted_as_it_was_is_in_the_history_as_submitted():
    invitation = ask(*EVERY_KIND)
    draft(invitation, EVERYTHING | {"where": Entry(value="midwest")})
    draft(invitation, {"where": Entry(value="south")})

    submit(invitation, {})

    history = AnswerVersion.objects.filter(answer__question__key="where").values_list("value", "submitted")
    assert list(history) == [("midwest", False), ("south", True)]
    assert AnswerVersion.objects.filter(submitted=True).count() == 5


def test_unchanged_content_changes_nothing_and_mails_nothing():
    invitation = ask()
    first = submit(invitation)

    second = submit(invitation, now=timezone.now() + timedelta(hours=1))

    assert (second.version, second.updated_at) == (first.version, first.updated_at)
    assert AnswerVersion.objects.count() == 1
    assert OutgoingMail.objects.count() == 1


def test_change_after_submitting_keeps_the_history_and_stays_submitted():
    invitation = ask()
    first = submit(invitation)

    changed = submit(invitation, {"catch-up": Entry(value="disagree", confidence=3)})

    assert stored(changed) == {"catch-up": ("disagree", "", 3, "", 2)}
    assert changed.submitted_at == first.submitted_at
    history = AnswerVersion.objects.values_list("version", "value", "confidence")
    assert list(history) == [(1, "agree", 7), (2, "disagree", 3)]
    assert list(OutgoingMail.objects.order_by("pk").values_list("key", flat=True)) == [
        f"survey-thanks:{first.pk}:1",
        f"survey-thanks:{first.pk}:2",
    ]


def test_answer_taken_back_in_a_draft_stays_empty_and_in_the_history():
    invitation = ask(*EVERY_KIND)
    draft(invitation, {"where": Entry(value="south")})

    response = draft(invitation, {"where": Entry()})

    assert stored(response) == {"where": (None, "", None, "", 2)}
    assert AnswerVersion.objects.count() == 2


def test_no_opinion_answers_a_required_question_and_weighs_nothing():
    invitation = ask()

    response = submit(invitation, {"catch-up": Entry(blank="no_opinion")})

    assert stored(response) == {"catch-up": (None, "no_opinion", None, "", 1)}


def test_submitting_without_a_required_answer_is_refused_and_changes_nothing():
    invitation = ask(*EVERY_KIND)

    with pytest.raises(Incomplete) as refused:
        submit(invitation, {"where": Entry(value="south")}, attribution="")

    assert refused.value.keys == ["catch-up", "attribution"]
    assert not Response.objects.exists()


def test_required_answer_of_a_submitted_response_cannot_be_emptied():
    invitation = ask()
    submit(invitation)

    with pytest.raises(Incomplete):
        submit(invitation, {"catch-up": Entry()})

    assert Answer.objects.get().value == "agree"


def test_unknown_question_is_refused_and_changes_nothing():
    invitation = ask()

    with pytest.raises(UnknownQuestion, match="no-such"):
        submit(invitation, YES | {"no-such": Entry(value="x")})

    assert not Response.objects.exists()


def test_question_of_another_survey_is_unknown():
    invitation = ask()
    QuestionFactory(key="elsewhere")

    with pytest.raises(UnknownQuestion):
        draft(invitation, {"elsewhere": Entry(value="agree")})


def test_superseded_question_is_unknown():
    invitation = ask()
    Question.objects.update(superseded_at=timezone.now())

    with pytest.raises(UnknownQuestion):
        draft(invitation)


@pytest.mark.parametrize("bad", [{"blank": "skipped", "value": "agree"}, {"blank": "bored"}, {"confidence": 11}])
def test_entry_that_makes_no_sense_cannot_be_written(bad):
    with pytest.raises(ValueError):
        Entry(**bad)


def test_unknown_attribution_is_refused():
    with pytest.raises(ValueError):
        submit(ask(), attribution="everywhere")


@pytest.mark.parametrize(
    ("entry", "attribution"), [(Entry(value="agree"), "named"), (Entry(value="agree", attribution="named"), "sector")]
)
def test_closed_door_takes_no_level_that_it_does_not_print(entry, attribution):
    invitation = ask()
    Survey.objects.update(closed_door=True)

    with pytest.raises(ValueError):
        submit(invitation, {"catch-up": entry}, attribution)

    assert not Response.objects.exists()


def test_level_chosen_before_the_doors_were_closed_is_asked_for_again():
    invitation = ask()
    draft(invitation, attribution="named")
    Survey.objects.update(closed_door=True)

    with pytest.raises(Incomplete) as refused:
        submit(invitation, {}, attribution="")
    assert refused.value.keys == ["attribution"]

    assert submit(invitation, {}, attribution="sector").attribution == "sector"


def test_round_that_has_not_opened_takes_nothing():
    now = timezone.now()
    invitation = ask(opens_at=now + timedelta(hours=1), closes_at=now + timedelta(days=1))

    for late in (False, True):
        with pytest.raises(RoundClosed):
            submit(invitation, now=now, late=late)

    assert not Response.objects.exists()


def test_what_was_on_an_open_page_counts_until_the_grace_is_over(settings):
    settings.ANSWER_GRACE = timedelta(minutes=20)
    closes_at = timezone.now() + timedelta(days=1)
    invitation = ask(closes_at=closes_at)

    with pytest.raises(RoundClosed):
        submit(invitation, now=closes_at + timedelta(minutes=20))
    assert not Response.objects.exists()

    in_time = submit(invitation, now=closes_at + timedelta(minutes=20) - timedelta(microseconds=1))
    assert in_time.submitted_at is not None
    assert in_time.offered_late_at is None


def test_without_grace_the_closing_instant_is_the_end(settings):
    settings.ANSWER_GRACE = timedelta(0)
    closes_at = timezone.now() + timedelta(days=1)
    invitation = ask(closes_at=closes_at)

    with pytest.raises(RoundClosed):
        submit(invitation, now=closes_at)
    assert submit(invitation, now=closes_at - timedelta(microseconds=1)).submitted_at is not None


def test_round_closed_early_takes_nothing():
    invitation = ask()
    submit(invitation)
    invitation.survey_round.closed_at = timezone.now()
    invitation.survey_round.save()

    with pytest.raises(RoundClosed):
        submit(invitation, {"catch-up": Entry(value="disagree")})

    assert Answer.objects.get().value == "agree"


def test_link_that_was_taken_away_while_an_answer_was_on_its_way_writes_nothing():
    invitation = ask()
    Invitation.objects.update(link_digest="0" * 64)  # as replacing a link, or forgetting its owner, does

    for late in (False, True):
        with pytest.raises(RoundClosed):
            draft(invitation, late=late)

    assert not Response.objects.exists()


def test_new_words_wait_for_moderation_and_votes_do_not():
    invitation = ask(*EVERY_KIND)

    response = submit(invitation, EVERYTHING)

    waiting = response.answers.filter(moderation=Answer.Moderation.PENDING)
    assert set(waiting.values_list("question__key", flat=True)) == {"catch-up", "view"}


def test_changed_words_wait_again_and_lose_the_edit(django_user_model):
    invitation = ask()
    editor = django_user_model.objects.create_user("editor")
    submit(invitation, {"catch-up": Entry(value="agree", comment="Yes, but.")})
    Answer.objects.update(
        moderation=Answer.Moderation.APPROVED, edited_words="Yes.", moderated_by=editor, moderated_at=timezone.now()
    )

    submit(invitation, {"catch-up": Entry(value="agree", comment="No.")})

    answer = Answer.objects.get()
    assert (answer.moderation, answer.edited_words, answer.moderated_by) == (Answer.Moderation.PENDING, "", None)


def test_changed_vote_with_the_same_words_stays_moderated(django_user_model):
    invitation = ask()
    editor = django_user_model.objects.create_user("editor")
    submit(invitation, {"catch-up": Entry(value="agree", comment="Yes, but.")})
    Answer.objects.update(moderation=Answer.Moderation.APPROVED, moderated_by=editor)

    submit(invitation, {"catch-up": Entry(value="neutral", comment="Yes, but.")})

    answer = Answer.objects.get()
    assert (answer.value, answer.moderation, answer.moderated_by) == ("neutral", Answer.Moderation.APPROVED, editor)


def test_words_taken_back_need_no_moderation():
    invitation = ask()
    submit(invitation, {"catch-up": Entry(value="agree", comment="Yes, but.")})

    submit(invitation, YES)

    assert Answer.objects.get().moderation == Answer.Moderation.NOT_NEEDED


def test_answering_after_declining_withdraws_the_refusal():
    invitation = ask()
    invitations.decline(invitation=invitation, reason="No time.")

    draft(invitation)

    invitation.refresh_from_db()
    assert (invitation.declined_at, invitation.decline_reason) == (None, "")


def test_emptied_answer_is_stored_as_no_value_at_all():
    """SQL NULL, not a JSON null: the constraint on blanks and every count of values depend on it."""
    invitation = ask(*EVERY_KIND)
    submit(invitation, EVERYTHING)
    submit(invitation, {key: Entry() for key in EVERYTHING if key != "catch-up"})

    assert Answer.objects.filter(value__isnull=True).count() == 4
    assert AnswerVersion.objects.filter(value__isnull=True).count() == 4


def test_copy_of_reads_as_its_author_gave_it():
    invitation = ask(*EVERY_KIND)
    response = submit(invitation, EVERYTHING | {"where": Entry()})

    lines = responses.copy_of(response)

    assert [(line.prompt, line.said, line.confidence, line.comment) for line in lines] == [
        ("The United States can catch up.", "Agree", 8, "Plants are being built."),
        ("Where should the next plant be built?", "Skipped", None, ""),
        ("Which hurdles matter most?", "Cost; Workforce", None, ""),
        ("What share of cells in 2035?", "30%", None, ""),
        ("What would you tell the next administration?", "Train people first.", None, ""),
    ]


@pytest.mark.parametrize(
    ("level", "line"),
    [
        ("named", "— Dr. Sample, Example Cells"),
        ("affiliation", "— an expert at Example Cells"),
        ("sector", "— an industry expert"),
        ("background", ""),
    ],
)
def test_quoted_as_reads_as_in_print(level, line):
    assert responses.quoted_as(Response(invitation=ask(), attribution=level)) == line


def test_thank_you_mail_carries_a_copy_the_attribution_and_the_link():
    invitation = ask(*EVERY_KIND)

    submit(invitation, EVERYTHING | {"view": Entry(value="Use <b>both</b> & more 🔋")})

    mail = OutgoingMail.objects.get()
    assert mail.to_address == invitation.contributor.email
    for part in ("Agree", "confidence 8 of 10", "Cost; Workforce", "30%", "— Dr. Sample, Example Cells"):
        assert part in mail.text
        assert part in mail.html
    assert "Use <b>both</b> & more 🔋" in mail.text
    assert "Use &lt;b&gt;both&lt;/b&gt; &amp; more 🔋" in mail.html
    assert invitation.link() in mail.text
    assert invitation.survey_round.closes_in_words in mail.text


def test_number_of_queries_does_not_depend_on_the_number_of_questions(django_assert_num_queries):
    one = ask({"key": "q0", "kind": "statement", "prompt": "Question 0"})
    ten = ask(*({"key": f"q{n}", "kind": "statement", "prompt": f"Question {n}"} for n in range(10)))

    for invitation, number in ((one, 1), (ten, 10)):

        def all_of(value, number=number):
            return {f"q{n}": Entry(value=value, comment=f"Comment {n}") for n in range(number)}

        with django_assert_num_queries(8):
            draft(invitation, {"q0": Entry(value="agree")})
        with django_assert_num_queries(9):
            draft(invitation, {"q0": Entry(value="disagree")})
        with django_assert_num_queries(6):
            draft(invitation, {"q0": Entry(value="disagree")})
        with django_assert_num_queries(16):
            submit(invitation, all_of("agree"))
        with django_assert_num_queries(9):
            draft(invitation, all_of("disagree"))
        with django_assert_num_queries(16):
            submit(invitation, {})


def test_submitting_at_once_takes_the_same_queries_for_one_question_and_ten(django_assert_num_queries):
    for number in (1, 10):
        invitation = ask(*({"key": f"q{n}", "kind": "statement", "prompt": f"Question {n}"} for n in range(number)))
        with django_assert_num_queries(15):
            submit(invitation, {f"q{n}": Entry(value="agree") for n in range(number)})
