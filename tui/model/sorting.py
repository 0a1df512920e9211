"""By which of several orders the rows of a table are sorted, and the words for each."""

from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

from tui.model.dataclass import dataclass

OrderT = TypeVar("OrderT", bound=Enum)


@dataclass(frozen=True, slots=True)
class SortWords:
    """What comes first in an order and in its reverse; the `column` that shows it, if one does."""

    forward: str
    backward: str
    column: str = ""


class Sorting(Generic[OrderT]):
    """The order that is chosen of several; the first of them is the usual one."""

    def __init__(self, orders: Mapping[OrderT, SortWords]) -> None:
        self._orders = dict(orders)
        self.order = next(iter(self._orders))
        self.is_reversed = False

    @property
    def is_usual(self) -> bool:
        """Whether nothing else was chosen."""
        return self.order is next(iter(self._orders)) and not self.is_reversed

    @property
    def words(self) -> str:
        """The order as it is now, such as `by uptime, shortest first`."""
        words = self._orders[self.order]
        return words.backward if self.is_reversed else words.forward

    @property
    def usual_words(self) -> str:
        """The usual order."""
        return next(iter(self._orders.values())).forward

    @property
    def has_column(self) -> bool:
        """Whether the title of a column shows the order."""
        return bool(self._orders[self.order].column)

    @property
    def next_words(self) -> str:
        """The order that `choose_next` chooses."""
        return self._orders[self._next()].forward

    def choose_next(self) -> None:
        """Choose the order after this one, the first after the last."""
        self.order, self.is_reversed = self._next(), False

    def reset(self) -> bool:
        """Choose the usual order; False if it is chosen already."""
        was_usual = self.is_usual
        self.order, self.is_reversed = next(iter(self._orders)), False
        return not was_usual

    def reverse(self) -> None:
        """Reverse the order."""
        self.is_reversed = not self.is_reversed

    def choose_column(self, column: str) -> bool:
        """Choose the order of a column, or reverse it; False if the column has none."""
        for order, words in self._orders.items():
            if column and words.column == column:
                self.is_reversed = order is self.order and not self.is_reversed
                self.order = order
                return True
        return False

    def title(self, column: str, title: str) -> str:
        """Return the title of a column, with an arrow where the rows are sorted by it."""
        if not column or column != self._orders[self.order].column:
            return title
        return f"{title} {'▲' if self.is_reversed else '▼'}"

    def _next(self) -> OrderT:
        orders = [*self._orders]
        return orders[(orders.index(self.order) + 1) % len(orders)]
