from celery import shared_task

from naatbatt.mail import outbox


@shared_task(ignore_result=True)
def deliver_due() -> None:
    outbox.deliver_due()


@shared_task(ignore_result=True)
def release_stale() -> None:
    outbox.release_stale()
