"""What every kind of question promises. A kind without an example fails here."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from naatbatt.charts import drawing
from surveys.questions import TYPES, QuestionSpec, compile_tallies, kind_choices, question_type
from surveys.results import SECTORS, Counted

REPOSITORY = Path(__file__).parents[3]
NAMES = {"all": "Everyone", "industry": "Industry", "academia": "Academia", "government": "Government"}

every_kind = pytest.mark.parametrize("kind", [found.kind for found in TYPES])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
nasty = st.sampled_from(
    [
        "\x00", "a\x00b", "nan", "NaN", "inf", "-Infinity", "1e999", "9" * 5000, "1" * 39, "0x10", "1_000", "１２", "٣",
        "x" * 10_000, "-", ".", ",", "1,2,3", "\ud800", "<script>alert(1)</script>", "=1+1", "\u202e",
        float("nan"), float("inf"), 10**400, -(10**400), 1e300, 1e-300, True, b"bytes", [], {}, [[]], {"a": [1]},
        ["x" * 10_000], [None], ["\x00"], {"other": "x" * 10_000}, {"other": ["x"]}, [{"other": ""}, {"other": "a"}],
        {"beside": "cost", "other": "Permits"}, ["none", "defense"], "2035-02-31", "0000", date(2035, 1, 1),
    ]
)  # fmt: skip


def answered(kind):
    """The example's values, given in turn by the sectors with rising confidence, and two blanks."""
    spec, values = question_type(kind).example()
    answers = [
        Counted(value, SECTORS[number % 3], confidence=number % 10 + 1) for number, value in enumerate(values * 3)
    ]
    return spec, [*answers, Counted(None, "industry", "no_opinion"), Counted(None, "academia", "skipped")]


def _clean(field, raw):
    """What the field makes of it: a value and no messages, or messages and no value."""
    try:
        return field.clean(raw), []
    except ValidationError as refusal:
        return None, refusal.messages or [""]


def test_kinds_are_named_once():
    assert len({found.kind for found in TYPES}) == len(TYPES)
    assert [kind for kind, _label in kind_choices()] == [found.kind for found in TYPES]


def test_an_unknown_kind_is_named():
    with pytest.raises(KeyError, match="crystal_ball"):
        question_type("crystal_ball")


@every_kind
def test_example_is_sound(kind):
    spec, values = question_type(kind).example()
    assert spec.kind == kind
    assert len(values) > 1
    assert question_type(kind).problems(spec) == []


@every_kind
def test_form_cleans_the_example_and_leaves_an_empty_answer_empty(kind):
    spec, values = question_type(kind).example()
    field = question_type(kind).form_field(spec)
    assert field.required is False
    for value in values:
        assert field.clean(value) == value
        assert field.clean(field.prepare_value(value)) == value
    assert field.clean(None) is None
    assert field.clean("") is None


@every_kind
def test_form_draws_the_example(kind):
    spec, values = question_type(kind).example()
    field = question_type(kind).form_field(spec)
    assert spec.key in field.widget.render(spec.key, field.prepare_value(values[0]), {"id": "id_answer"})


@every_kind
def test_stored_form_survives_json_and_loads_as_the_value(kind):
    for value in question_type(kind).example()[1]:
        stored = json.loads(json.dumps(question_type(kind).dump(value)))
        assert question_type(kind).load(stored) == value
        assert type(question_type(kind).load(stored)) is type(value)


@every_kind
def test_readable_is_text_for_people(kind):
    spec, values = question_type(kind).example()
    for value in values:
        read = question_type(kind).readable(spec, question_type(kind).dump(value))
        assert isinstance(read, str)
        assert read


@every_kind
def test_words_are_the_contributors_own(kind):
    stored = question_type(kind).dump(question_type(kind).example()[1][0])
    assert "My reason." in question_type(kind).words(stored, "My reason.")
    assert question_type(kind).words(None, "") == ""


@every_kind
def test_every_cell_has_a_column(kind):
    spec, values = question_type(kind).example()
    columns = question_type(kind).columns(spec)
    assert len(set(columns)) == len(columns) > 0
    assert all(column.startswith(spec.key) for column in columns)
    for value in values:
        cells = question_type(kind).cells(spec, question_type(kind).dump(value))
        assert len(cells) == len(columns)
        assert any(cell is not None for cell in cells)
    assert question_type(kind).cells(spec, None) == [None] * len(columns)


@every_kind
def test_tally_adds_up_and_blanks_weigh_nothing(kind):
    spec, answers = answered(kind)
    tallies = compile_tallies(spec, answers)
    assert list(tallies) == ["all", "industry", "academia", "government"]
    everyone = tallies["all"]
    assert everyone.asked == len(answers)
    assert everyone.base == len(answers) - 2
    assert everyone.blanks == {"no_opinion": 1, "skipped": 1}
    for tally in tallies.values():
        assert tally.asked == tally.base + sum(tally.blanks.values())
    for counted in ("asked", "base"):
        assert sum(getattr(tallies[sector], counted) for sector in SECTORS) == getattr(everyone, counted)
    if question_type(kind).asks_confidence:
        assert sum(everyone.weights.values()) == sum(answer.confidence for answer in answers if answer.is_opinion)


@every_kind
def test_a_value_left_on_a_blank_is_not_counted(kind):
    spec, answers = answered(kind)
    value = question_type(kind).example()[1][0]
    left_over = Counted(value, "government", blank="prefer_not", confidence=10)
    before, after = (compile_tallies(spec, given)["all"] for given in (answers, [*answers, left_over]))
    assert (after.base, after.counts, after.weights) == (before.base, before.counts, before.weights)
    assert after.blanks == {**before.blanks, "prefer_not": 1}


@every_kind
def test_chart_and_reading_state_their_base(kind):
    spec, answers = answered(kind)
    tallies = compile_tallies(spec, answers)
    reading = question_type(kind).reading(spec, tallies, names=NAMES)
    assert str(tallies["all"].base) in reading[0]
    chart = question_type(kind).chart(spec, tallies, names=NAMES)
    if chart is not None:
        assert chart.title == spec.prompt
        assert chart.description == " ".join(reading)
        ElementTree.fromstring(drawing.draw(chart))
        assert str(tallies["all"].base) in drawing.figure(chart)


@every_kind
@pytest.mark.parametrize("answers", [[], [Counted(None, "industry", "no_opinion", 9)]])
def test_nothing_to_draw_is_no_chart_and_no_sentence(kind, answers):
    spec, _values = question_type(kind).example()
    tallies = compile_tallies(spec, answers)
    assert question_type(kind).chart(spec, tallies, names=NAMES) is None
    assert question_type(kind).reading(spec, tallies, names=NAMES) == []
    assert question_type(kind).chart(spec, {}, names=NAMES) is None
    assert question_type(kind).reading(spec, {}, names=NAMES) == []


@every_kind
def test_one_answer_is_told_and_drawn(kind):
    spec, values = question_type(kind).example()
    tallies = compile_tallies(spec, [Counted(values[0], "industry", confidence=1)])
    assert question_type(kind).reading(spec, tallies, names=NAMES)
    chart = question_type(kind).chart(spec, tallies, names=NAMES)
    assert chart is None or ElementTree.fromstring(drawing.draw(chart)) is not None


@every_kind
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=json_values | nasty | st.text())
def test_what_the_form_takes_comes_back_and_the_rest_is_refused_in_words(kind, raw):
    """Whatever is posted: a value that survives being stored, or a message that does not repeat what was posted."""
    found = question_type(kind)
    spec, _values = found.example()
    value, messages = _clean(found.form_field(spec), raw)
    assert all(0 < len(message) < 120 for message in messages)
    if value is None or (found.blanks_among_choices and value in [*found.offered(spec)]):
        return
    stored = json.loads(json.dumps(found.dump(value)))
    json.dumps(stored, allow_nan=False).encode()
    assert found.load(stored) == value
    assert found.readable(spec, stored)
    assert len(found.cells(spec, stored)) == len(found.columns(spec))
    assert found.form_field(spec).clean(found.form_field(spec).prepare_value(value)) == value
    assert found.tally(spec, [Counted(value, "industry", confidence=1)]).base == 1


@every_kind
@settings(deadline=None)
@given(broken=json_values)
def test_settings_and_options_of_any_shape_get_sentences(kind, broken):
    for spec in (
        QuestionSpec("key", kind, "Why?", settings=broken),
        QuestionSpec("key", kind, "Why?", options=broken),
        QuestionSpec("key", kind, "Why?", options=[broken, broken]),
    ):
        assert all(isinstance(problem, str) for problem in question_type(kind).problems(spec))


def parts_of(kind):
    """A strategy for the parts that the form of the example has, each with anything in it."""
    spec, _values = question_type(kind).example()
    field = question_type(kind).form_field(spec)
    keys = [part.key for part in field.widget.parts] if hasattr(field.widget, "parts") else [*(spec.labels or ["a"])]
    likely = st.sampled_from(["1", "2", "50", "100", "help", "harm", "", "  ", "-1", "1.5", "2e9"])
    return st.dictionaries(st.sampled_from([*keys, "stray"]), nasty | likely | st.text(), max_size=6)


@every_kind
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_parts_with_anything_in_them_make_a_value_or_a_message(kind, data):
    found = question_type(kind)
    spec, _values = found.example()
    value, messages = _clean(found.form_field(spec), data.draw(parts_of(kind)))
    assert all(0 < len(message) < 160 for message in messages)
    if value is not None:
        stored = json.loads(json.dumps(found.dump(value)))
        assert found.load(stored) == value
        assert found.readable(spec, stored)


@every_kind
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_browser_posts_is_read_by_the_widget(kind, data):
    """By name and parts, through the widget, as forms read it."""
    found = question_type(kind)
    spec, _values = found.example()
    field = found.form_field(spec)
    posted = QueryDict(mutable=True)
    for part, raw in data.draw(parts_of(kind)).items():
        posted.appendlist(f"{spec.key}.{part}", str(raw))
        posted.appendlist(spec.key, data.draw(st.sampled_from([part, "other", "none", "7", "agree"])))
    raw = field.widget.value_from_datadict(posted, {}, spec.key)
    value, _messages = _clean(field, raw)
    assert value is None or found.load(json.loads(json.dumps(found.dump(value)))) == value
    shown = field.bound_data(raw, None)
    assert spec.key in field.widget.render(spec.key, field.prepare_value(shown), {"id": "id_answer"})
    assert [*field.widget.subwidgets(spec.key, field.prepare_value(shown), {"id": "id_answer"})]


@every_kind
def test_an_answer_can_be_drawn_back_to_who_gave_it(kind):
    spec, values = question_type(kind).example()
    for value in values:
        chart = question_type(kind).drawn_back(spec, value)
        assert chart is None or ElementTree.fromstring(drawing.draw(chart)) is not None


@every_kind
def test_ways_not_to_answer_are_set_for_each_question(kind):
    found = question_type(kind)
    spec, _values = found.example()
    for offers in ([], ["no_opinion"], ["prefer_not"], ["no_opinion", "prefer_not"]):
        asked = replace(spec, settings={**spec.settings, "offers": offers})
        assert found.problems(asked) == [] or [*found.settings_form().usual_offers] == offers
        assert [*found.offered(asked)] == offers
        if found.blanks_among_choices:
            choices = [str(key) for key, _label in found.form_field(asked).choices]
            assert choices[len(choices) - len(offers) :] == offers
    assert found.problems(replace(spec, settings={**spec.settings, "offers": ["maybe"]})) != []


@every_kind
def test_a_snapshot_keeps_no_words_and_counts_the_same(kind):
    found = question_type(kind)
    spec, values = found.example()
    stored = [json.loads(json.dumps(found.dump(value))) for value in values]
    frozen = [found.load(json.loads(json.dumps(found.frozen(one)))) for one in stored]
    assert all(found.words(one, "") == "" or one == "given" for one in frozen)
    before, after = (
        compile_tallies(spec, [Counted(value, "industry") for value in given]) for given in (values, frozen)
    )
    assert before == after


@every_kind
def test_what_an_answer_consists_of_is_among_what_can_be_picked(kind):
    found = question_type(kind)
    spec, values = found.example()
    assert found.pickable(spec).items() <= found.labels(spec).items()
    for value in values:
        picked = found.picked(spec, value)
        assert picked <= {*found.pickable(spec)}
        assert bool(picked) == bool(found.pickable(spec))


@every_kind
def test_an_answer_is_one_number_in_every_case_or_in_none(kind):
    found = question_type(kind)
    spec, values = found.example()
    for value in values:
        number = found.as_number(spec, value)
        assert (number is not None) == found.on_a_line
        assert number is None or found.number_in_words(spec, number)


@every_kind
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=json_values | nasty | st.text())
def test_whatever_the_form_takes_can_be_asked_about(kind, raw):
    found = question_type(kind)
    spec, _values = found.example()
    value, _messages = _clean(found.form_field(spec), raw)
    if value is None or (found.blanks_among_choices and value in [*found.offered(spec)]):
        return
    assert found.picked(spec, value) <= {*found.pickable(spec)}
    assert isinstance(found.as_number(spec, value), int | float) == found.on_a_line


@pytest.mark.parametrize(
    ("kind", "value", "picked", "number"),
    [
        ("statement", "agree", {"agree"}, 4),
        ("statement", "strongly_disagree", {"strongly_disagree"}, 1),
        ("rating", 7, set(), 7),
        ("single_choice", {"other": "Permits"}, {"other"}, None),
        ("multiple_choice", ["defense", {"other": "Hospitals"}], {"defense", "other"}, None),
        ("ranking", ["cost", "technology"], {"cost", "technology"}, None),
        ("number", 12.5, set(), 12.5),
        ("quantiles", [2.3, 8.0, 15.0], set(), 8.0),
        ("probability", 35, set(), 35),
        ("when", date(2035, 6, 30), set(), 2035),
        ("constant_sum", {"plants": 50, "research": 30, "training": 20}, set(), None),
        ("matrix", {"credits": "help", "tariffs": "harm"}, set(), None),
        ("text", "given", set(), None),
    ],
)
def test_what_others_may_ask_of_an_answer(kind, value, picked, number):
    found = question_type(kind)
    spec, _values = found.example()
    assert found.picked(spec, value) == picked
    assert found.as_number(spec, value) == number


def test_of_a_ranking_of_all_options_only_the_first_is_picked():
    spec, _values = question_type("ranking").example()
    everything = replace(spec, settings={})
    assert question_type("ranking").picked(everything, ["cost", "technology", "workforce", "materials"]) == {"cost"}


def test_the_place_on_a_scale_is_told_by_its_label():
    spec, _values = question_type("statement").example()
    assert question_type("statement").number_in_words(spec, 4) == "Agree"
    assert question_type("statement").number_in_words(spec, 4.5) == "4.5"


def _printed(kind, spec, tallies):
    reading = " ".join(question_type(kind).reading(spec, tallies, names=NAMES))
    chart = question_type(kind).chart(spec, tallies, names=NAMES)
    return reading + (drawing.figure(chart, key="figure") if chart is not None else "")


@pytest.mark.parametrize(
    ("kind", "values", "extremes"),
    [
        ("number", [3.7, 20.0, 22.0, 25.0, 24.0, 91.3], ["3.7", "91.3"]),
        ("quantiles", [[2.3, 8.0, 15.0], [5.0, 9.0, 20.0], [6.0, 11.0, 30.0], [7.1, 20.0, 91.7]], ["2.3", "91.7"]),
        ("probability", [3, 40, 41, 42, 43, 97], ["3", "97"]),
        ("when", [2027, 2040, 2041, 2042, 2043, 2088], ["2027", "2088"]),
        (
            "constant_sum",
            [
                {"plants": 50, "research": 31, "training": 19},
                {"plants": 40, "research": 43, "training": 17},
                {"plants": 0, "research": 2, "training": 98},
            ],
            ["98"],
        ),
    ],
)
def test_no_figure_tells_the_smallest_or_the_largest_answer(kind, values, extremes):
    spec, _values = question_type(kind).example()
    tallies = compile_tallies(spec, [Counted(value, "industry") for value in values])
    printed = _printed(kind, spec, tallies)
    numbers = {f"{number:g}" for number in tallies["all"].measures.values()}
    for extreme in extremes:
        # As a text on its own; positions in the drawing are no numbers that anybody reads.
        assert not re.search(rf">[^<>]*(?<![\d.,]){re.escape(extreme)}(?![\d.])[^<>]*<", f">{printed}<")
        assert extreme not in numbers


@every_kind
def test_no_measure_is_called_an_extreme(kind):
    spec, answers = answered(kind)
    for tally in compile_tallies(spec, answers).values():
        assert not {"minimum", "maximum", "min", "max"} & {*tally.measures}


def test_the_guide_names_every_kind():
    guide = (REPOSITORY / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", guide, re.MULTILINE)
    assert [kind for kind, _cells in rows] == [found.kind for found in TYPES]
    assert all(len(cells.split("|")) == 7 and all(cell.strip() for cell in cells.split("|")) for _kind, cells in rows)


@every_kind
def test_an_unknown_setting_is_named(kind):
    spec, _values = question_type(kind).example()
    problems = question_type(kind).problems(QuestionSpec(spec.key, kind, "Why?", settings={"colour": "red"}))
    assert any("“colour”" in problem for problem in problems)


@every_kind
def test_the_settings_form_stores_what_it_read(kind):
    spec, _values = question_type(kind).example()
    made = question_type(kind).settings_form()
    typed = {name: made().fields[name].prepare_value(value) for name, value in spec.settings.items()}
    form = made(data={"offers": [*made.usual_offers], **typed})
    assert form.is_valid()
    assert form.cleaned_data == dict(spec.settings)
    json.dumps(form.cleaned_data, allow_nan=False)


def test_no_code_outside_asks_for_the_kind():
    """A new kind is one file, one line, one example: nothing else may know the kinds by name."""
    names = "|".join(re.escape(found.kind) for found in TYPES)
    asking = re.compile(
        r"\.kind\s*(==|!=|\bin\b)|\bmatch (\w+\.)*(question|spec)\.kind\b"
        rf"|{{% (el)?if [^%]*\b(question|spec)\.kind\b|\bkind\s*(==|!=)\s*['\"]({names})['\"]"
    )
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for folder in ("naatbatt", "posts", "surveys", "templates")
        for path in sorted((REPOSITORY / folder).rglob("*"))
        if path.suffix in {".py", ".html", ".txt"} and "questions" not in path.parts and "migrations" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if asking.search(line)
    ]
    assert found == []
