"""A survey file put into the site. What has been answered stays as it was answered; everything done is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.toml import FaultsError
from naatbatt.zones import in_words
from surveys import conditions, questionnaires
from surveys.files import SurveyFile, question_table, round_table, section_table, survey_table
from surveys.models import Answer, Question, Round, Section, Survey
from surveys.publishing import known_series

_ROUND = ("opens_at", "closes_at", "zone", "remind_at", "most_reminders", "reminder_gap", "group_shown")
# What may change of a question that has been answered: where it stands, and when it is not asked any more.
_UNFROZEN = ("section", "stop_rule")
_WORDING = ("kind", "prompt", "guidance", "required", "settings", "options", "show_if")


@dataclass
class Imported:
    """The survey as it is now, and what was done to make it so, as sentences. None where nothing had to be done."""

    survey: Survey
    said: list[str] = field(default_factory=list)

    def say(self, sentence: str, **values: Any) -> None:
        self.said.append(sentence % values)


def put_in(*, found: SurveyFile, keep: bool = True, now: datetime | None = None) -> Imported:
    """Make the survey what the file says, all or nothing; with `keep=False` only try, and take it back.

    A question that somebody has answered is never changed or deleted: other words make a new version of it, and one
    that the file leaves out is kept. Rounds that have begun are kept as they are. Mails nobody. Repeatable. Raises
    FaultsError where a question that is kept would depend on what the file takes away.
    """
    now = now or timezone.now()
    with transaction.atomic():
        existing = Survey.objects.select_for_update(of=("self",)).select_related("series")
        survey = existing.filter(slug=found.survey.slug).first()
        done = Imported(survey or Survey(slug=found.survey.slug))
        _put_survey(done, found)
        _put_rounds(done, found.rounds, now)
        sections = _put_sections(done, found.sections)
        _put_questions(done, found.questions, sections)
        in_file = {row.key for row in found.sections}
        _drop_sections(done, [row for key, row in sections.items() if key not in in_file])
        _check_what_was_kept(done, found)
        if not keep:
            transaction.set_rollback(True)
    return done


def _put_survey(done: Imported, found: SurveyFile) -> None:
    survey = done.survey
    before = _own_fields(survey, series=survey.series.slug if survey.series else "")
    after = _own_fields(found.survey, series=found.series)
    changed = [name for name in after if after[name] != before[name]]
    if survey.pk is None:
        done.say(_("New survey “%(slug)s”."), slug=survey.slug)
    elif changed:
        done.say(_("The survey's own fields change: %(names)s."), names=", ".join(changed))
    else:
        return
    for name in set(changed) - {"series"}:
        setattr(survey, name, after[name])
    survey.series_id = known_series()[found.series] if found.series else None
    survey.save()


def _own_fields(survey: Survey, *, series: str) -> dict[str, Any]:
    return {**survey_table(survey, series=series), "definitions": survey.definitions}


def _put_rounds(done: Imported, wanted: Sequence[Round], now: datetime) -> None:
    there = {row.number: row for row in done.survey.rounds.select_for_update()}
    for row in wanted:
        current = there.pop(row.number, None)
        times = {
            "number": row.number, "opens": in_words(row.opens_at, row.zone), "closes": in_words(row.closes_at, row.zone)
        }  # fmt: skip
        if current is None:
            row.survey = done.survey
            if row.closes_at <= now:  # it was held elsewhere: here there is nothing to close and freeze
                row.closed_at = row.closes_at
            row.save()
            done.say(_("Round %(number)d is new: %(opens)s to %(closes)s."), **times)
        elif round_table(current) == round_table(row):
            continue
        elif current.is_upcoming(now):
            _overwrite(current, row, _ROUND)
            done.say(_("Round %(number)d gets other times or settings: %(opens)s to %(closes)s."), **times)
        else:
            done.say(_("Round %(number)d is kept as it is, because it has begun."), **times)
    for number in there:
        done.say(_("Round %(number)d is kept, though the file does not have it."), number=number)


def _put_sections(done: Imported, wanted: Sequence[Section]) -> dict[str, Section]:
    """The sections that there are now, by key: those of the file first, then those that only the survey has."""
    there = {row.key: row for row in done.survey.sections.select_for_update()}
    before, found = list(there), dict[str, Section]()
    for row in wanted:
        current = there.pop(row.key, None)
        if current is None:
            row.survey = done.survey
            row.save()
            done.say(_("Section “%(key)s” is new."), key=row.key)
        elif section_table(current) != section_table(row):
            _overwrite(current, row, ("title", "introduction"))
            done.say(_("Section “%(key)s” gets another title or introduction."), key=row.key)
        found[row.key] = current or row
    found |= there
    if before != [key for key in found if key in before]:
        done.say(_("The sections come in another order."))
    for place, row in enumerate(found.values(), start=1):
        if row.position != place:
            row.position = place
            row.save(update_fields=["position"])
    return found


def _drop_sections(done: Imported, left_out: Sequence[Section]) -> None:
    """Sections that the file does not have go, unless something is left in them."""
    used = set(done.survey.questions.current().values_list("section", flat=True))
    for row in left_out:
        if row.pk in used:
            done.say(_("Section “%(key)s” is kept: a question that has been answered stands in it."), key=row.key)
        else:
            row.delete()
            done.say(_("Section “%(key)s” is removed."), key=row.key)


def _check_what_was_kept(done: Imported, found: SurveyFile) -> None:
    """The file's own questions are sound together; those that are kept beside them may depend on what is gone."""
    in_file = {row.key for row in found.questions}
    for key, problems in conditions.all_problems(row.spec for row in done.survey.questions.current()).items():
        if key not in in_file:
            for problem in problems:
                said = _("“%(key)s” is kept, because it has been answered, but it could not be shown: %(problem)s")
                found.entry.fault("question", said % {"key": key, "problem": problem})
    if found.entry.source.faults:
        raise FaultsError(found.entry.source.faults)


def _put_questions(done: Imported, wanted: Sequence[Question], sections: Mapping[str, Section]) -> None:
    there = {row.key: row for row in done.survey.questions.current().select_for_update(of=("self",))}
    before = list(there)
    answered = set(
        Answer.objects.filter(question__survey=done.survey).values_list("question__key", flat=True).distinct()
    )
    for row in wanted:
        current = there.pop(row.key, None)
        row.section = sections[row.section.key] if row.section else None
        if current is None:
            row.survey = done.survey
            row.version = questionnaires.next_version(survey=done.survey, key=row.key)
            row.save()
            done.say(_("Question “%(key)s” is new."), key=row.key)
        else:
            _put_question(done, current, row)
    for key, row in there.items():
        if key in answered:
            done.say(_("Question “%(key)s” is kept, though the file does not have it: it has been answered."), key=key)
        else:
            row.delete()
            done.say(_("Question “%(key)s” is removed. Nobody had answered it."), key=key)
    kept = [key for key in there if key in answered]
    for place, key in enumerate(kept, start=len(wanted) + 1):
        done.survey.questions.filter(key=key).update(position=place)
    after = [row.key for row in done.survey.questions.current()]
    if [key for key in before if key in after] != [key for key in after if key in before]:
        done.say(_("The questions are asked in another order."))


def _put_question(done: Imported, current: Question, wanted: Question) -> None:
    changed = _changed(current, wanted)
    if not changed - {*_UNFROZEN}:
        _overwrite(current, wanted, ("position", *_UNFROZEN))
        if "section" in changed:
            done.say(_("Question “%(key)s” stands in another section."), key=current.key)
        if "stop_rule" in changed:
            done.say(_("Question “%(key)s” gets another stop rule."), key=current.key)
        return
    editable = questionnaires.reword(question=current)
    _overwrite(editable, wanted, ("position", *_UNFROZEN, *_WORDING))
    if editable.pk == current.pk:
        done.say(_("Question “%(key)s” is edited. Nobody has answered it."), key=current.key)
    else:
        done.say(
            _("Question “%(key)s” gets version %(new)d: version %(old)d has been answered and keeps its answers."),
            key=current.key, new=editable.version, old=current.version,
        )  # fmt: skip


def _changed(current: Question, wanted: Question) -> set[str]:
    before, after = question_table(current), question_table(wanted)
    return {name for name in after if before[name] != after[name]}


def _overwrite(row: models.Model, wanted: models.Model, names: Sequence[str]) -> None:
    for name in names:
        setattr(row, name, getattr(wanted, name))
    row.save(update_fields=names)
