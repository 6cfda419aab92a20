"""`make run`: what it refuses in one line, what it serves, and how it ends."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from email import message_from_bytes, policy
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(folder, **variables):
    return {"PATH": os.environ["PATH"], "VAR_DIR": str(folder), "PYTHONUNBUFFERED": "1", **variables}


def refused(folder, *arguments, **variables):
    """The one line with which it refuses."""
    ran = subprocess.run(
        [sys.executable, "manage.py", "run", *arguments],
        cwd=TOP,
        env=environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode != 0
    assert ran.stdout == ""
    return ran.stderr


class Running:
    """`manage.py run` as a terminal would have it, in a process group of its own."""

    def __init__(self, folder, **variables):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder.parent / f"run-{self.port}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run", "--port", str(self.port)],
                cwd=TOP,
                env=environment(folder, **variables),
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def until_served(self):
        deadline = time.monotonic() + 90
        while "Ctrl-C ends it" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return self

    def children(self):
        """Every process that came of this one, by their parents."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        parents = dict(tuple(map(int, line.split())) for line in listed.splitlines())
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {self.process.pid}

    def end(self, interruption=signal.SIGINT):
        """Seconds it took to end, all children included."""
        children, began = self.children(), time.monotonic()
        os.killpg(self.process.pid, interruption)
        status = self.process.wait(30)
        assert not [pid for pid in children if alive(pid)]
        return status, time.monotonic() - began


def alive(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


@pytest.fixture
def run(tmp_path):
    started = []

    def start(**variables):
        started.append(Running(tmp_path / "var", **variables))
        return started[-1].until_served()

    yield start
    for running in started:  # ended already, unless the test failed
        left = running.children() | {running.process.pid}
        if running.process.poll() is None:
            running.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(15)
        for pid in filter(alive, left):
            os.kill(pid, signal.SIGKILL)


def test_a_busy_port_is_named_with_the_way_out(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        said = refused(tmp_path, "--port", str(port))
    assert said == f"CommandError: Port {port} is in use. Choose another: make run PORT=8123\n"


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1", "8000.5"])
def test_what_is_no_port_is_said(tmp_path, port):
    assert f"{port!r} is not a port. Use a number from 1 to 65535" in refused(tmp_path, f"--port={port}")


def test_an_unwritable_folder_is_named(tmp_path):
    said = refused("/dev/null/var", "--port", str(free_port()))
    assert said.count("\n") == 1
    assert said.startswith("CommandError: VAR_DIR cannot be written")
    assert "Point VAR_DIR at a folder" in said


def test_it_is_not_for_production(tmp_path):
    said = refused(tmp_path, PRODUCTION="1")
    assert "SECRET_KEY is not set." in said


def test_a_database_that_does_not_answer_is_said_without_a_traceback(tmp_path):
    ran = subprocess.run(
        [sys.executable, "manage.py", "run", "--port", str(free_port())],
        cwd=TOP,
        env=environment(tmp_path, DATABASE_URL=f"postgres://nobody@127.0.0.1:{free_port()}/none"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert "CommandError: The database cannot be used: " in ran.stderr
    assert "Traceback" not in ran.stderr


def test_it_serves_the_seeded_site_and_keeps_the_data(run, tmp_path):
    first = run()
    said = first.log.read_text()
    for line in (f"{first.address}/", f"{first.address}/admin/", str(tmp_path / "var" / "outbox"), "site.sqlite3"):
        assert line in said
    home = urllib.request.urlopen(f"{first.address}/", timeout=10)
    page = home.read().decode()
    assert "Battery Race" in page
    assert home.headers["Set-Cookie"] is None
    styles = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)
    assert styles, "static files carry no fingerprint"
    sheet = urllib.request.urlopen(first.address + styles[1], timeout=10)
    assert "immutable" in sheet.headers["Cache-Control"]
    assert signed_in(first, said)
    # Another in the same folder would get in its way.
    assert f"Another `make run` is already serving {tmp_path / 'var'}" in refused(
        tmp_path / "var", "--port", str(free_port())
    )
    status, seconds = first.end()
    assert status == 0
    assert seconds < 10
    assert "Traceback" not in first.log.read_text()
    database = (tmp_path / "var" / "site.sqlite3").stat().st_ino
    second = run()
    assert (tmp_path / "var" / "site.sqlite3").stat().st_ino == database
    assert password(said) != password(second.log.read_text())
    assert signed_in(second, second.log.read_text())
    assert not signed_in(second, said), "an earlier run's password still opens"
    status, seconds = second.end(signal.SIGTERM)
    assert (status, seconds < 10) == (0, True)


def password(said):
    return re.search(r"staff / (\S+)", said)[1]


def signed_in(running, said):
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    login = f"{running.address}/admin/login/"
    form = browser.open(login, timeout=10).read().decode()
    fields = {
        "csrfmiddlewaretoken": re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1],
        "username": "staff",
        "password": password(said),
        "next": "/admin/",
    }
    answer = browser.open(login, data=urllib.parse.urlencode(fields).encode(), timeout=10)
    return answer.url == f"{running.address}/admin/"


def test_mails_lead_to_the_chosen_port_and_a_dead_worker_ends_everything(run, tmp_path):
    running = run()
    form = urllib.request.urlopen(f"{running.address}/newsletter/", timeout=10).read().decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)"', form))
    time.sleep(2.5)  # who answers quicker is taken for a machine
    fields = urllib.parse.urlencode({**fields, "email": "reader@example.org"}).encode()
    urllib.request.urlopen(f"{running.address}/newsletter/", data=fields, timeout=10)
    outbox, deadline = tmp_path / "var" / "outbox", time.monotonic() + 45
    while not (mails := list(outbox.glob("*.eml"))):
        assert time.monotonic() < deadline, running.log.read_text()
        time.sleep(0.2)
    mail = message_from_bytes(mails[0].read_bytes(), policy=policy.default)
    assert f"{running.address}/n/" in mail.get_body(("plain",)).get_content()

    children = running.children()
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    worker = next(int(pid) for pid, parent, args in rows if int(parent) == running.process.pid and "celery" in args)
    os.kill(worker, signal.SIGKILL)
    assert running.process.wait(20) == 1
    assert "The worker ended unexpectedly (status -9). Stopping everything." in running.log.read_text()
    assert not [pid for pid in children if alive(pid)]
