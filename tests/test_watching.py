"""What machines that watch the site are told."""

import pytest
from django.db import OperationalError, connection
from django.test import Client


def test_a_living_process_says_so_without_asking_the_database(client):
    page = client.get("/healthz")  # a query would fail here: this test may not touch the database
    assert (page.status_code, page.content) == (200, b"ok\n")
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.django_db
def test_a_site_with_its_database_is_ready(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        page = client.get("/readyz")
    assert (page.status_code, page.content) == (200, b"ready\n")


@pytest.mark.django_db
def test_a_site_without_its_database_is_not_ready_and_says_no_more_than_why(client, monkeypatch):
    def refuse(*arguments):
        raise OperationalError("connection to server at 10.0.0.7 failed: password authentication failed")

    monkeypatch.setattr(connection, "cursor", refuse)
    page = client.get("/readyz")
    assert (page.status_code, page.content) == (503, b"not ready: OperationalError\n")


def test_watchers_need_no_tls_in_production(settings):
    """They ask the process itself; everything else is sent to https."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/archive/").status_code == 301
