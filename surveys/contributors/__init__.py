"""Contributors as tables: a file of them brought in, or all of them written out."""

from surveys.contributors.exporting import as_csv, as_xlsx
from surveys.contributors.importing import Line, Outcome, Report, bring_in
from surveys.contributors.tables import MOST_BYTES, Unreadable

__all__ = ["MOST_BYTES", "Line", "Outcome", "Report", "Unreadable", "as_csv", "as_xlsx", "bring_in"]
