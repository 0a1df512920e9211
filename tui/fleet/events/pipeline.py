"""What a poll shows → the events that are published: who caused them, and what they add up to."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol

from tui.config import Notify
from tui.fleet.events.attribution import Attribution
from tui.fleet.events.diff import diff_readings, late_uptimes
from tui.fleet.events.restart_detector import CrashLoopDetector, RestartDetector
from tui.fleet.login.state import Login
from tui.journal.other_actions import OtherAction
from tui.model.clock import monotonic
from tui.model.event import Cause, Event, OrderEnded, OrderGiven, RoleChange, StoppedLogin
from tui.model.order import Order, OrderProgress, Verdict
from tui.model.reading import Reading
from tui.model.records import dataclass


class LoginStopDetector:
    """Looks at the logins of the nodes as they are read, and reports each stop once."""

    def __init__(self) -> None:
        self._reported: dict[Login, int] = {}

    def look(self, node: str, login: Login) -> Event | None:
        """Return the event of a login that was refused and is stopped; None where it is known."""
        if not (login.trouble and login.refused):
            return None
        if self._reported.get(login) == login.generation:
            return None
        self._reported[login] = login.generation
        details = StoppedLogin(login.username, login.trouble)
        return Event(node, details, monotonic(), datetime.now(UTC))


def verdict_event(order: Order, verdict: Verdict) -> Event:
    """Return the event of a verdict on one service of an order."""
    details = OrderEnded(order.verb, verdict.result, verdict.text)
    at, on = monotonic(), datetime.now(UTC)
    return Event(order.target.node, details, at, on, verdict.service)


def order_event(order: Order) -> Event:
    """Return the event of an order that was given here."""
    details = OrderGiven(order.verb, order.names, order.reason)
    service = order.names[0] if len(order.names) == 1 else ""
    return Event(order.target.node, details, order.pressed_at, order.pressed_on, service)


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


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new between two readings of a node; `after` is the newer of the two."""

    events: tuple[Event, ...]
    before: Reading
    after: Reading


class EventPipeline:
    """Follows every event and every order of a fleet."""

    def __init__(self, notify: Notify) -> None:
        self._attribution = Attribution()
        self._restarts = RestartDetector()
        self._loops = CrashLoopDetector(notify.loop_restarts, notify.loop_minutes)
        self._logins = LoginStopDetector()
        # The services of each node whose uptime is still to follow their start time.
        self._late: dict[str, frozenset[str]] = {}

    def order_moved(self, progress: OrderProgress, also: Iterable[str] = ()) -> None:
        """Follow an order's step; `also` are the other profiles of its node."""
        self._attribution.note(progress, monotonic(), also)

    def others_acted(self, actions: Mapping[str, tuple[OtherAction, ...]]) -> None:
        """Replace what other processes of this machine ordered, by the names of the nodes."""
        self._attribution.set_others(actions)

    def forget(self, node: str) -> None:
        """Forget what is known of a node: from now on another one has its name."""
        self._attribution.forget(node)
        self._restarts.forget(node)
        self._loops.forget(node)
        self._late.pop(node, None)

    def compare(self, node: PolledNode, before: Reading, role: RoleChange | None) -> Changes:
        """Return what happened between `before` and the node's reading."""
        on = datetime.now(UTC)
        now, late = node.reading, self._late.get(node.name, frozenset())
        events = [*diff_readings(before, now, on=on, late=late)]
        if now.is_good and now is not before:
            self._late[node.name] = late_uptimes(before, now)
        if role is not None:
            events.append(Event(node.name, role, monotonic(), on))
        stopped = self._logins.look(node.name, node.login)
        if stopped is not None:
            events.append(stopped)
        return Changes(tuple(events), before, now)

    def is_explained(self, changes: Changes) -> bool:
        """Whether no change of a service needs an action that was not given here."""
        explain = self._attribution.explain
        return all(explain(one).cause is not Cause.NOT_ORDERED_HERE for one in changes.events)

    def publish(self, changes: Changes) -> Iterator[Event]:
        """Yield the events with their causes, and those that follow from them."""
        for unexplained in changes.events:
            event = self._attribution.explain(unexplained)
            yield event
            service = changes.after.find(event.service)
            uptime = service.uptime if service else None
            restart = self._restarts.see(event, uptime, changes.before.answered_at)
            if restart is not None:
                yield restart
            loop = self._loops.see(restart or event)
            if loop is not None:
                yield loop
