import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.number import Number
from surveys.results import Counted

NAMES = {"all": "All", "industry": "Industry", "academia": "Academia"}


def spec(**settings):
    return QuestionSpec(key="gwh", kind="number", prompt="How many?", settings=settings)


WHOLE = spec(unit="GWh", minimum=0, maximum=10_000)
SHARE = spec(unit="%", minimum=0, maximum=100, decimals=1)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1200", 1200),
        ("1,200", 1200),
        ("1 200", 1200),
        ("1\u202f200", 1200),
        (" 1200 GWh ", 1200),
        ("1,200\u00a0GWh", 1200),
        ("+7", 7),
        ("7.0", 7),
        ("GWh", None),
        ("  ", None),
        (0, 0),
    ],
)
def test_numbers_are_read_as_people_write_them(typed, read):
    assert Number().form_field(WHOLE).clean(typed) == read


@pytest.mark.parametrize(("typed", "read"), [("12.5%", 12.5), (".5", 0.5), ("12.", 12.0), ("-0", 0.0), ("12.50", 12.5)])
def test_decimals_are_read_where_they_are_allowed(typed, read):
    value = Number().form_field(SHARE).clean(typed)
    assert (value, str(value)) == (read, str(read))


def test_the_mathematical_minus_and_a_currency_before_the_number_are_read():
    assert Number().form_field(spec(unit="$", decimals=2)).clean("\N{MINUS SIGN}$1,200.50") == -1200.5


@pytest.mark.parametrize(
    ("question", "typed", "message"),
    [
        (WHOLE, "twelve", "Enter a number, e.g. 12."),
        (SHARE, "twelve", "Enter a number, e.g. 12.5."),
        (WHOLE, "1e3", "Enter a number, e.g. 12."),
        (WHOLE, "1 2", "Enter a number, e.g. 12."),
        (WHOLE, "12,34,567", "Enter a number, e.g. 12."),
        (SHARE, "12,5", "Write decimals with a point, e.g. 1.5."),
        (WHOLE, "12.5", "Enter a whole number, without decimals."),
        (SHARE, "12.55", "At most 1 digit after the point."),
        (WHOLE, "-1", "Out of range. From 0\u00a0GWh to 10,000\u00a0GWh."),
        (SHARE, "100.1", "Out of range. From 0% to 100%."),
        (spec(minimum=5), "4", "Out of range. 5 or more."),
        (spec(maximum=5), "6", "Out of range. 5 or less."),
        (spec(), "9" * 20, "This number is too large."),
        (spec(digits=2), "12345", "2 significant digits are enough, e.g. 12,000."),
        (spec(digits=1, decimals=3, unit="%"), "0.25", "One significant digit is enough, e.g. 0.2%."),
        (spec(), "9" * 5000, "Enter a number, e.g. 12."),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(question, typed, message):
    with pytest.raises(ValidationError) as refusal:
        Number().form_field(question).clean(typed)
    assert refusal.value.messages == [message]


def test_an_integer_too_long_to_be_written_is_refused_in_words():
    with pytest.raises(ValidationError, match="too large"):
        Number().form_field(spec()).clean(10**5000)


def test_the_bounds_stand_beside_the_field():
    assert Number().form_field(SHARE).help_text == "From 0% to 100%."
    assert Number().form_field(spec()).help_text == ""


def test_a_stored_number_is_shown_again_as_typed():
    assert Number().form_field(SHARE).prepare_value(30.0) == "30"
    assert Number().form_field(SHARE).prepare_value(12.5) == "12.5"
    assert Number().readable(SHARE, 12.5) == "12.5%"
    assert Number().readable(WHOLE, 1200) == "1,200\u00a0GWh"
    assert Number().readable(spec(unit="$"), -85) == "\N{MINUS SIGN}$85"


def tallies(question, industry, academia=()):
    answers = [Counted(value, "industry") for value in industry] + [Counted(value, "academia") for value in academia]
    return compile_tallies(question, answers)


def test_tally_has_bins_median_and_quartiles_of_type_7():
    tally = tallies(SHARE, [5.0, 8.0, 10.0, 12.5, 15.0, 30.0])["all"]
    assert tally.counts == {"5.0..10.0": 2, "10.0..15.0": 2, "15.0..20.0": 1, "20.0..25.0": 0, "25.0..30.0": 1}
    assert tally.measures == {
        "mean": pytest.approx(80.5 / 6),
        "median": 11.25,
        "q1": 8.5,
        "q3": 14.375,
        "iqr": 5.875,
    }


def test_chart_carries_the_statistics_as_they_are_printed():
    chart = Number().chart(SHARE, tallies(SHARE, [5.0, 8.0, 10.0], [12.5, 15.0, 30.0]), names=NAMES)
    assert chart.edges == (5, 10, 15, 20, 25, 30)
    assert chart.counts == (2, 2, 1, 0, 1)
    assert (chart.median, chart.quartiles, chart.base, chart.discrete) == (11.3, (8.5, 14.4), 6, False)
    assert chart.notes == ("Industry: median 8%, n = 3", "Academia: median 15%, n = 3")
    assert chart.description == (
        "The median of 6 answers is 11.3%. The middle half of the answers lies between 8.5% and 14.4%. "
        "Median by sector: Industry 8% (n = 3), Academia 15% (n = 3)."
    )


def test_whole_numbers_close_together_get_a_bar_each():
    chart = Number().chart(spec(), tallies(spec(), [1, 2, 2, 5]), names=NAMES)
    assert chart.discrete
    assert chart.edges == (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
    assert chart.counts == (1, 2, 0, 0, 1)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"minimum": 10, "maximum": 5}, "maximum: The largest number must be above the smallest."),
        ({"minimum": "5"}, "minimum: write 5, not '5'."),
        ({"minimum": "five"}, "minimum: Enter a number."),
        ({"decimals": 7}, "decimals: Ensure this value is less than or equal to 6."),
        ({"unit": 5}, "unit: write '5', not 5."),
        ({"unit": "x" * 31}, "unit: Ensure this value has at most 30 characters (it has 31)."),
        ({"minimum": 1e300}, "minimum: Ensure this value is greater than"),
        (
            {"step": 5},
            "“step” is no setting of this kind of question. Known: unit, minimum, maximum, decimals, digits, offers.",
        ),
        ([], "The settings must be a table of names and values."),
    ],
)
def test_broken_settings_are_named(settings, sentence):
    problems = Number().problems(QuestionSpec("k", "number", "P", settings=settings))
    assert len(problems) == 1
    assert problems[0].startswith(sentence) or "less than or equal" in problems[0]


def test_a_number_takes_no_options():
    problems = Number().problems(QuestionSpec("k", "number", "P", options=[{"key": "a", "label": "A"}]))
    assert problems == ["This kind of question takes no options."]
