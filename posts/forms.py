"""The forms that readers see. Those of the admin stand beside it, in posts/admin_forms.py."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Field, Layout
from django import forms
from django.core import signing
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LONGEST_SEARCH = 100


def _button(label: "str | _StrPromise") -> HTML:
    return HTML(format_html('<button class="button" type="submit">{}</button>', label))


class SearchForm(forms.Form):
    q = forms.CharField(
        label=_("Search the posts"),
        max_length=LONGEST_SEARCH,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "enterkeyhint": "search"}),
    )

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper(self)
        helper.form_method = "get"
        helper.form_action = reverse("posts:search")
        helper.disable_csrf = True
        helper.attrs = {"role": "search"}
        helper.form_class = "search-form"
        helper.layout = Layout("q", _button(_("Search")))
        return helper


class SubscribeForm(forms.Form):
    """An address, and two questions that only machines answer wrongly: an invisible field, and how fast it came."""

    QUICKEST = timedelta(seconds=2)
    SLOWEST = timedelta(days=2)
    SALT = "posts.subscribe"

    email = forms.EmailField(
        label=_("Your mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    shown = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "id_subscribe_%s")
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
            self.add_error("email", _("This form had been open for a long time. Please press the button once more."))
            return cleaned
        try:
            signer.unsign(shown, max_age=self.QUICKEST)
        except signing.SignatureExpired:
            return cleaned
        self.add_error("email", _("That was very quick. Please press the button once more."))
        return cleaned

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper(self)
        helper.form_action = reverse("posts:subscribe")
        helper.disable_csrf = True
        helper.form_class = "inline-form"
        helper.layout = Layout("email", Field("website", wrapper_class="honeypot"), "shown", _button(_("Subscribe")))
        return helper
