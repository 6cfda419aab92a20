"""What may be shown of answers, and to whom: the only way from an answer to anybody outside the staff.

Pages, charts, tables, mails, summaries and exports take figures from `shown` and words from `quotes`. There is no
second path to an answer's text or its author.

Threat model, as far as it goes now
-----------------------------------
*Who tries:* a reader with every public figure of a survey and a calculator, who knows these rules, how many
contributors of each sector answered (the response table is public), and perhaps who some of them are.
*What they want:* what one contributor, or fewer than `minimum` of them, answered; or who said something that was not
said on the record.

- **Small groups.** A figure resting on fewer than `minimum` answers is withheld whole: shares, base, blanks, weights,
  statistics. When the overall figure is that small, nothing about the question is shown.
- **Subtraction.** What is withheld follows from the total by subtracting the sectors that are shown. So the withheld
  sectors together must be at least two and hold at least `minimum` answers; the next smallest sectors are withheld
  until they do. The response table gives the same reader the number *asked*; it never gives an answer, and because
  the withheld sectors' answers are at least `minimum`, so are those asked, and their blanks are known only in sum.
- **Reasoning about the rule.** Which of the withheld sectors was too small and which was withheld to protect it is
  never said: with a base near the minimum that alone would give the small one away.
- **Alone in a sector.** "A government expert" names somebody where only one or two government experts answered, which
  the response table says. Below `minimum` the line drops the sector: "an expert on the panel".
- **Words.** A reader sees words only when they were submitted, approved by staff, and the contributor did not ask to
  stay in the background; an editor's wording only when the contributor accepted it; and with them exactly the line
  that the contributor's level of attribution allows, which is the line they were shown when they agreed to it,
  whatever staff change about the person later. Never a more open one: where two sources disagree (the answer, the
  evidence, the survey's cap), the most discreet of them holds. Who opens up, or discloses another interest, changes
  the line that staff approved, so staff read the words again (`line_opened`).
- **Closed doors.** A closed-door survey prints neither name nor affiliation, nor the interest that would stand beside
  the name, also where they were chosen and agreed to before the doors were closed (the Chatham House rule).
- **Readers.** What a reader offered on a survey's public page is never counted and never stands among the panel's
  words. It is seen once its author has confirmed their address and staff have approved it, word for word, until the
  author withdraws it; under it stand the name and affiliation they gave, and that they are a reader.
- **Reasons in later rounds.** A contributor who is asked again reads the others' approved words of the round before
  (`reasons`). They sit on the panel, so they know its people and their ways of speaking better than a reader does.
  So under these words stands nothing at all, not even a sector; they are never joined with a vote, and never come in
  the order of their arrival, of their authors or of their levels, but in one drawn for each reader; who chose to stay
  in the background is not among them. The reader's own words are left out: of two authors each would otherwise know
  the other's. And there are none at all unless at least `minimum` others answered that round: in a small panel any
  words betray their author to somebody who knows who was asked.
- **A round that is still open** (real time) is counted in steps, see `surveys/delphi/interim.py`.

Not covered here: contributors who pool what they answered themselves; a group that is unanimous (each of its members
is then known to have given the one answer, as with any published share of 100 %); words that give away a vote;
differences between two snapshots of one survey.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, Max, Sum
from django.utils.crypto import salted_hmac
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.models import Answer, AnswerQuerySet, Attribution, Contributor, OpenView, Response, Round, Sector, Survey
from surveys.results import Tally

EVERYONE = "all"

_AN_EXPERT_FROM = {
    Sector.INDUSTRY.value: gettext_lazy("an industry expert"),
    Sector.ACADEMIA.value: gettext_lazy("an academic expert"),
    Sector.GOVERNMENT.value: gettext_lazy("a government expert"),
}


def group_names() -> dict[str, str]:
    """What the groups of a tally are called in figures: "all" and the sectors."""
    return {EVERYONE: _("All"), **{sector.value: str(sector.label).capitalize() for sector in Sector}}


@dataclass(frozen=True)
class Shown:
    """The tallies that may be seen ("all" first, then sectors), and the keys of those that may not."""

    groups: Mapping[str, Tally]
    withheld: tuple[str, ...]
    minimum: int

    @property
    def note(self) -> str:
        """Which groups are withheld and why, as a sentence. Empty when nothing is."""
        if EVERYONE in self.withheld:
            return _("Fewer than %(minimum)d contributors gave an answer, so no figures are shown.") % {
                "minimum": self.minimum
            }
        if not self.withheld:
            return ""
        names = [str(Sector(key).label) for key in self.withheld]
        return _(
            "Not shown separately: %(groups)s. At least one of these groups has fewer than %(minimum)d answers, and "
            "it could otherwise be worked out from the total."
        ) % {"groups": get_text_list(names, _("and")), "minimum": self.minimum}


def rests_on_enough(base: int, *, minimum: int) -> bool:
    """Whether a figure about everybody that rests on so many answers may be seen."""
    return base >= minimum


def shown(tallies: Mapping[str, Tally], *, minimum: int) -> Shown:
    """Of the tallies of one question ("all" and each sector), those a reader may see.

    Promise: for every set of shown groups, what is left of the total after subtracting them is nothing, or the
    answers of at least two sectors and of at least `minimum` contributors.
    """
    if not rests_on_enough(tallies[EVERYONE].base, minimum=minimum):
        return Shown(groups={}, withheld=tuple(tallies), minimum=minimum)
    bases = {key: tally.base for key, tally in tallies.items() if key != EVERYONE}
    small = {key for key, base in bases.items() if base < minimum}
    withheld = _protect(small, bases, minimum)
    return Shown(
        groups={key: tally for key, tally in tallies.items() if key not in withheld},
        withheld=tuple(key for key in tallies if key in withheld),
        minimum=minimum,
    )


def _protect(withheld: set[str], bases: Mapping[str, int], minimum: int) -> set[str]:
    """Complementary suppression: add the next smallest group until the withheld ones hide each other.

    One small group alone never does: its own answers are below the minimum.
    """
    withheld = set(withheld)
    rest = sorted((key for key in bases if key not in withheld), key=lambda key: (bases[key], key))
    while withheld and rest and sum(bases[key] for key in withheld) < minimum:
        withheld.add(rest.pop(0))
    return withheld


def levels(survey: Survey) -> list[Attribution]:
    """The levels of attribution that a survey allows, from most to least open. Behind closed doors: no name, and no
    affiliation (the Chatham House rule)."""
    closed = (Attribution.NAMED, Attribution.AFFILIATION) if survey.closed_door else ()
    return [level for level in Attribution if level not in closed]


def capped(attribution: str, survey: Survey) -> str:
    """The level as far as the survey prints it: its most open one in place of a more open one."""
    return max(attribution, levels(survey)[0].value, key=Attribution.values.index) if attribution else ""


def attribution_line(
    name: str, affiliation: str, position: str, sector: str, attribution: str, interest: str = ""
) -> str | None:
    """Who said it, in the words the contributor agreed to. None: on background, so nothing is quoted at all.

    A level that would need an affiliation nobody entered falls back to the more discreet one below it. What somebody
    has at stake stands beside their name, and only there.
    """
    if attribution == Attribution.NAMED:
        who = ", ".join(part for part in (name, position, affiliation) if part)
        return _("%(who)s (disclosed interest: %(interest)s)") % {"who": who, "interest": interest} if interest else who
    if attribution == Attribution.AFFILIATION and affiliation:
        return _("an expert at %(affiliation)s") % {"affiliation": affiliation}
    if attribution in (Attribution.AFFILIATION, Attribution.SECTOR):
        return str(_AN_EXPERT_FROM[sector])
    return None


def lines(contributor: Contributor, survey: Survey, interest: str = "") -> dict[str, str]:
    """Level -> the line that readers would see, for the levels of this survey that print one."""
    found = {
        level.value: attribution_line(
            contributor.name, contributor.affiliation, contributor.position, contributor.sector, level, interest
        )
        for level in levels(survey)
    }
    return {level: line for level, line in found.items() if line}


def level_of(answer: Answer) -> str:
    """How an answer's words are quoted: as chosen for it, else for the whole response. Never more openly than the
    evidence says that its author agreed to, nor than the survey prints."""
    response = answer.response
    chosen = answer.attribution or response.attribution
    if response.consent is not None and chosen:
        agreed = response.consent.exceptions.get(answer.question.key, response.consent.attribution)
        chosen = max(chosen, agreed, key=Attribution.values.index)
    return capped(chosen, response.invitation.survey_round.survey)


def line_agreed(response: Response, level: str) -> str | None:
    """Who said it, quoted at this level, as it was agreed to; before anything has been, as it would be. None: nothing
    is quoted. Where the evidence has no line for the level, the next more discreet one that it has."""
    contributor, survey = response.invitation.contributor, response.invitation.survey_round.survey
    known = response.consent.lines if response.consent is not None else lines(contributor, survey, response.interest)
    level = capped(level, survey)
    at_most = Attribution.values[Attribution.values.index(level) :] if level not in ("", Attribution.BACKGROUND) else ()
    return next((known[each] for each in at_most if each in known), None)


def line_under(answer: Answer, *, small_sectors: Collection[str] = ()) -> str | None:
    """Who said it, as it stands under an answer's words. None: they are not quoted.

    A line by sector says less where few of the sector answered, or where staff have found another to be right since.
    """
    level = level_of(answer)
    line = line_agreed(answer.response, level)
    if line is None or level == Attribution.NAMED:
        return line
    sector = answer.response.invitation.contributor.sector
    by_sector = line in (line_agreed(answer.response, Attribution.SECTOR), *map(str, _AN_EXPERT_FROM.values()))
    if by_sector and (sector in small_sectors or line != str(_AN_EXPERT_FROM[sector])):
        return _("an expert on the panel")
    return line


def line_opened(*, before: tuple[str, str], after: tuple[str, str]) -> bool:
    """Whether a line says more about its author than the one before it. Both as (level, interest)."""
    order = ["", *reversed(Attribution.values)]
    printed = [interest if level == Attribution.NAMED else "" for level, interest in (before, after)]
    return order.index(after[0]) > order.index(before[0]) or printed[1] not in ("", printed[0])


@dataclass(frozen=True)
class Quote:
    """Words that may be printed, with the line that must stand under them. Both are a person's text: escape them."""

    answer_id: int
    question_id: int
    sector: str
    words: str
    line: str
    edited: bool = False


def quotes(*, survey_round: Round) -> list[Quote]:
    """The printable words of a round: those on the record first, and within a level by the line under them.

    Never in the order in which answers came in: that would tie an anonymous line to a day.
    """
    small, answers = _small_sectors(survey_round), _approved([survey_round])
    found = [(level_of(answer), quote) for answer in answers if (quote := _quote(answer, small)) is not None]
    found.sort(key=lambda pair: (Attribution.values.index(pair[0]), pair[1].line, pair[1].words))
    return [quote for _level, quote in found]


def reasons(*, survey_rounds: Collection[Round], reader: Contributor) -> dict[tuple[int, int], list[str]]:
    """(round, question) -> the others' words in rounds of one survey, as somebody on its panel reads them in a later
    one: without any line.

    In an order that is this reader's own and always the same for them. A person's text: escape it. Two queries.
    """
    others = Response.objects.filter(invitation__survey_round__in=survey_rounds, submitted_at__isnull=False).exclude(
        invitation__contributor=reader
    )
    answered = Counter(others.values_list("invitation__survey_round", flat=True))
    large = [each for each in survey_rounds if rests_on_enough(answered[each.pk], minimum=each.survey.minimum_cell)]
    found: dict[tuple[int, int], list[str]] = {}
    for answer in _approved(large).exclude(response__invitation__contributor=reader) if large else ():
        quote = _quote(answer, set())
        if quote is not None:
            place = answer.response.invitation.survey_round_id, quote.question_id
            found.setdefault(place, []).append(quote.words)
    return {place: sorted(words, key=lambda text: _drawn(reader, text)) for place, words in found.items()}


def _drawn(reader: Contributor, words: str) -> str:
    return salted_hmac("surveys.disclosure.reasons", f"{reader.pk}:{words}", algorithm="sha256").hexdigest()


@dataclass(frozen=True)
class ReaderQuote:
    """A view that a reader offered, with the line that must stand under it. Both are a person's text: escape them."""

    words: str
    line: str


def reader_line(name: str, affiliation: str) -> str:
    """Who said it, and that it was no member of the panel."""
    who = ", ".join(part for part in (name, affiliation) if part)
    return _("%(who)s (reader)") % {"who": who}


def reader_quotes(*, survey: Survey) -> list[ReaderQuote]:
    """The views of readers that may be printed beside a survey's results: approved and not withdrawn, oldest first.

    Words only: nothing that is counted ever looks here.
    """
    approved = survey.open_views.filter(state=OpenView.State.APPROVED).order_by("created_at", "pk")
    return [ReaderQuote(view.words.strip(), reader_line(view.name, view.affiliation)) for view in approved]


def reader_quotes_state() -> str:
    """A text that changes whenever `reader_quotes` of any survey may have changed. One query."""
    approved = OpenView.objects.filter(state=OpenView.State.APPROVED)
    return repr(sorted(approved.aggregate(Count("pk"), Sum("pk"), Max("decided_at")).items()))


def _approved(survey_rounds: Collection[Round]) -> AnswerQuerySet:
    """The answers whose words staff approved, with everything that decides what stands under them."""
    answers: AnswerQuerySet = Answer.objects.counted().filter(
        response__invitation__survey_round__in=survey_rounds, moderation=Answer.Moderation.APPROVED
    )
    return answers.select_related(
        "question", "response__consent", "response__invitation__contributor",
        "response__invitation__survey_round__survey",
    )  # fmt: skip


def _small_sectors(survey_round: Round) -> set[str]:
    """The sectors of which fewer than the survey's minimum answered."""
    submitted = Response.objects.filter(invitation__survey_round=survey_round, submitted_at__isnull=False)
    counts = Counter(submitted.values_list("invitation__contributor__sector", flat=True))
    return {sector for sector in Sector.values if counts[sector] < survey_round.survey.minimum_cell}


def _quote(answer: Answer, small_sectors: set[str]) -> Quote | None:
    response = answer.response
    line = line_under(answer, small_sectors=small_sectors)
    words = (answer.edited_words or answer.words).strip()
    if response.submitted_at is None or answer.moderation != Answer.Moderation.APPROVED or line is None or not words:
        return None
    sector = response.invitation.contributor.sector
    return Quote(answer.pk, answer.question_id, sector, words, line, edited=bool(answer.edited_words))
