"""What is asked, and when: surveys, their rounds, and their questions in versions."""

from datetime import datetime
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from naatbatt.zones import association_zone, in_words, validate_zone
from surveys.questions import QuestionSpec, QuestionType, kind_choices, question_type


class Survey(models.Model):
    """A set of questions on one subject, asked in one or more rounds."""

    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=160)
    introduction = models.TextField(_("introduction"), help_text=_("Markdown. Who asks, why, and what becomes of it."))
    series = models.ForeignKey(
        "posts.Series",
        verbose_name=_("series"),
        related_name="+",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        help_text=_("The series that its summaries become part of."),
    )
    minimum_cell = models.PositiveSmallIntegerField(
        _("smallest group shown"),
        default=3,
        validators=[MinValueValidator(2), MaxValueValidator(50)],
        help_text=_("Figures that rest on fewer answers than this are withheld."),
    )
    takes_open_views = models.BooleanField(
        _("open invitation"),
        default=False,
        help_text=_("Anyone may offer a view on a public page. Staff read it first."),
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

    def running(self, now: datetime | None = None) -> Self:
        """Begun and not closed: what the timetable looks at."""
        return self.filter(opens_at__lte=now or timezone.now(), closed_at__isnull=True)

    def overdue(self, now: datetime | None = None) -> Self:
        """Past their closing instant but not frozen yet."""
        return self.filter(closes_at__lte=now or timezone.now(), closed_at__isnull=True)


class RoundClosed(Exception):
    """The round takes no answers: not open yet, past its closing instant, or closed early."""


class Round(models.Model):
    """One asking of a survey, with its field period."""

    survey = models.ForeignKey(Survey, verbose_name=_("survey"), related_name="rounds", on_delete=models.CASCADE)
    number = models.PositiveSmallIntegerField(
        _("round"), default=1, validators=[MinValueValidator(1), MaxValueValidator(99)]
    )
    opens_at = models.DateTimeField(_("opens at"))
    closes_at = models.DateTimeField(_("closes at"))
    zone = models.CharField(
        _("time zone"),
        max_length=60,
        default=association_zone,
        validators=[validate_zone],
        help_text=_("The zone in which these times are meant."),
    )
    remind_at = models.DateTimeField(
        _("remind at"),
        null=True,
        blank=True,
        help_text=_("The first reminder, to those who have not answered by then."),
    )
    most_reminders = models.PositiveSmallIntegerField(
        _("reminders at most"), default=1, validators=[MaxValueValidator(5)], help_text=_("To each person.")
    )
    reminder_gap = models.PositiveSmallIntegerField(
        _("days between reminders"), default=4, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    # When the timetable last saw to it that everybody who was due a reminder had one.
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)
    held_at = models.DateTimeField(_("held since"), null=True, blank=True, editable=False)
    held_reason = models.CharField(_("held because"), max_length=250, blank=True, editable=False)
    # Staff let it go on, late as it was: what was due before then counts as due then.
    released_at = models.DateTimeField(_("released at"), null=True, blank=True, editable=False)

    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("round")
        verbose_name_plural = _("rounds")
        ordering = ["-opens_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["survey", "number"], name="round_number_once"),
            models.CheckConstraint(
                condition=models.Q(closes_at__gt=models.F("opens_at")),
                name="round_closes_after_it_opens",
                violation_error_message=_("The round must close after it opens."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.survey}, {_('round')} {self.number}"

    def is_open(self, now: datetime | None = None) -> bool:
        now = now or timezone.now()
        return self.closed_at is None and self.opens_at <= now < self.closes_at

    def is_upcoming(self, now: datetime | None = None) -> bool:
        return self.closed_at is None and (now or timezone.now()) < self.opens_at

    @property
    def opens_in_words(self) -> str:
        return in_words(self.opens_at, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The instant from which no answer is taken: the announced one, or the one at which staff closed early."""
        return min(self.closes_at, self.closed_at or self.closes_at)

    @property
    def closes_in_words(self) -> str:
        return in_words(self.ends_at, self.zone)


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
    # The same question in an earlier survey, so that results can be compared over time.
    asked_before = models.ForeignKey(
        "self",
        verbose_name=_("asked before as"),
        related_name="asked_again",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
    )

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["survey", "key", "version"], name="question_version_once"),
            models.UniqueConstraint(
                fields=["survey", "key"],
                condition=models.Q(superseded_at__isnull=True),
                name="question_current_once",
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
        if self.key.endswith(("-confidence", "-comment")):  # names of a question's own further fields in the form
            raise ValidationError({"key": _("A key must not end in “-confidence” or “-comment”.")})
        if self.superseded_at is None:  # a form leaves the constraints above out: they name columns it does not show
            namesakes = Question.objects.filter(survey=self.survey_id, key=self.key).exclude(pk=self.pk)
            if namesakes.filter(models.Q(superseded_at__isnull=True) | models.Q(version=self.version)).exists():
                raise ValidationError({"key": _("This survey already has a question with that key.")})
        if self.kind not in dict(kind_choices()):
            return  # which the field itself says
        problems = self.type.problems(self.spec)
        if problems:
            raise ValidationError(problems)
        if self.is_answered():
            before = Question.objects.get(pk=self.pk)
            if any(getattr(before, name) != getattr(self, name) for name in self.FROZEN):
                raise ValidationError(
                    _("This question has been answered, so its wording and options are frozen. Make a new version.")
                )
