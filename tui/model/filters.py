"""Which services and which events are shown, and how services are sorted. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from tui.model.event import Event, EventKind, statuses
from tui.model.order import Result
from tui.model.rollout import RolloutState, StepState
from tui.model.service import Health, Kind, Service, kind_of

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ServiceKinds:
    """What the cluster says that a service's place in the table depends on."""

    optional: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()

    def kind(self, service: Service) -> Kind:
        """Say whether it is optional here."""
        return kind_of(service.name, self.optional)


@dataclass(frozen=True, slots=True)
class ServiceFilter:
    """A filter as it was typed; `problems` leaves only what somebody should look at."""

    text: str = ""
    problems: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through."""
        return not self.text.strip() and not self.problems

    def picks(self, service: Service, scope: ServiceKinds) -> bool:
        """Say whether a service is shown: every word of the filter must agree.

        `text` is looked for in the name, `!text` must not be in it, `status=` and `kind=` compare
        the start of the word; `!` before these turns them round. Case does not matter.
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
        found = bare in service.name.lower()
    return found is not word.startswith("!")


class SortOrder(Enum):
    """What the rows are sorted by; the value is the word on the screen."""

    PROBLEMS = "problems"
    NAME = "name"
    STATUS = "status"
    UPTIME = "uptime"
    STARTED = "started"
    KIND = "kind"

    def next(self) -> "SortOrder":
        """Give the one that comes after, round and round."""
        all_orders = tuple(SortOrder)
        return all_orders[(all_orders.index(self) + 1) % len(all_orders)]


_KEYS: dict[SortOrder, Callable[[Service, ServiceKinds], object]] = {
    SortOrder.PROBLEMS: lambda one, scope: min(one.health(scope.disabled).value, 4),
    SortOrder.NAME: lambda _one, _scope: 0,
    SortOrder.STATUS: lambda one, _scope: one.status,
    SortOrder.UPTIME: lambda one, _scope: one.uptime if one.uptime is not None else -1,
    SortOrder.STARTED: lambda one, _scope: one.started_at or _NEVER,
    SortOrder.KIND: lambda one, scope: scope.kind(one).value,
}


def filter_and_sort(
    services: Iterable[Service],
    query: ServiceFilter,
    scope: ServiceKinds,
    *,
    order: SortOrder = SortOrder.PROBLEMS,
    inverted: bool = False,
) -> list[Service]:
    """Give the services that the query picks, sorted; ties go by name, so the order is stable."""
    key = _KEYS[order]
    picked = [service for service in services if query.picks(service, scope)]
    picked.sort(key=lambda one: one.name)
    # Sorted twice, so that turning the order round leaves ties by name as they were.
    picked.sort(key=lambda one: key(one, scope), reverse=inverted and order is not SortOrder.NAME)  # type: ignore[arg-type,return-value]
    return picked[::-1] if inverted and order is SortOrder.NAME else picked


_ALWAYS_BAD = frozenset({EventKind.LOST, EventKind.LOOPING, EventKind.LOGIN})
_BAD_UNLESS_ORDERED = frozenset({EventKind.RESTARTED, EventKind.VANISHED})
_STANDSTILLS = (RolloutState.PAUSED.value, RolloutState.ABORTED.value, StepState.FAILED.value)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter as it was typed; `bad` leaves only what somebody should look at."""

    text: str = ""
    bad: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through."""
        return not self.text.strip() and not self.bad

    def picks(self, event: Event) -> bool:
        """Say whether an event is shown: every word of the filter must agree.

        `text` is looked for in all that is told, `!text` must not be in it; `node=`, `service=`
        and `what=` compare the start of that word; `!` before these turns them round. Case does
        not matter.
        """
        if self.bad and not is_bad(event):
            return False
        return all(_event_matches(word, event) for word in self.text.lower().split())


def _event_matches(word: str, event: Event) -> bool:
    bare = word.removeprefix("!")
    if not bare:
        return True
    fields = {"node": event.node, "service": event.service, "what": event.happening.value}
    field, equals, value = bare.partition("=")
    if equals and field in fields:
        found = fields[field].lower().startswith(value)
    else:
        found = bare in " ".join((*fields.values(), event.text)).lower()
    return found is not word.startswith("!")


def is_bad(event: Event) -> bool:
    """Say whether somebody should look at it.

    Lost nodes, crash loops, stopped logins; restarts and disappearances that were not ordered
    here; changes to a status with a problem, unless ordered here and no failure; orders that were
    not verified; rollouts that stand still.
    """
    match event.happening:
        case EventKind.FLIPPED:
            health = health_after(event)
            return health is Health.FAILED or (health.is_problem and not event.ordered)
        case EventKind.VERDICT:
            return result_of(event) is not Result.VERIFIED
        case EventKind.ROLLOUT:
            said = (event.brief or event.text).lower()
            return any(word in said for word in _STANDSTILLS)
        case happening:
            unordered = happening in _BAD_UNLESS_ORDERED and not event.ordered
            return unordered or happening in _ALWAYS_BAD


def health_after(event: Event) -> Health:
    """Say what the status means that a service changed to."""
    return Service(event.service, statuses(event)[1]).health()


def result_of(event: Event) -> Result:
    """Say what came of an order (`brief` is `VERB RESULT`); unknown where it does not say."""
    said = event.brief or event.text.partition(",")[0]
    # The longest first: "not restarted" is not "restarted".
    results = sorted(Result, key=lambda one: len(one.value), reverse=True)
    return next((one for one in results if said.endswith(one.value)), Result.UNKNOWN)
