"""The stage: a throw-away folder and database, a mail server, a worker. The play runs on it as a process of its own,
because settings are read when a process starts."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from naatbatt.demo.cast import NO_SUCH_MAILBOX
from naatbatt.demo.sink import HOST, Sink

MARK = "made-by-demo"
# What would bind the play to the world outside, or to the site whose environment it inherits.
NOT_INHERITED = ("ALLOWED_HOSTS", "DEBUG", "EMAIL_URL", "PRODUCTION", "SITE_URL", "STAFF_EMAILS")
POSTGRESQL_NAME_LIMIT = 63
WORKER = ("-A", "naatbatt", "worker", "-B", "--pool", "threads", "-c", "2", "--without-gossip", "--without-mingle")


def perform() -> int:
    """Set the stage, let the play run on it, clear everything away but the folder. Returns the play's exit status."""
    folder = settings.VAR_DIR / "demo"
    _fresh_folder(folder)
    environment = _environment(folder)
    signal.signal(signal.SIGTERM, _interrupted)
    with Sink(folder / "outbox", refuses=frozenset({NO_SUCH_MAILBOX})) as sink:
        environment["EMAIL_URL"] = f"smtp://{HOST}:{sink.port}?tls=none"
        with _process(
            ["-m", "celery", *WORKER, "--loglevel", "INFO"], environment, log=folder / "worker.log"
        ) as worker:
            play = [str(settings.BASE_DIR / "manage.py"), "demo", "--play"]
            with _process(play, environment) as player:
                while player.poll() is None:
                    if worker.poll() is not None:
                        raise CommandError(
                            f"The worker has stopped. Its last words:\n{last_lines(folder / 'worker.log')}"
                        )
                    time.sleep(0.1)
                return player.returncode


def is_set() -> bool:
    """Whether this process plays on a stage: no play ever runs on the data of a real site."""
    return (settings.VAR_DIR / MARK).exists()


def last_lines(log: Path, count: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else "(none)"


def _fresh_folder(folder: Path) -> None:
    """Empty, and marked as ours. A folder that is there without our mark is somebody's: it is not touched."""
    try:
        if folder.exists():
            if not (folder / MARK).exists() and any(folder.iterdir()):
                raise CommandError(f"{folder} exists and was not made by the demo. Move it away, or set VAR_DIR.")
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        (folder / MARK).touch()
    except OSError as error:
        raise CommandError(
            f"{folder} cannot be made anew: {error.strerror}. Set VAR_DIR to a writable folder."
        ) from None


def _environment(folder: Path) -> dict[str, str]:
    """What the play and its worker are started with: ours, but for everything that names data, mail or addresses."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    environment.update(VAR_DIR=str(folder), DATABASE_URL=_fresh_database(), LOG_LEVEL="WARNING", PYTHONUNBUFFERED="1")
    environment["ANSWER_GRACE_MINUTES"] = "0"  # nobody in the play is late, and nobody waits
    if settings.REDIS_URL:
        environment["REDIS_PREFIX"] = prefix = f"{settings.REDIS_PREFIX}-demo"
        _forget(prefix)
    return environment


def _fresh_database() -> str:
    """The address of a new database beside the configured one on PostgreSQL; else nothing, which means SQLite in the
    folder. The configured database itself is never touched."""
    if connection.vendor != "postgresql":
        return ""
    config: dict[str, Any] = connection.settings_dict
    name = f"{config['NAME']}_demo"
    if len(name.encode()) > POSTGRESQL_NAME_LIMIT:  # the server would cut it off, perhaps to the name of the real one
        raise CommandError(f"DATABASE_URL names a database too long to have another called {name} beside it.")
    try:
        with connection._nodb_cursor() as cursor:  # as Django's test runner comes in
            quoted = connection.ops.quote_name(name)
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {quoted}")
    except DatabaseError as error:
        raise CommandError(f"The database {name} cannot be made on the server of DATABASE_URL: {error}") from None
    finally:
        connection.close()
    user = ":".join(quote(config[part], safe="") for part in ("USER", "PASSWORD") if config[part])
    place = quote(config["HOST"] or "", safe="") + (f":{config['PORT']}" if config["PORT"] else "")
    options = urlencode({key: value for key, value in config["OPTIONS"].items() if isinstance(value, str)})
    return f"postgres://{user}{'@' if user else ''}{place}/{quote(name, safe='')}{'?' if options else ''}{options}"


def _forget(prefix: str) -> None:
    """Remove what an earlier play left in Redis under its own prefix, and nothing else."""
    import redis

    try:
        with contextlib.closing(redis.from_url(settings.REDIS_URL)) as server:
            for key in server.scan_iter(match=f"{prefix}:*", count=1000):
                server.delete(key)
    except redis.RedisError as error:
        raise CommandError(f"The Redis of REDIS_URL cannot be used: {error}") from None


@contextlib.contextmanager
def _process(arguments: list[str], environment: dict[str, str], *, log: Path | None = None) -> Iterator[Any]:
    """A Python process in a session of its own, so that Ctrl-C reaches us alone and we end it, warmly if it lets us."""
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb")) if log else None
        process = subprocess.Popen(  # noqa: S603  (our own interpreter, our own arguments)
            [sys.executable, *arguments],
            env=environment,
            cwd=settings.BASE_DIR,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            with contextlib.suppress(ProcessLookupError, PermissionError):  # whoever it had started and forgot
                os.killpg(process.pid, signal.SIGKILL)


def _interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt
