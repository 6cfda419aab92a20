from typing import Any

from django.conf import settings
from django.http import HttpRequest


def association(request: HttpRequest) -> dict[str, Any]:
    """What every page and mail may say about who runs the site."""
    return {
        "association_name": settings.ASSOCIATION_NAME,
        "association_address": settings.ASSOCIATION_ADDRESS,
        "association_zone": settings.ASSOCIATION_ZONE,
        "site_url": settings.SITE_URL,
        "source_url": settings.SOURCE_URL,
    }
