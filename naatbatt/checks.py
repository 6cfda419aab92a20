"""Misconfiguration as system checks: `manage.py check` names the variable, what is wrong, and the remedy."""

import sys
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

# The status by which a gunicorn worker says that starting it again is no use.
BOOT_FAILURE = 3


@register()
def environment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"{found.variable} {found.problem}.", hint=found.remedy, id=f"naatbatt.{found.variable}")
        for found in settings.CONFIGURATION_PROBLEMS
    ]


def refuse_to_start() -> None:
    """Called by every process that serves (web, worker, beat): end it with what `manage.py check` would say."""
    if settings.CONFIGURATION_PROBLEMS:
        for found in settings.CONFIGURATION_PROBLEMS:
            print(found, file=sys.stderr, flush=True)
        raise SystemExit(BOOT_FAILURE)
