"""The contract every kind of question keeps: asked, stored, counted, drawn, exported, set up. No database, web or mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms

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

    # --- set up
    def problems(self, spec: QuestionSpec) -> list[str]:
        """What is wrong with the settings and options, as sentences for staff. Empty: nothing."""
        raise NotImplementedError

    def settings_form(self) -> type[forms.Form]:
        """A form for `spec.settings`, its cleaned_data being what is stored there."""
        raise NotImplementedError

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        """A question of this kind with several values of it. The contract test and the documentation use it."""
        raise NotImplementedError

    # --- asked
    def form_field(self, spec: QuestionSpec) -> forms.Field:
        """The form field; never required itself (a draft may be incomplete). Cleans to a value, or to None when empty."""
        raise NotImplementedError

    # --- stored: an inverse pair, load(dump(value)) == value
    def dump(self, value: Any) -> Any:
        raise NotImplementedError

    def load(self, stored: Any) -> Any:
        raise NotImplementedError

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        """The answer as its author would read it back, e.g. "Strongly agree" or "12 GWh"."""
        raise NotImplementedError

    def words(self, stored: Any, comment: str) -> str:
        """The contributor's own words in this answer, which need moderation before anyone else reads them."""
        return comment

    # --- counted
    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        raise NotImplementedError

    # --- drawn
    def chart(self, spec: QuestionSpec, shown: Mapping[str, Tally], *, names: Mapping[str, str]) -> Chart | None:
        """The figure for the groups that may be shown. Keys of `shown`: "all" first, then sectors; `names` labels them."""
        raise NotImplementedError

    # --- exported
    def columns(self, spec: QuestionSpec) -> list[str]:
        """Column names, beginning with the question's key."""
        raise NotImplementedError

    def cells(self, spec: QuestionSpec, stored: Any) -> list[str | int | float | None]:
        """As many cells as columns."""
        raise NotImplementedError
