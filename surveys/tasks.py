import logging

from celery import shared_task

from surveys import open_views, summaries, timetable
from surveys.models import Round, Snapshot

log = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def advance_rounds() -> None:
    """Do what is due in every round that has begun and is not over. One that fails must not keep the others."""
    for pk in Round.objects.running().values_list("pk", flat=True):
        try:
            timetable.advance(survey_round=Round.objects.get(pk=pk))
        except Exception:
            log.exception("Round %s could not be advanced", pk)


@shared_task(ignore_result=True)
def compile_summaries() -> None:
    """Draft the post of every snapshot that has no summary yet. One that fails must not keep the others."""
    for snapshot in Snapshot.objects.filter(summary=None).order_by("pk"):
        try:
            summaries.compile_summary(snapshot=snapshot)
        except Exception:
            log.exception("The summary of snapshot %s could not be compiled", snapshot.pk)


@shared_task(ignore_result=True)
def forget_unconfirmed_views() -> None:
    """Erase the readers' views that nobody has confirmed in time."""
    open_views.forget_unconfirmed()
