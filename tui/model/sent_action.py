"""An action that was sent, and which changes of its services it can have caused. Pure."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from tui.model.dataclass import dataclass
from tui.model.event import Event, Restart, StatusChange
from tui.model.order import Result, SeenService, Verb, is_reached
from tui.model.service import Health, Service

OPEN_FOR = 120.0
"""Seconds after it was sent for which an action may act whose result is not known.

No action is watched longer: a process that recorded no verdict by then has ended.
"""

AFTERWARDS = 15.0
"""Seconds after a verdict in which what it was given for may still be reported."""

_NOT_DONE = frozenset({Result.NOT_SENT, Result.REFUSED})


@dataclass(frozen=True, slots=True)
class ActionVerdict:
    """The verdict on one service of an action, and when it was given (monotonic).

    `started_at` is the start time that the service showed then; None where that is not known.
    """

    at: float
    result: Result
    started_at: datetime | None = None

    def is_before(self, event: Event) -> bool:
        """Whether a change shows a run that began after the one that was judged."""
        change = event.details
        start = change.started_at if isinstance(change, StatusChange | Restart) else None
        return self.started_at is not None and start is not None and start > self.started_at


@dataclass(frozen=True, slots=True)
class SentAction:
    """An action as it was sent at `since` (monotonic).

    `before` are its services as they were then, `ends` the verdicts, both by the service's name.
    `is_followed`: whether its verdicts are certain to be heard of, since it was sent from here.
    """

    verb: Verb
    since: float
    before: Mapping[str, SeenService]
    ends: Mapping[str, ActionVerdict] = field(default_factory=dict)
    is_followed: bool = False

    def explains(self, event: Event, seen: Service | None, seen_at: float | None) -> bool:
        """Whether the action can have caused a change of a service.

        `seen` is the service in the good reading before the change, None where it was not listed;
        `seen_at` is when the node gave that reading (monotonic), None where there is none.

        Until its verdict an action explains every change. After it, and where none is known, only
        what leads to the result for the first time: once a reading shows that result, another
        cause is behind each later change, and behind a run that began after the verified one.
        """
        before, end = self.before.get(event.service), self.ends.get(event.service)
        if before is None or event.at < self.since or (end and end.result in _NOT_DONE):
            return False
        if self.is_followed if end is None else event.at <= end.at:
            return True
        # What was stopped may go on to be EXITED, or gone.
        goes_on = self.verb is Verb.STOP and self._is_result(before, event)
        elapsed = -1.0 if seen_at is None else seen_at - self.since
        if elapsed >= 0 and not goes_on and self._is_over(before, seen, elapsed):
            return False
        if end is None or end.result is Result.UNKNOWN:
            # It happened at some time after the reading before it.
            earliest = event.at if seen_at is None else min(event.at, seen_at)
            return earliest <= self.since + OPEN_FOR
        is_verified = end.result is Result.VERIFIED
        if is_verified and (end.is_before(event) or not self._is_result(before, event)):
            return False
        return event.at <= end.at + AFTERWARDS

    def _is_over(self, before: SeenService, seen: Service | None, elapsed: float) -> bool:
        """Whether a service has come to rest after the action: as was wished, or it failed."""
        if seen is None:
            return self.verb is Verb.STOP
        has_failed = seen.health() is Health.FAILED and seen.status != before.status
        return has_failed or is_reached(self.verb, before, seen.status, seen, elapsed)

    def _is_result(self, before: SeenService, event: Event) -> bool:
        """Whether a change leads to what was wished."""
        match event.details:
            case StatusChange(after=None):
                return self.verb is Verb.STOP
            case (
                StatusChange(after=str(status), started_at=start)
                | Restart(status=status, started_at=start)
            ):
                now = Service(event.service, status, start)
                elapsed = event.at - self.since
                return is_reached(self.verb, before, status, now, elapsed)
            case _:
                return False
