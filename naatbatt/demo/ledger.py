"""What must add up at the end of the play: each equation with both sides taken from different places."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Equation:
    """`whole` of something (as counted in one place) = the sum of `parts` (as counted in another)."""

    name: str
    whole: int
    parts: dict[str, int]

    @property
    def balances(self) -> bool:
        return self.whole == sum(self.parts.values())

    def __str__(self) -> str:
        parts = " + ".join(f"{number} {name}" for name, number in self.parts.items())
        return f"{'OK' if self.balances else 'MISMATCH':<8}  {self.whole:>4} {self.name} = {parts}"


@dataclass(frozen=True)
class Ledger:
    equations: tuple[Equation, ...]

    @property
    def balances(self) -> bool:
        return bool(self.equations) and all(equation.balances for equation in self.equations)

    def lines(self) -> Iterable[str]:
        return (str(equation) for equation in self.equations)
