import pytest
from django.core.exceptions import ValidationError

from surveys.questions import QuestionSpec, compile_tallies
from surveys.questions.matrix import Matrix
from surveys.results import Counted

OPTIONS = ({"key": "a", "label": "A"}, {"key": "b", "label": "B"})
SCALE = [{"key": "no", "label": "No"}, {"key": "yes", "label": "Yes"}]
SPEC = QuestionSpec(key="m", kind="matrix", prompt="Each?", options=OPTIONS, settings={"scale": SCALE})
NAMES = {"all": "All", "industry": "Industry"}


def test_every_line_has_its_tally_on_the_one_base():
    values = [{"a": "yes", "b": "no"}, {"a": "yes", "b": "yes"}, {"a": "no", "b": "no"}, {"a": "yes", "b": "no"}]
    tallies = compile_tallies(SPEC, [Counted(value, "industry") for value in values])
    assert tallies["all"].counts == {"a:no": 1, "a:yes": 3, "b:no": 3, "b:yes": 1}
    chart = Matrix().chart(SPEC, tallies, names=NAMES)
    assert [(group.label, group.shares, group.base) for group in chart.groups] == [
        ("A", (25, 75), 4),
        ("B", (75, 25), 4),
    ]
    assert Matrix().finding(SPEC, tallies) == "“A” is marked highest"


def test_a_line_without_a_mark_is_named():
    """So that no line rests on fewer answers than the figure says."""
    with pytest.raises(ValidationError, match="Not marked yet: “B”"):
        Matrix().form_field(SPEC).clean({"a": "yes"})


def test_usual_scale_is_that_of_statements():
    plain = QuestionSpec(key="m", kind="matrix", prompt="Each?", options=OPTIONS)
    assert Matrix().form_field(plain).clean({"a": "agree", "b": "neutral"}) == {"a": "agree", "b": "neutral"}


@pytest.mark.parametrize(
    "scale", [SCALE[:1], [*SCALE, SCALE[0]], "no", [{"key": f"k{n}", "label": f"L{n}"} for n in range(8)]]
)
def test_broken_scales_are_named(scale):
    problems = Matrix().problems(QuestionSpec("m", "matrix", "P", options=OPTIONS, settings={"scale": scale}))
    assert problems
    assert problems[0].startswith("scale: ")
