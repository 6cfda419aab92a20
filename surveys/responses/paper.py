"""A copy of somebody's answers as a PDF, for their own files: what was asked, what they said, how they are quoted.

The same answers make the same bytes. The document is tagged, so that a screen reader reads it in order. Its font has
the Latin, Greek and Cyrillic letters; what it lacks is not dropped without a word: a symbol is printed by its name,
words in another script by the name of that, and the end of the document says so.
"""

import logging
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from font_source_sans_pro import font_files_ttf  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.enums import MethodReturnValue, WrapMode
from fpdf.fonts import TTFFont
from fpdf.prefs import ViewerPreferences

from naatbatt.zones import in_words
from surveys.models import Response
from surveys.responses.copies import Line, copy_of, quoted_as

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells at length of every letter that it embeds

FAMILY = "sourcesans"
INK, QUIET, RULE = (24, 32, 40), (84, 96, 108), (200, 206, 212)
MARGIN, WIDTH, INDENT = 22.0, 210 - 2 * 22.0, 6.0  # millimetres, on A4
PAGES = "{pages}"  # until their number is known
# What says how its neighbors are drawn, and is nothing by itself.
SILENT = ("Cc", "Cf", "Cs", "Mn", "Me", "Sk")
# What stands for what the font lacks, between two characters that no text has; the same several times is said once.
ONE_SCRIPT = re.compile(r"(\x02[^\x03]+\x03)(?:[ .,]*\1)+")
BRACKETS = {2: "[", 3: "]"}


def answers_pdf(response: Response) -> bytes:
    """Everything that `copy_of` says, with what was agreed to. The invitation must be at hand."""
    invitation = response.invitation
    survey_round, contributor = invitation.survey_round, invitation.contributor
    sheet = Sheet(
        title=_("Answers of %(name)s: %(survey)s") % {"name": contributor.name, "survey": survey_round.survey.title},
        foot=survey_round.survey.title,
        made_at=response.updated_at,
    )
    sheet.paragraph(settings.ASSOCIATION_NAME, size=10, color=QUIET)
    sheet.paragraph(survey_round.survey.title, tag="H1", size=20, bold=True, after=1)
    sheet.paragraph(_("Answers of %(name)s") % {"name": contributor.name}, size=13, after=1)
    sheet.paragraph(_state(response, survey_round.zone), color=QUIET, after=5)
    for number, line in enumerate(copy_of(response), start=1):
        _answer(sheet, number, line)
    sheet.paragraph(_("How you may be quoted"), tag="H2", size=13, bold=True, before=4, after=1)
    sheet.paragraph(quoted := _quoted(response))
    if response.interest and response.interest not in quoted:
        sheet.paragraph(_("Your disclosure of interest: %(interest)s") % {"interest": response.interest}, before=1)
    if response.consent is not None:
        sheet.paragraph(_("What you agreed to"), tag="H2", size=13, bold=True, before=4, after=1)
        for point in response.consent.wording.splitlines():
            sheet.paragraph(point, after=1.5)
        agreed = _("Agreed to on %(time)s. Version of this text: %(version)s.") % {
            "time": in_words(response.consent.given_at, survey_round.zone),
            "version": response.consent.wording_version,
        }
        sheet.paragraph(agreed, size=9, color=QUIET)
    return sheet.finish()


def _answer(sheet: "Sheet", number: int, line: Line) -> None:
    sheet.paragraph(f"{number}. {line.prompt}", tag="H2", size=11, bold=True, before=3, after=1)
    sheet.paragraph(line.said, color=QUIET if line.blank else INK, indent=INDENT)
    if line.confidence:
        said = _("Confidence: %(confidence)d of 10") % {"confidence": line.confidence}
        sheet.paragraph(said, size=9, color=QUIET, indent=INDENT)
    if line.comment:
        sheet.paragraph(line.comment, indent=INDENT, before=1, rule=True)
    if line.agreed_edit:
        sheet.paragraph(_("You agreed to be quoted in these words:"), size=9, color=QUIET, indent=INDENT, before=1)
        sheet.paragraph(line.agreed_edit, indent=INDENT, rule=True)
    if line.own_line:
        said = _("These words alone: %(line)s") % {"line": line.own_line}
        sheet.paragraph(said, size=9, color=QUIET, indent=INDENT, before=1)


def _state(response: Response, zone: str) -> str:
    if response.submitted_at is None:
        said = _("A draft, saved on %(time)s. It was not submitted, so it is not counted.")
        return said % {"time": in_words(response.updated_at, zone)}
    said = _("Submitted on %(time)s.") % {"time": in_words(response.submitted_at, zone)}
    if response.updated_at > response.submitted_at:
        said += " " + _("Last changed on %(time)s.") % {"time": in_words(response.updated_at, zone)}
    return said


def _quoted(response: Response) -> str:
    if not response.attribution:
        return _("You have not chosen yet.")
    line = quoted_as(response)
    if not line:
        return _("You will not be quoted. Your votes are counted in the totals.")
    return _("Readers would see under your words: %(line)s") % {"line": line}


class Sheet(FPDF):
    """Paragraphs, one below the other, each of them tagged; a page ends between two lines."""

    def __init__(self, *, title: str, foot: str, made_at: Any) -> None:
        super().__init__(format="A4")
        self.foot = foot
        self.is_incomplete = False
        self.set_title(title)
        self.set_author(settings.ASSOCIATION_NAME)
        self.set_lang(translation.get_language() or settings.LANGUAGE_CODE)
        self.set_creator(f"naatbatt {settings.VERSION}")
        self.set_creation_date(made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_margins(MARGIN, 20, MARGIN)
        self.set_auto_page_break(False)
        self.c_margin = 0
        self.add_font(FAMILY, "", font_files_ttf["SourceSansPro"])
        self.add_font(FAMILY, "B", font_files_ttf["SourceSansProBold"])
        self.letters = cast("TTFFont", self.fonts[FAMILY]).cmap
        self.alias_nb_pages(PAGES)
        self.add_page()

    def paragraph(
        self,
        text: str,
        *,
        tag: str = "P",
        size: float = 10.5,
        bold: bool = False,
        color: tuple[int, int, int] = INK,
        indent: float = 0,
        before: float = 0,
        after: float = 0,
        rule: bool = False,
    ) -> None:
        """One paragraph. `rule`: a line beside it, as beside words that are quoted."""
        self.set_font(FAMILY, "B" if bold else "", size)
        height = size * 0.3528 * 1.36
        left = MARGIN + indent + (3 if rule else 0)
        lines = self._lines(self.printable(text), MARGIN + WIDTH - left)
        self.y += before
        while lines:
            room = int((self.h - 24 - self.y) / height)
            if room < min(len(lines), 2) + (2 if tag != "P" else 0):  # no heading at the end of a page
                self.add_page()
                self.set_font(FAMILY, "B" if bold else "", size)
                room = int((self.h - 24 - self.y) / height)
            here, lines = lines[:room], lines[room:]
            if rule:
                with self._aside():
                    self.set_draw_color(*RULE)
                    self.set_line_width(0.6)
                    self.line(MARGIN + indent + 0.3, self.y + 0.6, MARGIN + indent + 0.3, self.y + height * len(here))
            self.set_text_color(*color)
            with self._tagged(tag):
                for line in here:  # each with a space, which a screen reader needs between their words
                    self.set_x(left)
                    self.cell(MARGIN + WIDTH - left, height, f"{line} ", new_x="LMARGIN", new_y="NEXT")
        self.y += after

    def finish(self) -> bytes:
        if self.is_incomplete:
            self.paragraph(
                _(
                    "The font of this document lacks some of the characters that you typed: symbols stand here by "
                    "their names, and words in another script by its name, both in square brackets. On your personal "
                    "page they are as you typed them."
                ),
                size=9,
                color=QUIET,
                before=5,
            )
        return bytes(self.output())

    def printable(self, text: str) -> str:
        """The text as the font can show it."""
        found = "".join(
            letter if letter == "\n" or ord(letter) in self.letters else _stand_in(letter) for letter in _tidy(text)
        )
        self.is_incomplete = self.is_incomplete or "\x02" in found
        return ONE_SCRIPT.sub(r"\1", found).translate(BRACKETS)

    def _lines(self, text: str, width: float) -> list[str]:
        found = self.multi_cell(
            width, text=text, align="L", dry_run=True, output=MethodReturnValue.LINES, wrapmode=WrapMode.WORD
        )
        return [str(line) for line in found] if isinstance(found, list) else []

    def footer(self) -> None:
        self.set_font(FAMILY, "", 9)
        self.set_text_color(*QUIET)
        number = _("Page %(page)d of %(pages)s") % {"page": self.page, "pages": PAGES}
        with self._aside():
            self.set_xy(MARGIN, self.h - 15)
            self.cell(WIDTH, 5, self._lines(f"{number}  ·  {self.printable(self.foot)}", WIDTH)[0])

    @contextmanager
    def _tagged(self, tag: str) -> Iterator[None]:
        """A paragraph or a heading in the order in which the document is read."""
        mcid = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=f"/{tag}", mcid=mcid)
        self._out(f"/{tag} <</MCID {mcid}>> BDC")
        yield
        self._out("EMC")

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """What is no part of what is read: rules, and the foot of the page."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    "))


@cache
def _stand_in(letter: str) -> str:
    """A symbol by its name, such as [battery]; another letter as the name of its script, such as [Arabic]."""
    kind, name = unicodedata.category(letter), unicodedata.name(letter, _("unknown character"))
    if kind in SILENT:
        return ""
    if kind == "Zs":
        return " "
    if kind == "Nd":
        return str(unicodedata.decimal(letter))
    if kind[0] == "P":
        return "-" if kind == "Pd" else ""
    if kind[0] == "L":
        script = name.split()[0]
        return f"\x02{script if script == 'CJK' else script.capitalize()}\x03"
    return f"\x02{name.lower()}\x03"
