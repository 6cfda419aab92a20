"""A survey as a file: nothing is lost on the way out and in again."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys import files
from surveys.models import Question, Round, Survey
from surveys.questions import TYPES
from tests.factories import QuestionFactory, RoundFactory, SeriesFactory, SurveyFactory
from tests.rows import every_row
from tests.surveys.answered import a_survey, an_answered_round
from tests.toml.test_writing import TEXTS

pytestmark = pytest.mark.django_db

WORDS = TEXTS.map(lambda text: text if text.strip() else f"{text}.")
LABELS = st.lists(
    st.text(st.characters(categories=["L", "M", "N", "P", "S"]), min_size=1, max_size=40),
    min_size=2,
    max_size=4,
    unique_by=str.casefold,
)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))
ZONES = st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])


def run(*words, **options) -> str:
    out = StringIO()
    call_command("survey", *map(str, words), stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def export(survey) -> str:
    return run("export", survey.slug)


def round_trip(survey, tmp_path) -> tuple[str, str]:
    """The survey's file, and that of what a site made of it that had no such survey."""
    file = tmp_path / "any-name.toml"
    run("export", survey.slug, file)
    written = file.read_text(encoding="utf-8")
    survey.questions.all().delete()
    survey.delete()
    run("import", file)
    return written, export(survey)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    own=st.fixed_dictionaries({"title": WORDS.map(lambda text: text[:159] + "!"), "introduction": WORDS}),
    prompt=WORDS,
    guidance=TEXTS,
    unit=st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20),
    labels=LABELS,
    opens=INSTANTS,
    length=st.integers(1, 10**6),
    zone=ZONES,
    flag=st.booleans(),
)
def test_export_import_export_is_byte_for_byte_the_same(
    own, prompt, guidance, unit, labels, opens, length, zone, flag, tmp_path
):
    with transaction.atomic():
        survey = SurveyFactory(slug="race", takes_open_views=flag, minimum_cell=5, **own)
        closes = opens + timedelta(minutes=length)
        middle = opens + timedelta(minutes=length) / 2
        RoundFactory(survey=survey, number=3, opens_at=opens, closes_at=closes, remind_at=middle, zone=zone)
        QuestionFactory(survey=survey, key="s", prompt=prompt, guidance=guidance, required=flag)
        QuestionFactory(
            survey=survey, key="n", kind="number", prompt="How much?", settings={"unit": unit, "minimum": 0.5}
        )
        options = [{"key": f"o{number}", "label": label} for number, label in enumerate(labels)]
        QuestionFactory(survey=survey, key="c", kind="single_choice", prompt="Which?", options=options)
        first, second = round_trip(survey, tmp_path)
        assert first == second
        assert Question.objects.get(key="s").prompt == prompt
        assert Question.objects.get(key="s").guidance == guidance
        assert [option["label"] for option in Question.objects.get(key="c").options] == labels
        assert Round.objects.get().opens_at == opens
        transaction.set_rollback(True)


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
PRINTED = st.text(st.characters(categories=["L", "M", "N", "P", "S"]), min_size=1, max_size=40)
MEANINGS, TITLES = WORDS.map(lambda text: text[:500] + "."), WORDS.map(lambda text: text[:150] + "!")
NUMBERS = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6, allow_nan=False)
TESTS = st.fixed_dictionaries(
    {},
    optional={
        "is": st.lists(st.sampled_from(["agree", "neutral"]), min_size=1, unique=True),
        "is_not": st.just(["disagree"]),
        "at_least": NUMBERS.filter(lambda number: number < 3),
        "at_most": NUMBERS.filter(lambda number: number > 3),
        "answered": st.just(True),
    },
).filter(bool)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    closed_door=st.booleans(),
    shown=st.sampled_from(Round.GroupShown.values),
    words=st.lists(
        st.tuples(PRINTED, WORDS.map(lambda text: text[:500])), max_size=3, unique_by=lambda pair: pair[0].casefold()
    ),
    sections=st.lists(
        st.tuples(NAMES, WORDS.map(lambda text: text[:150] + "!"), TEXTS), max_size=3, unique_by=lambda row: row[0]
    ),
    conditions=st.lists(TESTS, max_size=3),
    rule=st.sampled_from([{}, {"measure": "iqr", "at_most": 1}, {"measure": "agreement", "at_least": 75.5}]),
)
def test_sections_conditions_and_words_come_back_byte_for_byte(
    closed_door, shown, words, sections, conditions, rule, tmp_path
):
    definitions = [{"term": term, "meaning": meaning} for term, meaning in words]
    with transaction.atomic():
        survey = SurveyFactory(slug="race", closed_door=closed_door, definitions=definitions)
        RoundFactory(survey=survey, number=1, group_shown=shown)
        rows = [
            survey.sections.create(key=key, title=title, introduction=introduction, position=place)
            for place, (key, title, introduction) in enumerate(sections, start=1)
        ]
        QuestionFactory(survey=survey, key="first", position=1, stop_rule=rule)
        QuestionFactory(
            survey=survey, key="second", position=2, section=rows[-1] if rows else None,
            show_if=[{"question": "first", **tests} for tests in conditions],
        )  # fmt: skip
        first, second = round_trip(survey, tmp_path)
        assert first == second
        found = Survey.objects.get()
        assert (found.closed_door, found.definitions) == (closed_door, definitions)
        assert found.rounds.get().group_shown == shown
        assert [(row.key, row.title, row.introduction) for row in found.sections.all()] == sections
        again = found.questions.get(key="second")
        assert again.show_if == [{"question": "first", **tests} for tests in conditions]
        assert (again.section.key if again.section else "") == (sections[-1][0] if sections else "")
        assert found.questions.get(key="first").stop_rule == rule
        transaction.set_rollback(True)


def test_a_file_with_sections_and_conditions_reads_like_something_a_person_wrote():
    survey = SurveyFactory(
        slug="race", closed_door=True, definitions=[{"term": "substantial", "meaning": "At least a tenth."}]
    )
    section = survey.sections.create(key="plants", title="Plants", position=1)
    QuestionFactory(survey=survey, key="first", prompt="First.", position=1)
    QuestionFactory(
        survey=survey, key="second", prompt="Second.", position=2, section=section,
        show_if=[{"question": "first", "is": ["agree"]}, {"question": "first", "at_least": 2}],
        stop_rule={"measure": "iqr", "at_most": 1},
    )  # fmt: skip
    text = export(survey)
    assert "closed_door = true\n" in text
    assert '[[definition]]\nterm = "substantial"\nmeaning = "At least a tenth."\n' in text
    assert '[[section]]\nkey = "plants"\ntitle = "Plants"\n' in text
    assert (
        text.partition('key = "second"')[2]
        == """
section = "plants"
kind = "statement"
prompt = "Second."
show_if = [
    {is = ["agree"], question = "first"},
    {at_least = 2, question = "first"},
]
stop_rule = {at_most = 1, measure = "iqr"}
"""
    )


SECTIONED = """title = "T"
introduction = "I"
[[definition]]
term = "substantial"
[[definition]]
term = "a"
meaning = "x"
[[definition]]
term = "A"
meaning = "y"
[[section]]
key = "one"
title = "One"
introduction = "```chart\\n```"
[[section]]
key = "one"
title = ""
[[round]]
opens_at = "now"
closes_at = "in 2 days at 09:00"
group_shown = "always"
[[question]]
key = "first"
kind = "statement"
prompt = "P"
section = "two"
"""


def test_mistakes_in_sections_words_and_rounds_are_named_with_file_line_and_field(tmp_path):
    file = tmp_path / "race.toml"
    file.write_text(SECTIONED)
    with pytest.raises(CommandError) as caught:
        run("import", file)
    _heading, *lines = str(caught.value).splitlines()
    assert {tuple(line.removeprefix(f"{file}:").split(": ")[:2]) for line in lines} == {
        ("3", "meaning"), ("9", "term"), ("14", "introduction"), ("16", "key"), ("17", "title"), ("21", "group_shown"),
        ("26", "section"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("show_if", "field", "message"),
    [
        ('show_if = [{question = "who", answered = true}]', "show_if", "There is no question “who” before this one."),
        ('show_if = [{question = "second", answered = true}]', "show_if", "cannot depend on its own answer"),
        ('show_if = [{question = "third", answered = true}]', "show_if", "“third” does not come before"),
        ('show_if = [{question = "first", is = ["maybe"]}]', "show_if", "“maybe” is no option of “first”"),
        ('show_if = "first"', "show_if", "Conditions are a list"),
        ("show_if = [2026-01-01]", "show_if", "A condition names a question"),
        ('stop_rule = {measure = "mood"}', "stop_rule", "measure"),
        ("stop_rule = 3", "stop_rule", "A stop rule is a table"),
        ("[[question.show_if]]", "show_if", "A condition names a question"),
    ],
)
def test_conditions_that_could_not_be_met_are_named_with_file_line_and_field(show_if, field, message, tmp_path):
    question = '[[question]]\nkey = "{}"\nkind = "statement"\nprompt = "P"\n'
    file = tmp_path / "race.toml"
    file.write_text(
        'title = "T"\nintroduction = "I"\n'
        + question.format("first") + question.format("second") + show_if + "\n" + question.format("third")
    )  # fmt: skip
    with pytest.raises(CommandError) as caught:
        run("import", file)
    (said,) = str(caught.value).splitlines()[1:]
    assert said.startswith(f"{file}:11: {field}: ")
    assert message in said


def test_a_condition_looks_at_what_is_asked_before_whatever_the_order_of_the_file(tmp_path):
    """What stands in no section is asked first."""
    file = tmp_path / "race.toml"
    file.write_text(
        'title = "T"\nintroduction = "I"\n[[section]]\nkey = "s"\ntitle = "S"\n'
        '[[question]]\nkey = "later"\nkind = "text"\nprompt = "P"\nsection = "s"\n'
        'show_if = [{question = "first", answered = true}]\n'
        '[[question]]\nkey = "first"\nkind = "text"\nprompt = "P"\n'
    )
    run("import", file)
    assert [question.key for question in Survey.objects.get().questions.current()] == ["first", "later"]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_every_kind_of_question_comes_back(kind, tmp_path):
    spec, _values = kind().example()
    survey = SurveyFactory()
    QuestionFactory(
        survey=survey, key=spec.key, kind=spec.kind, prompt=spec.prompt, settings=dict(spec.settings),
        options=[dict(option) for option in spec.options],
    )  # fmt: skip
    first, second = round_trip(survey, tmp_path)
    assert first == second
    found = Question.objects.get().spec
    assert (found.settings, list(found.options)) == (spec.settings, list(spec.options))


def test_a_survey_reads_like_something_a_person_wrote():
    survey = SurveyFactory(
        slug="race", title="Who leads?", introduction="Why we ask.\n\nThank you.", series=SeriesFactory(slug="s")
    )
    RoundFactory(
        survey=survey, number=1, opens_at=datetime(2026, 11, 3, 14, tzinfo=UTC),
        closes_at=datetime(2026, 11, 17, 22, tzinfo=UTC),
    )  # fmt: skip
    QuestionFactory(survey=survey, key="share", kind="number", prompt="How much?", settings={"unit": "%", "minimum": 0})
    assert (
        export(survey)
        == '''\
slug = "race"
title = "Who leads?"
series = "s"
minimum_cell = 3
introduction = """
Why we ask.

Thank you.
"""

[[round]]
number = 1
opens_at = 2026-11-03T09:00:00
closes_at = 2026-11-17T17:00:00
zone = "America/New_York"
most_reminders = 1
reminder_gap = 4
group_shown = "beside"

[[question]]
key = "share"
kind = "number"
prompt = "How much?"
settings = {minimum = 0, unit = "%"}
'''
    )


def test_only_current_versions_and_nothing_of_answers_is_written():
    survey_round = an_answered_round()
    survey = survey_round.survey
    hurdle = survey.questions.get(key="hurdle")
    hurdle.superseded_at = timezone.now()
    hurdle.save()
    QuestionFactory(survey=survey, key="hurdle", version=2, position=2, prompt="Reworded.")
    text = export(survey)
    assert text.count('key = "hurdle"') == 1
    assert "Reworded." in text
    assert "Sample" not in text


def test_a_setting_that_nobody_made_is_not_written():
    survey = SurveyFactory()
    QuestionFactory(survey=survey, kind="number", settings={"unit": None, "minimum": 0})
    assert "settings = {minimum = 0}" in export(survey)


def test_exporting_changes_nothing():
    survey = a_survey()
    before = every_row()
    export(survey)
    assert every_row() == before


def test_an_unknown_survey_is_refused_with_what_there_is():
    SurveyFactory(slug="race")
    with pytest.raises(CommandError, match=r"There is no survey “rice”. Known are: race."):
        run("export", "rice")


def test_a_file_that_cannot_be_written_is_refused_in_words(tmp_path):
    survey = SurveyFactory()
    with pytest.raises(CommandError, match="cannot be written"):
        run("export", survey.slug, tmp_path / "nowhere" / "x.toml")


def test_mistakes_are_all_named_with_file_line_and_field_and_nothing_is_written(tmp_path):
    file = tmp_path / "My Race.toml"
    file.write_text(
        'title = "  "\nseries = "none-such"\nintroduction = "I"\nminimum_cell = 1\n\n'
        '[[round]]\nnumber = 2\nopens_at = 2026-11-03T09:00:00Z\ncloses_at = "2026-11-17 17:00"\nreminder_gap = 0\n\n'
        '[[question]]\nkey = "a"\nkind = "number"\nprompt = "P"\nsettings = {minium = 0}\n\n'
        '[[question]]\nkey = "a"\nkind = "text"\nprompt = """\n```chart\n"""\nguidance = """\n```chart\nx\n```\n"""\n'
    )
    with pytest.raises(CommandError) as caught:
        run("import", file)
    heading, *lines = str(caught.value).splitlines()
    assert heading == f"{len(lines)} faults, nothing was written:"
    places = [line.removeprefix(f"{file}:").split(": ")[:2] for line in lines]
    for place in (
        ["1", "title"], ["2", "series"], ["4", "minimum_cell"], ["8", "opens_at"], ["10", "reminder_gap"],
        ["16", "settings"], ["19", "key"], ["24", "guidance"],
    ):  # fmt: skip
        assert place in places, (place, lines)
    assert any("the file's name becomes an address" in line for line in lines)
    assert not Survey.objects.exists()


def test_two_rounds_with_one_number_are_refused(tmp_path):
    file = tmp_path / "race.toml"
    a_round = '[[round]]\nnumber = 1\nopens_at = "now"\ncloses_at = "in 2 days at 09:00"\n'
    file.write_text(
        f'title = "T"\nintroduction = "I"\n\n{a_round}{a_round}[[question]]\nkey = "a"\nkind = "text"\nprompt = "P"\n'
    )
    with pytest.raises(CommandError, match=r"race.toml:9: number: 1 is the number of two rounds"):
        run("import", file)


def test_a_file_without_a_slug_is_called_like_the_file(tmp_path):
    file = tmp_path / "race.toml"
    file.write_text('title = "T"\nintroduction = "I"\n[[question]]\nkey = "a"\nkind = "text"\nprompt = "P"\n')
    run("import", file)
    assert Survey.objects.get().slug == "race"


def test_reading_back_what_was_written_gives_the_same_rows(tmp_path):
    survey = a_survey()
    file = tmp_path / "x.toml"
    file.write_text(files.write(survey), encoding="utf-8")
    assert run("import", file) == "Nothing to do: the survey is what the file says.\n"
