"""Who is called for what, and how often."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from tui.config import Notify
from tui.model.event import ConnectionLost, Event, EventKind
from tui.ui.controllers.notifications import NotificationController

ALL = Notify(bell=frozenset(EventKind), desktop=frozenset(EventKind))


class Called:
    """A caller, what it wrote, and what it wants done later."""

    def __init__(self, notify: Notify = ALL) -> None:
        self.written: list[str] = []
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.caller = NotificationController(
            notify, {}, self.written.append, lambda wait, act: self.later.append((wait, act))
        )

    def happens(self, count: int = 1) -> None:
        for _ in range(count):
            event = Event(
                "node1", ConnectionLost(None, "gone"), time.monotonic(), datetime.now(UTC)
            )
            self.caller.event_happened(event)

    def tell(self) -> float:
        (wait, act) = self.later.pop()
        act()
        return wait


def test_many_events_at_once_are_one_bell_and_one_notice() -> None:
    called = Called()
    called.happens(100)
    assert len(called.later) == 1
    assert called.tell() < 1
    assert called.written == ["\a", "\x1b]9;rsdeck: node1 (and 99 more): lost, gone\a"]


def test_the_next_notice_waits() -> None:
    called = Called(replace(ALL, bell=frozenset()))
    called.happens()
    called.tell()
    called.happens(2)
    assert 4 < called.tell() <= 5
    assert called.written[1:] == ["\x1b]9;rsdeck: node1 (and 1 more): lost, gone\a"]


def test_events_of_earlier_sessions_ring_no_bell_and_send_no_notice() -> None:
    called = Called()
    event = Event("node1", ConnectionLost(None, "gone"), time.monotonic() - 3600, datetime.now(UTC))
    called.caller.event_happened(event)
    assert not called.written
    assert not called.later


def test_without_configured_notifications_nothing_is_written() -> None:
    called = Called(Notify())
    called.happens(3)
    assert not called.written
    assert not called.later
