"""What tells people from machines on a public form, without a captcha, a cookie or a script.

A field that nobody sees and machines fill in, and the time since the form was shown, signed. How often one connection
may send a form is the page's own business (`naatbatt/requests.py`).
"""

from datetime import timedelta
from typing import Any

from crispy_forms.layout import Field
from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _


class HumanForm(forms.Form):
    """Two questions that only machines answer wrongly: an invisible field, and how fast it came.

    Who fills in the first is to be thanked and forgotten (`is_from_a_machine`). Who was quicker or slower than people
    are is asked to press the button once more: the page comes back with everything typed and a fresh signature. Lay
    out `GUARDS` somewhere in the form.
    """

    QUICKEST = timedelta(seconds=2)
    SLOWEST = timedelta(days=2)
    SALT: str  # one for each form, so that the signature of one is none for another
    COMPLAINS_AT: str | None = None  # the field beside which "once more" is said; None: above the form

    GUARDS = (Field("website", wrapper_class="honeypot"), "shown")

    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    shown = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["shown"] = signing.TimestampSigner(salt=self.SALT).sign("form")

    @property
    def is_from_a_machine(self) -> bool:
        return bool(self.cleaned_data.get("website"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        signer = signing.TimestampSigner(salt=self.SALT)
        shown = cleaned.get("shown", "")
        try:
            signer.unsign(shown, max_age=self.SLOWEST)
        except signing.BadSignature:
            self.data = {**{name: self.data.get(name) for name in self.fields}, "shown": self.initial["shown"]}
            message = _("This form had been open for a long time. Please press the button once more.")
            self.add_error(self.COMPLAINS_AT, message)
            return cleaned
        try:
            signer.unsign(shown, max_age=self.QUICKEST)
        except signing.SignatureExpired:
            return cleaned
        self.add_error(self.COMPLAINS_AT, _("That was very quick. Please press the button once more."))
        return cleaned
