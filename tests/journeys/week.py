"""One week of the series in small, through the real verbs: what the journeys start from.

`Week().until("submitted")` plays everything up to and including that moment. The cast: Ines answers everything,
Ari leaves a draft, Gus declines, Noa never replies; Rita has confirmed the newsletter, Pete has not yet. Two readers
offer a view: Olga, who confirms it and is printed, and Paul, whose mail lies unopened.
"""

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from posts import newsletter, publishing
from posts.models import Issue, Post, Series, Subscriber
from surveys import invitations, moderation, open_views, responses, rounds
from surveys.models import (
    Answer,
    Attribution,
    Contributor,
    Invitation,
    OpenView,
    Question,
    Round,
    Sector,
    Snapshot,
    Survey,
)
from surveys.responses import Entry

MOMENTS = (
    "published_before", "subscribed", "prepared", "invited", "offered", "drafted", "submitted", "declined", "moderated",
    "closed", "published",
)  # fmt: skip

QUESTIONS = [
    {"key": "catch-up", "kind": "statement", "prompt": "The United States can catch up in lithium-ion cells by 2035."},
    {
        "key": "where",
        "kind": "single_choice",
        "prompt": "Where should the next cell plant be built?",
        "options": [{"key": "midwest", "label": "Midwest"}, {"key": "south", "label": "South"}],
    },
    {
        "key": "hurdles",
        "kind": "multiple_choice",
        "prompt": "Which hurdles matter most?",
        "options": [{"key": "cost", "label": "Cost"}, {"key": "skills", "label": "Workforce"}],
    },
    {
        "key": "share",
        "kind": "number",
        "prompt": "What share of cells will be made in the United States in 2035?",
        "settings": {"unit": "%", "minimum": 0, "maximum": 100},
    },
    {"key": "view", "kind": "text", "prompt": "What would you tell the next administration?"},
]


class Week:
    series: Series
    post: Post
    confirmed_subscriber: Subscriber
    pending_subscriber: Subscriber
    survey: Survey
    survey_round: Round
    panel: list[Contributor]
    asked: dict[str, Invitation]
    offers: dict[str, OpenView]
    snapshot: Snapshot
    compiled: Post
    issue: Issue

    def until(self, moment: str) -> "Week":
        for name in MOMENTS[: MOMENTS.index(moment) + 1]:
            getattr(self, name)()
        return self

    def published_before(self) -> None:
        self.staff = get_user_model().objects.create_superuser("staff", "staff@example.org", "a long enough secret")
        self.series = Series.objects.create(
            slug="race", title="The Race", standfirst="Who makes the cells?", questions=["Can the US catch up?"]
        )
        self.post = publishing.publish(
            post=publishing.draft(
                title="The question", standfirst="Why we ask.", body="## First\n\nWords.[^1]\n\n[^1]: A source.\n",
                series=self.series, part=1,
            )
        )  # fmt: skip

    def subscribed(self) -> None:
        self.confirmed_subscriber = newsletter.subscribe(email="rita@example.org")
        newsletter.confirm(subscriber=self.confirmed_subscriber)
        self.pending_subscriber = newsletter.subscribe(email="pete@example.org")

    def prepared(self) -> None:
        now = timezone.now()
        self.survey = Survey.objects.create(
            slug="race", title="The race: a first asking", introduction="We ask because it matters.",
            series=self.series, takes_open_views=True,
        )  # fmt: skip
        for position, fields in enumerate(QUESTIONS):
            Question.objects.create(survey=self.survey, position=position, **fields)
        self.survey_round = Round.objects.create(
            survey=self.survey, opens_at=now - timedelta(minutes=1), closes_at=now + timedelta(days=7),
            zone="America/New_York",
        )  # fmt: skip
        self.panel = [
            Contributor.objects.create(
                name=f"Sample {name}", email=f"{name.lower()}@example.org", sector=sector, affiliation=f"Sample {place}"
            )
            for name, sector, place in [
                ("Ines", Sector.INDUSTRY, "Cells"),
                ("Ari", Sector.ACADEMIA, "University"),
                ("Gus", Sector.GOVERNMENT, "Agency"),
                ("Noa", Sector.INDUSTRY, "Packs"),
            ]
        ]

    def invited(self) -> None:
        asked = invitations.invite(survey_round=self.survey_round, contributors=self.panel)
        self.asked = {invitation.contributor.name.removeprefix("Sample "): invitation for invitation in asked}
        invitations.solicit(survey_round=self.survey_round)

    def offered(self) -> None:
        self.offers = {
            name: open_views.offer(
                survey=self.survey, email=f"{name.lower()}@example.org", name=f"Sample {name}",
                affiliation="Sample Weekly", words=f"{name} thinks that graphite decides it.",
            )
            for name in ("Olga", "Paul")
        }  # fmt: skip
        open_views.confirm(view=self.offers["Olga"])

    def drafted(self) -> None:
        responses.save(
            invitation=self.asked["Ari"], entries={"catch-up": Entry(value="agree", confidence=4)},
            attribution=Attribution.SECTOR, submit=False,
        )  # fmt: skip

    def submitted(self) -> None:
        entries = {
            "catch-up": Entry(value="strongly_agree", confidence=9, comment="Plants are being built."),
            "where": Entry(value="south"),
            "hurdles": Entry(value=["cost", "skills"]),
            "share": Entry(value=30),
            "view": Entry(value="Train people first."),
        }
        responses.save(invitation=self.asked["Ines"], entries=entries, attribution=Attribution.NAMED, submit=True)

    def declined(self) -> None:
        invitations.decline(invitation=self.asked["Gus"], reason="Not my field.")

    def moderated(self) -> None:
        for answer in Answer.objects.awaiting_moderation():
            if answer.question.key == "view":
                moderation.propose_edit(answer=answer, by=self.staff, words="Train people first of all.")
            else:
                moderation.approve(answer=answer, by=self.staff)

        open_views.approve(view=self.offers["Olga"])

    def closed(self) -> None:
        self.snapshot = rounds.close(survey_round=self.survey_round)

    def published(self) -> None:
        from surveys.tasks import compile_summaries

        compile_summaries()
        self.compiled = self.snapshot.summary.post
        publishing.publish(post=self.compiled)
        self.issue = newsletter.send_issue(issue=newsletter.prepare_issue(post=self.compiled))
