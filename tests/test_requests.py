"""naatbatt/requests.py: who may post, whose address it is, how often."""

import pytest
import time_machine
from django.http import HttpResponse

from naatbatt import requests


@requests.refuse_cross_site
def guarded(request):
    return HttpResponse("done")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
def test_a_post_from_another_site_is_refused(rf, site):
    assert guarded(rf.post("/", headers={"Sec-Fetch-Site": site})).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
def test_a_post_of_our_own_page_or_of_a_machine_is_accepted(rf, headers):
    assert guarded(rf.post("/", headers=headers)).content == b"done"


def test_a_browser_that_only_says_its_origin_is_judged_by_it(rf):
    assert guarded(rf.post("/", headers={"Origin": "http://testserver"})).content == b"done"
    assert guarded(rf.post("/", headers={"Origin": "https://elsewhere.example"})).status_code == 403


def test_looking_is_allowed_from_everywhere(rf):
    assert guarded(rf.get("/", headers={"Sec-Fetch-Site": "cross-site"})).content == b"done"


def test_a_guarded_view_asks_for_no_csrf_token():
    assert guarded.csrf_exempt


def test_a_personal_page_is_kept_by_nobody_and_indexed_by_nobody(rf):
    page = requests.personal_page(lambda request: HttpResponse())(rf.get("/"))
    assert page["Cache-Control"] == "no-store"
    assert page["X-Robots-Tag"] == "noindex"
    assert page["Referrer-Policy"] == "same-origin"


def test_the_limit_counts_and_ends(settings):
    # In this process, because the clock of a Redis cannot be moved.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "limits"}}
    with time_machine.travel("2026-11-03 12:00 +0000", tick=False) as clock:
        assert [requests.within_limit("a", most=2, seconds=60) for _ in range(3)] == [True, True, False]
        assert requests.within_limit("b", most=2, seconds=60)
        clock.shift(61)
        assert requests.within_limit("a", most=2, seconds=60)


def test_the_clients_address_is_what_the_trusted_proxy_wrote_last(rf, settings):
    request = rf.get("/", headers={"X-Forwarded-For": "6.6.6.6, 192.0.2.7"}, REMOTE_ADDR="127.0.0.1")
    assert requests.client_address(request) == "127.0.0.1"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert requests.client_address(request) == "192.0.2.7"
