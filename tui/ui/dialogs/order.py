"""The one door that every order goes through: what will be sent, to whom, what it may do."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from rich.table import Table
from textual import on
from textual.widgets import Button

from tui.fleet.orders.guard import Ruling
from tui.model.order import Order
from tui.ui.dialogs.confirm import Demand, DoorScreen
from tui.ui.format.status_lines import Palette
from tui.ui.screens.facts import Question, essentials, facts, laid_out


class ConfirmScreen(DoorScreen[Order]):
    """Asks before an order goes out; gives the order as confirmed, or None."""

    def __init__(
        self, question: Question, palette: Palette, ask_again: Callable[[], tuple[Ruling, str]]
    ) -> None:
        order, ruling = question.order, question.ruling
        super().__init__(
            Demand(_title(order), order.verb.value, ruling.words, ruling.needs_reason), palette
        )
        self._question = question
        self._ask_again = ask_again
        self._route = 0

    @property
    def order(self) -> Order:
        """The order with the route and the reason as they are chosen now."""
        order = self._question.order
        if self._question.routes:
            order = replace(order, route=self._question.routes[self._route])
        return replace(order, reason=self.field("#reason"))

    def agreed(self) -> Order:
        """Give the order."""
        return self.order

    @property
    def facts(self) -> Table:
        """All that is known of the order."""
        return facts(self._question, self.order, self._palette)

    @property
    def essentials(self) -> Table:
        """Whom it means and what will be sent."""
        return laid_out(essentials(self._question, self.order, self._palette), self._palette)

    def bar(self) -> str:
        """Say what has changed since the key, or what the guard says now."""
        ruling, changed = self._ask_again()
        if changed:
            return f"changed since you looked: {changed}"
        if not ruling.allowed:
            return ruling.reason
        asked = self._question.ruling
        if (ruling.words, ruling.needs_reason) != (asked.words, asked.needs_reason):
            return f"it takes more than when you looked: {ruling.reason}"
        return ""

    def more_buttons(self) -> Iterable[Button]:
        """Offer the other ways to the node, where there are any."""
        if len(self._question.routes) > 1:
            yield Button("Other route", id="route", disabled=True)

    @on(Button.Pressed, "#route")
    def _rerouted(self) -> None:
        self._route = (self._route + 1) % len(self._question.routes)
        self.show_facts()


def _title(order: Order) -> str:
    what = order.names[0] if len(order.names) == 1 else f"{len(order.names)} services"
    return f"{order.verb.value.capitalize()} {what} on {order.target.node}?"
