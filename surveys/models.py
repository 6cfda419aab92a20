"""Asking experts: the survey, its rounds and questions, who was asked, what they answered, and the frozen results."""

import hashlib
import json
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from naatbatt.mail import links
from naatbatt.mail.models import normalise
from surveys.questions import QuestionSpec, QuestionType, kind_choices, question_type


class Sector(models.TextChoices):
    INDUSTRY = "industry", _("industry")
    ACADEMIA = "academia", _("academia")
    GOVERNMENT = "government", _("government")


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


class Contributor(models.Model):
    """An invited expert. Has no account and no password: each asking reaches them by a personal link."""

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("address"), max_length=254)
    sector = models.CharField(_("sector"), max_length=10, choices=Sector.choices)
    affiliation = models.CharField(_("affiliation"), max_length=160, blank=True)
    position = models.CharField(_("position"), max_length=120, blank=True)
    note = models.TextField(_("note"), blank=True, help_text=_("For staff only."))
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("contributor")
        verbose_name_plural = _("contributors")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"), name="contributor_once",
                violation_error_message=_("A contributor with this address exists already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normalise(self.email)
        super().save(*args, **kwargs)


class Survey(models.Model):
    """A set of questions on one subject, asked in one or more rounds."""

    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=160)
    introduction = models.TextField(_("introduction"), help_text=_("Markdown. Who asks, why, and what becomes of it."))
    series = models.ForeignKey(
        "posts.Series", verbose_name=_("series"), related_name="+", null=True, blank=True, on_delete=models.SET_NULL,
        help_text=_("The series that its summaries become part of."),
    )
    minimum_cell = models.PositiveSmallIntegerField(
        _("smallest group shown"), default=3, validators=[MinValueValidator(2)],
        help_text=_("Figures that rest on fewer answers than this are withheld."),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.title


class RoundQuerySet(models.QuerySet["Round"]):
    def open(self, now: datetime | None = None) -> Self:
        """Taking answers: begun, its closing instant not reached, and not closed early."""
        now = now or timezone.now()
        return self.filter(opens_at__lte=now, closes_at__gt=now, closed_at__isnull=True)

    def overdue(self, now: datetime | None = None) -> Self:
        """Past their closing instant but not frozen yet."""
        return self.filter(closes_at__lte=now or timezone.now(), closed_at__isnull=True)


class Round(models.Model):
    """One asking of a survey, with its field period."""

    survey = models.ForeignKey(Survey, verbose_name=_("survey"), related_name="rounds", on_delete=models.CASCADE)
    number = models.PositiveSmallIntegerField(_("round"), default=1, validators=[MinValueValidator(1)])
    opens_at = models.DateTimeField(_("opens at"))
    closes_at = models.DateTimeField(_("closes at"))
    zone = models.CharField(_("time zone"), max_length=60, help_text=_("The zone in which these times are meant."))
    remind_at = models.DateTimeField(
        _("remind at"), null=True, blank=True, help_text=_("One reminder, to those who have not answered by then.")
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)
    held_at = models.DateTimeField(_("held since"), null=True, blank=True, editable=False)
    held_reason = models.CharField(_("held because"), max_length=250, blank=True, editable=False)

    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("round")
        verbose_name_plural = _("rounds")
        ordering = ["-opens_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["survey", "number"], name="round_number_once"),
            models.CheckConstraint(
                condition=models.Q(closes_at__gt=models.F("opens_at")), name="round_closes_after_it_opens",
                violation_error_message=_("The round must close after it opens."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.survey}, {_('round')} {self.number}"

    def is_open(self, now: datetime | None = None) -> bool:
        now = now or timezone.now()
        return self.closed_at is None and self.opens_at <= now < self.closes_at


class QuestionQuerySet(models.QuerySet["Question"]):
    def current(self) -> Self:
        """The version of each question that is asked now."""
        return self.filter(superseded_at__isnull=True)


class Question(models.Model):
    """One question in one version. Once answered it is never edited: a new version supersedes it."""

    FROZEN = ("key", "version", "kind", "prompt", "guidance", "settings", "options", "required")

    survey = models.ForeignKey(Survey, verbose_name=_("survey"), related_name="questions", on_delete=models.CASCADE)
    key = models.SlugField(_("key"), max_length=60, help_text=_("Short and stable; used in exports and figures."))
    version = models.PositiveSmallIntegerField(_("version"), default=1, editable=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    kind = models.CharField(_("kind"), max_length=20, choices=kind_choices)
    prompt = models.TextField(_("prompt"))
    guidance = models.TextField(_("guidance"), blank=True, help_text=_("Markdown. Shown below the prompt."))
    required = models.BooleanField(_("required"), default=False)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    options = models.JSONField(
        _("options"), default=list, blank=True, help_text=_('A list of {"key": ..., "label": ...}.')
    )
    superseded_at = models.DateTimeField(_("superseded at"), null=True, blank=True, editable=False)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["survey", "key", "version"], name="question_version_once"),
            models.UniqueConstraint(
                fields=["survey", "key"], condition=models.Q(superseded_at__isnull=True), name="question_current_once",
                violation_error_message=_("This survey already has a question with that key."),
            ),
        ]

    def __str__(self) -> str:
        return self.prompt

    @property
    def type(self) -> QuestionType:
        return question_type(self.kind)

    @property
    def spec(self) -> QuestionSpec:
        """The question as plain data, as frozen in snapshots."""
        return QuestionSpec(
            key=self.key, version=self.version, kind=self.kind, prompt=self.prompt, guidance=self.guidance,
            required=self.required, settings=self.settings, options=self.options,
        )  # fmt: skip

    def is_answered(self) -> bool:
        return self.pk is not None and self.answers.exists()

    def clean(self) -> None:
        super().clean()
        problems = self.type.problems(self.spec)
        if problems:
            raise ValidationError(problems)
        if self.is_answered():
            before = Question.objects.get(pk=self.pk)
            if any(getattr(before, name) != getattr(self, name) for name in self.FROZEN):
                raise ValidationError(
                    _("This question has been answered, so its wording and options are frozen. Make a new version.")
                )


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def unsolicited(self) -> Self:
        """On the panel, but the invitation mail has not been written yet."""
        return self.filter(invited_at__isnull=True)

    def unanswered(self) -> Self:
        """Invited, and neither submitted nor declined."""
        return self.filter(invited_at__isnull=False, declined_at__isnull=True).exclude(
            response__submitted_at__isnull=False
        )


class Invitation(models.Model):
    """One contributor asked in one round. Carries the personal link: only the digest of its token is stored."""

    class Disposition(models.TextChoices):
        COMPLETE = "complete", _("complete")
        PARTIAL = "partial", _("partial")
        DECLINED = "declined", _("declined")
        UNDELIVERABLE = "undeliverable", _("undeliverable")
        NO_REPLY = "no_reply", _("no reply")

    survey_round = models.ForeignKey(Round, verbose_name=_("round"), related_name="invitations", on_delete=models.CASCADE)
    contributor = models.ForeignKey(
        Contributor, verbose_name=_("contributor"), related_name="invitations", on_delete=models.PROTECT
    )
    link_nonce = models.CharField(max_length=22, editable=False)
    link_digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_at = models.DateTimeField(_("invited at"), null=True, blank=True, editable=False)
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True, editable=False)
    mail = models.OneToOneField(
        "mail.OutgoingMail", verbose_name=_("invitation mail"), related_name="+", null=True, blank=True,
        editable=False, on_delete=models.PROTECT,
    )
    declined_at = models.DateTimeField(_("declined at"), null=True, blank=True, editable=False)
    decline_reason = models.TextField(_("reason for declining"), blank=True, editable=False)
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


class Response(models.Model):
    """What one contributor answers to one invitation, from the first saved draft on."""

    invitation = models.OneToOneField(Invitation, related_name="response", on_delete=models.CASCADE)
    attribution = models.CharField(
        _("attribution"), max_length=12, choices=Attribution.choices, default=Attribution.BACKGROUND
    )
    # Goes up by one with every save that changed something; a mail with a copy is keyed by it.
    version = models.PositiveIntegerField(_("version"), default=0)
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)

    class Meta:
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{_('Response to')} {self.invitation}"


class AnswerQuerySet(models.QuerySet["Answer"]):
    def counted(self) -> Self:
        """The answers that tallies count: current ones of submitted responses."""
        return self.filter(response__submitted_at__isnull=False)

    def awaiting_moderation(self) -> Self:
        return self.counted().filter(moderation=Answer.Moderation.PENDING)


class Answer(models.Model):
    """The current answer to one question. Earlier ones are in `AnswerVersion`; words wait for moderation, votes do not."""

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
        settings.AUTH_USER_MODEL, verbose_name=_("moderated by"), related_name="+", null=True, blank=True,
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
        indexes = [models.Index(fields=["moderation"], name="answer_moderation", condition=models.Q(moderation="pending"))]

    def __str__(self) -> str:
        return f"{self.question_id}/{self.response_id}"

    @property
    def words(self) -> str:
        """The contributor's own words: the comment, or the text itself where the question asks for text."""
        return self.question.type.words(self.value, self.comment)


class AnswerVersion(models.Model):
    """An answer as it stood. Append-only: one row for each version that was ever saved, the current one included."""

    answer = models.ForeignKey(Answer, related_name="versions", on_delete=models.CASCADE)
    version = models.PositiveIntegerField(_("version"))
    value = models.JSONField(_("value"), null=True)
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


class SnapshotTampered(Exception):
    """The stored content of a snapshot no longer matches its hash."""


class Snapshot(models.Model):
    """A frozen result: exactly what was counted, as canonical JSON, with its hash. Never changed; a later one follows."""

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


class Summary(models.Model):
    """The compiled text of one snapshot, as the draft post that staff edit."""

    snapshot = models.OneToOneField(Snapshot, verbose_name=_("snapshot"), related_name="summary", on_delete=models.PROTECT)
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
