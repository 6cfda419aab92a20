import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone

from naatbatt.mail import links, outbox
from naatbatt.mail.models import OutgoingMail, Suppression, Switch
from tests.factories import OutgoingMailFactory, SuppressionFactory
from tests.rows import every_row

pytestmark = pytest.mark.django_db
State = OutgoingMail.State
LIST = reverse("admin:mail_outgoingmail_changelist")
SWITCH = reverse("admin:mail_switch_changelist")


def page_of(mail):
    return reverse("admin:mail_outgoingmail_change", args=[mail.pk])


def html_of(mail):
    return reverse("admin:mail_outgoingmail_html", args=[mail.pk])


@pytest.fixture
def reader(client):
    """Staff who may look and not touch."""
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="mail", codename__startswith="view_"))
    client.force_login(user)
    return client


@pytest.fixture
def mail():
    mark = links.mark("answer", links.new_nonce())
    return OutgoingMailFactory(
        subject="Four questions <1>",
        to_name="Ada Löwe",
        to_address="ada@example.org",
        text=f"Open https://blog.test/a/{mark}/ & answer\n",
        html=f'<p style="color: red">Open <a href="https://blog.test/a/{mark}/">it</a></p>',
        headers={"List-Unsubscribe": f"<https://blog.test/u/{mark}/>"},
    )


def test_the_list_shows_what_where_to_and_how_it_stands(admin_client, mail):
    page = admin_client.get(LIST).content.decode()
    for part in ("Four questions &lt;1&gt;", "Ada Löwe &lt;ada@example.org&gt;", "queued", "survey"):
        assert part in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_however_long_it_is(admin_client, django_assert_num_queries, count):
    OutgoingMailFactory.create_batch(count)
    with django_assert_num_queries(5):
        admin_client.get(LIST)


def test_a_mail_is_found_by_recipient_and_subject(admin_client, mail):
    OutgoingMailFactory(subject="Another", to_address="bob@example.org")
    for words in ("ada@", "Löwe", "questions"):
        page = admin_client.get(LIST, {"q": words}).content.decode()
        assert "ada@example.org" in page
        assert "bob@example.org" not in page


def test_a_mail_is_read_as_it_was_sent_but_for_its_personal_links(reader, mail):
    page = reader.get(page_of(mail)).content.decode()
    assert "Ada Löwe &lt;ada@example.org&gt;" in page
    assert mail.message_id.strip("<>") in page
    assert "auto-generated" in page
    assert "Open https://blog.test/a/••••••/ &amp; answer" in page
    assert "&lt;https://blog.test/u/••••••/&gt;" in page
    assert "link-mark" not in page


def test_the_html_is_framed_in_a_page_that_allows_its_styles_and_nothing_else(reader, mail):
    page = reader.get(page_of(mail))
    assert f'src="{html_of(mail)}" sandbox' in page.content.decode()
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    framed = reader.get(html_of(mail))
    assert 'style="color: red"' in framed.content.decode()
    assert "link-mark" not in framed.content.decode()
    policy = dict((part + " ").split(" ", 1) for part in framed["Content-Security-Policy"].split("; "))
    assert policy.pop("style-src").strip() == "'unsafe-inline'"
    assert policy.pop("frame-ancestors").strip() == "'self'"
    assert policy.pop("img-src").strip() == "'self' data:"
    assert policy.pop("sandbox").strip() == ""
    assert {value.strip() for value in policy.values()} == {"'none'"}
    assert framed["X-Frame-Options"] == "SAMEORIGIN"


def test_looking_changes_nothing(reader, mail):
    before = every_row()
    for address in (LIST, page_of(mail), html_of(mail), SWITCH, reverse("admin:mail_suppression_changelist")):
        assert reader.get(address).status_code == 200
        assert reader.head(address).status_code == 200
    assert every_row() == before


@pytest.mark.parametrize("address", [page_of, html_of])
def test_strangers_and_staff_without_the_right_see_no_mail(client, mail, address):
    assert client.get(address(mail)).status_code == 302
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    assert client.get(address(mail)).status_code == 403


def test_a_mail_that_is_not_there_is_said_politely(admin_client):
    assert admin_client.get(reverse("admin:mail_outgoingmail_change", args=[404])).status_code == 302
    assert admin_client.get(reverse("admin:mail_outgoingmail_html", args=[404])).status_code == 404


def test_nothing_about_a_mail_can_be_added_edited_or_deleted(admin_client, mail):
    assert admin_client.get(reverse("admin:mail_outgoingmail_add")).status_code == 403
    assert admin_client.post(reverse("admin:mail_outgoingmail_delete", args=[mail.pk])).status_code == 403
    admin_client.post(page_of(mail), {"subject": "Other"})
    mail.refresh_from_db()
    assert mail.subject == "Four questions <1>"


def act(client, action, *mails, **more):
    chosen = {"action": action, "_selected_action": [mail.pk for mail in mails], **more}
    return client.post(LIST, chosen, follow=True)


def test_a_failed_mail_is_tried_again_at_once_and_who_did_it_is_known(admin_client):
    failed, sent = OutgoingMailFactory(state=State.FAILED, attempts=9), OutgoingMailFactory(state=State.SENT)
    page = act(admin_client, "try_again", failed, sent).content.decode()
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == (State.QUEUED, 0)
    assert "1 mail: queued again. 1 other was left as it is." in page
    assert LogEntry.objects.get().object_id == str(failed.pk)


def test_an_uncertain_mail_is_sent_again_only_after_the_warning(admin_client):
    uncertain = OutgoingMailFactory(state=State.UNCERTAIN, outcome="The worker stopped.")
    page = act(admin_client, "try_again", uncertain).content.decode()
    assert "its recipient may get it twice" in page
    uncertain.refresh_from_db()
    assert uncertain.state == State.UNCERTAIN
    act(admin_client, "try_again", uncertain, confirmed="1")
    uncertain.refresh_from_db()
    assert uncertain.state == State.QUEUED


def test_a_waiting_mail_is_withdrawn(admin_client):
    waiting = OutgoingMailFactory()
    page = act(admin_client, "withdraw", waiting).content.decode()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.outcome) == (State.SUPPRESSED, "Withdrawn by staff.")
    assert "1 mail: withdrawn." in page


def test_the_page_of_a_stuck_mail_offers_what_can_be_done(admin_client):
    failed = admin_client.get(page_of(OutgoingMailFactory(state=State.FAILED))).content.decode()
    assert 'value="try_again"' in failed
    assert 'value="withdraw"' not in failed
    sent = admin_client.get(page_of(OutgoingMailFactory(state=State.SENT))).content.decode()
    assert 'name="action"' not in sent


def test_who_may_only_look_cannot_decide(reader):
    failed = OutgoingMailFactory(state=State.FAILED)
    assert 'value="try_again"' not in reader.get(page_of(failed)).content.decode()
    act(reader, "try_again", failed)
    failed.refresh_from_db()
    assert failed.state == State.FAILED


def test_a_suppression_is_entered_in_any_spelling_and_only_once(admin_client):
    address = reverse("admin:mail_suppression_add")
    given = {"address": "Ada@Example.org", "stream": "", "reason": "staff", "note": "asked by phone"}
    assert admin_client.post(address, given).status_code == 302
    assert Suppression.objects.get().address == "ada@example.org"
    assert "already exists" in admin_client.post(address, given).content.decode()
    assert Suppression.objects.count() == 1


def test_a_suppression_is_lifted_but_not_changed(admin_client):
    row = SuppressionFactory()
    admin_client.post(reverse("admin:mail_suppression_change", args=[row.pk]), {"reason": "bounced"})
    row.refresh_from_db()
    assert row.reason == "unsubscribed"
    admin_client.post(reverse("admin:mail_suppression_delete", args=[row.pk]), {"post": "yes"})
    assert not Suppression.objects.exists()


def test_the_switch_is_turned_with_a_reason_and_who_did_it_is_known(admin_client):
    admin_client.post(SWITCH, {"turn": "hold", "reason": "The survey is wrong"})
    assert outbox.is_held()
    page = admin_client.get(SWITCH).content.decode()
    assert "The survey is wrong" in page
    assert 'value="arm"' in page
    admin_client.post(SWITCH, {"turn": "arm"})
    assert not outbox.is_held()
    assert [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")] == [
        "Held: The survey is wrong",
        "Armed.",
    ]


def test_a_hold_without_words_says_who(admin_client):
    admin_client.post(SWITCH, {"turn": "hold", "reason": " "})
    assert Switch.objects.get().reason == "Held by admin."


def test_the_switch_shows_what_waits_and_when_mail_was_last_able_to_leave(admin_client):
    outbox.arm()
    OutgoingMailFactory.create_batch(2)
    OutgoingMailFactory(state=State.UNCERTAIN, settled_at=timezone.now())
    page = admin_client.get(SWITCH).content.decode()
    assert "2 mails wait." in page
    assert "1 mail is uncertain" in page
    assert "Mail was last able to leave on" in page


def test_who_may_only_look_cannot_turn_the_switch(reader):
    assert 'name="turn"' not in reader.get(SWITCH).content.decode()
    assert reader.post(SWITCH, {"turn": "hold"}).status_code == 403
    assert not outbox.is_held()
