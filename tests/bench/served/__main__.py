"""`python -m tests.stores .venv/bin/python -m tests.bench.served`: contributors answering, over real HTTP.

Two workers of our own server, the database and Redis that DATABASE_URL and REDIS_URL name (throw-away ones under
`tests.stores`), and a survey of twenty questions. Everything runs on this machine, the crowd included, so rates are
low by what the crowd itself costs: the ratio to the empty view of the same server in the same run is what compares.
"""

import contextlib
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CROWDS = (1, 8, 64)
SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
PANEL = int(os.environ.get("BENCH_PANEL", "12000"))  # invitations: nobody answers twice
HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    if not os.environ.get("DATABASE_URL"):
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory(prefix="naatbatt-bench-") as folder:
        os.environ |= {
            "VAR_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "tests.bench.served.settings",
            "WEB_CONCURRENCY": "2",
            "ALLOWED_HOSTS": HOST,
            "SECRET_KEY": "for-measuring-only-" + "x" * 50,
            "STATIC_MANIFEST": "1",
        }
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)

        from tests.bench.served import visits

        answering = visits.prepare(people=PANEL)
        with _serving() as port:
            _report(answering, port)
    return 0


def _report(answering: Any, port: int) -> None:
    from tests.bench.served import load, visits

    print(f"Python {platform.python_version()}, {os.cpu_count()} CPU, 2 workers x 4 threads, {SECONDS:g} s each")
    print(f"{'':34}{'clients':>8}{'per second':>12}{'of empty':>10}{'p50':>10}{'p99':>10}")
    first = 0
    for clients in CROWDS:
        empty = 0.0
        for name, visit, uses in visits.scenarios(answering):
            warm = load.crowd(
                visit, host=HOST, port=port, clients=clients, seconds=0.5, first=first, most=PANEL - first
            )
            first += warm.visits if uses else 0
            done = load.crowd(
                visit, host=HOST, port=port, clients=clients, seconds=SECONDS, first=first, most=PANEL - first
            )
            first += done.visits if uses else 0
            empty = empty or done.requests_per_second
            print(
                f"{name:34}{clients:8}{done.visits_per_second:12.1f}{done.requests_per_second / empty:10.2f}"
                f"{done.quantile(0.5) * 1000:7.1f} ms{done.quantile(0.99) * 1000:7.1f} ms",
                flush=True,
            )


@contextlib.contextmanager
def _serving() -> Iterator[int]:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--bind", f"{HOST}:{port}"]
    server = subprocess.Popen([*command, "--log-level", "warning", "naatbatt.wsgi"], cwd=ROOT)
    try:
        for _attempt in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://{HOST}:{port}/empty/", timeout=2).close()
                break
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    sys.exit(main())
