"""The settings of a site that is only measured: everything as in production, and one view that does nothing."""

from naatbatt.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.served.urls"
