"""The shape of a snapshot; `make schemas` writes its JSON Schema.

A class is one object: its docstring, and the docstring below a key, become the descriptions.
"""

from typing import Any, Literal, TypedDict

Kinds = Literal["optional", "required", "unknown"]


class EventReport(TypedDict):
    """One thing that happened on a node."""

    at: str | None
    ago_seconds: float | None
    node: str
    service: str | None
    what: str
    """The kind of event; `order` is an action that was sent, `action` on the screen."""
    text: str
    ordered_here: bool


class SnapshotService(TypedDict):
    """One service of a node."""

    name: str
    status: str
    health: str
    problem: bool
    start_time: str | None
    """By the node's own clock."""
    uptime_seconds: int | None
    kind: Kinds
    note: str | None
    last_change: EventReport | None


class SnapshotTrouble(TypedDict):
    """Why a node could not be polled, and since when."""

    kind: str
    text: str
    for_seconds: float | None


class SnapshotHealth(TypedDict):
    """What its cluster observed of a node."""

    status: str | None
    detail: str | None
    observed_seconds_ago: float | None
    remark: str | None


class SnapshotNode(TypedDict):
    """All that is known of one node."""

    node: str
    label: str | None
    url: str
    proxy: str | None
    cluster: str | None
    environment: str | None
    role: str
    uid: int | None
    hostname: str | None
    version: str | None
    read_only: str | None
    trust: str
    presented: str | None
    presented_is_pinned: bool
    certificate: str | None
    reachable: bool
    trouble: SnapshotTrouble | None
    wrong_node: str | None
    answered_at: str | None
    age_seconds: float | None
    stale: bool
    next_in_seconds: float | None
    gaps: list[str]
    maintenance: str | None
    cluster_health: SnapshotHealth | None
    services: list[SnapshotService]


class SeenReport(TypedDict):
    """A service before an action."""

    status: str
    start_time: str | None
    kind: Kinds


class MarkReport(TypedDict):
    """A moment of an action's timeline, in seconds after its request left."""

    what: str
    at_seconds: float


class OrderServiceReport(TypedDict):
    """One service of an action, and what came of it."""

    name: str
    before: SeenReport
    result: str | None
    text: str | None
    timeline: list[MarkReport]


class OrderReport(TypedDict):
    """One action, and how far it has come."""

    number: int
    verb: str
    node: str
    uid: int | None
    url: str
    by_way_of: str
    path: str
    ordered_at: str | None
    ago_seconds: float
    reason: str | None
    phase: str
    text: str
    services: list[OrderServiceReport]


class RolloutNodeReport(TypedDict):
    """One node's turn in a rollout."""

    node: str
    uid: int | None
    state: str
    text: str | None


class RolloutReport(TypedDict):
    """One rollout that goes on or is paused."""

    number: int
    title: str
    state: str
    text: str | None
    """Why it is paused, or what it waits for."""
    began_ago_seconds: float | None
    reason: str | None
    steps: list[RolloutNodeReport]
    """In turn."""


class JournalReport(TypedDict):
    """The journal's newest records, as they are in it."""

    trouble: str | None
    records: list[dict[str, Any]]


class SnapshotReport(TypedDict):
    """All that is known at one moment; ages are in seconds at that moment, times are UTC."""

    format: int
    rsdeck: str
    host: str
    taken_at: str | None
    read_only: str | None
    paused: bool
    required_unlocked: bool
    interval_seconds: float
    nodes: list[SnapshotNode]
    events_known: int
    events: list[EventReport]
    """The newest first."""
    orders_known: int
    orders: list[OrderReport]
    """The newest first."""
    rollouts: list[RolloutReport]
    """Those that are open."""
    journal: JournalReport
