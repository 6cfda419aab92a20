"""The publication: series, posts, their authors and topics, and the people who asked for them by mail."""

from datetime import datetime
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from naatbatt.mail.models import normalise
from naatbatt.zones import association_zone, validate_zone


class Author(models.Model):
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    affiliation = models.CharField(_("affiliation"), max_length=160, blank=True)
    bio = models.TextField(_("biography"), blank=True, help_text=_("Markdown."))

    class Meta:
        verbose_name = _("author")
        verbose_name_plural = _("authors")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("posts:author", args=[self.slug])


class Topic(models.Model):
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("posts:topic", args=[self.slug])


class SeriesQuerySet(models.QuerySet["Series"]):
    def begun(self) -> Self:
        """Readers know of a series from its first published post on."""
        return self.filter(pk__in=Post.objects.published().exclude(series=None).values("series"))


class Series(models.Model):
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=160)
    standfirst = models.TextField(_("standfirst"), help_text=_("What the series is about, in one or two sentences."))
    questions = models.JSONField(
        _("central questions"), default=list, blank=True, help_text=_("The questions of the series, a list of texts.")
    )
    invitation = models.TextField(
        _("open invitation"), blank=True, help_text=_("Markdown. How readers may take part, shown on the series' page.")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects = SeriesQuerySet.as_manager()

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("posts:series", args=[self.slug])


class PostQuerySet(models.QuerySet["Post"]):
    def published(self, now: datetime | None = None) -> Self:
        """The only definition of "published"; views, feeds, sitemap, search and mail all ask here."""
        return self.filter(published_at__isnull=False, published_at__lte=now or timezone.now())

    def scheduled(self, now: datetime | None = None) -> Self:
        return self.filter(published_at__gt=now or timezone.now())

    def drafts(self) -> Self:
        return self.filter(published_at__isnull=True)

    def listed(self) -> Self:
        """With everything a list of posts shows, in a fixed number of queries, newest first."""
        return self.select_related("series").prefetch_related("authors", "topics").order_by("-published_at", "-pk")

    def in_order(self) -> Self:
        """As `listed`, in the order of a series: by part, and what has no part after them."""
        return self.listed().order_by(models.F("part").asc(nulls_last=True), "published_at", "pk")

    def search(self, text: str) -> Self:
        """Posts that hold every word of `text` in title, standfirst or body."""
        found = self
        for word in text.split()[:8]:
            found = found.filter(
                models.Q(title__icontains=word) | models.Q(standfirst__icontains=word) | models.Q(body__icontains=word)
            )
        return found


class Post(models.Model):
    """One article. Its HTML is rendered on read from `body` (posts/prose.py) and cached by content."""

    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    title = models.CharField(_("title"), max_length=200)
    standfirst = models.TextField(_("standfirst"), help_text=_("The article in one or two sentences, below the title."))
    body = models.TextField(_("body"), help_text=_("Markdown."), blank=True)
    series = models.ForeignKey(
        Series, verbose_name=_("series"), related_name="posts", null=True, blank=True, on_delete=models.PROTECT
    )
    part = models.PositiveSmallIntegerField(
        _("part"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(999)],
        help_text=_("Its place in the series."),
    )
    authors = models.ManyToManyField(Author, verbose_name=_("authors"), related_name="posts", blank=True)
    topics = models.ManyToManyField(Topic, verbose_name=_("topics"), related_name="posts", blank=True)
    published_at = models.DateTimeField(
        _("published at"),
        null=True,
        blank=True,
        db_index=True,
        help_text=_("Empty: a draft. In the future: scheduled."),
    )
    zone = models.CharField(
        _("time zone"),
        max_length=60,
        default=association_zone,
        validators=[validate_zone],
        help_text=_("The zone in which the time of publication is meant."),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now)

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["series", "part"],
                name="post_part_once",
                violation_error_message=_("This series already has a post with that part number."),
            ),
            models.CheckConstraint(
                condition=models.Q(part__isnull=True) | models.Q(series__isnull=False),
                name="post_part_needs_series",
                violation_error_message=_("A part number needs a series."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("posts:post", args=[self.slug])

    def is_published(self, now: datetime | None = None) -> bool:
        return self.published_at is not None and self.published_at <= (now or timezone.now())


class Picture(models.Model):
    """An uploaded image, decoded, bounded and re-encoded before it is kept (posts/pictures.py)."""

    slug = models.SlugField(
        _("slug"), max_length=80, unique=True, help_text=_("In a body: ![description](picture:slug).")
    )
    file = models.ImageField(_("file"), upload_to="pictures/", width_field="width", height_field="height")
    alt = models.CharField(
        _("description"), max_length=300, help_text=_("What the picture shows, for those who cannot see it.")
    )
    credit = models.CharField(_("credit"), max_length=160, blank=True)
    width = models.PositiveIntegerField(_("width"), editable=False, default=0)
    height = models.PositiveIntegerField(_("height"), editable=False, default=0)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def confirmed(self) -> Self:
        return self.filter(state=Subscriber.State.CONFIRMED)


class Subscriber(models.Model):
    """Someone who asked for the newsletter. Only a press of the button in the confirmation mail confirms."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending (has not confirmed yet)")
        CONFIRMED = "confirmed", _("confirmed")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")

    email = models.EmailField(_("address"), max_length=254)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.PENDING)
    # Personal links (naatbatt/mail/links.py): two purposes of one nonce, so that a forwarded newsletter, which can
    # unsubscribe, can never subscribe.
    link_nonce = models.CharField(max_length=26, editable=False)
    confirm_digest = models.CharField(max_length=64, unique=True, editable=False)
    unsubscribe_digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("asked at"), default=timezone.now)
    confirmations = models.PositiveSmallIntegerField(_("confirmation mails written"), default=0, editable=False)
    confirmation_sent_at = models.DateTimeField(_("confirmation mail sent at"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    unsubscribed_at = models.DateTimeField(_("unsubscribed at"), null=True, blank=True)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(Lower("email"), name="subscriber_once")]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normalise(self.email)
        super().save(*args, **kwargs)


class IssueQuerySet(models.QuerySet["Issue"]):
    def due(self, now: datetime | None = None) -> Self:
        return self.filter(state=Issue.State.SCHEDULED, send_at__lte=now or timezone.now())

    def due_or_sending(self) -> Self:
        """What is to go out now: its time has come, or a worker began it."""
        return self.filter(
            models.Q(state=Issue.State.SENDING) | models.Q(state=Issue.State.SCHEDULED, send_at__lte=timezone.now())
        )


class Issue(models.Model):
    """One mailing of the newsletter: a published post, sent once to an audience frozen at its start."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SCHEDULED = "scheduled", _("scheduled")
        HELD = "held", _("held (waits for a person to release it)")
        SENDING = "sending", _("sending")
        SENT = "sent", _("handed to the outbox")

    post = models.OneToOneField(Post, verbose_name=_("post"), related_name="issue", on_delete=models.PROTECT)
    subject = models.CharField(_("subject"), max_length=200)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    send_at = models.DateTimeField(_("send at"), null=True, blank=True)
    zone = models.CharField(_("time zone"), max_length=60, default=association_zone, validators=[validate_zone])
    held_because = models.CharField(_("why it is held"), max_length=250, blank=True, editable=False)
    frozen_at = models.DateTimeField(_("audience frozen at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = _("issue")
        verbose_name_plural = _("issues")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.subject


class IssueRecipient(models.Model):
    """One of the frozen audience. `mail` is filled as the outbox takes it."""

    issue = models.ForeignKey(Issue, related_name="recipients", on_delete=models.CASCADE)
    subscriber = models.ForeignKey(Subscriber, related_name="+", null=True, on_delete=models.SET_NULL)
    mail = models.OneToOneField("mail.OutgoingMail", related_name="+", null=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "subscriber"], name="issue_recipient_once")]

    def __str__(self) -> str:
        return f"{self.issue_id}/{self.subscriber_id}"
