"""The contract every kind of question keeps: asked, stored, counted, drawn, exported, set up.

No database, no web, no mail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext as _

from naatbatt.charts import Chart
from surveys.results import Counted, Tally


@dataclass(frozen=True)
class QuestionSpec:
    """A question as plain data: what a kind needs to know of it, and what a snapshot keeps of it."""

    key: str
    kind: str
    prompt: str
    version: int = 1
    guidance: str = ""
    required: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    options: Sequence[Mapping[str, str]] = ()

    @property
    def labels(self) -> dict[str, str]:
        """Option key -> label, in the order asked."""
        return {option["key"]: option["label"] for option in self.options}


class QuestionType:
    """One kind of question. Stateless; every method is told the question (`spec`).

    A *value* is the Python form of an answer (what `form_field(spec).clean` returns and `load` gives back); *stored* is
    its JSON form. Blank answers have neither: they never reach `dump`, and `tally` sees them with `value=None`.
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    asks_confidence: ClassVar[bool] = False
    asks_comment: ClassVar[bool] = False
    # Keys of choices in the form that mean a blank, e.g. {"no_opinion": "no_opinion"} on a statement.
    blank_choices: ClassVar[Mapping[str, str]] = {}
    # The choices are steps of one scale, shown side by side where there is room.
    in_a_row: ClassVar[bool] = False

    # --- set up
    def problems(self, spec: QuestionSpec) -> list[str]:
        """What is wrong with the settings and options, as sentences for staff. Empty: nothing."""
        return [*self.option_problems(spec.options), *self.setting_problems(spec.settings)]

    def option_problems(self, options: Any) -> list[str]:
        """Kinds that take options say what is wrong with them; the others take none."""
        return [_("This kind of question takes no options.")] if options else []

    def setting_problems(self, settings: Any) -> list[str]:
        """What `settings_form` says of them, and what it does not know. Bears any JSON."""
        if not isinstance(settings, Mapping):
            return [_("The settings must be a table of names and values.")]
        form = self.settings_form()(data=dict(settings))
        known = ", ".join(form.fields) or _("none")
        found = [
            _("“%(name)s” is no setting of this kind of question. Known: %(known)s.") % {"name": name, "known": known}
            for name in settings
            if name not in form.fields
        ]
        for name, messages in form.errors.items():
            where = "" if name == NON_FIELD_ERRORS else f"{name}: "
            found += [f"{where}{message}" for message in messages]
        if not found:
            found = [
                _("%(name)s: write %(clean)r, not %(given)r.") % {"name": name, "clean": clean, "given": settings[name]}
                for name, clean in form.cleaned_data.items()
                if settings[name] != clean
            ]
        return found

    def settings_form(self) -> type[forms.Form]:
        """A form for `spec.settings`, its cleaned_data being what is stored there."""
        return forms.Form

    def labels(self, spec: QuestionSpec) -> dict[str, str]:
        """Option key -> label, in the order asked. Empty for kinds without options."""
        return spec.labels

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        """A question of this kind with several values of it. The contract test and the documentation use it."""
        raise NotImplementedError

    # --- asked
    def form_field(self, spec: QuestionSpec) -> forms.Field:
        """The form field; never required itself (a draft may be incomplete). Cleans to a value, or to None when empty.

        Where `blank_choices` has the cleaned value, that is no value but the blank named there.
        """
        raise NotImplementedError

    # --- stored: an inverse pair, load(dump(value)) == value
    def dump(self, value: Any) -> Any:
        return value

    def load(self, stored: Any) -> Any:
        return stored

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        """The answer as its author would read it back, e.g. "Strongly agree" or "12 GWh"."""
        raise NotImplementedError

    def words(self, stored: Any, comment: str) -> str:
        """The contributor's own words in this answer, which need moderation before anyone else reads them."""
        return comment

    # --- counted
    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        """Counts over the opinions among `answers` (whose values are loaded ones); blanks are counted apart."""
        raise NotImplementedError

    # --- drawn and told
    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Chart | None:
        """The figure for the groups that may be shown. Keys of `shown`: "all" first, then sectors; `names` labels them.

        None where the kind is not drawn or nothing is there to draw.
        """
        raise NotImplementedError

    def reading(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> list[str]:
        """What the figure says, in plain sentences with their base, the main finding first. Same groups as `chart`.

        The chart's description and the compiled summary are made of them.
        """
        raise NotImplementedError

    # --- exported
    def columns(self, spec: QuestionSpec) -> list[str]:
        """Column names, beginning with the question's key."""
        return [spec.key]

    def cells(self, spec: QuestionSpec, stored: Any) -> list[str | int | float | None]:
        """As many cells as columns; all None for a blank (`stored` None)."""
        return [stored]
