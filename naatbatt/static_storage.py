"""Static files of a site that one person runs on their own machine."""

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class QuicklyCollectedStorage(CompressedManifestStaticFilesStorage):
    """As in production, fingerprints and all, but without Brotli: that takes seconds, and `make run` collects anew."""

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return Compressor(use_brotli=False, **kwargs)
