"""`manage.py demo`: the whole play with a real worker and a real mail server, and what it does when it cannot."""

import os
import re
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from naatbatt.demo import stage
from naatbatt.demo.ledger import Equation, Ledger
from naatbatt.demo.story import Story
from naatbatt.demo.visitor import NotOnThePageError

OWN = ("DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE")  # what pytest sets for itself


def start(folder: Path) -> subprocess.Popen:
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    # Two suites may run side by side on one Redis and one PostgreSQL server: the play takes care of its own prefix.
    environment.update(VAR_DIR=str(folder), REDIS_PREFIX=f"naatbatt-{os.getpid()}")
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_of(folder: Path) -> list[str]:
    """What still runs with this folder in its environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"VAR_DIR={folder}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # ended meanwhile, or somebody else's
    return found


@pytest.mark.stores
def test_the_week_plays_through_and_its_ledger_balances(tmp_path):
    played = start(tmp_path)
    said, _none = played.communicate(timeout=300)
    assert played.returncode == 0, said
    balance = said.split("Ledger\n")[1].splitlines()
    assert "  OK          30 invited = 22 complete + 2 partial + 1 declined + 1 undeliverable + 4 no reply" in balance
    assert "  OK          22 complete = 22 counted in the snapshot" in balance
    assert "  OK          22 complete in round 2 = 22 counted in its snapshot" in balance
    assert "  OK           0 names to be kept = 0 printed of those behind closed doors" in balance
    # 50 confirmations, 50 + 48 issues, 30 invitations, 13 reminders, 23 thank-yous, 1 edit, 1 reader's view: 216; to
    # the second round 22 invitations and thank-yous; behind closed doors 10 invitations and 9 thank-yous: 279, one of
    # them refused
    assert "  OK         279 mails enqueued = 278 sent + 0 suppressed + 1 failed" in balance
    assert "  OK         278 mails sent = 278 taken by the server" in balance
    assert "  OK          48 frozen audience = 48 sent + 0 suppressed" in balance
    assert "  OK           1 readers’ views approved = 1 printed beside the panel" in balance
    assert "MISMATCH" not in said
    assert "1 rejected, 1 edited and accepted by its author" in said
    assert "22 asked again, 22 submitted; 1 settled before" in said
    assert "9 of 10 answered; the draft names 0" in said
    assert re.search(r"Read it: make run DEMO=1( \(DATABASE_URL: \w+\))?, then http\S+/posts/[\w-]+/", said)
    demo = tmp_path / "demo"
    assert len(list((demo / "outbox").glob("*.eml"))) == 278
    assert not (demo / "outbox").joinpath("industry-12@example.org").exists()
    if connection.vendor == "sqlite":
        assert (demo / "site.sqlite3").exists()
    assert processes_of(demo) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to see what still runs")
def test_ctrl_c_ends_everything_that_was_started(tmp_path):
    played = start(tmp_path)
    assert played.stdout
    for line in played.stdout:
        if " seed " in line:
            break
    played.send_signal(signal.SIGINT)
    said, _none = played.communicate(
        timeout=90
    )  # two processes are given ten seconds each, on a machine that may be busy
    assert played.returncode == 130, said
    assert "Stopped. Everything that was started has ended." in said
    given_up_at = time.monotonic() + 5
    while processes_of(tmp_path / "demo") and time.monotonic() < given_up_at:
        time.sleep(0.1)
    assert processes_of(tmp_path / "demo") == []


def play_to(ledger: Ledger | Exception, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the play says when it ends with this."""

    def play(self: Story) -> Ledger:
        self.address = "http://127.0.0.1:8000/posts/summary/"
        if isinstance(ledger, Exception):
            raise ledger
        return ledger

    monkeypatch.setattr(stage, "is_set", lambda: True)
    monkeypatch.setattr(Story, "play", play)
    out = StringIO()
    call_command("demo", play=True, stdout=out)
    return out.getvalue()


BALANCED = Equation("invited", 30, {"complete": 22, "no reply": 8})


def test_a_ledger_that_balances_says_where_to_read(monkeypatch):
    said = play_to(Ledger((BALANCED,)), monkeypatch)
    assert "OK          30 invited = 22 complete + 8 no reply" in said
    assert "then http://127.0.0.1:8000/posts/summary/" in said


@pytest.mark.parametrize(
    "equations",
    [(BALANCED, Equation("mails enqueued", 10, {"sent": 8, "suppressed": 1})), ()],
    ids=["mismatch", "empty"],
)
def test_a_ledger_that_does_not_balance_is_exit_status_1(equations, monkeypatch):
    with pytest.raises(CommandError, match="does not balance") as caught:
        play_to(Ledger(equations), monkeypatch)
    assert caught.value.returncode == 1


def test_a_mismatch_is_named():
    assert str(Equation("mails sent", 9, {"taken": 8})) == "MISMATCH     9 mails sent = 8 taken"


def test_a_step_that_fails_is_one_clear_message_and_exit_status_1(monkeypatch):
    with pytest.raises(CommandError, match="The page has no form") as caught:
        play_to(NotOnThePageError("The page has no form with a button “submit”."), monkeypatch)
    assert caught.value.returncode == 1


def test_a_step_that_takes_too_long_says_which(monkeypatch, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("naatbatt.demo.story.PATIENCE", 0.1)
    with pytest.raises(Exception, match="Waited 0 seconds for the invitations"):
        Story(print).wait("the invitations", lambda: False)


def test_never_plays_on_the_data_of_a_real_site(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    with pytest.raises(CommandError, match="runs on a stage only"):
        call_command("demo", play=True)


def test_does_not_wipe_a_folder_that_it_did_not_make(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("mine")
    with pytest.raises(CommandError, match="was not made by the demo"):
        call_command("demo")
    assert (tmp_path / "demo" / "thesis.txt").read_text() == "mine"


def test_does_not_drop_the_configured_database_under_a_shortened_name(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setitem(connection.settings_dict, "NAME", "n" * 60)
    with pytest.raises(CommandError, match="too long to have another"):
        stage._fresh_database()
