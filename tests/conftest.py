"""What every test may use."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from tests import stores

DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "admin_client", "worker"}


def pytest_addoption(parser):
    parser.addoption(
        "--stores",
        action="store_true",
        help="only what touches the database or the cache, no browser: for the second run, on PostgreSQL and Redis",
    )


def pytest_collection_modifyitems(config, items):
    for item in items:
        if Path(__file__).parent / "browser" in item.path.parents:
            item.add_marker(pytest.mark.browser)
    if config.getoption("--stores"):
        chosen = [item for item in items if _touches_a_store(item) and not item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def _touches_a_store(item) -> bool:
    marked = item.get_closest_marker("django_db") or item.get_closest_marker("stores")
    return bool(marked or DATABASE_FIXTURES & set(item.fixturenames))


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    if settings.REDIS_URL:
        # Not cache.clear(): that empties the whole Redis, the keys of other workers and of its owner included.
        redis = cache._cache.get_client(write=True)
        if keys := list(redis.scan_iter(match=f"{settings.REDIS_PREFIX}:*", count=1000)):
            redis.delete(*keys)
    else:
        cache.clear()


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """`eventually(lambda: ...)` waits until it is true and returns it; for what another process does."""

    def wait(condition: Callable[[], Any], *, seconds: float = 20) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, f"not within {seconds} seconds"
            time.sleep(0.05)
        return found

    return wait


# --- real services ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis: the one of this test run, or one started now."""
    if settings.REDIS_URL:
        yield settings.REDIS_URL
        return
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(stores.redis())
        except stores.MissingError as missing:
            (pytest.fail if stores.required() else pytest.skip)(str(missing))
        yield url


@pytest.fixture
def smtp() -> Iterator[SimpleNamespace]:
    """A real SMTP server: `.url` for EMAIL_URL, `.messages` with every mail it accepted."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Message

    messages: list[Any] = []

    class Keep(Message):
        def handle_message(self, message):
            messages.append(message)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Keep(), hostname="127.0.0.1", port=port, ready_timeout=10)
    controller.start()
    try:
        yield SimpleNamespace(url=f"smtp://127.0.0.1:{port}?tls=none", host="127.0.0.1", port=port, messages=messages)
    finally:
        controller.stop()


def _database_url() -> str:
    """The test database as another process would be told of it."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(name))}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@pytest.fixture(params=["folder", "redis"])
def worker(request, transactional_db, smtp, tmp_path, eventually) -> Iterator[SimpleNamespace]:
    """A real Celery worker beside the test, once on the embedded broker and once on Redis.

    It works on the test's database and hands its mails to `smtp`. Tasks that the test sends go to it.
    """
    from naatbatt.celery import app

    variables = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path / "var"),
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": _database_url(),
        "EMAIL_URL": smtp.url,
        "REDIS_PREFIX": settings.REDIS_PREFIX,
    }
    if request.param == "redis":
        variables["REDIS_URL"] = request.getfixturevalue("redis_url")
    (tmp_path / "var").mkdir()
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "celery", "-A", "naatbatt", "worker", "--pool", "threads", "-c", "2"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
            cwd=settings.BASE_DIR,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        eventually(lambda: process.poll() is not None or " ready." in log.read_text(), seconds=60)
        assert process.poll() is None, log.read_text()
        with _ringing(app, variables):
            yield SimpleNamespace(process=process, log=log.read_text, broker=request.param)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _ringing(app: Any, variables: dict[str, str]) -> Iterator[None]:
    """This process's tasks go to the broker that a site with these variables has."""
    names = ("CELERY_BROKER_URL", "CELERY_BROKER_TRANSPORT_OPTIONS", "CELERY_TASK_DEFAULT_QUEUE")
    program = f"import json; from naatbatt import settings as s; print(json.dumps([getattr(s, n) for n in {names!r}]))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=settings.BASE_DIR, env=variables, capture_output=True, check=True
    )
    there = dict(zip((name.removeprefix("CELERY_").lower() for name in names), json.loads(ran.stdout), strict=True))
    here = {name: app.conf[name] for name in there}
    try:
        app.conf.update(there)
        app._after_fork()  # drops the connections to the former broker
        yield
    finally:
        app.conf.update(here)
        app._after_fork()
