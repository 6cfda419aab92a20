"""Choosing a panel: who could be asked, how the sectors balance, and who has been asked often already."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.utils import timezone

from surveys.models import Contributor, ContributorQuerySet, Invitation, Round, Sector

# Whoever was asked this often in so many days is asked again only if staff say so.
MOST_ASKINGS = 2
LATELY = timedelta(days=30)


@dataclass(frozen=True)
class Share:
    """One sector of a panel as it is and as it would be."""

    sector: str
    label: str
    on_panel: int
    chosen: int

    @property
    def together(self) -> int:
        return self.on_panel + self.chosen


def candidates(*, survey_round: Round, now: datetime | None = None) -> ContributorQuerySet:
    """Everybody who is not on the panel yet, with what each was asked and answered."""
    everybody: ContributorQuerySet = Contributor.objects.with_history(since=(now or timezone.now()) - LATELY)
    return everybody.on_file().exclude(invitations__survey_round=survey_round).order_by("sector", "name", "pk")


def asked_before(*, survey_round: Round, answered_only: bool = False) -> ContributorQuerySet:
    """Whom an earlier round of the survey asked, or who answered it, and who may be asked once more.

    Not those who have asked not to be asked, who said that it is not their field or that they may not speak on it.
    """
    before = Invitation.objects.filter(
        survey_round__survey=survey_round.survey_id, survey_round__number__lt=survey_round.number
    )
    refused = before.filter(
        declined_because__in=(Invitation.DeclinedBecause.NOT_MY_FIELD, Invitation.DeclinedBecause.MAY_NOT)
    )
    answered = before.filter(response__submitted_at__isnull=False)
    asked = answered if answered_only else before.filter(invited_at__isnull=False) | answered
    people: ContributorQuerySet = Contributor.objects.with_history(since=timezone.now() - LATELY)
    return people.filter(pk__in=asked.values("contributor"), is_suppressed=False).exclude(
        pk__in=refused.values("contributor")
    )


def narrowed(
    people: ContributorQuerySet, *, sector: str = "", topic: Any = None, words: str = "", country: str = "",
    not_asked_for: int | None = None, never_asked: bool = False, answered: str = "", now: datetime | None = None,
) -> ContributorQuerySet:  # fmt: skip
    """Those of the candidates who fit all that is given.

    `words` are looked for in name, affiliation and position; `not_asked_for` is a number of days; `answered` is "all"
    (every time they were asked), "half" (at least every other time) or "none" (never, though asked).
    """
    if sector:
        people = people.filter(sector=sector)
    if topic:
        people = people.filter(topics=topic)
    if country:
        people = people.filter(country=country)
    for word in words.split()[:8]:
        people = people.filter(Q(name__icontains=word) | Q(affiliation__icontains=word) | Q(position__icontains=word))
    if never_asked:
        people = people.filter(times_asked=0)  # type: ignore[misc]  # annotations
    if not_asked_for is not None:
        since = (now or timezone.now()) - timedelta(days=not_asked_for)
        people = people.filter(Q(last_asked_at__isnull=True) | Q(last_asked_at__lt=since))
    if answered == "all":
        people = people.filter(times_asked__gt=0, times_answered=F("times_asked"))  # type: ignore[misc]  # annotations
    elif answered == "half":
        people = people.filter(times_asked__gt=0, times_answered__gte=F("times_asked") / 2.0)  # type: ignore[misc]  # annotations
    elif answered == "none":
        people = people.filter(times_asked__gt=0, times_answered=0)  # type: ignore[misc]  # annotations
    return people


def balance(*, survey_round: Round, chosen: Iterable[int]) -> list[Share]:
    """How many of each sector are on the panel and how many were chosen besides. Two queries."""
    there = _by_sector(Contributor.objects.filter(invitations__survey_round=survey_round))
    besides = _by_sector(
        Contributor.objects.filter(pk__in=list(chosen)).exclude(invitations__survey_round=survey_round)
    )
    return [Share(value, str(label), there.get(value, 0), besides.get(value, 0)) for value, label in Sector.choices]


def _by_sector(people: ContributorQuerySet) -> dict[str, int]:
    return dict(people.order_by().values_list("sector").annotate(number=Count("pk")))
