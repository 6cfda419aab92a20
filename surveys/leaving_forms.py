"""The small forms of the ways out: why somebody declines, and whom they suggest."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.humans import HumanForm
from naatbatt.mail.models import normalise
from surveys.forms import Problem
from surveys.models import Invitation
from surveys.questions.text import Words
from surveys.quoting import PrintedLine

WORDS_LIMIT = 1000


class RefusalForm(forms.Form):
    """Which of the buttons was pressed, and words if there are any."""

    because = forms.ChoiceField(choices=Invitation.DeclinedBecause.choices, required=False)
    reason = Words(max_length=WORDS_LIMIT)

    def __init__(self, data: Mapping[str, Any] | None = None, *, said: str = "") -> None:
        super().__init__(_tidy(data), initial={"reason": said}, auto_id="refusal-%s")
        self.fields["because"].error_messages["invalid_choice"] = _("Please press one of the buttons below.")
        _several_lines(self.fields["reason"], _("In your own words, if you like"), rows=2)


class NominationForm(HumanForm):
    """Whom to ask instead or as well. What cannot be taken is shown again as it was typed."""

    SALT = "surveys.nomination"

    is_own = forms.BooleanField(
        label=gettext_lazy("I suggest myself: this page was forwarded to me, and I would like to be asked."),
        required=False,
    )
    name = PrintedLine(
        label=gettext_lazy("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"})
    )
    email = forms.EmailField(
        label=gettext_lazy("Mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )
    affiliation = PrintedLine(
        label=gettext_lazy("Affiliation, if you know it"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    why = Words(max_length=WORDS_LIMIT)

    def __init__(self, data: Mapping[str, Any] | None = None, *, belongs_to: str) -> None:
        super().__init__(_tidy(data), auto_id="nominee-%s")
        self.belongs_to = belongs_to
        _several_lines(self.fields["why"], _("Why this person? A sentence is enough, and none is needed."), rows=3)
        for name in ("name", "email", "affiliation"):
            # The browser would cut a paste off without a word; we keep it and say how long it may be.
            self.fields[name].widget.attrs.pop("maxlength", None)

    def clean_email(self) -> str:
        email = normalise(self.cleaned_data["email"])
        if email == normalise(self.belongs_to):
            raise ValidationError(_("This is the address of the person whose page this is. They have been asked."))
        return email

    def problems(self) -> list[Problem]:
        """All errors in the order of the page, each with the id of the field it is about."""
        named = [(self[name], self.errors[name]) for name in self.fields if name in self.errors]
        found = [
            Problem(str(bound.auto_id), str(_SHORT_NAMES.get(bound.name, bound.label)), [str(text) for text in texts])
            for bound, texts in named
        ]
        return [*(Problem("nominee-send", _("This form"), [str(text)]) for text in self.non_field_errors()), *found]

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper(self)
        helper.form_tag = False
        helper.disable_csrf = True  # the personal link is the credential, and the token would need a cookie
        helper.layout = Layout(
            "name", "email", "affiliation", "why", Field("is_own", wrapper_class="consent"), *self.GUARDS
        )
        return helper


# What the summary of errors calls a field whose label is a whole sentence.
_SHORT_NAMES = {"why": gettext_lazy("Why this person"), "affiliation": gettext_lazy("Affiliation")}


def _tidy(data: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Without NUL, which comes with some pastes, and which the database cannot store."""
    return None if data is None else {name: str(data.get(name, "")).replace("\x00", "") for name in data}


def _several_lines(field: forms.Field, label: str, *, rows: int) -> None:
    field.label = label
    field.widget.attrs.pop("maxlength", None)
    field.widget.attrs |= {"rows": rows, "dir": "auto"}
    field.help_text = _("At most %(limit)s characters.") % {
        "limit": number_format(WORDS_LIMIT, use_l10n=True, force_grouping=True)
    }
