"""What happens at a time, or elsewhere than in a request."""

import logging

from celery import shared_task

from naatbatt.mail import outbox
from posts import newsletter
from posts.models import Issue

logger = logging.getLogger(__name__)


@shared_task
def send_due_issues() -> None:
    """Send the issues whose time has come, and go on with those a dead worker left. Late ones wait for a person."""
    if outbox.is_held():
        return  # a restored back-up may hold issues that went out long ago: staff look first
    newsletter.hold_late_issues()
    for pk in Issue.objects.due_or_sending().order_by("send_at", "pk").values_list("pk", flat=True):
        try:
            send_issue(pk)
        except Exception:  # one issue that cannot be written must not keep the others; it is tried again in a minute
            logger.exception("Issue %s could not be sent.", pk)


@shared_task
def send_issue(issue_id: int) -> None:
    issue = Issue.objects.filter(pk=issue_id).due_or_sending().first()
    if issue is None:
        return  # unscheduled meanwhile, or sent by another worker
    try:
        newsletter.send_issue(issue=issue)
    except newsletter.IssueRefusedError as refused:
        newsletter.hold_issue(issue=issue, reason=str(refused))
