"""What is answered: responses, their current answers, and every earlier version."""

from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.models.invitations import Invitation
from surveys.models.questions import Question
from surveys.models.surveys import Round


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
    # What its author has at stake in the subject, in their own words. Printed beside their name, and only there.
    interest = models.CharField(_("disclosure of interest"), max_length=300, blank=True)
    consent = models.ForeignKey(
        "Consent", verbose_name=_("agreed to"), related_name="+", null=True, blank=True, on_delete=models.PROTECT
    )
    # Goes up by one with every save that changed something; a mail with a copy is keyed by it.
    version = models.PositiveIntegerField(_("version"), default=0)
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    # Sent after the end: kept, and counted only if staff accept it.
    offered_late_at = models.DateTimeField(_("sent late at"), null=True, blank=True, editable=False)
    accepted_late_at = models.DateTimeField(_("accepted late at"), null=True, blank=True, editable=False)
    accepted_late_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("accepted late by"),
        related_name="+",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
    )

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
        return f"{_('Response of')} {self.invitation}"


class Consent(models.Model):
    """Evidence of what somebody agreed to when they submitted: the wording, its version, and the lines they were shown.

    Append-only. Words are printed under the line that stands here, whatever staff change about the person later.
    """

    response = models.ForeignKey(Response, related_name="consents", on_delete=models.CASCADE)
    response_version = models.PositiveIntegerField(_("version of the response"))
    wording = models.TextField(_("wording"))
    wording_version = models.CharField(_("version of the wording"), max_length=16)
    attribution = models.CharField(_("attribution"), max_length=12, choices=Attribution.choices)
    # Level -> the line as it was shown for it; levels that print nothing are not in it.
    lines = models.JSONField(_("lines"), default=dict)
    # Question key -> level, where it is another one than for the rest.
    exceptions = models.JSONField(_("chosen for single answers"), default=dict)
    interest = models.CharField(_("disclosure of interest"), max_length=300, blank=True)
    given_at = models.DateTimeField(_("given at"), default=timezone.now)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["response_id", "pk"]
        constraints = [models.UniqueConstraint(fields=["response", "response_version"], name="consent_once")]

    def __str__(self) -> str:
        return f"{self.response_id} v{self.response_version}: {self.get_attribution_display()}"


class AnswerQuerySet(models.QuerySet["Answer"]):
    def counted(self) -> Self:
        """The answers that tallies count: current ones of submitted responses."""
        return self.filter(response__submitted_at__isnull=False)

    def of_rounds_before(self, survey_round: Round) -> Self:
        """What was submitted in the earlier rounds of the same survey, the first round first."""
        before = Round.objects.filter(survey=survey_round.survey_id, number__lt=survey_round.number)
        return (
            self.counted()
            .filter(response__invitation__survey_round__in=before)
            .order_by("response__invitation__survey_round__number", "pk")
        )

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
    # How these words are quoted, where their author wants it otherwise than for the rest.
    attribution = models.CharField(_("attribution"), max_length=12, choices=Attribution.choices, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    # Which opened page wrote it last, and its how manyth save that was: tells a retry from another tab.
    saved_from = models.CharField(max_length=36, blank=True, editable=False)
    saved_seq = models.PositiveIntegerField(default=0, editable=False)
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
    def mark(self) -> str:
        """Which state of the answer this is, as a page says it that was made from it."""
        return str(self.version)

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
    attribution = models.CharField(_("attribution"), max_length=12, choices=Attribution.choices, blank=True)
    submitted = models.BooleanField(_("submitted"), default=False)
    saved_at = models.DateTimeField(_("saved at"), default=timezone.now)

    class Meta:
        verbose_name = _("earlier answer")
        verbose_name_plural = _("earlier answers")
        ordering = ["answer_id", "version"]
        constraints = [models.UniqueConstraint(fields=["answer", "version"], name="answer_version_once")]

    def __str__(self) -> str:
        return f"{self.answer_id} v{self.version}"


class PendingChange(models.Model):
    """What somebody is changing about a submitted answer and has not submitted yet. Nothing counts or prints it."""

    response = models.ForeignKey(Response, related_name="pending_changes", on_delete=models.CASCADE)
    question = models.ForeignKey(Question, related_name="+", on_delete=models.PROTECT)
    value = models.JSONField(_("value"), null=True, blank=True)
    blank = models.CharField(_("blank"), max_length=12, choices=Blank.choices, blank=True)
    confidence = models.PositiveSmallIntegerField(_("confidence"), null=True)
    comment = models.TextField(_("comment"), blank=True)
    attribution = models.CharField(_("attribution"), max_length=12, choices=Attribution.choices, blank=True)
    # The version of the answer that it changes, and how often it has been saved since.
    answer_version = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    saved_from = models.CharField(max_length=36, blank=True)
    saved_seq = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now)

    class Meta:
        verbose_name = _("pending change")
        verbose_name_plural = _("pending changes")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["response", "question"], name="pending_change_once")]

    def __str__(self) -> str:
        return f"{self.question_id}/{self.response_id}, {_('changed')}"

    @property
    def mark(self) -> str:
        return f"{self.pk}.{self.version}"  # one that was dropped and made again is another one
