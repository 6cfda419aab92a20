"""Where surveys meet the publication: results become draft posts and figures in posts. Nothing else imports posts."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from posts import figures, prose, taking_part
from posts import publishing as posts_publishing
from posts.figures import FigureError
from posts.models import Post, Series
from posts.taking_part import Way
from surveys import disclosure, snapshots
from surveys.models import Snapshot, SnapshotTampered, Survey

FIGURE = "survey-figure"
READERS = "reader-views"
_KEYS: dict[str, type] = {"survey": str, "snapshot": int, "question": str}
_OPTIONAL = {"titled"}
_TAG = re.compile(r'<[a-z](?:[^"<>]|"[^"]*")*>')
_REFERENCE = re.compile(r' (?P<name>id|aria-labelledby|aria-describedby|href)="(?P<value>(?<!href=")[^"]+|#[^"]+)"')


def register() -> None:
    """Let posts draw the fenced blocks `survey-figure` and `reader-views`, and say who takes views from readers."""
    figures.register(FIGURE, draw_figure)
    figures.register(READERS, draw_reader_views, state=disclosure.reader_quotes_state)
    taking_part.register("surveys", _ways_into)


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


def readers_fence(survey: Survey) -> str:
    """The block that prints what readers said on a survey: as of each reading, so that a view can be withdrawn."""
    return f'```{READERS}\nsurvey = "{survey.slug}"\n```'


def draw_reader_views(data: Mapping[str, Any]) -> SafeString:
    """The approved views of a survey's readers, each with the line under it. Raises FigureError."""
    if unknown := sorted(set(data) - {"survey"}):
        raise FigureError(0, _("Unknown key in a block of readers’ views: %(key)s.") % {"key": ", ".join(unknown)})
    slug = data.get("survey")
    if not isinstance(slug, str):
        raise FigureError(0, _("A block of readers’ views needs “survey”, a text in quotation marks."))
    survey = Survey.objects.filter(slug=slug).first()
    if survey is None:
        raise FigureError(0, _("There is no survey “%(survey)s”.") % {"survey": slug})
    context = {"survey": survey, "quotes": disclosure.reader_quotes(survey=survey)}
    return mark_safe(render_to_string("surveys/open_quotes.html", context))  # noqa: S308  (autoescaped)


def _ways_into(series: Series) -> list[Way]:
    return [
        Way(
            title=_("Offer your view: %(survey)s") % {"survey": survey.title},
            address=reverse("surveys:offer_view", args=[survey.slug]),
            about=_("Anyone may. The editors read it, and may print it as a reader’s view beside what the panel said."),
        )
        for survey in Survey.objects.filter(series_id=series.pk, takes_open_views=True).order_by("created_at", "pk")
    ]


def draft_post(*, survey: Survey, title: str, standfirst: str, body: str) -> Post:
    """A new draft in the survey's series, if it has one, with the next free part number."""
    with transaction.atomic():
        series, part = None, None
        if survey.series_id is not None:
            series = Series.objects.select_for_update().get(pk=survey.series_id)
            part = (series.posts.aggregate(Max("part"))["part__max"] or 0) + 1
        return posts_publishing.draft(title=title, standfirst=standfirst, body=body, series=series, part=part)


def prose_html(text: str, *, apart: str = "") -> SafeString:
    """What staff wrote in Markdown (an introduction, guidance) as safe HTML with whole addresses.

    Of several texts on one page each has a name in `apart`, so that their footnotes and figures keep their own ids.
    """
    html = prose.absolute(prose.render(text).html, settings.SITE_URL)
    return mark_safe(_TAG.sub(lambda tag: _renamed(tag[0], apart), html) if apart else html)  # noqa: S308  (washed)


def _renamed(tag: str, apart: str) -> str:
    """The tag with its ids, and what refers to ids of the same text, called after the text too."""

    def renamed(found: re.Match[str]) -> str:
        mark = "#" if found["name"] == "href" else ""
        ids = found["value"].removeprefix(mark).split()
        return f''' {found["name"]}="{mark}{" ".join(f"{name}-{apart}" for name in ids)}"'''

    return _REFERENCE.sub(renamed, tag)


def prose_problems(text: str) -> list[str]:
    """What a reader would miss in that Markdown, as messages that name the line. Empty: nothing."""
    return prose.check(text)


def known_series() -> dict[str, int]:
    """Slug -> primary key of every series."""
    return dict(Series.objects.values_list("slug", "pk"))


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
