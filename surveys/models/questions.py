"""The questions of a survey, in versions, and the sections they stand in."""

from collections.abc import Iterable
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import Truncator
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from naatbatt.prepared import Prepared
from surveys import conditions
from surveys.models.surveys import Round, Survey
from surveys.questions import QuestionSpec, QuestionType, kind_choices, question_type

# What the fields of a form are called that a question has besides its answer: its key with one of these.
FURTHER_FIELDS = ("-confidence", "-comment", "-attribution")

# The order in which questions are put: what stands in no section first, then section by section.
ASKED_ORDER = (models.F("section__position").asc(nulls_first=True), "position")


class Section(models.Model):
    """A page of the questionnaire: some questions under a title, with a few words about them."""

    survey = models.ForeignKey(Survey, verbose_name=_("survey"), related_name="sections", on_delete=models.CASCADE)
    key = models.SlugField(_("key"), max_length=60, help_text=_("Short and stable."))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    title = models.CharField(_("title"), max_length=160)
    introduction = models.TextField(_("introduction"), blank=True, help_text=_("Markdown. Shown above its questions."))

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "key"],
                name="section_once",
                violation_error_message=_("This survey already has a section with that key."),
            )
        ]

    def __str__(self) -> str:
        return self.title


class QuestionQuerySet(models.QuerySet["Question"]):
    def current(self) -> Self:
        """The version of each question that is asked now."""
        return self.filter(superseded_at__isnull=True)


class Question(models.Model):
    """One question in one version. Once answered it is never edited: a new version supersedes it."""

    FROZEN = ("key", "version", "kind", "prompt", "guidance", "settings", "options", "required", "show_if")

    survey = models.ForeignKey(Survey, verbose_name=_("survey"), related_name="questions", on_delete=models.CASCADE)
    section = models.ForeignKey(
        Section, verbose_name=_("section"), related_name="questions", null=True, blank=True, on_delete=models.SET_NULL,
        help_text=_("Each section is a page of its own. What is in none comes first."),
    )  # fmt: skip
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
    # A list of conditions on earlier answers, all of which must hold; see surveys/conditions.py.
    show_if = models.JSONField(_("show when"), default=list, blank=True)
    # When later rounds stop asking it; see surveys/delphi.py.
    stop_rule = models.JSONField(_("stop rule"), default=dict, blank=True)
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

    # Set where questions of a survey are put in another order together: whoever does that looks at them together.
    placed_with_others = False

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = [*ASKED_ORDER, "pk"]
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
            required=self.required, settings=self.settings, options=self.options, show_if=self.show_if,
        )  # fmt: skip

    def is_answered(self) -> bool:
        return self.pk is not None and self.answers.exists()

    def clean(self) -> None:
        super().clean()
        if self.key.endswith(FURTHER_FIELDS):
            raise ValidationError({"key": _("A key must not end in “-confidence”, “-comment” or “-attribution”.")})
        if self.section is not None and self.section.survey_id not in (None, self.survey_id):
            raise ValidationError(_("This section belongs to another survey."))
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
        if self.survey_id and self.superseded_at is None and not self.placed_with_others:
            self._clean_conditions()

    def _clean_conditions(self) -> None:
        """Its own conditions, and those of others on its answer, as they would stand once this is saved."""
        others = Question.objects.current().filter(survey=self.survey_id).exclude(pk=self.pk).select_related("section")
        stored = Question.objects.filter(pk=self.pk).values_list("key", flat=True) if self.pk else ()
        specs = [question.spec for question in in_order([*others, self])]
        found = [ValidationError(problem, code="show_if") for problem in conditions.problems(specs, self.spec)]
        found += [
            ValidationError(
                say("“%(question)s” depends on this one. %(problem)s"),
                params={"question": Truncator(other.prompt).words(12), "problem": problem},
            )
            for other, problem in conditions.broken_by({self.key, *stored}, specs)
        ]
        if found:
            raise ValidationError(found)


_of_survey = Prepared(lambda survey: Question.objects.current().select_related("section").filter(survey=survey))


def asked_in(survey_round: Round) -> list[Question]:
    """What `Round.questions` gives, with the sections: for whoever answers."""
    questions = [row for row in _of_survey(survey_round.survey_id) if row.key not in survey_round.settled]
    for question in questions:
        question.survey = survey_round.survey
    return questions


def in_order(questions: Iterable[Question]) -> list[Question]:
    """As ASKED_ORDER has them: unsaved ones come last where they stand on a place with others."""
    return sorted(questions, key=_place)


def _place(question: Question) -> tuple[int, int, bool, int]:
    section = question.section.position if question.section else -1
    return section, question.position, question.pk is None, question.pk or 0
