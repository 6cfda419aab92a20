"""The questionnaire page by page: what is asked where, what the buttons do, and what happens in two windows."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine

from surveys import responses
from surveys.models import Answer, Invitation, PendingChange, Question, Response, Section
from surveys.pages import paginate
from surveys.responses import Entry
from surveys.standing import Standing
from tests.factories import InvitationFactory
from tests.surveys.asking import EVERY_KIND, ask, page_of

pytestmark = pytest.mark.django_db

OPTIONS = [{"key": "yes", "label": "Yes"}, {"key": "no", "label": "No"}]


def asked(key, section=None, **fields):
    """A yes/no question."""
    section = {"section": section} if section else {}
    return {"key": key, "kind": "single_choice", "prompt": f"About {key}?", "options": OPTIONS, **section, **fields}


def when(key, *options):
    return [{"question": key, "is": [*options]}]


# Page 1: start. Page 2: maker, and why where they make cells. Page 3 only for makers. Page 4: end.
FOUR_PAGES = [
    asked("start"),
    asked("maker", "Making cells"),
    asked("why", "Making cells", show_if=when("maker", "yes")),
    asked("lines", "For makers", show_if=when("maker", "yes")),
    asked("end", "At the end"),
]


def sent(*keys, **answers):
    """What a browser sends of a page with these questions."""
    return {"shown": [*keys], **{f"q-{key}": value for key, value in answers.items()}}


def post(client, invitation, number, action, data):
    path = page_of(invitation) if number == 1 else page_of(invitation, number)
    return client.post(path, {**data, "action": action})


def goes_to(page):
    assert page.status_code == 302, page.content.decode()
    return page["Location"]


def save(invitation, *, submit=False, **answers):
    invitation.response = responses.save(
        invitation=invitation,
        entries={key: value if isinstance(value, Entry) else Entry(value=value) for key, value in answers.items()},
        attribution="named" if submit else "",
        submit=submit,
    )
    return invitation


def fresh(invitation):
    return Invitation.objects.get(pk=invitation.pk)


def main_of(page):
    return page.content.decode().split("<main")[1].split("</main")[0]


def text_of(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main_of(page))).split())


def on(page):
    """The questions that are put on a page, in order."""
    return re.findall(r'id="question-([\w-]+)"', main_of(page))


def value_of(name, page):
    return re.search(rf'name="{name}" value="([^"]*)"', main_of(page))[1]


def stored():
    return {row.question.key: row.value for row in Answer.objects.select_related("question")}


# --- what stands where


def test_what_is_in_no_section_comes_first_and_each_section_is_a_page_with_its_title(client):
    invitation = ask(*FOUR_PAGES)

    first, second = client.get(page_of(invitation)), client.get(page_of(invitation, 2))

    assert on(first) == ["start"]
    assert on(second) == ["maker"]
    assert '<h2 class="section-of-questions">Making cells</h2>' in main_of(second)
    assert "About <em>making cells</em>." in main_of(second)
    assert "Page 2 of 3" in text_of(second)
    assert "0 of 3 questions answered" in text_of(second)
    assert '<progress max="3" value="0"' in main_of(second)
    assert "asks for your view" not in text_of(second)


def test_title_in_the_tab_says_which_page_it_is(client):
    html = client.get(page_of(ask(*FOUR_PAGES), 2)).content.decode()

    assert "<title>Page 2 of 3, Making cells: Can the United States catch up? ·" in html


def test_pages_are_listed_with_the_one_that_is_open(client):
    invitation = save(ask(*FOUR_PAGES), start="yes", maker="yes")

    html = main_of(client.get(page_of(invitation, 2)))

    listed = re.findall(r'name="action" value="page:(\d)" class="step-link"( aria-current="step")?', html)
    assert listed == [("1", ""), ("2", ' aria-current="step"'), ("3", ""), ("4", "")]


def test_one_page_of_questions_leads_straight_to_the_review(client):
    invitation = ask(*EVERY_KIND)

    text = text_of(client.get(page_of(invitation)))

    assert "Continue to review" in text
    assert "Page 1 of 1" not in text
    assert "Save and stay Back" not in text
    everything = sent(*(question["key"] for question in EVERY_KIND))
    assert goes_to(post(client, invitation, 1, "next", everything)) == page_of(invitation, "review")


def test_number_one_is_the_page_of_the_link(client):
    invitation = ask(*FOUR_PAGES)

    assert goes_to(client.get(page_of(invitation, 1))) == page_of(invitation)


@pytest.mark.parametrize(("number", "nearest"), [(3, 4), (9, 4), (10**20, 4)])
def test_page_with_nothing_for_this_person_leads_to_the_nearest(client, number, nearest):
    invitation = ask(*FOUR_PAGES)

    assert goes_to(client.get(page_of(invitation, number))) == page_of(invitation, nearest)


def test_wrong_link_gets_the_same_page_at_every_number(client):
    pages = [client.get(f"/a/wrong/{rest}") for rest in ("", "1/", "2/", "99/")]

    assert [page.status_code for page in pages] == [404] * 4
    assert len({page.content for page in pages}) == 1


def test_round_that_asks_nothing_any_more_has_a_page(client):
    invitation = ask(*FOUR_PAGES)
    survey_round = invitation.survey_round
    survey_round.settled = {question["key"]: "consensus" for question in FOUR_PAGES}
    survey_round.save()

    page = client.get(page_of(invitation))

    assert "There is nothing to ask you at the moment." in text_of(page)
    assert goes_to(post(client, invitation, 1, "next", {})) == page_of(invitation, "review")


def test_settled_question_is_not_asked_and_its_page_is_gone(client):
    invitation = ask(asked("start"), asked("maker", "Making cells"), asked("end", "At the end"))
    invitation.survey_round.settled = {"maker": "consensus"}
    invitation.survey_round.save()

    assert goes_to(post(client, invitation, 1, "next", sent("start", start="yes"))) == page_of(invitation, 2)
    assert on(client.get(page_of(invitation, 2))) == ["end"]


# --- going on and back


def test_next_saves_and_goes_on_page_by_page_to_the_review(client):
    invitation = ask(*FOUR_PAGES)

    first = post(client, invitation, 1, "next", sent("start", start="yes"))
    second = post(client, invitation, 2, "next", sent("maker", maker="no"))
    last = post(client, invitation, 4, "next", sent("end", end="no"))

    assert [goes_to(page) for page in (first, second, last)] == [
        page_of(invitation, 2), page_of(invitation, 4), page_of(invitation, "review"),
    ]  # fmt: skip
    assert stored() == {"start": "yes", "maker": "no", "end": "no"}
    assert Response.objects.get().submitted_at is None


def test_enter_key_goes_on(client):
    invitation = ask(*FOUR_PAGES)

    html = main_of(client.get(page_of(invitation, 2)))

    form = html[html.index('id="answers"') :]
    assert re.search(r'<button type="submit" name="action" value="([\w:]+)"', form)[1] == "next"
    assert goes_to(client.post(page_of(invitation), sent("start", start="yes"))) == page_of(invitation, 2)


def test_page_that_is_left_out_is_passed_over_both_ways(client):
    invitation = save(ask(*FOUR_PAGES), maker="no")

    assert goes_to(post(client, invitation, 2, "next", sent("maker", maker="no"))) == page_of(invitation, 4)
    assert goes_to(post(client, invitation, 4, "back", sent("end", end="no"))) == page_of(invitation, 2)
    assert stored()["end"] == "no", "going back saves too"


def test_back_from_the_second_page_leads_to_the_link_itself(client):
    invitation = ask(*FOUR_PAGES)

    assert goes_to(post(client, invitation, 2, "back", sent("maker", maker="no"))) == page_of(invitation)


def test_save_stays_and_says_when(client):
    noon = datetime(2026, 11, 3, 17, 4, tzinfo=UTC)
    invitation = ask(*FOUR_PAGES, opens_at=noon - timedelta(days=1), closes_at=noon + timedelta(days=2))

    with time_machine.travel(noon, tick=False) as clock:
        page = post(client, invitation, 2, "save", sent("maker", maker="no"))
        text = text_of(client.get(page_of(invitation, 2)))
        clock.shift(timedelta(days=1))
        next_day = text_of(client.get(page_of(invitation, 2)))

    assert goes_to(page) == page_of(invitation, 2) + "#saved"
    assert "Draft saved 12:04 p.m. EST. It counts only once you submit it." in text
    assert "Draft saved Tuesday, Nov. 3, 2026, 12:04 p.m. EST." in next_day


def test_page_in_the_list_saves_and_goes_there(client):
    invitation = ask(*FOUR_PAGES)

    assert goes_to(post(client, invitation, 1, "page:4", sent("start", start="yes"))) == page_of(invitation, 4)
    assert stored() == {"start": "yes"}


@pytest.mark.parametrize("number", ["3", "99", "x", "", "-1"])
def test_page_that_is_not_in_the_list_is_no_way_to_go(client, number):
    """Page 3 is for makers only."""
    invitation = ask(*FOUR_PAGES)

    page = post(client, invitation, 1, f"page:{number}", sent("start", start="no"))

    assert goes_to(page) == page_of(invitation) + "#saved"


def test_required_question_holds_nobody_up_before_the_review(client):
    invitation = ask({**FOUR_PAGES[0], "required": True}, *FOUR_PAGES[1:])

    assert goes_to(post(client, invitation, 1, "next", sent("start"))) == page_of(invitation, 2)


# --- conditions


def test_question_that_comes_to_be_asked_on_the_page_brings_its_author_back_to_it(client):
    invitation = ask(*FOUR_PAGES)

    for action in ("next", "back", "save", "page:1"):
        page = post(client, invitation, 2, action, sent("maker", maker="yes"))
        assert goes_to(page) == page_of(invitation, 2) + "#asked-why"

    page = client.get(page_of(invitation, 2))
    assert on(page) == ["maker", "why"]
    assert '<p class="newly-asked" id="asked-why" tabindex="-1">Because of what you answered above' in main_of(page)
    page = post(client, invitation, 2, "next", sent("maker", "why", maker="yes", why="no"))
    assert goes_to(page) == page_of(invitation, 3), "once, not for ever"


def test_question_that_is_not_asked_has_an_empty_place_on_its_page(client):
    html = main_of(client.get(page_of(ask(*FOUR_PAGES), 2)))

    assert '<div class="slot" id="slot-why"></div>' in html
    assert 'name="q-why"' not in html


def test_question_that_is_not_asked_any_more_keeps_its_answer_and_troubles_nobody(client):
    share = {"key": "share", "kind": "number", "prompt": "How much?", "section": "Making cells"}
    invitation = ask(*FOUR_PAGES[:2], {**share, "show_if": when("maker", "yes")}, FOUR_PAGES[4])
    save(invitation, maker="yes", share=30)

    wrong = post(client, invitation, 2, "next", sent("maker", "share", maker="no", share="a lot"))

    assert goes_to(wrong) == page_of(invitation, 3)
    assert stored() == {"maker": "no", "share": 30}
    assert on(client.get(page_of(invitation, 2))) == ["maker"]


def test_conditions_look_at_pages_before_and_at_what_has_just_been_typed(client):
    invitation = ask(*FOUR_PAGES)

    page = post(client, invitation, 2, "next", sent("maker", "why", maker="yes", why="no"))

    assert goes_to(page) == page_of(invitation, 3)
    assert on(client.get(page_of(invitation, 3))) == ["lines"]


def test_numbers_count_what_this_person_is_asked(client):
    invitation = save(ask(*FOUR_PAGES), maker="yes")

    numbers = re.findall(r'id="number-(\w+)">(\d+)<', main_of(client.get(page_of(invitation, 2))))

    assert numbers == [("maker", "2"), ("why", "3")]


def test_standing_counts_what_is_asked_and_what_is_answered():
    invitation = save(
        ask(*FOUR_PAGES, asked("last", settings={"offers": ["no_opinion"]})),
        start="yes", maker="no", why="yes", last=Entry(blank="no_opinion"),
    )  # fmt: skip
    questions = list(invitation.survey_round.questions().select_related("section"))

    standing = Standing(questions, responses.current(invitation.response))

    assert [question.key for question in standing.asked] == ["start", "last", "maker", "end"]
    assert standing.answered == 3, "what is not asked does not count, and a chosen blank is an answer"
    assert standing.first_left().key == "end"
    assert [(step.page.number, step.answered, step.asked) for step in standing.steps] == [
        (1, 2, 2),
        (2, 1, 1),
        (4, 0, 1),
    ]
    assert [step.is_done for step in standing.steps] == [True, True, False]
    after = standing.after({"maker": Entry(value="yes"), "end": Entry(value="no")})
    assert [step.page.number for step in after.steps] == [1, 2, 3, 4]
    assert after.first_left().key == "lines"


def test_questions_out_of_sections_stand_before_them_whatever_their_positions():
    invitation = ask(asked("late", "A section"), asked("early"))

    pages = paginate(invitation.survey_round.questions().select_related("section"))

    assert [(page.number, [question.key for question in page.questions]) for page in pages] == [
        (1, ["early"]), (2, ["late"]),
    ]  # fmt: skip


# --- coming back


def test_who_has_begun_is_told_where_they_stand_and_goes_on_where_they_left_off(client):
    invitation = save(ask(*FOUR_PAGES), start="yes", maker="no")

    page = client.get(page_of(invitation))

    assert "You have answered 2 of 3 questions; nothing is submitted yet." in text_of(page)
    link = f'<a href="{page_of(invitation, 4)}#question-end">Go on where you left off</a>'
    assert link in main_of(page)
    assert '<details class="opening">' in main_of(page)


def test_who_has_answered_everything_is_led_to_the_review(client):
    invitation = save(ask(*FOUR_PAGES), start="yes", maker="no", end="no")

    html = main_of(client.get(page_of(invitation)))

    assert f'<a href="{page_of(invitation, "review")}">Review and submit</a>' in html
    assert "Go on where you left off" not in html


def test_after_submitting_the_pages_say_that_changes_count_only_when_submitted_again(client):
    invitation = save(ask(*FOUR_PAGES), submit=True, start="yes", maker="no")

    for path in (page_of(invitation), page_of(invitation, 2)):
        assert "a change counts only once you submit again" in text_of(client.get(path))
    page = post(client, invitation, 2, "save", sent("maker", maker="yes"))

    assert goes_to(page) == page_of(invitation, 2) + "#asked-why"
    assert Answer.objects.get(question__key="maker").value == "no"
    assert PendingChange.objects.get(question__key="maker").value == "yes"
    page = client.get(page_of(invitation, 2))
    assert "You have changes that are not submitted yet." in text_of(page)
    assert f'<a href="{page_of(invitation, "review")}">' in main_of(page)
    assert on(page) == ["maker", "why"], "conditions look at what was typed last"
    assert re.search(r'value="yes" id="id_q-maker_0" checked', main_of(page))


def test_who_had_declined_is_told_so_on_every_page(client):
    from surveys import invitations

    invitation = ask(*FOUR_PAGES)
    invitations.decline(invitation=invitation, reason="No time.")

    assert "You have told us that you will not answer this time" in text_of(client.get(page_of(invitation, 2)))


def test_later_round_preselects_what_was_answered_before_and_keeps_it_with_one_press(client):
    first = save(ask(*FOUR_PAGES, number=1), submit=True, start="yes", maker="no")
    survey = first.survey_round.survey
    later = InvitationFactory(survey_round__survey=survey, survey_round__number=2, contributor=first.contributor)

    page = client.get(page_of(later))

    assert "Your answer of round 1, kept if you go on." in text_of(page)
    assert re.search(r'value="yes" id="id_q-start_0" checked', main_of(page))
    assert not Answer.objects.filter(response__invitation=later).exists(), "looking at it keeps nothing"
    goes_to(post(client, later, 1, "next", sent("start", start="yes")))
    assert Answer.objects.get(response__invitation=later).value == "yes"
    assert "Your answer of round 1" not in text_of(client.get(page_of(later)))


def test_later_round_says_that_it_is_one_and_what_is_not_asked_again(client):
    first = save(ask(*FOUR_PAGES, number=1), submit=True, start="yes", maker="no")
    later = InvitationFactory(
        survey_round__survey=first.survey_round.survey,
        survey_round__number=2,
        survey_round__settled={"maker": "All agree."},
        contributor=first.contributor,
    )

    said = text_of(client.get(page_of(later)))

    assert "Round 2 The same survey once more." in said
    assert "1 question is settled and not asked again." in said
    assert "The same survey once more." not in text_of(client.get(page_of(first)))


# --- two windows


def opened(client, invitation, number=1):
    """What a page sends besides its answers."""
    page = client.get(page_of(invitation) if number == 1 else page_of(invitation, number))
    hidden = re.findall(r'name="(page|seq|seen-[\w-]+)" value="([^"]*)"', main_of(page))
    return dict(hidden)


def test_every_opened_page_has_a_name_of_its_own_and_says_what_it_has_seen(client):
    invitation = save(ask(*FOUR_PAGES), start="yes")

    first, second = opened(client, invitation), opened(client, invitation)

    assert first["page"] != second["page"]
    assert (first["seq"], first["seen-start"]) == ("0", "1")
    assert opened(client, invitation, 2)["seen-maker"] == ""


def test_answer_that_was_changed_in_another_window_is_not_overwritten_but_asked_about(client):
    invitation = ask(*FOUR_PAGES)
    here, there = opened(client, invitation), opened(client, invitation)
    post(client, invitation, 1, "next", {**sent("start", start="no"), **there})

    page = post(client, invitation, 1, "next", {**sent("start", start="yes"), **here})

    assert page.status_code == 409
    assert stored() == {"start": "no"}
    html = main_of(page)
    assert '<div class="errors" id="elsewhere" role="alert" tabindex="-1" autofocus>' in html
    assert '<li><a href="#conflict-start">About start?</a></li>' in html
    box = html[html.index('id="conflict-start"') :]
    assert "You have answered this differently elsewhere" in box
    assert re.search(r"<blockquote dir=\"auto\"><p>No</p>", box)
    assert re.search(r'value="yes" id="id_q-start_0" checked', html), "what was typed is still in the form"
    assert value_of("seen-start", page) == "1"
    assert value_of("page", page) not in (here["page"], there["page"])


def test_pressing_save_again_keeps_what_is_typed(client):
    invitation = ask(*FOUR_PAGES)
    here, there = opened(client, invitation), opened(client, invitation)
    post(client, invitation, 1, "next", {**sent("start", start="no"), **there})
    page = post(client, invitation, 1, "next", {**sent("start", start="yes"), **here})
    again = {name: value_of(name, page) for name in ("page", "seq", "seen-start", "conflict")}

    page = post(client, invitation, 1, "next", {**sent("start", start="yes"), **again})

    assert goes_to(page) == page_of(invitation, 2)
    assert stored() == {"start": "yes"}


def test_the_other_answer_can_be_taken(client):
    invitation = ask(asked("start"), asked("next"))
    here, there = opened(client, invitation), opened(client, invitation)
    post(client, invitation, 1, "save", {**sent("start", start="no"), **there})
    data = {**sent("start", "next", start="yes", next="yes"), **here}
    page = post(client, invitation, 1, "save", data)
    again = {name: value_of(name, page) for name in ("page", "seq", "seen-start", "conflict")}

    page = post(client, invitation, 1, "take:start", {**data, **again})

    assert goes_to(page) == page_of(invitation) + "#question-start"
    assert stored() == {"start": "no", "next": "yes"}


def test_taking_the_other_answer_to_one_question_decides_nothing_about_the_next(client):
    invitation = ask(asked("one"), asked("two"))
    here, there = opened(client, invitation), opened(client, invitation)
    post(client, invitation, 1, "save", {**sent("one", "two", one="no", two="no"), **there})
    data = {**sent("one", "two", one="yes", two="yes"), **here}
    page = post(client, invitation, 1, "save", data)
    assert re.findall(r'name="conflict" value="(\w+)"', main_of(page)) == ["one", "two"]
    again = {name: value_of(name, page) for name in ("page", "seq", "seen-one", "seen-two")}

    page = post(client, invitation, 1, "take:one", {**data, **again, "conflict": ["one", "two"]})

    html = main_of(page)
    assert page.status_code == 409
    assert stored() == {"one": "no", "two": "no"}
    assert re.findall(r'name="conflict" value="(\w+)"', html) == ["two"]
    assert re.search(r'value="no" id="id_q-one_1" checked', html), "the one that was taken"
    assert re.search(r'value="yes" id="id_q-two_0" checked', html), "the one that was typed"


def test_same_answer_in_both_windows_is_no_conflict(client):
    invitation = ask(*FOUR_PAGES)
    here, there = opened(client, invitation), opened(client, invitation)

    for window in (there, here):
        page = post(client, invitation, 1, "next", {**sent("start", start="no"), **window})
        assert goes_to(page) == page_of(invitation, 2)


def test_pressing_twice_or_going_back_in_the_browser_is_no_conflict(client):
    invitation = ask(*FOUR_PAGES)
    here = opened(client, invitation)

    for answer in ("no", "no", "yes"):
        page = post(client, invitation, 1, "next", {**sent("start", start=answer), **here})
        assert goes_to(page) == page_of(invitation, 2)
    assert stored() == {"start": "yes"}


def test_conflict_in_one_answer_keeps_the_others(client):
    invitation = ask(asked("start"), asked("next"))
    here, there = opened(client, invitation), opened(client, invitation)
    post(client, invitation, 1, "save", {**sent("start", start="no"), **there})

    page = post(client, invitation, 1, "save", {**sent("start", "next", start="yes", next="yes"), **here})

    assert page.status_code == 409
    assert stored() == {"start": "no", "next": "yes"}


@pytest.mark.parametrize(
    "data",
    [
        {"page": "x" * 1000, "seq": "9" * 30},
        {"page": "\x00", "seq": "-1"},
        {"page": "a b", "seq": "1.5", "seen-start": "x" * 10_000},
        {"page": ["a", "b"], "seq": ["1", "2"]},
        {"page": "٣", "seq": "٣"},
        {"conflict": ["no-such", "start"]},
        {"seen-": "1", "seen-no-such": "1"},
    ],
)
@pytest.mark.parametrize("action", ["next", "take:", "take:no-such", "take:start"])
def test_hidden_fields_of_any_shape_get_a_page(client, data, action):
    invitation = ask(*FOUR_PAGES)

    assert post(client, invitation, 1, action, {**sent("start", start="no"), **data}).status_code in (302, 409)
    assert all(re.fullmatch(r"[a-z]{0,36}", name) for name in Answer.objects.values_list("saved_from", flat=True))


# --- while staff edit


def test_post_from_a_page_that_has_been_rearranged_loses_nothing(client):
    invitation = ask(*FOUR_PAGES)
    Section.objects.filter(key="at-the-end").delete()

    page = post(client, invitation, 4, "next", sent("end", end="no"))

    assert goes_to(page) == page_of(invitation, "review")
    assert stored() == {"end": "no"}


def test_wrong_answer_from_a_page_that_has_been_rearranged_is_shown_again(client):
    share = {"key": "share", "kind": "number", "prompt": "How much?"}
    invitation = ask(asked("start"), {**share, "section": "Numbers"})
    Section.objects.all().delete()

    page = post(client, invitation, 2, "next", sent("share", share="a lot"))

    assert page.status_code == 422
    assert 'value="a lot"' in main_of(page)


def test_question_added_while_the_page_was_open_is_come_back_to_and_empties_nothing(client):
    invitation = save(ask(asked("start"), asked("new")), new="yes")

    page = post(client, invitation, 1, "next", sent("start", start="no"))

    assert goes_to(page) == page_of(invitation) + "#question-new"
    assert stored() == {"start": "no", "new": "yes"}


def test_page_that_comes_back_shows_stored_answers_where_nothing_was_sent(client):
    share = {"key": "share", "kind": "number", "prompt": "How much?"}
    invitation = save(ask(asked("start"), share), start="yes")

    page = post(client, invitation, 1, "next", sent("share", share="a lot"))

    assert page.status_code == 422
    assert re.search(r'value="yes" id="id_q-start_0" checked', main_of(page))


def test_question_reworded_between_opening_and_sending_is_asked_anew(client):
    invitation = ask(asked("start"))
    save(invitation, start="yes")
    Question.objects.filter(key="start").update(superseded_at=datetime(2026, 1, 1, tzinfo=UTC))

    page = post(client, invitation, 1, "next", sent("start", start="no"))

    assert goes_to(page) == page_of(invitation, "review")
    assert stored() == {"start": "yes"}


# --- the same number of queries whatever the size


def of_size(number):
    """As many questions on the first page, and as many sections with a question each."""
    return [asked(f"q{n}") for n in range(number)] + [asked(f"s{n}", f"Section {n}") for n in range(number)]


@pytest.mark.parametrize("number", [1, 10])
def test_opening_a_page_takes_the_same_queries_for_one_question_and_ten(client, number, django_assert_num_queries):
    invitation = ask(*of_size(number))

    with django_assert_num_queries(2):
        client.get(page_of(invitation))
    save(invitation, **{f"q{n}": "yes" for n in range(number)})
    with django_assert_num_queries(3):
        client.get(page_of(invitation))
    with django_assert_num_queries(3):
        client.get(page_of(invitation, 2))
    save(invitation, submit=True)
    with django_assert_num_queries(4):
        client.get(page_of(invitation))


@pytest.mark.parametrize("number", [1, 10])
def test_saving_a_page_takes_the_same_queries_for_one_question_and_ten(client, number, django_assert_num_queries):
    invitation = ask(*of_size(number))
    keys = [f"q{n}" for n in range(number)]

    with django_assert_num_queries(10):
        assert post(client, invitation, 1, "next", sent(*keys, **dict.fromkeys(keys, "yes"))).status_code == 302
    with django_assert_num_queries(12):
        assert post(client, invitation, 1, "next", sent(*keys, **dict.fromkeys(keys, "no"))).status_code == 302
    with django_assert_num_queries(9):
        assert post(client, invitation, 1, "next", sent(*keys, **dict.fromkeys(keys, "no"))).status_code == 302
