from typing import Any

from django import template

from naatbatt import dashboard

register = template.Library()


@register.simple_tag(takes_context=True)
def this_week(context: dict[str, Any]) -> dashboard.Week:
    return dashboard.this_week(context["request"].user)
