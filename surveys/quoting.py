"""How somebody wants to be quoted: what they may choose, each explained by the very line that readers would see."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys import disclosure
from surveys.models import Attribution, Contributor, Survey

INTEREST_LIMIT = 300
# Control characters and the marks that turn the direction of what follows: none belongs into a name or beside it, and
# the latter would turn the words around it.
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
_BY = {
    Attribution.NAMED: gettext_lazy("By name"),
    Attribution.AFFILIATION: gettext_lazy("By affiliation, without my name"),
    Attribution.SECTOR: gettext_lazy("By sector, without my name"),
    Attribution.BACKGROUND: gettext_lazy("Not at all"),
}


class PrintedLine(forms.CharField):
    """Text that is printed in one line: single blanks, nothing that cannot be seen."""

    def to_python(self, value: Any) -> str:
        return " ".join(_NOT_IN_A_LINE.sub(" ", str(super().to_python(value) or "")).split())


@dataclass(frozen=True)
class Choice:
    """One way to be quoted, and the line that it prints ("" where nothing is quoted)."""

    level: str
    label: str
    line: str


def choices(contributor: Contributor, survey: Survey, interest: str = "") -> list[Choice]:
    """The ways to be quoted that this survey offers somebody, from most to least open, each with another line.

    Without an affiliation, "by affiliation" would print what "by sector" prints, so it is not offered.
    """
    lines = disclosure.lines(contributor, survey, interest)
    return [
        Choice(level.value, str(_BY[level]), lines.get(level, ""))
        for level in disclosure.levels(survey)
        if level != Attribution.AFFILIATION or lines.get(level) != lines.get(Attribution.SECTOR)
    ]


def offered(choices: list[Choice], chosen: str, survey: Survey) -> str:
    """Of these choices the one that was made: the same, or the next that says less where it is not offered (any more).

    A closed door takes back what was chosen before it was closed, so there one has to choose anew.
    """
    if not chosen or disclosure.capped(chosen, survey) != chosen:
        return ""
    less = Attribution.values[Attribution.values.index(chosen) :]
    return next((choice.level for choice in choices if choice.level in less), "")


def attribution_choice(contributor: Contributor, survey: Survey, chosen: str) -> forms.ChoiceField:
    """For the words of one answer: as for all of them, or in a way of their own."""
    return _own_choice(choices(contributor, survey), survey, chosen)


def _own_choice(found: list[Choice], survey: Survey, chosen: str) -> forms.ChoiceField:
    own = [(choice.level, f"{choice.label}: {choice.line}" if choice.line else choice.label) for choice in found]
    return forms.ChoiceField(
        label=_("Quote this answer"),
        choices=[("", _("As for all answers, chosen at the end")), *own],
        required=False,
        initial=offered(found, chosen, survey),
        error_messages={"invalid_choice": _("Choose one of the listed ways.")},
    )


class QuotingForm(forms.Form):
    """How all answers are quoted, which of them otherwise, and what stands beside the name.

    own         question key -> level chosen for its words, "" where it is as for all; nothing is asked about others
    submitting  asks for the choice that every submission needs
    """

    def __init__(
        self,
        *,
        contributor: Contributor,
        survey: Survey,
        attribution: str,
        interest: str,
        own: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
        submitting: bool = False,
    ) -> None:
        super().__init__(data)
        self.contributor, self.survey, self.stored_interest = contributor, survey, interest
        self.choices = choices(contributor, survey)
        stored = offered(self.choices, attribution, survey)
        self.fields["attribution"] = forms.ChoiceField(
            label=_("How may we quote you?"),
            choices=[(choice.level, choice.label) for choice in self.choices],
            required=submitting and not stored,
            initial=stored,
            error_messages={
                "required": _("Choose how you may be quoted."),
                "invalid_choice": _("Choose one of the listed ways."),
            },
        )
        if not survey.closed_door:  # where no name is printed, nothing stands beside it
            self.fields["interest"] = PrintedLine(
                label=_("Do you have an interest to disclose? (optional)"),
                max_length=INTEREST_LIMIT,
                required=False,
                initial=interest,
            )
        for key, chosen in own.items():
            self.fields[own_name(key)] = _own_choice(self.choices, survey, chosen)

    @property
    def attribution(self) -> str:
        """The level as posted, or else as stored; nothing where there is none that may be taken."""
        if self.is_bound and "attribution" in self.data:
            return self._valid("attribution")
        return str(self.fields["attribution"].initial)

    @property
    def interest(self) -> str | None:
        """As posted; None where nothing was that may be taken."""
        asked = "interest" in self.fields and "interest" in self.data and "interest" not in self.errors
        return self._valid("interest") if asked else None

    def own(self) -> dict[str, str]:
        """Question key -> level posted for its words, as far as it may be taken."""
        found = {name: _key(name) for name in self.fields if name in self.data and name not in self.errors}
        return {key: self._valid(name) for name, key in found.items() if key is not None}

    def as_printed(self) -> list[Choice]:
        """The ways to be quoted, with the lines as they would be printed if this were taken."""
        interest = self.stored_interest if self.interest is None else self.interest
        return choices(self.contributor, self.survey, interest)

    def shown(self, key: str) -> str:
        """What the choice for one answer's words shows."""
        return str(self[own_name(key)].value() or "")

    def _valid(self, name: str) -> str:
        return "" if name in self.errors else str(self.cleaned_data.get(name) or "")


def own_name(key: str) -> str:
    return f"q-{key}-attribution"


def _key(name: str) -> str | None:
    return name.removeprefix("q-").removesuffix("-attribution") if name.startswith("q-") else None
