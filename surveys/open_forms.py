"""The public form on which readers offer a view. What cannot be taken is shown again as it was typed."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout
from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.humans import HumanForm
from surveys.forms import Problem
from surveys.questions.text import Words
from surveys.quoting import PrintedLine

VIEW_LIMIT = 2000
# What stands beside the box. It is kept with each view as its author read it: another text is for later views only.
CONSENT = gettext_lazy(
    "My view may be printed on this site as I wrote it, with my name and affiliation and the word “reader” under it. I "
    "can withdraw it at any time."
)


class OpenViewForm(HumanForm):
    SALT = "surveys.open_view"

    name = PrintedLine(
        label=gettext_lazy("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
    )
    affiliation = PrintedLine(
        label=gettext_lazy("Your affiliation, if you like to give one"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization", "dir": "auto"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("Your mail address"),
        max_length=254,
        help_text=gettext_lazy("Not printed. A mail asks you to confirm your view before anybody reads it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    words = Words(max_length=VIEW_LIMIT)
    consent = forms.BooleanField(
        label=CONSENT,
        error_messages={"required": gettext_lazy("Without your consent we cannot take your view.")},
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        # Without NUL, which comes with some pastes, and which the database cannot store.
        tidy = None if data is None else {name: str(data.get(name, "")).replace("\x00", "") for name in data}
        super().__init__(tidy, auto_id="open-%s")
        words = self.fields["words"]
        words.label, words.required = _("Your view"), True
        words.widget.attrs |= {"rows": 8, "dir": "auto"}
        words.help_text = _("At most %(limit)s characters. It is printed whole and unchanged, or not at all.") % {
            "limit": number_format(VIEW_LIMIT, use_l10n=True, force_grouping=True)
        }
        for name in ("name", "affiliation", "words", "email"):
            # The browser would cut a paste off without a word; we keep it and say how long it may be.
            self.fields[name].widget.attrs.pop("maxlength", None)

    def problems(self) -> list[Problem]:
        """All errors in the order of the page, each with the id of the field it is about."""
        named = [(self[name], self.errors[name]) for name in self.fields if name in self.errors]
        found = [
            Problem(str(bound.auto_id), str(SHORT_NAMES.get(bound.name, bound.label)), [str(text) for text in texts])
            for bound, texts in named
        ]
        return [*(Problem("open-send", _("This form"), [str(text)]) for text in self.non_field_errors()), *found]

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper(self)
        helper.form_tag = False
        helper.disable_csrf = True  # nothing here needs authority, and the token would need a cookie
        helper.form_show_errors = True
        helper.layout = Layout(
            "words", "name", "affiliation", "email", Field("consent", wrapper_class="consent"), *self.GUARDS
        )
        return helper


# What the summary of errors calls a field whose label is a whole sentence.
SHORT_NAMES = {"consent": gettext_lazy("Your consent"), "affiliation": gettext_lazy("Your affiliation")}
