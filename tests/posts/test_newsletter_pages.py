"""Signing up, confirming and leaving, as people and machines do it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from posts.models import Subscriber
from tests.factories import PostFactory, SubscriberFactory
from tests.posts.pages import personal_address, text_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 3, 14, tzinfo=UTC)


def sign_up(client, clock, email="ada@example.org", address="127.0.0.1", **values):
    form = client.get("/newsletter/").context["form"]
    clock.shift(3)
    return client.post("/newsletter/", {"email": email, "shown": form.initial["shown"], **values}, REMOTE_ADDR=address)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def test_signing_up_says_the_same_whoever_asks(client, clock):
    SubscriberFactory(email="known@example.org")
    SubscriberFactory(email="left@example.org", state=Subscriber.State.UNSUBSCRIBED)
    for email in ("new@example.org", "known@example.org", "left@example.org", "Known@Example.ORG"):
        page = sign_up(client, clock, email)
        assert (page.status_code, page["Location"], page["Cache-Control"]) == (302, "/newsletter/asked/", "no-store")
        assert "Set-Cookie" not in page
    assert Subscriber.objects.get(email="new@example.org").state == "pending"
    assert Subscriber.objects.get(email="known@example.org").state == "confirmed"


def test_the_form_at_the_end_of_a_post_signs_up_too(client, clock):
    form = client.get(PostFactory().get_absolute_url()).context["subscribe_form"]
    clock.shift(60)
    page = client.post("/newsletter/", {"email": "a@example.org", "shown": form.initial["shown"]})
    assert page.status_code == 302
    assert Subscriber.objects.count() == 1


def test_a_wrong_address_is_said_beside_the_field(client, clock):
    page = sign_up(client, clock, "no address")
    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    assert 'aria-invalid="true"' in page.content.decode()
    described = re.search(r'<input type="email"[^>]*aria-describedby="([^"]+)"', page.content.decode())
    assert f'id="{described[1]}"' in page.content.decode()
    assert 'value="no address"' in page.content.decode()
    assert not Subscriber.objects.exists()


def test_a_machine_that_fills_every_field_is_thanked_and_forgotten(client, clock):
    assert sign_up(client, clock, website="https://spam.example").status_code == 302
    assert not Subscriber.objects.exists()


def test_who_is_too_quick_presses_again(client, clock):
    shown = client.get("/newsletter/").context["form"].initial["shown"]
    clock.shift(1)
    page = client.post("/newsletter/", {"email": "a@example.org", "shown": shown})
    assert "That was very quick" in text_of(page)
    clock.shift(3)
    again = re.search(r'name="shown" value="([^"]+)"', page.content.decode())[1]
    assert client.post("/newsletter/", {"email": "a@example.org", "shown": again}).status_code == 302


@pytest.mark.parametrize("shown", ["", "form:forged:forged", "form"])
def test_a_forged_form_is_answered_with_a_fresh_one(client, clock, shown):
    page = sign_up(client, clock, shown=shown)
    assert "open for a long time" in text_of(page)
    fresh = re.search(r'name="shown" value="([^"]+)"', page.content.decode())[1]
    clock.shift(3)
    assert client.post("/newsletter/", {"email": "a@example.org", "shown": fresh}).status_code == 302


def test_a_form_that_stood_open_for_days_is_answered_with_a_fresh_one(client, clock):
    shown = client.get("/newsletter/").context["form"].initial["shown"]
    clock.shift(timedelta(days=3))
    assert "open for a long time" in text_of(client.post("/newsletter/", {"email": "a@example.org", "shown": shown}))


def test_another_sites_page_cannot_sign_anybody_up(client, clock):
    shown = client.get("/newsletter/").context["form"].initial["shown"]
    clock.shift(3)
    page = client.post(
        "/newsletter/", {"email": "a@example.org", "shown": shown}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert page.status_code == 403
    assert not Subscriber.objects.exists()


def test_one_connection_signs_up_twenty_addresses_an_hour(client, clock):
    for number in range(20):
        assert sign_up(client, clock, f"a{number}@example.org").status_code == 302
    page = sign_up(client, clock, "a20@example.org")
    assert "many sign-ups" in text_of(page)
    assert Subscriber.objects.count() == 20
    assert sign_up(client, clock, "a20@example.org", address="192.0.2.9").status_code == 302


def test_one_address_is_mailed_five_times_a_day_at_most(client, clock):
    for _ in range(8):
        assert sign_up(client, clock).status_code == 302
        clock.shift(timedelta(minutes=20))
    assert Subscriber.objects.get().confirmations == 5


# --- personal links --------------------------------------------------------------------------------------------------


def test_the_confirmation_link_shows_a_button_and_its_press_confirms(client):
    subscriber = SubscriberFactory(state=Subscriber.State.PENDING)
    address = personal_address("confirm", subscriber)
    page = client.get(address)
    assert "Yes, send it to me" in text_of(page)
    done = client.post(address)
    assert (done.status_code, done["Location"]) == (303, address)
    assert "You are on the list" in text_of(client.get(address))
    assert client.post(address).status_code == 303
    subscriber.refresh_from_db()
    assert subscriber.state == "confirmed"


def test_an_old_confirmation_link_does_not_bring_back_who_left(client):
    subscriber = SubscriberFactory(state=Subscriber.State.UNSUBSCRIBED)
    address = personal_address("confirm", subscriber)
    assert "has left the list" in text_of(client.get(address))
    client.post(address)
    subscriber.refresh_from_db()
    assert subscriber.state == "unsubscribed"


def test_leaving_takes_one_press_and_can_be_repeated(client):
    subscriber = SubscriberFactory()
    address = personal_address("unsubscribe", subscriber)
    assert "No more newsletters to" in text_of(client.get(address))
    for _ in range(2):
        assert client.post(address).status_code == 303
        assert "You have left the list" in text_of(client.get(address))


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart"])
def test_a_mail_program_leaves_with_one_click(content_type):
    strict = Client(enforce_csrf_checks=True)
    subscriber = SubscriberFactory()
    address = personal_address("unsubscribe", subscriber)
    for _ in range(2):
        if content_type == "multipart":
            done = strict.post(address, {"List-Unsubscribe": "One-Click"})
        else:
            done = strict.post(address, "List-Unsubscribe=One-Click", content_type=content_type)
        assert (done.status_code, done.content) == (200, b"Unsubscribed.\n")
        assert not done.cookies
    subscriber.refresh_from_db()
    assert subscriber.state == "unsubscribed"


def test_a_forwarded_newsletter_can_leave_but_never_join(client):
    subscriber = SubscriberFactory(state=Subscriber.State.PENDING)
    token = personal_address("unsubscribe", subscriber).strip("/").split("/")[1]
    assert client.post(f"/n/{token}/").status_code == 404
    subscriber.refresh_from_db()
    assert subscriber.state == "pending"


@pytest.mark.parametrize("purpose", ["confirm", "unsubscribe"])
def test_personal_pages_are_kept_and_indexed_by_nobody(client, purpose):
    known = personal_address(purpose, SubscriberFactory())
    unknown = reverse(f"posts:{purpose}", args=["A" * 22])
    for address, status in ((known, 200), (unknown, 404)):
        page = client.get(address)
        assert page.status_code == status
        assert page["Cache-Control"] == "no-store"
        assert page["X-Robots-Tag"] == "noindex"
        assert page["Referrer-Policy"] == "same-origin"
        assert not client.cookies
        assert page.content.decode().count("<h1") == 1
    assert "We do not know this link" in text_of(client.get(unknown))
    assert client.post(unknown).status_code == 404
    assert client.post(known, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
