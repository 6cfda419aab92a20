"""A real panel's published bars, recounted. Data: ../shared/data/panel_votes (its README names the source).

For each statement the panel's pages print plain shares of everyone listed and confidence-weighted shares of the
opinions. Where the table can still give them, our tally must too; where it cannot, the two reasons are shown here and
shown to be impossible with ours.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from surveys import results
from surveys.questions.statement import POINTS, Statement
from surveys.results import Counted, Tally

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "panel_votes"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the published panel votes are not at {FOLDER}")

VOTES = {
    "Strongly Disagree": "strongly_disagree",
    "Disagree": "disagree",
    "Uncertain": "neutral",
    "Agree": "agree",
    "Strongly Agree": "strongly_agree",
}
BLANKS = {"No Opinion": "no_opinion", "Did Not Answer": "skipped"}
COLUMNS = {point: "uncertain" if point == "neutral" else point for point in POINTS}


@dataclass
class Published:
    """One statement as published, and the votes on it as our tallies see them."""

    published: dict[str, str]
    answers: list[Counted]

    @property
    def name(self) -> str:
        return f"{self.published['poll']}, statement {self.published['question']}"

    @property
    def plain(self) -> dict[str, float]:
        shares = {point: float(self.published[f"share_{column}"]) for point, column in COLUMNS.items()}
        return {**shares, "no_opinion": float(self.published["share_no_opinion"])}

    @property
    def weighted(self) -> list[float]:
        return [float(self.published[f"weighted_{column}"]) for column in COLUMNS.values()]

    def reproducible(self, which: str) -> bool:
        return self.published[f"{which}_reproducible"] == "1"


def _statements() -> Iterator[Published]:
    """Published rows and runs of votes stand in the same order; one poll's number was given to two polls."""
    with (FOLDER / "published.csv").open(newline="") as published, (FOLDER / "votes.csv").open(newline="") as votes:
        by_statement = groupby(csv.DictReader(votes), key=lambda row: (row["poll"], row["question"]))
        for row, (key, run) in zip(csv.DictReader(published), by_statement, strict=True):
            assert (row["poll"], row["question"]) == key
            yield Published(row, [_counted(vote) for vote in run])


def _counted(vote: dict[str, str]) -> Counted:
    confidence = int(vote["confidence"]) if vote["confidence"] else None
    if vote["vote"] in BLANKS:  # a left-over confidence is left on it on purpose
        return Counted(None, "academia", BLANKS[vote["vote"]], confidence)
    return Counted(VOTES[vote["vote"]], "academia", confidence=confidence)


@pytest.fixture(scope="module")
def statements() -> list[Published]:
    return list(_statements())


def tally(answers: list[Counted]) -> Tally:
    spec, _values = Statement().example()
    return Statement().tally(spec, answers)


def weighted(answers: list[Counted]) -> list[float]:
    return list(results.weighted_shares(tally(answers).weights).values())


def prints_as(exact: list[float], published: list[float]) -> bool:
    """Whether each published whole percent is its exact share rounded by itself, halves up or down."""
    return all(abs(share - whole) <= 0.5 for share, whole in zip(exact, published, strict=True))


def of_all_listed(answers: list[Counted]) -> dict[str, float]:
    counted = tally(answers)
    everything = {**counted.counts, "no_opinion": counted.blanks.get("no_opinion", 0)}
    return results.plain_shares(everything, counted.asked)


def test_there_is_something_to_reproduce(statements):
    assert len(statements) == 138
    assert sum(len(statement.answers) for statement in statements) == 5656
    assert sum(statement.reproducible("plain") for statement in statements) == 123
    assert sum(statement.reproducible("weighted") for statement in statements) == 126


def test_plain_shares_are_as_published(statements):
    wrong = [
        statement.name
        for statement in statements
        if statement.reproducible("plain")
        and of_all_listed(statement.answers) != pytest.approx(statement.plain, abs=1e-9)
    ]
    assert wrong == []


def test_weighted_shares_are_as_published(statements):
    wrong = [
        statement.name
        for statement in statements
        if statement.reproducible("weighted") and not prints_as(weighted(statement.answers), statement.weighted)
    ]
    assert wrong == []


def test_ours_add_up_to_a_hundred_where_theirs_do_not(statements):
    assert {sum(statement.weighted) for statement in statements} >= {98, 99, 100, 101}
    for statement in statements:
        counted = tally(statement.answers)
        assert sum(results.whole_percent(counted.weights).values()) == 100
        assert sum(results.whole_percent(counted.counts).values()) == 100


def test_a_confidence_left_on_who_did_not_answer_never_reaches_the_denominator(statements):
    """The first fault: poll-175 was published with the 1 + 1 + 1 of three who did not answer in its denominator."""
    found = [
        statement for statement in statements if any(answer.confidence and answer.blank for answer in statement.answers)
    ]
    assert [statement.name for statement in found] == ["poll-175, statement 1"]
    statement = found[0]
    assert not statement.reproducible("weighted")
    leak = sum(answer.confidence or 0 for answer in statement.answers if answer.blank)
    assert leak == 3

    counted = tally(statement.answers)
    leaking = results.weighted_shares({**counted.weights, "did not answer": leak})
    assert prints_as(list(leaking.values())[:5], statement.weighted)  # with the leak: what was published
    assert not prints_as(weighted(statement.answers), statement.weighted)  # ours is not that,
    cleaned = [answer if answer.is_opinion else Counted(None, "academia", answer.blank) for answer in statement.answers]
    assert tally(cleaned) == counted  # and the left-over confidence makes no difference to ours
    assert sum(counted.weights.values()) == 208


def test_every_other_row_that_cannot_be_reproduced_lost_panelists(statements):
    """The second fault: shares were computed over more people than the table still lists."""
    lost = [statement for statement in statements if not statement.reproducible("plain")]
    assert len(lost) == 15
    for statement in lost:
        listed = len(statement.answers)
        once = next(
            size
            for size in range(listed + 1, listed + 9)
            if all(
                math.isclose(share * size / 100, round(share * size / 100), abs_tol=1e-6)
                for share in statement.plain.values()
            )
        )
        counted = tally(statement.answers)
        then = {point: round(share * once / 100) for point, share in statement.plain.items()}
        now: dict[str, Any] = {**counted.counts, "no_opinion": counted.blanks.get("no_opinion", 0)}
        assert all(then[point] >= now[point] for point in now), statement.name


def test_who_leaves_later_does_not_change_what_was_counted(statements):
    """Ours counts a frozen list. Taking people off a later list is another tally; the first one stays as it was."""
    statement = next(
        statement for statement in statements if statement.reproducible("plain") and statement.reproducible("weighted")
    )
    panel = list(statement.answers)
    frozen = tuple(panel)
    before = tally(list(frozen))
    panel.remove(next(answer for answer in panel if answer.is_opinion))
    assert of_all_listed(panel) != pytest.approx(statement.plain, abs=1e-9)  # counted over the living table: gone
    assert tally(list(frozen)) == before
    assert of_all_listed(list(frozen)) == pytest.approx(statement.plain, abs=1e-9)
    assert prints_as(weighted(list(frozen)), statement.weighted)
