"""Which services are shown, and in what order. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from tui.model.service import Kind, Service, kind_of

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scope:
    """What the cluster says that a service's place in the table depends on."""

    optional: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()

    def kind(self, service: Service) -> Kind:
        """Say whether it is optional here."""
        return kind_of(service.name, self.optional)


@dataclass(frozen=True, slots=True)
class Query:
    """A filter as it was typed; `problems` leaves only what somebody should look at."""

    text: str = ""
    problems: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through."""
        return not self.text.strip() and not self.problems

    def picks(self, service: Service, scope: Scope) -> bool:
        """Say whether a service is shown: every word of the filter must agree.

        `text` is looked for in the name, `!text` must not be in it, `status=` and `kind=` compare
        the start of the word; `!` before these turns them round. Case does not matter.
        """
        if self.problems and not service.health(scope.disabled).is_problem:
            return False
        return all(_agrees(word, service, scope) for word in self.text.lower().split())


def _agrees(word: str, service: Service, scope: Scope) -> bool:
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


class Order(Enum):
    """What the rows are sorted by; the value is the word on the screen."""

    PROBLEMS = "problems"
    NAME = "name"
    STATUS = "status"
    UPTIME = "uptime"
    STARTED = "started"
    KIND = "kind"

    def next(self) -> "Order":
        """Give the one that comes after, round and round."""
        all_orders = tuple(Order)
        return all_orders[(all_orders.index(self) + 1) % len(all_orders)]


_KEYS: dict[Order, Callable[[Service, Scope], object]] = {
    Order.PROBLEMS: lambda one, scope: min(one.health(scope.disabled).value, 4),
    Order.NAME: lambda _one, _scope: 0,
    Order.STATUS: lambda one, _scope: one.status,
    Order.UPTIME: lambda one, _scope: one.uptime if one.uptime is not None else -1,
    Order.STARTED: lambda one, _scope: one.started_at or _NEVER,
    Order.KIND: lambda one, scope: scope.kind(one).value,
}


def arrange(
    services: Iterable[Service],
    query: Query,
    scope: Scope,
    *,
    order: Order = Order.PROBLEMS,
    inverted: bool = False,
) -> list[Service]:
    """Give the services that the query picks, sorted; ties go by name, so the order is stable."""
    key = _KEYS[order]
    picked = [service for service in services if query.picks(service, scope)]
    picked.sort(key=lambda one: one.name)
    # Sorted twice, so that turning the order round leaves ties by name as they were.
    picked.sort(key=lambda one: key(one, scope), reverse=inverted and order is not Order.NAME)  # type: ignore[arg-type,return-value]
    return picked[::-1] if inverted and order is Order.NAME else picked
