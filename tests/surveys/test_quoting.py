"""How somebody may be quoted: what is offered, what is taken, and that no choice says more than it shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import quoting
from surveys.models import Attribution, Contributor, Survey
from surveys.quoting import INTEREST_LIMIT, PrintedLine, QuotingForm

ADA = {"name": "Ada Sample", "affiliation": "Example Cells", "position": "", "sector": "government"}


def form(data=None, *, survey=None, attribution="", interest="", own=None, submitting=False, **person):
    return QuotingForm(
        contributor=Contributor(**{**ADA, **person}),
        survey=survey or Survey(),
        attribution=attribution,
        interest=interest,
        own=own or {},
        data=data,
        submitting=submitting,
    )


def ways(survey=None, interest="", **person):
    found = quoting.choices(Contributor(**{**ADA, **person}), survey or Survey(), interest)
    return {choice.level: choice.line for choice in found}


def test_each_way_to_be_quoted_is_explained_by_its_line():
    assert ways(interest="holds shares in a maker of cells") == {
        "named": "Ada Sample, Example Cells (disclosed interest: holds shares in a maker of cells)",
        "affiliation": "an expert at Example Cells",
        "sector": "a government expert",
        "background": "",
    }


def test_a_closed_door_offers_neither_name_nor_affiliation():
    assert ways(Survey(closed_door=True), interest="holds shares") == {
        "sector": "a government expert",
        "background": "",
    }


def test_without_an_affiliation_no_way_claims_to_print_one():
    assert ways(affiliation="") == {"named": "Ada Sample", "sector": "a government expert", "background": ""}


@pytest.mark.parametrize(
    ("chosen", "closed_door", "affiliation", "shown"),
    [
        ("", False, "Example Cells", ""),
        ("named", False, "Example Cells", "named"),
        ("affiliation", False, "", "sector"),
        ("background", True, "", "background"),
        ("named", True, "Example Cells", ""),  # chosen before the doors were closed: to be chosen anew
    ],
)
def test_what_was_chosen_is_shown_or_the_next_that_says_less(chosen, closed_door, affiliation, shown):
    bound = form(survey=Survey(closed_door=closed_door), attribution=chosen, affiliation=affiliation)
    assert bound.attribution == shown


def test_single_answers_go_with_the_rest_unless_they_are_given_a_line_of_their_own():
    field = quoting.attribution_choice(Contributor(**ADA), Survey(), "sector")
    assert [value for value, _label in field.choices] == ["", *Attribution.values]
    assert dict(field.choices)["named"] == "By name: Ada Sample, Example Cells"
    assert field.initial == "sector"
    assert not field.required


@pytest.mark.parametrize("posted", ["named", "affiliation", "everything", "\x00"])
def test_a_level_that_the_survey_does_not_print_is_refused_where_it_is_posted_by_hand(posted):
    closed = form(
        {"attribution": posted, "q-step-attribution": posted}, survey=Survey(closed_door=True), own={"step": ""}
    )
    assert not closed.is_valid()
    assert set(closed.errors) == {"attribution", "q-step-attribution"}
    assert (closed.attribution, closed.own()) == ("", {})


def test_submitting_needs_a_choice_and_what_was_chosen_before_is_one():
    assert form({}, submitting=True).errors == {"attribution": ["Choose how you may be quoted."]}
    chosen = form({}, submitting=True, attribution="sector")
    assert (chosen.is_valid(), chosen.attribution) == (True, "sector")


def test_an_interest_is_one_line_of_limited_length_and_stays_where_none_is_posted():
    posted = form({"interest": " holds\r\nshares \u202ein a maker\x00 "})
    assert (posted.is_valid(), posted.interest) == (True, "holds shares in a maker")
    too_long = form({"interest": "x" * (INTEREST_LIMIT + 1)}, interest="before")
    assert (too_long.is_valid(), too_long.interest) == (False, None)
    assert form({"attribution": "named"}, interest="before").interest is None
    assert form({"interest": ""}, interest="before").interest == ""


def test_where_no_name_is_printed_nothing_is_asked_that_would_stand_beside_it():
    closed = form({"interest": "holds shares"}, survey=Survey(closed_door=True))
    assert (closed.is_valid(), closed.interest) == (True, None)


@given(st.text())
def test_a_printed_line_is_one_line_that_hides_nothing(text):
    line = PrintedLine(required=False).clean(text)
    assert len(line.splitlines()) <= 1
    assert line == " ".join(line.split())
    assert not {*line} & {chr(code) for code in (*range(0x20), 0x7F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
