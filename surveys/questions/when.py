"""When something will be: a year, or a date."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.questions.amounts import Amounts
from surveys.questions.base import QuestionSpec, SettingsForm

FIRST, LAST = 1000, 9999
YEAR = re.compile(r"[0-9]{4}")
DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


class WhenSettings(SettingsForm):
    date = forms.BooleanField(
        label=gettext_lazy("a date"), help_text=gettext_lazy("Day, month and year rather than a year."), required=False
    )
    earliest = forms.IntegerField(
        label=gettext_lazy("earliest year"), required=False, min_value=FIRST, max_value=LAST
    )  # fmt: skip
    latest = forms.IntegerField(label=gettext_lazy("latest year"), required=False, min_value=FIRST, max_value=LAST)

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("earliest"), self.cleaned_data.get("latest")
        if first and last and first >= last:
            self.add_error("latest", _("The latest year must come after the earliest."))
        return super().clean()


class DayInput(forms.TextInput):
    """The browser's own calendar; where it has none, a line to write in."""

    input_type = "date"


class WhenField(forms.Field):
    """Cleans to a year as a whole number, or to a date."""

    def __init__(self, *, exact: bool, earliest: int | None, latest: int | None) -> None:
        self.exact, self.earliest, self.latest = exact, earliest, latest
        widget = DayInput() if exact else forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
        if exact:
            widget.attrs |= {"min": f"{earliest}-01-01"} if earliest else {}
            widget.attrs |= {"max": f"{latest}-12-31"} if latest else {}
        super().__init__(required=False, widget=widget, help_text=self.bounds())

    def bounds(self) -> str:
        if self.earliest and self.latest:
            return _("From %(first)d to %(last)d.") % {"first": self.earliest, "last": self.latest}
        if self.earliest:
            return _("%(first)d or later.") % {"first": self.earliest}
        return _("%(last)d or earlier.") % {"last": self.latest} if self.latest else ""

    def prepare_value(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    def to_python(self, value: Any) -> int | date | None:
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | date):
            raise ValidationError(self.unreadable(), code="invalid")
        if isinstance(value, int) and not FIRST <= value <= LAST:  # before str(), which refuses thousands of digits
            raise ValidationError(self.unreadable(), code="invalid")
        text = str(value).strip()
        if not text:
            return None
        found = (DAY if self.exact else YEAR).fullmatch(text)
        if found is None or int(text[:4]) < FIRST:
            raise ValidationError(self.unreadable(), code="invalid")
        try:
            return date.fromisoformat(text) if self.exact else int(text)
        except ValueError:  # the 31st of June
            raise ValidationError(self.unreadable(), code="invalid") from None

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is None:
            return
        year = value.year if isinstance(value, date) else value
        if (self.earliest and year < self.earliest) or (self.latest and year > self.latest):
            raise ValidationError(_("Out of range. %(bounds)s") % {"bounds": self.bounds()}, code="out_of_range")

    def unreadable(self) -> str:
        return _("Enter a date as year-month-day, e.g. 2035-06-30.") if self.exact else _("Enter a year, e.g. 2035.")


class When(Amounts):
    kind = "when"
    label = gettext_lazy("year or date")
    asks_comment = True
    grouped = False

    def settings_form(self) -> type[SettingsForm]:
        return WhenSettings

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="parity",
            kind=self.kind,
            prompt="In which year will a cell made in the United States cost no more than an imported one?",
            settings={"earliest": 2026, "latest": 2100, "offers": ["no_opinion"]},
        )
        return spec, [2029, 2033, 2034, 2038, 2041, 2097]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        settings = spec.settings
        return WhenField(
            exact=bool(settings.get("date")), earliest=settings.get("earliest"), latest=settings.get("latest")
        )

    def dump(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    def load(self, stored: Any) -> Any:
        return date.fromisoformat(stored) if isinstance(stored, str) else stored

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return date_format(date.fromisoformat(stored), "DATE_FORMAT") if isinstance(stored, str) else str(stored)

    def amount(self, value: Any) -> float:
        """A date counts as its year: what is foreseen to the day is not known to the day."""
        return value.year if isinstance(value, date) else value

    def shown_as(self, spec: QuestionSpec, statistic: float) -> float:
        """A whole year; the later one where it falls between two."""
        return int(statistic + 0.5)

    def told(self, spec: QuestionSpec, statistic: float) -> str:
        return str(int(self.shown_as(spec, statistic)))
