"""The open invitation: views that readers offer unasked, from the public form to print. Never mixed with the panel's.

    unconfirmed ──its author──> pending ──staff──> approved | rejected | contributor    withdrawn: its author, any time
                                   ^                        │
                                   └────── taken back ──────┘

Staff read what has been confirmed and print it as it is or not at all; nothing is edited. Who withdraws a view takes
their words, name and address with them: the row that stays says only that there was one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import links, outbox
from naatbatt.mail.models import Stream, Suppression, normalise
from surveys import invitations
from surveys.models import Contributor, Invitation, OpenView, Round, Survey

State = OpenView.State
UNCONFIRMED_KEPT = timedelta(days=14)


class NotTaken(Exception):
    """The survey takes no views from readers, or no more."""


class NotOffered(Exception):
    """The view has not been confirmed, or its author has withdrawn it. Nothing was done."""


class Decided(Exception):
    """Staff have decided otherwise about this view; that must be taken back first. Nothing was done."""


class ReasonMissing(ValueError):
    """A rejection needs a reason."""


class NotToBeWrittenTo(Exception):
    """Mail to this address is suppressed, so its owner cannot be invited. Nothing was done."""


class AlreadyInvited(Exception):
    """The invitation has been mailed, or answered, so it cannot be taken back. Nothing was done."""


# --- the author -------------------------------------------------------------------------------------------------------


def offer(*, survey: Survey, email: str, name: str, affiliation: str, words: str, agreed_to: str = "") -> OpenView:
    """Someone offers a view under `email`: keep it, and ask that mailbox whether it is theirs.

    `agreed_to` is the wording beside the box that was ticked, as it stood there: the evidence of it. The same words
    again are the same view, agreed to as at first: they bring its mail once more, at most once an hour, whatever has
    become of it. The mail holds nothing that was typed, so it cannot be used to write to strangers. Raises NotTaken.
    """
    email, now = normalise(email), timezone.now()
    with transaction.atomic():
        survey = Survey.objects.select_for_update(of=("self",)).get(pk=survey.pk)  # one offer at a time
        if not survey.takes_open_views:
            raise NotTaken
        view = survey.open_views.filter(email=email, words=words).first()
        if view is None:
            nonce = links.new_nonce()
            view = OpenView.objects.create(
                survey=survey, email=email, name=name, affiliation=affiliation, words=words, agreed_to=agreed_to,
                created_at=now, link_nonce=nonce, link_digest=links.digest(links.token("view", nonce)),
            )  # fmt: skip
        outbox.enqueue(
            key=f"open-view-confirm:{view.pk}:{now:%Y%m%d%H}",
            stream=Stream.ACCOUNT,  # what they themselves set off just now
            name="open_view_confirm",
            to=view.email,
            reply_to=invitations.reply_address(),
            context={"survey_title": survey.title, "view_url": view.link()},
        )
        return view


def find(*, token: str) -> OpenView | None:
    """Whose personal link this is. The same work for every token, right or wrong."""
    return OpenView.objects.select_related("survey").filter(link_digest=links.digest(token)).first()


def confirm(*, view: OpenView) -> OpenView:
    """Its author pressed the button behind the link in the mail: staff may read it now. Twice is once."""
    with _locked(view) as row:
        if row.state == State.UNCONFIRMED:
            row.state = State.PENDING
            row.confirmed_at = timezone.now()
            row.save(update_fields=["state", "confirmed_at"])
    return row


def withdraw(*, view: OpenView) -> OpenView:
    """Its author wants it back, before or after it was printed: it is on no page from now on, and its text is erased.

    Who was made a contributor through it stays one. Repeating changes nothing.
    """
    with _locked(view) as row:
        if row.state != State.WITHDRAWN:
            row.state, row.decided_at, row.decision_reason = State.WITHDRAWN, timezone.now(), ""
            row.email = row.name = row.affiliation = row.words = ""
            row.contributor = None
            row.save()
    return row


def forget_unconfirmed(*, now: datetime | None = None) -> int:
    """Erase what nobody has confirmed in two weeks: the address may be somebody else's. Returns how many."""
    old = OpenView.objects.filter(state=State.UNCONFIRMED, created_at__lt=(now or timezone.now()) - UNCONFIRMED_KEPT)
    return old.delete()[0]


# --- staff ------------------------------------------------------------------------------------------------------------


def approve(*, view: OpenView) -> OpenView:
    """Let the view be printed as a reader's, beside what the panel said. Twice is once."""
    with _offered(view, State.APPROVED) as row:
        _decide(row, State.APPROVED)
    return row


def reject(*, view: OpenView, reason: str) -> OpenView:
    """Keep the view out of everything published, for a reason that staff can read later. Its author is not told."""
    reason = reason.strip()
    if not reason:
        raise ReasonMissing(_("Give a reason for rejecting this view."))
    with _offered(view, State.REJECTED) as row:
        _decide(row, State.REJECTED, reason=reason)
    return row


def make_contributor(*, view: OpenView, sector: str, survey_round: Round) -> OpenView:
    """Put the view's author on the panel of `survey_round`, as the contributor with their address or as a new one.

    Somebody on file stays as they are there. The invitation is mailed when the round solicits, as for everybody on its
    panel; what they offered as a reader is not printed. Raises NotToBeWrittenTo, RoundClosed.
    """
    with _offered(view, State.CONTRIBUTOR) as row:
        if row.state == State.CONTRIBUTOR:
            return row
        if Suppression.objects.blocking(row.email, Stream.SURVEY).exists():
            raise NotToBeWrittenTo
        found = Contributor.objects.select_for_update().filter(email__iexact=row.email).first()
        row.contributor = found or Contributor.objects.create(
            name=row.name, email=row.email, affiliation=row.affiliation, sector=sector
        )
        _decide(row, State.CONTRIBUTOR)  # before the invitation is made, by which it is known again
        invitations.invite(survey_round=survey_round, contributors=[row.contributor])
    return row


def take_back(*, view: OpenView) -> OpenView:
    """Let the view wait for a decision again. One that waits stays as it is.

    An author who was put on a panel comes off it, unless the invitation has been mailed (AlreadyInvited); they stay on
    file, and on any panel on which they had been before.
    """
    with _locked(view) as row:
        if row.state in (State.UNCONFIRMED, State.WITHDRAWN):
            raise NotOffered
        if row.state == State.CONTRIBUTOR and row.contributor is not None:
            asked = Invitation.objects.select_for_update(of=("self",)).filter(
                contributor=row.contributor, created_at__gte=row.decided_at
            )
            if any(invitation.invited_at or hasattr(invitation, "response") for invitation in asked):
                raise AlreadyInvited
            asked.delete()
        if row.state != State.PENDING:
            row.state, row.decided_at, row.decision_reason, row.contributor = State.PENDING, None, "", None
            row.save(update_fields=["state", "decided_at", "decision_reason", "contributor"])
    return row


# --- rows -------------------------------------------------------------------------------------------------------------


@contextmanager
def _locked(view: OpenView) -> Iterator[OpenView]:
    with transaction.atomic():
        found = OpenView.objects.select_for_update(of=("self",)).select_related("survey", "contributor")
        yield found.get(pk=view.pk)


@contextmanager
def _offered(view: OpenView, wanted: OpenView.State) -> Iterator[OpenView]:
    """The row, locked, if it waits for a decision or this very one was made about it."""
    with _locked(view) as row:
        if row.state in (State.UNCONFIRMED, State.WITHDRAWN):
            raise NotOffered
        if row.state not in (State.PENDING, wanted):
            raise Decided
        yield row


def _decide(row: OpenView, state: OpenView.State, *, reason: str = "") -> None:
    if row.state != state or row.decision_reason != reason:
        row.state, row.decision_reason, row.decided_at = state, reason, timezone.now()
        row.save(update_fields=["state", "decision_reason", "decided_at", "contributor"])
