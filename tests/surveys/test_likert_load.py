"""66,690 real respondents on five items, against published figures. Data: ../shared/data/likert_load."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import pytest

from surveys import results

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "likert_load"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the published Likert items are not at {FOLDER}")


@pytest.fixture(scope="module")
def answers() -> dict[str, list[int]]:
    with (FOLDER / "published.csv").open(newline="") as published:
        items = [row["item"] for row in csv.DictReader(published)]
    found: dict[str, list[int]] = {item: [] for item in items}
    with gzip.open(FOLDER / "responses.csv.gz", "rt", newline="") as rows:
        lines = csv.reader(rows)
        header = next(lines)
        columns = [(found[item], header.index(item)) for item in items]
        for row in lines:
            for values, column in columns:
                if row[column]:
                    values.append(int(row[column]))
    return found


def test_all_published_figures_come_out(answers):
    with (FOLDER / "published.csv").open(newline="") as published:
        rows = list(csv.DictReader(published))
    assert len(rows) == 5
    for row in rows:
        values = answers[row["item"]]
        counts = Counter(values)
        shares = results.plain_shares(
            {"low": counts[1] + counts[2], "neutral": counts[3], "high": counts[4] + counts[5]}, len(values)
        )
        for name in ("low", "neutral", "high"):
            assert shares[name] == pytest.approx(float(row[name]), abs=5e-6), (row["item"], name)
        assert results.mean(values) == pytest.approx(float(row["mean"]), abs=5e-7)
        assert results.standard_deviation(values) == pytest.approx(float(row["sd"]), abs=5e-7)
