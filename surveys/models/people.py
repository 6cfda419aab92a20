"""Who is asked."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from naatbatt.mail.models import Stream, Suppression, normalise


class Sector(models.TextChoices):
    INDUSTRY = "industry", _("industry")
    ACADEMIA = "academia", _("academia")
    GOVERNMENT = "government", _("government")


# Where the address was of somebody who asked to be forgotten. The row stays, for the votes that hang on it.
FORMER = "@forgotten.invalid"


class ContributorQuerySet(models.QuerySet["Contributor"]):
    def on_file(self) -> Self:
        """Everybody but those who asked to be forgotten."""
        return self.exclude(email__endswith=FORMER)

    def with_history(self, *, since: datetime) -> Self:
        """Annotate `last_asked_at`, `times_asked`, `times_answered`, `times_lately` (asked since then, or about to be)
        and `is_suppressed`. No further query per row."""
        from surveys.models.invitations import Invitation  # which stand on contributors

        now = timezone.now()
        theirs = Invitation.objects.filter(contributor=models.OuterRef("pk")).order_by()
        asked = theirs.filter(invited_at__isnull=False)
        waiting = models.Q(
            invited_at__isnull=True, survey_round__closed_at__isnull=True, survey_round__closes_at__gt=now
        )
        blocked = Suppression.objects.filter(address=models.OuterRef("email"), stream__in=("", Stream.SURVEY))

        def number(rows: models.QuerySet[Any]) -> Any:
            counted = rows.values("contributor").annotate(number=models.Count("pk")).values("number")
            return Coalesce(models.Subquery(counted), 0)

        return self.annotate(
            last_asked_at=models.Subquery(
                asked.values("contributor").annotate(last=models.Max("invited_at")).values("last")
            ),
            times_asked=number(asked),
            times_answered=number(asked.filter(response__submitted_at__isnull=False)),
            times_lately=number(theirs.filter(models.Q(invited_at__gte=since) | waiting)),
            is_suppressed=models.Exists(blocked),
        )


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

    objects = ContributorQuerySet.as_manager()

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

    @property
    def is_former(self) -> bool:
        """Whether they asked to be forgotten (`surveys.contributors.forgetting`)."""
        return self.email.endswith(FORMER)
