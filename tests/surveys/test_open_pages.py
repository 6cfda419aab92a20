"""The public page on which readers offer a view, and the author's own page behind the link in the mail."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from naatbatt.mail import links
from naatbatt.mail.models import OutgoingMail
from posts import taking_part
from surveys.models import OpenView
from surveys.open_pages import FROM_ONE_CONNECTION, TO_ONE_ADDRESS
from surveys.views import WRONG_LINKS
from tests.factories import OpenViewFactory, PostFactory, QuestionFactory, SeriesFactory, SurveyFactory
from tests.posts.pages import text_of
from tests.rows import every_row

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 3, 14, tzinfo=UTC)
State = OpenView.State
ADDRESS = "/views/battery-race/"
GIVEN = {
    "name": "Ada Sample",
    "affiliation": "Example Weekly",
    "email": "ada@example.org",
    "words": "Graphite decides it.",
    "consent": "on",
}


@pytest.fixture
def survey():
    survey = SurveyFactory(slug="battery-race", title="The battery race", takes_open_views=True)
    QuestionFactory(survey=survey, prompt="Can the United States catch up?")
    QuestionFactory(survey=survey, kind="text", prompt="What <first>?")
    return survey


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def send(client, clock, address="127.0.0.1", after=30, **given):
    """Fill in the form as it was shown, and press the button."""
    shown = client.get(ADDRESS).context["form"].initial["shown"]
    clock.shift(after)
    data = {name: value for name, value in {**GIVEN, "shown": shown, **given}.items() if value is not None}
    return client.post(ADDRESS, data, REMOTE_ADDR=address)


def own_page(view):
    return reverse("surveys:open_view", args=[links.token("view", view.link_nonce)])


# --- offering


def test_the_page_shows_the_questions_and_a_form_and_sets_no_cookie(client, survey):
    page = client.get(ADDRESS)
    text = page.content.decode()
    assert page.status_code == 200
    assert "public" in page["Cache-Control"]
    assert not page.cookies
    assert text.index("Can the United States catch up?") < text.index("What &lt;first&gt;?") < text.index("<textarea")
    assert "At most 2,000 characters." in text_of(page)
    assert "We ask because it matters" not in text, "the introduction is for those who are invited"
    assert "csrf" not in text
    assert "maxlength" not in text
    assert text.count("<h1") == 1


def test_the_page_takes_the_same_queries_for_one_question_and_for_three(client, survey, django_assert_num_queries):
    survey.questions.last().delete()
    for _more in range(2):
        with django_assert_num_queries(2):
            client.get(ADDRESS)
        QuestionFactory(survey=survey)
        QuestionFactory(survey=survey)


def test_an_offer_is_kept_mailed_and_thanked_for(client, clock, survey):
    page = send(client, clock)
    assert (page.status_code, page["Location"], page["Cache-Control"]) == (302, f"{ADDRESS}offered/", "no-store")
    assert "Set-Cookie" not in page
    view = OpenView.objects.get()
    assert [view.name, view.affiliation, view.email, view.words] == [
        "Ada Sample", "Example Weekly", "ada@example.org", "Graphite decides it.",
    ]  # fmt: skip
    assert (view.survey, view.state) == (survey, State.UNCONFIRMED)
    assert OutgoingMail.objects.get().to_address == "ada@example.org"
    thanked = client.get(page["Location"])
    assert "Look into your mailbox" in text_of(thanked)
    assert "ada@example.org" not in text_of(thanked)


def test_the_answer_is_the_same_whether_or_not_the_address_is_known(client, clock, survey):
    OpenViewFactory(survey=survey, email="known@example.org", words=GIVEN["words"])
    OpenViewFactory(survey=survey, email="refused@example.org", state=State.REJECTED)
    answers = set()
    for email in ("new@example.org", "known@example.org", "Known@Example.ORG", "refused@example.org"):
        page = send(client, clock, email=email)
        answers.add((page.status_code, page["Location"], page.content))
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "required"),
        ("name", "x" * 121, "at most 120"),
        ("affiliation", "x" * 161, "at most 160"),
        ("email", "no address", "valid email address"),
        ("email", f"{'x' * 250}@example.org", "at most 254"),
        ("words", " ", "required"),
        ("words", "x" * 10_000, "at most 2000 characters (it has 10000)"),
        ("consent", None, "Without your consent"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_everything_typed_is_kept(client, clock, survey, field, value, says):
    page = send(client, clock, **{field: value})
    html = page.content.decode()
    assert (page.status_code, page["Cache-Control"]) == (422, "no-store")
    assert "<title>Please check" in html.replace("\n", "")
    assert says in text_of(page)
    assert f'<a href="#open-{field}">' in html, "the summary links to the field"
    described = re.search(rf'<(?:input|textarea)[^>]*name="{field}"[^>]*>', html)[0]
    assert 'aria-invalid="true"' in described
    ids = re.search(r'aria-describedby="([^"]+)"', described)[1].split()
    assert all(f'id="{one}"' in html for one in ids)
    for name, kept in {**GIVEN, field: value}.items():
        if name != "consent" and kept and kept.strip():
            assert kept in html
    assert ("checked" in html) == (field != "consent")
    assert not OpenView.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Before\x00 and \x07after", "Before and after"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("שלום \u202eabc 🔋", "שלום \u202eabc 🔋"),
        ("One\r\n\r\nTwo", "One\n\nTwo"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("x" * 2000, "x" * 2000),
        ("🔋" * 2000, "🔋" * 2000),
    ],
)
def test_hostile_words_are_kept_as_text(client, clock, survey, typed, kept):
    assert send(client, clock, words=typed).status_code == 302
    view = OpenView.objects.get()
    assert view.words == kept
    page = client.get(own_page(view)).content.decode()
    assert "<script" not in page


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada \n Sample\x00 ", "Ada Sample"),
        ("Ada\u202eelpmaS", "Ada elpmaS"),
        ("עדה לאבלייס 🔋", "עדה לאבלייס 🔋"),
        ("<b>Ada</b>", "<b>Ada</b>"),
    ],
)
def test_a_name_is_one_line_without_what_cannot_be_seen(client, clock, survey, typed, kept):
    assert send(client, clock, name=typed, affiliation=typed).status_code == 302
    view = OpenView.objects.get()
    assert (view.name, view.affiliation) == (kept, kept)
    assert "<b>" not in client.get(own_page(view)).content.decode()


@pytest.mark.parametrize("name", ["\x00", "\u202e", " \n "])
def test_a_name_of_nothing_visible_is_none(client, clock, survey, name):
    assert send(client, clock, name=name).status_code == 422


def test_fields_sent_twice_or_not_at_all_are_no_crash(client, clock, survey):
    assert client.post(ADDRESS, {}).status_code == 422
    assert client.post(ADDRESS, {"words": ["a", "b"], "name": ["a", "b"]}).status_code == 422
    assert client.post(ADDRESS, b"{}", content_type="application/json").status_code == 422
    assert not OpenView.objects.exists()


# --- robots


def test_a_machine_that_fills_every_field_is_thanked_and_forgotten(client, clock, survey):
    assert send(client, clock, website="https://spam.example").status_code == 302
    assert not OpenView.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    ("after", "says"), [(1, "very quick"), (timedelta(days=3), "open for a long time")], ids=["quick", "slow"]
)
def test_who_is_too_quick_or_slow_presses_again_with_everything_kept(client, clock, survey, after, says):
    page = send(client, clock, after=after)
    assert page.status_code == 422
    assert says in text_of(page)
    html = page.content.decode()
    assert '<a href="#open-send">' in html
    assert 'id="open-send"' in html
    assert GIVEN["words"] in html
    clock.shift(3)
    again = re.search(r'name="shown" value="([^"]+)"', html)[1]
    assert client.post(ADDRESS, {**GIVEN, "shown": again}).status_code == 302


def test_the_signature_of_another_form_is_none(client, clock, survey):
    PostFactory()
    shown = client.get("/newsletter/").context["form"].initial["shown"]
    assert send(client, clock, shown=shown).status_code == 422
    assert send(client, clock, shown="form:forged:forged").status_code == 422
    assert not OpenView.objects.exists()


def test_one_connection_offers_ten_views_an_hour(client, clock, survey):
    for number in range(FROM_ONE_CONNECTION):
        assert send(client, clock, email=f"a{number}@example.org").status_code == 302
    page = send(client, clock, email="late@example.org")
    assert page.status_code == 429
    assert "Many views came from your connection" in text_of(page)
    assert GIVEN["words"] in page.content.decode()
    assert OpenView.objects.count() == FROM_ONE_CONNECTION
    assert send(client, clock, email="late@example.org", address="192.0.2.9").status_code == 302


def test_one_address_is_mailed_five_times_a_day_and_told_the_same_after(client, clock, survey):
    for number in range(TO_ONE_ADDRESS + 2):
        assert send(client, clock, words=f"View {number}.", address=f"192.0.2.{number}").status_code == 302
    assert OutgoingMail.objects.count() == TO_ONE_ADDRESS == OpenView.objects.count()


def test_another_sites_page_cannot_offer_anything(client, clock, survey):
    shown = client.get(ADDRESS).context["form"].initial["shown"]
    clock.shift(30)
    page = client.post(ADDRESS, {**GIVEN, "shown": shown}, headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 403
    assert not OpenView.objects.exists()


# --- not taking


def test_a_survey_that_takes_none_looks_like_one_that_is_not_there(client, survey):
    SurveyFactory(slug="closed-door", title="Behind a closed door")
    pages = [client.get(f"/views/{slug}/{rest}") for slug in ("closed-door", "nowhere") for rest in ("", "offered/")]
    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1
    assert "No views are taken here" in text_of(pages[0])
    assert "closed door" not in text_of(pages[0])


def test_what_arrives_after_the_invitation_ended_can_be_copied(client, clock, survey):
    shown = client.get(ADDRESS).context["form"].initial["shown"]
    survey.takes_open_views = False
    survey.save()
    clock.shift(30)
    page = client.post(ADDRESS, {**GIVEN, "words": "<i>Mine</i>", "shown": shown})
    assert page.status_code == 409
    assert "&lt;i&gt;Mine&lt;/i&gt;" in page.content.decode()
    assert not OpenView.objects.exists()


# --- the author's own page


def test_opening_the_link_changes_nothing_and_pressing_the_button_confirms(survey):
    browser = Client(enforce_csrf_checks=True)
    view = OpenViewFactory(survey=survey, state=State.UNCONFIRMED, confirmed_at=None)
    before = every_row()
    for _again in range(3):
        assert "Yes, this is my view" in text_of(browser.get(own_page(view)))
        browser.head(own_page(view))
    assert every_row() == before
    done = browser.post(own_page(view), {"action": "confirm"})
    assert (done.status_code, done["Location"]) == (303, own_page(view))
    view.refresh_from_db()
    assert view.state == State.PENDING
    assert "the editors will read it" in text_of(browser.get(own_page(view)))


@pytest.mark.parametrize("state", [state for state in State if state != State.WITHDRAWN])
def test_the_page_says_where_the_view_stands_and_offers_to_withdraw_it(client, survey, state):
    view = OpenViewFactory(survey=survey, state=state, words="Graphite decides it.")
    text = text_of(client.get(own_page(view)))
    assert "Graphite decides it." in text
    assert "(reader)" in text
    assert "Withdraw my view" in text
    assert ("Yes, this is my view" in text) == (state == State.UNCONFIRMED)
    assert client.post(own_page(view), {"action": "withdraw"}).status_code == 303
    gone = text_of(client.get(own_page(view)))
    assert "You have withdrawn your view" in gone
    assert "Graphite" not in gone
    assert "Withdraw my view" not in gone


def test_the_reason_of_a_rejection_is_for_staff(client, survey):
    view = OpenViewFactory(survey=survey, state=State.REJECTED, decision_reason="A competitor’s advertisement.")
    assert "competitor" not in text_of(client.get(own_page(view)))


def test_an_unknown_button_changes_nothing(client, survey):
    view = OpenViewFactory(survey=survey, state=State.UNCONFIRMED)
    for data in ({}, {"action": "approve"}):
        assert client.post(own_page(view), data).status_code == 400
    view.refresh_from_db()
    assert view.state == State.UNCONFIRMED


def test_the_page_is_kept_and_indexed_by_nobody_and_takes_one_query(client, survey, django_assert_num_queries):
    view = OpenViewFactory(survey=survey)
    with django_assert_num_queries(1):
        known = client.get(own_page(view))
    for page, status in ((known, 200), (client.get("/v/wrong/"), 404)):
        assert page.status_code == status
        assert page["Cache-Control"] == "no-store"
        assert page["X-Robots-Tag"] == "noindex"
        assert page["Referrer-Policy"] == "same-origin"
        assert not page.cookies
    assert (
        client.post(own_page(view), {"action": "withdraw"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    )
    view.refresh_from_db()
    assert view.state == State.PENDING


def test_a_link_of_another_kind_opens_nothing(client, survey):
    view = OpenViewFactory(survey=survey, state=State.UNCONFIRMED)
    token = links.token("answer", view.link_nonce)
    assert client.post(f"/v/{token}/", {"action": "confirm"}).status_code == 404
    view.refresh_from_db()
    assert view.state == State.UNCONFIRMED


def test_trying_out_links_is_slowed_down(client, survey):
    view = OpenViewFactory(survey=survey)
    for _attempt in range(WRONG_LINKS):
        assert client.get("/v/wrong/").status_code == 404
    assert client.get("/v/wrong/").status_code == 429
    assert client.get(own_page(view)).status_code == 200, "a right link is never refused"


# --- the way there


def test_the_page_of_the_series_links_to_the_surveys_that_take_views(client, survey):
    series = SeriesFactory(slug="race", invitation="")
    PostFactory(series=series, part=1)
    survey.series = series
    survey.save()
    SurveyFactory(series=series, slug="silent")
    page = client.get("/series/race/").content.decode()
    assert f'href="{ADDRESS}"' in page
    assert "Take part" in page
    assert "/views/silent/" not in page
    assert [way.address for way in taking_part.ways_into(series)] == [ADDRESS]


def test_a_series_without_invitation_and_survey_says_nothing_of_taking_part(client):
    PostFactory(series=SeriesFactory(slug="race"), part=1)
    assert "Take part" not in client.get("/series/race/").content.decode()


def test_what_was_agreed_to_is_kept_as_it_stood_beside_the_box(client, survey, clock):
    page = client.get(ADDRESS)
    send(client, clock)
    agreed_to = OpenView.objects.get().agreed_to
    assert agreed_to.startswith("My view may be printed on this site as I wrote it")
    assert agreed_to in text_of(page)
