"""The drawings: well-formed, safe, deterministic, and as wide as what they show."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naatbatt.charts import Bar, Bars, Diverging, Group, Histogram, diverging, drawing, svg

REPOSITORY = Path(__file__).parents[2]
PAYLOADS = REPOSITORY.parent / "shared" / "data" / "xss" / "payloads.txt"
LEVELS = ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")

BARS = Bars(
    "Hurdles", (Bar("Cost", 60, "60%", "6 of 10"), Bar("Skill", 40, "40%")), "6 of 10 chose cost.", "%", 100, "Panel"
)
DIVERGING = Diverging(
    "It can catch up.",
    LEVELS,
    (Group("All", (5, 15, 20, 40, 20), 20), Group("Industry", (0, 0, 10, 50, 40), 10), Group("None", (0,) * 5, 0)),
    "60% agree.",
)
HISTOGRAM = Histogram("How many?", (0, 10, 20, 30), (3, 5, 1), 12, (8, 17), "GWh", "The median is 12 GWh.", 9)
CHARTS = pytest.mark.parametrize("chart", [BARS, DIVERGING, HISTOGRAM], ids=lambda chart: type(chart).__name__)


def parse(markup):
    root = ElementTree.fromstring(markup)
    for element in root.iter():
        element.tag = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
    return root


def shapes(root, colours):
    return [found for found in root.iter("rect") if found.get("class", "").removeprefix("chart-") in colours]


def percent(found, name):
    return float(found.get(name).removesuffix("%"))


@CHARTS
def test_the_picture_is_named_by_title_and_description(chart):
    root = parse(drawing.draw(chart))
    named = {found.get("id"): found.text for found in root.iter() if found.get("id")}
    assert root.get("role") == "img"
    assert [named[name] for name in root.get("aria-labelledby").split()] == [chart.title, chart.description]


@CHARTS
def test_the_same_chart_is_the_same_bytes(chart):
    assert drawing.draw(chart).encode() == drawing.draw(chart).encode()
    assert drawing.figure(chart, citation="Snapshot 1") == drawing.figure(chart, citation="Snapshot 1")


@CHARTS
def test_ids_differ_between_charts_and_by_key(chart):
    others = [drawing.draw(other) for other in (BARS, DIVERGING, HISTOGRAM) if other is not chart]
    drawn = [drawing.draw(chart), drawing.draw(chart, key="again"), *others]
    ids = [found for picture in drawn for found in re.findall(r'\bid="([^"]+)"', picture)]
    assert len(ids) == len(set(ids)) == 8


@CHARTS
def test_a_page_may_forbid_styles_in_it(chart):
    figure = drawing.figure(chart, caption="What they said", citation="Snapshot 1")
    assert "style" not in figure
    assert "<script" not in figure


@CHARTS
def test_it_is_fluid_on_pages_and_has_a_size_in_files(chart):
    fluid, fixed = parse(drawing.draw(chart)), parse(drawing.draw(chart, width=640))
    assert (fluid.get("width"), fluid.get("viewBox")) == ("100%", None)
    assert (fixed.get("width"), fixed.get("viewBox")) == ("640", f"0 0 640 {fixed.get('height')}")


@CHARTS
def test_colours_stand_as_attributes_too(chart):
    for found in parse(drawing.draw(chart)).iter():
        if found.tag in {"rect", "text", "tspan"} and found.get("class"):
            assert re.fullmatch(r"#[0-9a-f]{6}", found.get("fill"))


@CHARTS
def test_the_figure_holds_title_caption_source_citation_and_data(chart):
    figure = drawing.figure(chart, caption="Who & when", citation="Snapshot 3, 1a2b3c")
    assert figure.index(f'<p class="chart-title">{chart.title}</p>') < figure.index("<svg") < figure.index("<details")
    assert "Who &amp; when" in figure
    assert "Snapshot 3, 1a2b3c" in figure
    assert ("Source: Panel" in figure) == (chart is BARS)
    table = ElementTree.fromstring(figure[figure.index("<table") : figure.index("</table>") + 8])
    widths = {len(list(row)) for row in table.iter("tr")}
    assert len(widths) == 1


def test_the_table_of_shares_has_every_level_and_base():
    head, rows = diverging.table(DIVERGING)
    assert head == ["", "n", *LEVELS]
    assert rows[0] == ["All", "20", "5%", "15%", "20%", "40%", "20%"]


def test_the_table_of_a_histogram_names_single_values_by_themselves():
    chart = Histogram("T", (0.5, 1.5, 2.5), (1, 2), 2, (1.5, 2), discrete=True, base=3)
    figure = drawing.figure(chart)
    assert '<th scope="row">1</th><td>1</td>' in figure
    assert '<th scope="row">2</th><td>2</td>' in figure


def test_shares_join_without_gap_and_part_at_the_same_middle():
    root = parse(drawing.draw(DIVERGING))
    drawn = [found for found in shapes(root, diverging.level_names(5)) if found.get("height") == "26"]
    rows = {}
    for found in drawn:
        rows.setdefault(found.get("y"), []).append(found)
    assert [len(row) for row in rows.values()] == [5, 3]
    # All reaches 5 + 15 + 10 to the left, Industry 10 / 2 + 50 + 40 to the right: 125 units across, the middle at 30.
    starts = [percent(row[0], "x") for row in rows.values()]
    assert starts == [0, pytest.approx(100 * (30 - 5) / 125)]
    for row in rows.values():
        assert sum(percent(found, "width") for found in row) == pytest.approx(100 * 100 / 125, abs=0.05)
        for left, right in pairwise(row):
            assert percent(left, "x") + percent(left, "width") == pytest.approx(percent(right, "x"), abs=0.02)
    middle = next(found for found in root.iter("line"))
    assert percent(middle, "x1") == pytest.approx(100 * 30 / 125)


def test_the_base_stands_at_each_row():
    text = "".join(parse(drawing.draw(DIVERGING)).itertext())
    assert "n = 20" in text
    assert "n = 10" in text
    assert "n = 0" in text


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (2, ["neg2", "pos2"]),
        (3, ["neg2", "mid", "pos2"]),
        (4, ["neg2", "neg1", "pos1", "pos2"]),
        (5, ["neg2", "neg1", "mid", "pos1", "pos2"]),
        (7, ["neg3", "neg2", "neg1", "mid", "pos1", "pos2", "pos3"]),
    ],
)
def test_levels_have_their_colours(count, names):
    assert diverging.level_names(count) == names


def test_bars_are_as_long_as_their_share_of_the_scale():
    drawn = shapes(parse(drawing.draw(BARS)), {"bar"})
    assert [(percent(found, "x"), percent(found, "width")) for found in drawn] == [(0, 60), (0, 40)]


def test_negative_bars_go_to_the_left_of_zero():
    chart = Bars("Change", (Bar("China", 150, "+150%"), Bar("Europe", -50, "−50%")))
    drawn = shapes(parse(drawing.draw(chart)), {"bar"})
    assert [(percent(found, "x"), percent(found, "width")) for found in drawn] == [(25, 75), (0, 25)]


def test_bars_of_nothing_are_drawn_without_length():
    root = parse(drawing.draw(Bars("T", (Bar("A", 0, "0"), Bar("B", 0, "0")))))
    assert shapes(root, {"bar"}) == []


def test_histogram_is_as_high_as_its_counts_and_marks_median_and_middle_half():
    root = parse(drawing.draw(HISTOGRAM))
    heights = [float(found.get("height")) for found in shapes(root, {"bin"})]
    assert heights == [pytest.approx(150 * count / 5) for count in HISTOGRAM.counts]
    (band,) = shapes(root, {"band"})
    # Three bins are drawn amid two empty ones' room: 0 to 30 lies within -10 to 40.
    assert percent(band, "x") == pytest.approx(100 * 18 / 50)
    assert percent(band, "width") == pytest.approx(100 * 9 / 50)
    text = " ".join(root.itertext())
    assert "Median 12" in text
    assert "Middle half 8 to 17" in text
    assert "In GWh; n = 9" in text


@CHARTS
def test_no_line_of_text_is_wider_than_the_narrowest_chart(chart):
    for found in parse(drawing.draw(chart)).iter("text"):
        assert svg.text_width("".join(found.itertext()), float(found.get("font-size"))) <= svg.NARROWEST


def hostile(label):
    return [
        Bars(label, (Bar(label, 1, label, label),), label, label, None, label),
        Diverging(label, (label, label), (Group(label, (50, 50), 2),), label, label),
        Histogram(label, (0, 1), (1,), 0.5, (0, 1), label, label, 1, label, (label,)),
    ]


def assert_harmless(chart, label):
    figure = drawing.figure(chart, caption=label, citation=label, key="k")
    picture = figure[figure.index("<svg") : figure.rindex("</svg>") + 6]
    names = {found.tag for found in parse(picture).iter()}
    assert names <= {"svg", "title", "desc", "rect", "line", "text", "tspan"}
    allowed = {"figure", "figcaption", "p", "details", "summary", "div", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(re.findall(r"<([a-zA-Z!?][^\s>/]*)", figure)) <= allowed | names
    assert not re.search(r"<[^>]*\son\w+\s*=", figure)


def test_payloads_do_not_get_out_of_the_text():
    if not PAYLOADS.is_file():
        pytest.skip(f"the payloads are not at {PAYLOADS}")
    payloads = PAYLOADS.read_text(errors="replace").splitlines()
    assert len(payloads) > 1000
    for number, payload in enumerate(payloads):
        assert_harmless(hostile(payload)[number % 3], payload)


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=200))
def test_any_text_is_drawn_as_text(label):
    for chart in hostile(label):
        assert_harmless(chart, label)


# --- the style sheet

SHEET = (REPOSITORY / "static" / "css" / "charts.css").read_text()
THEMES = [
    dict(re.findall(r"--(c-[\w-]+): (#[0-9a-f]{6});", block)) for block in SHEET.split("prefers-color-scheme: dark")
]


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    darker, lighter = sorted([luminance(first), luminance(second)])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_text_is_legible_on_every_colour(theme):
    pairs = [("ink", "paper"), ("muted", "paper"), ("muted", "band"), ("ink", "band"), ("on-bar", "bar")]
    pairs += [("on-strong", level) for level in ("neg3", "neg2", "pos2", "pos3")]
    pairs += [("on-weak", level) for level in ("neg1", "mid", "pos1")]
    weak = {pair: contrast(theme[f"c-{pair[0]}"], theme[f"c-{pair[1]}"]) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_bars_and_lines_stand_out_from_the_paper(theme):
    pairs = [("bar", "paper"), ("bin", "paper"), ("ink", "bin"), ("rule", "paper")]
    weak = {pair: contrast(theme[f"c-{pair[0]}"], theme[f"c-{pair[1]}"]) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in weak.items() if ratio < 3} == {}


def test_the_sheet_and_the_attributes_name_the_same_colours():
    assert set(THEMES[0]) == set(THEMES[1])
    for name, colour in svg.COLOURS.items():
        assert THEMES[0][f"c-{name}"] == colour
    for name, colour in svg.ON_COLOURS.items():
        strong = name in {"neg3", "neg2", "pos2", "pos3"}
        assert colour == THEMES[0]["c-on-bar" if name == "bar" else "c-on-strong" if strong else "c-on-weak"]
    for name in svg.COLOURS:
        assert f".chart-{name}" in SHEET or f".chart-line-{name}" in SHEET or name == "paper"
