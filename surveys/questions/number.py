"""A number, with a unit, bounds, and as many digits as make sense."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from naatbatt.charts.numbers import quantity
from surveys.questions.amounts import Amounts
from surveys.questions.base import QuestionSpec, SettingsForm

# Beyond fifteen digits a JSON number is no longer exact everywhere.
LARGEST = 10**15
LONGEST = 60
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(([ ,])[0-9]{3}(\2[0-9]{3})*)(\.[0-9]+)?")
PLAIN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


class NumberField(forms.Field):
    """Reads a number as people write it: "1200", "1,200", "1 200", "−3", "12.5 GWh".

    Cleans to int, or to float where decimals are allowed.
    """

    def __init__(
        self, *, unit: str, minimum: float | None, maximum: float | None, decimals: int, digits: int = 0
    ) -> None:
        self.unit, self.decimals, self.digits = unit, decimals, digits
        self.minimum, self.maximum = minimum, maximum
        # No type="number": it changes by the mouse wheel and drops what it cannot read without a word.
        whole_and_positive = not decimals and minimum is not None and minimum >= 0
        widget = forms.TextInput(
            attrs={"inputmode": "numeric" if whole_and_positive else "decimal", "autocomplete": "off"}
        )
        in_unit = _("In %(unit)s.") % {"unit": unit} if unit else ""
        super().__init__(required=False, widget=widget, help_text=self.bounds() or in_unit)

    def bounds(self) -> str:
        """The bounds in words, or nothing."""
        low = None if self.minimum is None else quantity(self.minimum, self.unit)
        high = None if self.maximum is None else quantity(self.maximum, self.unit)
        if low is not None and high is not None:
            return _("From %(low)s to %(high)s.") % {"low": low, "high": high}
        if low is not None:
            return _("%(low)s or more.") % {"low": low}
        if high is not None:
            return _("%(high)s or less.") % {"high": high}
        return ""

    def prepare_value(self, value: Any) -> Any:
        return format(Decimal(repr(value)).normalize(), "f") if isinstance(value, float) else value

    def to_python(self, value: Any) -> float | None:
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValidationError(self.unreadable(), code="invalid")
        if isinstance(value, int) and abs(value) > LARGEST:  # before str(), which refuses thousands of digits
            raise ValidationError(_("This number is too large."), code="too_large")
        text = self.bare(self.prepare_value(value))
        if not text:
            return None
        if "," in text and not GROUPED.fullmatch(text) and PLAIN.fullmatch(text.replace(",", ".")):
            raise ValidationError(_("Write decimals with a point, e.g. 1.5."), code="invalid")
        if GROUPED.fullmatch(text):
            text = text.replace(",", "").replace(" ", "")
        if len(text) > LONGEST or not PLAIN.fullmatch(text):
            raise ValidationError(self.unreadable(), code="invalid")
        if len(text.partition(".")[2].rstrip("0")) > self.decimals:
            raise ValidationError(self.too_precise(), code="precision")
        return self.exact(text)

    def exact(self, text: str) -> float:
        """The number that plain digits make, if it is neither too large nor has too many of them."""
        number = float(text)
        if abs(number) * 10**self.decimals > LARGEST:
            raise ValidationError(_("This number is too large."), code="too_large")
        significant = text.lstrip("+-").replace(".", "").strip("0") if number else ""
        if self.digits and len(significant) > self.digits:
            raise ValidationError(self.too_many_digits(number), code="digits")
        return number + 0.0 if self.decimals else int(number)  # + 0.0 makes -0.0 plain zero

    def bare(self, value: object) -> str:
        """Without the unit, with plain spaces and a plain minus."""
        text, unit = (" ".join(words.split()) for words in (str(value), self.unit))
        text = text.replace("\N{MINUS SIGN}", "-")
        sign = "-" if text.startswith("-") else ""
        return sign + text.removeprefix(sign).removesuffix(unit).removeprefix(unit).strip()

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is None:
            return
        too_low = self.minimum is not None and value < self.minimum
        too_high = self.maximum is not None and value > self.maximum
        if too_low or too_high:
            raise ValidationError(_("Out of range. %(bounds)s") % {"bounds": self.bounds()}, code="out_of_range")

    def unreadable(self) -> str:
        return _("Enter a number, e.g. %(example)s.") % {"example": "12.5" if self.decimals else "12"}

    def too_precise(self) -> str:
        if not self.decimals:
            return _("Enter a whole number, without decimals.")
        return ngettext(
            "At most %(decimals)d digit after the point.", "At most %(decimals)d digits after the point.", self.decimals
        ) % {"decimals": self.decimals}

    def too_many_digits(self, number: float) -> str:
        """With the number as it could be written: "e.g. 12,000"."""
        example = quantity(float(f"{number:.{self.digits - 1}e}"), self.unit)
        return ngettext(
            "One significant digit is enough, e.g. %(example)s.",
            "%(digits)d significant digits are enough, e.g. %(example)s.",
            self.digits,
        ) % {"digits": self.digits, "example": example}


class BoundsSettings(SettingsForm):
    """What can be set of anything that is answered by numbers."""

    unit = forms.CharField(
        label=gettext_lazy("unit"), required=False, max_length=30, help_text=gettext_lazy("E.g. %, GWh, US$/kWh.")
    )
    minimum = forms.FloatField(label=gettext_lazy("smallest"), required=False, min_value=-LARGEST, max_value=LARGEST)
    maximum = forms.FloatField(label=gettext_lazy("largest"), required=False, min_value=-LARGEST, max_value=LARGEST)
    decimals = forms.IntegerField(
        label=gettext_lazy("decimals"),
        required=False,
        min_value=0,
        max_value=6,
        help_text=gettext_lazy("Digits allowed after the point; none where nothing is said."),
    )
    digits = forms.IntegerField(
        label=gettext_lazy("significant digits"),
        required=False,
        min_value=1,
        max_value=12,
        help_text=gettext_lazy("At most so many, so that nobody has to be more exact than they are."),
    )

    def clean(self) -> dict[str, Any]:
        low, high = self.cleaned_data.get("minimum"), self.cleaned_data.get("maximum")
        if low is not None and high is not None and low >= high:
            self.add_error("maximum", _("The largest number must be above the smallest."))
        zeros = {name: 0 for name in ("minimum", "maximum", "decimals") if self.cleaned_data.get(name) == 0}
        return {
            name: int(value) if isinstance(value, float) and value.is_integer() else value
            for name, value in {**super().clean(), **zeros}.items()
        }


class Number(Amounts):
    kind = "number"
    label = gettext_lazy("number")
    asks_comment = True

    def settings_form(self) -> type[SettingsForm]:
        return BoundsSettings

    def unit(self, spec: QuestionSpec) -> str:
        return spec.settings.get("unit") or ""

    def decimals(self, spec: QuestionSpec) -> int:
        return int(spec.settings.get("decimals") or 0)

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="share-2035",
            kind=self.kind,
            prompt="What share of the world's lithium-ion cells will be made in the United States in 2035?",
            settings={"unit": "%", "minimum": 0, "maximum": 100, "decimals": 1, "offers": ["no_opinion"]},
        )
        return spec, [5.0, 8.0, 10.0, 12.5, 15.0, 30.0]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        return number_field(spec)

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return quantity(stored, self.unit(spec))


def number_field(spec: QuestionSpec) -> NumberField:
    """The field for one number, as the settings of `BoundsSettings` have it."""
    return NumberField(
        unit=spec.settings.get("unit") or "",
        minimum=spec.settings.get("minimum"),
        maximum=spec.settings.get("maximum"),
        decimals=int(spec.settings.get("decimals") or 0),
        digits=int(spec.settings.get("digits") or 0),
    )
