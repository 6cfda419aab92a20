"""The contract every kind of question keeps: asked, stored, counted, drawn, told, exported, set up.

No database, no web, no mail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.charts import Chart
from naatbatt.charts.numbers import quantity
from surveys.results import Counted, Tally

# The blanks that a person may choose. The others come about: left empty (skipped), or not asked (not_shown).
OFFERS: dict[str, Promise] = {
    "no_opinion": gettext_lazy("Don’t know / no opinion"),
    "prefer_not": gettext_lazy("Prefer not to say"),
}


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
    show_if: Sequence[Mapping[str, Any]] = ()

    @property
    def labels(self) -> dict[str, str]:
        """Option key -> label, in the order asked."""
        return {option["key"]: option["label"] for option in self.options}


class SettingsForm(forms.Form):
    """What can be set for every kind. Cleans to what is stored: nothing that says only what is usual anyway."""

    usual_offers: ClassVar[Sequence[str]] = ()

    offers = forms.MultipleChoiceField(
        label=gettext_lazy("ways not to answer"),
        help_text=gettext_lazy("Offered beside the question. Each is counted apart and carries no weight."),
        choices=list(OFFERS.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    field_order = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([name for name in self.fields if name != "offers"])  # what all kinds have comes last

    def clean(self) -> dict[str, Any]:
        found = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [], False)}
        offers = [blank for blank in OFFERS if blank in self.cleaned_data.get("offers", [])]
        found.pop("offers", None)
        return found if offers == [*self.usual_offers] else {**found, "offers": offers}


class QuestionType:
    """One kind of question. Stateless; every method is told the question (`spec`).

    A *value* is the Python form of an answer (what `form_field(spec).clean` returns and `load` gives back); *stored* is
    its JSON form. Blank answers have neither: they never reach `dump`, and `tally` sees them with `value=None`.
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    asks_confidence: ClassVar[bool] = False
    asks_comment: ClassVar[bool] = False
    # What it takes to read and answer a question of this kind, a comment apart.
    seconds: ClassVar[int] = 30
    # The blanks offered stand among the choices of the field itself, under their own names, rather than beside it.
    blanks_among_choices: ClassVar[bool] = False
    # The choices are steps of one scale, shown side by side where there is room.
    in_a_row: ClassVar[bool] = False
    # How the field stands on the page, where the usual way does not do.
    template: ClassVar[str] = ""
    takes_options: ClassVar[bool] = False
    # Every answer is one number on a line: `as_number` gives it.
    on_a_line: ClassVar[bool] = False

    # --- set up
    def problems(self, spec: QuestionSpec) -> list[str]:
        """What is wrong with the settings and options, as sentences for staff. Empty: nothing."""
        apart = [*self.option_problems(spec.options), *self.setting_problems(spec.settings)]
        return apart or self.joint_problems(spec)

    def option_problems(self, options: Any) -> list[str]:
        """Kinds that take options say what is wrong with them; the others take none."""
        return [_("This kind of question takes no options.")] if options else []

    def setting_problems(self, settings: Any) -> list[str]:
        """What `settings_form` says of them, and what it does not know. Bears any JSON."""
        if not isinstance(settings, Mapping):
            return [_("The settings must be a table of names and values.")]
        made = self.settings_form()
        form = made(data={"offers": [*made.usual_offers], **settings})
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
                if name in settings and settings[name] != clean
            ]
        return found

    def joint_problems(self, spec: QuestionSpec) -> list[str]:
        """What is wrong with sound settings and sound options when they come together."""
        return []

    def settings_form(self) -> type[SettingsForm]:
        """A form for `spec.settings`, its cleaned_data being what is stored there."""
        return SettingsForm

    def labels(self, spec: QuestionSpec) -> dict[str, str]:
        """Option key -> label, in the order asked. Empty for kinds without options."""
        return spec.labels

    def offered(self, spec: QuestionSpec) -> dict[str, str]:
        """Blank -> label: the ways not to answer that stand beside this question."""
        chosen = spec.settings.get("offers", self.settings_form().usual_offers)
        return {blank: str(label) for blank, label in OFFERS.items() if blank in chosen}

    def example(self) -> tuple[QuestionSpec, Sequence[Any]]:
        """A question of this kind with several values of it. The contract test and the documentation use it."""
        raise NotImplementedError

    # --- asked
    def form_field(self, spec: QuestionSpec) -> forms.Field:
        """The form field; never required itself (a draft may be incomplete). Cleans to a value, or to None when empty.

        With `blanks_among_choices` it may also clean to the name of a blank that is offered.
        """
        raise NotImplementedError

    def arrange(self, field: forms.Field, spec: QuestionSpec, *, seed: str) -> None:
        """Put the choices of a field in an order of their own for each `seed`, where the question says so."""

    def drawn_back(self, spec: QuestionSpec, value: Any) -> Chart | None:
        """A person's own answer as a picture, for that person alone. None: there is nothing to see in it."""
        return None

    # --- stored: an inverse pair, load(dump(value)) == value
    def dump(self, value: Any) -> Any:
        return value

    def load(self, stored: Any) -> Any:
        return stored

    def frozen(self, stored: Any) -> Any:
        """What a snapshot keeps of it: no words, which their author can still take back. `load` takes it too."""
        return stored

    def readable(self, spec: QuestionSpec, stored: Any) -> str:
        """The answer as its author would read it back, e.g. "Strongly agree" or "12 GWh"."""
        raise NotImplementedError

    def words(self, stored: Any, comment: str) -> str:
        """The contributor's own words in this answer, which need moderation before anyone else reads them."""
        return comment

    # --- asked about by other questions, and compared between rounds
    def pickable(self, spec: QuestionSpec) -> dict[str, str]:
        """Key -> label of all that `picked` can give, in the order asked. Empty: an answer consists of no options."""
        return {}

    def picked(self, spec: QuestionSpec, value: Any) -> frozenset[str]:
        """The keys of `pickable` that an answer consists of: what conditions of later questions look at."""
        return frozenset()

    def as_number(self, spec: QuestionSpec, value: Any) -> float | None:
        """The answer as one number on a line, where it is one: what bounds and measures of consensus look at."""
        return None

    def number_in_words(self, spec: QuestionSpec, number: float) -> str:
        """A number such as `as_number` gives, as people read it: "20%", "Agree"."""
        return quantity(number, spec.settings.get("unit") or "")

    # --- counted
    def tally(self, spec: QuestionSpec, answers: Sequence[Counted]) -> Tally:
        """Counts over the opinions among `answers` (whose values are loaded ones); blanks are counted apart.

        Whoever may see the base may see all of it: nothing in a tally is one person's answer, least of all the
        smallest or the largest.
        """
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

    def finding(self, spec: QuestionSpec, shown: Mapping[str, Tally]) -> str | None:
        """The main finding in a few words without a full stop; empty where there is none.

        None: the rules of surveys/wording.py for such a figure find it.
        """
        return None

    # --- exported
    def columns(self, spec: QuestionSpec) -> list[str]:
        """Column names, beginning with the question's key."""
        return [spec.key]

    def cells(self, spec: QuestionSpec, stored: Any) -> list[str | int | float | None]:
        """As many cells as columns; all None for a blank (`stored` None)."""
        return [stored]


def everyone(shown: Mapping[str, Tally]) -> Tally | None:
    """The tally of all, where it may be shown and rests on anything."""
    tally = shown.get("all")
    return tally if tally is not None and tally.base else None


def by_group(shown: Mapping[str, Tally], names: Mapping[str, str]) -> list[tuple[str, Tally]]:
    """The sectors that may be shown and rest on anything, by the names readers know."""
    return [(names.get(key, key), tally) for key, tally in shown.items() if key != "all" and tally.base]
