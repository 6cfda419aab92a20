"""Times as staff type them: what a clock on the wall shows in the zone that they name beside it."""

import zoneinfo
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.zones import validate_zone

YEARS = range(1900, 2200)


def instant(naive: datetime, zone: str) -> datetime:
    """The instant at which a clock on the wall in `zone` shows `naive`.

    Refused with a `ValidationError` where the clocks change: a time that is skipped does not exist, and one that comes
    twice does not say which is meant. Refused too is a year that somebody cannot have meant: at the ends of the
    calendar an instant cannot be said in every zone.
    """
    if naive.year not in YEARS:
        raise ValidationError(
            _("The year %(year)s is not between %(first)d and %(last)d.")
            % {"year": naive.strftime("%Y"), "first": YEARS[0], "last": YEARS[-1]}
        )
    meant = naive.replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=0)
    values = {"time": naive.strftime("%Y-%m-%d %H:%M"), "zone": zone}
    if meant.astimezone(zoneinfo.ZoneInfo("UTC")).astimezone(meant.tzinfo).replace(tzinfo=None) != naive:
        raise ValidationError(
            _("%(time)s does not exist in %(zone)s: the clocks go forward over it. Choose an hour later.") % values
        )
    if meant.utcoffset() != meant.replace(fold=1).utcoffset():
        raise ValidationError(
            _("%(time)s comes twice in %(zone)s: the clocks go back. Choose another hour, or give the time in UTC.")
            % values
        )
    return meant


class WallClock(forms.SplitDateTimeWidget):
    """The browser's own pickers: the admin's would offer "now" in another zone than the one named."""

    def __init__(self) -> None:
        date: dict[str, Any] = {"type": "date", "aria-label": gettext_lazy("Date")}
        time: dict[str, Any] = {"type": "time", "aria-label": gettext_lazy("Time")}
        super().__init__(date_attrs=date, date_format="%Y-%m-%d", time_attrs=time, time_format="%H:%M")


class WallClockField(forms.SplitDateTimeField):
    """A date and a time as a clock on some wall shows them: no zone yet, so nothing is converted here."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=WallClock(), **kwargs)

    def compress(self, data_list: Any) -> datetime | None:
        """A date without a time, or the reverse, is half a thought: whoever typed it meant something by it."""
        date, time = data_list or (None, None)
        if not date and not time:
            return None
        if not date:
            raise ValidationError(_("Enter the date too."), code="invalid_date")
        if not time:
            raise ValidationError(_("Enter the time too."), code="invalid_time")
        return datetime.combine(date, time)


class ZonedForm(forms.ModelForm):
    """A model form whose fields in `moments` are entered in the zone that its field `zone` names."""

    moments: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "zone" in self.fields:  # whether it changed is asked of the row, not of what the browser says it was
            self.fields["zone"].show_hidden_initial = False
        for name in self.moments:
            stored = getattr(self.instance, name)
            if stored:
                wall = stored.astimezone(zoneinfo.ZoneInfo(self.instance.zone))
                self.initial[name] = wall.replace(tzinfo=None, second=0, microsecond=0)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        zone = self._zone(cleaned)
        for name in self.moments:
            naive = cleaned.get(name)
            if naive is None:
                continue
            if not zone:  # the form is refused anyway; nothing later may stumble over a time without a zone
                cleaned[name] = naive.replace(tzinfo=UTC)
            elif {name, "zone"} & set(self.changed_data):
                try:
                    cleaned[name] = instant(naive, zone)
                except ValidationError as error:
                    self.add_error(name, error)
            else:  # to the microsecond, and also in an hour that comes twice
                cleaned[name] = getattr(self.instance, name)
        return cleaned

    def _zone(self, cleaned: dict[str, Any]) -> str:
        zone = cleaned.get("zone") or ""
        try:
            if zone:
                validate_zone(zone)
        except ValidationError as error:
            self.add_error("zone", error)
            return ""
        return zone
