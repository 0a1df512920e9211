"""Snapshots of a live fleet: captured quickly in its loop, rendered in any thread."""

import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tui import __version__
from tui.fleet.fleet import Fleet
from tui.fleet.snapshot.document import (
    JOURNAL_AT_MOST,
    FleetSnapshot,
    NodeSnapshot,
    SnapshotMoment,
    as_json,
    build_document,
)
from tui.fleet.snapshot.shapes import SnapshotReport
from tui.fleet.snapshot.text import as_text
from tui.journal.journal_file import read_tail
from tui.model.clock import monotonic
from tui.model.text import clean

CapturedState = tuple[FleetSnapshot, SnapshotMoment]
"""The fleet, and when it was so."""


class SnapshotCapture:
    """Takes snapshots; `state` is the folder of the journal whose tail is added."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def capture(self, fleet: Fleet) -> CapturedState:
        """Return the state of the fleet now; touches no disk."""
        moment = SnapshotMoment(
            __version__, clean(socket.gethostname()), datetime.now(UTC), monotonic()
        )
        state = FleetSnapshot(
            nodes=tuple(NodeSnapshot.of(poller) for poller in fleet.nodes),
            events=tuple(fleet.events),
            orders=tuple(fleet.orders.progress.values()),
            rollouts=fleet.rollouts.open,
            read_only=fleet.read_only,
            paused=fleet.paused,
            unlocked=fleet.unlocked,
            interval=fleet.interval,
        )
        return state, moment

    def document(self, captured: CapturedState) -> SnapshotReport:
        """Return it as one object, with the journal's tail. Blocks."""
        state, moment = captured
        return build_document(replace(state, tail=read_tail(self._state, JOURNAL_AT_MOST)), moment)

    def render(self, captured: CapturedState, *, json: bool) -> str:
        """Return it as text or as JSON, with the journal's tail. Blocks."""
        document = self.document(captured)
        return as_json(document) if json else as_text(document)
