"""Two readings of one node → what happened between them. Pure."""

from collections.abc import Iterable
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
from tui.model.service import Service


def diff_readings(before: Reading, after: Reading, *, on: datetime) -> tuple[Event, ...]:
    """List what changed, the node itself first, then the services by name.

    `on` is the wall clock for the events (aware, UTC). The services of a node's first good answer
    are a beginning and not a change. While a node is in trouble its services are not compared,
    since they are old; what happened meanwhile is listed at the first good answer.
    """
    if before is after:
        return ()
    at = after.asked_at + after.took
    events = [Event(after.node, details, at, on) for details in _connection(before, after)]
    if after.is_good and before.answered_at is not None:
        events += [
            Event(after.node, details, at, on, name) for name, details in _services(before, after)
        ]
    return tuple(events)


def _connection(before: Reading, after: Reading) -> Iterable[EventDetails]:
    if after.trouble is not None:
        if before.trouble is None or before.trouble.kind is not after.trouble.kind:
            yield ConnectionLost(after.trouble.kind, after.trouble.text)
    elif before.trouble is not None:
        answered_at = before.answered_at
        silent_for = None if answered_at is None else after.asked_at - answered_at
        yield ConnectionRegained(before.trouble.kind, silent_for)


def _services(before: Reading, after: Reading) -> Iterable[tuple[str, EventDetails]]:
    old = {service.name: service for service in before.services}
    new = {service.name: service for service in after.services}
    for name in sorted(old.keys() | new.keys()):
        if (name not in new and after.is_cut) or (name not in old and before.is_cut):
            continue  # it may have been among those that were left out
        change = _change(old.get(name), new.get(name))
        if change is not None:
            yield name, change


def _change(old: Service | None, new: Service | None) -> EventDetails | None:
    if old is None or new is None or old.status != new.status:
        shown = new or old
        return StatusChange(
            before=old.status if old else None,
            after=new.status if new else None,
            started_at=shown.started_at if shown else None,
        )
    if was_restarted(old, new):
        return Restart(new.status, started_at=new.started_at)
    return None


def was_restarted(old: Service, new: Service) -> bool:
    """Whether the start time moved forward; both are of the node's own clock."""
    if old.started_at is None or new.started_at is None:
        return False
    return new.started_at > old.started_at
