"""Two readings of one node → the events that are published, in their order, and which are kept.

Which readings count (`EventBaseline`), what caused a change (`Attribution`), what changes add up to
(`EventPipeline`), what waits for the records of other processes (`ChangeQueue`), and which of the
events stay (`EventLog`).
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol, overload

from tui.config import Notify
from tui.fleet.events.diff import CrashLoopDetector, RestartDetector, diff_readings, late_uptimes
from tui.fleet.login.shared_login import Login
from tui.journal.other_actions import OtherAction
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.event import (
    Cause,
    Event,
    EventKind,
    OrderEnded,
    OrderGiven,
    Restart,
    RoleChange,
    Sender,
    StatusChange,
    StoppedLogin,
    is_same_step,
)
from tui.model.node import StartsChange, compare_starts, start_times
from tui.model.order import Order, OrderPhase, OrderProgress, Verdict
from tui.model.reading import Reading
from tui.model.sent_action import ActionVerdict, SentAction
from tui.model.service import Health, Service

_ACTIONS_AT_MOST, _SERVICES_AT_MOST = 500, 20_000


@dataclass(frozen=True, slots=True)
class _ActionHere:
    """An action of this session, and the profiles of the node that it was sent to."""

    action: SentAction
    nodes: frozenset[str]


class Attribution:
    """Follows this session's orders and those of other processes, and what they explain.

    A change that none explains ends what the actions before it explain of its service: what
    follows from that change has its cause.
    """

    def __init__(self) -> None:
        self._here: dict[int, _ActionHere] = {}
        self._others: Mapping[str, tuple[OtherAction, ...]] = {}
        # Node and service → when its newest change happened that no action explains (monotonic).
        self._unexplained: dict[tuple[str, str], float] = {}

    def note(self, progress: OrderProgress, now: float, also: Iterable[str] = ()) -> None:
        """Follow an order's step at `now` (monotonic); orders of earlier sessions do not count.

        `also` are the other profiles of the same node: it explains what they show as well.
        """
        order = progress.order
        if order.number <= 0 or progress.phase is OrderPhase.CHECKING:
            return
        known = self._here.get(order.number)
        action = known.action if known else _action(order, now)
        ends = dict(action.ends)
        for verdict in progress.verdicts:
            end = ends.get(verdict.service)
            if end is None or end.result is not verdict.result:
                ends[verdict.service] = ActionVerdict(now, verdict.result, verdict.started_at)
        nodes = frozenset({order.target.node, *also})
        self._here[order.number] = _ActionHere(replace(action, ends=ends), nodes)
        while len(self._here) > _ACTIONS_AT_MOST:
            del self._here[next(iter(self._here))]

    def forget(self, node: str) -> None:
        """Forget the orders on a node."""
        self._here = {
            number: replace(one, nodes=one.nodes - {node}) for number, one in self._here.items()
        }
        self._unexplained = {key: at for key, at in self._unexplained.items() if key[0] != node}

    def set_others(self, actions: Mapping[str, tuple[OtherAction, ...]]) -> None:
        """Replace the actions of other processes, by the names of the nodes they were sent to."""
        self._others = actions

    def explain(self, event: Event, before: Reading) -> Event:
        """Return a change of a service with its cause; any other event as it is.

        `before` is its node's reading before the change. Of several actions that can have caused
        it, it is the newest.
        """
        if not isinstance(event.details, StatusChange | Restart):
            return event
        seen, seen_at = before.find(event.service), before.answered_at
        since = self._unexplained.get((event.node, event.service), -math.inf)
        here: list[tuple[SentAction, Sender | None]] = [
            (one.action, None) for one in self._here.values() if event.node in one.nodes
        ]
        others = [(one.action, one.sender) for one in self._others.get(event.node, ())]
        found = [
            (action.since, sender)
            for action, sender in (*here, *others)
            if action.since > since and action.explains(event, seen, seen_at)
        ]
        if not found:
            return replace(event, cause=Cause.NOT_ORDERED_HERE)
        _, sender = max(found, key=lambda one: one[0])
        cause = Cause.ORDERED_HERE if sender is None else Cause.NOT_ORDERED_HERE
        return replace(event, cause=cause, sender=sender)

    def settle(self, event: Event) -> None:
        """Follow a change with its cause as it is published."""
        if event.cause is not Cause.NOT_ORDERED_HERE or event.sender is not None:
            return
        key = (event.node, event.service)
        self._unexplained.pop(key, None)
        self._unexplained[key] = event.at
        while len(self._unexplained) > _SERVICES_AT_MOST:
            del self._unexplained[next(iter(self._unexplained))]


def _action(order: Order, now: float) -> SentAction:
    before = {seen.name: seen for seen in order.services}
    return SentAction(order.verb, now, before, is_followed=True)


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


def verdict_event(order: Order, verdict: Verdict, action: str = "") -> Event:
    """Return the event of a verdict on one service of an order; `action` is its id, if any."""
    details = OrderEnded(order.verb, verdict.result, verdict.text)
    at, on = monotonic(), datetime.now(UTC)
    return Event(order.target.node, details, at, on, verdict.service, action=action)


def order_event(order: Order, action: str = "") -> Event:
    """Return the event of an order that is sent from here now: it was checked before.

    `action` is its id in the journal, if any.
    """
    details = OrderGiven(order.verb, order.names, order.reason)
    service = order.names[0] if len(order.names) == 1 else ""
    at, on = monotonic(), datetime.now(UTC)
    return Event(order.target.node, details, at, on, service, action=action)


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
        explain, before = self._attribution.explain, changes.before
        return all(
            explain(one, before).cause is not Cause.NOT_ORDERED_HERE for one in changes.events
        )

    def publish(self, changes: Changes) -> Iterator[Event]:
        """Yield the events with their causes, and those that follow from them."""
        for unexplained in changes.events:
            event = self._attribution.explain(unexplained, changes.before)
            self._attribution.settle(event)
            yield event
            service = changes.after.find(event.service)
            uptime = service.uptime if service else None
            restart = self._restarts.see(event, uptime, changes.before.answered_at)
            if restart is not None:
                yield restart
            loop = self._loops.see(restart or event)
            if loop is not None:
                yield loop


class IdentifiedNode(PolledNode, Protocol):
    """A polled node, with what is known of which one answers."""

    @property
    def wrong_node(self) -> str:
        """Why it is not known to be the node that is meant; empty if it is."""

    @property
    def is_settled(self) -> bool:
        """Whether its newest reading may be taken for one of the same node."""


@dataclass(frozen=True, slots=True)
class CountedNode:
    """A node with the reading that counts: a `PolledNode` for the event pipeline."""

    name: str
    reading: Reading
    login: Login


class EventBaseline:
    """Keeps each node's last reading that counts, to compare the next one with.

    A reading that another node may have given has its troubles counted, and not its services.
    """

    def __init__(self) -> None:
        self._counted: dict[str, Reading] = {}
        self._were_wrong: set[str] = set()

    def forget(self, node: str) -> None:
        """Forget a node's reading: another poller has its name."""
        self._counted.pop(node, None)
        self._were_wrong.discard(node)

    def advance(self, node: IdentifiedNode, before: Reading) -> tuple[Reading, PolledNode]:
        """Return the reading to compare with, and the node with the reading that counts.

        `before` is the node's own reading before its newest.
        """
        name = node.name
        was_wrong = name in self._were_wrong
        old, new = self._counted.get(name, before), node.reading
        is_wrong, is_settled = bool(node.wrong_node), node.is_settled
        if is_wrong or not is_settled:
            answered_at = None if old.answered_at is None else new.answered_at
            new = replace(new, services=old.services, answered_at=answered_at)
        elif was_wrong and _is_of_another(old, new):
            # It is the node that is meant from now on, and what it was before is not known.
            old = replace(old, services=new.services)
        if is_wrong:
            self._were_wrong.add(name)
        elif was_wrong and is_settled:
            self._were_wrong.remove(name)
        self._counted[name] = new
        return old, node if new is node.reading else CountedNode(name, new, node.login)


def _is_of_another(before: Reading, now: Reading) -> bool:
    change = compare_starts(start_times(before.services), start_times(now.services))
    return change in (StartsChange.MOST, StartsChange.BACK)


READ_WITHIN = 0.5
"""Seconds for which changes wait for the journal; a disk that hangs holds up no more."""


class ActionsElsewhere(Protocol):
    """What other processes order; `tui.journal.other_actions` reads it from the disk."""

    cleared_rollouts: frozenset[str] = frozenset()
    """The ids of rollouts that were cut off and that a person cleared in another process."""

    async def read(self) -> tuple[OtherAction, ...]:
        """Return the actions that are recorded by now."""


class ChangeQueue:
    """Passes changes on in their order, once the journal was read where one needs it.

    `take` gets what was read, `publish` the changes; `start` runs a coroutine beside others.
    Where `elsewhere` is None, nothing is known of other processes, and nothing waits.
    """

    def __init__(
        self,
        elsewhere: ActionsElsewhere | None,
        take: Callable[[tuple[OtherAction, ...]], None],
        publish: Callable[[Changes], None],
        start: Callable[[Coroutine[Any, Any, None], str], None],
        *,
        within: float = READ_WITHIN,
    ) -> None:
        self._elsewhere = elsewhere
        self._take, self._publish, self._start = take, publish, start
        self._within = within
        self._waiting: deque[Changes] = deque()
        self._is_wanted = self._is_reading = False

    def put(self, changes: Changes, *, is_explained: bool) -> None:
        """Pass changes on: at once if they are explained and nothing waits before them."""
        if self._elsewhere is None or (is_explained and not self._waiting):
            self._publish(changes)
            return
        self._waiting.append(changes)
        self.read_soon()

    def read_soon(self) -> None:
        """Read what other processes recorded, whether a change waits for it or not."""
        self._is_wanted = self._elsewhere is not None
        if self._elsewhere is not None and not self._is_reading:
            self._is_reading = True
            self._start(self._read_and_publish(self._elsewhere), "other actions")

    async def _read_and_publish(self, elsewhere: ActionsElsewhere) -> None:
        while self._is_wanted:
            self._is_wanted = False
            count = len(self._waiting)
            try:
                async with asyncio.timeout(self._within):
                    self._take(await elsewhere.read())
            except TimeoutError:
                pass
            for _ in range(count):
                self._publish(self._waiting[0])
                self._waiting.popleft()
        self._is_reading = False


EVENTS_AT_MOST = 4000
"""How many events are kept; of too many, the oldest of the node and kind with the most goes."""

OF_A_KIND_AT_MOST = 200
"""How many events of one kind are kept of one node."""

_STEPS = frozenset({EventKind.ORDERED, EventKind.VERDICT})
_Bucket = tuple[str, EventKind]
_LASTING: tuple[Callable[[Health], bool], ...] = (
    lambda health: health.is_problem,
    lambda health: health is Health.MOVING,
)


class EventLog(Sequence[Event]):
    """Events, the oldest first.

    The event that began what a service still is (a problem, or on its way) is never dropped, so
    since when it lasts is known however much happens meanwhile.
    """

    def __init__(self) -> None:
        self._events: dict[int, Event] = {}
        self._buckets: dict[_Bucket, deque[int]] = {}
        self._began: dict[tuple[str, str, int], int] = {}
        self._next = 0
        self._all: tuple[Event, ...] | None = ()

    def append(self, event: Event) -> None:
        """Add the newest event, and drop what is beyond the bounds."""
        number, self._next = self._next, self._next + 1
        self._events[number] = event
        self._all = None
        self._note_beginnings(event, number)
        bucket = self._buckets.setdefault((event.node, event.kind), deque())
        bucket.append(number)
        if len(bucket) > OF_A_KIND_AT_MOST:
            self._drop_oldest(bucket)
        if len(self._events) > EVENTS_AT_MOST:
            self._drop_oldest(max(self._buckets.values(), key=len))

    def insert_older(self, older: Iterable[Event]) -> None:
        """Insert events that happened before all others, the oldest first.

        Steps of actions that are among the others already are left out.
        """
        newer = self._tuple()
        self._fill((*(event for event in older if not self.holds_step(event)), *newer))

    def insert(self, events: Iterable[Event]) -> None:
        """Insert events, each after those that happened before it."""
        earlier, later = [*self._tuple()], deque[Event]()
        for event in sorted(events, key=lambda one: one.at)[::-1]:
            while earlier and earlier[-1].at > event.at:
                later.appendleft(earlier.pop())
            later.appendleft(event)
        if len(earlier) < len(self):
            self._fill((*earlier, *later))
        else:
            for event in later:
                self.append(event)

    def holds_step(self, event: Event) -> bool:
        """Whether the step of an action that an event reports is among the events already."""
        if event.kind not in _STEPS:
            return False
        return any(is_same_step(event, one) for one in self._tuple() if one.kind is event.kind)

    def _fill(self, events: Iterable[Event]) -> None:
        self._events, self._buckets, self._began = {}, {}, {}
        for event in events:
            self.append(event)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...
    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        return self._tuple()[index]

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._tuple())

    def _tuple(self) -> tuple[Event, ...]:
        if self._all is None:
            self._all = tuple(self._events.values())
        return self._all

    def _note_beginnings(self, event: Event, number: int) -> None:
        change = event.details
        if not isinstance(change, StatusChange):
            return
        before, after = (
            None if status is None else Service(event.service, status).health()
            for status in (change.before, change.after)
        )
        for condition, holds in enumerate(_LASTING):
            key = (event.node, event.service, condition)
            if after is None or not holds(after):
                self._began.pop(key, None)
            elif before is None or not holds(before):
                self._began[key] = number

    def _drop_oldest(self, bucket: deque[int]) -> None:
        lasting = set(self._began.values())
        oldest = next((number for number in bucket if number not in lasting), None)
        if oldest is not None:
            bucket.remove(oldest)
            del self._events[oldest]


class LastChanges:
    """The last event of each service, by node; the oldest of all are dropped."""

    AT_MOST = 20_000

    def __init__(self) -> None:
        self._order: dict[tuple[str, str], None] = {}
        self._by_node: dict[str, dict[str, Event]] = {}

    def add(self, event: Event) -> None:
        """Record an event, if it is about a service."""
        if not event.service:
            return
        key = (event.node, event.service)
        known = self.of(event.node).get(event.service)
        if known is not None and known.at > event.at:
            return  # of an action that another process sent before
        self._order.pop(key, None)
        self._order[key] = None
        self._by_node.setdefault(event.node, {})[event.service] = event
        while len(self._order) > self.AT_MOST:
            node, service = next(iter(self._order))
            del self._order[node, service]
            del self._by_node[node][service]

    def of(self, node: str) -> Mapping[str, Event]:
        """Return the last event of each service of a node, by the service's name."""
        return self._by_node.get(node, {})
