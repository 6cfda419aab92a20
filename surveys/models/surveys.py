"""What is asked, and when: surveys and their rounds."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from naatbatt.zones import association_zone, in_words, validate_zone
from surveys import definitions

if TYPE_CHECKING:
    from surveys.models.questions import QuestionQuerySet


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
    closed_door = models.BooleanField(
        _("closed door"),
        default=False,
        help_text=_("The Chatham House rule: what is said may be used, neither names nor affiliations are printed."),
    )
    definitions = models.JSONField(
        _("words used"),
        default=list,
        blank=True,
        help_text=_('What words like "substantial" mean in this survey: a list of {"term": ..., "meaning": ...}.'),
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

    def clean(self) -> None:
        super().clean()
        if problems := definitions.problems(self.definitions):
            raise ValidationError({"definitions": problems})


class RoundQuerySet(models.QuerySet["Round"]):
    def open(self, now: datetime | None = None) -> Self:
        """Begun, its closing instant not reached, and not closed early: people are asked. (Answers are taken a little
        longer: `takes_answers`.)"""
        now = now or timezone.now()
        return self.filter(opens_at__lte=now, closes_at__gt=now, closed_at__isnull=True)

    def running(self, now: datetime | None = None) -> Self:
        """Begun and not closed: what the timetable looks at."""
        return self.filter(opens_at__lte=now or timezone.now(), closed_at__isnull=True)

    def overdue(self, now: datetime | None = None) -> Self:
        """Taking no answers any more, but not frozen yet."""
        return self.filter(closes_at__lte=(now or timezone.now()) - settings.ANSWER_GRACE, closed_at__isnull=True)


class RoundClosed(Exception):
    """The round takes no answers: not open yet, past its closing instant and the grace after it, or closed early."""


class Round(models.Model):
    """One asking of a survey, with its field period. Later rounds (Delphi) show what the group answered before."""

    class GroupShown(models.TextChoices):
        NEVER = "never", _("not at all")
        BESIDE = "beside", _("the round before, beside each question")
        AFTER = "after", _("the round before, once they have answered")
        LIVE = "live", _("this round as it stands, once they have answered (real time)")

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
    group_shown = models.CharField(
        _("what the group answered"),
        max_length=6,
        choices=GroupShown.choices,
        default=GroupShown.BESIDE,
        help_text=_(
            "What contributors see of the others' answers. Small groups are withheld from them as from anyone."
        ),
    )
    # Question key -> why it is not asked in this round: it reached its stop rule in the rounds before.
    settled = models.JSONField(_("settled questions"), default=dict, blank=True, editable=False)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True, editable=False)
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

    def takes_answers(self, now: datetime | None = None) -> bool:
        """Open, or closed so lately that a page which was open at the deadline can still be sent."""
        now = now or timezone.now()
        return self.closed_at is None and self.opens_at <= now < self.takes_answers_until

    @property
    def takes_answers_until(self) -> datetime:
        return self.closes_at + settings.ANSWER_GRACE

    def questions(self) -> "QuestionQuerySet":
        """What this round asks: the survey's questions as they are worded now, without those that are settled."""
        return self.survey.questions.current().exclude(key__in=[*self.settled])

    def is_upcoming(self, now: datetime | None = None) -> bool:
        return self.closed_at is None and (now or timezone.now()) < self.opens_at

    @property
    def opens_in_words(self) -> str:
        return in_words(self.opens_at, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The end as people are told: the instant that was announced, or the one at which staff closed early."""
        return min(self.closes_at, self.closed_at or self.closes_at)

    @property
    def closes_in_words(self) -> str:
        return in_words(self.ends_at, self.zone)
