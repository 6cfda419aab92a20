"""`make run`: the whole site in one terminal, on whatever the environment names or on the embedded default."""

import contextlib
import errno
import fcntl
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from naatbatt.mail import outbox

HOST = "127.0.0.1"
STAFF = "staff"
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 7  # seconds that children get to end by themselves
STARTING = 60  # seconds that the web server gets to answer


class Child(NamedTuple):
    name: str
    process: "subprocess.Popen[bytes]"


def port_number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ArgumentTypeError(f"{text!r} is not a port. Use a number from 1 to 65535, such as 8123.")
    return int(text)


class Command(BaseCommand):
    help = "Serve the site on this machine: web server, worker and timetable, with a staff login made for this run."
    requires_system_checks = []  # what is wrong with the environment is said below, one line each

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=port_number, default=8000, help="Default: %(default)s")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        # Until the children run, an interruption ends the step it meets. Set anew, because a shell that starts us in
        # the background has Ctrl-C ignored.
        for interruption in INTERRUPTIONS:
            signal.signal(interruption, signal.default_int_handler)
        if "LOG_LEVEL" not in os.environ:
            os.environ["LOG_LEVEL"] = "WARNING"  # for the children: the terminal is for what needs a person
            logging.getLogger().setLevel(logging.WARNING)
        try:
            self.refuse_what_cannot_work(port)
            with self.alone_in(settings.VAR_DIR):
                self.serve(port)
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")

    def refuse_what_cannot_work(self, port: int) -> None:
        if settings.CONFIGURATION_PROBLEMS:
            raise CommandError("\n".join(str(found) for found in settings.CONFIGURATION_PROBLEMS))
        if settings.PRODUCTION:
            raise CommandError("PRODUCTION=1 is set. This command is for one machine and one person: see deploy/.")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
                raise CommandError(f"Port {port} {reason}. Choose another: make run PORT=8123") from None

    @contextlib.contextmanager
    def alone_in(self, folder: Path) -> Iterator[None]:
        """Two timetables in one folder would trip over each other's files."""
        with (folder / "run.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CommandError(f"Another `make run` is already serving {folder}. End it first.") from None
            yield

    def serve(self, port: int) -> None:
        address = f"http://{HOST}:{port}"
        if "SITE_URL" not in os.environ:
            settings.SITE_URL = os.environ["SITE_URL"] = address  # for the links in mails, here and in the children
        password = self.prepare()
        with self.children(port) as children:
            self.wait_until_served(f"{address}/healthz", children)
            self.announce(address, password)
            self.wait(children)

    def prepare(self) -> str:
        """Bring database and folders up to date. Returns the password of this run's staff login."""
        try:
            self.say("Preparing the database ...")
            call_command("migrate", verbosity=0, interactive=False)
            call_command("seed", "--if-empty", stdout=self.stdout)
            password = self.staff_login()
            if settings.EMAIL_FILE_PATH:
                outbox.arm()  # a person started this, and the mails go no further than a folder
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {str(error).strip()}") from None
        self.say("Collecting static files ...")
        call_command("collectstatic", verbosity=0, interactive=False)
        return password

    def staff_login(self) -> str:
        from axes.utils import reset

        password = secrets.token_urlsafe(12)
        user, _ = get_user_model().objects.get_or_create(username=STAFF)
        user.is_active = user.is_staff = user.is_superuser = True
        user.set_password(password)
        user.save()
        reset(username=STAFF)  # wrong passwords of an earlier run
        return password

    # --- the processes ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def children(self, port: int) -> Iterator[list[Child]]:
        """Web server and worker, in sessions of their own: Ctrl-C reaches this process only, and it ends them."""
        self.stopping = threading.Event()
        for interruption in INTERRUPTIONS:
            signal.signal(interruption, lambda *_: self.stopping.set())
        web = ["gunicorn", "naatbatt.wsgi", "--bind", f"{HOST}:{port}", "--worker-class", "gthread", "--threads", "4"]
        web += ["--graceful-timeout", "3", "--no-control-socket", "--log-level", "warning"]
        worker = ["celery", "--quiet", "-A", "naatbatt", "worker", "-B", "--pool", "threads", "--concurrency", "2"]
        worker += ["--schedule", str(settings.VAR_DIR / "beat-schedule"), "--without-gossip", "--without-mingle"]
        children: list[Child] = []
        try:
            for name, module in (("web server", web), ("worker", [*worker, "--loglevel", "WARNING"])):
                children.append(Child(name, self.start(module)))
            yield children
        finally:
            self.end(children)

    def start(self, module: list[str]) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "naatbatt.settings"}
        if os.geteuid() == 0:  # as in a container; Celery's warning is meant for servers
            environment.setdefault("PYTHONWARNINGS", "ignore:You're running the worker with superuser privileges")
        command = [sys.executable, "-m", *module]
        return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, start_new_session=True)

    def end(self, children: list[Child]) -> None:
        for child in children:
            child.process.terminate()  # the main process only: it ends its own
        deadline = time.monotonic() + PATIENCE
        for child in children:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.stderr.write(f"The {child.name} does not end by itself: killed.")
            with contextlib.suppress(ProcessLookupError):  # whatever is left of its session
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()

    def wait_until_served(self, url: str, children: list[Child]) -> None:
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline:
            self.check_on(children)
            with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=5):  # noqa: S310
                return
            self.stopping.wait(0.1)
        raise CommandError(f"The web server did not answer within {STARTING} seconds.")

    def wait(self, children: list[Child]) -> None:
        while True:
            self.check_on(children)
            self.stopping.wait(0.5)

    def check_on(self, children: list[Child]) -> None:
        if self.stopping.is_set():
            raise KeyboardInterrupt
        for child in children:
            if (status := child.process.poll()) is not None:
                raise CommandError(f"The {child.name} ended unexpectedly (status {status}). Stopping everything.")

    # --- what is said -------------------------------------------------------------------------------------------------

    def announce(self, address: str, password: str) -> None:
        mails = settings.EMAIL_FILE_PATH or f"sent through {settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        database = settings.DATABASES["default"]
        on_sqlite = database["ENGINE"].endswith("sqlite3")
        self.say(
            f"\n  The site      {address}/"
            f"\n  The admin     {address}/admin/"
            f"\n  Staff login   {STAFF} / {password}   (made for this run)"
            f"\n  Mails         {mails}"
            f"\n  Data          {database['NAME'] if on_sqlite else 'PostgreSQL, database ' + database['NAME']}"
            f"\n\n  Ctrl-C ends it; the data stays.\n"
        )
        if outbox.is_held():
            self.say("  Mail is held: nothing leaves until a person arms it (`manage.py mail arm`, or the admin).\n")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
