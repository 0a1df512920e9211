"""What a fleet asks of a history, and the one that keeps nothing."""

from collections.abc import Sequence
from typing import Protocol

from tui.history.day import Day
from tui.model.event import Event
from tui.model.reading import Reading


class History(Protocol):
    """Keeps what happened, over sessions; `tui.history.recorder` has the one on the disk.

    Nothing here raises, and only what is awaited waits for a disk.
    """

    trouble: str
    """Why nothing is kept just now; empty where it is."""

    remark: str
    """What is worth knowing of it, and no trouble."""

    async def begin(self) -> Sequence[Event]:
        """Open it; gives the newest events of earlier sessions, the oldest first."""

    def end(self) -> None:
        """Close it."""

    def note(self, event: Event, cluster: str) -> None:
        """Keep an event."""

    def reading(self, reading: Reading, cluster: str) -> None:
        """Keep what is new in a reading, and that the node was watched."""

    async def day(self, node: str, service: str, cluster: str) -> Day | None:
        """Say what is known of the last 24 hours of a service; None where that is nothing."""


class Forgetful:
    """A history that keeps nothing: of a single look, and of tests."""

    trouble = ""
    remark = ""

    async def begin(self) -> Sequence[Event]:
        """Know of nothing."""
        return ()

    def end(self) -> None:
        """Do nothing."""

    def note(self, event: Event, cluster: str) -> None:
        """Do nothing."""

    def reading(self, reading: Reading, cluster: str) -> None:
        """Do nothing."""

    async def day(self, node: str, service: str, cluster: str) -> Day | None:
        """Know of nothing."""
