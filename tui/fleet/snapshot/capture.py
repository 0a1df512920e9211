"""Takes snapshots of a live fleet: a quick look in its loop, and the rest in any thread."""

import socket
import time
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
from tui.fleet.snapshot.text import as_text
from tui.journal.journal_file import read_tail
from tui.model.text import clean

CapturedState = tuple[FleetSnapshot, SnapshotMoment]
"""What was seen, and when."""


class SnapshotCapture:
    """`state` is the folder whose journal's tail belongs to the picture."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def look(self, fleet: Fleet) -> CapturedState:
        """Note how everything stands now; touches no disk."""
        moment = SnapshotMoment(
            __version__, clean(socket.gethostname()), datetime.now(UTC), time.monotonic()
        )
        scene = FleetSnapshot(
            stands=tuple(NodeSnapshot.of(one) for one in fleet.nodes),
            events=tuple(fleet.events),
            orders=tuple(fleet.orders.progress.values()),
            read_only=fleet.read_only,
            paused=fleet.paused,
            unlocked=fleet.unlocked,
            interval=fleet.interval,
        )
        return scene, moment

    def develop(self, exposure: CapturedState, *, json: bool) -> str:
        """Add the journal's tail and give the whole as text or as JSON. Blocks."""
        scene, moment = exposure
        told = build_document(replace(scene, tail=read_tail(self._state, JOURNAL_AT_MOST)), moment)
        return as_json(told) if json else as_text(told)
