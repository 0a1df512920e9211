"""The matrix's columns: a node as one of many, with a profile or without. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from tui.fleet.unmanaged_nodes import UnmanagedNode
from tui.model.clock import one_unit
from tui.model.dataclass import dataclass
from tui.model.filters import ServiceKinds
from tui.model.node import Maintenance, ObservedHealth, Role
from tui.model.reading import Trouble, TroubleKind
from tui.model.service import Health, Service, but_for_uptimes
from tui.model.uptime_clock import UptimeClock
from tui.ui.format.node_view import NodeView
from tui.ui.format.service_row import FRESH

PROBLEMS = frozenset(health for health in Health if health.is_problem)
"""The healths that somebody should look at, as a set: it is asked for every cell."""

_SHORT = {
    TroubleKind.UNREACHABLE: "lost",
    TroubleKind.UNTRUSTED: "untrusted",
    TroubleKind.LOGIN: "login",
    TroubleKind.FORBIDDEN: "forbidden",
    TroubleKind.UNAVAILABLE: "refusing",
    TroubleKind.GARBLED: "garbled",
    TroubleKind.NO_PASSWORD: "password?",
}
"""The words of a trouble where there is little room."""


@dataclass(frozen=True, slots=True)
class ColumnContent:
    """What an answer of a node contains, worked out once.

    `problems` are ranks by name; `idle` are those that are well without running, `young` those
    that run and had been up for a short while only when the node answered.
    """

    services: Mapping[str, Service] = field(default_factory=dict)
    healths: Mapping[str, Health] = field(default_factory=dict)
    problems: Mapping[str, int] = field(default_factory=dict)
    idle: frozenset[str] = frozenset()
    young: tuple[Service, ...] = ()

    @classmethod
    def of(cls, services: Iterable[Service], disabled: frozenset[str]) -> "ColumnContent":
        """Build it; `disabled` are the configuration names that are switched off."""
        by_name = {service.name: service for service in services}
        healths = {name: service.health(disabled) for name, service in by_name.items()}
        return cls(
            by_name,
            healths,
            {name: health.value for name, health in healths.items() if health in PROBLEMS},
            frozenset(
                name
                for name, health in healths.items()
                if health is not Health.UP and health not in PROBLEMS
            ),
            tuple(
                service
                for name, service in by_name.items()
                if healths[name] is Health.UP
                and service.uptime is not None
                and service.uptime < FRESH
            ),
        )


@dataclass(frozen=True, slots=True)
class MatrixColumn:
    """One node in the matrix; `number` is 0 where no key leads to it.

    `key` is the profile's name, or what stands for a node without one: no order goes to that.
    `age` is in seconds, None before the first answer. `trouble` says what is wrong in words, each
    of the texts shorter than the one before, empty where nothing is; `reported` is the same of
    what its cluster reports: maintenance, or a status that is not well. `unchecked` means that its
    certificate is not verified, so another may answer in its place. `since` holds when each
    service began, None where only the answer's own uptimes are known.
    """

    key: str
    title: str
    body: ColumnContent
    number: int = 0
    cluster: str = ""
    role: Role = Role.UNKNOWN
    scope: ServiceKinds = field(default_factory=ServiceKinds)
    age: float | None = None
    is_stale: bool = False
    trouble: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()
    read_only: str = ""
    has_profile: bool = True
    unchecked: bool = False
    since: UptimeClock | None = None
    now: float = 0.0

    @property
    def is_known(self) -> bool:
        """Whether what it shows may be taken for the present."""
        return self.age is not None and not self.is_stale

    def uptime(self, service: Service) -> int | None:
        """Return the uptime to show, in seconds: it goes on only while the answer is fresh."""
        if self.since is None or not self.is_known:
            return service.uptime
        return self.since.uptime(service, self.now)

    def is_fresh(self, service: Service) -> bool:
        """Whether a service that runs was started a short while ago."""
        uptime = self.uptime(service)
        return uptime is not None and uptime < FRESH


class ColumnCache:
    """Makes columns of views; what a node's answer came to is kept until it answers again."""

    def __init__(self) -> None:
        self._bodies: dict[str, tuple[Sequence[Service], frozenset[str], ColumnContent]] = {}
        self._since: dict[str, UptimeClock] = {}

    def of(self, views: Sequence[NodeView]) -> tuple[MatrixColumn, ...]:
        """Make the columns of the nodes that have a profile, in the views' order."""
        return tuple(self._column(view) for view in views)

    def _column(self, view: NodeView) -> MatrixColumn:
        since = self._since.setdefault(view.name, UptimeClock())
        since.note(view.reading)
        services, disabled = but_for_uptimes(view.reading.services), view.facts.disabled
        kept = self._bodies.get(view.name)
        if kept is None or kept[0] is not services or kept[1] != disabled:
            kept = (services, disabled, ColumnContent.of(services, disabled))
            self._bodies[view.name] = kept
        return MatrixColumn(
            key=view.name,
            title=view.title,
            body=kept[2],
            number=view.number,
            cluster=view.cluster,
            role=view.role,
            scope=view.scope,
            age=view.age,
            is_stale=view.is_stale,
            trouble=_trouble(view),
            reported=_reported(view.facts.maintenance, view.facts.health, view.now),
            read_only=view.read_only,
            unchecked=view.unchecked,
            since=since,
            now=view.now,
        )


def _trouble(view: NodeView) -> tuple[str, ...]:
    if view.wrong_node:
        return ("not the node it was", "other node", "≠")
    fault = view.reading.trouble
    return _words(fault, one_unit(view.now - view.reading.since)) if fault is not None else ()


def _reported(
    maintenance: Maintenance | None, health: ObservedHealth | None, now: float
) -> tuple[str, ...]:
    if health is not None and health.is_down:
        old = one_unit(health.age(now))
        words = f"{health.status} {old}"
        detail = f" ({health.detail})" if health.detail else ""
        return (f"{health.status}{detail} {old} ago", words, health.status, "!")
    return ("in maintenance", "maintenance", "maint.", "m") if maintenance is not None else ()


def _words(fault: Trouble, long: str) -> tuple[str, ...]:
    short = _SHORT[fault.kind]
    return (f"{fault.kind.value} {long}", f"{short} {long}", fault.kind.value, short, "✗")


def unmanaged_column(node: UnmanagedNode, now: float, stale_after: float) -> MatrixColumn:
    """Make the column of a node without a profile: no order goes there, and no uptime is known."""
    old = node.age(now)
    return MatrixColumn(
        key=node.key,
        title=node.title,
        body=ColumnContent.of(node.services, frozenset()),
        cluster=node.cluster,
        role=node.role,
        age=old,
        is_stale=old > stale_after,
        reported=_reported(node.maintenance, node.health, now),
        read_only="it has no profile here; its cluster's health call reports it",
        has_profile=False,
        now=now,
    )


def grouped(columns: Iterable[MatrixColumn]) -> tuple[MatrixColumn, ...]:
    """Put the columns of one cluster side by side, the clusters in the order they come in."""
    columns = tuple(columns)
    first: dict[str, int] = {}
    for number, column in enumerate(columns):
        first.setdefault(column.cluster, number)
    return tuple(sorted(columns, key=lambda column: first[column.cluster]))
