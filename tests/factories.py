"""Rows for tests, one factory for each model."""

from datetime import timedelta

import factory
from django.utils import timezone

from naatbatt.mail import links
from naatbatt.mail.models import OutgoingMail, Stream, Suppression
from posts.models import Author, Issue, Picture, Post, Series, Subscriber, Topic
from surveys.models import (
    Answer,
    Attribution,
    Contributor,
    Invitation,
    OpenView,
    Question,
    Response,
    Round,
    Sector,
    Survey,
)

# --- surveys ---------------------------------------------------------------------------------------------------------


class ContributorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contributor

    name = factory.Sequence("Sample Person {}".format)
    email = factory.Sequence("person{}@example.org".format)
    sector = Sector.INDUSTRY
    affiliation = "Example Cells"


class SurveyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Survey

    slug = factory.Sequence("survey-{}".format)
    title = "Can the United States catch up?"
    introduction = "We ask because it matters."


class RoundFactory(factory.django.DjangoModelFactory):
    """The next round of its survey, which opened an hour ago and closes in a week."""

    class Meta:
        model = Round

    survey = factory.SubFactory(SurveyFactory)
    number = factory.LazyAttribute(lambda row: row.survey.rounds.count() + 1 if row.survey.pk else 1)
    opens_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))
    closes_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))
    zone = "America/New_York"


class QuestionFactory(factory.django.DjangoModelFactory):
    """An agree/disagree statement, unless a kind is given."""

    class Meta:
        model = Question

    survey = factory.SubFactory(SurveyFactory)
    key = factory.Sequence("statement-{}".format)
    position = factory.Sequence(int)
    kind = "statement"
    prompt = "The United States can catch up in lithium-ion cells by 2035."


class InvitationFactory(factory.django.DjangoModelFactory):
    """On the panel; the invitation mail has not been written yet."""

    class Meta:
        model = Invitation

    survey_round = factory.SubFactory(RoundFactory)
    contributor = factory.SubFactory(ContributorFactory)
    link_nonce = factory.LazyFunction(links.new_nonce)
    link_digest = factory.LazyAttribute(lambda row: links.digest(links.token("answer", row.link_nonce)))


class ResponseFactory(factory.django.DjangoModelFactory):
    """A submitted response by name. `submitted_at=None` makes it a draft."""

    class Meta:
        model = Response

    invitation = factory.SubFactory(InvitationFactory)
    attribution = Attribution.NAMED
    version = 1
    submitted_at = factory.LazyFunction(timezone.now)


class AnswerFactory(factory.django.DjangoModelFactory):
    """The answer "agree" to a statement of the response's own survey, unless told otherwise."""

    class Meta:
        model = Answer

    response = factory.SubFactory(ResponseFactory)
    question = factory.SubFactory(
        QuestionFactory, survey=factory.SelfAttribute("..response.invitation.survey_round.survey")
    )
    value = "agree"


class OpenViewFactory(factory.django.DjangoModelFactory):
    """Confirmed, and waiting to be read by staff."""

    class Meta:
        model = OpenView

    survey = factory.SubFactory(SurveyFactory, takes_open_views=True)
    email = factory.Sequence("onlooker{}@example.org".format)
    name = factory.Sequence("Sample Onlooker {}".format)
    affiliation = "Example Weekly"
    words = factory.Sequence("The supply of graphite decides it ({}).".format)
    link_nonce = factory.LazyFunction(links.new_nonce)
    link_digest = factory.LazyAttribute(lambda row: links.digest(links.token("view", row.link_nonce)))
    state = OpenView.State.PENDING
    confirmed_at = factory.LazyFunction(timezone.now)


# --- mail ------------------------------------------------------------------------------------------------------------


class OutgoingMailFactory(factory.django.DjangoModelFactory):
    """A queued survey mail that is due now."""

    class Meta:
        model = OutgoingMail

    key = factory.Sequence("mail:{}".format)
    stream = Stream.SURVEY
    name = "staff_notice"
    to_address = factory.Sequence("reader{}@example.org".format)
    subject = "Four questions about cells"
    text = "Good day.\n"
    html = "<p>Good day.</p>"
    message_id = factory.Sequence("<{}@example.org>".format)


class SuppressionFactory(factory.django.DjangoModelFactory):
    """Asked for no mail at all."""

    class Meta:
        model = Suppression

    address = factory.Sequence("gone{}@example.org".format)
    reason = Suppression.Reason.UNSUBSCRIBED


# --- posts -----------------------------------------------------------------------------------------------------------


class AuthorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Author

    slug = factory.Sequence("author-{}".format)
    name = factory.Sequence("Sample Author {}".format)
    affiliation = "Example Institute"


class TopicFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Topic

    slug = factory.Sequence("topic-{}".format)
    name = factory.Sequence("Topic {}".format)


class SeriesFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Series

    slug = factory.Sequence("series-{}".format)
    title = "The Great Battery Race"
    standfirst = "Who makes the cells, and does it matter where?"
    questions = ["Can the United States catch up?", "Does it matter?"]


class PostFactory(factory.django.DjangoModelFactory):
    """Published a day ago. `published_at=None` makes a draft; `authors=[...]` and `topics=[...]` are set when given."""

    class Meta:
        model = Post
        skip_postgeneration_save = True

    slug = factory.Sequence("post-{}".format)
    title = factory.Sequence("Who makes the cells {}".format)
    standfirst = "Most of them come from one country."
    body = "The first paragraph.\n\nThe second paragraph."
    published_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=1))
    zone = "America/New_York"
    updated_at = factory.LazyAttribute(lambda row: row.published_at or timezone.now())

    @factory.post_generation
    def authors(self, create, extracted, **kwargs):
        if create and extracted:
            self.authors.set(extracted)

    @factory.post_generation
    def topics(self, create, extracted, **kwargs):
        if create and extracted:
            self.topics.set(extracted)


class PictureFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Picture

    slug = factory.Sequence("picture-{}".format)
    file = factory.django.ImageField(width=8, height=4, format="PNG")
    alt = "A pouch cell on a bench"


class SubscriberFactory(factory.django.DjangoModelFactory):
    """Confirmed a week ago."""

    class Meta:
        model = Subscriber

    email = factory.Sequence("subscriber{}@example.org".format)
    state = Subscriber.State.CONFIRMED
    confirmed_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=7))
    link_nonce = factory.LazyFunction(links.new_nonce)
    confirm_digest = factory.LazyAttribute(lambda row: links.digest(links.token("confirm", row.link_nonce)))
    unsubscribe_digest = factory.LazyAttribute(lambda row: links.digest(links.token("unsubscribe", row.link_nonce)))


class IssueFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Issue

    post = factory.SubFactory(PostFactory)
    subject = "Who makes the cells"
    zone = "America/New_York"
