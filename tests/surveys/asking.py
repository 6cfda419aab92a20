"""A contributor who has been asked, for tests of the asking side."""

from django.urls import reverse

from naatbatt.mail import links
from surveys.models import Invitation, Section, Survey
from tests.factories import ContributorFactory, InvitationFactory, QuestionFactory, RoundFactory

EVERY_KIND = [
    {"key": "catch-up", "kind": "statement", "prompt": "The United States can catch up.", "required": True},
    {
        "key": "where",
        "kind": "single_choice",
        "prompt": "Where should the next plant be built?",
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
        "prompt": "What share of cells in 2035?",
        "settings": {"unit": "%", "minimum": 0, "maximum": 100},
    },
    {"key": "view", "kind": "text", "prompt": "What would you tell the next administration?"},
]

# What a browser posts for EVERY_KIND, answered in full.
ALL_ANSWERED = {
    "shown": ["catch-up", "where", "hurdles", "share", "view"],
    "q-catch-up": "agree",
    "q-catch-up-confidence": "8",
    "q-catch-up-comment": "Plants are being built.",
    "q-where": "south",
    "q-where-comment": "",
    "q-hurdles": ["cost", "skills"],
    "q-hurdles-comment": "",
    "q-share": "30",
    "q-share-comment": "",
    "q-view": "Train people first.",
    "attribution": "named",
}


def ask(*questions: dict, contributor: dict | None = None, **survey_round) -> Invitation:
    """Dr. Sample, asked these questions (one statement where none are given) in an open round.

    A question may name its section by its title.
    """
    survey_round = RoundFactory(**survey_round)
    for position, fields in enumerate(questions or EVERY_KIND[:1]):
        section = _section(survey_round.survey, fields["section"], position) if "section" in fields else None
        QuestionFactory(survey=survey_round.survey, position=position, **{**fields, "section": section})
    person = ContributorFactory(**{"name": "Dr. Sample", "affiliation": "Example Cells", **(contributor or {})})
    return InvitationFactory(survey_round=survey_round, contributor=person)


def _section(survey: Survey, title: str, position: int) -> Section:
    usual = {"title": title, "position": position, "introduction": f"About *{title.lower()}*."}
    return Section.objects.get_or_create(survey=survey, key=title.lower().replace(" ", "-"), defaults=usual)[0]


def token(invitation: Invitation) -> str:
    """What the invitation mail carries in place of the mark."""
    return links.token("answer", invitation.link_nonce)


def page_of(invitation: Invitation, name: str | int = "answer") -> str:
    """The address of one of the pages behind a personal link; a number is a page of the questionnaire."""
    if isinstance(name, int):
        return reverse("surveys:page", args=[token(invitation), name])
    return reverse(f"surveys:{name}", args=[token(invitation)])
