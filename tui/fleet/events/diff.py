"""Two readings of one node → what happened between them. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime

from tui.model.event import (
    ConnectionLost,
    ConnectionRegained,
    Event,
    EventDetails,
    Restart,
    StatusChange,
)
from tui.model.reading import Reading
from tui.model.restart import uptime_came_late, was_restarted
from tui.model.service import Service


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
