"""A survey file put into the site. What has been answered stays as it was answered; everything done is said."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.zones import in_words
from surveys import questionnaires
from surveys.files import SurveyFile, question_table, round_table, survey_table
from surveys.models import Answer, Question, Round, Survey
from surveys.publishing import known_series


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
    that the file leaves out is kept. Rounds that have begun are kept as they are. Mails nobody. Repeatable.
    """
    now = now or timezone.now()
    with transaction.atomic():
        existing = Survey.objects.select_for_update(of=("self",)).select_related("series")
        survey = existing.filter(slug=found.survey.slug).first()
        done = Imported(survey or Survey(slug=found.survey.slug))
        _put_survey(done, found)
        _put_rounds(done, found.rounds, now)
        _put_questions(done, found.questions)
        if not keep:
            transaction.set_rollback(True)
    return done


def _put_survey(done: Imported, found: SurveyFile) -> None:
    survey = done.survey
    before = survey_table(survey, series=survey.series.slug if survey.series else "")
    after = survey_table(found.survey, series=found.series)
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
            _overwrite(current, row, ("opens_at", "closes_at", "zone", "remind_at", "most_reminders", "reminder_gap"))
            done.say(_("Round %(number)d gets other times or reminders: %(opens)s to %(closes)s."), **times)
        else:
            done.say(_("Round %(number)d is kept as it is, because it has begun."), **times)
    for number in there:
        done.say(_("Round %(number)d is kept, though the file does not have it."), number=number)


def _put_questions(done: Imported, wanted: Sequence[Question]) -> None:
    there = {row.key: row for row in done.survey.questions.current().select_for_update(of=("self",))}
    before = list(there)
    answered = set(
        Answer.objects.filter(question__survey=done.survey).values_list("question__key", flat=True).distinct()
    )
    for row in wanted:
        current = there.pop(row.key, None)
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
    after = [*(row.key for row in wanted), *kept]
    if [key for key in before if key in after] != [key for key in after if key in before]:
        done.say(_("The questions are asked in another order."))


def _put_question(done: Imported, current: Question, wanted: Question) -> None:
    if question_table(current) == question_table(wanted):
        _overwrite(current, wanted, ("position",))
        return
    editable = questionnaires.reword(question=current)
    _overwrite(editable, wanted, ("position", "kind", "prompt", "guidance", "required", "settings", "options"))
    if editable.pk == current.pk:
        done.say(_("Question “%(key)s” is edited. Nobody has answered it."), key=current.key)
    else:
        done.say(
            _("Question “%(key)s” gets version %(new)d: version %(old)d has been answered and keeps its answers."),
            key=current.key, new=editable.version, old=current.version,
        )  # fmt: skip


def _overwrite(row: models.Model, wanted: models.Model, names: Sequence[str]) -> None:
    for name in names:
        setattr(row, name, getattr(wanted, name))
    row.save(update_fields=names)
