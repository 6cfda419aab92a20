"""The beginning of a post, for a mail: plain elements with absolute links, and the same as text."""

from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from posts import prose

BLOCKS = {"p", "ul", "ol", "blockquote"}
INLINE = {"em", "strong", "b", "i", "code", "a", "li", "q", "cite"}
# Figures, tables and notes are for the page; marks of notes would lead nowhere.
LEFT_OUT = {"figure", "table", "section", "sup", "pre", "div", "dl"}
ENDS = {"h2", "h3"}


@dataclass(frozen=True)
class Lead:
    html: SafeString
    text: str


def lead(body: str, *, base: str, blocks: int = 3) -> Lead:
    """The first `blocks` paragraphs, lists or quotes of `body`, up to the first heading after one of them."""
    reader = _Reader(blocks)
    reader.feed(prose.absolute(prose.render(body).html, base))
    reader.close()
    # Safe: prose washed it, and the reader writes nothing but bare tags, escaped text and the washed addresses.
    return Lead(html=mark_safe("\n".join(reader.html)), text="\n\n".join(reader.text))  # noqa: S308


class _Reader(HTMLParser):
    def __init__(self, blocks: int) -> None:
        super().__init__(convert_charrefs=True)
        self.wanted = blocks
        self.html: list[str] = []
        self.text: list[str] = []
        self._depth = 0  # inside how many blocks
        self._skipped = 0  # inside how many elements that are left out
        self._address = ""
        self._markup: list[str] = []
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        if self._skipped or tag in LEFT_OUT:
            self._skipped += tag in LEFT_OUT
        elif tag in ENDS and self.html and not self._depth:
            self.wanted = 0
        elif tag in BLOCKS:
            self._depth += 1
            self._markup.append(f"<{tag}>")
        elif tag in INLINE and self._depth:
            self._address = dict(attrs).get("href") or "" if tag == "a" else self._address
            self._markup.append(f'<a href="{escape(self._address)}">' if tag == "a" else f"<{tag}>")
            if tag == "li":
                self._words.append("\n- ")
        elif tag == "br" and self._depth:
            self._markup.append("<br>")
            self._words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= tag in LEFT_OUT
        elif tag in BLOCKS and self._depth:
            self._depth -= 1
            self._markup.append(f"</{tag}>")
            self._words.append("\n")
            if not self._depth:
                self._finish()
        elif tag in INLINE and self._depth:
            self._markup.append(f"</{tag}>")
            if tag == "a" and self._address:
                self._words.append(f" ({self._address})")
                self._address = ""

    def handle_data(self, data: str) -> None:
        if self._depth and not self._skipped:
            self._markup.append(escape(data))
            self._words.append(data.replace("\n", " "))

    def _finish(self) -> None:
        words = "".join(self._words)
        words = "\n".join(" ".join(line.split()) for line in words.split("\n") if line.strip())
        if words and len(self.html) < self.wanted:
            self.html.append("".join(self._markup))
            self.text.append(words)
        self._markup, self._words = [], []
