"""Answers of several parts: each part is a labelled input of its own, named `<question>.<part>` in the form.

No question's key holds a point, so no part can be taken for another question.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from naatbatt.charts.numbers import BEFORE

LONGEST_NAME = 40  # of a part, in a message


@dataclass(frozen=True)
class Part:
    key: str
    label: str
    note: str = ""


@dataclass(eq=False)
class PartsWidget(forms.Widget):
    """Inputs for all parts, in the order of `parts`, drawn by one of templates/surveys/fields/."""

    parts: list[Part]
    template_name: str
    # What each part is chosen from, (value, label); where there is nothing, it is typed.
    choices: list[tuple[str, str]] = field(default_factory=list)
    unit: str = ""

    use_fieldset = True

    def __post_init__(self) -> None:
        super().__init__()

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> dict[str, Any] | None:
        found = {part.key: data.get(f"{name}.{part.key}") for part in self.parts}
        return {key: value for key, value in found.items() if value not in (None, "")} or None

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return not any(f"{name}.{part.key}" in data for part in self.parts)

    def id_for_label(self, id_: str, index: Any = None) -> str:
        """The first thing to fill in."""
        first = f"{id_}.{self.parts[0].key}"
        return f"{first}.0" if self.choices and self.marked else first

    @property
    def marked(self) -> bool:
        """The choices of a part are radios rather than a menu."""
        return self.template_name.endswith("matrix.html")

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        given = value if isinstance(value, Mapping) else {}
        identity = context["widget"]["attrs"].get("id", name)
        context["parts"] = [
            {
                "part": part,
                "name": f"{name}.{part.key}",
                "id": f"{identity}.{part.key}",
                "value": str(given.get(part.key, "")),
            }
            for part in self.parts
        ]
        context["choices"], context["unit"], context["unit_first"] = self.choices, self.unit, self.unit in BEFORE
        context["invalid"] = context["widget"]["attrs"].get("aria-invalid")
        context["described"] = f"{identity}_error" if context["invalid"] else ""
        return context

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """By the project's templates, which Django's own renderer of forms does not know."""
        return mark_safe(TemplatesSetting().render(self.template_name, self.get_context(name, value, attrs)))  # noqa: S308


class PartsField(forms.Field):
    """Cleans a mapping of parts, by `combine`, to one value; None where nothing was given at all."""

    widget: PartsWidget

    def __init__(self, widget: PartsWidget, *, help_text: str = "") -> None:
        super().__init__(required=False, widget=widget, help_text=help_text)

    @property
    def parts(self) -> dict[str, Part]:
        return {part.key: part for part in self.widget.parts}

    def spread(self, value: Any) -> Any:
        """A value as its parts, the reverse of `combine`."""
        return value

    def combine(self, given: Mapping[str, Any]) -> Any:
        """The value that the parts given make; raises ValidationError in words."""
        raise NotImplementedError

    def prepare_value(self, value: Any) -> Any:
        return self.spread(value) if isinstance(value, list | dict) else value

    def to_python(self, value: Any) -> Any:
        if value is None or value == "":
            return None
        given = self.spread(value)
        if not isinstance(given, Mapping) or not {*given} <= {*self.parts}:
            raise ValidationError(_("This answer could not be read. Please fill it in once more."), code="invalid")
        given = {key: given[key] for key in self.parts if given.get(key) not in (None, "")}
        return self.combine(given) if given else None

    def named(self, keys: Iterable[str]) -> str:
        """“One” and 2 more."""
        first, *others = (short(self.parts[key].label) for key in keys)
        if not others:
            return _("“%(label)s”") % {"label": first}
        return _("“%(label)s” and %(more)d more") % {"label": first, "more": len(others)}

    def clean_parts(self, fields: Mapping[str, forms.Field], given: Mapping[str, Any]) -> dict[str, Any]:
        """Each part by a field of its own. Says which part is wrong."""
        values, refused = {}, []
        for key, raw in given.items():
            try:
                values[key] = fields[key].clean(raw)
            except ValidationError as refusal:
                refused += [f"{short(self.parts[key].label)}: {message}" for message in refusal.messages]
        if refused:
            raise ValidationError(refused)
        return {key: value for key, value in values.items() if value is not None}


def short(label: str) -> str:
    return label if len(label) <= LONGEST_NAME else f"{label[: LONGEST_NAME - 1].rstrip()}…"


def parts_of(labels: Mapping[str, str]) -> list[Part]:
    return [Part(key, label) for key, label in labels.items()]


def reordered(widget: PartsWidget, order: Sequence[str]) -> None:
    by_key = {part.key: part for part in widget.parts}
    widget.parts = [by_key[key] for key in order]
