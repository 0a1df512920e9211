"""Two readings of one node → what happened between them; restarts and crash loops. Pure.

Where a restart falls between two readings, its start time shows it; where a reading catches it on
the way, the node shows one status after another, and `RestartDetector` works out what they add up
to.
"""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from tui.model.dataclass import dataclass
from tui.model.event import (
    Cause,
    ConnectionLost,
    ConnectionRegained,
    CrashLoop,
    Event,
    EventDetails,
    EventKind,
    Restart,
    StatusChange,
)
from tui.model.reading import Reading
from tui.model.service import Service, but_for_uptimes, uptime_came_late, was_restarted


def diff_readings(
    before: Reading, after: Reading, *, on: datetime, late: Collection[str] = ()
) -> tuple[Event, ...]:
    """List what changed, the node itself first, then the services by name.

    `on` is the wall clock for the events (aware, UTC); `late` are the `late_uptimes` of the
    reading before. The services of a node's first good answer
    are a beginning and not a change. While a node is in trouble its services are not compared,
    since they are old; what happened meanwhile is listed at the first good answer.
    """
    if before is after:
        return ()
    at = after.asked_at + after.took
    events = [Event(after.node, details, at, on) for details in _connection(before, after)]
    if after.is_good and before.answered_at is not None and not _only_ran_on(before, after):
        events += [
            Event(after.node, details, at, on, name)
            for name, details in _services(before, after, late)
        ]
    return tuple(events)


def late_uptimes(before: Reading, after: Reading) -> frozenset[str]:
    """Return the services that show a later start time with the uptime of the run before."""
    if _only_ran_on(before, after):
        return frozenset()
    old = {service.name: service for service in before.services}
    seconds = _seconds_between(before, after)
    return frozenset(
        service.name
        for service in after.services
        if service.name in old and uptime_came_late(old[service.name], service, seconds)
    )


def _only_ran_on(before: Reading, after: Reading) -> bool:
    """Whether the same services went on, as they do at nearly every reading."""
    old, new = before.services, after.services
    if but_for_uptimes(old) is but_for_uptimes(new):
        return True
    return len(old) == len(new) and all(
        a.name == b.name
        and a.status == b.status
        and a.started_at == b.started_at
        and (a.uptime is None or b.uptime is None or b.uptime >= a.uptime)
        for a, b in zip(old, new, strict=True)
    )


def _seconds_between(before: Reading, after: Reading) -> float:
    """Return how long ago the first reading was at most, when the node gave the second."""
    return after.asked_at + after.took - (before.answered_at or 0.0)


def _connection(before: Reading, after: Reading) -> Iterable[EventDetails]:
    if after.trouble is not None:
        if before.trouble is None or before.trouble.kind is not after.trouble.kind:
            yield ConnectionLost(after.trouble.kind, after.trouble.text)
    elif before.trouble is not None:
        answered_at = before.answered_at
        silent_for = None if answered_at is None else after.asked_at - answered_at
        yield ConnectionRegained(before.trouble.kind, silent_for)


def _services(
    before: Reading, after: Reading, late: Collection[str]
) -> Iterable[tuple[str, EventDetails]]:
    seconds = _seconds_between(before, after)
    old = {service.name: service for service in before.services}
    new = {service.name: service for service in after.services}
    for name in sorted(old.keys() | new.keys()):
        if (name not in new and after.is_cut) or (name not in old and before.is_cut):
            continue  # it may have been among those that were left out
        change = _change(old.get(name), new.get(name), seconds, is_late=name in late)
        if change is not None:
            yield name, change


def _change(
    old: Service | None, new: Service | None, seconds: float, *, is_late: bool
) -> EventDetails | None:
    if old is None or new is None or old.status != new.status:
        shown = new or old
        return StatusChange(
            before=old.status if old else None,
            after=new.status if new else None,
            started_at=shown.started_at if shown else None,
        )
    if was_restarted(old, new, seconds, uptime_is_late=is_late):
        return Restart(new.status, started_at=new.started_at)
    return None


_RUNNING, _STOPPED = "RUNNING", "STOPPED"
_STARTING, _RESTARTING = "STARTING", "RESTARTING"
_SERVICES_AT_MOST = 20_000


@dataclass(slots=True, eq=False)
class _Transition:
    """What a service was seen to be: `ran` before it went down, and `via` which status it goes.

    `since` is the start time of its last run that was seen, `spawn` that of a start that was seen
    on its way and has not come to RUNNING yet; both are of the node's own clock. `ran_at` is when
    it was last seen RUNNING, by this machine's.
    """

    ran: bool = False
    ran_at: float | None = None
    via: str = ""
    since: datetime | None = None
    spawn: datetime | None = None


class RestartDetector:
    """Follows each service from the moment it leaves RUNNING."""

    def __init__(self) -> None:
        self._transitions: dict[tuple[str, str], _Transition] = {}

    def see(
        self, event: Event, uptime: int | None = None, last_at: float | None = None
    ) -> Event | None:
        """Return the restart that a change of status reveals, of those that were not ordered here.

        `uptime` is what the service shows now, `last_at` when the reading before was. A service
        that was STOPPED was started by a person: that is no restart, unless its node called it
        RESTARTING before. Nor is one whose start time did not move, unless its uptime is shorter
        than the time since it was last seen RUNNING.
        """
        change = event.details
        if not isinstance(change, StatusChange) or change.kind is not EventKind.FLIPPED:
            return None
        before, after, started_at = change.before or "", change.after or "", change.started_at
        past = self._past(event)
        if after != _RUNNING:
            again = after == _STARTING and before != _STOPPED and _is_later(past.spawn, started_at)
            if before == _RUNNING:
                past.ran, past.ran_at = True, last_at
            if before == _RUNNING and after != _STARTING:
                past.since = started_at or past.since  # what stops still shows since when it ran
            # A service that starts shows nothing of why it was down, and one that the node calls
            # restarting is STOPPED only for a moment.
            is_between = after == _STARTING or (before, after) == (_RESTARTING, _STOPPED)
            past.via = past.via if is_between and past.via else after
            if after == _STARTING:
                past.spawn = started_at
            return _restart(event, change, before) if again else None
        via = (past.via or before) if before in (_STARTING, _STOPPED) else before
        returned = past.ran and via != _STOPPED
        moved = past.since is None or started_at is None or started_at > past.since
        is_new = moved or _began_since(past.ran_at, event.at, uptime)
        past.ran, past.via, past.since, past.spawn = False, "", started_at or past.since, None
        return _restart(event, change, via) if returned and is_new else None

    def forget(self, node: str) -> None:
        """Forget the services of a node."""
        kept = {key: past for key, past in self._transitions.items() if key[0] != node}
        self._transitions = kept

    def _past(self, event: Event) -> _Transition:
        """Find what is known of a service; of too many, the one known longest is forgotten."""
        key = (event.node, event.service)
        past = self._transitions.get(key)
        if past is None:
            past = self._transitions[key] = _Transition()
            while len(self._transitions) > _SERVICES_AT_MOST:
                del self._transitions[next(iter(self._transitions))]
        return past


def _began_since(ran_at: float | None, at: float, uptime: int | None) -> bool:
    """Whether an uptime shows a start after a moment; uptimes are whole seconds."""
    return ran_at is not None and uptime is not None and uptime <= at - ran_at + 1


def _is_later(before: datetime | None, after: datetime | None) -> bool:
    """Whether a start came after another one: the earlier never came to RUNNING."""
    return before is not None and after is not None and after > before


def _restart(event: Event, change: StatusChange, via: str) -> Event | None:
    """Return the restart that a change reveals; what was ordered here is none."""
    if event.ordered_here:
        return None
    details = Restart(change.after or "", via, change.started_at)
    return replace(event, details=details, cause=Cause.NOT_ORDERED_HERE)


@dataclass(slots=True, eq=False)
class _RestartTimes:
    """The restarts of one service, by this machine's monotonic clock, oldest first."""

    restarts: deque[float]
    is_reported: bool = False


class CrashLoopDetector:
    """Reports a crash loop when `restarts` of one service come within `minutes`.

    It is reported once, and again only after the service was calm for as long.
    """

    def __init__(self, restarts: int, minutes: float) -> None:
        self._wanted = restarts
        self._within = minutes * 60
        self._times: dict[tuple[str, str], _RestartTimes] = {}

    def see(self, event: Event) -> Event | None:
        """Return the crash loop that a restart completes; what was ordered is none."""
        if event.kind is not EventKind.RESTARTED or event.is_ordered:
            return None
        past = self._past(event)
        restarts = past.restarts
        if restarts and event.at - restarts[-1] > self._within:
            restarts.clear()
            past.is_reported = False
        restarts.append(event.at)
        lasted = event.at - restarts[0]
        if past.is_reported or len(restarts) < self._wanted or lasted > self._within:
            return None
        past.is_reported = True
        return replace(event, details=CrashLoop(self._wanted, lasted), cause=Cause.NOT_ORDERED_HERE)

    def forget(self, node: str) -> None:
        """Forget the restarts of a node's services."""
        self._times = {key: past for key, past in self._times.items() if key[0] != node}

    def _past(self, event: Event) -> _RestartTimes:
        """Find the restarts of a service; of too many services, the one known longest goes."""
        key = (event.node, event.service)
        past = self._times.get(key)
        if past is None:
            past = self._times[key] = _RestartTimes(deque(maxlen=self._wanted))
            while len(self._times) > _SERVICES_AT_MOST:
                del self._times[next(iter(self._times))]
        return past
