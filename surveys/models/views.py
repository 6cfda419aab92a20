"""What readers offer unasked: never mixed with the panel's answers."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from naatbatt.mail.models import normalise
from surveys.models.people import Contributor
from surveys.models.surveys import Survey


class OpenView(models.Model):
    """A view that a reader offered on a survey's public page. Exists for staff once its address has been confirmed."""

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed", _("address not confirmed yet")
        PENDING = "pending", _("waiting to be read")
        APPROVED = "approved", _("approved as a reader's view")
        REJECTED = "rejected", _("rejected")

    survey = models.ForeignKey(Survey, verbose_name=_("survey"), related_name="open_views", on_delete=models.CASCADE)
    email = models.EmailField(_("address"), max_length=254)
    name = models.CharField(_("name"), max_length=120)
    affiliation = models.CharField(_("affiliation"), max_length=160, blank=True)
    words = models.TextField(_("view"))
    link_nonce = models.CharField(max_length=26, editable=False)
    link_digest = models.CharField(max_length=64, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.UNCONFIRMED)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True, editable=False)
    decision_reason = models.TextField(_("reason"), blank=True, editable=False)
    contributor = models.ForeignKey(
        Contributor, verbose_name=_("made a contributor"), related_name="+", null=True, blank=True, editable=False,
        on_delete=models.SET_NULL,
    )  # fmt: skip
    created_at = models.DateTimeField(_("offered at"), default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("reader's view")
        verbose_name_plural = _("readers' views")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name}: {self.survey}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normalise(self.email)
        super().save(*args, **kwargs)
