"""Times as people read them: an instant, said in the zone it was meant in, with that zone's name."""

import zoneinfo
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _


def association_zone() -> str:
    """The zone in which staff mean their times unless they say otherwise."""
    return settings.ASSOCIATION_ZONE


def validate_zone(name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):  # OSError: a folder of the database, such as "Europe"
        raise ValidationError(
            _("“%(zone)s” is not a time zone. Use a name such as America/New_York."), params={"zone": name}
        ) from None


def _zone_name(local: datetime) -> str:
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name  # zones without letters of their own are called "+03"


def in_words(instant: datetime, zone: str) -> str:
    """Day and time, such as "Friday, Dec. 4, 2026, 5 p.m. EST"."""
    local = instant.astimezone(zoneinfo.ZoneInfo(zone))
    return f"{date_format(local, 'l')}, {date_format(local, 'DATETIME_FORMAT')} {_zone_name(local)}"


def clock_in_words(instant: datetime, zone: str) -> str:
    """Time of day only, such as "12:04 p.m. EST"."""
    local = instant.astimezone(zoneinfo.ZoneInfo(zone))
    return f"{date_format(local, 'TIME_FORMAT')} {_zone_name(local)}"
