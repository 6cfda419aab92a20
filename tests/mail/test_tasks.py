import pytest
from django.core import mail as django_mail

from naatbatt.celery import app
from naatbatt.mail import tasks
from naatbatt.mail.models import OutgoingMail
from tests.factories import OutgoingMailFactory

pytestmark = pytest.mark.django_db


def test_the_tasks_do_what_the_timetable_asks_and_may_run_twice():
    OutgoingMailFactory()
    for _ in range(2):
        tasks.release_stale()
        tasks.deliver_due()
    assert OutgoingMail.objects.get().state == "sent"
    assert len(django_mail.outbox) == 1


def test_the_timetable_looks_for_due_and_stale_mail_every_minute_at_least():
    for name in ("naatbatt.mail.tasks.deliver_due", "naatbatt.mail.tasks.release_stale"):
        (entry,) = [entry for entry in app.conf.beat_schedule.values() if entry["task"] == name]
        assert entry["schedule"] <= 60
        assert not entry.get("args")
