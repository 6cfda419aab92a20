"""Two rounds of the same people, on numbers worked out by hand or published."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.consensus import median_shift, share_changed, sign_test, signed_rank_test, symmetry_test

answers = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=70)
PAIRED = [share_changed, signed_rank_test, sign_test, symmetry_test]


def moves(table):
    """before, after from {(before, after): how many}."""
    pairs = [pair for pair, times in table.items() for _ in range(times)]
    return [first for first, _ in pairs], [second for _, second in pairs]


def test_share_changed_is_of_people():
    assert share_changed(["yes", "yes", "no", "no"], ["yes", "no", "yes", "no"]) == 50.0
    assert share_changed([3], [3]) == 0.0


def test_median_shift_is_how_far_the_middle_went():
    assert median_shift([1, 2, 9], [3, 4, 5]) == 2.0
    assert median_shift([5, 6], [1]) == -4.5
    with pytest.raises(ValueError, match="no values"):
        median_shift([], [1])


@pytest.mark.parametrize("test", PAIRED)
def test_rounds_of_other_people_make_no_pairs(test):
    with pytest.raises(ValueError, match="2 opinions before and 1 after"):
        test([1, 2], [1])
    with pytest.raises(ValueError, match="no pairs"):
        test([], [])


@pytest.mark.parametrize("test", [signed_rank_test, sign_test])
def test_what_is_no_number_went_nowhere(test):
    with pytest.raises(ValueError, match="finite"):
        test([1, math.nan], [1, 2])


@pytest.mark.parametrize("test", [signed_rank_test, sign_test, symmetry_test])
def test_where_nobody_moved_there_is_nothing_to_explain(test):
    found = test([3, 4, 5], [3, 4, 5])
    assert (found.statistic, found.p_value, found.moved, found.pairs, found.exact) == (0, 1.0, 0, 3, True)


# --- signed ranks


def test_signed_ranks_are_those_of_the_published_example():
    # Hollander and Wolfe 1973, 29 f. (depression scale of nine patients; also the example of R's wilcox.test):
    # V = 40, one-sided p = 0.01953, that is 10 of the 512 ways.
    first = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    found = signed_rank_test(second, first)
    assert found.statistic == 40
    assert found.p_value == 2 * 10 / 512
    assert found.exact


@pytest.mark.parametrize(
    ("pairs", "smaller_sum", "tail"),
    [(6, 0, 0.016), (8, 3, 0.020), (10, 8, 0.024)],  # one tail, Hollander and Wolfe 1973, table A.4
)
def test_exact_p_values_are_those_of_the_table(pairs, smaller_sum, tail):
    # Whoever went down has ranks that add up to the smaller sum.
    down = {0: set(), 3: {3}, 8: {8}}[smaller_sum]
    after = [-rank if rank in down else rank for rank in range(1, pairs + 1)]
    found = signed_rank_test([0] * pairs, after)
    assert found.statistic == pairs * (pairs + 1) / 2 - smaller_sum
    assert found.p_value == pytest.approx(2 * tail, abs=1e-3)


def test_equal_moves_share_their_ranks_and_p_stays_exact():
    # Ranks 1.5, 1.5 and 3, all up: one of 8 ways, twice. The one who stayed does not count.
    found = signed_rank_test([1, 1, 1, 5], [2, 2, 3, 5])
    assert (found.statistic, found.p_value, found.moved, found.pairs) == (6, 0.25, 3, 4)


def test_moves_that_are_equal_on_paper_are_tied():
    # 0.3 - 0.2 and 0.2 - 0.1 differ as doubles; tied they cancel.
    found = signed_rank_test([0.2, 0.2], [0.3, 0.1])
    assert (found.statistic, found.p_value) == (1.5, 1.0)


def test_many_moves_are_compared_with_the_normal_distribution():
    # 60 who moved by 1 to 60, the first 20 of them down: W+ = 1830 - 210 = 1620, mean 915, variance 60*61*121/24.
    after = [-rank if rank <= 20 else rank for rank in range(1, 61)]
    found = signed_rank_test([0] * 60, after)
    z = (1620 - 915 - 0.5) / math.sqrt(60 * 61 * 121 / 24)
    assert (found.statistic, found.exact) == (1620, False)
    assert found.p_value == pytest.approx(math.erfc(z / math.sqrt(2)))


def test_the_approximation_meets_the_exact_distribution():
    after = [rank if rank % 3 else -rank for rank in range(1, 51)]
    exact = signed_rank_test([0] * 50, after)
    beyond = signed_rank_test([0] * 51, [*after, 0.5])
    assert (exact.exact, beyond.exact) == (True, False)
    assert beyond.p_value == pytest.approx(exact.p_value, rel=0.1)


# --- signs


def test_signs_follow_the_binomial_distribution():
    # 8 of 9 went up: 2 * (1 + 9) / 2^9
    found = sign_test([5] * 9, [6] * 8 + [4])
    assert (found.statistic, found.p_value) == (8, 20 / 512)


def test_many_signs_are_compared_with_the_normal_distribution():
    found = sign_test([0] * 1100, [1] * 600 + [-1] * 500)
    assert not found.exact
    assert found.p_value == pytest.approx(math.erfc((50 - 0.5) / math.sqrt(275) / math.sqrt(2)))
    assert sign_test([0] * 1000, [1] * 545 + [-1] * 455).p_value == pytest.approx(found.p_value, abs=3e-3)


# --- options


def test_two_options_are_mcnemars_exact_test():
    # 6 went from no to yes, 1 back: 2 * (1 + 7) / 2^7
    before, after = moves({("no", "yes"): 6, ("yes", "no"): 1, ("yes", "yes"): 20})
    found = symmetry_test(before, after)
    assert found.statistic == pytest.approx(25 / 7)
    assert (found.p_value, found.moved, found.pairs) == (16 / 128, 7, 27)


def test_many_moves_between_two_options_are_mcnemars_corrected_test():
    # Approval of the prime minister, twice (Agresti 2002, Categorical Data Analysis, table 10.1): 150 left, 86 came.
    before, after = moves({("for", "for"): 794, ("for", "not"): 150, ("not", "for"): 86, ("not", "not"): 570})
    found = symmetry_test(before, after)
    assert found.statistic == pytest.approx((64 - 1) ** 2 / 236)
    assert found.p_value == pytest.approx(math.erfc(63 / math.sqrt(2 * 236)))
    assert not found.exact


def test_three_options_are_bowkers_test_exact_while_few_moved():
    # 3 went from a to b and none back, 2 from b to c and none back: B = 3 + 2, as large in 2 * 2 of 2^5 ways.
    before, after = moves({("a", "b"): 3, ("b", "c"): 2, ("a", "a"): 4})
    found = symmetry_test(before, after)
    assert (found.statistic, found.p_value, found.exact) == (5, 4 / 32, True)


def test_three_options_are_bowkers_test_by_chi_square_where_many_moved():
    table = {("a", "b"): 40, ("b", "a"): 20, ("a", "c"): 30, ("c", "a"): 30, ("b", "c"): 10, ("c", "b"): 25}
    found = symmetry_test(*moves(table))
    value = 20**2 / 60 + 0 + 15**2 / 35
    assert found.statistic == pytest.approx(value)
    tail = math.erfc(math.sqrt(value / 2)) + math.sqrt(2 * value / math.pi) * math.exp(-value / 2)
    assert found.p_value == pytest.approx(tail)
    assert not found.exact


def test_moves_that_cancel_are_no_movement():
    found = symmetry_test(*moves({("a", "b"): 4, ("b", "a"): 4, ("b", "c"): 30, ("c", "b"): 30}))
    assert (found.statistic, found.p_value) == (0, 1.0)


# --- whatever is asked


@settings(deadline=None)
@given(answers)
def test_going_back_is_as_likely_as_going_there(pairs):
    before, after = [first for first, _ in pairs], [second for _, second in pairs]
    for test in (signed_rank_test, sign_test, symmetry_test):
        there, back = test(before, after), test(after, before)
        assert 0 <= there.p_value <= 1
        assert there.p_value == pytest.approx(back.p_value)
        assert (there.moved, there.pairs, there.exact) == (back.moved, back.pairs, back.exact)
    assert signed_rank_test(before, after).moved == round(share_changed(before, after) * len(pairs) / 100)


@settings(deadline=None)
@given(answers)
def test_order_of_people_and_unit_do_not_matter(pairs):
    before, after = [first for first, _ in pairs], [second for _, second in pairs]
    turned = signed_rank_test(before[::-1], after[::-1])
    scaled = signed_rank_test([value / 10 for value in before], [value / 10 for value in after])
    assert signed_rank_test(before, after) == turned == scaled
