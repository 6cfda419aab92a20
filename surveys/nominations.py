"""People whom contributors suggest, or who were forwarded a link and would like to be asked themselves.

    waiting ──staff──> made a contributor | set aside ──taken back──> waiting

A nomination writes to nobody but the staff, once. Whoever suggests somebody does not learn whether we know them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import outbox
from naatbatt.mail.models import Stream, Suppression, normalise
from surveys import invitations
from surveys.models import Contributor, Invitation, Nomination, Round
from surveys.open_views import AlreadyInvited, Decided, NotToBeWrittenTo

__all__ = [
    "MOST",
    "AlreadyInvited",
    "Decided",
    "NotToBeWrittenTo",
    "TooMany",
    "make_contributor",
    "nominate",
    "set_aside",
    "take_back",
]

State = Nomination.State
MOST = 5  # by one personal link


class TooMany(Exception):
    """As many people have been suggested by this link as may be. Nothing was done."""


def nominate(
    *,
    invitation: Invitation,
    name: str,
    email: str,
    affiliation: str = "",
    why: str = "",
    is_own: bool = False,
    now: datetime | None = None,
) -> Nomination:
    """Keep whom somebody suggests by their personal link, and tell the staff that somebody was suggested.

    The same address is the same person: until staff have decided, what was said last stands, and nobody is told again.
    Raises TooMany.
    """
    email, now = normalise(email), now or timezone.now()
    said = {"name": name, "affiliation": affiliation, "why": why, "is_own": is_own}
    with transaction.atomic():
        row = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)  # one suggestion at a time
        found = row.nominations.filter(email=email).first()
        if found is not None:
            if found.state == State.WAITING:
                for field, value in said.items():
                    setattr(found, field, value)
                found.save(update_fields=[*said])
            return found
        if row.nominations.count() >= MOST:
            raise TooMany
        found = Nomination.objects.create(invitation=row, email=email, created_at=now, **said)
        outbox.tell_staff(
            key=f"nomination:{found.pk}",
            headline=_("Somebody would like to be asked") if is_own else _("A contributor suggests somebody to ask"),
            # No name: this mail cannot be taken back when a person asks us to forget them.
            message=_("It is about “%(survey)s”. Nobody has been written to; that is for you to decide.")
            % {"survey": Round.objects.select_related("survey").get(pk=row.survey_round_id).survey},
            page_url=settings.SITE_URL + reverse("admin:surveys_nomination_change", args=[found.pk]),
        )
        return found


def make_contributor(*, nomination: Nomination, sector: str, survey_round: Round | None = None) -> Nomination:
    """Put this person on file, as the contributor with their address or as a new one; invite them if a round is given.

    Somebody on file stays as they are there. The invitation is mailed when the round solicits, as for everybody on its
    panel. Twice is once. Raises NotToBeWrittenTo, RoundClosed, Decided.
    """
    with _undecided(nomination, State.CONTRIBUTOR) as row:
        if row.state == State.CONTRIBUTOR:
            return row
        if Suppression.objects.blocking(row.email, Stream.SURVEY).exists():
            raise NotToBeWrittenTo
        found = Contributor.objects.select_for_update().filter(email__iexact=row.email).first()
        row.contributor = found or Contributor.objects.create(
            name=row.name, email=row.email, affiliation=row.affiliation, sector=sector
        )
        _decide(row, State.CONTRIBUTOR)  # before the invitation is made, by which it is known again
        if survey_round is not None:
            invitations.invite(survey_round=survey_round, contributors=[row.contributor])
    return row


def set_aside(*, nomination: Nomination) -> Nomination:
    """Ask this person not, or not now. Nobody is told. Twice is once. Raises Decided."""
    with _undecided(nomination, State.SET_ASIDE) as row:
        if row.state != State.SET_ASIDE:
            _decide(row, State.SET_ASIDE)
    return row


def take_back(*, nomination: Nomination) -> Nomination:
    """Let the nomination wait for a decision again. One that waits stays as it is.

    Who was put on a panel comes off it, unless the invitation has been mailed (AlreadyInvited); they stay on file, and
    on any panel on which they had been before.
    """
    with _locked(nomination) as row:
        if row.state == State.CONTRIBUTOR and row.contributor is not None:
            asked = Invitation.objects.select_for_update(of=("self",)).filter(
                contributor=row.contributor, created_at__gte=row.decided_at
            )
            if any(invitation.invited_at or hasattr(invitation, "response") for invitation in asked):
                raise AlreadyInvited
            asked.delete()
        if row.state != State.WAITING:
            row.state, row.decided_at, row.contributor = State.WAITING, None, None
            row.save(update_fields=["state", "decided_at", "contributor"])
    return row


@contextmanager
def _locked(nomination: Nomination) -> Iterator[Nomination]:
    with transaction.atomic():
        found = Nomination.objects.select_for_update(of=("self",)).select_related("contributor")
        yield found.get(pk=nomination.pk)


@contextmanager
def _undecided(nomination: Nomination, wanted: Nomination.State) -> Iterator[Nomination]:
    """The row, locked, if it waits for a decision or this very one was made about it."""
    with _locked(nomination) as row:
        if row.state not in (State.WAITING, wanted):
            raise Decided
        yield row


def _decide(row: Nomination, state: Nomination.State) -> None:
    row.state, row.decided_at = state, timezone.now()
    row.save(update_fields=["state", "decided_at", "contributor"])
