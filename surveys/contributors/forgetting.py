"""Somebody asks to be erased: what is theirs goes, what was counted stays, and nobody can say any more whose it was.

Frozen results are not changed by it: they hold votes by sector, no name and no words. A row without a name stays for
those votes, and their address as one that is not to be written to, so that no file brings them back.
"""

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from naatbatt.mail import links, outbox
from naatbatt.mail.models import OutgoingMail, Stream, Suppression, normalise
from surveys import open_views
from surveys.models import (
    Answer,
    AnswerVersion,
    Attribution,
    Consent,
    Contributor,
    Invitation,
    Nomination,
    OpenView,
    PendingChange,
    Reminder,
    Response,
    RetiredLink,
    Summary,
)
from surveys.models.people import FORMER

CHUNK = 200


class Held:
    """Everything that is kept about a contributor, so that what is announced and what is done are the same."""

    def __init__(self, contributor: Contributor) -> None:
        self.contributor, self.email = contributor, normalise(contributor.email)
        self.invitations: QuerySet[Invitation] = contributor.invitations.all()
        responses = Response.objects.filter(invitation__contributor=contributor)
        self.drafts = responses.filter(submitted_at__isnull=True)
        self.submitted = responses.filter(submitted_at__isnull=False)
        self.pending = PendingChange.objects.filter(response__in=self.submitted)
        self.answers = Answer.objects.filter(response__in=self.submitted)
        self.suggested = Nomination.objects.filter(invitation__contributor=contributor)
        self.suggested_by_others = Nomination.objects.filter(
            Q(email__iexact=self.email) | Q(contributor=contributor)
        ).exclude(invitation__contributor=contributor)
        self.views = OpenView.objects.filter(Q(email__iexact=self.email) | Q(contributor=contributor)).exclude(
            state=OpenView.State.WITHDRAWN
        )
        # What has been printed stands in texts that people edit: only they can find the words in them.
        self.summaries = Summary.objects.filter(
            post__isnull=False, snapshot__survey_round__in=self.submitted.values("invitation__survey_round")
        ).select_related("post")

    @property
    def mails(self) -> QuerySet[OutgoingMail]:
        """All mail about surveys written to them, at this address or an earlier one, and to staff about them."""
        theirs = Q(pk__in=self.invitations.values("mail")) | Q(
            pk__in=Reminder.objects.filter(invitation__in=self.invitations).values("mail")
        )
        to_staff = Q(pk__in=[])
        for pk in self.invitations.values_list("pk", flat=True):
            theirs |= Q(key=f"survey-invitation:{pk}") | Q(key__startswith=f"survey-invitation:{pk}:")
        for pk in [*self.drafts.values_list("pk", flat=True), *self.submitted.values_list("pk", flat=True)]:
            theirs |= Q(key__startswith=f"survey-thanks:{pk}:")
            to_staff |= Q(key__startswith=f"staff:survey-late:{pk}:")
        mailed = OutgoingMail.objects.filter(theirs).values_list("to_address", flat=True)
        addresses = {self.email, *map(normalise, mailed)}
        others = Contributor.objects.exclude(pk=self.contributor.pk).filter(email__in=addresses)
        addresses -= {normalise(email) for email in others.values_list("email", flat=True)}
        # Offering a view wrote to their mailbox as well. The newsletter is another matter: they left or leave it there.
        to_them = Q(to_address__in=addresses) & (Q(stream=Stream.SURVEY) | Q(name="open_view_confirm"))
        return OutgoingMail.objects.filter(theirs | to_staff | to_them)


def forget(*, contributor: Contributor, by: AbstractBaseUser) -> Contributor:
    """Erase a contributor who asked for it. `by` is who did it for them. Twice is once; it cannot be undone.

    - Mail that waits is withdrawn; of mail that left, only its state stays.
    - Their personal links open nothing, as any wrong link.
    - Drafts, changes not submitted, what they suggested and what others said in suggesting them, and views they offered
      as a reader are erased.
    - Votes that were submitted stay, on background: counted, never quoted. Their words and earlier versions are erased.
    - The evidence of what they agreed to keeps wording, level and time, and loses the lines with their name.
    - Name, address, affiliation and all else about the person is blanked; the sector stays, by which votes are counted.
    - The address stays suppressed for mail about surveys.
    """
    with transaction.atomic():
        _lock_suggestions(contributor)
        row = Contributor.objects.select_for_update(of=("self",)).get(pk=contributor.pk)
        if row.is_former:
            return row
        list(row.invitations.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
        held, nobody = Held(row), f"former-{row.pk}{FORMER}"
        _suppress(row, nobody, by)
        _erase_log(held)
        _erase_mail(held, nobody)
        _erase_suggestions(held, nobody)
        _erase_answers(held)
        _erase_invitations(held)
        row.name, row.email = str(_("Former contributor")), nobody
        row.affiliation = row.position = row.country = row.note = ""
        row.topics.clear()
        row.save()
        return row


def _lock_suggestions(contributor: Contributor) -> None:
    """Before the contributor, as the stories do that make somebody a contributor."""
    email = normalise(contributor.email)
    list(OpenView.objects.select_for_update(of=("self",)).filter(email__iexact=email).order_by("pk"))
    list(Nomination.objects.select_for_update(of=("self",)).filter(email__iexact=email).order_by("pk"))


def _suppress(row: Contributor, nobody: str, by: AbstractBaseUser) -> None:
    """Their address, for good; and the one that stands in its place, which nobody reads."""
    note = _("Asked to be forgotten (done by %(by)s).") % {"by": by.get_username()}
    asked_for = {"reason": Suppression.Reason.UNSUBSCRIBED, "note": note[:250]}
    Suppression.objects.get_or_create(address=normalise(row.email), stream=Stream.SURVEY, defaults=asked_for)
    Suppression.objects.get_or_create(address=nobody, stream="", defaults={"reason": Suppression.Reason.STAFF})


def _erase_log(held: Held) -> None:
    """The admin's log says who did what to whom: it goes on saying so, without the name."""
    suggestions = [*held.suggested, *held.suggested_by_others]
    rows: dict[type[models.Model], list[int]] = {
        Contributor: [held.contributor.pk],
        Invitation: list(held.invitations.values_list("pk", flat=True)),
        Response: [*held.drafts.values_list("pk", flat=True), *held.submitted.values_list("pk", flat=True)],
        Nomination: [nomination.pk for nomination in suggestions],
    }
    for kind, pks in rows.items():
        logged = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(kind), object_id__in=pks)
        logged.update(object_repr=_("Former contributor"))


def _erase_mail(held: Held, nobody: str) -> None:
    mails = held.mails
    pks = list(mails.values_list("pk", flat=True))
    for waiting in mails.filter(state__in=OutgoingMail.WAITING):
        outbox.withdraw(mail=waiting, reason=_("Its reader asked to be forgotten."))
    gone = {"subject": _("(erased)"), "text": "", "html": "", "headers": {}, "to_name": "", "outcome": _("Erased.")}
    OutgoingMail.objects.filter(pk__in=pks).update(**gone)
    # What staff were told of stays addressed to them.
    OutgoingMail.objects.filter(pk__in=pks).exclude(name="staff_notice").update(to_address=nobody)


def _erase_suggestions(held: Held, nobody: str) -> None:
    held.suggested.delete()
    held.suggested_by_others.filter(state=Nomination.State.WAITING).update(
        state=Nomination.State.SET_ASIDE, decided_at=timezone.now()
    )
    blank = {"name": _("Former contributor"), "email": nobody, "affiliation": "", "why": ""}
    Nomination.objects.filter(pk__in=list(held.suggested_by_others.values_list("pk", flat=True))).update(**blank)
    for view in held.views:
        open_views.withdraw(view=view)


def _erase_answers(held: Held) -> None:
    held.drafts.update(consent=None)
    held.drafts.delete()
    held.pending.delete()
    AnswerVersion.objects.filter(answer__in=held.answers).exclude(version=F("answer__version")).delete()
    wordless = {"comment": "", "attribution": ""}
    unmoderated = {
        "moderation": Answer.Moderation.NOT_NEEDED, "moderated_at": None, "moderated_by": None,
        "moderation_reason": "", "edited_words": "",
    }  # fmt: skip
    changed: list[Answer] = []
    for answer in held.answers.select_related("question"):
        answer.value = answer.question.type.frozen(answer.value)
        changed.append(answer)
    Answer.objects.bulk_update(changed, ["value"], batch_size=CHUNK)
    held.answers.update(**wordless, **unmoderated)
    values = {answer.pk: answer.value for answer in changed}
    versions = list(AnswerVersion.objects.filter(answer__in=held.answers))
    for version in versions:
        version.value = values[version.answer_id]
    AnswerVersion.objects.bulk_update(versions, ["value"], batch_size=CHUNK)
    AnswerVersion.objects.filter(answer__in=held.answers).update(**wordless)
    Consent.objects.filter(response__in=held.submitted).update(lines={}, exceptions={}, interest="")
    held.submitted.update(attribution=Attribution.BACKGROUND, interest="")


def _erase_invitations(held: Held) -> None:
    """Nobody is asked again: who is on a panel comes off it or has declined, and no link leads here any more."""
    held.invitations.filter(invited_at__isnull=True, response__isnull=True).delete()
    running = held.invitations.filter(survey_round__closed_at__isnull=True, response__isnull=True)
    running.filter(declined_at__isnull=True).update(declined_at=timezone.now())
    held.invitations.update(decline_reason="", postponed_until=None)
    RetiredLink.objects.filter(invitation__in=held.invitations).delete()
    for invitation in held.invitations:
        invitation.link_nonce = links.new_nonce()  # whose token nobody has ever been sent
        invitation.link_digest = links.digest(links.token("answer", invitation.link_nonce))
        invitation.save(update_fields=["link_nonce", "link_digest"])
