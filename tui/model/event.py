"""What happened on a node, as data; `tui.model.event_text` puts it into words.

An event has details of one of the classes here, and by them its kind. Names, statuses and messages
are clean text; start times are the node's own clock, aware, UTC.
"""

from datetime import datetime
from enum import Enum
from typing import ClassVar, Protocol

from tui.model.context import LogEntry
from tui.model.dataclass import dataclass
from tui.model.node import Role
from tui.model.order import Result, Verb
from tui.model.reading import TroubleKind
from tui.model.rollout import RolloutState
from tui.model.service import Health, Service
from tui.model.text import clean


class EventKind(Enum):
    """The sorts of events; the value is the word in files, JSON and the configuration."""

    FLIPPED = "status"
    RESTARTED = "restarted"
    VANISHED = "vanished"
    APPEARED = "appeared"
    LOST = "lost"
    REGAINED = "back"
    ROLE = "role"
    ORDERED = "order"
    VERDICT = "verdict"
    LOGIN = "login"
    LOOPING = "crash loop"
    ROLLOUT = "rollout"
    CLUSTER = "cluster"
    """An entry of the cluster's own event log, which is read and never recorded."""
    NO_DATA = "no data"
    """A time in which no poll was answered: no event, and found in the history between others."""

    @property
    def word(self) -> str:
        """The word for a person."""
        return "action" if self is EventKind.ORDERED else self.value


RECORDED = tuple(kind for kind in EventKind if kind not in (EventKind.CLUSTER, EventKind.NO_DATA))
"""The kinds of events that are seen from here: recorded, and worth a bell or a notice."""


class Cause(Enum):
    """Who is behind an event; the value is the word in the history."""

    ORDERED_HERE = "ordered here"
    NOT_ORDERED_HERE = "not ordered here"
    UNKNOWN = "unknown"
    """Not decided, or nothing that an order to a service can explain."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Another process that sent an action or runs a rollout; empty and None where not known.

    It `has_ended` where that is known, at `ended_on` (aware, UTC) where it recorded that.
    """

    user: str = ""
    pid: int | None = None
    reason: str = ""
    has_ended: bool = False
    ended_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A service's status, None where the node did not list the service."""

    before: str | None
    after: str | None
    started_at: datetime | None = None

    @property
    def kind(self) -> EventKind:
        """Return the kind: appeared, vanished, or another status."""
        if self.before is None:
            return EventKind.APPEARED
        return EventKind.VANISHED if self.after is None else EventKind.FLIPPED


@dataclass(frozen=True, slots=True)
class Restart:
    """A service was down and came up again; `via` is the status that was seen on the way, if any.

    Where none was seen, `status` stood before and after, and the start time moved forward or the
    uptime started over.
    """

    kind: ClassVar = EventKind.RESTARTED
    status: str
    via: str = ""
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CrashLoop:
    """So many restarts of a service within so many seconds."""

    kind: ClassVar = EventKind.LOOPING
    restarts: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """A node could not be read; `trouble` is None where an old history does not hold it."""

    kind: ClassVar = EventKind.LOST
    trouble: TroubleKind | None
    message: str


@dataclass(frozen=True, slots=True)
class ConnectionRegained:
    """A node answers after `trouble`; `silent_for` is in seconds, None if it never answered."""

    kind: ClassVar = EventKind.REGAINED
    trouble: TroubleKind
    silent_for: float | None = None


@dataclass(frozen=True, slots=True)
class RoleChange:
    """A node's role as it was last known, and as it is now."""

    kind: ClassVar = EventKind.ROLE
    before: Role
    after: Role


@dataclass(frozen=True, slots=True)
class StoppedLogin:
    """A login was refused, and is not tried again; `username` is empty for a certificate's."""

    kind: ClassVar = EventKind.LOGIN
    username: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderGiven:
    """An order was given here for these services."""

    kind: ClassVar = EventKind.ORDERED
    verb: Verb
    services: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OrderEnded:
    """An order has a verdict for one service; `evidence` is the verdict's own words."""

    kind: ClassVar = EventKind.VERDICT
    verb: Verb
    result: Result
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class RolloutMoved:
    """A rollout came to another state; `skipped` are the nodes that were left out on its way.

    `title` is the plan's, and `services` are those it restarts, empty where an old history does not
    hold them; `note` is what it waits for, or why it stands still.
    """

    kind: ClassVar = EventKind.ROLLOUT
    number: int
    title: str
    state: RolloutState
    is_begun: bool = False
    skipped: tuple[str, ...] = ()
    note: str = ""
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterLogged:
    """The cluster logged something itself (`/v1/logs`)."""

    kind: ClassVar = EventKind.CLUSTER
    entry: LogEntry


@dataclass(frozen=True, slots=True)
class TimeWithoutData:
    """No poll was answered between these moments (the wall clock, aware, UTC)."""

    kind: ClassVar = EventKind.NO_DATA
    begun: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class OldSentence:
    """What an earlier version of rsdeck kept of an event, where its fields cannot be had."""

    kind: EventKind
    text: str
    brief: str = ""


EventDetails = (
    StatusChange
    | Restart
    | CrashLoop
    | ConnectionLost
    | ConnectionRegained
    | RoleChange
    | StoppedLogin
    | OrderGiven
    | OrderEnded
    | RolloutMoved
    | ClusterLogged
    | TimeWithoutData
    | OldSentence
)

_PROBLEMS = frozenset({EventKind.LOST, EventKind.LOOPING, EventKind.LOGIN})
_PROBLEMS_UNLESS_ORDERED = frozenset({EventKind.RESTARTED, EventKind.VANISHED})
_STANDSTILLS = (RolloutState.PAUSED, RolloutState.ABORTED)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened on one node.

    `service` is empty where the whole node is meant, `node` where all nodes are; `at` is monotonic,
    `on` the wall clock (aware, UTC). `sender` is who else on this machine ordered what was not
    ordered here, or whose rollout it is: each process counts its own from 1. `action` is the id in
    the journal of the action that was sent, or that has a verdict; empty where it is not known.
    """

    node: str
    details: EventDetails
    at: float
    on: datetime
    service: str = ""
    cause: Cause = Cause.UNKNOWN
    sender: Sender | None = None
    action: str = ""

    @property
    def kind(self) -> EventKind:
        """Return the sort of event that the details make it."""
        return self.details.kind

    @property
    def ordered_here(self) -> bool:
        """Whether an order given here explains it."""
        return self.cause is Cause.ORDERED_HERE

    @property
    def is_ordered(self) -> bool:
        """Whether an action explains it that was given here, or elsewhere on this machine."""
        return self.ordered_here or self.sender is not None

    @property
    def health_after(self) -> Health:
        """Return what the status means that a service changed to; UNKNOWN where there is none."""
        after = self.details.after if isinstance(self.details, StatusChange) else None
        return Health.UNKNOWN if after is None else Service(self.service, after).health()

    @property
    def result(self) -> Result:
        """Return what came of an order; UNKNOWN where the event is no verdict."""
        return self.details.result if isinstance(self.details, OrderEnded) else Result.UNKNOWN

    @property
    def is_problem(self) -> bool:
        """Whether it needs attention.

        Lost nodes, crash loops, stopped logins; restarts and disappearances that were not ordered
        on this machine; changes to a status with a problem, unless ordered and no failure; orders
        that were not verified; rollouts that stand still; errors in the cluster's log.
        """
        match self.kind:
            case EventKind.FLIPPED:
                health = self.health_after
                return health is Health.FAILED or (health.is_problem and not self.is_ordered)
            case EventKind.VERDICT:
                return self.result is not Result.VERIFIED
            case EventKind.ROLLOUT:
                return isinstance(self.details, RolloutMoved) and self.details.state in _STANDSTILLS
            case EventKind.CLUSTER:
                return isinstance(self.details, ClusterLogged) and self.details.entry.is_error
            case kind:
                unordered = kind in _PROBLEMS_UNLESS_ORDERED and not self.is_ordered
                return unordered or kind in _PROBLEMS


TEXT_AT_MOST = 500
"""No text of an event or of an action is kept on the disk longer, in characters."""

_SAME_WITHIN = 60.0
"""Seconds between the press of a key and the record of its action, at most."""


class ActionEvent(Protocol):
    """An event of this session, or one of the history."""

    @property
    def on(self) -> datetime:
        """When it happened, by the wall clock."""

    @property
    def node(self) -> str:
        """The node."""

    @property
    def service(self) -> str:
        """The service; empty where it is the whole node, or several services."""

    @property
    def details(self) -> EventDetails | None:
        """What happened; None where it is not known."""

    @property
    def action(self) -> str:
        """The id of the action in the journal; empty where it is not known."""


def is_same_step(one: ActionEvent, other: ActionEvent) -> bool:
    """Whether two events are one step of one action: that it was sent, or one of its verdicts.

    The action is known by its id. Earlier versions recorded none: then it is the same where the
    same happened on the node about the same time.
    """
    if one.action and other.action:
        if one.action != other.action:
            return False
    elif one.node != other.node or abs((one.on - other.on).total_seconds()) > _SAME_WITHIN:
        return False
    # Last, as it takes by far the longest.
    step = _step(one)
    return step is not None and step == _step(other)


def _step(event: ActionEvent) -> tuple[object, ...] | None:
    """Return what an event says of an action, as it is kept; None where it says nothing of one."""
    match event.details:
        case OrderGiven(verb=verb, services=services):
            return verb, tuple(map(clean, services))
        case OrderEnded(verb=verb, result=result, evidence=evidence):
            return verb, clean(event.service), result, clean(evidence, TEXT_AT_MOST)
        case _:
            return None
