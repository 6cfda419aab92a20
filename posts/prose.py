"""Markdown to HTML that is safe to print.

The text is hostile until it has been through here: Markdown, then nh3 with everything it may keep written down below.
What is drawn by our own code (figures, pictures) cannot pass that list and need not: it stands as a random mark while
the rest is washed and is put in afterwards, so no text can forge one.

Nothing of this is stored. It is rendered on read and cached by content; `PROSE_VERSION` is raised when the same text
comes to mean other HTML.
"""

import hashlib
import html as entities
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, SubElement

import nh3
from django.conf import settings
from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.footnotes import FootnoteExtension
from markdown.extensions.toc import TocExtension, slugify_unicode
from markdown.treeprocessors import Treeprocessor, UnescapeTreeprocessor

from posts import figures
from posts.figures import FigureError
from posts.models import Picture

PROSE_VERSION = 1
CACHE_SECONDS = 3600
# Every id of a text begins with this, so that none can stand in for an id (or a DOM property) of the page around it.
ID_PREFIX = "t-"

TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "pre", "section"),
    *(
        "em",
        "strong",
        "b",
        "i",
        "s",
        "del",
        "ins",
        "sup",
        "sub",
        "code",
        "kbd",
        "abbr",
        "cite",
        "q",
        "mark",
        "small",
        "a",
    ),
    *("blockquote", "figure", "figcaption"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
ATTRIBUTES = {
    "*": {"id", "class", "lang"},
    "a": {"href", "title", "aria-label"},
    "abbr": {"title"},
    "blockquote": {"cite"},
    "ol": {"start"},
    "section": {"aria-label"},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
}
CLASSES = {"quote", "footnotes", "footnote-ref", "footnote-backref", "align-left", "align-center", "align-right"}
URL_SCHEMES = {"http", "https", "mailto"}

# Everything that XML 1.0 forbids, most of it control characters. Markdown's own marks are among them.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[ ]*(?P<info>[^`~]*)$")
_PICTURE = re.compile(r"picture:([-\w]+)")
_ATTRIBUTION = re.compile(r"(?:^|\n)[ ]*(?:—|---?)[ ]+(?P<who>[^\n]+)\s*$")
_LINK = re.compile(r'(<(?:a|img)\b[^<>]*?\s(?:href|src)=")([^"]*)(?=")')


@dataclass(frozen=True)
class Heading:
    level: int
    anchor: str
    title: str


@dataclass(frozen=True)
class Prose:
    """`contents` lists the headings of the second and third level; `words` counts the text without its figures."""

    html: SafeString
    contents: tuple[Heading, ...]
    words: int


@dataclass
class _Work:
    """One conversion: what stands behind each mark, and what went wrong."""

    text: str
    pictures: Mapping[str, Picture]
    secret: str = field(default_factory=lambda: f"m{secrets.token_hex(16)}m")
    drawn: list[SafeString | FigureError] = field(default_factory=list)
    errors: list[FigureError] = field(default_factory=list)

    def mark(self, thing: SafeString | FigureError) -> str:
        if isinstance(thing, FigureError):
            self.errors.append(thing)
        self.drawn.append(thing)
        return f"{self.secret}{len(self.drawn) - 1}m"

    def line_of(self, needle: str) -> int:
        """Where `needle` first stands in the text; 1 when it cannot be found as it is."""
        before, found, _after = self.text.partition(needle)
        return before.count("\n") + 1 if found else 1


def clean_text(text: str) -> str:
    """`text` without the characters that no XML document may hold."""
    return _FORBIDDEN.sub("", text)


def render(text: str, *, draft: bool = False) -> Prose:
    """`text` as HTML. What is wrong with a figure is explained in its place in a draft, and only noted otherwise."""
    text = clean_text(text.replace("\r\n", "\n"))
    pictures = _pictures(text)
    shown = [(slug, found.file.name, found.alt, found.credit) for slug, found in sorted(pictures.items())]
    states = figures.states(text)
    content = repr((PROSE_VERSION, settings.VERSION, get_language(), draft, shown, states, text))
    key = f"prose:{hashlib.sha256(content.encode()).hexdigest()}"
    prose: Prose | None = cache.get(key)
    if prose is None:
        work = _Work(text, pictures)
        prose = _convert(work, draft=draft)
        if not work.errors:  # what is missing may be there in a minute
            cache.set(key, prose, CACHE_SECONDS)
    return prose


def check(text: str) -> list[str]:
    """What a reader would miss in `text`, as messages that name the line. Empty: nothing."""
    text = clean_text(text.replace("\r\n", "\n"))
    work = _Work(text, _pictures(text))
    _convert(work, draft=True)
    return [str(error) for error in sorted(work.errors, key=lambda error: error.line)]


def absolute(html: str, base: str) -> str:
    """`html` from here with every link and picture address made absolute, for readers outside the site."""
    return _LINK.sub(lambda found: found[1] + entities.escape(urljoin(base, entities.unescape(found[2]))), html)


def _pictures(text: str) -> dict[str, Picture]:
    slugs = set(_PICTURE.findall(text))
    return {picture.slug: picture for picture in Picture.objects.filter(slug__in=slugs)} if slugs else {}


def _convert(work: _Work, *, draft: bool) -> Prose:
    extensions: list[Extension | str] = [
        "tables",
        "fenced_code",
        "sane_lists",
        "smarty",
        FootnoteExtension(BACKLINK_TEXT="↩\ufe0e", BACKLINK_TITLE=_("Back to note {} in the text")),
        TocExtension(toc_depth="2-3", slugify=slugify_unicode),
        _House(work),
    ]
    markdown = Markdown(extensions=extensions)
    unsafe = markdown.convert(_mark_figures(work))
    safe = nh3.clean(
        unsafe,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes=URL_SCHEMES,
        link_rel="noopener",
    )
    # A wide table scrolls in its own box instead of the page; the box can be reached by keyboard for that.
    label = entities.escape(_("Table"))
    safe = safe.replace("<table>", f'<div class="table-scroll" role="region" tabindex="0" aria-label="{label}"><table>')
    safe = safe.replace("</table>", "</table></div>")
    tokens: list[dict[str, Any]] = getattr(markdown, "toc_tokens", [])
    words = len(entities.unescape(re.sub(rf"{work.secret}\d+m", "", strip_tags(safe))).split())
    return Prose(html=_put_in(safe, work, draft=draft), contents=tuple(_headings(tokens)), words=words)


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "table":
        return None  # its tag is looked for below, and must be found as it is
    if name == "id":
        return ID_PREFIX + "-".join(value.split())
    if name == "href" and value.strip().startswith("#"):
        return f"#{ID_PREFIX}{value.strip()[1:]}"
    if name == "class":
        return " ".join(word for word in value.split() if word in CLASSES) or None
    return value


def _headings(tokens: list[dict[str, Any]]) -> Iterator[Heading]:
    for token in tokens:
        yield Heading(token["level"], ID_PREFIX + token["id"], entities.unescape(strip_tags(token["name"])))
        yield from _headings(token["children"])


def _mark_figures(work: _Work) -> str:
    """The text with a mark, as a paragraph of its own, for every fenced block whose name is registered."""
    kept: list[str] = []
    lines = iter(enumerate(work.text.split("\n"), start=1))
    for number, line in lines:
        opened = _FENCE.match(line)
        if not opened:
            kept.append(line)
            continue
        name, inside, closing = opened["info"].strip(), [], ""
        for _number, following in lines:
            if following.rstrip() == opened["fence"]:
                closing = following
                break
            inside.append(following)
        if not figures.is_registered(name):
            kept += [line, *inside, closing]
            continue
        if closing:
            thing = _drawn(name, "\n".join(inside), number)
        else:
            thing = FigureError(
                number, _("The block “%(name)s” has no closing %(fence)s.") % {"name": name, "fence": opened["fence"]}
            )
        kept += ["", work.mark(thing), ""]
    return "\n".join(kept)


def _drawn(name: str, toml: str, line: int) -> SafeString | FigureError:
    try:
        return figures.draw_toml(name, toml, line=line + 1)
    except FigureError as error:
        return error


def _put_in(html: str, work: _Work, *, draft: bool) -> SafeString:
    def paragraph(found: re.Match[str]) -> str:
        thing = work.drawn[int(found[1])]
        if not isinstance(thing, FigureError):
            return thing
        message = str(thing) if draft else _("This figure cannot be shown at the moment.")
        return format_html('<div class="notice warning"><p>{}</p></div>', message)

    def elsewhere(found: re.Match[str]) -> str:
        work.errors.append(FigureError(1, _("A figure or picture stands inside HTML, where it cannot be shown.")))
        return ""

    html = re.sub(rf"<p>\s*{work.secret}(\d+)m\s*</p>", paragraph, html)
    # Safe: washed by nh3, and what was put in is our own and escaped where it was made.
    return mark_safe(re.sub(rf"{work.secret}(\d+)m", elsewhere, html))  # noqa: S308


class _House(Extension):
    """What Markdown leaves out: attributed quotes, pictures from the library, one h1 a page (the title)."""

    def __init__(self, work: _Work) -> None:
        super().__init__()
        self.work = work

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        md.treeprocessors.register(_Quotes(md), "attributed quotes", 45)  # before inline text is read (20)
        md.treeprocessors.register(_Furniture(md, self.work), "furniture", 14)  # after it, before the contents (5)


class _Quotes(Treeprocessor):
    """A quote whose last line begins with a dash names who said it.

    Markdown reads quotes that follow each other as one; each such line ends one, so that nobody's words come to stand
    under another's name.
    """

    def run(self, root: Element) -> None:
        for parent in reversed(list(root.iter())):  # a quote within a quote before the one around it
            for quote in [child for child in parent if child.tag == "blockquote"]:
                position = list(parent).index(quote)
                parent.remove(quote)
                for offset, part in enumerate(self._parts(quote)):
                    parent.insert(position + offset, part)

    @staticmethod
    def _parts(quote: Element) -> Iterator[Element]:
        """One figure for each attribution, then what has none, as a plain quote."""
        words = Element("blockquote")
        for child in quote:
            words.append(child)
            found = _ATTRIBUTION.search(child.text or "") if child.tag == "p" and not len(child) else None
            if not found:
                continue
            child.text = (child.text or "")[: found.start()]
            if not child.text.strip():
                words.remove(child)
            figure = Element("figure", {"class": "quote"})
            figure.append(words)
            SubElement(figure, "figcaption").text = f"— {found['who'].strip()}"
            yield figure
            words = Element("blockquote")
        if len(words):
            yield words


class _Furniture(Treeprocessor):
    def __init__(self, md: Markdown, work: _Work) -> None:
        super().__init__(md)
        self.work = work
        self.unescape = UnescapeTreeprocessor(md).unescape

    def run(self, root: Element) -> None:
        for paragraph in list(root.iter("p")):
            if len(paragraph) == 1 and paragraph[0].tag == "img" and not self._words_beside(paragraph):
                self._picture(paragraph)
        for element in root.iter():
            if element.tag == "h1":
                element.tag = "h2"
            elif element.tag in ("th", "td"):
                self._alignment(element)
                if element.tag == "th" and not len(element) and not (element.text or "").strip():
                    element.tag = "td"  # a corner without words heads nothing
            elif element.tag == "a" and element.get("class") == "footnote-backref":
                element.set("aria-label", element.attrib.pop("title"))
            elif element.tag == "div" and element.get("class") == "footnote":
                self._notes(element)
            elif element.tag == "img":
                self.work.errors.append(self._no_picture(element))

    @staticmethod
    def _words_beside(paragraph: Element) -> bool:
        return bool((paragraph.text or "").strip() or (paragraph[0].tail or "").strip())

    @staticmethod
    def _alignment(cell: Element) -> None:
        """`style` is not for texts (the page's policy forbids it): the same as a class."""
        style = cell.attrib.pop("style", "")
        if style.startswith("text-align: "):
            cell.set("class", f"align-{style.removeprefix('text-align: ').rstrip(';')}")

    @staticmethod
    def _notes(element: Element) -> None:
        element.tag = "section"
        element.set("class", "footnotes")
        element.set("aria-label", _("Notes"))
        for rule in element.findall("hr"):
            element.remove(rule)

    def _picture(self, paragraph: Element) -> None:
        image = paragraph[0]
        slug = image.get("src", "").removeprefix("picture:")
        picture = self.work.pictures.get(slug)
        if slug == image.get("src"):
            return  # not from the library: reported with the others
        paragraph.remove(image)
        if picture is None:
            message = _("There is no picture called “%(slug)s”.") % {"slug": slug}
            paragraph.text = self.work.mark(FigureError(self.work.line_of(f"picture:{slug}"), message))
            return
        words = {name: entities.unescape(self.unescape(image.get(name, ""))) for name in ("alt", "title")}
        context = {"picture": picture, "alt": words["alt"] or picture.alt, "caption": words["title"]}
        paragraph.text = self.work.mark(render_to_string("posts/_picture.html", context))

    def _no_picture(self, image: Element) -> FigureError:
        source = image.get("src", "")
        if source.startswith("picture:"):
            return FigureError(self.work.line_of(source), _("A picture stands in a paragraph of its own."))
        return FigureError(
            self.work.line_of(source),
            _("The picture “%(source)s” is not shown: upload it and write picture:slug.") % {"source": source},
        )
