"""What a survey asks: how wording changes once it has been answered, and how questions are asked again elsewhere."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys import conditions
from surveys.models import Question, Section, Survey
from surveys.models.questions import in_order

# To say why, where a question asks for a comment.
COMMENT_SECONDS = 30
_WORDING = ("kind", "prompt", "guidance", "required", "settings", "options", "stop_rule")


def reword(*, question: Question) -> Question:
    """The version of the question that may be edited: a copy that supersedes it once it has been answered, else itself.

    Answers stay with the wording they were given to, and results never mix the two. Whom it is put to, and who is asked
    other questions because of it, stays as it was: conditions name questions, not versions. Asked of a question that
    has been superseded already, returns the version that is current.
    """
    with transaction.atomic():
        row = Question.objects.select_for_update().get(pk=question.pk)
        if row.superseded_at is not None:
            return Question.objects.current().get(survey=row.survey_id, key=row.key)
        if not row.is_answered():
            return row
        row.superseded_at = timezone.now()
        row.save(update_fields=["superseded_at"])
        return Question.objects.create(
            survey_id=row.survey_id, key=row.key, version=row.version + 1, position=row.position,
            section_id=row.section_id, show_if=row.show_if, asked_before_id=row.asked_before_id, **_wording(row),
        )  # fmt: skip


def duplicate(*, survey: Survey, title: str = "", slug: str = "") -> Survey:
    """A new survey with the same introduction, words used, sections and conditions, and the questions asked now, each
    linked to the one it was copied from.

    No rounds, no answers, and no open invitation: nothing is asked of anybody yet. Without a title and slug it gets
    those of `free_name`. Every call makes another one.
    """
    with transaction.atomic():
        free_title, free_slug = free_name(survey)
        copied = Survey.objects.create(
            title=title or free_title,
            slug=slug or free_slug,
            introduction=survey.introduction,
            series_id=survey.series_id,
            minimum_cell=survey.minimum_cell,
            closed_door=survey.closed_door,
            definitions=survey.definitions,
        )
        sections = {row.pk: _section_like(row, copied) for row in survey.sections.all()}
        for place, question in enumerate(survey.questions.current(), start=1):
            section = sections[question.section_id] if question.section_id else None
            Question.objects.create(
                survey=copied, key=question.key, position=place, section=section, show_if=question.show_if,
                asked_before=question, **_wording(question),
            )  # fmt: skip
        return copied


def free_name(survey: Survey) -> tuple[str, str]:
    """A title and a slug for a copy of the survey, such as "Three questions (again)" and "three-questions-2"."""
    taken = set(Survey.objects.values_list("slug", flat=True))
    return _("%(title)s (again)") % {"title": survey.title[:140]}, _free(survey.slug, taken, longest=80)


def ask_again(*, question: Question, survey: Survey) -> Question:
    """Put a copy of the question, linked to it, at the end of another survey; where its key is taken, as `key-2`.

    It comes into the section that is called the same there, else into the last one. Of its conditions it keeps those
    that can be met there: on questions that are asked again there as well (`left_behind` tells the others).
    Asked again of a question that the survey has from there already, or of the survey's own, returns what is there.
    """
    with transaction.atomic():
        Survey.objects.select_for_update().get(pk=survey.pk)
        there = survey.questions.current()
        same = Q(asked_before__survey=question.survey_id, asked_before__key=question.key)
        if found := there.filter(same | Q(survey=question.survey_id, key=question.key)).first():
            return found
        last = there.aggregate(Max("position"))["position__max"]
        sections = list(survey.sections.all())
        named = [row for row in sections if question.section and row.key == question.section.key]
        copy = Question(
            survey=survey, key=_free_key(question.key, survey), position=1 if last is None else last + 1,
            section=next(iter([*named, *reversed(sections)]), None), asked_before=question, **_wording(question),
        )  # fmt: skip
        copy.show_if = _met_there(question, copy)
        copy.save()
        return copy


def depending_on(questions: Iterable[Question]) -> list[Question]:
    """The other questions, asked now, with conditions on the answer to one of these."""
    gone = [question for question in questions if question.superseded_at is None]
    keys = {(question.survey_id, question.key) for question in gone}
    others = Question.objects.current().filter(survey__in={survey for survey, _key in keys}).exclude(
        pk__in=[question.pk for question in gone]
    )  # fmt: skip
    return [other for other in others if keys & {(other.survey_id, key) for key in conditions.named_by(other.spec)}]


def left_behind(*, question: Question, copy: Question) -> int:
    """How many conditions of `question` its `copy` in another survey does without."""
    return len(question.show_if) - len(copy.show_if)


def _met_there(question: Question, copy: Question) -> list[Mapping[str, Any]]:
    """The conditions of `question` that can be met where `copy` will be, by what their questions are called there."""
    if not question.show_if:
        return []
    there = list(copy.survey.questions.current().select_related("section"))
    called = {}
    for name in conditions.named_by(question.spec):
        theirs = question.survey.questions.current().filter(key=name).first()
        family = {row.pk for row in askings(theirs)} if theirs else set()
        if again := next((row.key for row in there if row.pk in family), ""):
            called[name] = again
    specs = [row.spec for row in in_order([*there, copy])]
    kept = [{**one, "question": called.get(one["question"], "")} for one in question.show_if]
    return [one for one in kept if not conditions.problems(specs, replace(copy.spec, show_if=[one]))]


def askings(question: Question) -> list[Question]:
    """Every asking of the same question, this one included: its earlier ones, their later ones, and all versions.

    In the order in which the surveys were made, and within each by version.
    """
    found: dict[int, Question] = {}
    wanted = Q(survey=question.survey_id, key=question.key)
    while rows := list(Question.objects.filter(wanted).exclude(pk__in=found).select_related("survey")):
        found |= {row.pk: row for row in rows}
        wanted = Q(asked_before__in=found) | Q(asked_again__in=found)
        for row in rows:
            wanted |= Q(survey=row.survey_id, key=row.key)
    return sorted(found.values(), key=lambda row: (row.survey.created_at, row.survey_id, row.version, row.pk))


def minutes_to_answer(questions: Iterable[Question]) -> int:
    """A fair estimate for the person asked, as each kind has it, and half a minute wherever they may say why.

    Of all questions, as if each of them were put: where conditions leave some out it is less (`time_to_answer`).
    """
    seconds = sum(
        question.type.seconds + (COMMENT_SECONDS if question.type.asks_comment else 0) for question in questions
    )
    return max(1, math.ceil(seconds / 60))


def time_to_answer(questions: Iterable[Question]) -> str:
    """ "about 5 minutes"; "up to 5 minutes" where conditions may leave some questions out."""
    asked = list(questions)
    minutes = minutes_to_answer(asked)
    if any(question.show_if for question in asked):
        told = ngettext("up to %(minutes)d minute", "up to %(minutes)d minutes", minutes)
    else:
        told = ngettext("about %(minutes)d minute", "about %(minutes)d minutes", minutes)
    return told % {"minutes": minutes}


def number_sections(survey: Survey) -> None:
    """Give the sections places of their own, 1 and up, in the order they have: two on one place would mix."""
    for place, row in enumerate(survey.sections.all(), start=1):
        if row.position != place:
            row.position = place
            row.save(update_fields=["position"])


def next_version(*, survey: Survey, key: str) -> int:
    """The version that a new question with this key has: 1, unless an answered one that had it is still there."""
    last = Question.objects.filter(survey=survey, key=key).aggregate(Max("version"))["version__max"]
    return (last or 0) + 1


def _section_like(section: Section, survey: Survey) -> Section:
    return Section.objects.create(
        survey=survey, key=section.key, position=section.position, title=section.title,
        introduction=section.introduction,
    )  # fmt: skip


def _wording(question: Question) -> dict[str, object]:
    return {name: getattr(question, name) for name in _WORDING}


def _free_key(key: str, survey: Survey) -> str:
    """Not that of an earlier version either: its answers belong to another question."""
    return _free(key, set(Question.objects.filter(survey=survey).values_list("key", flat=True)), longest=60)


def _free(name: str, taken: set[str], *, longest: int) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        ending = f"-{number}"
        free = name[: longest - len(ending)] + ending
    return free
