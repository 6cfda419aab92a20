"""Lists of keys and labels as people write them: a line each, "key | label"."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST_LINES = 100
MOST_CHARACTERS = 40_000
LONGEST_KEY = 40


class OptionLines(forms.Field):
    """Cleans lines "key | label" to [{"key": ..., "label": ...}, ...]; takes such a list as it is.

    A line without a key gets one made of its label, once: what is stored has it from then on.
    """

    widget = forms.Textarea(attrs={"rows": 6, "cols": 80, "spellcheck": "false"})
    default_help = gettext_lazy("One on each line: key | label. The key is what is stored: do not change it later.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "help_text": self.default_help, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or not isinstance(value, Sequence):
            return value
        if not all(isinstance(option, Mapping) for option in value):
            return value
        return "\n".join(f"{option.get('key', '')} | {option.get('label', '')}" for option in value)

    def to_python(self, value: Any) -> Any:
        if value in (None, ""):
            return []
        if not isinstance(value, str):
            return value  # whoever uses it says what is wrong with it
        if len(value) > MOST_CHARACTERS:
            raise ValidationError(_("This is too long."), code="invalid")
        lines = [line.strip() for line in value.splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            raise ValidationError(_("At most %(most)d lines.") % {"most": MOST_LINES}, code="invalid")
        return [self._option(line, number) for number, line in enumerate(lines, start=1)]

    @staticmethod
    def _option(line: str, number: int) -> dict[str, str]:
        key, bar, label = (part.strip() for part in line.partition("|"))
        if not bar:
            key, label = slugify(key)[:LONGEST_KEY].strip("-_") or f"option-{number}", key
        return {"key": key, "label": label}
