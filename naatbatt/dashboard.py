"""Monday morning: what waits for whom, in a fixed number of queries however much there is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.db.models import Count, Q
from django.utils import timezone

from naatbatt.mail.models import OutgoingMail, Switch
from posts.models import Issue, Post, Subscriber
from surveys.models import Answer, Nomination, OpenView, Response, Round

LISTED = 5
SOON = timedelta(days=7)
State = OutgoingMail.State


@dataclass(frozen=True)
class OpenRound:
    row: Round
    asked: int
    complete: int

    @property
    def share(self) -> int:
        return round(100 * self.complete / self.asked) if self.asked else 0


@dataclass(frozen=True)
class Week:
    """None stands for a part that this person may not see."""

    awaiting: int | None = None
    late: int | None = None
    views: int | None = None
    nominations: int | None = None
    rounds: list[OpenRound] | None = None
    drafts: list[Post] | None = None
    more_drafts: int = 0
    scheduled: list[Post] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    mail: dict[str, int] | None = None
    held: Switch | None = None
    subscribers: dict[str, int] | None = None


def this_week(user: AbstractBaseUser | AnonymousUser, now: datetime | None = None) -> Week:
    """What this member of staff finds on the first page of the admin."""
    now = now or timezone.now()

    def may(permission: str) -> bool:
        return isinstance(user, PermissionsMixin) and user.has_perm(permission)

    parts: dict[str, Any] = {}
    to_decide = {
        "awaiting": ("surveys.view_answer", Answer.objects.awaiting_moderation()),
        "late": ("surveys.view_response", Response.objects.exclude(offered_late_at=None)),
        "views": ("surveys.view_openview", OpenView.objects.awaiting()),
        "nominations": ("surveys.view_nomination", Nomination.objects.waiting()),
    }
    for name, (permission, rows) in to_decide.items():
        if may(permission):
            parts[name] = rows.count()
    if may("surveys.view_round"):
        parts["rounds"] = _rounds(now)
    if may("posts.view_post"):
        drafts = Post.objects.drafts().order_by("-updated_at", "-pk")
        parts["drafts"] = list(drafts[:LISTED])
        parts["more_drafts"] = max(0, drafts.count() - LISTED)
        parts["scheduled"] = list(Post.objects.scheduled(now).order_by("published_at")[:LISTED])
    if may("posts.view_issue"):
        waiting = [Issue.State.DRAFT, Issue.State.SCHEDULED, Issue.State.HELD]
        parts["issues"] = list(Issue.objects.filter(state__in=waiting).order_by("send_at", "pk")[:LISTED])
    if may("mail.view_outgoingmail"):
        counted = OutgoingMail.objects.order_by().values_list("state").annotate(Count("pk"))
        parts["mail"] = {**dict.fromkeys(State.values, 0), **dict(counted)}
        parts["held"] = Switch.objects.filter(held_at__isnull=False).first()
    if may("posts.view_subscriber"):
        parts["subscribers"] = Subscriber.objects.aggregate(
            confirmed=Count("pk", filter=Q(state=Subscriber.State.CONFIRMED)),
            pending=Count("pk", filter=Q(state=Subscriber.State.PENDING)),
            new=Count("pk", filter=Q(state=Subscriber.State.CONFIRMED, confirmed_at__gt=now - SOON)),
        )
    return Week(**parts)


def _rounds(now: datetime) -> list[OpenRound]:
    """Those that are open, held, or open within a week, the next to close first."""
    asked = Q(invitations__invited_at__isnull=False)
    complete = Q(invitations__response__submitted_at__isnull=False)
    found = (
        Round.objects.filter(closed_at=None, opens_at__lte=now + SOON)
        .select_related("survey")
        .annotate(asked=Count("invitations", filter=asked | complete), complete=Count("invitations", filter=complete))
        .order_by("closes_at", "pk")
    )
    return [OpenRound(row, row.asked, row.complete) for row in found]
