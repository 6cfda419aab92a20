"""One week of the series in small, through the real verbs: what the journeys start from.

`Week().until("submitted")` plays everything up to and including that moment. The cast: Ines answers everything, has
second thoughts that she does not submit, and suggests a colleague; Ari leaves a draft and sends it late; Gus declines;
Noa puts it off and never replies. Rita has confirmed the newsletter, Pete has not yet. Two readers offer a view: Olga,
who confirms it and is printed, and Paul, whose mail lies unopened. In the end those who answered are asked again.
"""

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from posts import newsletter, publishing
from posts.models import Issue, Post, Series, Subscriber
from surveys import invitations, moderation, nominations, open_views, responses, rounds
from surveys.models import (
    Answer,
    Attribution,
    Contributor,
    Invitation,
    OpenView,
    Question,
    Round,
    Section,
    Sector,
    Snapshot,
    Survey,
)
from surveys.responses import Entry

MOMENTS = (
    "published_before", "subscribed", "prepared", "invited", "offered", "drafted", "submitted", "changed", "declined",
    "moderated", "closed", "sent_late", "published", "asked_again",
)  # fmt: skip

# On two pages; the second question is put to who disagrees.
SECTIONS = ("The race", "What would help")
QUESTIONS = [
    {
        "section": "The race",
        "key": "catch-up",
        "kind": "statement",
        "prompt": "The United States can catch up in lithium-ion cells by 2035.",
    },
    {
        "section": "The race",
        "key": "why-not",
        "kind": "text",
        "prompt": "What stands in the way?",
        "show_if": [{"question": "catch-up", "is": ["disagree", "strongly_disagree"]}],
    },
    {
        "section": "The race",
        "key": "where",
        "kind": "single_choice",
        "prompt": "Where should the next cell plant be built?",
        "options": [{"key": "midwest", "label": "Midwest"}, {"key": "south", "label": "South"}],
    },
    {
        "section": "What would help",
        "key": "hurdles",
        "kind": "multiple_choice",
        "prompt": "Which hurdles matter most?",
        "options": [{"key": "cost", "label": "Cost"}, {"key": "skills", "label": "Workforce"}],
    },
    {
        "section": "What would help",
        "key": "share",
        "kind": "number",
        "prompt": "What share of cells will be made in the United States in 2035?",
        "settings": {"unit": "%", "minimum": 0, "maximum": 100},
    },
    {
        "section": "What would help",
        "key": "view",
        "kind": "text",
        "prompt": "What would you tell the next administration?",
    },
]


class Week:
    series: Series
    post: Post
    confirmed_subscriber: Subscriber
    pending_subscriber: Subscriber
    survey: Survey
    survey_round: Round
    second_round: Round
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
        sections = {
            title: Section.objects.create(survey=self.survey, key=f"part-{position}", position=position, title=title)
            for position, title in enumerate(SECTIONS)
        }
        for position, fields in enumerate(QUESTIONS):
            section = sections[fields["section"]]
            Question.objects.create(survey=self.survey, position=position, **{**fields, "section": section})
        self.survey_round = Round.objects.create(
            survey=self.survey, opens_at=now - timedelta(minutes=1), closes_at=now + timedelta(days=14),
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

    def changed(self) -> None:
        responses.save(
            invitation=self.asked["Ines"], entries={"share": Entry(value=35), "where": Entry(value="midwest")},
            submit=False,
        )  # fmt: skip
        nominations.nominate(
            invitation=self.asked["Ines"], name="Sample Colleague", email="colleague@example.org", why="Builds lines."
        )

    def declined(self) -> None:
        because = Invitation.DeclinedBecause.NOT_MY_FIELD
        invitations.decline(invitation=self.asked["Gus"], because=because, reason="Ask the grid people.")
        invitations.postpone(invitation=self.asked["Noa"])

    def moderated(self) -> None:
        for answer in Answer.objects.awaiting_moderation():
            if answer.question.key == "view":
                moderation.propose_edit(answer=answer, by=self.staff, words="Train people first of all.")
            else:
                moderation.approve(answer=answer, by=self.staff)

        open_views.approve(view=self.offers["Olga"])

    def closed(self) -> None:
        self.snapshot = rounds.close(survey_round=self.survey_round)

    def sent_late(self) -> None:
        responses.save(
            invitation=self.asked["Ari"], entries={"share": Entry(value=12)}, attribution=Attribution.SECTOR,
            submit=True, late=True,
        )  # fmt: skip

    def published(self) -> None:
        from surveys.tasks import compile_summaries

        compile_summaries()
        self.compiled = self.snapshot.summary.post
        publishing.publish(post=self.compiled)
        self.issue = newsletter.send_issue(issue=newsletter.prepare_issue(post=self.compiled))

    def asked_again(self) -> None:
        following = rounds.proposed(self.survey_round)
        following.opens_at, following.closes_at = timezone.now(), timezone.now() + timedelta(days=7)
        self.second_round = rounds.follow(after=self.survey_round, following=following, answered_only=True)
        rounds.begin(survey_round=self.second_round)
