"""The publication for staff."""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from naatbatt.mail.models import OutgoingMail
from posts import newsletter, tasks
from posts.models import Issue, Picture, Post, Series, Subscriber
from tests.factories import (
    AuthorFactory,
    IssueFactory,
    PictureFactory,
    PostFactory,
    SeriesFactory,
    SubscriberFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 3, 14, tzinfo=UTC)


def url(name, *args):
    return reverse(f"admin:posts_{name}", args=args)


def form_of(post, **changes):
    values = {
        "title": post.title,
        "slug": post.slug,
        "standfirst": post.standfirst,
        "body": post.body,
        "series": post.series_id or "",
        "part": post.part or "",
        "authors": [],
        "topics": [],
        "published_at_0": "",
        "published_at_1": "",
        "zone": post.zone,
    }
    return {**values, **changes}


def save(admin_client, post, **changes):
    return admin_client.post(url("post_change", post.pk), form_of(post, **changes))


def act(admin_client, model, action, *rows):
    return admin_client.post(
        url(f"{model}_changelist"), {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True
    )


def said(page):
    return [str(message) for message in page.context["messages"]]


def errors(page):
    return page.context["adminform"].form.errors


# --- posts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "make", "queries"),
    [
        ("post", lambda: PostFactory(series=SeriesFactory(), part=1, authors=[AuthorFactory()]), 7),
        ("series", lambda: PostFactory(series=SeriesFactory(), part=1), 5),
        ("issue", IssueFactory, 5),
        ("subscriber", SubscriberFactory, 7),
        ("picture", PictureFactory, 5),
        ("author", AuthorFactory, 5),
        ("topic", TopicFactory, 5),
    ],
)
def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(
    admin_client, name, make, queries, django_assert_num_queries
):
    make()
    with django_assert_num_queries(queries):
        assert admin_client.get(url(f"{name}_changelist")).status_code == 200
    make()
    make()
    with django_assert_num_queries(queries):
        admin_client.get(url(f"{name}_changelist"))


@pytest.mark.parametrize("name", ["post", "series", "issue", "picture", "author", "topic"])
def test_every_form_opens(admin_client, name):
    issue = IssueFactory(post=PostFactory(series=SeriesFactory(), part=1, authors=[AuthorFactory()]))
    row = {
        "post": issue.post, "issue": issue, "series": issue.post.series, "author": issue.post.authors.get(),
        "topic": TopicFactory(), "picture": PictureFactory(),
    }[name]  # fmt: skip
    assert admin_client.get(url(f"{name}_add")).status_code == 200
    assert admin_client.get(url(f"{name}_change", row.pk)).status_code == 200


def test_the_list_says_state_and_time_with_its_zone(admin_client):
    PostFactory(published_at=datetime(2026, 7, 1, 16, tzinfo=UTC), zone="Europe/Berlin")
    PostFactory(published_at=timezone.now() + timedelta(days=400))
    PostFactory(published_at=None)
    page = admin_client.get(url("post_changelist")).content.decode()
    assert "July 1, 2026, 6 p.m. CEST" in page
    for state, count in (("drafts", 1), ("scheduled", 1), ("published", 1)):
        assert admin_client.get(url("post_changelist") + f"?state={state}").context["cl"].result_count == count


def test_a_time_is_meant_in_the_posts_own_zone(admin_client):
    post = PostFactory(published_at=None, zone="Europe/Berlin")
    page = save(admin_client, post, published_at_0="2030-07-01", published_at_1="09:00")
    assert page.status_code == 302
    post.refresh_from_db()
    assert post.published_at == post.updated_at == datetime(2030, 7, 1, 7, tzinfo=UTC)
    shown = admin_client.get(url("post_change", post.pk)).content.decode()
    assert 'name="published_at_1" value="09:00"' in shown


@pytest.mark.parametrize(
    ("day", "message"),
    [("2030-03-10", "does not exist in America/New_York"), ("2030-11-03", "comes twice in America/New_York")],
)
def test_a_time_that_the_clocks_skip_or_repeat_is_refused(admin_client, day, message):
    post = PostFactory(published_at=None)
    clock = "02:30" if "not" in message else "01:30"
    page = save(admin_client, post, published_at_0=day, published_at_1=clock)
    assert message in errors(page)["published_at"][0]
    post.refresh_from_db()
    assert post.published_at is None
    assert save(admin_client, post, published_at_0=day, published_at_1="03:30").status_code == 302


def test_half_a_time_is_refused_rather_than_taken_for_none(admin_client):
    post = PostFactory(published_at=None)
    assert errors(save(admin_client, post, published_at_0="2030-07-01"))["published_at"] == ["Enter the time too."]
    assert errors(save(admin_client, post, published_at_1="09:00"))["published_at"] == ["Enter the date too."]


def test_saving_a_post_published_in_a_repeated_hour_keeps_its_instant(admin_client):
    at = datetime(2025, 11, 2, 6, 30, 15, 123456, tzinfo=UTC)  # the second 01:30 of that night
    post = PostFactory(published_at=at)
    page = save(admin_client, post, published_at_0="2025-11-02", published_at_1="01:30", title="Edited")
    assert page.status_code == 302
    post.refresh_from_db()
    assert (post.title, post.published_at) == ("Edited", at)


def test_an_unknown_zone_is_refused(admin_client):
    page = save(admin_client, PostFactory(), zone="Mars/Base")
    assert "“Mars/Base” is not a time zone" in errors(page)["zone"][0]


def test_a_published_post_must_come_out_whole(admin_client):
    post = PostFactory(published_at=None)
    broken = "a\n\n```chart\ntitle = 1\n```"
    page = save(admin_client, post, body=broken, published_at_0="2026-01-01", published_at_1="09:00")
    assert "Line 4" in errors(page)["body"][0]
    page = admin_client.post(url("post_change", post.pk), form_of(post, body=broken), follow=True)
    assert any("Line 4" in message for message in said(page))  # a draft may wait
    post.refresh_from_db()
    assert post.body == broken


def test_only_a_change_that_readers_see_is_an_update(admin_client):
    with time_machine.travel(NOW, tick=False):
        post = PostFactory(published_at=NOW - timedelta(days=3))
        published = {"published_at_0": "2026-10-31", "published_at_1": "10:00"}
        save(admin_client, post, **published, slug="another-slug")
        post.refresh_from_db()
        assert post.updated_at == NOW - timedelta(days=3)
        save(admin_client, post, **published, body="Edited.")
        post.refresh_from_db()
        assert post.updated_at == NOW
        save(admin_client, post, **published, authors=[AuthorFactory().pk])
        post.refresh_from_db()
        assert (post.updated_at, post.authors.count()) == (NOW, 1)


def test_a_part_number_that_is_taken_is_refused(admin_client):
    first = PostFactory(series=SeriesFactory(), part=1)
    page = save(admin_client, PostFactory(published_at=None), series=first.series_id, part=1)
    assert "already has a post with that part number" in str(errors(page))


def test_staff_preview_a_draft_and_nobody_else_does(admin_client, client):
    post = PostFactory(published_at=None, body="```chart\ntitle = 1\n```", series=SeriesFactory(), part=3)
    address = url("post_preview", post.pk)
    page = admin_client.get(address)
    assert page.status_code == 200
    text = page.content.decode()
    assert "This post is a draft." in text
    assert "Line 2" in text  # what is wrong is explained here
    assert "Part 3 of 3" in text
    assert 'content="noindex"' in text
    assert client.get(address).status_code == 302
    assert address in admin_client.get(url("post_change", post.pk)).content.decode()
    assert address in admin_client.get(url("post_changelist")).content.decode()


def test_staff_without_the_right_to_posts_see_no_preview(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("helper", password="x", is_staff=True))
    assert client.get(url("post_preview", PostFactory(published_at=None).pk)).status_code == 403


def test_actions_publish_and_withdraw(admin_client):
    good = PostFactory(published_at=None)
    broken = PostFactory(published_at=None, title="Broken", body="```chart\n```")
    page = act(admin_client, "post", "publish_now", good, broken)
    assert "1 post is public." in said(page)
    assert any(message.startswith("Broken: Line") for message in said(page))
    good.refresh_from_db()
    assert good.is_published()
    assert said(act(admin_client, "post", "withdraw", good, broken)) == ["2 posts are drafts again."]
    assert Post.objects.drafts().count() == 2


def test_an_action_prepares_one_issue(admin_client):
    post = PostFactory()
    for _ in range(2):
        (message,) = said(act(admin_client, "post", "prepare_issue", post))
    assert url("issue_change", Issue.objects.get().pk) in message


# --- series, pictures ------------------------------------------------------------------------------------------------


def test_questions_are_written_one_a_line(admin_client):
    series = SeriesFactory(questions=["One?", "Two?"])
    page = admin_client.get(url("series_change", series.pk)).content.decode()
    assert re.search(r"<textarea[^>]*name=\"questions\"[^>]*>\s*One\?\nTwo\?</textarea>", page)
    values = {"title": "T", "slug": "t", "standfirst": "S", "questions": " First? \r\n\r\nSecond?", "invitation": ""}
    assert admin_client.post(url("series_change", series.pk), values).status_code == 302
    assert Series.objects.get().questions == ["First?", "Second?"]


def test_an_invitation_with_a_broken_figure_is_refused(admin_client):
    values = {"title": "T", "slug": "t", "standfirst": "S", "questions": "", "invitation": "```chart\n```"}
    page = admin_client.post(url("series_add"), values)
    assert "Line 2" in errors(page)["invitation"][0]


def test_an_upload_is_written_anew_and_an_edit_leaves_it(admin_client):
    file = io.BytesIO()
    Image.new("RGB", (2000, 1000)).save(file, "PNG")
    values = {"slug": "cell", "alt": "A cell", "credit": "", "file": SimpleUploadedFile("x.png", file.getvalue())}
    assert admin_client.post(url("picture_add"), values).status_code == 302
    picture = Picture.objects.get()
    assert (picture.width, picture.height) == (1600, 800)
    assert re.fullmatch(r"pictures/[0-9a-f]{20}(_\w+)?\.webp", picture.file.name)
    name = picture.file.name
    admin_client.post(url("picture_change", picture.pk), {"slug": "cell", "alt": "A better word", "credit": ""})
    picture.refresh_from_db()
    assert (picture.file.name, picture.alt) == (name, "A better word")


def test_an_upload_that_is_no_picture_is_refused(admin_client):
    values = {"slug": "x", "alt": "x", "credit": "", "file": SimpleUploadedFile("x.png", b"<svg onload=alert(1)>")}
    page = admin_client.post(url("picture_add"), values)
    assert "file" in errors(page)
    assert not Picture.objects.exists()


# --- subscribers -----------------------------------------------------------------------------------------------------


def test_staff_put_nobody_on_the_list_and_see_no_secret(admin_client):
    subscriber = SubscriberFactory(state=Subscriber.State.PENDING)
    email = subscriber.email
    assert admin_client.get(url("subscriber_add")).status_code == 403
    page = admin_client.get(url("subscriber_change", subscriber.pk)).content.decode()
    for secret in (subscriber.link_nonce, subscriber.confirm_digest, subscriber.unsubscribe_digest):
        assert secret not in page
    admin_client.post(url("subscriber_change", subscriber.pk), {"state": "confirmed", "email": "b@example.org"})
    subscriber.refresh_from_db()
    assert (subscriber.state, subscriber.email) == ("pending", email)
    assert said(act(admin_client, "subscriber", "unsubscribe", subscriber))[-1] == "1 address is unsubscribed."
    subscriber.refresh_from_db()
    assert subscriber.state == "unsubscribed"


# --- issues ----------------------------------------------------------------------------------------------------------


def test_an_issue_is_prepared_scheduled_and_unscheduled_by_its_form(admin_client):
    post = PostFactory(title="Cells")
    empty = {"subject": "", "send_at_0": "", "send_at_1": "", "zone": "America/New_York"}
    assert admin_client.post(url("issue_add"), {**empty, "post": post.pk}).status_code == 302
    issue = Issue.objects.get()
    assert (issue.subject, issue.state) == ("Cells", "draft")
    change = url("issue_change", issue.pk)
    timed = {**empty, "subject": "Better", "send_at_0": "2030-07-01", "send_at_1": "09:00"}
    assert admin_client.post(change, timed).status_code == 302
    issue.refresh_from_db()
    assert (issue.state, issue.subject) == ("scheduled", "Better")
    assert issue.send_at == datetime(2030, 7, 1, 13, tzinfo=UTC)
    assert admin_client.post(change, {**timed, "send_at_0": "", "send_at_1": ""}).status_code == 302
    issue.refresh_from_db()
    assert (issue.state, issue.send_at) == ("draft", None)


def test_an_issue_cannot_be_scheduled_into_the_past(admin_client):
    issue = IssueFactory()
    values = {"subject": "x", "send_at_0": "2020-07-01", "send_at_1": "09:00", "zone": "America/New_York"}
    assert "has passed" in errors(admin_client.post(url("issue_change", issue.pk), values))["send_at"][0]


def test_a_form_left_open_does_not_undo_a_sending(admin_client):
    issue = IssueFactory(state=Issue.State.SENT, subject="As sent", frozen_at=NOW, send_at=NOW)
    values = {"subject": "x", "send_at_0": "2030-07-01", "send_at_1": "09:00", "zone": "America/New_York"}
    admin_client.post(url("issue_change", issue.pk), values)
    issue.refresh_from_db()
    assert (issue.state, issue.subject, issue.send_at) == ("sent", "As sent", NOW)
    assert admin_client.get(url("issue_delete", issue.pk)).status_code == 403


def test_send_now_sends_and_the_list_accounts_for_every_mail(
    admin_client, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(tasks.send_issue, "apply_async", lambda args, **options: tasks.send_issue(*args))
    readers = [SubscriberFactory() for _ in range(4)]
    issue = newsletter.prepare_issue(post=PostFactory())
    with django_capture_on_commit_callbacks(execute=True):
        assert said(act(admin_client, "issue", "send_now", issue)) == [f"“{issue}” goes out now."]
    issue.refresh_from_db()
    assert issue.state == "sent"
    mails = OutgoingMail.objects.order_by("pk")
    for mail, state in zip(mails, ["sent", "suppressed", "failed", "queued"], strict=True):
        OutgoingMail.objects.filter(pk=mail.pk).update(state=state)
    (row,) = admin_client.get(url("issue_changelist")).context["cl"].queryset
    assert (row.n_audience, row.n_sent, row.n_suppressed, row.n_in_trouble, row.n_waiting) == (len(readers), 1, 1, 1, 1)
    assert admin_client.get(url("issue_change", issue.pk)).status_code == 200
    assert said(act(admin_client, "issue", "send_now", issue)) == [
        f"“{issue}” has gone out already: nobody gets it twice."
    ]


def test_send_now_needs_a_public_post(admin_client):
    issue = IssueFactory(post=PostFactory(title="Unfinished", published_at=None))
    assert said(act(admin_client, "issue", "send_now", issue)) == ["“Unfinished” is not public yet: publish it first."]
    issue.refresh_from_db()
    assert issue.state == "draft"


@pytest.mark.django_db(transaction=True)
def test_send_now_without_a_broker_leaves_it_to_the_timetable(admin_client, monkeypatch):
    def away(*args, **options):
        raise ConnectionError

    monkeypatch.setattr(tasks.send_issue, "apply_async", away)
    issue = IssueFactory()
    assert act(admin_client, "issue", "send_now", issue).status_code == 200
    tasks.send_due_issues()
    issue.refresh_from_db()
    assert issue.state == "sent"


def test_only_what_is_held_is_released(admin_client, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(tasks.send_issue, "apply_async", lambda args, **options: tasks.send_issue(*args))
    held = IssueFactory(state=Issue.State.HELD, held_because="late", send_at=NOW - timedelta(days=1))
    draft = IssueFactory()
    with django_capture_on_commit_callbacks(execute=True):
        assert said(act(admin_client, "issue", "release", held, draft)) == [f"“{held}” goes out now."]
    held.refresh_from_db()
    draft.refresh_from_db()
    assert (held.state, held.held_because, draft.state) == ("sent", "", "draft")
