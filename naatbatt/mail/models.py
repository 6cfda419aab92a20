"""Mail as rows: what is to go out, what became of it, and who must not be written to.

Knows addresses, never people, posts or surveys.
"""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def normalise(address: str) -> str:
    """One spelling per mailbox, for comparison: trimmed and lower-case."""
    return address.strip().lower()


class Stream(models.TextChoices):
    NEWSLETTER = "newsletter", _("newsletter")
    SURVEY = "survey", _("survey")
    ACCOUNT = "account", _("account and staff")


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def due(self, now: datetime | None = None) -> Self:
        """Waiting, its instant has come, and nobody holds a lease on it."""
        now = now or timezone.now()
        return self.filter(state__in=OutgoingMail.WAITING, due_at__lte=now).filter(
            models.Q(leased_until__isnull=True) | models.Q(leased_until__lte=now)
        )

    def unheld(self) -> Self:
        """Not stopped by the switch. While it is off only account mail written since leaves: it answers what a person
        did just now, or tells staff that mail is held."""
        held = Switch.objects.filter(held_at__isnull=False).values("held_at")
        return self.filter(
            ~models.Exists(held) | models.Q(stream=Stream.ACCOUNT, created_at__gte=models.Subquery(held[:1]))
        )

    def unsettled(self) -> Self:
        return self.filter(state__in=[*OutgoingMail.WAITING, OutgoingMail.State.SENDING])


class OutgoingMail(models.Model):
    """One mail to one recipient. `key` is its identity for ever: the same key is the same mail."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent (accepted by the server)")
        DEFERRED = "deferred", _("deferred (will be tried again)")
        FAILED = "failed", _("failed (refused by the server)")
        UNCERTAIN = "uncertain", _("uncertain (it cannot be known whether it went out)")
        SUPPRESSED = "suppressed", _("suppressed (not to be written to)")

    WAITING = (State.QUEUED, State.DEFERRED)

    key = models.CharField(_("key"), max_length=200, unique=True)
    stream = models.CharField(_("stream"), max_length=12, choices=Stream.choices)
    name = models.CharField(_("template"), max_length=60, help_text=_("The folder under templates/mail/."))
    to_address = models.EmailField(_("to"), max_length=254)
    to_name = models.CharField(_("name of the recipient"), max_length=200, blank=True)
    reply_to = models.EmailField(_("reply to"), max_length=254, blank=True)
    subject = models.CharField(_("subject"), max_length=250)
    # As they will leave, but for personal links, which stand as marks (naatbatt/mail/links.py).
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"))
    headers = models.JSONField(_("further headers"), default=dict, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due at"), default=timezone.now)
    leased_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    lease = models.CharField(_("claimed by"), max_length=40, blank=True)
    message_id = models.CharField(_("Message-ID"), max_length=250, blank=True)
    outcome = models.TextField(_("what the server or the site said"), blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mail")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["due_at"], name="mail_waiting", condition=models.Q(state__in=["queued", "deferred"])),
            models.Index(fields=["leased_until"], name="mail_sending", condition=models.Q(state="sending")),
            models.Index(fields=["to_address"], name="mail_to"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to_address}"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def blocking(self, address: str, stream: str) -> Self:
        """Suppressions that forbid mail of `stream` to `address`.

        Who asked for no mail at all still gets the account mail that they themselves set off (the confirmation of a new
        subscription, say). A dead address, a complaint and a decision of staff stop that too.
        """
        found = self.filter(address=normalise(address)).filter(models.Q(stream=stream) | models.Q(stream=""))
        if stream == Stream.ACCOUNT:
            found = found.exclude(stream="", reason=Suppression.Reason.UNSUBSCRIBED)
        return found


class Suppression(models.Model):
    """An address that is not written to, in one stream or (stream empty) in all."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("asked not to be written to")
        BOUNCED = "bounced", _("the address does not exist")
        COMPLAINED = "complained", _("marked our mail as spam")
        STAFF = "staff", _("entered by staff")

    address = models.EmailField(_("address"), max_length=254)
    stream = models.CharField(
        _("stream"), max_length=12, choices=Stream.choices, blank=True, help_text=_("Empty: all.")
    )
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices)
    note = models.CharField(_("note"), max_length=250, blank=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        ordering = ["address", "stream"]
        constraints = [
            models.UniqueConstraint(fields=["address", "stream"], name="suppression_once"),
            models.CheckConstraint(condition=models.Q(address=Lower("address")), name="suppression_lower_case"),
        ]

    def __str__(self) -> str:
        return f"{self.address} ({self.get_stream_display() or _('all mail')})"

    def save(self, *args: object, **kwargs: object) -> None:
        self.address = normalise(self.address)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def clean(self) -> None:
        self.address = normalise(self.address)

    def explanation(self) -> str:
        """Why a mail did not go out, for whoever reads its row."""
        since = timezone.localtime(self.created_at).date().isoformat()
        return f"{self.get_reason_display()} ({since}, {self.get_stream_display() or _('all mail')})"


class Switch(models.Model):
    """The one row that says whether mail may go out, and when the site last looked.

    A site that was away for longer than `MAIL_GRACE`, or whose database came back from a back-up, holds its mail until
    a person arms it again: nobody wants last week's reminders tonight.
    """

    held_at = models.DateTimeField(_("held since"), null=True, blank=True)
    reason = models.CharField(_("why"), max_length=250, blank=True)
    beat_at = models.DateTimeField(_("last looked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("mail switch")
        verbose_name_plural = _("mail switch")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="switch_is_one_row")]

    def __str__(self) -> str:
        return str(_("held") if self.held_at else _("armed"))
