"""One order across nodes, in turn: the plan, and how far it has come."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from tui.model.node import Environment, Identity
from tui.model.order import SeenService, Verb, Verdict


class StepState(Enum):
    """How far one node's turn has come; the value is the word on the screen."""

    WAITING = "to come"
    CHECKING = "checking"
    """The gate before the order: fresh reading, identity, the cluster's own check."""
    ORDERED = "ordered"
    """The order is out, and its verdict is waited for."""
    SETTLING = "settling"
    """Verified; held still for a while, and the gate again."""
    DONE = "verified"
    FAILED = "failed"
    SKIPPED = "skipped"


class RolloutState(Enum):
    """How far a rollout has come."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a plan, as it was when the plan was made; `services` are those it runs."""

    node: str
    url: str
    identity: Identity
    services: tuple[SeenService, ...]
    environment: Environment | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, frozen when it was asked for: replicas first, the primary last.

    `left_out` tells of nodes that take no part, each with its reason. `words` must be typed
    before it begins; `pressed_at` is monotonic, `pressed_on` the wall clock (aware, UTC).
    """

    number: int
    verb: Verb
    cluster: str
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    left_out: tuple[str, ...] = ()
    words: str = ""
    needs_reason: bool = False
    danger: str = ""
    reason: str = ""
    pressed_at: float = 0.0
    pressed_on: datetime | None = None

    @property
    def title(self) -> str:
        """Say it in a line: `restart alert_mgr on 3 nodes of payments`."""
        nodes = "1 node" if len(self.steps) == 1 else f"{len(self.steps)} nodes"
        where = f" of {self.cluster}" if self.cluster else ""
        return f"{self.verb.value} {', '.join(self.names)} on {nodes}{where}"


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far one step has come; the times are monotonic, None before."""

    step: Step
    state: StepState = StepState.WAITING
    text: str = ""
    began_at: float | None = None
    ended_at: float | None = None
    verdicts: tuple[Verdict, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is under way."""
        return self.state in (StepState.CHECKING, StepState.ORDERED, StepState.SETTLING)


@dataclass(frozen=True, slots=True)
class RolloutProgress:
    """A plan and how far it has come; `text` says what it waits for, or why it stands."""

    plan: Plan
    state: RolloutState = RolloutState.PLANNED
    steps: tuple[StepProgress, ...] = field(default=())
    text: str = ""
    began_at: float | None = None
    ended_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still goes on, or waits for a word."""
        return self.state in (RolloutState.RUNNING, RolloutState.PAUSED)

    @property
    def here(self) -> StepProgress | None:
        """The step that is under way, else the next one; None where all are over."""
        left = (StepState.DONE, StepState.SKIPPED)
        return next((one for one in self.steps if one.state not in left), None)
