"""What contributors agree to when they submit, and the evidence of it.

The wording is made for the survey that asks: it says how small a group may be, and what a closed door closes. It
promises what this software does and what the editors have undertaken, and nothing else: who changes one changes the
other. Another text is another version, and what was agreed to is kept as it was read, so that nobody is held to a text
that came later.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from surveys import disclosure
from surveys.models import Consent, Contributor, Response, Survey


@dataclass(frozen=True)
class Wording:
    """The text as it stands on the page, a sentence or two for each point. Another text is another version."""

    points: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.points)

    @property
    def version(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def wording(survey: Survey) -> Wording:
    """What somebody agrees to by submitting answers to this survey."""
    closed = _(
        "This survey is closed-door, under the Chatham House rule: what is said in it may be used, but neither my name "
        "nor my affiliation is printed with it."
    )
    points = [
        _(
            "My answers are counted together with the others’ and published as totals, by sector only where at least "
            "%(minimum)d people of a sector answered. No vote or estimate is published as mine."
        ),
        *([closed] if survey.closed_door else []),
        _(
            "What I write in my own words is read by the editors. They may print it, under the line shown to me here "
            "and under no other that says more about me, or leave it out. Before they print it in an edited wording, "
            "they ask me."
        ),
        _(
            "A line that gives only my sector leaves out the sector as well where fewer than %(minimum)d people of it "
            "answered."
        ),
        _(
            "If the survey goes on in another round, the panel may see there the totals and the approved words, "
            "without anybody’s name. Words that I have asked not to be quoted are not among them."
        ),
        _("The editors can see who answered what. They use it for this publication only and pass it on to nobody."),
        _(
            "Until the round closes I can change my answers and how I am quoted. After that I can write to the editors "
            "to take my words back: they come off this site, though not out of mail that has been sent."
        ),
        _(
            "This text, the time, and the lines as I saw them are kept with my answers, so that it can be shown what I "
            "agreed to."
        ),
    ]
    return Wording(tuple(point % {"minimum": survey.minimum_cell} for point in points))


def lines(contributor: Contributor, survey: Survey, interest: str = "") -> dict[str, str]:
    """Level -> the line that readers would see, for the levels that print one."""
    return disclosure.lines(contributor, survey, interest)


def agreed(
    *, response: Response, contributor: Contributor, survey: Survey, exceptions: Mapping[str, str]
) -> dict[str, Any]:
    """What submitting this response now would be evidence of. `exceptions`: question key -> level chosen for it."""
    text = wording(survey)
    return {
        "wording": text.text,
        "wording_version": text.version,
        "attribution": disclosure.capped(response.attribution, survey),
        "lines": lines(contributor, survey, response.interest),
        "exceptions": {key: disclosure.capped(level, survey) for key, level in exceptions.items()},
        "interest": response.interest,
    }


def says(evidence: Consent | None, terms: Mapping[str, Any]) -> bool:
    """Whether that evidence is of exactly these terms."""
    return evidence is not None and all(getattr(evidence, name) == value for name, value in terms.items())


def record(*, response: Response, terms: Mapping[str, Any], now: datetime) -> Consent:
    """Keep what was agreed to by submitting, unless the last evidence says exactly that already."""
    if response.consent is not None and says(response.consent, terms):
        return response.consent
    return Consent.objects.create(response=response, response_version=response.version, given_at=now, **terms)
