"""One contributor asked in one round."""

from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from naatbatt.mail import links
from naatbatt.mail.models import OutgoingMail, Stream, Suppression
from surveys.models.people import Contributor
from surveys.models.surveys import Round


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def unsolicited(self) -> Self:
        """On the panel, but the invitation mail has not been written yet."""
        return self.filter(invited_at__isnull=True)

    def unanswered(self) -> Self:
        """Invited, and neither submitted nor declined."""
        return self.filter(invited_at__isnull=False, declined_at__isnull=True).exclude(
            response__submitted_at__isnull=False
        )

    def reachable(self) -> Self:
        """Their invitation mail was not refused, and nobody has asked us not to write to them."""
        theirs = models.OuterRef("contributor__email")
        blocked = Suppression.objects.filter(address=theirs, stream__in=("", Stream.SURVEY))
        undeliverable = [OutgoingMail.State.FAILED, OutgoingMail.State.SUPPRESSED]
        return self.exclude(mail__state__in=undeliverable).exclude(models.Exists(blocked))

    def with_disposition(self) -> Self:
        """Annotate `disposition`: what has become of each invitation, the strongest first. No further query per row."""
        from surveys.models.answers import Answer  # whose responses stand on invitations

        undeliverable = [OutgoingMail.State.FAILED, OutgoingMail.State.SUPPRESSED]
        given = Answer.objects.filter(response__invitation=models.OuterRef("pk")).exclude(
            value__isnull=True, blank="", comment=""
        )
        return self.annotate(
            disposition=models.Case(
                models.When(response__submitted_at__isnull=False, then=models.Value(Invitation.Disposition.COMPLETE)),
                models.When(declined_at__isnull=False, then=models.Value(Invitation.Disposition.DECLINED)),
                models.When(models.Exists(given), then=models.Value(Invitation.Disposition.PARTIAL)),
                models.When(invited_at__isnull=True, then=models.Value(Invitation.Disposition.NOT_INVITED)),
                models.When(mail__state__in=undeliverable, then=models.Value(Invitation.Disposition.UNDELIVERABLE)),
                default=models.Value(Invitation.Disposition.NO_REPLY),
                output_field=models.CharField(),
            )
        )


class Invitation(models.Model):
    """One contributor asked in one round. Carries the personal link: only the digest of its token is stored."""

    class DeclinedBecause(models.TextChoices):
        NOT_MY_FIELD = "not_my_field", _("not my field")
        NO_TIME = "no_time", _("no time at present")
        MAY_NOT = "may_not", _("may not speak on this")
        OTHER = "other", _("another reason")

    class Disposition(models.TextChoices):
        COMPLETE = "complete", _("complete")
        PARTIAL = "partial", _("partial")
        DECLINED = "declined", _("declined")
        UNDELIVERABLE = "undeliverable", _("undeliverable")
        NO_REPLY = "no_reply", _("no reply")
        NOT_INVITED = "not_invited", _("not invited yet")

    survey_round = models.ForeignKey(
        Round, verbose_name=_("round"), related_name="invitations", on_delete=models.CASCADE
    )
    contributor = models.ForeignKey(
        Contributor, verbose_name=_("contributor"), related_name="invitations", on_delete=models.PROTECT
    )
    link_nonce = models.CharField(max_length=26, editable=False)
    link_digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_at = models.DateTimeField(_("invited at"), null=True, blank=True, editable=False)
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True, editable=False)
    mail = models.OneToOneField(
        "mail.OutgoingMail",
        verbose_name=_("invitation mail"),
        related_name="+",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
    )
    # Counts the mails that staff had sent again, and with them their keys.
    resends = models.PositiveSmallIntegerField(_("sent again"), default=0, editable=False)
    declined_at = models.DateTimeField(_("declined at"), null=True, blank=True, editable=False)
    declined_because = models.CharField(
        _("declined because"), max_length=12, choices=DeclinedBecause.choices, blank=True, editable=False
    )
    decline_reason = models.TextField(_("reason for declining"), blank=True, editable=False)
    # "Not now, remind me": said once, and honoured once.
    postponed_at = models.DateTimeField(_("put off at"), null=True, blank=True, editable=False)
    postponed_until = models.DateTimeField(_("put off until"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["survey_round", "contributor"], name="invited_once")]

    def __str__(self) -> str:
        return f"{self.contributor}: {self.survey_round}"

    def link(self) -> str:
        """The personal address as it may be stored in a mail: a mark stands where the token goes."""
        path = reverse("surveys:answer", args=["TOKEN"])
        return settings.SITE_URL + path.replace("TOKEN", links.mark("answer", self.link_nonce))


class Reminder(models.Model):
    """One reminder that was written to one contributor. The log that minimum gaps and maximum counts are read from."""

    invitation = models.ForeignKey(Invitation, related_name="reminders", on_delete=models.CASCADE)
    number = models.PositiveSmallIntegerField(_("number"))
    mail = models.OneToOneField(OutgoingMail, verbose_name=_("mail"), related_name="+", on_delete=models.PROTECT)
    written_at = models.DateTimeField(_("written at"), default=timezone.now)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["invitation_id", "number"]
        constraints = [models.UniqueConstraint(fields=["invitation", "number"], name="reminder_number_once")]

    def __str__(self) -> str:
        return f"{self.invitation_id}/{self.number}"


class RetiredLink(models.Model):
    """A personal link that was replaced by a newer one. Opening it says so, politely, and nothing else."""

    invitation = models.ForeignKey(Invitation, related_name="retired_links", on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    retired_at = models.DateTimeField(_("retired at"), default=timezone.now)

    class Meta:
        verbose_name = _("retired link")
        verbose_name_plural = _("retired links")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.invitation_id} ({self.retired_at:%Y-%m-%d})"


class NominationQuerySet(models.QuerySet["Nomination"]):
    def waiting(self) -> Self:
        """Those that staff have not decided about."""
        return self.filter(state=Nomination.State.WAITING)


class Nomination(models.Model):
    """Somebody whom a contributor suggests in their place, or who got a forwarded link and would like to be asked.

    Nobody is written to because of it: staff decide, and invite them like anyone.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        CONTRIBUTOR = "contributor", _("made a contributor")
        SET_ASIDE = "set_aside", _("set aside")

    invitation = models.ForeignKey(
        Invitation, verbose_name=_("suggested by"), related_name="nominations", on_delete=models.CASCADE
    )
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("address"), max_length=254)
    affiliation = models.CharField(_("affiliation"), max_length=160, blank=True)
    why = models.TextField(_("why this person"), blank=True)
    is_own = models.BooleanField(_("suggested themselves"), default=False)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.WAITING)
    contributor = models.ForeignKey(
        Contributor, verbose_name=_("contributor"), related_name="+", null=True, blank=True, editable=False,
        on_delete=models.SET_NULL,
    )  # fmt: skip
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("suggested at"), default=timezone.now, editable=False)

    objects = NominationQuerySet.as_manager()

    class Meta:
        verbose_name = _("nomination")
        verbose_name_plural = _("nominations")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["invitation", "email"], name="nominated_once")]

    def __str__(self) -> str:
        return self.name
