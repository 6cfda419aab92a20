"""Two workers at once: no mail is claimed, or leaves, twice."""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.mail.backends import locmem
from django.db import connection, transaction

from naatbatt.mail import outbox
from naatbatt.mail.models import OutgoingMail
from tests.factories import OutgoingMailFactory

MAILS = 60

# On the embedded default: a database file, mails as files, two worker processes started at the same moment.
WORKER = """
import sys, time
import django
django.setup()
from naatbatt.mail import outbox
outbox.BATCH = 5
time.sleep(max(0, float(sys.argv[1]) - time.time()))
print(outbox.deliver_due())
"""
SET_UP = f"""
import django
django.setup()
from django.core.management import call_command
call_command("migrate", "mail", verbosity=0, skip_checks=True)
from naatbatt.mail import outbox
from naatbatt.mail.rendering import Rendered
outbox._ring = lambda: None
for number in range({MAILS}):
    outbox.enqueue(key=f"n:{{number}}", stream="newsletter", name="n", to=f"r{{number}}@example.org", context={{}},
                   rendered=Rendered("Hello", "Hello", ""))
"""
COUNT = """
import django, json
django.setup()
from collections import Counter
from naatbatt.mail.models import OutgoingMail
print(json.dumps(Counter(OutgoingMail.objects.values_list("state", flat=True))))
"""


def test_two_processes_on_a_database_file_send_every_mail_once(tmp_path):
    keep = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environment = {**keep, "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "naatbatt.settings"}

    def run(code, *arguments):
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=project.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def said(process):
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        return out

    said(run(SET_UP))
    start = str(time.time() + 2.5)
    workers = [run(WORKER, start), run(WORKER, start)]
    counts = [int(said(worker)) for worker in workers]
    assert sum(counts) == MAILS
    assert json.loads(said(run(COUNT))) == {"sent": MAILS}
    recipients = Counter(path.name.rpartition("-")[2] for path in Path(tmp_path, "outbox").glob("*.eml"))
    assert len(recipients) == MAILS
    assert set(recipients.values()) == {1}


@pytest.mark.django_db(transaction=True)
def test_four_workers_send_every_mail_once(monkeypatch):
    sent = []
    monkeypatch.setattr(outbox, "BATCH", 5)
    monkeypatch.setattr(
        locmem.EmailBackend, "send_messages", lambda self, messages: sent.append(messages[0].to[0]) or len(messages)
    )
    OutgoingMailFactory.create_batch(MAILS)
    barrier = threading.Barrier(4)
    counts = []

    def work():
        barrier.wait()
        try:
            counts.append(outbox.deliver_due())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == MAILS
    assert len(set(sent)) == len(sent) == MAILS
    assert not OutgoingMail.objects.exclude(state=OutgoingMail.State.SENT).exists()


@pytest.mark.django_db(transaction=True)
def test_a_row_that_another_worker_is_claiming_is_passed_over():
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("only where rows can be locked")
    OutgoingMailFactory.create_batch(2)
    first = OutgoingMail.objects.order_by("pk")[:1]
    claimed = []

    def work():
        try:
            claimed.extend(mail.pk for mail in outbox._claim(OutgoingMail.objects.all(), 10))
        finally:
            connection.close()

    with transaction.atomic():
        locked = first.select_for_update().get()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(timeout=10)
        assert not thread.is_alive(), "the second worker waited for the first"
    assert len(claimed) == 1
    assert locked.pk not in claimed
