"""What is answered: responses, their current answers, and every earlier version."""

from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.models.invitations import Invitation
from surveys.models.surveys import Question


class Attribution(models.TextChoices):
    """How a contributor is quoted, from most to least open. Their choice, and the last one made counts."""

    NAMED = "named", _("by name and affiliation")
    AFFILIATION = "affiliation", _("by affiliation only")
    SECTOR = "sector", _("by sector only")
    BACKGROUND = "background", _("not at all: counted, never quoted")


class Blank(models.TextChoices):
    """The four ways an answer can be empty. None of them carries weight."""

    SKIPPED = "skipped", _("skipped")
    NO_OPINION = "no_opinion", _("don't know / no opinion")
    PREFER_NOT = "prefer_not", _("prefer not to say")
    NOT_SHOWN = "not_shown", _("not shown")


class Response(models.Model):
    """What one contributor answers to one invitation, from the first saved draft on."""

    invitation = models.OneToOneField(Invitation, related_name="response", on_delete=models.CASCADE)
    # Empty in a draft whose author has not chosen yet: nothing is preselected for them.
    attribution = models.CharField(_("attribution"), max_length=12, choices=Attribution.choices, blank=True)
    # Goes up by one with every save that changed something; a mail with a copy is keyed by it.
    version = models.PositiveIntegerField(_("version"), default=0)
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)

    class Meta:
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(submitted_at__isnull=True) | ~models.Q(attribution=""),
                name="submitted_with_attribution",
            )
        ]

    def __str__(self) -> str:
        return f"{_('Response to')} {self.invitation}"


class AnswerQuerySet(models.QuerySet["Answer"]):
    def counted(self) -> Self:
        """The answers that tallies count: current ones of submitted responses."""
        return self.filter(response__submitted_at__isnull=False)

    def awaiting_moderation(self) -> Self:
        return self.counted().filter(moderation=Answer.Moderation.PENDING)


class Answer(models.Model):
    """The current answer to one question; earlier ones are in `AnswerVersion`. Words are moderated, votes are not."""

    class Moderation(models.TextChoices):
        NOT_NEEDED = "not_needed", _("no words to moderate")
        PENDING = "pending", _("waiting")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        PROPOSED = "proposed", _("edit proposed to the contributor")

    response = models.ForeignKey(Response, related_name="answers", on_delete=models.CASCADE)
    question = models.ForeignKey(Question, related_name="answers", on_delete=models.PROTECT)
    value = models.JSONField(_("value"), null=True, blank=True)  # what QuestionType.dump gave; null when blank
    blank = models.CharField(_("blank"), max_length=12, choices=Blank.choices, blank=True)
    confidence = models.PositiveSmallIntegerField(
        _("confidence"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    comment = models.TextField(_("comment"), blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now)

    moderation = models.CharField(
        _("moderation"), max_length=12, choices=Moderation.choices, default=Moderation.NOT_NEEDED
    )
    moderated_at = models.DateTimeField(_("moderated at"), null=True, blank=True)
    moderated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("moderated by"),
        related_name="+",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
    )
    moderation_reason = models.TextField(_("reason"), blank=True)
    # An editor's wording. Printed only once the contributor has agreed to it (moderation = approved).
    edited_words = models.TextField(_("edited words"), blank=True)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["response", "question"], name="answer_once"),
            # A blank carries no weight: no value and no left-over confidence can stand beside it.
            models.CheckConstraint(
                condition=models.Q(blank="") | models.Q(value__isnull=True, confidence__isnull=True),
                name="blank_answer_weighs_nothing",
            ),
            models.CheckConstraint(
                condition=models.Q(confidence__isnull=True) | models.Q(confidence__range=(1, 10)),
                name="confidence_from_1_to_10",
            ),
        ]
        indexes = [
            models.Index(fields=["moderation"], name="answer_moderation", condition=models.Q(moderation="pending"))
        ]

    def __str__(self) -> str:
        return f"{self.question_id}/{self.response_id}"

    @property
    def words(self) -> str:
        """The contributor's own words: the comment, or the text itself where the question asks for text."""
        return self.question.type.words(self.value, self.comment) or ""


class AnswerVersion(models.Model):
    """An answer as it stood. Append-only: one row for each version that was ever saved, the current one included."""

    answer = models.ForeignKey(Answer, related_name="versions", on_delete=models.CASCADE)
    version = models.PositiveIntegerField(_("version"))
    value = models.JSONField(_("value"), null=True, blank=True)
    blank = models.CharField(_("blank"), max_length=12, choices=Blank.choices, blank=True)
    confidence = models.PositiveSmallIntegerField(_("confidence"), null=True)
    comment = models.TextField(_("comment"), blank=True)
    submitted = models.BooleanField(_("submitted"), default=False)
    saved_at = models.DateTimeField(_("saved at"), default=timezone.now)

    class Meta:
        verbose_name = _("earlier answer")
        verbose_name_plural = _("earlier answers")
        ordering = ["answer_id", "version"]
        constraints = [models.UniqueConstraint(fields=["answer", "version"], name="answer_version_once")]

    def __str__(self) -> str:
        return f"{self.answer_id} v{self.version}"
