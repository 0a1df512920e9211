"""Which services and which events are shown, and how services are sorted. Pure."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum
from typing import Any

from tui.model.dataclass import dataclass
from tui.model.event import Event, EventKind
from tui.model.event_text import event_text
from tui.model.service import KNOWN_STATUSES, Kind, Service, kind_of
from tui.model.text import visible_name

_CLUSTER, _HERE = "cluster", "here"


FilterKeys = Mapping[str, Collection[str]]
"""The keys of a filter and the values that each can have; no value where all are possible."""


def filter_hint(text: str, keys: FilterKeys) -> str:
    """Return which keys or values there are, where a word of a filter names an unknown one."""
    for word in text.lower().split():
        key, equals, value = word.removeprefix("!").partition("=")
        if equals and key not in keys:
            return f'There is no key "{key}". Keys: {", ".join(f"{known}=" for known in keys)}'
        values = keys.get(key, ()) if equals else ()
        if values and not any(known.lower().startswith(value) for known in values):
            return f'No {key} begins with "{value}". Values: {", ".join(values)}'
    return ""


def service_filter_keys(services: Iterable[Service]) -> FilterKeys:
    """Return the keys of a filter over services, with the statuses that those have."""
    statuses = dict.fromkeys((*KNOWN_STATUSES, *(service.status for service in services)))
    return {"status": tuple(filter(None, statuses)), "kind": tuple(kind.value for kind in Kind)}


def event_filter_keys(nodes: Iterable[str]) -> FilterKeys:
    """Return the keys of a filter over the events of nodes, by their names."""
    kinds = tuple(kind.word for kind in EventKind)
    return {"node": tuple(nodes), "service": (), "what": kinds, "from": (_CLUSTER, _HERE)}


@dataclass(frozen=True, slots=True)
class ServiceKinds:
    """What the cluster says that a service's place in the table depends on."""

    optional: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()

    def kind(self, service: Service) -> Kind:
        """Return whether it is optional here."""
        return kind_of(service.name, self.optional)


@dataclass(frozen=True, slots=True)
class ServiceFilter:
    """A filter as it was typed; `problems` leaves only what needs attention."""

    text: str = ""
    problems: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through."""
        return not self.text.strip() and not self.problems

    def picks(self, service: Service, scope: ServiceKinds) -> bool:
        """Whether a service is shown: every word of the filter must match.

        `text` is looked for in the name, `!text` must not be in it, `status=` and `kind=` compare
        the start of the word; `!` before these inverts them. Case does not matter.
        """
        if self.problems and not service.health(scope.disabled).is_problem:
            return False
        return all(_service_matches(word, service, scope) for word in self.text.lower().split())


def _service_matches(word: str, service: Service, scope: ServiceKinds) -> bool:
    bare = word.removeprefix("!")
    if not bare:
        return True
    field, equals, value = bare.partition("=")
    if equals and field == "status":
        found = service.status.lower().startswith(value)
    elif equals and field == "kind":
        found = scope.kind(service).value.startswith(value)
    else:
        found = bare in service.name.lower() or bare in service.shown.lower()
    return found is not word.startswith("!")


class SortOrder(Enum):
    """What services are sorted by; the newest, the shortest and the worst come first."""

    PROBLEMS = "problems"
    NAME = "name"
    STATUS = "status"
    UPTIME = "uptime"
    STARTED = "started"
    KIND = "kind"
    CHANGED = "changed"


_KEYS: dict[SortOrder, Callable[[Service, ServiceKinds], Any]] = {
    SortOrder.PROBLEMS: lambda service, scope: min(service.health(scope.disabled).value, 4),
    SortOrder.NAME: lambda _service, _scope: 0,
    SortOrder.STATUS: lambda service, _scope: service.status,
    SortOrder.UPTIME: lambda service, _scope: -1 if service.uptime is None else service.uptime,
    SortOrder.STARTED: lambda service, _scope: -_started(service),
    SortOrder.KIND: lambda service, scope: scope.kind(service).value,
}


def _started(service: Service) -> float:
    return -math.inf if service.started_at is None else service.started_at.timestamp()


def _sort_key(
    order: SortOrder, changed: Mapping[str, float]
) -> Callable[[Service, ServiceKinds], Any]:
    if order is SortOrder.CHANGED:
        return lambda service, _scope: -changed.get(service.name, -math.inf)
    return _KEYS[order]


def filter_and_sort(
    services: Iterable[Service],
    query: ServiceFilter,
    scope: ServiceKinds,
    *,
    order: SortOrder = SortOrder.PROBLEMS,
    inverted: bool = False,
    changed: Mapping[str, float] | None = None,
) -> list[Service]:
    """Return the services that the query picks, sorted; ties go by name.

    `inverted` reverses the sort, but not the ties. `changed` is when each service changed last,
    by its name (monotonic); the newest goes first.
    """
    key = _sort_key(order, changed or {})
    picked = [service for service in services if query.picks(service, scope)]
    picked.sort(key=lambda service: service.name)
    # Sorted twice, so that a reverse sort leaves ties by name as they were.
    picked.sort(
        key=lambda service: key(service, scope), reverse=inverted and order is not SortOrder.NAME
    )
    return picked[::-1] if inverted and order is SortOrder.NAME else picked


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter as it was typed; `problems` leaves only what needs attention."""

    text: str = ""
    problems: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through."""
        return not self.text.strip() and not self.problems

    def picks(self, event: Event) -> bool:
        """Whether an event is shown: every word of the filter must match.

        `text` is looked for in all that is shown of it, `!text` must not be in it; `node=`,
        `service=` and `what=` compare the start of that word, and `from=` of where it was seen:
        `cluster` (its own log) or `here`; `!` before these inverts them. Case
        does not matter. A time without data on all nodes is shown whatever node is chosen.
        """
        if self.problems and not event.is_problem:
            return False
        return all(_event_matches(word, event) for word in self.text.lower().split())


def _event_matches(word: str, event: Event) -> bool:
    bare = word.removeprefix("!")
    if not bare:
        return True
    service = visible_name(event.service)
    fields = {"node": event.node, "service": service, "what": event.kind.word}
    seen = _CLUSTER if event.kind is EventKind.CLUSTER else _HERE
    field, equals, value = bare.partition("=")
    if equals and field == "node" and not event.node:
        return True  # it is of all nodes
    if equals and field in ("from", *fields):
        found = (fields | {"from": seen})[field].lower().startswith(value)
    else:
        shown = (*fields.values(), event.service, event_text(event))
        found = bare in " ".join(shown).lower()
    return found is not word.startswith("!")
