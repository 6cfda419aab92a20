"""A mail's name becomes its subject, text and HTML.

One mail = one name = `templates/mail/<name>/` with `subject.txt`, `body.txt` (written by hand, extends
`mail/base.txt`) and `body.html` (extends `mail/base.html`, whose styles are moved into the elements, because many mail
programs keep nothing else). Nothing remote is loaded or referred to.
"""

import re
from dataclasses import dataclass
from typing import Any
from unicodedata import category
from zoneinfo import ZoneInfo

import css_inline
from django.conf import settings
from django.template import Context, engines
from django.utils import timezone, translation

from naatbatt.mail import links

SUBJECT_LENGTH = 250

# Rules that a style attribute cannot express (dark scheme, wide screens) stay behind in the head.
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
_BLANK_LINES = re.compile(r"\n{3,}")
_INDENT = re.compile(r"\n[ \t]+(?=<)")


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


def render(name: str, context: dict[str, Any]) -> Rendered:
    """Write the mail called `name`.

    Times come out in the association's zone and words in the site's language, whoever's request or worker this is. Of
    the marks that stand for personal links only those survive that came in under a key ending in `_url` and lead to
    this site: a person who types a mark into an answer gets dots in the mail, never somebody's link.
    """
    declared = {
        mark
        for key, value in context.items()
        if key.endswith("_url") and str(value).startswith(f"{settings.SITE_URL}/")
        for mark in links.marks(str(value))
    }
    with timezone.override(ZoneInfo(settings.ASSOCIATION_ZONE)), translation.override(settings.LANGUAGE_CODE):
        values = {
            **context,
            "association_name": settings.ASSOCIATION_NAME,
            "association_address": settings.ASSOCIATION_ADDRESS,
            "association_zone": settings.ASSOCIATION_ZONE,
            "site_url": settings.SITE_URL,
        }
        subject = one_line(_written(f"mail/{name}/subject.txt", values, escape=False))[:SUBJECT_LENGTH]
        values["subject"] = subject
        text = _written(f"mail/{name}/body.txt", values, escape=False)
        html = _written(f"mail/{name}/body.html", values, escape=True)
    return Rendered(
        subject=links.mask(subject),
        text=links.mask(_tidy(text), keep=declared),
        html=links.mask(_inliner.inline(_INDENT.sub("\n", html)), keep=declared),
    )


def one_line(text: str) -> str:
    """For a header: no line break, no control character, single blanks. A line break would begin a new header."""
    return " ".join("".join(" " if category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text).split())


def _written(template: str, values: dict[str, Any], *, escape: bool) -> str:
    return str(engines["django"].engine.get_template(template).render(Context(values, autoescape=escape)))  # type: ignore[attr-defined]


def _tidy(text: str) -> str:
    """Template tags leave blank lines behind. The line `-- ` keeps its blank: by it mail programs know a signature."""
    lines = (line.rstrip() for line in text.replace("\r\n", "\n").split("\n"))
    text = "\n".join("-- " if line == "--" else line for line in lines)
    return _BLANK_LINES.sub("\n\n", text).strip() + "\n"
