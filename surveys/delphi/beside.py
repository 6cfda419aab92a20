"""What the group answered, as one contributor may see it: beside each question, or together once they have answered.

Figures come through `disclosure.shown`, words through `disclosure.reasons`. What is the same for everybody (a figure
with its base) is cached by the hash of what it is drawn from; what is one person's own (which answer was theirs, the
order of the reasons) never is.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from naatbatt.charts import drawing
from surveys import disclosure, snapshots
from surveys.delphi import interim
from surveys.delphi.earlier import earlier_answers, is_empty
from surveys.delphi.settling import frozen_before
from surveys.models import Answer, Blank, Interim, Invitation, Question, Round, Sector, Snapshot, SnapshotTampered
from surveys.results import Tally
from surveys.snapshots import Result

# So many reasons are read at a glance; the others are a press away.
AT_A_GLANCE = 3
# Goes up by one when figures look different.
DRAWN = 1
CACHE_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class Group:
    """What the group answered to one question, for a page of its own."""

    question: Question
    html: SafeString


@dataclass(frozen=True)
class _Figure:
    """One question of what was counted, as everybody may see it."""

    version: int
    html: SafeString


def beside(
    invitation: Invitation, questions: Iterable[Question], *, earlier: Mapping[int, Answer] | None = None
) -> dict[str, SafeString]:
    """Question key -> what the group answered, for the questions of which this contributor may see it now.

    earlier   what `earlier_answers` gave, where the caller has it already

    As the round says (`Round.group_shown`): the round before, from the beginning or once they have submitted; or this
    round as it stands, once they have. The same number of queries whatever the number of questions or contributors.
    """
    survey_round, questions = invitation.survey_round, list(questions)
    response = getattr(invitation, "response", None)
    submitted = response is not None and response.submitted_at is not None
    shown = survey_round.group_shown
    if shown == Round.GroupShown.NEVER or (shown != Round.GroupShown.BESIDE and not submitted):
        return {}
    if shown == Round.GroupShown.LIVE:
        return _as_it_stands(invitation, questions)
    if survey_round.number <= 1:
        return {}
    return _of_rounds_before(invitation, questions, earlier_answers(invitation) if earlier is None else earlier)


def group(invitation: Invitation) -> list[Group]:
    """The same for a page that thanks: of rounds that show it once somebody has answered. Empty for all others."""
    survey_round = invitation.survey_round
    if survey_round.group_shown not in (Round.GroupShown.AFTER, Round.GroupShown.LIVE):
        return []
    questions = list(survey_round.questions())
    found = beside(invitation, questions)
    return [Group(question, found[question.key]) for question in questions if question.key in found]


# --- the rounds before


def _of_rounds_before(
    invitation: Invitation, questions: list[Question], earlier: Mapping[int, Answer]
) -> dict[str, SafeString]:
    """Of each question the latest round that asked it in this wording."""
    frozen = frozen_before(invitation.survey_round)
    figures = _figures(frozen, questions)
    found: dict[str, tuple[Snapshot, _Figure]] = {}
    for question in questions:
        for snapshot in frozen:
            figure = figures.get((snapshot.sha256, question.key))
            if figure is not None and figure.version == question.version:
                found[question.key] = snapshot, figure
                break
    asked_in = {snapshot.survey_round_id: snapshot.survey_round for snapshot, _figure in found.values()}
    for each in asked_in.values():
        each.survey = invitation.survey_round.survey
    reasons = disclosure.reasons(survey_rounds=[*asked_in.values()], reader=invitation.contributor)
    return {
        question.key: _html(
            _("What the group answered in round %(number)d") % {"number": snapshot.survey_round.number},
            question,
            figure,
            own=_own(question, _given_in(snapshot.survey_round, earlier.get(question.pk))),
            reasons=reasons.get((snapshot.survey_round_id, question.pk), []),
        )
        for question in questions
        if question.key in found
        for snapshot, figure in [found[question.key]]
    }


def _given_in(survey_round: Round, answer: Answer | None) -> Answer | None:
    """The answer, if it was given in that round: "You answered" stands beside that round's figure."""
    return answer if answer and answer.response.invitation.survey_round_id == survey_round.pk else None


def _figures(frozen: list[Snapshot], questions: list[Question]) -> dict[tuple[str, str], _Figure]:
    """(hash of the snapshot, question key) -> its figure. Snapshots are read only for what is not cached."""
    wanted = {
        _key(snapshot.sha256, question.key): (snapshot.sha256, question.key)
        for snapshot in frozen
        for question in questions
    }
    cached: dict[str, _Figure | None] = cache.get_many([*wanted])
    missing = {sha256 for key, (sha256, _question) in wanted.items() if key not in cached}
    for snapshot in Snapshot.objects.filter(pk__in=[each.pk for each in frozen if each.sha256 in missing]):
        try:
            results = {result.spec.key: result for result in snapshots.results(snapshot)}
        except SnapshotTampered:
            continue  # nothing is shown of it
        fresh = {
            _key(snapshot.sha256, question.key): _drawn(results[question.key]) if question.key in results else None
            for question in questions
        }
        cache.set_many(fresh, CACHE_SECONDS)
        cached |= fresh
    return {wanted[key]: figure for key, figure in cached.items() if figure is not None}


# --- this round


def _as_it_stands(invitation: Invitation, questions: list[Question]) -> dict[str, SafeString]:
    survey_round = invitation.survey_round
    minimum = survey_round.survey.minimum_cell
    counted = interim.interim_of(survey_round) or Interim(survey_round=survey_round)
    wanted = {question.key: _key(counted.sha256, f"{question.pk}:{minimum}") for question in questions}
    cached: dict[str, _Figure] = cache.get_many([*wanted.values()])
    missing = [question for question in questions if wanted[question.key] not in cached]
    if missing:
        found = interim.results(counted, missing, minimum=minimum)
        not_yet = _("Not enough have answered yet for figures to be shown.")
        fresh = {wanted[key]: _drawn(result, nothing=not_yet) for key, result in found.items()}
        cache.set_many(fresh, CACHE_SECONDS)
        cached |= fresh
    own = {answer.question_id: answer for answer in invitation.response.answers.all()}
    title = _("What the group has answered so far")
    return {
        question.key: _html(title, question, cached[wanted[question.key]], own=_own(question, own.get(question.pk)))
        for question in questions
    }


# --- drawing


def _key(sha256: str, question: str) -> str:
    content = repr((DRAWN, settings.VERSION, get_language(), sha256, question))
    return f"group:{hashlib.sha256(content.encode()).hexdigest()}"


def _drawn(result: Result, *, nothing: str = "") -> _Figure:
    """`nothing`: what to say instead of the usual note where nothing may be shown."""
    chart, everyone = result.chart, result.shown.groups.get(disclosure.EVERYONE)
    context = {
        "figure": drawing.figure(chart, key=f"group-{result.spec.key}") if chart is not None else "",
        "reading": result.reading if chart is None else [],
        "base": _base(everyone) if everyone is not None else "",
        "note": _withheld(result.shown) if everyone is not None else nothing or result.shown.note,
    }
    return _Figure(result.spec.version, SafeString(render_to_string("surveys/_group_figure.html", context)))


def _base(everyone: Tally) -> str:
    """How many opinions the figure rests on, and the blanks apart."""
    said = ngettext("Base: %(base)d answer.", "Base: %(base)d answers.", everyone.base) % {"base": everyone.base}
    blanks = [f"{number} {Blank(blank).label}" for blank, number in everyone.blanks.items() if number]
    return f"{said} {_('Not counted: %(blanks)s.') % {'blanks': ', '.join(blanks)}}" if blanks else said


def _withheld(shown: disclosure.Shown) -> str:
    """In fewer words than a published figure has, since it stands beside question after question."""
    groups = get_text_list([str(Sector(key).label) for key in shown.withheld], _("and"))
    return (
        _("Not shown apart, so that nobody’s answer can be worked out: %(groups)s.") % {"groups": groups}
        if groups
        else ""
    )


def _own(question: Question, answer: Answer | None) -> str:
    """What this contributor answered, in words. Empty where they did not."""
    if answer is None or is_empty(answer):
        return ""
    if answer.value is None:
        return str(answer.get_blank_display())
    return question.type.readable(question.spec, answer.value)


def _html(title: str, question: Question, figure: _Figure, *, own: str = "", reasons: Iterable[str] = ()) -> SafeString:
    reasons = list(reasons)
    context = {
        "title": title,
        "name": f"group-{question.key}",
        "figure": figure.html,
        "own": own,
        "reasons": reasons[:AT_A_GLANCE],
        "further_reasons": reasons[AT_A_GLANCE:],
    }
    return SafeString(render_to_string("surveys/_group_beside.html", context))
