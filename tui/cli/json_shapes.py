"""The shapes of what commands print as JSON; `make schemas` writes their JSON Schemas.

A class is one object: its docstring, and the docstring below a key, become the descriptions.
"""

from typing import Literal, TypedDict

from tui.cli.errors import ErrorCode

Results = Literal[
    "verified",
    "refused",
    "not sent",
    "failed",
    "not restarted",
    "flapping",
    "timed out",
    "unknown",
]
Tiers = Literal["plain", "typed", "locked", "never"]


class ErrorFields(TypedDict):
    """Why a command could not do its work, or a node could not be polled."""

    code: ErrorCode
    message: str
    node: str | None
    """The node that it is about."""
    retryable: bool
    """Whether the same command may work later, though nobody changes anything."""


class ErrorObject(TypedDict):
    """What a command with --json prints where it could not do its work."""

    error: ErrorFields


class ServiceReport(TypedDict):
    """One service of a node."""

    name: str
    status: str
    """The word of the API: RUNNING, STOPPED, STARTING, FATAL and others."""
    start_time: str | None
    """By the node's own clock: ISO 8601, UTC."""
    uptime_seconds: int | None
    kind: Literal["required", "optional", "unknown"]
    """Whether the cluster lists it as optional."""
    problem: bool
    """Whether the status needs attention."""


class NodeReport(TypedDict):
    """One node as it was polled."""

    node: str
    """The name of its profile."""
    url: str
    reachable: bool
    error: ErrorFields | None
    """Why it could not be polled."""
    kinds_error: str | None
    """Why the kinds of its services are not known."""
    maintenance: str | None
    services: list[ServiceReport]


class StatusReport(TypedDict):
    """What `rsdeck status --json` prints."""

    nodes: list[NodeReport]
    error: ErrorFields | None
    """The error of the first node that could not be polled."""


class StatusLine(StatusReport):
    """The first line of `rsdeck status --watch --json`."""

    type: Literal["status"]
    at: str


class ChangeLine(TypedDict):
    """A line of `rsdeck status --watch --json`: something changed on a node."""

    type: Literal["change"]
    at: str
    node: str
    service: str
    """Empty where the whole node is meant."""
    what: str
    """The kind of event; `order` is an action that was sent, `action` on the screen."""
    status: str | None
    """The service's status after a change of status; else null."""
    text: str
    problem: bool
    """Whether it needs attention."""


class HeartbeatLine(TypedDict):
    """A line of `rsdeck status --watch --json` that shows that it lives."""

    type: Literal["heartbeat"]
    at: str
    nodes: int
    unreachable: int
    problems: int
    """How many services need attention, by the last good answers."""


class ActionService(TypedDict):
    """One service of an action: as it was seen before, and what came of it."""

    name: str
    kind: Literal["required", "optional", "unknown"]
    status_before: str
    start_time_before: str | None
    result: Results | None
    """The verdict; null in a dry run."""
    text: str
    """The evidence for the verdict, in words."""


class ActionResult(TypedDict):
    """What `rsdeck start`, `stop` and `restart` print: one action on one node."""

    action: Literal["start", "stop", "restart"]
    node: str
    url: str
    id: str | None
    """The action's id in the journal; null where nothing was sent."""
    dry_run: bool
    sent: bool
    verified: bool
    """Whether every service was verified."""
    tier: Tiers
    touches: list[str]
    """What is around the services: databases, shards, alerts, the quorum."""
    warnings: list[str]
    services: list[ActionService]


class RolloutTurn(TypedDict):
    """One node of a plan."""

    node: str
    uid: int | None
    role: str
    url: str
    services: list[str]


class RolloutPlanLine(TypedDict):
    """The first line of `rsdeck rollout restart --json`."""

    type: Literal["plan"]
    at: str
    action: Literal["start", "stop", "restart"]
    cluster: str
    services: list[str]
    dry_run: bool
    nodes: list[RolloutTurn]
    """In the sequence in which they are restarted."""
    left_out: list[str]
    warning: str


class RolloutStepLine(TypedDict):
    """A line of `rsdeck rollout restart --json`: how far one node's turn has come."""

    type: Literal["step"]
    at: str
    node: str
    state: Literal[
        "waiting",
        "checking",
        "sent",
        "rechecking",
        "verified",
        "restarted",
        "blocked",
        "failed",
        "unknown",
        "skipped",
    ]
    """`restarted`: the restart is verified, and something after it stopped the rollout. `unknown`:
    it was sent, and what came of it could not be seen."""
    seconds: float
    text: str


class RolloutEndLine(TypedDict):
    """The last line of `rsdeck rollout restart --json`."""

    type: Literal["end"]
    at: str
    complete: bool
    """Whether every node is verified."""
    stopped_at: str | None
    """The node at which it stopped; in a dry run, at which it would stop."""
    text: str
    verified: list[str]
    restarted: list[str]
    """The node whose restart is verified, and after which the rollout stopped."""
    not_touched: list[str]


class WhyEvidence(TypedDict):
    """One piece of evidence."""

    kind: str
    source: str
    text: str
    age_seconds: float | None
    at: str | None
    problem: bool
    severity: str | None
    """Of the list of problems: critical, serious or notice; null where it is none of them."""
    not_known: str | None
    """Why it is not known."""


class WhyReport(TypedDict):
    """What `rsdeck why --json` prints: why a service, or a node, is as it is."""

    node: str
    service: str | None
    description: str | None
    """What the service does, and its kind; null of a node."""
    next_step: str | None
    """What to do next; null where nothing is to be done."""
    next_command: str | None
    """The command for it; null where there is none."""
    evidence: list[WhyEvidence]
    error: ErrorFields | None
    """Why the node could not be polled."""


class WaitReport(TypedDict):
    """What `rsdeck wait --json` prints: whether it came about, and the last that was seen."""

    node: str
    service: str
    awaited: Literal["running", "stopped", "restarted"]
    reached: bool
    status: str
    start_time: str | None


class SenderReport(TypedDict):
    """An rsdeck of this machine that sent an action or ran a rollout."""

    user: str
    pid: int | None
    reason: str


class EventLine(TypedDict):
    """A line of `rsdeck events --json`: something happened on a node."""

    at: str
    until: str | None
    """The end of a time without data; null for an event."""
    node: str
    """Empty for a time without data of all nodes."""
    service: str
    """Empty where the whole node is meant."""
    what: str
    """The kind of event; `order` is an action that was sent, `action` on the screen.

    `no data` is no event, but a time in which no poll was answered.
    """
    text: str
    ordered: bool
    """Whether an action that was sent from this machine explains it."""
    sender: SenderReport | None
    """Who sent that action, where it was not the deck that recorded the event.

    Of a rollout, who ran it; null where an earlier version recorded it.
    """
    action: str | None
    """The id in the journal of the action that was sent, or that has this verdict; else null."""


class DiscoveredNodeReport(TypedDict):
    """One node of a cluster, as `rsdeck discover` found it."""

    uid: int
    name: str
    hostname: str
    address: str
    external_addresses: list[str]
    url: str | None
    role: str
    version: str
    profile: str | None
    """The name of its profile; null where it has none."""
    found: str
    text: str
    added: bool
    """Whether a profile was written for it now."""


class DiscoveryReport(TypedDict):
    """What `rsdeck discover --json` prints."""

    node: str
    cluster: str
    notes: list[str]
    nodes: list[DiscoveredNodeReport]
