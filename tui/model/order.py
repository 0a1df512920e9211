"""An order, what it may need, and what came of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from enum import Enum

from tui.model.clock import after_text
from tui.model.dataclass import dataclass
from tui.model.node import Environment, Identity, NodeEvidence
from tui.model.service import Kind, Run, is_one_shot, uptime_started_over

_ENDED = frozenset({"STOPPED", "EXITED"})
_LIVING = frozenset({"RUNNING", "STARTING", "RESTARTING", "STOPPING"})


class Verb(Enum):
    """An action on a service; the value is the API's `operation_type`."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"


class Tier(Enum):
    """How much an operator must do before an order is sent."""

    PLAIN = "plain"
    TYPED = "typed"
    LOCKED = "locked"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class SeenService:
    """One service as the operator saw it when the key was pressed."""

    name: str
    status: str
    kind: Kind
    started_at: datetime | None = None
    uptime: int | None = None

    def aged(self, seconds: float) -> "SeenService":
        """Return it as it is so many seconds later, if nothing happens to it meanwhile.

        What does not run has no uptime that goes on, whatever its node reports.
        """
        if self.uptime is None or not self.is_running:
            return self
        return replace(self, uptime=self.uptime + int(seconds))

    @property
    def is_running(self) -> bool:
        """Whether it was up."""
        return self.status == "RUNNING"


def is_reached(
    verb: Verb, before: SeenService, status: str | None, run: Run, elapsed: float
) -> bool:
    """Whether a service shows what an action on it is for; `status` is None where it is gone.

    `before` is the service when the action was sent, `elapsed` how many seconds ago that was.
    """
    if verb is Verb.STOP:
        return status is None or status in _ENDED
    if status != "RUNNING":
        return verb is Verb.START and status == "EXITED" and is_one_shot(before.name)
    if verb is Verb.START:
        return True
    if before.started_at is None and before.status not in _LIVING:
        return True  # it did not run, and now it does
    # What was starting anyway becomes RUNNING by itself.
    is_later = (
        before.started_at is not None
        and run.started_at is not None
        and run.started_at > before.started_at
    )
    return is_later or uptime_started_over(before.uptime, run.uptime, elapsed)


@dataclass(frozen=True, slots=True)
class Target:
    """The node that is meant, bound when the key was pressed, with what its reading showed."""

    node: str
    url: str
    identity: Identity
    environment: Environment | None = None
    evidence: NodeEvidence = field(default_factory=NodeEvidence)


@dataclass(frozen=True, slots=True)
class Route:
    """The route of an order: which profile's node gets the POST, and on which path.

    `LOCAL` acts on whoever answers; `PRIMARY` is `POST /v1/services`, which acts on the
    processes of the primary, whichever node gets the POST (vendor's documentation, 2026-03).
    """

    LOCAL = "/v1/local/services"
    PRIMARY = "/v1/services"

    via: str
    url: str
    path: str = LOCAL


@dataclass(frozen=True, slots=True)
class Order:
    """An action on services of one node, frozen at the key press.

    `number` counts the session's orders; `pressed_at` is monotonic, `pressed_on` the wall clock.
    `rollout` is the id in the journal of the rollout that it is of; empty for a single action.
    """

    number: int
    verb: Verb
    target: Target
    services: tuple[SeenService, ...]
    route: Route
    pressed_at: float
    pressed_on: datetime
    reason: str = ""
    rollout: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The services' names, in the order of the request."""
        return tuple(seen.name for seen in self.services)


class OrderPhase(Enum):
    """How far an order has come."""

    CHECKING = "checking"
    SENDING = "sending"
    WATCHING = "watching"
    ENDED = "ended"


REFUSAL_STATUSES = frozenset({400, 401, 403, 404, 405, 406, 415})
"""The statuses that a server gives before it acts.

Any other that is not 200 may come after the work was done (408, 409, 429, 5xx, a redirect).
"""


class AnswerOutcome(Enum):
    """What came back for an order that left; the value is the word in the journal."""

    ACCEPTED = "accepted"
    """200 and a JSON object; by service, it says whether the operation ran."""
    REFUSED = "refused"
    """A status of REFUSAL_STATUSES: the request was turned down before anything was done."""
    LOST = "lost"
    """Anything else, or nothing: whether the node acted is not known."""


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What came back for an order.

    `results` is by service of the order: true, false, or None where the answer does not say.
    `status` is None where no answer came at all; `took` is in seconds.
    """

    outcome: AnswerOutcome
    text: str
    took: float
    status: int | None = None
    results: Mapping[str, bool | None] = field(default_factory=dict)

    @property
    def forbidden(self) -> bool:
        """Whether the user's role may not send actions."""
        return self.status == 403

    @property
    def login_refused(self) -> bool:
        """Whether the login was not accepted."""
        return self.status == 401


class Result(Enum):
    """What came of an order for one service, by evidence only."""

    VERIFIED = "verified"
    REFUSED = "refused"
    NOT_SENT = "not sent"
    FAILED = "failed"
    """The node reported failure, and did not show what was wished for."""
    NOT_RESTARTED = "not restarted"
    FLAPPING = "flapping"
    TIMED_OUT = "timed out"
    UNKNOWN = "unknown"


class Moment(Enum):
    """What is noted in an order's timeline; the value is the word in the journal and JSON."""

    ANSWERED = "asked"
    ANSWER_LOST = "answer lost"
    DOWN = "down"
    UP = "up"

    @property
    def word(self) -> str:
        """The words for a person, before how long after the POST it was."""
        return _MOMENT_WORDS[self]


_MOMENT_WORDS = {
    Moment.ANSWERED: "answered",
    Moment.ANSWER_LOST: "answer lost",
    Moment.DOWN: "seen down",
    Moment.UP: "back",
}


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """One moment of an order's timeline; `at` in seconds after the POST left."""

    moment: Moment
    at: float

    def __str__(self) -> str:
        """Return it as `seen down after 1.2 s`; `seen down` where that is no time at all."""
        return f"{self.moment.word}{after_text(self.at)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an order for one service, with the evidence in words.

    `is_denied`: the node's answer says that the operation failed or was refused. `is_partial`: it
    runs again, and endpoints that it carried are not back. `started_at` is the start time that the
    service showed then, by the node's own clock; None where it showed none.
    """

    service: str
    result: Result
    text: str = ""
    timeline: tuple[TimelineMark, ...] = ()
    is_denied: bool = False
    is_partial: bool = False
    started_at: datetime | None = None

    @property
    def is_good(self) -> bool:
        """Whether it is verified, and nothing in the answer or around it speaks against that."""
        is_doubted = self.is_denied or self.is_partial
        return self.result is Result.VERIFIED and not is_doubted

    def __str__(self) -> str:
        """Return it as a line: `alert_mgr: verified, stable for 10 s`."""
        return f"{self.service}: {self.result.value}, {self.text}"


@dataclass(frozen=True, slots=True)
class OrderProgress:
    """An order and how far it has come; `verdicts` holds the services that are decided.

    `sent_at` is when its POST left (monotonic), from which its timelines count; None before.
    `steady` is for how many seconds what was reached must hold. `seen_at` is when all its services
    were last observed (monotonic, whole seconds after `sent_at`), None before. Of `unsettled`
    services of an order that ended unseen it is still watched what came of it.
    """

    order: Order
    phase: OrderPhase
    text: str = ""
    timelines: dict[str, tuple[TimelineMark, ...]] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    sent_at: float | None = None
    steady: float = 0.0
    seen_at: float | None = None
    unsettled: frozenset[str] = frozenset()

    def stable_for(self) -> float | None:
        """Return for how many seconds all its services were seen to run again, `steady` at most.

        None while one of them does not, as far as it was observed, and for a stop.
        """
        last = [marks[-1] if marks else None for marks in self.timelines.values()]
        up = [mark.at for mark in last if mark is not None and mark.moment is Moment.UP]
        if self.sent_at is None or not up or len(up) != len(last):
            return None
        seen = 0.0 if self.seen_at is None else self.seen_at - self.sent_at
        return min(max(0.0, seen - max(up)), self.steady)

    def unseen_for(self, now: float) -> float:
        """Return for how many seconds its node showed nothing of it, 0 before it was sent."""
        since = self.sent_at if self.seen_at is None else self.seen_at
        return 0.0 if since is None else max(0.0, now - since)

    @property
    def is_open(self) -> bool:
        """Whether it still needs watching."""
        return self.phase is not OrderPhase.ENDED

    @property
    def is_verified(self) -> bool:
        """Whether it ended, and well for every service."""
        return not self.is_open and all(
            verdict.result is Result.VERIFIED and not verdict.is_denied for verdict in self.verdicts
        )


def write_operation(verb: Verb, services: Iterable[str]) -> bytes:
    """Write the body of an order, as the documentation has it."""
    body = {"operation_type": verb.value, "services": list(services)}
    return json.dumps(body).encode("ascii")
