"""Rankings, on elections of the literature and a published table."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.consensus import borda_scores, condorcet_winner, kendalls_w, mean_ranks, pairwise_wins, places

# DescTools, data set `anxiety`: three raters of twenty people, one row for each of these.
ANXIETY = """
3 3 2, 3 6 1, 3 4 4, 4 6 4, 5 2 3, 5 4 2, 2 2 1, 3 4 6, 5 3 1, 2 3 1,
2 2 1, 6 3 2, 1 3 3, 5 3 3, 2 2 1, 2 2 1, 1 1 3, 2 3 3, 4 3 2, 3 4 2
"""
KEYS = "ABCD"
rankings = st.lists(
    st.permutations(KEYS).flatmap(lambda order: st.integers(1, 4).map(lambda length: order[:length])),
    min_size=1,
    max_size=12,
)


def judges():
    rows = [[int(number) for number in row.split()] for row in ANXIETY.split(",")]
    return [[*column] for column in zip(*rows, strict=True)]


def ballots(table):
    return [order for order, times in table.items() for _ in range(times)]


def test_options_left_out_share_the_places_that_are_left():
    assert places(KEYS, ["C", "A"]) == {"A": 2, "B": 3.5, "C": 1, "D": 3.5}
    assert mean_ranks(KEYS, ["CA", "ABCD"]) == {"A": 1.5, "B": 2.75, "C": 2, "D": 3.75}


@pytest.mark.parametrize("ranking", ["AA", "AX"])
@pytest.mark.parametrize("story", [mean_ranks, borda_scores, pairwise_wins])
def test_what_is_no_ranking_is_refused(story, ranking):
    with pytest.raises(ValueError, match="no ranking"):
        story(KEYS, [ranking])


def test_nobody_has_no_mean_rank():
    with pytest.raises(ValueError, match="no rankings"):
        mean_ranks(KEYS, [])


def test_bordas_own_election():
    # de Borda 1784, as told by Young 1988 (Am. Polit. Sci. Rev. 82: 1231-1244): A has most first places and loses to
    # both others.
    votes = ballots({"ABC": 1, "ACB": 7, "BCA": 7, "CBA": 6})
    assert borda_scores("ABC", votes) == {"A": 16, "B": 21, "C": 26}
    wins = pairwise_wins("ABC", votes)
    assert wins == {"A": {"B": 8, "C": 8}, "B": {"A": 13, "C": 8}, "C": {"A": 13, "B": 13}}
    assert condorcet_winner(wins) == "C"


def test_condorcets_own_circle_has_no_winner():
    # de Condorcet 1785, as told by Young 1988: sixty voters who prefer A to B, B to C and C to A.
    votes = ballots({"ABC": 23, "BCA": 17, "BAC": 2, "CAB": 10, "CBA": 8})
    wins = pairwise_wins("ABC", votes)
    assert wins == {"A": {"B": 33, "C": 25}, "B": {"A": 27, "C": 42}, "C": {"A": 35, "B": 18}}
    assert condorcet_winner(wins) is None
    assert borda_scores("ABC", votes) == {"A": 58, "B": 69, "C": 53}


def test_who_leaves_both_out_prefers_neither():
    wins = pairwise_wins("ABC", ["A", "AB"])
    assert wins == {"A": {"B": 2, "C": 2}, "B": {"A": 0, "C": 1}, "C": {"A": 0, "B": 0}}


def test_a_draw_is_no_majority():
    assert condorcet_winner(pairwise_wins("AB", ["AB", "BA"])) is None
    assert condorcet_winner({}) is None


@settings(deadline=None)
@given(rankings)
def test_borda_is_pairwise_wins_and_half_of_the_ties(votes):
    wins, points, ranks = pairwise_wins(KEYS, votes), borda_scores(KEYS, votes), mean_ranks(KEYS, votes)
    assert sum(points.values()) == pytest.approx(len(votes) * 6)
    for key in KEYS:
        ties = sum(len(votes) - wins[key][other] - wins[other][key] for other in wins[key])
        assert points[key] == pytest.approx(sum(wins[key].values()) + ties / 2)
        assert points[key] == pytest.approx(len(votes) * (len(KEYS) - ranks[key]))


# --- Kendall's W


def test_concordance_is_that_of_the_published_table():
    # DescTools: KendallW(anxiety, TRUE, test=TRUE); the p values as printed by irr: kendall(anxiety, TRUE / FALSE)
    found = kendalls_w(judges())
    assert found.w == pytest.approx(0.5396569, abs=5e-8)
    assert (found.judges, found.objects, found.degrees) == (3, 20, 19)
    assert found.chi_square == pytest.approx(3 * 19 * 0.5396569, abs=5e-6)
    assert found.p_value == pytest.approx(0.0429, abs=5e-5)


def test_concordance_without_the_correction_is_that_of_the_published_table():
    found = kendalls_w(judges(), ties=False)
    assert found.w == pytest.approx(0.5019215, abs=5e-8)
    assert found.p_value == pytest.approx(0.0724, abs=5e-5)


def test_concordance_at_its_ends():
    assert kendalls_w([[1, 2, 3], [10, 20, 30]]).w == 1
    assert kendalls_w([[1, 2, 3], [3, 2, 1]]).w == 0
    # Tied judges who agree are wholly concordant only with the correction.
    assert kendalls_w([[1, 1, 2], [1, 1, 2]]).w == 1
    assert kendalls_w([[1, 1, 2], [1, 1, 2]], ties=False).w == 0.75


@settings(deadline=None)
@given(st.integers(2, 6).flatmap(lambda size: st.lists(st.permutations(range(size)), min_size=2, max_size=8)))
def test_concordance_does_not_mind_order_or_unit(rows):
    found = kendalls_w(rows)
    assert 0 <= found.w <= 1
    assert kendalls_w(rows[::-1]).w == found.w
    assert kendalls_w([row[::-1] for row in rows]).w == found.w
    assert kendalls_w([[value**3 for value in row] for row in rows]).w == found.w
    # All turned round together, they concur as much.
    assert kendalls_w([[-value for value in row] for row in rows]).w == found.w


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "two judges"),
        ([[1, 2]], "two judges"),
        ([[1], [1]], "two objects"),
        ([[1, 2], [1, 2, 3]], "the same"),
        ([[1, float("nan")], [1, 2]], "must be a number"),
        ([[1, 1], [2, 2]], "everything alike"),
    ],
)
def test_what_cannot_concur_is_refused(rows, why):
    with pytest.raises(ValueError, match=why):
        kendalls_w(rows)
