"""Files that people write: read with the place of every fault, and written so that they read back as they were."""

from naatbatt.toml.source import Entry, Fault, FaultsError, Source, open_source
from naatbatt.toml.writing import document, local_time

__all__ = ["Entry", "Fault", "FaultsError", "Source", "document", "local_time", "open_source"]
