"""The forms that readers see. Those of the admin stand beside it, in posts/admin_forms.py."""

from typing import TYPE_CHECKING, Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Layout
from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from naatbatt.humans import HumanForm

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


class SubscribeForm(HumanForm):
    SALT = "posts.subscribe"
    COMPLAINS_AT = "email"

    email = forms.EmailField(
        label=_("Your mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "id_subscribe_%s")
        super().__init__(*args, **kwargs)

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper(self)
        helper.form_action = reverse("posts:subscribe")
        helper.disable_csrf = True
        helper.form_class = "inline-form"
        helper.layout = Layout("email", *self.GUARDS, _button(_("Subscribe")))
        return helper
