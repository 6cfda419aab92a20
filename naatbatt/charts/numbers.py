"""Numbers as readers see them: in their notation, without needless zeros, with the unit where it belongs."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format

BEFORE = ("$", "€", "£", "¥")
TOUCHING = ("%", "°C", "°F")


def number(value: float) -> str:
    """ "1,200", "12.5", "−3"."""
    plain = f"{Decimal(str(value)).normalize():f}"
    return number_format(plain, force_grouping=True).replace("-", "\N{MINUS SIGN}")


def quantity(value: float, unit: str) -> str:
    """ "1,200 GWh" (unbreakable), "12.5%", "$85", "−$3"."""
    figure = number(value)
    if unit in BEFORE:
        sign = figure[0] if figure.startswith("\N{MINUS SIGN}") else ""
        return f"{sign}{unit}{figure.removeprefix(sign)}"
    return f"{figure}{unit}" if not unit or unit in TOUCHING else f"{figure}\N{NO-BREAK SPACE}{unit}"


def rounded(value: float, *, decimals: int) -> float:
    """A statistic of numbers that have so many decimals: as many; one where they are small whole numbers.

    Halves go away from zero, as people expect.
    """
    exact = Decimal(str(value))
    places = decimals or int(abs(exact) < 100)
    return float(exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))
