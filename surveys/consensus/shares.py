"""A share that is read as an estimate of something beyond the people asked."""

import math
from statistics import NormalDist


def wilson_interval(count: int, base: int, *, confidence: float = 95) -> tuple[float, float]:
    """Wilson's score interval of a share, without continuity correction.

    count, base  opinions that say so, of all opinions: 0 <= count <= base, base above 0
    confidence   in percent, above 0 and below 100
    returns      its two ends in percent, 0 to 100: with p = count / base, n = base and z the normal quantile,
                 (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)
    raises       ValueError where one of them is out of its bounds

    It answers for chance in drawing the people asked. A panel is invited, not drawn: print that with it.
    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 22:
    209-212; compared with others in Newcombe 1998, Statist. Med. 17: 857-872 (method 3).
    """
    if not 0 <= count <= base or base == 0:
        raise ValueError(f"{count} of {base} is no share.")
    if not 0 < confidence < 100:
        raise ValueError("Confidence lies between 0 and 100 percent.")
    z = NormalDist().inv_cdf(0.5 + confidence / 200)
    share = count / base
    middle = share + z * z / (2 * base)
    reach = z * math.sqrt(share * (1 - share) / base + z * z / (4 * base * base))
    room = 1 + z * z / base
    # Exactly 0 and 100 where all or none say so; rounding would miss them by the last digit.
    low = 0.0 if count == 0 else 100 * (middle - reach) / room
    high = 100.0 if count == base else 100 * (middle + reach) / room
    return low, high
