"""The form of a round: its field period as clocks on the wall show it, and what contributors see of the others."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from naatbatt.wall_clock import WallClockField, ZonedForm
from surveys.models import Round


class RoundForm(ZonedForm):
    moments = ("opens_at", "closes_at", "remind_at")

    opens_at = WallClockField(label=gettext_lazy("Opens at"), help_text=gettext_lazy("In the time zone below."))
    closes_at = WallClockField(label=gettext_lazy("Closes at"), help_text=gettext_lazy("In the time zone below."))
    remind_at = WallClockField(
        label=gettext_lazy("Remind at"),
        required=False,
        help_text=gettext_lazy("In the time zone below. The first one, to those who have not answered by then."),
    )

    class Meta:
        model = Round
        fields: tuple[str, ...] = (
            "survey", "number", "opens_at", "closes_at", "zone", "remind_at", "most_reminders", "reminder_gap",
            "group_shown",
        )  # fmt: skip
        widgets = {"group_shown": forms.RadioSelect}
        help_texts = {
            "group_shown": gettext_lazy(
                "What contributors see of the others’ answers, with the reasons that were approved and without any "
                "name. Small groups are withheld from them as from anyone. In a first round only the last choice shows "
                "anything; its figures move in steps, so that nobody’s own answer can be worked out from them."
            )
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        opens, closes, reminds = (None if name in self.errors else cleaned.get(name) for name in self.moments)
        if opens and closes and closes <= opens:
            self.add_error("closes_at", _("The round must close after it opens."))
        if reminds and ((opens and reminds <= opens) or (closes and reminds >= closes)):
            self.add_error("remind_at", _("The reminder goes out while the round is open."))
        return cleaned


class FollowForm(RoundForm):
    """The round that follows another, on its way to being added with its panel."""

    panel = forms.ChoiceField(
        label=gettext_lazy("Whom to ask"),
        widget=forms.RadioSelect,
        initial="asked",
        choices=[("asked", gettext_lazy("everybody who was asked")), ("answered", gettext_lazy("those who answered"))],
        help_text=gettext_lazy(
            "Left out are those who asked not to be asked, and those who said that it is not their field or that they "
            "may not speak on it. Others can be invited later, like in any round."
        ),
    )

    class Meta(RoundForm.Meta):
        fields = tuple(name for name in RoundForm.Meta.fields if name not in ("survey", "number"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        opens = None if "opens_at" in self.errors else cleaned.get("opens_at")
        if opens and opens <= timezone.now():
            self.add_error("opens_at", _("That is over. The next round opens later than now."))
        return cleaned

    @property
    def answered_only(self) -> bool:
        return self.cleaned_data["panel"] == "answered"
