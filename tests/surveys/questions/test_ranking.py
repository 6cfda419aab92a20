import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.ranking import Ranking
from surveys.results import Counted

OPTIONS = tuple({"key": key, "label": key.upper()} for key in "abcd")
NAMES = {"all": "All", "industry": "Industry"}


def spec(**settings):
    return QuestionSpec(key="order", kind="ranking", prompt="In which order?", options=OPTIONS, settings=settings)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": "1", "b": "1"}, "Place 1 is given more than once. Give each place to one line only."),
        ({"a": "1"}, "Not given yet: place 2."),
        ({"a": "1", "b": "3"}, "Places are numbers from 1 to 2."),
        ({"a": "1", "b": "9" * 5000}, "Places are numbers from 1 to 2."),
        ({"a": "1", "z": "2"}, "This answer could not be read. Please fill it in once more."),
        (["a", "a"], "This answer could not be read. Please fill it in once more."),
    ],
)
def test_ties_gaps_and_strangers_are_refused_in_words(given, message):
    with pytest.raises(ValidationError) as refusal:
        Ranking().form_field(spec(top=2)).clean(given)
    assert refusal.value.messages == [message]


def test_places_become_the_order():
    assert Ranking().form_field(spec()).clean({"a": "2", "b": "1", "c": "4", "d": "3"}) == ["b", "a", "d", "c"]


def test_mean_rank_shares_the_places_that_were_left():
    """Of a, b | a, c | b, a of four: a stands 1, 1, 2; b 2, 3.5, 1; c 3.5, 2, 3.5; d 3.5 three times."""
    tally = compile_tallies(spec(top=2), [Counted(order, "industry") for order in (["a", "b"], ["a", "c"], ["b", "a"])])
    assert tally["all"].counts == {"a": 2, "b": 1, "c": 0, "d": 0}
    assert tally["all"].measures == {
        "rank:a": pytest.approx(4 / 3),
        "rank:b": pytest.approx(6.5 / 3),
        "rank:c": 3.0,
        "rank:d": 3.5,
    }
    chart = Ranking().chart(spec(top=2), tally, names=NAMES)
    assert [bar.label for bar in chart.bars] == ["A", "B", "C", "D"]
    assert [round(bar.value) for bar in chart.bars] == [89, 61, 33, 17]
    assert chart.bars[0].note == "First for 2 of 3. Mean rank by sector: Industry 1.3 (n = 3)"
    assert Ranking().finding(spec(top=2), tally) == "“A” ranks highest"


def test_more_places_than_options_are_refused_at_set_up():
    assert Ranking().problems(spec(top=5)) == ["top: there are only 4 options."]


def test_export_has_a_place_for_each_option():
    assert Ranking().cells(spec(top=2), ["c", "a"]) == [2, None, 1, None]


def test_random_order_is_each_contributors_own_and_stays():
    orders = []
    for seed in ("1:order", "2:order", "3:order", "1:order"):
        field = Ranking().form_field(spec(shuffle=True))
        Ranking().arrange(field, spec(shuffle=True), seed=seed)
        orders.append("".join(part.key for part in field.widget.parts))
    assert orders[0] == orders[-1]
    assert len({*orders}) > 1
    field = Ranking().form_field(spec())
    Ranking().arrange(field, spec(), seed="1:order")
    assert [part.key for part in field.widget.parts] == [*"abcd"]
