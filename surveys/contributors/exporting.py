"""Contributors written out as they can be brought in again; not those who asked to be forgotten."""

import csv
from collections.abc import Iterator
from typing import IO, Any

from django.db.models import QuerySet

from surveys.contributors.tables import COLUMNS, disarm
from surveys.models import Contributor
from surveys.models.people import FORMER

CHUNK = 500


def as_csv(people: QuerySet[Contributor]) -> Iterator[str]:
    """Line by line, for a page that is written while it is read. Begins with the mark by which Excel knows UTF-8."""
    writer = csv.writer(_Passing())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for cells in _rows(people):
        yield writer.writerow(cells)


def as_xlsx(people: QuerySet[Contributor], file: IO[bytes]) -> None:
    """Into `file`, row by row: the rows are never all in memory."""
    from openpyxl import Workbook  # which takes a while: only who needs it pays
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Contributors")
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEFGH", (28, 34, 14, 34, 28, 10, 30, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append(list(COLUMNS))
    for cells in _rows(people):
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("\ufffd", cell) for cell in cells])
    book.save(file)


def _rows(people: QuerySet[Contributor]) -> Iterator[list[str]]:
    on_file = people.exclude(email__endswith=FORMER).order_by("name", "pk")
    for person in on_file.prefetch_related("topics").iterator(chunk_size=CHUNK):
        topics = ", ".join(topic.slug for topic in person.topics.all())
        yield [
            disarm(cell)
            for cell in (
                person.name, person.email, person.sector, person.affiliation, person.position, person.country, topics,
                person.note,
            )
        ]  # fmt: skip


class _Passing:
    """What a csv writer writes to: hands each line back."""

    def write(self, line: Any) -> Any:
        return line
