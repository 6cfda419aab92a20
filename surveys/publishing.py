"""Where surveys meet the publication: results become draft posts and figures in posts. Nothing else imports posts."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from posts import figures, prose
from posts import publishing as posts_publishing
from posts.figures import FigureError
from posts.models import Post, Series
from surveys import snapshots
from surveys.models import Snapshot, SnapshotTampered, Survey

FIGURE = "survey-figure"
_KEYS: dict[str, type] = {"survey": str, "snapshot": int, "question": str}
_OPTIONAL = {"titled"}


def register_figures() -> None:
    """Let posts draw the fenced block `survey-figure`."""
    figures.register(FIGURE, draw_figure)


def fence(snapshot: Snapshot, question_key: str) -> str:
    """The block that draws one question of a snapshot, as it stands in a post below the question as a heading."""
    data = f'survey = "{snapshot.survey.slug}"\nsnapshot = {snapshot.number}\nquestion = "{question_key}"'
    return f"```{FIGURE}\n{data}\ntitled = false\n```"


def draw_figure(data: Mapping[str, Any]) -> SafeString:
    """The figure of one question as a snapshot froze it. Raises FigureError saying what cannot be found."""
    snapshot, key = _wanted(data)
    try:
        result = snapshots.result(snapshot, key)
    except snapshots.UnknownQuestion:
        raise FigureError(
            0,
            _("Snapshot %(number)d of “%(survey)s” has no question “%(question)s”. It has: %(known)s.")
            % {
                "number": snapshot.number,
                "survey": snapshot.survey.slug,
                "question": key,
                "known": ", ".join(snapshots.question_keys(snapshot)),
            },
        ) from None
    except SnapshotTampered:
        raise FigureError(
            0,
            _("Snapshot %(number)d of “%(survey)s” no longer matches its hash, so nothing is drawn from it.")
            % {"number": snapshot.number, "survey": snapshot.survey.slug},
        ) from None
    if not result.shown.groups:
        return format_html('<div class="notice"><p>{} {}</p></div>', result.shown.note, snapshots.citation(snapshot))
    drawn = snapshots.drawn(snapshot, result)
    if drawn is None:
        raise FigureError(0, _("The question “%(question)s” has no figure.") % {"question": key})
    # Around the figure, not in it: the figure stays byte for byte what `snapshots recompute` draws.
    return drawn if data.get("titled", True) else format_html('<div class="titled-above">{}</div>', drawn)


def draft_post(*, survey: Survey, title: str, standfirst: str, body: str) -> Post:
    """A new draft in the survey's series, if it has one, with the next free part number."""
    with transaction.atomic():
        series, part = None, None
        if survey.series_id is not None:
            series = Series.objects.select_for_update().get(pk=survey.series_id)
            part = (series.posts.aggregate(Max("part"))["part__max"] or 0) + 1
        return posts_publishing.draft(title=title, standfirst=standfirst, body=body, series=series, part=part)


def prose_html(text: str) -> SafeString:
    """What staff wrote in Markdown (an introduction, guidance) as safe HTML with whole addresses."""
    return mark_safe(prose.absolute(prose.render(text).html, settings.SITE_URL))  # noqa: S308  (prose.py has washed it)


def _wanted(data: Mapping[str, Any]) -> tuple[Snapshot, str]:
    unknown = sorted(set(data) - set(_KEYS) - _OPTIONAL)
    if unknown:
        raise FigureError(0, _("Unknown key in a survey figure: %(key)s.") % {"key": ", ".join(unknown)})
    for key, kind in _KEYS.items():
        if not isinstance(data.get(key), kind) or isinstance(data.get(key), bool):
            wanted = _("a number") if kind is int else _("a text in quotation marks")
            raise FigureError(0, _("A survey figure needs “%(key)s”, %(wanted)s.") % {"key": key, "wanted": wanted})
    if not isinstance(data.get("titled", True), bool):
        raise FigureError(0, _("“titled” of a survey figure is true or false."))
    survey, number, question = data["survey"], data["snapshot"], data["question"]
    if not Survey.objects.filter(slug=survey).exists():
        raise FigureError(0, _("There is no survey “%(survey)s”.") % {"survey": survey})
    found = Snapshot.objects.select_related("survey").filter(survey__slug=survey, number__in=_in_range(number)).first()
    if found is None:
        raise FigureError(
            0, _("“%(survey)s” has no snapshot number %(number)d.") % {"survey": survey, "number": number}
        )
    return found, question


def _in_range(number: int) -> list[int]:
    """As a list, because a number larger than the column can hold is an error in some databases rather than no row."""
    return [number] if 0 < number < 2**31 else []
