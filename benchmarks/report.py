"""How a benchmark's figures are printed: in columns, each with its goal and whether it is met."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WHAT, _WIDTH = 42, 11


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of rsdeck, beside those of its anchors; None where there is none.

    `at_most` is the goal in the figure's own unit, `goal` what it is made of, in words.
    """

    what: str
    unit: str
    anchors: Sequence[float | None]
    deck: float | None
    at_most: float | None = None
    goal: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or nothing was measured."""
        if self.deck is None or self.at_most is None:
            return None
        return self.deck <= self.at_most

    def line(self) -> str:
        """Return it as a line of its table."""
        columns = "".join(f"{_number(value):>{_WIDTH}}" for value in (*self.anchors, self.deck))
        return f"{f'{self.what}, {self.unit}':<{_WHAT}}{columns}  {self._verdict()}".rstrip()

    def _verdict(self) -> str:
        if self.at_most is None:
            return "no goal" if self.deck is not None else ""
        goal = f"≤ {_number(self.at_most)}"
        goal += f" ({self.goal})" if self.goal else ""
        return f"{ {True: 'met', False: 'MISSED', None: 'not measured'}[self.is_met] }: {goal}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def head(what: str, columns: Iterable[str]) -> str:
    """Return a table's first line."""
    return f"{what:<{_WHAT}}" + "".join(f"{name:>{_WIDTH}}" for name in columns)
