"""Contributors as tables, brought in from a file or written out; and forgotten, where they ask for it."""

from surveys.contributors.exporting import as_csv, as_xlsx
from surveys.contributors.forgetting import Held, forget
from surveys.contributors.importing import Line, Outcome, Report, bring_in
from surveys.contributors.tables import MOST_BYTES, Unreadable

__all__ = ["MOST_BYTES", "Held", "Line", "Outcome", "Report", "Unreadable", "as_csv", "as_xlsx", "bring_in", "forget"]
