"""Nothing about fewer than `minimum` contributors follows from what is shown."""

from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys import disclosure
from surveys.disclosure import attribution_line, shown
from surveys.models import (
    Answer,
    Attribution,
    Consent,
    Contributor,
    Invitation,
    Question,
    Response,
    Round,
    Survey,
)
from surveys.results import Tally
from tests.factories import AnswerFactory, ContributorFactory, InvitationFactory, ResponseFactory, RoundFactory

SECTORS = ("industry", "academia", "government")


def tally(yes: int, no: int = 0, blank: int = 0) -> Tally:
    return Tally(
        asked=yes + no + blank,
        base=yes + no,
        blanks={"no_opinion": blank} if blank else {},
        counts={"yes": yes, "no": no},
        weights={"yes": 7 * yes, "no": 5 * no},
    )


def survey(**sectors: Tally) -> dict[str, Tally]:
    total = tally(
        sum(found.counts["yes"] for found in sectors.values()),
        sum(found.counts["no"] for found in sectors.values()),
        sum(found.asked - found.base for found in sectors.values()),
    )
    return {"all": total, **{key: sectors[key] for key in SECTORS if key in sectors}}


# --- small cells, worked by hand


def test_groups_that_are_large_enough_are_all_shown():
    result = shown(survey(industry=tally(4, 3), academia=tally(2, 1), government=tally(3)), minimum=3)
    assert list(result.groups) == ["all", "industry", "academia", "government"]
    assert result.withheld == ()
    assert result.note == ""


def test_one_small_group_takes_the_next_smallest_with_it():
    """Government (2) alone would follow from 14 - 7 - 5; with academia hidden too, only their sum of 7 does."""
    result = shown(survey(industry=tally(4, 3), academia=tally(3, 2), government=tally(1, 1)), minimum=3)
    assert list(result.groups) == ["all", "industry"]
    assert result.withheld == ("academia", "government")


def test_two_small_groups_that_are_too_small_together_take_a_third():
    """1 + 1 = 2 is still below 3."""
    result = shown(survey(industry=tally(9), academia=tally(1), government=tally(0, 1)), minimum=3)
    assert list(result.groups) == ["all"]
    assert result.withheld == ("industry", "academia", "government")


def test_two_small_groups_that_hide_each_other_leave_the_third():
    result = shown(survey(industry=tally(9), academia=tally(1), government=tally(1, 1)), minimum=3)
    assert list(result.groups) == ["all", "industry"]
    assert result.withheld == ("academia", "government")


def test_a_group_of_blanks_only_is_small():
    """That all four of government had no opinion would follow from 10 - 5 - 5 = 0."""
    result = shown(survey(industry=tally(5), academia=tally(5), government=tally(0, 0, 4)), minimum=3)
    assert list(result.groups) == ["all", "industry"]


def test_nothing_is_shown_of_a_question_with_too_few_answers():
    result = shown(survey(industry=tally(1, 0, 6), academia=tally(1)), minimum=3)
    assert result.groups == {}
    assert result.withheld == ("all", "industry", "academia")
    assert result.note == "Fewer than 3 contributors gave an answer, so no figures are shown."


def test_a_sector_that_is_everybody_is_shown():
    assert shown(survey(industry=tally(3)), minimum=3).withheld == ()


def test_the_note_does_not_say_which_of_the_groups_was_too_small():
    result = shown(survey(industry=tally(7), academia=tally(3), government=tally(0, 0, 2)), minimum=3)
    assert result.note == (
        "Not shown separately: academia and government. At least one of these groups has fewer than 3 answers, and it "
        "could otherwise be worked out from the total."
    )


# --- the attacker: a program that has every public number, knows the rule, and subtracts


def recovered(published: disclosure.Shown, asked: Mapping[str, int], minimum: int) -> dict[str, tuple[int, int]]:
    """Withheld sectors whose (yes, no) follow for certain. `asked` is public: it is in the response table.

    Goes through every way in which the rest of the total can be spread over the withheld sectors, drops those under
    which the site would have shown other groups than it did, and reports the sectors that come out the same in all.
    """
    if "all" not in published.groups or not published.withheld:
        return {}
    yes = rest(published, "yes")
    no = rest(published, "no")
    worlds = []
    for split in product(*(cells(asked[key], yes, no) for key in published.withheld)):
        if sum(cell[0] for cell in split) != yes or sum(cell[1] for cell in split) != no:
            continue
        world = {key: found for key, found in published.groups.items() if key != "all"}
        world |= {
            key: tally(*cell, asked[key] - sum(cell)) for key, cell in zip(published.withheld, split, strict=True)
        }
        if shown(survey(**world), minimum=minimum).withheld == published.withheld:
            worlds.append(dict(zip(published.withheld, split, strict=True)))
    assert worlds, "the truth itself must be among the worlds"
    return {key: worlds[0][key] for key in published.withheld if all(world[key] == worlds[0][key] for world in worlds)}


def rest(published: disclosure.Shown, option: str) -> int:
    groups = published.groups
    return groups["all"].counts[option] - sum(found.counts[option] for key, found in groups.items() if key != "all")


def cells(asked: int, yes: int, no: int) -> list[tuple[int, int]]:
    return [(a, b) for a in range(min(asked, yes) + 1) for b in range(min(asked, no) + 1) if a + b <= asked]


small = st.builds(tally, st.integers(0, 4), st.integers(0, 4), st.integers(0, 2)).filter(lambda found: found.asked > 0)
surveys_ = st.fixed_dictionaries({"industry": small, "academia": small}, optional={"government": small})


@settings(max_examples=300, deadline=None)
@given(sectors=surveys_, minimum=st.integers(2, 4))
def test_what_is_left_after_subtraction_is_nothing_or_enough(sectors, minimum):
    result = shown(survey(**sectors), minimum=minimum)
    for key, found in result.groups.items():
        assert found.base >= minimum, key
    if "all" in result.groups and result.withheld:
        assert len(result.withheld) >= 2
        assert rest(result, "yes") + rest(result, "no") >= minimum
        assert sum(sectors[key].asked for key in result.withheld) >= minimum


@settings(max_examples=300, deadline=None)
@given(sectors=surveys_, minimum=st.integers(2, 4))
def test_the_attacker_recovers_no_withheld_answer(sectors, minimum):
    result = shown(survey(**sectors), minimum=minimum)
    found = recovered(result, {key: each.asked for key, each in sectors.items()}, minimum)
    unanimous = "all" in result.groups and 0 in (rest(result, "yes"), rest(result, "no"))
    # Where all withheld answers together are one and the same, that they are is no secret (see the threat model).
    assert unanimous or not {key: cell for key, cell in found.items() if sum(cell)}


def test_the_attacker_finds_the_leak_when_complementary_suppression_is_off(monkeypatch):
    monkeypatch.setattr(disclosure, "_protect", lambda withheld, bases, minimum: set(withheld))
    sectors = {"industry": tally(4, 3), "academia": tally(3, 2), "government": tally(1, 1)}
    result = shown(survey(**sectors), minimum=3)
    assert result.withheld == ("government",)
    assert recovered(result, {key: each.asked for key, each in sectors.items()}, 3) == {"government": (1, 1)}


# --- words and who said them


@pytest.mark.parametrize(
    ("attribution", "line"),
    [
        (Attribution.NAMED, "Ada Sample, Example Cells"),
        (Attribution.AFFILIATION, "an expert at Example Cells"),
        (Attribution.SECTOR, "an industry expert"),
        (Attribution.BACKGROUND, None),
        ("", None),
    ],
)
def test_the_line_says_what_the_contributor_agreed_to(attribution, line):
    assert attribution_line("Ada Sample", "Example Cells", "", "industry", attribution) == line


def test_a_position_is_part_of_a_name():
    assert attribution_line("Ada", "Example Cells", "Head of Research", "industry", "named") == (
        "Ada, Head of Research, Example Cells"
    )


def test_without_an_affiliation_the_line_falls_back_to_the_sector():
    assert attribution_line("Ada Sample", "", "Professor", "academia", "affiliation") == "an academic expert"


def answer(survey_round, *, attribution="named", moderation="approved", name="Ada Sample", submitted=True, **fields):
    contributor = ContributorFactory(name=name)
    response = ResponseFactory(
        invitation=InvitationFactory(survey_round=survey_round, contributor=contributor),
        attribution=attribution,
        **({} if submitted else {"submitted_at": None}),
    )
    return AnswerFactory(response=response, moderation=moderation, **{"comment": f"Words of {name}.", **fields})


@pytest.mark.django_db
def test_only_approved_words_off_the_background_can_be_quoted():
    survey_round = RoundFactory()
    answer(survey_round, name="Background", attribution="background")
    answer(survey_round, name="Draft", submitted=False)
    answer(survey_round, name="Silent", comment=" ")
    for moderation in Answer.Moderation:
        answer(survey_round, name=f"State {moderation}", moderation=moderation)
    answer(RoundFactory(), name="Other round")
    assert [quote.words for quote in disclosure.quotes(survey_round=survey_round)] == ["Words of State approved."]


@pytest.mark.django_db
def test_edited_words_take_the_place_of_the_contributors_own_only_when_accepted():
    survey_round = RoundFactory()
    answer(survey_round, name="Ada", edited_words="Shorter.")
    answer(survey_round, name="Bo", edited_words="Never agreed to.", moderation="proposed")
    assert [(quote.words, quote.edited) for quote in disclosure.quotes(survey_round=survey_round)] == [
        ("Shorter.", True)
    ]


@pytest.mark.django_db
def test_quotes_stand_in_the_order_of_their_lines_not_of_their_arrival():
    survey_round = RoundFactory()
    answer(survey_round, name="Third", attribution="sector")
    answer(survey_round, name="Zoe")
    answer(survey_round, name="Second", attribution="affiliation")
    answer(survey_round, name="Abe")
    assert [quote.line for quote in disclosure.quotes(survey_round=survey_round)] == [
        "Abe, Example Cells",
        "Zoe, Example Cells",
        "an expert at Example Cells",
        "an industry expert",
    ]


@pytest.mark.django_db
def test_the_sector_is_dropped_from_the_line_where_too_few_of_it_answered():
    """The response table says how many of each sector answered: one "industry expert" of one would be named by it."""
    survey_round = RoundFactory()
    minimum = survey_round.survey.minimum_cell
    for number in range(minimum - 1):
        answer(survey_round, name=f"Expert {number}", attribution="sector")
    assert {quote.line for quote in disclosure.quotes(survey_round=survey_round)} == {"an expert on the panel"}
    answer(survey_round, name="The one more", attribution="background")  # answered, so the sector is large enough
    assert {quote.line for quote in disclosure.quotes(survey_round=survey_round)} == {"an industry expert"}


@pytest.mark.django_db
def test_who_chose_to_be_named_is_named_however_few_answered():
    survey_round = RoundFactory()
    answer(survey_round, name="Ada Sample")
    assert [quote.line for quote in disclosure.quotes(survey_round=survey_round)] == ["Ada Sample, Example Cells"]


# --- what was agreed to, and what a closed door closes

LEVELS = [*Attribution.values]
levels_ = st.sampled_from(LEVELS)
lines_ = st.dictionaries(levels_, st.sampled_from(["Ada Sample", "an expert at Example Cells", "an industry expert"]))


def unsaved(
    chosen, own="", *, closed_door=False, affiliation="Example Cells", interest="", evidence=None, exceptions=None
):
    """Words quoted as chosen, in no database. `evidence` is (level agreed to, lines as they were seen)."""
    contributor = Contributor(name="Ada Sample", affiliation=affiliation, sector="industry")
    survey_round = Round(survey=Survey(closed_door=closed_door))
    response = Response(
        invitation=Invitation(contributor=contributor, survey_round=survey_round),
        attribution=chosen,
        interest=interest,
        consent=evidence and Consent(attribution=evidence[0], lines=evidence[1], exceptions=exceptions or {}),
    )
    return Answer(response=response, question=Question(key="step", kind="text"), attribution=own)


@settings(max_examples=500, deadline=None)
@given(
    chosen=levels_,
    own=st.sampled_from(["", *LEVELS]),
    affiliation=st.sampled_from(["", "Example Cells"]),
    interest=st.sampled_from(["", "holds shares in Example Cells"]),
    evidence=st.none() | st.tuples(levels_, st.booleans()),
    exceptions=st.dictionaries(st.just("step"), levels_),
    small=st.booleans(),
)
def test_a_closed_door_survey_prints_neither_name_nor_affiliation(
    chosen, own, affiliation, interest, evidence, exceptions, small
):
    """Whatever was chosen, for all answers or for this one, and whatever was agreed to before the doors were closed."""
    if evidence is not None:
        person = Contributor(name="Ada Sample", affiliation="Example Cells", sector="industry")
        evidence = (evidence[0], disclosure.lines(person, Survey(closed_door=evidence[1]), "holds shares"))
    quoted = unsaved(
        chosen, own, closed_door=True, affiliation=affiliation, interest=interest, evidence=evidence,
        exceptions=exceptions,
    )  # fmt: skip
    line = disclosure.line_under(quoted, small_sectors={"industry"} if small else set())
    assert line in (None, "an expert on the panel" if small else "an industry expert")


@settings(max_examples=500, deadline=None)
@given(
    chosen=levels_,
    own=st.sampled_from(["", *LEVELS]),
    closed_door=st.booleans(),
    evidence=st.none() | st.tuples(levels_, lines_),
    exceptions=st.dictionaries(st.just("step"), levels_),
)
def test_nobody_is_quoted_more_openly_than_they_chose_and_agreed_to(chosen, own, closed_door, evidence, exceptions):
    quoted = unsaved(chosen, own, closed_door=closed_door, evidence=evidence, exceptions=exceptions)
    level = LEVELS.index(disclosure.level_of(quoted))
    assert level >= LEVELS.index(own or chosen)
    if evidence is not None:
        assert level >= LEVELS.index(exceptions.get("step", evidence[0]))
    if level == LEVELS.index("background"):
        assert disclosure.line_under(quoted) is None


def test_an_answer_is_quoted_as_chosen_for_it_rather_than_for_the_rest():
    assert disclosure.line_under(unsaved("sector", "named")) == "Ada Sample, Example Cells"
    assert disclosure.line_under(unsaved("named", "sector")) == "an industry expert"
    assert disclosure.line_under(unsaved("named", "background")) is None


def test_an_interest_is_printed_beside_the_name_and_only_there():
    lines = {level: disclosure.line_under(unsaved(level, interest="holds shares")) for level in LEVELS}
    assert lines == {
        "named": "Ada Sample, Example Cells (disclosed interest: holds shares)",
        "affiliation": "an expert at Example Cells",
        "sector": "an industry expert",
        "background": None,
    }


def test_the_line_is_the_one_agreed_to_whatever_staff_change_since():
    agreed = {"named": "Ada Sample, Sample Cells", "affiliation": "an expert at Sample Cells"}
    assert disclosure.line_under(unsaved("named", evidence=("named", agreed))) == "Ada Sample, Sample Cells"
    assert disclosure.line_under(unsaved("affiliation", evidence=("named", agreed))) == "an expert at Sample Cells"


def test_a_sector_that_staff_have_corrected_since_is_not_printed_as_it_was():
    agreed = {"sector": "an academic expert"}
    assert disclosure.line_under(unsaved("sector", evidence=("sector", agreed))) == "an expert on the panel"


def test_a_level_the_evidence_has_no_line_for_falls_to_the_next_more_discreet_one():
    assert disclosure.line_under(unsaved("named", evidence=("named", {"sector": "an industry expert"}))) == (
        "an industry expert"
    )
    assert disclosure.line_under(unsaved("sector", evidence=("sector", {"named": "Ada Sample"}))) is None


@pytest.mark.parametrize(
    ("before", "after", "opened"),
    [
        (("sector", ""), ("named", ""), True),
        (("background", ""), ("sector", ""), True),
        (("named", ""), ("sector", ""), False),
        (("named", ""), ("named", "holds shares"), True),
        (("named", "holds shares"), ("named", ""), False),
        (("named", "holds shares"), ("named", "holds bonds"), True),
        (("sector", ""), ("sector", "holds shares"), False),
        (("named", "holds shares"), ("affiliation", "holds bonds"), False),
    ],
)
def test_a_line_says_more_when_it_opens_up_or_discloses_something_new(before, after, opened):
    assert disclosure.line_opened(before=before, after=after) is opened


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 4])
def test_quotes_take_the_same_queries_however_many_there_are(number, django_assert_num_queries):
    survey_round = RoundFactory()
    for each in range(number):
        row = answer(survey_round, name=f"Expert {each}")
        row.response.consent = Consent.objects.create(
            response=row.response, response_version=1, attribution="named", lines={"named": f"Expert {each}"}
        )
        row.response.save()
    with django_assert_num_queries(2):
        assert len(disclosure.quotes(survey_round=survey_round)) == number
