"""Cooke's classical model by hand, and on a published case. Data: ../shared/data/cooke."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.consensus import classical_model, excalibur
from surveys.consensus.classical_model import (
    Elicitation,
    Item,
    calibration,
    decision_maker,
    equal_weights,
    global_weights,
    information,
    leave_out_each_contributor,
    leave_out_each_item,
    optimized_weights,
    scores,
)

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "cooke"
published = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the published case is not at {FOLDER}")
LEVELS = (0.05, 0.5, 0.95)


@pytest.fixture(scope="module")
def tobacco():
    return excalibur.read((FOLDER / "tobacco.dtt").read_text(), (FOLDER / "tobacco.rls").read_text())


def seeds(*truths):
    return [Item(f"seed-{place}", truth) for place, truth in enumerate(truths, start=1)]


def six_figures(score):
    return [f"{number:.6f}" for number in (score.calibration, score.information, score.information_seeds, score.weight)]


# --- the published case


@published
def test_all_published_scores_come_out_to_six_digits(tobacco):
    found = scores(tobacco)
    with (FOLDER / "expected.csv").open(newline="") as rows:
        expected = list(csv.DictReader(rows))
    columns = ("calibration", "information_all_items", "information_seed_items", "weight")
    assert len(expected) == 7
    for row in expected:
        assert six_figures(found[row["expert"]]) == [row[column] for column in columns], row["expert"]
        assert found[row["expert"]].answered == int(row["answered_seed_items"])


@published
def test_the_optimized_cut_off_leaves_all_weight_on_one(tobacco):
    found = optimized_weights(tobacco)
    assert {key for key, weight in found.weights.items() if weight} == {"Ex7"}
    assert found.weights["Ex7"] == 1
    assert found.score == scores(tobacco)["Ex7"]
    assert found.cut_off == found.score.calibration
    assert tuple(found.estimates) == tobacco.estimates["Ex7"]


@published
def test_given_weights_make_the_published_decision_maker(tobacco):
    weights = dict(zip(tobacco.estimates, (1.5, 0.2, 0.3, 0.4, 0.3, 0.4, 0.5), strict=True))
    found = decision_maker(tobacco, weights)
    assert six_figures(found.score)[:3] == ["0.459729", "0.329472", "0.459663"]


@published
def test_leaving_out_shows_what_the_result_rests_on(tobacco):
    without_people = leave_out_each_contributor(tobacco)
    assert [*without_people] == [*tobacco.estimates]
    # Without the best calibrated, the second best has all weight.
    best, others = without_people.pop("Ex7"), [*without_people.values()]
    assert best is not None
    assert best.weights["Ex5"] == 1
    assert all(maker is not None and maker.weights["Ex7"] == 1 for maker in others)
    without_items = leave_out_each_item(tobacco)
    assert len(without_items) == 10
    assert {maker.score.answered for maker in without_items.values() if maker} == {9}


# --- by hand


def test_true_values_where_they_should_be_are_perfect_calibration():
    assert calibration([1, 1, 1, 1], [0.25] * 4) == 1.0
    # 4 ln 2 * 2 = 5.545 with one degree of freedom: erfc(sqrt(4 ln 2))
    assert calibration([4, 0], [0.5, 0.5]) == pytest.approx(math.erfc(math.sqrt(4 * math.log(2))))
    # The same misses weigh less where fewer questions are compared: 2 * 2 ln 2.
    assert calibration([4, 0], [0.5, 0.5], questions=2) == pytest.approx(math.erfc(math.sqrt(2 * math.log(2))))


@pytest.mark.parametrize("counts", [[1, 2, 3], [0, 0], [3, -1]])
def test_what_counts_nothing_is_refused(counts):
    with pytest.raises(ValueError, match="no counts"):
        calibration(counts, [0.5, 0.5])


def test_information_is_what_an_even_spread_lacks():
    assert information((2.5, 5, 7.5), [0.25] * 4, low=0, high=10) == pytest.approx(0)
    # 3.3 / 9.9 and 6.6 / 9.9 come out as thirds that miss by the last digit; a weight below 0 would be none.
    assert all(information((k, 2 * k), [1 / 3] * 3, low=0, high=3 * k) >= 0 for k in (0.1, 0.7, 1.1, 3.3, 5.7, 9.1))
    # Half of it on a quarter of the range: 0.5 ln 2 + 0.5 ln(2/3) = 0.5 ln(4/3)
    assert information((2.5,), [0.5, 0.5], low=0, high=10) == pytest.approx(0.5 * math.log(4 / 3))


@pytest.mark.parametrize("estimate", [(5, 5, 6), (0, 5, 6), (4, 5, 10), (4, 5)])
def test_an_interval_without_width_is_refused(estimate):
    with pytest.raises(ValueError, match="does not rise within"):
        information(estimate, [0.05, 0.45, 0.45, 0.05], low=0, high=10)


def test_a_true_value_on_a_quantile_counts_as_below():
    # On the median: of two intervals the lower one has it, both times.
    said = Elicitation((0.5,), seeds(5, 7), {"ada": [(5,), (7,)], "ben": [(4,), (8,)]})
    assert scores(said)["ada"].calibration == pytest.approx(calibration([2, 0], [0.5, 0.5]))
    assert scores(said)["ben"].calibration == 1.0


def test_ranges_hold_what_was_said_and_what_came_true():
    said = Elicitation((0.5,), seeds(10, None), {"ada": [(2,), (4,)], "ben": [(3,), (6,)]}, overshoot=0.5)
    assert said.ranges == ((2 - 4, 10 + 4), (4 - 1, 6 + 1))


def test_logarithmic_items_are_compared_by_orders_of_magnitude():
    items = [Item("seed", 100, logarithmic=True)]
    said = Elicitation((0.5,), items, {"ada": [(10,)], "ben": [(1000,)]}, overshoot=0.5)
    # ln 10 to ln 1000, half of that more on both sides; 1/4 of the range below ada, and above ben
    assert scores(said)["ada"].information == pytest.approx(0.5 * math.log(4 / 3))
    # The pool's median lies in the middle of the logarithms.
    [pooled] = equal_weights(said).estimates
    assert pooled == pytest.approx((100,))


def test_equal_weights_are_the_opinion_pool():
    # Medians of 2 and 8 on a range of 0 to 10: worked out in test_pooling.
    said = Elicitation((0.5,), seeds(5), {"ada": [(2,)], "ben": [(8,)]}, overshoot=1 / 3)
    found = equal_weights(said)
    assert found.weights == {"ada": 0.5, "ben": 0.5}
    assert found.estimates[0] == pytest.approx((5,))
    # With three times the weight: at 2 there is 0.75 * 0.5 + 0.25 * 0.125, at 8 0.75 * 0.875 + 0.25 * 0.5.
    at_2, at_8 = 0.40625, 0.78125
    found = decision_maker(said, {"ada": 3, "ben": 1})
    assert found.estimates[0] == pytest.approx((2 + 6 * (0.5 - at_2) / (at_8 - at_2),))


def test_whoever_gave_no_estimate_lends_their_weight_to_the_others():
    said = Elicitation((0.25, 0.75), seeds(5, None, None), {"ada": [(3, 4), None, None], "ben": [(6, 7), (7, 8), None]})
    found = decision_maker(said, {"ada": 3, "ben": 1})
    assert found.estimates[1:] == [(7, 8), None]
    assert 3 < found.estimates[0][0] < 6


def test_whoever_estimated_no_calibration_question_has_no_score():
    said = Elicitation((0.5,), seeds(5, 6, None), {"ada": [(4,), (7,), (1,)], "ben": [None, None, (2,)]})
    assert [*scores(said)] == ["ada"]
    assert global_weights(said).weights == {"ada": 1, "ben": 0}


def test_calibration_is_taken_at_the_questions_of_whoever_answered_fewest():
    said = Elicitation((0.5,), seeds(5, 5, 5, 5), {"ada": [(9,)] * 4, "ben": [(9,), (9,), None, None]})
    found = scores(said)
    assert (found["ada"].answered, found["ben"].answered) == (4, 2)
    assert found["ada"].calibration == found["ben"].calibration == pytest.approx(calibration([2, 0], [0.5, 0.5]))


def test_below_the_cut_off_nobody_has_weight():
    items = seeds(*range(1, 11))
    good = [(item.realization - 0.5 if place % 2 else item.realization + 0.5,) for place, item in enumerate(items)]
    poor = [(item.realization + 0.3,) for item in items]
    said = Elicitation((0.5,), items, {"good": good, "poor": poor})
    assert scores(said)["good"].calibration == 1.0
    assert scores(said)["poor"].calibration < 0.001
    assert global_weights(said).weights["poor"] > 0
    assert global_weights(said, cut_off=0.05).weights == {"good": 1, "poor": 0}
    with pytest.raises(ValueError, match="Nobody has weight"):
        global_weights(said, cut_off=1.1)


def test_who_missed_equally_badly_stands_on_the_same_side_of_every_cut_off():
    # One always too low and one always too high: their calibration differs in the last digit only, by the noise of
    # 1 - 0.95. A cut-off between them would be a matter of chance.
    low, high = [(11, 12, 13)] * 3, [(1, 2, 3)] * 3
    said = Elicitation(LEVELS, seeds(7, 7, 7), {"low": low, "high": high})
    assert scores(said)["low"].calibration == scores(said)["high"].calibration
    found = optimized_weights(said)
    assert all(found.weights.values())


def test_two_who_miss_on_either_side_are_better_together():
    # The optimum is the lowest cut-off here, which leaves both in.
    items = seeds(10, 20, 30, 40)
    low = [(item.realization - 3, item.realization - 2, item.realization - 1) for item in items]
    high = [(item.realization + 1, item.realization + 2, item.realization + 3) for item in items]
    found = optimized_weights(Elicitation(LEVELS, items, {"low": low, "high": high}))
    assert (
        found.score.calibration > 10 * scores(Elicitation(LEVELS, items, {"low": low, "high": high}))["low"].calibration
    )
    assert found.weights == pytest.approx({"low": 0.5, "high": 0.5})


def test_leaving_out_what_everything_rests_on_leaves_nobody():
    said = Elicitation((0.25, 0.75), seeds(5, None), {"ada": [(3, 4), (1, 2)], "ben": [None, (2, 3)]})
    assert leave_out_each_item(said) == {"seed-1": None}
    assert leave_out_each_contributor(said)["ada"] is None


# --- whatever is asked

values = st.lists(st.integers(1, 60), min_size=3, max_size=3, unique=True).map(sorted)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(values, min_size=4, max_size=4), min_size=2, max_size=4), st.floats(0.01, 100))
def test_scores_do_not_depend_on_the_unit(said, factor):
    def measured(times):
        items = [Item(str(place), truth * times) for place, truth in enumerate((7.5, 20.5, 33.5))] + [Item("target")]
        given = {
            str(name): [[value * times for value in one] for one in estimates] for name, estimates in enumerate(said)
        }
        return Elicitation(LEVELS, items, given)

    here, there = scores(measured(1)), scores(measured(factor))
    for name, score in here.items():
        assert 0 <= score.calibration <= 1
        assert score.information >= -1e-9
        assert there[name].calibration == pytest.approx(score.calibration)
        assert there[name].information == pytest.approx(score.information)
    best = optimized_weights(measured(1))
    assert sum(best.weights.values()) == pytest.approx(1)
    for cut_off in {score.calibration for score in here.values()}:
        assert best.score.weight >= global_weights(measured(1), cut_off=cut_off).score.weight - 1e-9


# --- refused


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"levels": (0.5, 0.05, 0.95)}, "Levels rise"),
        ({"levels": ()}, "Levels rise"),
        ({"overshoot": 0}, "overshoot"),
        ({"estimates": {"ada": []}}, "ada gives 0 estimates of 1 items"),
        ({"estimates": {"ada": [(1, 2)]}}, "ada on seed: .* not a number for each of 3"),
        ({"estimates": {"ada": [(1, 2, math.inf)]}}, "ada on seed"),
        ({"estimates": {"ada": [(1, 1, 2)]}}, "does not rise"),
        ({"items": [Item("seed", 5, logarithmic=True)], "estimates": {"ada": [(0, 1, 2)]}}, "no logarithms"),
        ({"items": [Item("seed", 0, logarithmic=True)]}, "its realization is 0"),
    ],
)
def test_what_is_no_elicitation_is_refused(change, why):
    asked = {"levels": LEVELS, "items": [Item("seed", 5)], "estimates": {"ada": [(1, 2, 3)]}}
    Elicitation(**asked)
    with pytest.raises(ValueError, match=why):
        Elicitation(**(asked | change))


@pytest.mark.parametrize("weights", [{}, {"ada": 0}, {"ada": -1}, {"zoe": 1}])
def test_what_is_no_weight_of_them_is_refused(weights):
    said = Elicitation((0.5,), seeds(5), {"ada": [(4,)], "ben": [(6,)]})
    with pytest.raises(ValueError, match="no weights of ada, ben"):
        decision_maker(said, weights)


def test_one_value_alone_has_no_range_to_be_compared_on():
    said = Elicitation((0.5,), seeds(5), {"ada": [(5,)], "ben": [(5,)]})
    with pytest.raises(ValueError, match="two values"):
        scores(said)


def test_without_a_calibration_question_nobody_can_be_scored():
    said = Elicitation((0.5,), seeds(None), {"ada": [(4,)], "ben": [(6,)]})
    for story in (scores, optimized_weights, global_weights):
        with pytest.raises(ValueError, match="Without a calibration question"):
            story(said)
    with pytest.raises(ValueError, match="estimated a calibration question"):
        equal_weights(said)


def test_the_decision_maker_of_those_who_skipped_every_calibration_question_is_refused():
    said = Elicitation((0.5,), seeds(5, None), {"ada": [(4,), (1,)], "ben": [None, (2,)]})
    with pytest.raises(ValueError, match="estimated a calibration question"):
        classical_model.decision_maker(said, {"ben": 1})
