"""What a poll shows → the events that are published: who caused them, and what they add up to."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol

from tui.config import Notify
from tui.fleet.events.attribution import Attribution
from tui.fleet.events.diff import diff_readings, role_event
from tui.fleet.events.restart_detector import CrashLoopDetector, RestartDetector
from tui.fleet.login.state import Login
from tui.fleet.polling.node_facts import RoleChange
from tui.model.event import Event, EventKind
from tui.model.order import Order, OrderProgress, Verdict
from tui.model.reading import Reading


class StoppedLogins:
    """Looks at the logins of the nodes as they are read, and tells when one has stopped."""

    def __init__(self) -> None:
        self._told: dict[Login, int] = {}

    def look(self, node: str, login: Login) -> Event | None:
        """Give the event of a login that was refused and is stopped; None where it is told."""
        if not (login.trouble and login.refused) or self._told.get(login) == login.generation:
            return None
        self._told[login] = login.generation
        text = f"login of {login.username or 'the certificate'} stopped: {login.trouble}"
        at, on = time.monotonic(), datetime.now(UTC)
        return Event(node, EventKind.LOGIN, text, at, on, brief="login stopped")


def verdict_event(order: Order, verdict: Verdict) -> Event:
    """Tell what came of an order for one service."""
    brief = f"{order.verb.value} {verdict.result.value}"
    text = f"{order.verb.value}: {verdict.result.value}, {verdict.text}"
    at, on = time.monotonic(), datetime.now(UTC)
    return Event(order.target.node, EventKind.VERDICT, text, at, on, verdict.service, brief)


def order_event(order: Order) -> Event:
    """Tell that an order was given here."""
    names = order.names
    text = f"{order.verb.value} ordered here" + ("" if len(names) == 1 else f": {', '.join(names)}")
    text += f", since {order.reason}" if order.reason else ""
    service = names[0] if len(names) == 1 else ""
    brief = f"{order.verb.value} ordered"
    at, on = order.pressed_at, order.pressed_on
    return Event(order.target.node, EventKind.ORDERED, text, at, on, service, brief)


class PolledNode(Protocol):
    """What the pipeline needs to know of a polled node."""

    @property
    def name(self) -> str:
        """The name of its profile."""

    @property
    def reading(self) -> Reading:
        """Its newest reading."""

    @property
    def login(self) -> Login:
        """Its login, which other nodes may share."""


class EventPipeline:
    """Follows every event and every order of a fleet."""

    def __init__(self, notify: Notify) -> None:
        self._attribution = Attribution()
        self._returns = RestartDetector()
        self._loops = CrashLoopDetector(notify.loop_restarts, notify.loop_minutes)
        self._logins = StoppedLogins()

    def order_moved(self, progress: OrderProgress) -> None:
        """Take note of an order's step."""
        self._attribution.note(progress, time.monotonic())

    def process(
        self, node: PolledNode, before: Reading, role: RoleChange | None
    ) -> Iterator[Event]:
        """Yield the events between `before` and the node's reading, and those that follow."""
        on = datetime.now(UTC)
        events = [*diff_readings(before, node.reading, on=on)]
        if role is not None:
            events.append(role_event(node.name, role, at=time.monotonic(), on=on))
        for event in events:
            told = self._attribution.explain(event)
            yield told
            service = node.reading.find(event.service) if event.service else None
            restart = self._returns.see(told, service.started_at if service else None)
            if restart is not None:
                yield restart
            loop = self._loops.see(restart or told)
            if loop is not None:
                yield loop
        stopped = self._logins.look(node.name, node.login)
        if stopped is not None:
            yield stopped
