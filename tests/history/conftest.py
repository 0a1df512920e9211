"""What a deck would tell its history."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui.model.event import ConnectionLost, Event
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import Service

ON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
AWAY = Trouble(TroubleKind.UNREACHABLE, "no answer")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "rsdeck"


def service(name: str = "alert_mgr", status: str = "RUNNING", start: int | None = 0) -> Service:
    """Make a service that began `start` seconds before ON."""
    if start is None:
        return Service(name, status)
    return Service(name, status, ON - timedelta(seconds=start), start)


def reading(*services: Service, after: float = 0.0, node: str = "node1", **more: Any) -> Reading:
    """Make a good reading, so many seconds after ON."""
    on = ON + timedelta(seconds=after)
    return Reading(node, services, answered_at=after, answered_on=on, **more)


def event(text: str = "no answer", *, ago: float = 0.0, **more: Any) -> Event:
    """Make an event with any text, so many seconds ago by every clock."""
    fields = {"node": "node1", "service": "alert_mgr", "details": ConnectionLost(None, text)}
    on = datetime.now(UTC) - timedelta(seconds=ago)
    return Event(at=time.monotonic() - ago, on=on, **(fields | more))


def until(ready: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)
