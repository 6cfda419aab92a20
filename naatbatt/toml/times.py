"""Times as people write them in files: a local time in a zone, or one relative to the moment of reading."""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from naatbatt import wall_clock

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?")
_LATER = re.compile(r"in (\d{1,3}) days? at (\d{1,2}):(\d{2})")
FORMS = 'write "2026-11-03 09:00", "now" or "in 14 days at 17:00"'


def instant(written: object, *, zone: ZoneInfo, now: datetime) -> datetime:
    """The instant that is meant. Raises ValueError with a sentence for the person who wrote it."""
    if written == "now":
        return now
    try:
        local = _local(written, today=now.astimezone(zone))
    except ValueError:
        local = None
    if local is None:
        raise ValueError(f'"{written}" is not a time; {FORMS}')
    if local.tzinfo is not None:
        # Needed only for an hour that the clocks show twice.
        if local.utcoffset() != local.astimezone(zone).utcoffset():
            raise ValueError(
                f'"{written}" has an offset that {zone.key} does not have then; write the local time and name its '
                'zone in "zone"'
            )
        return local
    try:
        return wall_clock.instant(local, zone.key)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from None


def _local(written: object, *, today: datetime) -> datetime | None:
    if isinstance(written, datetime):  # TOML has local times of its own
        return written
    if not isinstance(written, str):
        return None
    if found := _LATER.fullmatch(written):
        day = today.date() + timedelta(days=int(found[1]))
        return datetime.combine(day, time(int(found[2]), int(found[3])))
    return datetime.fromisoformat(written) if _LOCAL.fullmatch(written) else None
