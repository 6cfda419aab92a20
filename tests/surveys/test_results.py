"""The arithmetic, on bare numbers worked out by hand or taken from published tables."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import results
from surveys.results import Counted

amounts = st.dictionaries(st.text(min_size=1), st.integers(0, 10_000), min_size=1, max_size=9)


def test_plain_shares_are_percent_of_the_base():
    # 5 of 8 = 62.5, 3 of 8 = 37.5
    assert results.plain_shares({"yes": 5, "no": 3}, 8) == {"yes": 62.5, "no": 37.5}


def test_plain_shares_of_several_answers_each_exceed_a_hundred_together():
    assert results.plain_shares({"a": 4, "b": 3}, 4) == {"a": 100.0, "b": 75.0}


def test_shares_of_nothing_are_zero():
    assert results.plain_shares({"yes": 0, "no": 0}, 0) == {"yes": 0.0, "no": 0.0}
    assert results.weighted_shares({"yes": 0, "no": 0}) == {"yes": 0.0, "no": 0.0}
    assert results.whole_percent({"yes": 0, "no": 0}) == {"yes": 0, "no": 0}
    assert results.percent(0, 0) == 0


@pytest.mark.parametrize(("counts", "base"), [({"yes": 3}, 2), ({"yes": -1}, 2), ({"yes": 0}, -1)])
def test_a_base_that_cannot_hold_the_counts_is_refused(counts, base):
    with pytest.raises(ValueError, match=r"yes|base"):
        results.plain_shares(counts, base)


def test_weighted_shares_divide_the_confidence_of_an_option_by_that_of_all():
    # yes: 8 + 2, no: 10 -> 10 of 20 each, although two said yes and one said no.
    answers = [Counted("yes", "industry", confidence=8), Counted("yes", "industry", confidence=2)]
    answers.append(Counted("no", "academia", confidence=10))
    weights = results.weigh_options(["yes", "no"], answers)
    assert weights == {"yes": 10, "no": 10}
    assert results.weighted_shares(weights) == {"yes": 50.0, "no": 50.0}


def test_a_confidence_left_on_a_blank_weighs_nothing():
    answers = [Counted("yes", "industry", confidence=5), Counted("yes", "industry", blank="no_opinion", confidence=9)]
    assert results.weigh_options(["yes"], answers) == {"yes": 5}
    assert results.opinions(answers) == answers[:1]
    assert results.count_blanks(answers) == {"no_opinion": 1}


def test_an_answer_without_value_or_reason_was_skipped():
    assert results.count_blanks([Counted(None, "industry"), Counted(None, "industry", "prefer_not")]) == {
        "prefer_not": 1,
        "skipped": 1,
    }


def test_whole_percents_give_what_is_missing_to_the_largest_remainders():
    # 33.33 33.33 33.33: floors give 99, and the tie goes to the first asked.
    assert results.whole_percent({"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    # 14.29 28.57 57.14: floors give 14 + 28 + 57 = 99, the largest remainder is .57
    assert results.whole_percent({"a": 1, "b": 2, "c": 4}) == {"a": 14, "b": 29, "c": 57}
    # 16.67 16.67 66.67: floors give 98; equal remainders go to the larger amount, then to the first asked.
    assert results.whole_percent({"a": 1, "b": 1, "c": 4}) == {"a": 17, "b": 16, "c": 67}


def test_whole_percents_of_shares_are_those_of_the_counts():
    assert results.whole_percent({"a": 1 / 6, "b": 1 / 6, "c": 4 / 6}) == {"a": 17, "b": 16, "c": 67}
    assert results.whole_percent({"a": 100 / 3, "b": 100 / 3, "c": 100 / 3}) == {"a": 34, "b": 33, "c": 33}


def test_whole_percents_of_the_panel_that_printed_98():
    # poll-175 of the economists' panel: printed as 28, 45, 11, 14, 0. The weights are 60, 95, 24, 29 and 0 of 208:
    # 28.85, 45.67, 11.54, 13.94, so the floors 28 + 45 + 11 + 13 = 97 and the remainders .94, .85, .67 are rounded up.
    weights = {"strongly agree": 60, "agree": 95, "uncertain": 24, "disagree": 29, "strongly disagree": 0}
    assert list(results.whole_percent(weights).values()) == [29, 46, 11, 14, 0]


@given(amounts)
def test_whole_percents_add_up_and_stay_within_one(counts):
    whole = results.whole_percent(counts)
    total = sum(counts.values())
    assert list(whole) == list(counts)
    assert sum(whole.values()) == (100 if total else 0)
    for key, count in counts.items():
        assert abs(whole[key] - Fraction(100 * count, total or 1)) < 1
        assert count or whole[key] == 0


@given(amounts)
def test_whole_percents_of_shares_add_up_too(counts):
    total = sum(counts.values())
    shares = results.plain_shares(counts, total)
    assert sum(results.whole_percent(shares).values()) == (100 if total else 0)


@pytest.mark.parametrize("bad", [-1, math.nan, math.inf])
def test_amounts_that_cannot_be_shared_out_are_refused(bad):
    with pytest.raises(ValueError, match="yes has"):
        results.whole_percent({"yes": bad, "no": 1})


def test_one_share_is_rounded_half_up():
    # 1 of 8 = 12.5, 3 of 8 = 37.5, 1 of 3 = 33.3
    assert [results.percent(1, 8), results.percent(3, 8), results.percent(1, 3)] == [13, 38, 33]


def test_quartiles_are_of_type_7():
    # R: quantile(c(1, 2, 3, 4)) gives 1.75, 2.5, 3.25; quantile(c(5, 8, 10, 12.5, 15, 30)) gives 8.5, 11.25, 14.375.
    assert results.quartiles([4, 1, 3, 2]) == (1.75, 3.25)
    assert results.median([4, 1, 3, 2]) == 2.5
    assert results.quartiles([5, 8, 10, 12.5, 15, 30]) == (8.5, 14.375)
    assert results.median([5, 8, 10, 12.5, 15, 30]) == 11.25
    assert results.quartiles([7]) == (7, 7)


def test_mean_and_standard_deviation():
    # mean (2 + 4 + 4 + 4 + 5 + 5 + 7 + 9) / 8 = 5; squares 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32; 32 / 7 = 4.571
    values = [2, 4, 4, 4, 5, 5, 7, 9]
    assert results.mean(values) == 5
    assert results.standard_deviation(values) == pytest.approx(math.sqrt(32 / 7))


@pytest.mark.parametrize(
    "statistic", [results.mean, results.median, results.quartiles, results.standard_deviation, results.bin_edges]
)
def test_statistics_of_nothing_are_refused(statistic):
    with pytest.raises(ValueError, match="value"):
        statistic([])


def test_a_quantile_outside_zero_to_one_is_refused():
    with pytest.raises(ValueError, match=r"1\.5"):
        results.quantile([1, 2], 1.5)


@pytest.mark.parametrize(
    ("values", "resolution", "edges"),
    [
        # six answers aim at ceil(log2 6) + 1 = 4 bins; (30 - 5) / 4 = 6.25 is nearest to steps of 5
        ([5, 8, 10, 12.5, 15, 30], 0.1, (5, 10, 15, 20, 25, 30)),
        ([0, 100], 1, (0, 25, 50, 75, 100)),
        # whole numbers close together: a bin for each, centred on it
        ([1, 2, 3, 5], 1, (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)),
        ([30, 30, 30], 1, (29.5, 30.5)),
        ([0.1, 0.2, 0.3, 0.4], 0.1, (0.05, 0.15, 0.25, 0.35, 0.45)),
        # no resolution, and no spread either
        ([3.0], 0, (3, 4)),
        ([-5, 12.5, 0, 1], 0, (-5, 0, 5, 10, 15)),
    ],
)
def test_bins_have_edges_that_people_read_easily(values, resolution, edges):
    assert results.bin_edges(values, resolution=resolution) == edges


def test_a_value_on_an_edge_falls_into_the_bin_above_and_the_largest_into_the_last():
    assert results.count_bins([0, 10, 10, 19, 20], (0, 10, 20)) == (1, 4)


def test_a_value_outside_the_bins_is_refused():
    with pytest.raises(ValueError, match="25 lies outside"):
        results.count_bins([25], (0, 10, 20))


@given(
    st.lists(st.decimals(-(10**9), 10**9, places=2).map(float), min_size=1, max_size=60),
    st.sampled_from([0, 0.01]),
)
def test_bins_hold_every_value(values, resolution):
    edges = results.bin_edges(values, resolution=resolution)
    assert list(edges) == sorted(set(edges))
    assert len(edges) <= 14
    assert sum(results.count_bins(values, edges)) == len(values)
    assert edges == results.bin_edges(list(reversed(values)), resolution=resolution)


def test_values_that_are_not_finite_cannot_be_binned():
    with pytest.raises(ValueError, match="finite"):
        results.bin_edges([1, math.inf])


def test_sectors_stand_in_their_order_and_none_is_empty():
    answers = [Counted(1, "government"), Counted(2, "press"), Counted(3, "industry"), Counted(4, "government")]
    found = results.by_sector(answers)
    assert list(found) == ["industry", "government", "press"]
    assert [answer.value for answer in found["government"]] == [1, 4]
