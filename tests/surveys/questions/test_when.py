from datetime import date

import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.when import When
from surveys.results import Counted

NAMES = {"all": "All", "industry": "Industry"}


def spec(**settings):
    return QuestionSpec(key="year", kind="when", prompt="When?", settings=settings)


@pytest.mark.parametrize(
    ("question", "typed", "message"),
    [
        (spec(), "soon", "Enter a year, e.g. 2035."),
        (spec(), "35", "Enter a year, e.g. 2035."),
        (spec(earliest=2026, latest=2100), "2025", "Out of range. From 2026 to 2100."),
        (spec(date=True), "2035-02-31", "Enter a date as year-month-day, e.g. 2035-06-30."),
        (spec(date=True), "2035", "Enter a date as year-month-day, e.g. 2035-06-30."),
        (spec(date=True, latest=2030), "2031-01-01", "Out of range. 2030 or earlier."),
    ],
)
def test_what_is_no_year_or_date_is_refused_in_words(question, typed, message):
    with pytest.raises(ValidationError) as refusal:
        When().form_field(question).clean(typed)
    assert refusal.value.messages == [message]


def test_dates_are_stored_as_text_and_counted_by_year():
    asked = spec(date=True)
    value = When().form_field(asked).clean("2035-06-30")
    assert (value, When().dump(value), When().load("2035-06-30")) == (date(2035, 6, 30), "2035-06-30", value)
    assert When().readable(asked, "2035-06-30") == "June 30, 2035"
    tallies = compile_tallies(asked, [Counted(date(year, 5, 1), "industry") for year in (2030, 2034, 2050)])
    assert When().reading(asked, tallies, names=NAMES)[0] == "The median of 3 answers is 2034."


def test_years_have_no_thousands():
    tallies = compile_tallies(spec(), [Counted(year, "industry") for year in (2030, 2031, 2033, 2034)])
    reading = When().reading(spec(), tallies, names=NAMES)
    assert reading[0] == "The median of 4 answers is 2032."
    assert not When().chart(spec(), tallies, names=NAMES).grouped
