"""Seeds: the files of a folder, read with the place of every fault, and played through the site's own verbs."""

from naatbatt.seeding.playing import Played, play
from naatbatt.seeding.reading import read
from naatbatt.toml import FaultsError

__all__ = ["FaultsError", "Played", "play", "read"]
