import pytest

from surveys import wording
from surveys.questions import QuestionSpec, question_type
from surveys.results import Counted, Tally

STATEMENT = QuestionSpec(key="catch-up", kind="statement", prompt="It can.")
CHOICE = QuestionSpec(
    key="hurdle",
    kind="single_choice",
    prompt="Which?",
    options=[{"key": "cost", "label": "Cost"}, {"key": "skills", "label": "Skills"}, {"key": "law", "label": "Law"}],
)


@pytest.mark.parametrize(
    ("count", "base", "word"),
    [
        (20, 20, "all"),
        (19, 20, "nearly all"),
        (18, 20, "nearly all"),  # 90 %
        (17, 20, "most"),
        (2, 3, "most"),  # two thirds exactly
        (13, 20, "a majority"),  # 65 %
        (12, 20, "a majority"),
        (11, 20, "about half"),  # 55 % exactly
        (10, 20, "about half"),
        (9, 20, "about half"),  # 45 % exactly
        (8, 20, "a minority"),
        (2, 20, "a minority"),  # 10 % exactly
        (1, 20, "few"),
        (0, 20, "none"),
    ],
)
def test_each_word_has_its_bounds(count, base, word):
    assert wording.amount(count, base) == word


@pytest.mark.parametrize(("count", "base"), [(0, 0), (3, 2), (-1, 2)])
def test_a_share_of_nothing_has_no_word(count, base):
    with pytest.raises(ValueError, match="of"):
        wording.amount(count, base)


def lead_of(spec: QuestionSpec, counts: dict[str, int]) -> str:
    tally = Tally(asked=sum(counts.values()) + 1, base=sum(counts.values()), counts=counts)
    groups = {"all": tally}
    return wording.lead(question_type(spec.kind).chart(spec, groups, names={"all": "All"}), spec, groups)


def statement(*counts: int) -> str:
    """The lead for so many on each of the five points, from strongly disagree to strongly agree."""
    keys = ("strongly_disagree", "disagree", "neutral", "agree", "strongly_agree")
    return lead_of(STATEMENT, dict(zip(keys, counts, strict=True)))


@pytest.mark.parametrize(
    ("counts", "lead"),
    [
        ((0, 0, 0, 2, 2), "All agree"),
        ((5, 5, 0, 0, 0), "All disagree"),
        ((1, 3, 4, 9, 5), "A majority agree"),  # 14 of 22 are 64 %
        ((4, 2, 2, 1, 0), "Most disagree"),  # 6 of 9
        ((0, 3, 3, 3, 0), "Opinion is evenly divided"),
        ((1, 2, 3, 2, 2), "Neither side has a majority"),  # 4 of 10
    ],
)
def test_the_lead_of_a_statement_names_the_larger_side(counts, lead):
    assert statement(*counts) == lead


@pytest.mark.parametrize(
    ("counts", "lead"),
    [
        ((6, 2, 1), "Most chose “Cost”"),
        ((5, 3, 2), "About half chose “Cost”"),
        ((4, 3, 3), "No answer has a majority; “Cost” was chosen most often"),
        ((4, 4, 1), "“Cost” and “Skills” were chosen equally often"),
    ],
)
def test_the_lead_of_a_choice_names_what_was_chosen_most(counts, lead):
    assert lead_of(CHOICE, dict(zip(("cost", "skills", "law"), counts, strict=True))) == lead


def test_other_shapes_have_no_lead():
    assert wording.lead(object(), STATEMENT, {}) == ""


def test_a_kind_may_tell_its_own_finding():
    spec = QuestionSpec(key="order", kind="ranking", prompt="Which?", options=CHOICE.options)
    first = Counted(["skills", "cost", "law"], "industry")
    groups = {"all": question_type("ranking").tally(spec, [first] * 3)}
    chart = question_type("ranking").chart(spec, groups, names={"all": "All"})
    assert wording.lead(chart, spec, groups) == "“Skills” ranks highest"
