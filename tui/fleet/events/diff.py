"""Two readings of one node → what happened between them. Pure."""

from datetime import datetime
from typing import NamedTuple

from tui.fleet.polling.node_facts import RoleChange
from tui.model.duration import two_units
from tui.model.event import Event, EventKind
from tui.model.reading import Reading
from tui.model.service import Service


def diff_readings(before: Reading, after: Reading, *, on: datetime) -> tuple[Event, ...]:
    """List what changed, in the order of the services' names, the node itself first.

    `on` is the wall clock for the events (aware, UTC). The services of a node's first good answer
    are a beginning and not a change. While a node is in trouble its services are not compared,
    since they are old; what happened meanwhile is told at the first good answer.
    """
    if before is after:
        return ()
    events = list(_link(before, after, on))
    if after.is_good and before.answered_at is not None:
        events += _services(before, after, on)
    return tuple(events)


def _link(before: Reading, after: Reading, on: datetime) -> list[Event]:
    if after.trouble is not None:
        if before.trouble is not None and before.trouble.kind is after.trouble.kind:
            return []
        return [_event(after, _Told(EventKind.LOST, after.trouble.text), on)]
    if before.trouble is None:
        return []
    again = "answers for the first time"
    if before.answered_at is not None:
        again = f"answers again after {two_units(after.asked_at - before.answered_at)}"
    told = _Told(EventKind.REGAINED, f"{again}, was: {before.trouble.kind.value}")
    return [_event(after, told, on)]


def _services(before: Reading, after: Reading, on: datetime) -> list[Event]:
    old = {service.name: service for service in before.services}
    new = {service.name: service for service in after.services}
    events = []
    for name in sorted(old.keys() | new.keys()):
        if (name not in new and after.is_cut) or (name not in old and before.is_cut):
            continue  # it may have been among those that were left out
        told = _service(old.get(name), new.get(name))
        if told is not None:
            events.append(_event(after, told, on, name))
    return events


class _Told(NamedTuple):
    happening: EventKind
    text: str
    brief: str = ""


def _service(old: Service | None, new: Service | None) -> _Told | None:
    if new is None:
        return _Told(EventKind.VANISHED, f"vanished, was {old.status if old else '?'}", "vanished")
    if old is None:
        return _Told(EventKind.APPEARED, f"appeared, {new.status}", "appeared")
    if old.status != new.status:
        return _Told(EventKind.FLIPPED, f"{old.status} → {new.status}", f"→ {new.status}")
    if was_restarted(old, new):
        return _Told(EventKind.RESTARTED, f"restarted, {new.status} before and after", "restarted")
    return None


def was_restarted(old: Service, new: Service) -> bool:
    """Whether the start time moved forward; both come from the node's own clock."""
    if old.started_at is None or new.started_at is None:
        return False
    return new.started_at > old.started_at


def _event(reading: Reading, told: _Told, on: datetime, service: str = "") -> Event:
    at = reading.asked_at + reading.took
    return Event(reading.node, told.happening, told.text, at, on, service, told.brief)


def role_event(node: str, change: RoleChange, *, at: float, on: datetime) -> Event:
    """Return the event of a changed role; `at` is monotonic, `on` the wall clock (aware, UTC)."""
    text = f"is {change.after.value} now, was {change.before.value}"
    return Event(node, EventKind.ROLE, text, at, on, brief=f"{change.after.value} now")
