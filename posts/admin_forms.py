"""What staff fill in: times in a post's own zone, questions line by line, pictures that are written anew."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from naatbatt.wall_clock import WallClockField, ZonedForm
from posts import pictures, prose
from posts.models import Issue, Picture, Post, Series


class PostForm(ZonedForm):
    moments = ("published_at",)

    published_at = WallClockField(
        label=_("Published at"),
        required=False,
        help_text=_("In the time zone below. Empty: a draft. In the future: scheduled."),
    )

    class Meta:
        model = Post
        fields = (
            "title", "slug", "standfirst", "body", "series", "part", "authors", "topics", "published_at", "zone",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """A draft may be unfinished; what readers will see must come out whole."""
        cleaned = super().clean()
        if cleaned.get("published_at") and (problems := prose.check(cleaned.get("body", ""))):
            self.add_error("body", [ValidationError(problem) for problem in problems])
        return cleaned


class IssueForm(ZonedForm):
    moments = ("send_at",)

    send_at = WallClockField(label=_("Send at"), required=False, help_text=_("In the time zone below."))

    class Meta:
        model = Issue
        fields = ("post", "subject", "send_at", "zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "subject" in self.fields:
            self.fields["subject"].required = False
            self.fields["subject"].help_text = _("Empty: the post’s title.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        send_at = cleaned.get("send_at")
        if send_at and "send_at" in self.changed_data and send_at < timezone.now():
            self.add_error("send_at", _("This time has passed. Choose “Send now” in the list to send at once."))
        return cleaned


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 5, "class": "vLargeTextField"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        return [line.strip() for line in (value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class SeriesForm(forms.ModelForm):
    questions = LinesField(label=_("Central questions"), required=False, help_text=_("One question a line."))

    class Meta:
        model = Series
        fields = ("title", "slug", "standfirst", "questions", "invitation")

    def clean_invitation(self) -> str:
        text = self.cleaned_data["invitation"]
        if problems := prose.check(text):
            raise ValidationError([ValidationError(problem) for problem in problems])
        return text


class PictureForm(forms.ModelForm):
    class Meta:
        model = Picture
        fields = ("slug", "file", "alt", "credit")

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        return pictures.prepare(upload) if "file" in self.changed_data else upload
