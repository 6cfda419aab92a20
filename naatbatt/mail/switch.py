"""Whether mail may leave: a person's switch, and the site's own look at the clock.

`beat_at` is when mail was last able to leave: a worker was awake and the server, if it was needed, answered. A site
that finds a longer gap than `MAIL_GRACE` behind it and mail from before it would send what nobody expects any more, or
send again what left after the back-up was taken that its database came from. It holds instead.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from naatbatt.mail.models import OutgoingMail, Switch

_BEAT_EVERY = timedelta(seconds=20)


def hold(*, reason: str) -> Switch:
    """Let no mail leave but account mail written from now on. Holding again changes nothing."""
    now = timezone.now()
    with transaction.atomic():
        Switch.objects.get_or_create(pk=1, defaults={"beat_at": now})
        Switch.objects.filter(pk=1, held_at=None).update(held_at=now, reason=reason[:250])
        return Switch.objects.get(pk=1)


def arm() -> Switch:
    """Let mail leave again, all that waits included: this is a person's decision."""
    with transaction.atomic():
        return Switch.objects.update_or_create(
            pk=1, defaults={"held_at": None, "reason": "", "beat_at": timezone.now()}
        )[0]


def is_held() -> bool:
    return Switch.objects.filter(held_at__isnull=False).exists()


def beat() -> None:
    """Note that mail can leave; seldom, as it is said often."""
    now = timezone.now()
    Switch.objects.filter(pk=1).filter(Q(beat_at=None) | Q(beat_at__lt=now - _BEAT_EVERY)).update(beat_at=now)


def hold_if_late() -> int:
    """Hold when mail waits behind too long a gap. Returns how many mails are late if this call held them, else 0."""
    now = timezone.now()
    state = Switch.objects.get_or_create(pk=1, defaults={"beat_at": now})[0]
    if state.held_at or not state.beat_at or now - state.beat_at <= settings.MAIL_GRACE:
        return 0
    before_the_gap = Q(created_at__lte=state.beat_at) | Q(due_at__lte=now - settings.MAIL_GRACE)
    late = OutgoingMail.objects.due(now).filter(before_the_gap).count()
    if not late:
        return 0
    reason = _("No mail could leave since %(moment)s UTC, and %(count)s waiting mails would come late.") % {
        "moment": date_format(state.beat_at, "Y-m-d H:i"),
        "count": late,
    }
    held = Switch.objects.filter(pk=1, held_at=None).update(held_at=now, reason=reason)
    return late if held else 0


def page_url() -> str:
    """Where staff arm it."""
    return settings.SITE_URL + reverse("admin:mail_switch_changelist")
