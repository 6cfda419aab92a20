"""What came out: frozen snapshots and the texts compiled from them."""

import hashlib
import json
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.models.surveys import Round, Survey


class SnapshotTampered(Exception):
    """The stored content of a snapshot no longer matches its hash."""


class Snapshot(models.Model):
    """A frozen result: exactly what was counted, as canonical JSON with its hash. Never changed; another follows."""

    survey = models.ForeignKey(Survey, verbose_name=_("survey"), related_name="snapshots", on_delete=models.PROTECT)
    survey_round = models.ForeignKey(Round, verbose_name=_("round"), related_name="snapshots", on_delete=models.PROTECT)
    number = models.PositiveIntegerField(_("number"))
    content = models.TextField(_("content"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    software = models.CharField(_("software version"), max_length=40)
    created_at = models.DateTimeField(_("frozen at"), default=timezone.now)

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["survey", "number"], name="snapshot_number_once")]

    def __str__(self) -> str:
        return f"{self.survey}, {_('snapshot')} {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise ValueError("A snapshot is never changed; freeze a new one.")
        self.sha256 = hashlib.sha256(self.content.encode()).hexdigest()
        super().save(*args, **kwargs)

    @property
    def short_hash(self) -> str:
        return self.sha256[:12]

    def data(self) -> dict[str, Any]:
        """The frozen content. Raises SnapshotTampered where it no longer matches its hash."""
        if hashlib.sha256(self.content.encode()).hexdigest() != self.sha256:
            raise SnapshotTampered(f"Snapshot {self.number} of {self.survey_id} does not match its hash.")
        return json.loads(self.content)


class Interim(models.Model):
    """What contributors see of a round while it is open (real time), counted in steps: surveys/delphi/interim.py."""

    survey_round = models.OneToOneField(
        Round, verbose_name=_("round"), related_name="interim", on_delete=models.CASCADE
    )
    content = models.TextField(_("content"), default="{}")
    counted_at = models.DateTimeField(_("counted at"), default=timezone.now)

    class Meta:
        verbose_name = _("interim figures")
        verbose_name_plural = _("interim figures")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.survey_round)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()

    def data(self) -> dict[str, Any]:
        return json.loads(self.content)


class Summary(models.Model):
    """The compiled text of one snapshot, as the draft post that staff edit."""

    snapshot = models.OneToOneField(
        Snapshot, verbose_name=_("snapshot"), related_name="summary", on_delete=models.PROTECT
    )
    post = models.OneToOneField(
        "posts.Post", verbose_name=_("post"), related_name="+", null=True, blank=True, on_delete=models.SET_NULL
    )
    compiled_at = models.DateTimeField(_("compiled at"), default=timezone.now)

    class Meta:
        verbose_name = _("summary")
        verbose_name_plural = _("summaries")
        ordering = ["-compiled_at"]

    def __str__(self) -> str:
        return str(self.snapshot)
