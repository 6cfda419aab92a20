"""Misconfiguration as system checks: `manage.py check` names the variable, what is wrong, and the remedy."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def environment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"{found.variable} {found.problem}.", hint=found.remedy, id=f"naatbatt.{found.variable}")
        for found in settings.CONFIGURATION_PROBLEMS
    ]
