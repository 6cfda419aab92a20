"""The Celery application and the whole timetable.

A task takes ids, fetches, calls one story and translates the outcome into state. Work lives in database rows: the
sweeps below find everything that a lost message forgot, so every entry may run twice or late without harm.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import import_modules
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "naatbatt.settings")
TRANSPORT_ALIASES["folder"] = "naatbatt.folder_transport:Transport"


@import_modules.connect  # sent when a worker or beat starts; connected before Celery's own receiver, which runs checks
def refuse_misconfiguration(**kwargs: Any) -> None:
    from naatbatt.checks import refuse_to_start

    refuse_to_start()


app = Celery("naatbatt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    # Hand to SMTP whatever is due, and free what a dead worker had claimed.
    "deliver due mail": {"task": "naatbatt.mail.tasks.deliver_due", "schedule": 30.0},
    "release stale mail": {"task": "naatbatt.mail.tasks.release_stale", "schedule": 60.0},
    # Solicit, remind and close the rounds whose instant has come.
    "advance rounds": {"task": "surveys.tasks.advance_rounds", "schedule": 60.0},
    # Compile the summaries of frozen rounds that have none yet.
    "compile summaries": {"task": "surveys.tasks.compile_summaries", "schedule": 60.0},
    # Erase readers' views whose address nobody has confirmed.
    "forget unconfirmed views": {"task": "surveys.tasks.forget_unconfirmed_views", "schedule": 3600.0},
    # Mail the issues whose instant has come.
    "send due issues": {"task": "posts.tasks.send_due_issues", "schedule": 60.0},
}
