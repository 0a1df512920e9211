"""One order across nodes, in turn: the plan, and how far it has come."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import Enum

from tui.model.clock import one_unit
from tui.model.dataclass import dataclass
from tui.model.node import Environment, Identity
from tui.model.order import SeenService, Verb, Verdict
from tui.model.service import KnownRun

_GATE_AGES = 15.0
"""Seconds from which a check of the gate of a paused rollout is not called one of now.

Another check is usual by then.
"""


class StepState(Enum):
    """How far one node's turn has come; the value is the word on the screen."""

    WAITING = "waiting"
    CHECKING = "checking"
    """The gate before the order: fresh reading, identity, the cluster's own check."""
    ORDERED = "sent"
    """The action was sent, and has no verdict yet."""
    SETTLING = "rechecking"
    """The gate after the action."""
    DONE = "verified"
    RESTARTED = "restarted"
    """Its restart is verified, and something after it stopped the rollout."""
    BLOCKED = "blocked"
    """A gate did not open, or the node changed meanwhile: nothing was sent."""
    FAILED = "failed"
    """Something was sent, and did not come to a good end."""
    UNKNOWN = "unknown"
    """Something was sent, and what came of it could not be seen."""
    SKIPPED = "skipped"


class RolloutState(Enum):
    """How far a rollout has come."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    ABORTED = "aborted"


class GateHazard(Enum):
    """What closes a gate unless the configuration accepts it; the value is its name there."""

    ACTIONS = "actions"
    """An action of the cluster runs that may move shards."""
    MAINTENANCE = "maintenance"
    """A node of the cluster is in maintenance."""
    QUORUM = "quorum"
    """The cluster has lost its quorum."""
    UNREPLICATED = "unreplicated"
    """A database has a shard on the node and no replica, and the service carries data."""
    UNKNOWN = "unknown"
    """One of these is not known, and the service carries data."""

    @property
    def title(self) -> str:
        """What it is, in words."""
        return _HAZARDS[self]


_HAZARDS = {
    GateHazard.ACTIONS: "running actions",
    GateHazard.MAINTENANCE: "maintenance",
    GateHazard.QUORUM: "a lost quorum",
    GateHazard.UNREPLICATED: "databases without a replica",
    GateHazard.UNKNOWN: "what is not known",
}


class RolloutAction(Enum):
    """What the operator may do with a rollout that is paused."""

    RESUME = "resume"
    SKIP = "skip"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a plan, as it was when the plan was made; `services` are those it runs."""

    node: str
    url: str
    identity: Identity
    services: tuple[SeenService, ...]
    environment: Environment | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The services' names."""
        return tuple(seen.name for seen in self.services)


class PlanReason(Enum):
    """Why a node takes no part in a plan, or why there is no plan."""

    READ_ONLY = "read-only"
    NOT_A_RESTART = "not a restart"
    NO_SERVICE = "no service"
    NO_NODE = "no node"
    NO_PROFILE = "no profile"
    NODE = "the node takes no action now"
    ROLLED = "another process rolls the cluster"
    CLUSTER = "not one cluster"
    TWIN = "the same node twice"
    IDENTITY = "not known who it is"
    ROLE = "not known which is primary"
    MISSING = "the service is not there"
    DOWN = "the service does not run"
    UNFIT = "the service cannot be restarted"
    LOCKED = "locked"
    LOCKED_SEVERAL = "locked, and several at once"


@dataclass(frozen=True, slots=True)
class PlanRemark:
    """One reason, of a node and a service where it is about one; `text` is its sentence.

    It is read beside the node, and where it `names_node` alone too.
    """

    reason: PlanReason
    text: str
    node: str = ""
    service: str = ""
    names_node: bool = False

    def __str__(self) -> str:
        """Return the sentence, with the node that it is about, named once."""
        return f"{self.node}: {self.text}" if self.node and not self.names_node else self.text


@dataclass(frozen=True, slots=True)
class PlanRefusal:
    """Why there is no plan: every reason, the weightiest first."""

    remarks: tuple[PlanRemark, ...]

    SHOWN_AT_MOST = 5

    def __str__(self) -> str:
        """Return one sentence that can still be read, however many reasons there are."""
        text = "; ".join(map(str, self.remarks[: self.SHOWN_AT_MOST]))
        more = len(self.remarks) - self.SHOWN_AT_MOST
        return f"{text}; and {more} more" if more > 0 else text

    @property
    def is_locked(self) -> bool:
        """Whether unlocking required services would help."""
        return any(remark.reason is PlanReason.LOCKED for remark in self.remarks)

    @property
    def is_passing(self) -> bool:
        """Whether all that is in the way passes by itself."""
        return all(remark.reason is PlanReason.ROLLED for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, frozen when it was asked for: replicas first, the primary last.

    `left_out` are the nodes and services that take no part. `words` must be typed before it
    begins; `pressed_at` is monotonic, `pressed_on` the wall clock (aware, UTC).
    """

    number: int
    verb: Verb
    cluster: str
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    left_out: tuple[PlanRemark, ...] = ()
    words: str = ""
    needs_reason: bool = False
    danger: str = ""
    reason: str = ""
    pressed_at: float = 0.0
    pressed_on: datetime | None = None

    @property
    def title(self) -> str:
        """One line: `restart alert_mgr on 3 nodes of payments`."""
        nodes = "1 node" if len(self.steps) == 1 else f"{len(self.steps)} nodes"
        where = f" of {self.cluster}" if self.cluster else ""
        return f"{self.verb.value} {', '.join(self.names)} on {nodes}{where}"


class StepResult(Enum):
    """What came of one node's turn; the value is the word in the journal."""

    VERIFIED = "verified"
    RESTARTED = "restarted"
    """Its restart is verified, and something after it stopped the rollout, or ended the deck."""
    BLOCKED = "blocked"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    """What came of what was sent could not be seen, or the deck was left meanwhile."""


class StopReason(Enum):
    """What kept a node's turn from coming to a good end."""

    GATE_CLOSED = "gate closed"
    GATE_NOT_ANSWERED = "gate not answered"
    RESTARTED_ELSEWHERE = "restarted elsewhere"
    """The gate is closed by a restart that is not this rollout's; going on accepts it."""
    PRIMARY_TOO_EARLY = "primary too early"
    NOT_SENT = "not sent"
    SLEPT = "slept"
    """The machine slept, or this process was suspended, since it began or was resumed."""
    NOT_VERIFIED = "not verified"


@dataclass(frozen=True, slots=True)
class GateWait:
    """Why a step waits at a gate, since when (monotonic), and for how many seconds at most."""

    text: str
    since: float
    limit: float


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far one step has come; the times are monotonic, None before.

    `wait` is set while it waits at a gate, `reason` once it was stopped.
    """

    step: Step
    state: StepState = StepState.WAITING
    text: str = ""
    began_at: float | None = None
    ended_at: float | None = None
    verdicts: tuple[Verdict, ...] = ()
    wait: GateWait | None = None
    reason: StopReason | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is under way."""
        return self.state in (StepState.CHECKING, StepState.ORDERED, StepState.SETTLING)

    @property
    def is_restarted(self) -> bool:
        """Whether its restart is verified, though something after it stopped the rollout."""
        return self.state is StepState.RESTARTED

    @property
    def is_verified(self) -> bool:
        """Whether its newest action has good verdicts alone."""
        return bool(self.verdicts) and all(verdict.is_good for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class StepStop:
    """Why a rollout stopped at a node; `text` is the sentence for the operator.

    It is read beside the node, and where it `names_node` alone too.
    """

    reason: StopReason
    text: str
    names_node: bool = False

    def at(self, node: str) -> str:
        """Return the sentence with the node at which it stopped, named once."""
        return self.text if self.names_node else f"{node}: {self.text}"


@dataclass(frozen=True, slots=True)
class GateNow:
    """Whether a paused rollout could go on at a node, as it was checked last.

    `text` is what closes the gate, empty where it is open; where it is not `is_known`, why it could
    not be checked. `checked_at` is monotonic, and when the oldest answer came that it rests on.
    Where the text `names_node`, it is not to be named beside it. `restarted` holds the runs that
    this rollout did not begin, by node and service, where they are what closes it.
    """

    node: str
    text: str
    is_known: bool
    checked_at: float
    names_node: bool = False
    restarted: Mapping[tuple[str, str], KnownRun] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it was open when it was checked."""
        return self.is_known and not self.text

    def brief(self, now: float) -> str:
        """Return whether it could go on at `now` (monotonic), in a few words with their age."""
        word = ("open" if self.is_open else "closed") if self.is_known else "not known"
        age = now - self.checked_at
        when = "now" if age < _GATE_AGES else f"{one_unit(age)} ago"
        return f"gate {word} {when}"


@dataclass(frozen=True, slots=True)
class RolloutProgress:
    """A plan and how far it has come; `text` says what it waits for, or why it is paused.

    `stop` is what paused it, None while it goes on; `gate` is how the gate is since then, None
    until it was checked again. `paused_for` is how many seconds it has been paused, without a pause
    that goes on. It `is_stopping` while it awaits the verdict of its last action after an abort.
    """

    plan: Plan
    state: RolloutState = RolloutState.PLANNED
    steps: tuple[StepProgress, ...] = field(default=())
    text: str = ""
    began_at: float | None = None
    ended_at: float | None = None
    stop: StepStop | None = None
    gate: GateNow | None = None
    paused_for: float = 0.0
    is_stopping: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it still goes on, or is paused."""
        return self.state in (RolloutState.RUNNING, RolloutState.PAUSED)

    @property
    def accepts_restart(self) -> bool:
        """Whether going on accepts a restart that is not its own."""
        is_stop = self.stop is not None and self.stop.reason is StopReason.RESTARTED_ELSEWHERE
        return is_stop or (self.gate is not None and bool(self.gate.restarted))

    @property
    def here(self) -> StepProgress | None:
        """The step that is under way, else the next one; None where all are over."""
        over = (StepState.DONE, StepState.SKIPPED)
        return next((step for step in self.steps if step.state not in over), None)
