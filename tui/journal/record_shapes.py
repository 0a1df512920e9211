"""The shapes of the journal's records; `make schemas` writes their JSON Schema.

A class is one object: its docstring, and the docstring below a key, become the descriptions.
"""

from typing import Literal, NotRequired, TypedDict

Verbs = Literal["start", "stop", "restart"]
Kinds = Literal["optional", "required", "unknown"]
Tiers = Literal["plain", "typed", "locked", "never"]
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


class RotatedFields(TypedDict):
    """That a new file begins here."""

    oldest: int
    """The number of the oldest record that is kept."""


class Envelope(TypedDict):
    """What every record has."""

    seq: int
    """From 1; each record has the next number."""
    at: str
    """The wall clock: ISO 8601, UTC."""
    mono: float
    """Seconds of the machine's clock since its start, which nobody can set."""
    boot: str
    """The id of the start of the machine; empty where it has none."""
    session: str
    prev: str
    """The SHA-256 of the line before it."""
    sum: str
    """The SHA-256 of this line without this key."""
    rotated: NotRequired[RotatedFields]
    torn: NotRequired[str]
    """A half-written record that was taken away before this one."""


class SeenFields(TypedDict):
    """One service as the operator saw it."""

    name: str
    status: str
    start_time: str | None
    uptime: int | None
    kind: Kinds


class RouteFields(TypedDict):
    """Which profile's node gets the request, and on which path."""

    via: str
    url: str
    path: str


class OriginFields(TypedDict):
    """Where answers came from: address and port, and the certificate's SHA-256."""

    peer: str
    certificate: str


class MarkFields(TypedDict):
    """A moment of an action's timeline, in seconds after its request left."""

    what: str
    at: float


class SessionFields(TypedDict):
    """Who started a process, and from where; empty where it is not known."""

    version: str
    user: str
    login: str
    host: str
    pid: int
    tty: str
    ssh: str
    read_only: bool


class IntentFields(TypedDict):
    """An action, before its request."""

    kind: Literal["intent"]
    verb: Verbs
    node: str
    uid: int | None
    hostname: str
    cluster: str
    url: str
    username: str
    services: list[SeenFields]
    age: float
    """Seconds since the operator confirmed what is sent."""
    route: RouteFields
    tier: Tiers
    reason: str
    rollout: NotRequired[str]
    """The id of its rollout, where it is of one; earlier versions did not write it."""
    origin: NotRequired[OriginFields]
    """Where the answers of a node came from that reports no uid."""
    starts: NotRequired[dict[str, str | None]]
    """The start times of the services of such a node."""


class AnswerFields(TypedDict):
    """What came back for an action."""

    kind: Literal["result"]
    outcome: Literal["accepted", "refused", "lost"]
    http: int | None
    text: str
    ms: int
    refused: NotRequired[list[str]]
    """The services of which the node reported that the operation failed."""


class VerdictFields(TypedDict):
    """What came of an action for one service, by what the node showed."""

    kind: Literal["verdict"]
    service: str
    result: Results
    text: str
    timeline: list[MarkFields]
    start_time: NotRequired[str | None]
    """Its start time by then, null where it showed none; earlier versions did not write it."""


class RefusedFields(TypedDict):
    """An action that was not sent."""

    kind: Literal["refused"]
    verb: Verbs
    node: str
    services: list[str]
    why: str
    unrecorded: NotRequired[int]
    """How many of the same were refused since the last record of it."""


class ResolvedFields(TypedDict):
    """What came of an action of an earlier session, by what its node shows now."""

    kind: Literal["resolved"]
    id: str
    by: str
    service: str
    result: Results
    status: str | None
    start_time: str | None
    text: str


class TurnFields(TypedDict):
    """One node's turn in a rollout."""

    node: str
    uid: int | None
    hostname: str
    role: str
    url: str
    services: list[SeenFields]


class PlanFields(TypedDict):
    """A rollout, before its first request."""

    kind: Literal["plan"]
    verb: Verbs
    cluster: str
    services: list[str]
    username: str
    age: float
    steps: list[TurnFields]
    left_out: list[str]
    tier: Tiers
    reason: str


class StepFields(TypedDict):
    """The result of one node's turn in a rollout."""

    kind: Literal["step"]
    node: str
    uid: int | None
    result: Literal["verified", "restarted", "blocked", "failed", "skipped", "unknown"]
    """`restarted`: the restart is verified, and something after it stopped the rollout."""
    text: str
    orders: list[str]
    """The ids of its actions."""


class RolloutEndFields(TypedDict):
    """The end of a rollout; one without it was ended with its process."""

    kind: Literal["rollout_end"]
    result: Literal["done", "aborted"]
    text: str


class RolloutClearedFields(TypedDict):
    """The rest of a rollout that was cut off is not to be offered again."""

    kind: Literal["rollout_cleared"]
    remaining: list[str]
    """The nodes that remain of it."""


class SessionRecord(Envelope, SessionFields):
    """A process that may send actions began."""

    kind: Literal["session"]


class SessionEndRecord(Envelope):
    """That process ended."""

    kind: Literal["session_end"]


class OrderEnvelope(Envelope):
    """What every record of one action or one rollout has."""

    id: str


class IntentRecord(OrderEnvelope, IntentFields):
    """An action, before its request."""


class SentRecord(OrderEnvelope):
    """An action's request begins to leave."""

    kind: Literal["sent"]


class AnswerRecord(OrderEnvelope, AnswerFields):
    """What came back for an action."""


class VerdictRecord(OrderEnvelope, VerdictFields):
    """What came of an action for one service, by what the node showed."""


class RefusedRecord(Envelope, RefusedFields):
    """An action that was not sent."""


class ResolvedRecord(Envelope, ResolvedFields):
    """What came of an action of an earlier session, by what its node shows now."""


class PlanRecord(OrderEnvelope, PlanFields):
    """A rollout, before its first request."""


class StepRecord(OrderEnvelope, StepFields):
    """The result of one node's turn in a rollout."""


class RolloutEndRecord(OrderEnvelope, RolloutEndFields):
    """The end of a rollout."""


class RolloutClearedRecord(OrderEnvelope, RolloutClearedFields):
    """The rest of a rollout of an earlier session is not to be offered again."""


JournalRecord = (
    SessionRecord
    | SessionEndRecord
    | IntentRecord
    | SentRecord
    | AnswerRecord
    | VerdictRecord
    | RefusedRecord
    | ResolvedRecord
    | PlanRecord
    | StepRecord
    | RolloutEndRecord
    | RolloutClearedRecord
)
"""One line of the journal."""
