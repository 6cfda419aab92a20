"""What readers offer unasked: never mixed with the panel's answers."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from naatbatt.mail import links
from naatbatt.mail.models import normalise
from surveys.models.people import Contributor
from surveys.models.surveys import Survey


class OpenViewQuerySet(models.QuerySet["OpenView"]):
    def confirmed(self) -> Self:
        """Those that staff know of: their authors have shown that the address is theirs."""
        return self.exclude(state=OpenView.State.UNCONFIRMED)

    def awaiting(self) -> Self:
        """Confirmed, and nobody has decided about them yet."""
        return self.filter(state=OpenView.State.PENDING)


class OpenView(models.Model):
    """A view that a reader offered on a survey's public page. Exists for staff once its address has been confirmed."""

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed", _("address not confirmed yet")
        PENDING = "pending", _("waiting to be read")
        APPROVED = "approved", _("approved as a reader's view")
        REJECTED = "rejected", _("rejected")
        CONTRIBUTOR = "contributor", _("made a contributor")
        WITHDRAWN = "withdrawn", _("withdrawn by its author")

    survey = models.ForeignKey(Survey, verbose_name=_("survey"), related_name="open_views", on_delete=models.CASCADE)
    email = models.EmailField(_("address"), max_length=254)
    name = models.CharField(_("name"), max_length=120)
    affiliation = models.CharField(_("affiliation"), max_length=160, blank=True)
    words = models.TextField(_("view"))
    agreed_to = models.TextField(_("agreed to"), blank=True, editable=False)  # the wording, as its author saw it
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

    objects = OpenViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("reader's view")
        verbose_name_plural = _("readers' views")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{_('View')} {self.pk}: {self.survey}"  # no name: the admin's log keeps this after a withdrawal

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normalise(self.email)
        super().save(*args, **kwargs)

    def link(self) -> str:
        """The personal address as it may be stored in a mail: a mark stands where the token goes."""
        path = reverse("surveys:open_view", args=["TOKEN"])
        return settings.SITE_URL + path.replace("TOKEN", links.mark("view", self.link_nonce))
