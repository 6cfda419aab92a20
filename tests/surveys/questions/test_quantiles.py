import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.quantiles import Quantiles
from surveys.results import Counted

NAMES = {"all": "All", "industry": "Industry", "academia": "Academia"}


def spec(**settings):
    return QuestionSpec(key="share", kind="quantiles", prompt="How many?", settings=settings)


SHARE = spec(unit="%", minimum=0, maximum=100)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"p5": "10", "p50": "5", "p95": "20"}, "“Low” is above “Best estimate”. They must rise."),
        ({"p5": "5", "p95": "20"}, "Not given yet: “Best estimate”."),
        ({"p50": "5"}, "Not given yet: “Low” and 1 more."),
        ({"p5": "5", "p50": "5", "p95": "5"}, "Leave some room between the lowest and the highest of them."),
        ({"p5": "5", "p50": "10", "p95": "120"}, "High: Out of range. From 0% to 100%."),
    ],
)
def test_estimates_that_do_not_rise_are_refused_in_words(given, message):
    with pytest.raises(ValidationError) as refusal:
        Quantiles().form_field(SHARE).clean(given)
    assert refusal.value.messages == [message]


def test_figure_is_the_median_of_each_quantile():
    """Low 2, 4, 9; best 8, 10, 20; high 15, 30, 60: in the middle 4, 10 and 30."""
    answers = [Counted([2, 8, 15], "industry"), Counted([4, 20, 60], "industry"), Counted([9, 10, 30], "academia")]
    tallies = compile_tallies(SHARE, answers)
    assert tallies["all"].measures == {"p5": 4, "p50": 10, "p95": 30}
    chart = Quantiles().chart(SHARE, {"all": tallies["all"]}, names=NAMES)
    assert [(row.label, row.low, row.middle, row.high, row.base) for row in chart.rows] == [("All", 4, 10, 30, 3)]
    assert Quantiles().reading(SHARE, {"all": tallies["all"]}, names=NAMES) == [
        "The median best estimate of 3 answers is 10%, between a median low (5%) of 4% and a median high (95%) of 30%."
    ]


def test_five_quantiles_have_an_inner_interval():
    five = spec(levels=[10, 25, 50, 75, 90])
    assert Quantiles().problems(five) == []
    (row,) = Quantiles().drawn_back(five, [1, 2, 3, 4, 5]).rows
    assert (row.low, row.inner, row.middle, row.high) == (1, (2, 4), 3, 5)
    assert Quantiles().columns(five) == ["share_p10", "share_p25", "share_p50", "share_p75", "share_p90"]


@pytest.mark.parametrize("levels", [[5, 95], [50, 5, 95], [5, 40, 95], [0, 50, 100], "5, 50, 95", [5, 50.0, 95]])
def test_quantiles_are_three_or_five_that_rise(levels):
    assert len(Quantiles().problems(spec(levels=levels))) == 1
