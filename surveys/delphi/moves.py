"""What changed between two rounds, from what was frozen of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys import consensus, disclosure, results, snapshots
from surveys.delphi.rules import measures_of
from surveys.delphi.settling import frozen_before
from surveys.models import Snapshot, SnapshotTampered
from surveys.questions import QuestionSpec, question_type


@dataclass(frozen=True)
class Move:
    """How one question moved since a round before. What rests on too few answers is not in it.

    since     the number of the round that it is compared with
    both      how many gave an opinion now and had given one before; 0 where they are too few
    changed   how many of them gave another one
    medians   of everybody then and now, where answers are amounts
    """

    spec: QuestionSpec
    since: int
    both: int = 0
    changed: int = 0
    medians: tuple[float, float] | None = None

    @property
    def sentences(self) -> list[str]:
        """As anybody may read it; empty where there is nothing to say."""
        found = []
        if self.both:
            named = {"both": self.both, "changed": self.changed, "share": results.percent(self.changed, self.both)}
            said = ngettext(
                "Of %(both)d who had answered before, %(changed)d changed their answer (%(share)d%%).",
                "Of %(both)d who had answered before, %(changed)d changed their answers (%(share)d%%).",
                self.changed,
            )
            found.append(
                said % named if self.changed else _("None of %(both)d who had answered before changed.") % named
            )
        if self.medians is not None:
            kind = question_type(self.spec.kind)
            then, now = (kind.number_in_words(self.spec, round(median, 4)) for median in self.medians)
            said = _("Since round %(since)d the median has moved from %(then)s to %(now)s.")
            if not consensus.median_shift(self.medians[:1], self.medians[1:]):
                said = _("Since round %(since)d the median has stayed at %(now)s.")
            found.append(said % {"since": self.since, "then": then, "now": now})
        return found


def moves(snapshot: Snapshot) -> dict[str, Move]:
    """Question key -> how it moved, for the questions of a later round that were asked before in this wording.

    Three queries at most, none for a first round.
    """
    data = snapshot.data()
    before = _contents(snapshot)
    found = {}
    for key in snapshots.question_keys(snapshot):
        spec, rows = snapshots.rows(data, key)
        for number, content in before:
            old = _rows(content, spec)
            if old is not None:
                found[key] = _move(spec, number, old, rows, minimum=data["survey"]["minimum_cell"])
                break
    return found


def _contents(snapshot: Snapshot) -> list[tuple[int, Mapping[str, Any]]]:
    frozen = frozen_before(snapshot.survey_round)
    found = []
    for each in Snapshot.objects.filter(pk__in=[row.pk for row in frozen]).select_related("survey_round"):
        try:
            found.append((each.survey_round.number, each.data()))
        except SnapshotTampered:
            continue  # nothing is compared with it
    return sorted(found, key=lambda pair: -pair[0])


def _rows(content: Mapping[str, Any], spec: QuestionSpec) -> list[dict[str, Any]] | None:
    try:
        old, rows = snapshots.rows(content, spec.key)
    except snapshots.UnknownQuestion:
        return None
    return rows if old.version == spec.version else None


def _move(
    spec: QuestionSpec, since: int, old: list[dict[str, Any]], new: list[dict[str, Any]], *, minimum: int
) -> Move:
    kind = question_type(spec.kind)
    both = [row for row in new if row["value"] is not None and row.get(snapshots.BEFORE) is not None]
    comparable = "changed" in measures_of(kind)
    enough = comparable and disclosure.rests_on_enough(len(both), minimum=minimum)
    then, now = _amounts(spec, old), _amounts(spec, new)
    medians = None
    if not kind.pickable(spec) and all(disclosure.rests_on_enough(len(each), minimum=minimum) for each in (then, now)):
        medians = results.median(then), results.median(now)
    return Move(
        spec,
        since,
        both=len(both) if enough else 0,
        changed=sum(row["value"] != row[snapshots.BEFORE] for row in both) if enough else 0,
        medians=medians,
    )


def _amounts(spec: QuestionSpec, rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """The opinions as numbers; none where answers are no numbers."""
    as_number = question_type(spec.kind).as_number
    found = [as_number(spec, row["value"]) for row in rows if row["value"] is not None]
    return [number for number in found if number is not None]
