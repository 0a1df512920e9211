"""Who wants to know what the fleet sees and does."""

from typing import Protocol

from tui.model.event import Event
from tui.model.order import Progress
from tui.model.rollout import RolloutProgress


class Listener(Protocol):
    """Who wants to know; called from the loop that runs the fleet, and must not wait."""

    def node_changed(self, node: str) -> None:
        """Take note that a node has a new reading or new facts."""

    def event_happened(self, event: Event) -> None:
        """Take note of one event."""

    def order_moved(self, progress: Progress) -> None:
        """Take note of an order's step."""

    def rollout_moved(self, progress: RolloutProgress) -> None:
        """Take note of a rollout's move."""


class Silence:
    """A listener that does not listen."""

    def node_changed(self, node: str) -> None:
        """Do nothing."""

    def event_happened(self, event: Event) -> None:
        """Do nothing."""

    def order_moved(self, progress: Progress) -> None:
        """Do nothing."""

    def rollout_moved(self, progress: RolloutProgress) -> None:
        """Do nothing."""
