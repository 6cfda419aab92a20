"""An answer in one's own words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys import results
from surveys.questions.base import QuestionSpec, QuestionType, SettingsForm
from surveys.results import Counted, Tally

USUAL_LENGTH, USUAL_LINE = 2000, 200
_TOO_LONG = gettext_lazy("This is too long: at most %(limit_value)d characters (it has %(show_value)d).")
# What no one types and neither JSON in PostgreSQL nor XML can hold; tabs and line ends stay.
UNPRINTABLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


class Words(forms.CharField):
    """Text without unprintable characters, line ends as \\n; None where there is none."""

    widget: forms.Widget = forms.Textarea(attrs={"rows": 5})

    def __init__(self, *, max_length: int) -> None:
        super().__init__(required=False, max_length=max_length, empty_value=None)
        self.error_messages["max_length"] = _TOO_LONG

    def to_python(self, value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            raise ValidationError(_("Write your answer as text."), code="invalid")
        if value:
            # Browsers send a line end as two characters but count it as one.
            value = UNPRINTABLE.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
            if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
                raise ValidationError(
                    _("The text has characters that are damaged. Please type it again."), code="invalid"
                )
        return super().to_python(value)


class Line(Words):
    """Words on one line."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "class": "line"})

    def to_python(self, value: Any) -> str | None:
        if isinstance(value, str):
            value = " ".join(value.split())
        return super().to_python(value)


class TextSettings(SettingsForm):
    short = forms.BooleanField(label=gettext_lazy("one line"), required=False)
    max_length = forms.IntegerField(
        label=gettext_lazy("longest answer"),
        help_text=gettext_lazy("In characters; 2,000 where nothing is said, 200 for one line."),
        required=False,
        min_value=20,
        max_value=10_000,
    )


class Text(QuestionType):
    kind = "text"
    label = gettext_lazy("free text")
    seconds = 90

    def settings_form(self) -> type[SettingsForm]:
        return TextSettings

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        spec = QuestionSpec(
            key="advice",
            kind=self.kind,
            prompt="What should be done in the next twelve months?",
            settings={"max_length": 500},
        )
        return spec, ["Train people first.", "Buy long, build late.\n\nAnd say so."]

    def form_field(self, spec: QuestionSpec) -> forms.Field:
        limit = spec.settings.get("max_length")
        if spec.settings.get("short"):
            return Line(max_length=limit or USUAL_LINE)
        return Words(max_length=limit or USUAL_LENGTH)

    def frozen(self, stored: Any) -> Any:
        """That there was an answer, not which."""
        return None if stored is None else "given"

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        return str(stored)

    def words(self, stored: Any, comment: str) -> str:
        return "\n\n".join(part for part in (stored, comment) if part)

    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        return Tally(asked=len(answers), base=len(results.opinions(answers)), blanks=results.count_blanks(answers))

    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> None:
        return None

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        tally = shown.get("all")
        if tally is None or not tally.base:
            return []
        return [_("%(base)d of %(asked)d answered in their own words.") % {"base": tally.base, "asked": tally.asked}]
