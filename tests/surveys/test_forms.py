import re

import pytest
from crispy_forms.utils import render_crispy_form
from django.http import QueryDict

from surveys import blocks, responses
from surveys.blocks import Attention
from surveys.forms import AnswerForm, preview, slot
from surveys.models import Answer, Question
from surveys.responses import Entry
from tests.factories import InvitationFactory
from tests.surveys.asking import ALL_ANSWERED, EVERY_KIND, ask

pytestmark = pytest.mark.django_db


def form_for(invitation, data=None, **options):
    response = getattr(invitation, "response", None)
    if data is not None:
        posted = QueryDict(mutable=True)
        for name, value in data.items():
            posted.setlist(name, value if isinstance(value, list) else [value])
        data = posted
    form = AnswerForm(
        questions=invitation.survey_round.questions(),
        contributor=invitation.contributor,
        survey=options.pop("survey", invitation.survey_round.survey),
        answers={row.question_id: row for row in response.answers.all()} if response else {},
        data=data,
        **options,
    )
    form.is_valid()
    return form


def html_of(form):
    return render_crispy_form(form)


def save(invitation, entries, *, submit=False, attribution="named"):
    invitation.response = responses.save(invitation=invitation, entries=entries, attribution=attribution, submit=submit)
    return invitation


def test_posted_form_becomes_entries():
    form = form_for(ask(*EVERY_KIND), ALL_ANSWERED)

    assert form.errors == {}
    assert form.entries() == {
        "catch-up": Entry(value="agree", confidence=8, comment="Plants are being built."),
        "where": Entry(value="south"),
        "hurdles": Entry(value=["cost", "skills"]),
        "share": Entry(value=30),
        "view": Entry(value="Train people first."),
    }


def test_no_opinion_is_a_blank_and_drops_the_confidence():
    form = form_for(ask(), {"q-catch-up": "no_opinion", "q-catch-up-confidence": "8"})

    assert form.entries() == {"catch-up": Entry(blank="no_opinion")}


def test_questions_that_the_page_did_not_show_are_left_alone():
    invitation = ask(*EVERY_KIND)

    assert form_for(invitation, {"action": "save"}).entries() == {}
    assert form_for(invitation, {"shown": ["hurdles"]}).entries() == {"hurdles": Entry()}
    assert form_for(invitation, {"q-where": "south"}).entries() == {"where": Entry(value="south")}


def test_nothing_has_to_be_answered_to_be_kept():
    """What is required is asked for at the review."""
    invitation = ask(*EVERY_KIND)

    assert form_for(invitation, {"shown": ALL_ANSWERED["shown"]}).errors == {}


def test_one_answer_may_be_quoted_otherwise_than_the_rest():
    invitation = ask(*EVERY_KIND)
    form = form_for(invitation, ALL_ANSWERED | {"q-catch-up-attribution": "sector"})

    assert form.errors == {}
    assert form.entries()["catch-up"].attribution == "sector"
    assert form.entries()["view"].attribution == ""
    html = html_of(form_for(save(invitation, form.entries())))
    assert re.search(r'<option value="sector" selected>[^<]*an industry expert</option>', html)
    assert html.count('<details class="quoted" open>') == 1


def test_how_an_answer_is_quoted_is_asked_with_its_words_and_never_on_paper():
    invitation = ask(EVERY_KIND[0], EVERY_KIND[4])

    names = re.findall(r'<select class="form-select" name="([\w-]+)"', html_of(form_for(invitation)))

    assert names == ["q-catch-up-attribution", "q-view-attribution"]
    assert "-attribution" not in html_of(form_for(invitation, survey=None))


def test_closed_door_offers_no_name_for_a_single_answer_either():
    invitation = ask()
    invitation.survey_round.survey.closed_door = True

    html = html_of(form_for(invitation))

    assert 'value="named"' not in html
    assert 'value="affiliation"' not in html
    assert "Dr. Sample" not in html
    assert form_for(invitation, {"q-catch-up-attribution": "named"}).errors


def test_invalid_part_keeps_what_is_stored_and_the_valid_parts_are_taken():
    invitation = save(ask(), {"catch-up": Entry(value="agree", confidence=3, comment="Old.")})

    form = form_for(
        invitation, {"q-catch-up": "disagree", "q-catch-up-confidence": "11", "q-catch-up-comment": "x" * 10_000}
    )

    assert set(form.errors) == {"q-catch-up-confidence", "q-catch-up-comment"}
    assert form.entries() == {"catch-up": Entry(value="disagree", confidence=3, comment="Old.")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("q-catch-up", "perhaps"),
        ("q-catch-up", "agree\nagree"),
        ("q-catch-up-confidence", "0"),
        ("q-catch-up-confidence", "11"),
        ("q-catch-up-confidence", "7.5"),
        ("q-catch-up-confidence", "high"),
        ("q-catch-up-comment", "x" * 1001),
        ("q-where", "atlantis"),
        ("q-hurdles", ["cost", "atlantis"]),
        ("q-share", "101"),
        ("q-share", "-1"),
        ("q-share", "a lot"),
        ("q-share", "1e999"),
        ("q-share", "NaN"),
        ("q-view", "x" * 10_000),
        ("q-catch-up-attribution", "everywhere"),
    ],
)
def test_what_cannot_be_right_is_refused_with_a_message_at_its_field_and_kept_on_the_page(name, value):
    form = form_for(ask(*EVERY_KIND), ALL_ANSWERED | {name: value})

    assert list(form.errors) == [name]
    assert len(form.problems()) == 1
    html = html_of(form)
    assert f'id="id_{name}_error"' in html
    assert f'id="{form.problems()[0].target}"' in html
    if isinstance(value, str) and name.endswith(("comment", "view", "share")):
        assert value in html


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("one\r\ntwo", "one\ntwo"),
        ("a\x00b", "ab"),
        ("x" * 999 + "\r\n" + "y", None),  # 1,001 characters as browsers count them
        ("x" * 998 + "\r\n" + "y", "x" * 998 + "\ny"),
        ("שלום 🔋 \u202eevil\u202c", "שלום 🔋 \u202eevil\u202c"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("  ", ""),
    ],
)
def test_comment_is_taken_as_typed_but_for_what_no_text_needs(typed, taken):
    form = form_for(ask(), {"q-catch-up-comment": typed})

    if taken is None:
        assert form.errors
    else:
        assert form.entries()["catch-up"].comment == taken


def test_page_shows_the_stored_answers():
    invitation = save(
        ask(*EVERY_KIND),
        {
            "catch-up": Entry(value="agree", confidence=8, comment="Plants <b>are</b> being built."),
            "where": Entry(value="south"),
            "hurdles": Entry(value=["skills"]),
            "share": Entry(value=30),
            "view": Entry(value="Train people first."),
        },
    )

    html = html_of(form_for(invitation))

    checked = re.findall(r'name="(q-[\w-]+)" value="(\w+)" id="[\w-]+" checked', html)
    assert checked == [
        ("q-catch-up", "agree"),
        ("q-catch-up-confidence", "8"),
        ("q-where", "south"),
        ("q-hurdles", "skills"),
    ]
    assert 'value="30"' in html
    assert "Plants &lt;b&gt;are&lt;/b&gt; being built." in html
    assert "Train people first." in html


def test_stored_no_opinion_is_shown_as_chosen():
    invitation = save(ask(), {"catch-up": Entry(blank="no_opinion")})

    assert re.search(r'value="no_opinion" id="[\w-]+" checked', html_of(form_for(invitation)))


def test_nothing_is_preselected_for_who_has_not_chosen():
    assert "checked" not in html_of(form_for(ask(*EVERY_KIND)))


def test_each_level_shows_the_line_readers_would_see_under_that_answer():
    html = html_of(form_for(ask()))

    for line in ("By name: Dr. Sample, Example Cells<", ": an expert at Example Cells<", ": an industry expert<"):
        assert line in html


def test_form_needs_no_script_no_style_and_no_cookie():
    html = html_of(form_for(ask(*EVERY_KIND), ALL_ANSWERED | {"q-share": "x"}))

    assert "style=" not in html
    assert "<script" not in html
    assert "csrf" not in html
    assert "maxlength" not in html, "browsers would cut a long paste off without a word"


def test_every_question_is_a_fieldset_with_its_prompt_guidance_and_errors_linked():
    question = {**EVERY_KIND[3], "guidance": "Count *cells*, not packs."}

    html = html_of(form_for(ask(question), {"q-share": "x"}))

    assert re.search(
        r'<fieldset [^>]*id="question-share"[^>]* aria-describedby="guidance-share id_q-share_error"', html
    )
    assert 'id="guidance-share"' in html
    assert "<em>cells</em>" in html
    assert 'aria-describedby="id_q-share_helptext id_q-share_error"' in html
    assert 'aria-invalid="true"' in html


def test_staff_text_cannot_break_the_page():
    question = {
        "key": "share", "kind": "number", "prompt": "<script>1</script>", "guidance": "<script>2</script>",
        "settings": {"unit": "<script>3</script>", "minimum": 0},
    }  # fmt: skip

    assert "<script>" not in html_of(form_for(ask(question)))


# --- answers in parts, and the ways not to answer

RANGE = {
    "key": "range", "kind": "quantiles", "prompt": "How many?",
    "settings": {"unit": "GWh", "offers": ["no_opinion", "prefer_not"]},
}  # fmt: skip
ORDER = {
    "key": "order", "kind": "ranking", "prompt": "In which order?",
    "options": [{"key": key, "label": key.upper()} for key in "abc"],
}  # fmt: skip


def test_parts_become_one_value_and_are_shown_again_with_their_picture():
    invitation = ask(RANGE, ORDER)
    data = {"q-range.p5": "10", "q-range.p50": "20", "q-range.p95": "45"}
    form = form_for(invitation, data | {"q-order.a": "2", "q-order.b": "1", "q-order.c": "3"})

    assert form.errors == {}
    assert form.entries() == {"range": Entry(value=[10, 20, 45]), "order": Entry(value=["b", "a", "c"])}
    html = html_of(form_for(save(invitation, form.entries())))
    assert re.search(r'name="q-range.p50" id="id_q-range.p50" value="20"', html)
    assert '<option value="1" selected>1</option>' in html
    assert "20 GWh, from 10 GWh to 45 GWh".replace(" GWh", "\u00a0GWh") in html
    assert "style=" not in html


def test_a_wrong_part_is_told_at_the_question_and_kept_as_typed():
    form = form_for(ask(RANGE), {"q-range.p5": "30", "q-range.p50": "a lot", "q-range.p95": "45"})

    (problem,) = form.problems()
    html = html_of(form)
    assert problem.target == "id_q-range.p5"
    assert f'id="{problem.target}"' in html
    assert 'value="a lot"' in html
    assert 'aria-describedby="id_q-range_error"' in html


def test_prefer_not_to_say_is_a_blank_with_no_value():
    invitation = ask({**RANGE, "required": True})
    form = form_for(invitation, {"q-range.blank": "prefer_not"})

    assert form.errors == {}
    assert form.entries() == {"range": Entry(blank="prefer_not")}
    html = html_of(form_for(save(invitation, form.entries(), submit=True)))
    assert re.search(r'value="prefer_not" id="[\w.-]+" checked', html)


def test_an_answer_and_a_reason_for_none_are_not_both_taken():
    answered = {"q-range.p5": "10", "q-range.p50": "20", "q-range.p95": "45"}
    form = form_for(ask(RANGE), answered | {"q-range.blank": "no_opinion"})
    assert list(form.errors) == ["q-range.blank"]
    assert form_for(ask(RANGE), {"q-range.blank": ["no_opinion", "prefer_not"]}).errors
    assert form_for(ask(RANGE), {"q-range.blank": "not_shown"}).errors


def test_a_choice_offers_other_with_a_line_for_words():
    question = {**EVERY_KIND[1], "settings": {"other": True, "offers": ["prefer_not"]}}
    invitation = ask(question)

    assert form_for(invitation, {"q-where.other": "Alaska"}).entries()["where"] == Entry(value={"other": "Alaska"})
    assert form_for(invitation, {"q-where": "prefer_not"}).entries()["where"] == Entry(blank="prefer_not")
    both = form_for(invitation, {"q-where": "south", "q-where.other": "Alaska"})
    assert list(both.errors) == ["q-where"]
    assert 'value="Alaska"' in html_of(both)
    html = html_of(form_for(save(invitation, {"where": Entry(value={"other": "Alaska <b>"})})))
    assert 'value="Alaska &lt;b&gt;"' in html


def test_random_order_is_the_same_whenever_the_same_person_looks():
    options = [{"key": f"k{number}", "label": f"Label {number}"} for number in range(8)]
    question = {"key": "many", "kind": "single_choice", "prompt": "Which?", "options": options}
    invitation = ask({**question, "settings": {"shuffle": True}})
    orders = [re.findall(r'name="q-many" value="(\w+)"', html_of(form_for(invitation))) for _time in range(2)]

    assert orders[0] == orders[1]
    assert sorted(orders[0]) == [option["key"] for option in options]
    assert orders[0] != sorted(orders[0])


def test_problems_carry_the_number_of_their_own_question():
    """One key begins with the other."""
    questions = [{"key": key, "kind": "number", "prompt": "How many?"} for key in ("share", "share-2035")]

    form = form_for(ask(*questions), {"q-share": "1", "q-share-2035": "x"})

    assert [problem.label for problem in form.problems()] == ["Question 2"]


# --- places on the page


def test_each_question_has_a_place_and_says_what_the_page_has_seen_of_its_answer():
    invitation = save(ask(*EVERY_KIND[:2]), {"catch-up": Entry(value="agree")})

    html = html_of(form_for(invitation))

    assert re.findall(r'<div class="slot" id="slot-([\w-]+)">', html) == ["catch-up", "where"]
    assert re.findall(r'data-question="([\w-]+)"', html) == ["catch-up", "where"]
    assert re.findall(r'name="(shown|seen-[\w-]+)" value="([\w-]*)"', html) == [
        ("shown", "catch-up"), ("seen-catch-up", "1"), ("shown", "where"), ("seen-where", ""),
    ]  # fmt: skip


def test_place_of_a_question_alone_is_the_place_it_has_in_the_whole_form():
    invitation = ask(*EVERY_KIND)
    form = form_for(invitation)

    alone = [slot(form_for(invitation), question).strip() for question in form.questions]

    assert "".join("".join(alone).split()) == "".join(html_of(form).split())


def test_what_stands_beside_a_question_comes_after_its_guidance():
    invitation = ask({**EVERY_KIND[0], "guidance": "Mind the word."})

    html = html_of(form_for(invitation, beside={"catch-up": "<b>The group</b>"}))

    assert html.index("Mind the word.") < html.index('<div class="beside">&lt;b&gt;The group')


def test_answer_of_an_earlier_round_is_preselected_until_there_is_one_in_this():
    before = save(ask(*EVERY_KIND[:2], number=1), {"catch-up": Entry(value="agree", confidence=4, comment="Old.")})
    earlier = {row.question_id: row for row in before.response.answers.all()}
    survey = before.survey_round.survey
    now = InvitationFactory(survey_round__survey=survey, survey_round__number=2, contributor=before.contributor)

    html = html_of(form_for(now, earlier=earlier))

    assert re.findall(r'value="(\w+)" id="[\w-]+" checked', html) == ["agree", "4"]
    assert "Old.</textarea>" in html
    assert html.count("carried-over") == html.count("Your answer of round 1, kept if you go on.") == 1
    assert 'name="seen-catch-up" value=""' in html
    html = html_of(form_for(save(now, {"catch-up": Entry(value="disagree")}), earlier=earlier))
    assert re.findall(r'value="(\w+)" id="[\w-]+" checked', html) == ["disagree"]
    assert "carried-over" not in html


def test_another_answer_given_elsewhere_is_shown_as_text():
    invitation = ask()
    question = invitation.survey_round.questions().get()
    elsewhere = Attention(question, "<b>Agree</b>", 7, "<i>Why</i>", "12:04 p.m. EST")

    html = html_of(form_for(invitation, {"q-catch-up": "disagree"}, attention={"catch-up": elsewhere}))

    for part in ("&lt;b&gt;Agree", "Confidence: 7 of 10", "&lt;i&gt;Why", "at 12:04 p.m. EST", 'value="take:catch-up"'):
        assert part in html


def test_first_thing_that_is_wrong_has_the_focus_and_nothing_else():
    invitation = ask(*EVERY_KIND)

    html = html_of(form_for(invitation, ALL_ANSWERED | {"q-share": "a lot", "q-catch-up-confidence": "99"}))

    assert re.findall(r'id="([\w-]+)" autofocus', html) == ["id_q-catch-up-confidence_0"]
    assert "autofocus" not in html_of(form_for(invitation))


# --- what is cached


def test_question_that_nobody_has_answered_yet_is_made_once_for_everybody():
    invitation = ask(*EVERY_KIND)
    other = ask(contributor={"name": "Prof. Other", "affiliation": ""})
    other.survey_round = invitation.survey_round
    first = html_of(form_for(invitation))

    form = form_for(other)
    second = html_of(form)

    assert "q-share" not in form.fields, "only the first was made, for how this person may be quoted"
    assert "Dr. Sample" in first
    assert "Dr. Sample" not in second
    assert "Prof. Other" in second
    assert first == html_of(form_for(invitation)), "made anew or not, it is the same"


def test_reworded_question_is_shown_as_it_reads_now():
    invitation = ask()
    html_of(form_for(invitation))

    Question.objects.update(prompt="Reworded.")

    assert "Reworded." in html_of(form_for(invitation))


def test_random_order_is_not_somebody_elses():
    options = [{"key": f"k{number}", "label": f"Label {number}"} for number in range(8)]
    question = {"key": "many", "kind": "single_choice", "prompt": "Which?", "options": options}
    invitation = ask({**question, "settings": {"shuffle": True}})
    orders = set()
    for _person in range(4):
        other = InvitationFactory(survey_round=invitation.survey_round)
        orders.add(tuple(re.findall(r'name="q-many" value="(\w+)"', html_of(form_for(other)))))

    assert len(orders) > 1


def test_numbers_are_not_cached_with_the_question():
    invitation = ask(*EVERY_KIND[:2])

    for first in (1, 7):
        html = html_of(form_for(invitation, numbers={"catch-up": first, "where": first + 1}))
        assert re.findall(r'id="number-[\w-]+">(\d+)<', html) == [str(first), str(first + 1)]


def test_preview_of_a_question_that_is_not_saved():
    question = Question(key="new", kind="statement", prompt="New?", settings={})

    assert "New?" in preview(question)
    assert "-attribution" not in preview(question)


def test_what_is_kept_of_a_field_is_nobodys_words_and_looks_as_if_made_anew():
    invitation = ask(*EVERY_KIND)
    questions = list(invitation.survey_round.questions())

    def page(comment, view):
        stored = {
            question.pk: Answer(question=question, value=value, comment=comment)
            for question, value in zip(questions, ("agree", "south", ["cost"], 30, view), strict=True)
        }
        form = AnswerForm(questions=questions, contributor=invitation.contributor, answers=stored)
        return render_crispy_form(form)

    blocks._looks.clear()
    first = page("Ours, <quoted> & all.", "A first view.")
    warm = page("Theirs.", "A second view.")
    assert not [html for html in blocks._looks.values() if "Ours" in html or "view." in html]
    assert "Ours, &lt;quoted&gt; &amp; all." in first
    assert "Ours" not in warm
    blocks._looks.clear()
    assert page("Theirs.", "A second view.") == warm
    assert page("Ours, <quoted> & all.", "A first view.") == first
