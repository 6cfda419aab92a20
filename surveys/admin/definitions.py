"""The words a survey uses in a certain way, as rows of its form: a term and what it means. No script."""

from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from surveys import definitions

EMPTY_ROWS = 2


class DefinitionRows(forms.Widget):
    template_name = "admin/surveys/survey/definitions.html"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, str]]:
        found = []
        for number in range(definitions.MOST + EMPTY_ROWS + 1):
            if f"{name}-{number}-term" not in data:
                break
            found.append({part: str(data.get(f"{name}-{number}-{part}", "")) for part in ("term", "meaning")})
        return found

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-0-term" not in data

    def format_value(self, value: Any) -> Any:
        return value

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = [row for row in value or [] if isinstance(row, dict) and any(row.values())]
        context["widget"]["rows"] = [*rows, *[{}] * EMPTY_ROWS]
        return context

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> SafeString:
        """By a template of this project, which the renderer of forms does not look for."""
        return render_to_string(template_name, context)


class WordsUsed(forms.Field):
    """Cleans rows to definitions, without those that are empty. Lines of a meaning become one paragraph."""

    widget = DefinitionRows

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{
            "required": False,
            "label": gettext_lazy("Words used"),
            "help_text": gettext_lazy(
                "What words like “substantial” mean in this survey. A word is explained on each page where it stands "
                "in a question. To take one away, empty both fields."
            ),
            **kwargs,
        })  # fmt: skip

    def to_python(self, value: Any) -> list[dict[str, str]]:
        rows = [{part: " ".join(typed.split()) for part, typed in row.items()} for row in value or []]
        return [row for row in rows if any(row.values())]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != (initial or [])

    def validate(self, value: Any) -> None:
        super().validate(value)
        if problems := definitions.problems(value):
            raise forms.ValidationError(problems)
