"""Counting and drawing answers: once for every kind of question."""

from itertools import cycle, islice

from naatbatt.charts.drawing import draw
from surveys.questions import TYPES, compile_tallies, question_type
from surveys.results import Counted
from tests.bench.harness import bench

NAMES = {"all": "All", "industry": "Industry", "academia": "Academia", "government": "Government"}


def answered(kind, count):
    spec, values = question_type(kind).example()
    sectors = cycle(("industry", "academia", "government", "industry"))
    weights = cycle((3, 7, 9, 10, 5))
    return spec, [
        Counted(value=value, sector=next(sectors), confidence=next(weights)) for value in islice(cycle(values), count)
    ]


@bench
def tallies():
    for found in TYPES:
        for count in (500, 5000):
            spec, answers = answered(found.kind, count)
            yield f"{found.kind}, {count} answers", lambda spec=spec, answers=answers: compile_tallies(spec, answers)


@bench
def charts():
    for found in TYPES:
        spec, answers = answered(found.kind, 200)
        chart = question_type(found.kind).chart(spec, compile_tallies(spec, answers), names=NAMES)
        if chart:
            yield found.kind, lambda chart=chart: draw(chart)
