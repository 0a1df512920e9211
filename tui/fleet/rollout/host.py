"""What a rollout needs of the fleet that it goes through."""

from collections.abc import Coroutine
from typing import Any, Protocol

from tui.config import RolloutRules
from tui.fleet.orders.executor import Orders
from tui.fleet.orders.guard import NodeStanding
from tui.fleet.polling.poller import NodePoller
from tui.fleet.protocols import Journal
from tui.model.order import Order


class RolloutHost(Protocol):
    """The fleet as a rollout sees it; `journal` keeps its plan and steps, `orders` its orders.

    `rollout_rules` are what its gates accept, and for how long they wait.
    """

    journal: Journal
    orders: Orders
    rollout_rules: RolloutRules

    @property
    def read_only(self) -> str:
        """Why the whole session is read-only; empty where it is not."""

    @property
    def nodes(self) -> tuple[NodePoller, ...]:
        """The watched nodes, grouped by cluster."""

    def __contains__(self, node: str) -> bool:
        """Whether a node of that name is watched."""

    def watch(self, node: str) -> NodePoller:
        """Return a node by its profile's name; KeyError if it is not watched."""

    def standing(self, node: str) -> NodeStanding:
        """Return how things stand with a node, for the guard."""

    def give(self, order: Order) -> None:
        """Carry out an order; returns at once. Raises NotAccepted."""

    def run_beside(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something beside the pollers, for as long as the fleet runs."""
