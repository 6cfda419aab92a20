"""What became of the people asked, counted, and the two response rates made of it.

The rates are those of The American Association for Public Opinion Research, Standard Definitions: Final Dispositions
of Case Codes and Outcome Rates for Surveys, 10th edition (2023). For a list of named persons asked by mail: complete
= I, partial = P, declined = R, undeliverable = NC, no reply = UO; O and UH cannot occur. Who has not been invited yet
is not in the sample.
"""

from collections.abc import Mapping

from django.db.models import Count

from surveys.models import Invitation, Round, Sector

Disposition = Invitation.Disposition

# Counted in the response rates: everybody who was asked.
ASKED = (
    Disposition.COMPLETE,
    Disposition.PARTIAL,
    Disposition.DECLINED,
    Disposition.UNDELIVERABLE,
    Disposition.NO_REPLY,
)


def disposition(invitation: Invitation) -> Disposition:
    """What has become of one invitation. For many, ask `Invitation.objects.with_disposition()`: one query."""
    return Disposition(Invitation.objects.with_disposition().get(pk=invitation.pk).disposition)  # type: ignore[attr-defined]


def disposition_counts(*, survey_round: Round) -> dict[str, dict[str, int]]:
    """How many invitations of a round stand where: "all" first, then each sector that was asked. One query."""
    found = (
        survey_round.invitations.with_disposition()
        .order_by()
        .values_list("contributor__sector", "disposition")  # type: ignore[misc]  # the annotation
        .annotate(number=Count("pk"))
    )
    by_sector = {name: dict.fromkeys(Disposition.values, 0) for name in ("all", *Sector.values)}
    for sector, standing, number in found:
        by_sector[sector][standing] += number
        by_sector["all"][standing] += number
    return {name: counts for name, counts in by_sector.items() if name == "all" or any(counts.values())}


def response_rate_1(counts: Mapping[str, int]) -> float | None:
    """AAPOR response rate 1 (RR1), the smallest of their six: I / ((I + P) + (R + NC + O) + (UH + UO)).

    `counts` is one value of `disposition_counts`. None when nobody has been asked.
    """
    asked = sum(counts.get(standing, 0) for standing in ASKED)
    return counts.get(Disposition.COMPLETE, 0) / asked if asked else None


def response_rate_2(counts: Mapping[str, int]) -> float | None:
    """AAPOR response rate 2 (RR2), which counts partial answers too: (I + P) / ((I + P) + (R + NC + O) + (UH + UO)).

    `counts` is one value of `disposition_counts`. None when nobody has been asked.
    """
    asked = sum(counts.get(standing, 0) for standing in ASKED)
    given = counts.get(Disposition.COMPLETE, 0) + counts.get(Disposition.PARTIAL, 0)
    return given / asked if asked else None
