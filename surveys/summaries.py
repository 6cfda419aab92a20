"""The compiled summary: the first draft of the post about one snapshot, in Markdown, for an editor to finish.

Every number in it comes from the snapshot through `disclosure.shown`, every quotation from `disclosure.quotes`. What
people typed (prompts, labels, words, names) is written so that Markdown can only read it as plain text (`literal`).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from naatbatt.zones import in_words
from surveys import conditions, delphi, disclosure, invitations, publishing, results, snapshots, wording
from surveys.disclosure import EVERYONE, Quote
from surveys.models import Invitation, Question, Sector, Snapshot, Summary, Survey
from surveys.questions import question_type
from surveys.snapshots import Result

TITLE_LENGTH = 200

_ESCAPED = re.compile(r"[\\`*_{}\[\]#|]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
# What makes a list, a quote, a rule, a fence or an attribution only at the start of a line.
_AT_START = re.compile(r"^(\d+)(?=[.)])|^(?=[-+>=:~—–!])")
_REORDERING = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


@dataclass(frozen=True)
class Draft:
    title: str
    standfirst: str
    body: str


def compile_summary(*, snapshot: Snapshot) -> Summary:
    """Write the draft post about a snapshot, once: whoever asks again gets the summary there is, edited or not."""
    with transaction.atomic():
        locked = Snapshot.objects.select_for_update(of=("self",)).select_related("survey__series").get(pk=snapshot.pk)
        existing = Summary.objects.filter(snapshot=locked).first()
        if existing is not None:
            return existing
        text = write(locked)
        post = publishing.draft_post(
            survey=locked.survey, title=text.title, standfirst=text.standfirst, body=text.body
        )  # fmt: skip
        return Summary.objects.create(snapshot=locked, post=post)


def write(snapshot: Snapshot) -> Draft:
    """The text about a snapshot. Changes nothing."""
    data = snapshot.data()
    found = snapshots.results(snapshot)
    quotes = _by_question(disclosure.quotes(survey_round=snapshot.survey_round))
    moved = delphi.moves(snapshot)
    sections = [
        *_opening(data, found),
        *(
            block
            for result in found
            for block in _section(
                snapshot, result, quotes.get(result.spec.key, []), found, moved=moved.get(result.spec.key)
            )
        ),
        *_readers(snapshot.survey),
        *_method(snapshot, data, found, quotes),
    ]
    return Draft(title=_title(data), standfirst=_standfirst(data, found), body="\n\n".join(sections) + "\n")


def literal(text: str) -> str:
    """`text` as one paragraph of Markdown that means exactly these characters, whatever they are."""
    text = _plain(text)
    text = _ESCAPED.sub(lambda found: "\\" + found[0], text)
    text = _ENTITY.sub("&amp;", text).replace("<", "&lt;")
    return _AT_START.sub(lambda found: f"{found[1]}\\" if found[1] else _harmless(text[:1]), text, count=1)


def block_quote(quote: Quote) -> str:
    """The words as an attributed quotation: `> words`, and in a last paragraph `> — line`."""
    parts = [*(literal(part) for part in _parts(quote.words)), f"— {literal(quote.line)}"]
    return "\n>\n".join(f"> {part}" for part in parts)


def paragraphs(words: str) -> list[str]:
    """The words of a quotation as they are read in print: paragraph by paragraph, nothing that cannot be seen."""
    return [_plain(part) for part in _parts(words)]


def _parts(words: str) -> list[str]:
    return [part for part in re.split(r"\n\s*\n", words.replace("\r\n", "\n")) if part.strip()]


def _plain(text: str) -> str:
    """In one line: what is a block only across lines cannot begin."""
    text = " ".join(text.split())
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs") and c not in _REORDERING)


def _harmless(first: str) -> str:
    """What to put before a first character that would begin a block. Not all of them can be escaped by a backslash."""
    return "\\" if first in "-+>!" else "\u200b"


def _by_question(quotes: Iterable[Quote]) -> dict[str, list[Quote]]:
    """Question key -> quotes. An answer to an earlier wording is not quoted under a later one."""
    quotes = list(quotes)
    asked = Question.objects.in_bulk({quote.question_id for quote in quotes})
    found: dict[str, list[Quote]] = {}
    for quote in quotes:
        found.setdefault(asked[quote.question_id].key, []).append(quote)
    return found


# --- title, standfirst, opening


def _title(data: Mapping[str, Any]) -> str:
    answered = data["panel"][EVERYONE][Invitation.Disposition.COMPLETE]
    tail = ngettext("what %(number)d expert answered", "what %(number)d experts answered", answered) % {
        "number": answered
    }
    if data["round"]["number"] > 1:
        tail = _("%(answered)s in round %(number)d") % {"answered": tail, "number": data["round"]["number"]}
    title = data["survey"]["title"]
    return f"{title[: TITLE_LENGTH - len(tail) - 2]}: {tail}"


def _standfirst(data: Mapping[str, Any], found: list[Result]) -> str:
    told = [(result, finding) for result in found if (finding := _lead(result))]
    if not told:
        return _("What the panel of %(survey)s answered.") % {"survey": data["survey"]["title"]}
    result, finding = told[0]
    return _("“%(prompt)s” %(finding)s, among %(base)d experts from %(sectors)s.") % {
        "prompt": " ".join(result.spec.prompt.split()),
        "finding": finding,
        "base": result.shown.groups[EVERYONE].base,
        "sectors": get_text_list(_answering_sectors(data), _("and")),
    }


def _answering_sectors(data: Mapping[str, Any]) -> list[str]:
    return [
        str(sector.label)
        for sector in Sector
        if data["panel"].get(sector.value, {}).get(Invitation.Disposition.COMPLETE)
    ]


def _asked(counts: Mapping[str, int]) -> int:
    return sum(counts[standing] for standing in invitations.ASKED)


def _opening(data: Mapping[str, Any], found: list[Result]) -> list[str]:
    panel = data["panel"]
    everyone = panel[EVERYONE]
    asked, complete = _asked(everyone), everyone[Invitation.Disposition.COMPLETE]
    if not asked:
        return [_("Nobody was asked in this round.")]
    by_sector = [
        _("%(number)d from %(sector)s") % {"number": _asked(panel[sector.value]), "sector": sector.label}
        for sector in Sector
        if sector.value in panel and _asked(panel[sector.value])
    ]
    who = ngettext(
        "%(association)s put %(questions)s to one expert, from %(sectors)s.",
        "%(association)s put %(questions)s to %(asked)d experts: %(sectors)s.",
        asked,
    ) % {
        "association": literal(settings.ASSOCIATION_NAME),
        "questions": ngettext("one question", "%(number)d questions", len(found)) % {"number": len(found)},
        "asked": asked,
        "sectors": get_text_list(by_sector, _("and")),
    }
    rate = _(
        "Of them %(complete)d answered, a response rate of %(rate)d%% (AAPOR RR1: %(complete)d complete answers from "
        "%(asked)d people asked)."
    ) % {"complete": complete, "rate": results.percent(complete, asked), "asked": asked}
    return [" ".join(part for part in (who, rate, _others(everyone)) if part), _response_table(panel)]


def _others(counts: Mapping[str, int]) -> str:
    """What became of those who were asked and did not answer."""
    told = {
        Invitation.Disposition.PARTIAL: _("%(number)d began without finishing"),
        Invitation.Disposition.DECLINED: _("%(number)d declined"),
        Invitation.Disposition.UNDELIVERABLE: _("%(number)d could not be reached"),
        Invitation.Disposition.NO_REPLY: _("%(number)d did not reply"),
    }
    parts = [text % {"number": counts[standing]} for standing, text in told.items() if counts[standing]]
    return _("Of the others, %(parts)s.") % {"parts": get_text_list(parts, _("and"))} if parts else ""


def _response_table(panel: Mapping[str, Mapping[str, int]]) -> str:
    names = disclosure.group_names()
    rows = [
        f"| {names[group]} | {_asked(panel[group])} | {panel[group][Invitation.Disposition.COMPLETE]} "
        f"| {results.percent(panel[group][Invitation.Disposition.COMPLETE], _asked(panel[group]))}% |"
        for group in [*Sector.values, EVERYONE]
        if group in panel and _asked(panel[group])
    ]
    head = [_("Sector"), _("Asked"), _("Answered"), _("Response rate (RR1)")]
    return "\n".join([f"| {' | '.join(head)} |", "| --- | ---: | ---: | ---: |", *rows])


# --- one question


def _lead(result: Result) -> str:
    chart = result.chart
    return wording.lead(chart, result.spec, result.shown.groups) if chart is not None else ""


def _section(
    snapshot: Snapshot, result: Result, quotes: list[Quote], found: list[Result], *, moved: delphi.Move | None
) -> list[str]:
    blocks = [f"## {literal(result.spec.prompt)}", *_asked_only(result, found)]
    chart = result.chart
    if chart is not None:
        blocks.append(publishing.fence(snapshot, result.spec.key))
    finding = literal(_lead(result))
    told = [f"**{finding}.**"] if finding else []
    told += [literal(sentence) for sentence in [*result.reading, *(moved.sentences if moved else [])]]
    if told:
        blocks.append(" ".join(told))
    elif not quotes:
        blocks.append(result.shown.note)
    if chart is None and told and not quotes:
        blocks.append(_("None of these answers may be quoted."))
    return [*blocks, *(block_quote(quote) for quote in quotes)]


def _asked_only(result: Result, found: list[Result]) -> list[str]:
    """Whom a question was put to, where it was not put to all."""
    if not result.spec.show_if:
        return []
    told = conditions.in_words([other.spec for other in found], result.spec.show_if)
    return [literal(_("Asked only where %(conditions)s.") % {"conditions": told})]


# --- readers


def _readers(survey: Survey) -> list[str]:
    """What readers said, apart from the panel. Printed as of each reading: a view can be withdrawn at any time."""
    if not disclosure.reader_quotes(survey=survey):
        return []
    apart = _("Readers were free to offer a view as well. They are not part of the panel.")
    return [f"## {_('Readers said')}", apart, publishing.readers_fence(survey)]


# --- method


def _method(
    snapshot: Snapshot, data: Mapping[str, Any], found: list[Result], quotes: Mapping[str, list[Quote]]
) -> list[str]:
    asked_round, minimum = data["round"], data["survey"]["minimum_cell"]
    closed = datetime.fromisoformat(asked_round["closed_at"] or asked_round["closes_at"])
    points = [
        (
            _("Field period"),
            _("From %(opens)s to %(closed)s.")
            % {
                "opens": in_words(datetime.fromisoformat(asked_round["opens_at"]), asked_round["zone"]),
                "closed": in_words(closed, asked_round["zone"]),
            },
        ),
        (
            _("Panel"),
            _(
                "Experts were invited by name. They are not a random sample, so the figures describe those who "
                "answered and carry no margin of error."
            ),
        ),
        (
            _("Bases"),
            _(
                "Percentages are of those who gave an opinion on the question; each figure states their number. Those "
                "who skipped it, did not know, preferred not to say or were not asked are counted apart and carry no "
                "weight."
            ),
        ),
        (
            _("Rounding"),
            _(
                "Shares are whole percents, rounded by largest remainder so that they add up to 100. Where more than "
                "one answer was allowed each share is rounded by itself."
            ),
        ),
    ]
    if any(question_type(result.spec.kind).asks_confidence for result in found):
        points.append((
            _("Weighting"),
            _(
                "Weighted shares count each opinion by the confidence its author gave it, from 1 to 10: the sum of "
                "confidence behind an answer, over the sum behind all answers."
            ),
        ))  # fmt: skip
    points += [
        (_("Withheld"), _withheld(found, minimum)),
        (_("Quotations"), _quotation_rule(quotes, closed_door=snapshot.survey.closed_door)),
        *((_("Readers"), text) for text in _reader_rule(snapshot.survey)),
        *((_("Rounds"), text) for text in _settled(data)),
        *((_("Wording"), text) for text in _reworded(data)),
        (
            _("Source"),
            _(
                "Every figure is drawn from snapshot %(number)d of this survey (SHA-256 `%(hash)s`), made by version "
                "%(software)s of the software, and can be computed again from it."
            )
            % {"number": snapshot.number, "hash": snapshot.sha256, "software": snapshot.software},
        ),
        (_("How to cite"), _citation(snapshot, data)),
    ]
    blocks = [f"## {_('How we asked')}", "\n".join(f"- **{name}.** {text}" for name, text in points)]
    series = snapshot.survey.series
    if series is not None:
        link = f"[{literal(series.title)}]({series.get_absolute_url()})"
        blocks.append(_("This is part of the series %(series)s.") % {"series": link})
    return blocks


def _withheld(found: list[Result], minimum: int) -> str:
    rule = _(
        "Groups with fewer than %(minimum)d answers to a question are not shown, nor is any group from which such a "
        "one could be worked out by subtraction."
    ) % {"minimum": minimum}
    where: dict[str, list[str]] = {}
    for result in found:
        if EVERYONE in result.shown.withheld:
            where.setdefault(_("everything"), []).append(result.spec.prompt)
        elif result.shown.withheld:
            groups = get_text_list([str(Sector(key).label) for key in result.shown.withheld], _("and"))
            where.setdefault(groups, []).append(result.spec.prompt)
    if not where:
        return f"{rule} {_('Nothing had to be withheld here.')}"
    parts = [
        _("%(groups)s in every question") % {"groups": groups}
        if len(prompts) == len(found)
        else _("%(groups)s in %(prompts)s")
        % {"groups": groups, "prompts": get_text_list([f"“{literal(prompt)}”" for prompt in prompts], _("and"))}
        for groups, prompts in where.items()
    ]
    return f"{rule} {_('Withheld here: %(parts)s.') % {'parts': '; '.join(parts)}}"


def _quotation_rule(quotes: Mapping[str, list[Quote]], *, closed_door: bool) -> str:
    rule = _("Contributors chose how they are named; nothing is quoted from those who chose to stay in the background.")
    if closed_door:
        rule = _(
            "This survey was closed-door, under the Chatham House rule: what was said may be used, and neither names "
            "nor affiliations are printed with it. Nothing is quoted from those who chose to stay in the background."
        )
    edited = sum(quote.edited for found in quotes.values() for quote in found)
    if not edited:
        return rule
    return f"{rule} " + ngettext(
        "One quotation was edited, with its author’s consent.",
        "%(number)d quotations were edited, with their authors’ consent.",
        edited,
    ) % {"number": edited}


def _reader_rule(survey: Survey) -> list[str]:
    if not disclosure.reader_quotes(survey=survey):
        return []
    return [
        _(
            "Readers’ views came in by an open invitation. The editors chose among them and changed nothing. They are "
            "not part of any count, share or response rate."
        )
    ]


def _reworded(data: Mapping[str, Any]) -> list[str]:
    latest = {question["key"]: question for question in data["questions"]}
    return [
        _("“%(prompt)s” was worded differently at first; only answers to this wording are counted.")
        % {"prompt": literal(latest[key]["prompt"])}
        for key in latest
        if sum(question["key"] == key for question in data["questions"]) > 1
    ]


def _settled(data: Mapping[str, Any]) -> list[str]:
    """What a later round did not ask, and why."""
    return [
        _("“%(prompt)s” was settled and not asked again. %(reason)s")
        % {"prompt": literal(settled["prompt"]), "reason": literal(settled["reason"])}
        for settled in data.get("settled", ())
    ]


def _citation(snapshot: Snapshot, data: Mapping[str, Any]) -> str:
    return _("%(association)s, “%(survey)s,” round %(round)d, snapshot %(number)d (%(hash)s), %(date)s. %(site)s") % {
        "association": literal(settings.ASSOCIATION_NAME),
        "survey": literal(data["survey"]["title"]),
        "round": data["round"]["number"],
        "number": snapshot.number,
        "hash": snapshot.short_hash,
        "date": date_format(snapshot.created_at.astimezone(ZoneInfo(data["round"]["zone"])), "DATE_FORMAT"),
        "site": settings.SITE_URL,
    }
