"""What the tests stand on: where they write, and the real services beside them."""

import os
import tempfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from naatbatt.celery import app
from naatbatt.mail.models import OutgoingMail
from tests import stores
from tests.factories import OutgoingMailFactory

TOP = Path(__file__).parent.parent


def test_tests_never_write_into_the_checkout():
    temporary = Path(tempfile.gettempdir())
    for folder in (settings.VAR_DIR, settings.STATIC_ROOT, settings.MEDIA_ROOT):
        assert temporary in Path(folder).parents
        assert TOP not in Path(folder).parents
    if connection.vendor == "sqlite":
        assert temporary in Path(connection.settings_dict["NAME"]).parents


@pytest.mark.django_db
def test_the_second_run_is_on_the_services_that_the_environment_names():
    assert connection.vendor == ("postgresql" if os.environ.get("DATABASE_URL") else "sqlite")
    assert settings.CACHES["default"]["BACKEND"].endswith(
        "RedisCache" if os.environ.get("REDIS_URL") else "LocMemCache"
    )


@pytest.mark.django_db
@pytest.mark.parametrize("turn", [1, 2])
def test_nothing_stays_in_the_cache_from_one_test_to_the_next(turn):
    assert cache.get("left-behind") is None
    cache.set("left-behind", turn)
    assert cache.get("left-behind") == turn


@pytest.mark.django_db
def test_the_database_refuses_a_row_that_points_nowhere():
    """SQLite is as strict as PostgreSQL about relations."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA foreign_keys")
            assert cursor.fetchone() == (1,)
            cursor.execute("PRAGMA journal_mode")
            assert cursor.fetchone() == ("wal",)


def test_a_worker_delivers_what_the_test_enqueued(worker, smtp, eventually):
    mail = OutgoingMailFactory(to_address="reader@example.org")
    app.send_task("naatbatt.mail.tasks.deliver_due")
    eventually(lambda: smtp.messages)
    assert smtp.messages[0]["To"] == "reader@example.org"
    eventually(lambda: OutgoingMail.objects.get(pk=mail.pk).state == OutgoingMail.State.SENT)


def test_a_missing_service_is_skipped_unless_services_are_required(monkeypatch, capsys):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(stores, "_binaries", lambda *arguments: None)
    monkeypatch.delenv("REQUIRE_SERVICES", raising=False)
    assert stores.main(["true"]) == 0
    assert "SKIPPED on PostgreSQL and Redis: No PostgreSQL was found" in capsys.readouterr().out
    monkeypatch.setenv("REQUIRE_SERVICES", "1")
    assert stores.main(["true"]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_the_status_of_the_command_is_the_status_of_the_run(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://given.example.org/site")
    monkeypatch.setenv("REDIS_URL", "redis://given.example.org/0")
    assert stores.main(["sh", "-c", "exit 7"]) == 7


def test_passwords_are_not_printed(monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgres://site:hidden@given.example.org/site")
    monkeypatch.setenv("REDIS_URL", "redis://:hidden@given.example.org/0")
    stores.main(["true"])
    assert "hidden" not in capsys.readouterr().out


OURS = f"naatbatt-{os.getpid()}-*"  # other test runs have theirs


@pytest.mark.parametrize("start", [stores.postgres, stores.redis])
def test_a_service_is_gone_when_its_work_is_done(start):
    before = set(Path("/tmp").glob(OURS))
    try:
        with start() as url:
            assert set(Path("/tmp").glob(OURS)) != before
            assert url
    except stores.MissingError as missing:
        (pytest.fail if stores.required() else pytest.skip)(str(missing))
    assert not set(Path("/tmp").glob(OURS)) - before
