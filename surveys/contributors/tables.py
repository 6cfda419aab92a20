"""Files that spreadsheets write, as rows of cells; and cells that spreadsheets do not take for formulas.

Knows nothing of contributors but the names of their columns.
"""

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

MOST_BYTES = 1024 * 1024
MOST_ROWS = 3000
MOST_COLUMNS = 60
MOST_UNPACKED = 40 * 1024 * 1024  # what the parts of a workbook may come to

# The columns, as they are written out, and what else people call them.
COLUMNS = {
    "name": {"full name", "contributor", "expert", "person"},
    "email": {"e mail", "mail", "address", "email address", "e mail address", "mail address"},
    "sector": {"group"},
    "affiliation": {"organization", "organisation", "company", "institution", "employer"},
    "position": {"title", "job title", "role", "function"},
    "country": {"country code"},
    "topics": {"topic", "subjects", "expertise"},
    "note": {"notes", "remark", "remarks", "comment"},
}
NEEDED = ("name", "email", "sector")

# What makes a spreadsheet take text for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_LETTERS = ("utf-8-sig", "cp1252", "latin-1")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Unreadable(Exception):
    """The file as a whole cannot be used; says why."""


def disarm(text: str) -> str:
    """Text as a cell that no spreadsheet computes: an apostrophe in front of what could be a formula."""
    return f"'{text}" if text.startswith((*_FORMULA, "'")) else text


def rearm(cell: str) -> str:
    """The text that `disarm` made this cell of. A lone apostrophe that it did not set is left alone."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_FORMULA, "'")) else cell


def tidy(text: str) -> str:
    """One kind of line break, and no blanks around it: what is the same so is the same."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def read(content: bytes) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """The columns that nobody asked for, and the rows: (number of the line in the file, cells by name of column).

    CSV with commas, semicolons or tabs, in UTF-8 (with or without its mark), UTF-16 or Windows' letters; or the first
    sheet of an XLSX workbook. Empty lines are passed over. Raises Unreadable, saying what is wrong with the file.
    """
    if len(content) > MOST_BYTES:
        raise Unreadable(_("The file is larger than %(size)d KB.") % {"size": MOST_BYTES // 1024})
    rows: Iterable[tuple[int, list[str]]] = _workbook(content) if content.startswith(b"PK\x03\x04") else _text(content)
    filled = [(number, cells) for number, cells in rows if any(cells)]
    if not filled:
        raise Unreadable(_("The file is empty."))
    if len(filled) > MOST_ROWS:
        raise Unreadable(_("The file has more than %(number)d lines. Split it.") % {"number": MOST_ROWS})
    names = _columns(filled[0][1])
    ignored = [cell for cell, name in zip(filled[0][1], names, strict=True) if cell and name is None]
    return ignored, ((number, _by_name(names, cells)) for number, cells in filled[1:])


def _columns(heads: list[str]) -> list[str | None]:
    names = [_column(head) for head in heads]
    for name in COLUMNS:
        if names.count(name) > 1:
            raise Unreadable(_("Two columns are called “%(name)s”.") % {"name": name})
    if missing := [name for name in NEEDED if name not in names]:
        raise Unreadable(
            _("The first line must name the columns. Missing: %(missing)s.") % {"missing": ", ".join(missing)}
        )
    return names


def _column(head: str) -> str | None:
    plain = " ".join(head.casefold().replace("-", " ").replace("_", " ").split())
    return next((name for name, others in COLUMNS.items() if plain == name or plain in others), None)


def _by_name(names: list[str | None], cells: list[str]) -> dict[str, str]:
    return {name: rearm(cell).strip() for name, cell in zip(names, cells, strict=False) if name is not None}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value.isoformat() if isinstance(value, (date, datetime)) else str(value)
    return tidy(text)


def _text(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(content)
    head = text.lstrip().partition("\n")[0]
    separator = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    try:
        for row in rows:
            yield line, [_cell(cell) for cell in row]
            line = rows.line_num + 1
    except csv.Error as error:
        raise Unreadable(_("Line %(line)d cannot be read: %(error)s.") % {"line": line, "error": error}) from None


def _decoded(content: bytes) -> str:
    for letters in ("utf-16",) if content.startswith(_UTF_16) else _LETTERS:
        try:
            return content.decode(letters)
        except UnicodeDecodeError:
            continue
    raise Unreadable(_("These are no letters that we know. Save the file as UTF-8."))


def _workbook(content: bytes) -> list[tuple[int, list[str]]]:
    from openpyxl import load_workbook  # which takes a while: only who needs it pays

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked <= MOST_UNPACKED:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what a workbook holds beside its cells
                book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # what a file says of its own size is not to be relied on
                rows = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS, values_only=True)
                return [(number, [_cell(value) for value in row]) for number, row in enumerate(rows, start=1)]
    except Exception as error:  # a damaged workbook breaks its reader in any way there is
        raise Unreadable(_("This workbook cannot be read: %(error)s.") % {"error": type(error).__name__}) from None
    raise Unreadable(_("The workbook is too large once unpacked."))
