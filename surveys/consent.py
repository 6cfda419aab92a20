"""What contributors agree to when they submit, and the evidence of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from surveys import disclosure
from surveys.models import Attribution, Consent, Contributor, Response, Survey


@dataclass(frozen=True)
class Wording:
    """The text as it stands on the page. Another text is another version."""

    text: str

    @property
    def version(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def wording(survey: Survey) -> Wording:
    """What somebody agrees to by submitting answers to this survey."""
    sentences = [
        _("My votes are counted and published as totals, never by themselves with my name."),
        _("My words are read by the editors first, and printed only under the line that I have chosen."),
        _("I can change both until the round closes, and take my words back after that by writing to the editors."),
    ]
    if survey.closed_door:
        sentences.insert(1, _("This survey is closed-door: neither my name nor my affiliation is printed."))
    return Wording(" ".join(sentences))


def levels(survey: Survey) -> list[Attribution]:
    """The levels of attribution that a contributor may choose, from most to least open."""
    return disclosure.levels(survey)


def lines(contributor: Contributor, survey: Survey) -> dict[str, str]:
    """Level -> the line that readers would see, for the levels that print one."""
    found = {
        level.value: disclosure.attribution_line(
            contributor.name, contributor.affiliation, contributor.position, contributor.sector, level
        )
        for level in levels(survey)
    }
    return {level: line for level, line in found.items() if line}


def record(
    *, response: Response, contributor: Contributor, survey: Survey, exceptions: Mapping[str, str], now: datetime
) -> Consent:
    """Keep what was agreed to by submitting, unless the last evidence says exactly that already."""
    agreed = {
        "wording": wording(survey).text,
        "wording_version": wording(survey).version,
        "attribution": response.attribution,
        "lines": lines(contributor, survey),
        "exceptions": dict(exceptions),
        "interest": response.interest,
    }
    last = response.consent
    if last is not None and all(getattr(last, name) == value for name, value in agreed.items()):
        return last
    return Consent.objects.create(response=response, response_version=response.version, given_at=now, **agreed)
