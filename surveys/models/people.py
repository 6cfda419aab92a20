"""Who is asked."""

from typing import Any

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from naatbatt.mail.models import normalise


class Sector(models.TextChoices):
    INDUSTRY = "industry", _("industry")
    ACADEMIA = "academia", _("academia")
    GOVERNMENT = "government", _("government")


class Contributor(models.Model):
    """An invited expert. Has no account and no password: each asking reaches them by a personal link."""

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("address"), max_length=254)
    sector = models.CharField(_("sector"), max_length=10, choices=Sector.choices)
    affiliation = models.CharField(_("affiliation"), max_length=160, blank=True)
    position = models.CharField(_("position"), max_length=120, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("Two letters, such as US or DE."))
    topics = models.ManyToManyField("posts.Topic", verbose_name=_("topics"), related_name="+", blank=True)
    note = models.TextField(_("note"), blank=True, help_text=_("For staff only."))
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("contributor")
        verbose_name_plural = _("contributors")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="contributor_once",
                violation_error_message=_("A contributor with this address exists already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normalise(self.email)
        super().save(*args, **kwargs)
