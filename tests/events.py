"""Events for tests: details of every kind, and what people read of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tui.model.context import LogEntry, VendorSeverity
from tui.model.event import (
    Cause,
    ClusterLogged,
    ConnectionLost,
    ConnectionRegained,
    CrashLoop,
    Event,
    EventDetails,
    EventKind,
    OrderEnded,
    OrderGiven,
    Restart,
    RoleChange,
    RolloutMoved,
    StatusChange,
    StoppedLogin,
    TimeWithoutData,
)
from tui.model.node import Role
from tui.model.order import Result, Verb
from tui.model.reading import TroubleKind
from tui.model.rollout import RolloutState

ON = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
HERE, ELSEWHERE, UNKNOWN = Cause.ORDERED_HERE, Cause.NOT_ORDERED_HERE, Cause.UNKNOWN
TITLE = "restart ccs on 3 nodes of payments"

SENTENCES: list[tuple[EventDetails, Cause, str, str]] = [
    (
        StatusChange("RUNNING", "STOPPED"), ELSEWHERE,
        "RUNNING → STOPPED, not sent from here", "→ STOPPED",
    ),
    (StatusChange("A", "B", ON), HERE, "A → B, sent from here", "→ B"),
    (
        StatusChange("", "RUNNING"), ELSEWHERE, " → RUNNING, not sent from here", "→ RUNNING",
    ),
    (StatusChange(None, "RUNNING", ON), HERE, "appeared, RUNNING, sent from here", "appeared"),
    (StatusChange(None, ""), ELSEWHERE, "appeared, , not sent from here", "appeared"),
    (StatusChange("FATAL", None), ELSEWHERE, "vanished, was FATAL, not sent from here", "vanished"),
    (
        Restart("RUNNING", started_at=ON), ELSEWHERE,
        "restarted, RUNNING before and after, not sent from here", "restarted",
    ),
    (
        Restart("STARTING"), HERE,
        "restarted, STARTING before and after, sent from here", "restarted",
    ),
    (
        Restart("RUNNING", via="EXITED"), ELSEWHERE,
        "restarted, was seen EXITED on the way, not sent from here", "restarted",
    ),
    (
        CrashLoop(3, 250.0), ELSEWHERE,
        "restarted 3 times in 4 m 10 s, not sent from here", "crash loop",
    ),
    (
        ConnectionLost(TroubleKind.UNREACHABLE, "no answer, was: it"), UNKNOWN,
        "no answer, was: it", "no answer, was: it",
    ),
    (
        ConnectionRegained(TroubleKind.LOGIN, 3605.0), UNKNOWN,
        "answers again after 1 h 5 s, was: login refused",
        "answers again after 1 h 5 s, was: login refused",
    ),
    (
        ConnectionRegained(TroubleKind.NO_PASSWORD), UNKNOWN,
        "answers for the first time, was: no password",
        "answers for the first time, was: no password",
    ),
    (
        RoleChange(Role.REPLICA, Role.PRIMARY), UNKNOWN,
        "is primary now, was replica", "primary now",
    ),
    (StoppedLogin("ops", "401: no"), UNKNOWN, "login of ops stopped: 401: no", "login stopped"),
    (StoppedLogin("", "no"), UNKNOWN, "login of the certificate stopped: no", "login stopped"),
    (OrderGiven(Verb.STOP, ("x",)), UNKNOWN, "stop sent from here", "stop sent"),
    (
        OrderGiven(Verb.RESTART, ("a", "b"), "it, since hangs"), UNKNOWN,
        "restart sent from here: a, b, reason: it, since hangs", "restart sent",
    ),
    (
        OrderEnded(Verb.RESTART, Result.NOT_RESTARTED, "it was unknown"), UNKNOWN,
        "restart: not restarted, it was unknown", "not restarted",
    ),
    (
        OrderEnded(Verb.STOP, Result.VERIFIED, "gone, held"), UNKNOWN,
        "stop: verified, gone, held", "stop verified",
    ),
    (
        RolloutMoved(1, TITLE, RolloutState.RUNNING, is_begun=True), HERE,
        f"rollout 1: {TITLE}: begun", "rollout begun",
    ),
    (
        RolloutMoved(2, TITLE, RolloutState.PAUSED, note="n2: refused: paused"), HERE,
        f"rollout 2: {TITLE}: paused, n2: refused: paused", "rollout paused",
    ),
    (
        RolloutMoved(1, TITLE, RolloutState.RUNNING), HERE,
        f"rollout 1: {TITLE}: goes on", "rollout goes on",
    ),
    (
        RolloutMoved(1, TITLE, RolloutState.PLANNED), HERE,
        f"rollout 1: {TITLE}: planned", "rollout planned",
    ),
    (
        RolloutMoved(1, TITLE, RolloutState.ABORTED), HERE,
        f"rollout 1: {TITLE}: aborted", "rollout aborted",
    ),
    (
        RolloutMoved(1, TITLE, RolloutState.DONE, False, ("n1", "n2"), "3 m"), HERE,
        f"rollout 1: {TITLE}: done, but n1, n2 were skipped, 3 m", "rollout done",
    ),
    (
        RolloutMoved(1, TITLE, RolloutState.DONE), HERE,
        f"rollout 1: {TITLE}: every node verified", "rollout every node verified",
    ),
]  # fmt: skip
"""Details and their cause, the sentence and the short form that are shown of them."""

LOGGED = ClusterLogged(LogEntry(ON, "node_joined", VendorSeverity.INFO, 2, 3, "by admin"))

UNPOLLED = TimeWithoutData(ON, ON + timedelta(minutes=90))

EXAMPLES = {details.kind: details for details, *_ in SENTENCES} | {
    EventKind.CLUSTER: LOGGED,
    EventKind.ROLLOUT: RolloutMoved(1, TITLE, RolloutState.DONE, services=("ccs",)),
    EventKind.NO_DATA: UNPOLLED,
}
"""Details of each kind."""


def event(details: EventDetails, **more: Any) -> Event:
    """Make an event of `alert_mgr` on `node1`."""
    fields = {"node": "node1", "at": 0.0, "on": ON, "service": "alert_mgr"} | more
    return Event(details=details, **fields)


def flip(before: str, after: str, **more: Any) -> Event:
    """Make a change of a service's status."""
    started_at = more.pop("started_at", None)
    return event(StatusChange(before, after, started_at), **more)
