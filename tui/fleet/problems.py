"""All problems of all nodes, the worst first, each with how long it has lasted. Pure."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from enum import Enum
from typing import Protocol

from tui.fleet.polling.poller import NodePoller
from tui.model.certificate import Certificate
from tui.model.clock import one_unit
from tui.model.context import Alert, Known, VendorSeverity
from tui.model.dataclass import dataclass
from tui.model.event import Event, EventKind, Restart, StatusChange
from tui.model.event_text import event_text
from tui.model.login import PasswordCause, PasswordPolling
from tui.model.node import Maintenance, ObservedHealth, key_without_profile
from tui.model.reading import Reading, TroubleKind
from tui.model.service import (
    Health,
    Kind,
    Service,
    ServiceCounts,
    but_for_uptimes,
    kind_of,
)
from tui.model.text import clean
from tui.model.trust import UNCHECKED

LOOPS_FOR, RESTARTS_FOR = 600.0, 3600.0
"""Seconds for which a crash loop, and a restart that was not ordered here, are listed."""

MOVES_AT_MOST = 30.0
"""Seconds after which a service that still starts, stops or restarts is a problem."""

MORE_ON_A_NODE = "on a node, `rladmin status issues_only` and `rlcheck` show more"
"""What to do about what a cluster reports of itself or of a node."""


class Severity(Enum):
    """How serious a problem is, the worst first; the value is the word on the screen."""

    CRITICAL = "critical"
    """A node cannot be read or not be relied on, a required service is down, or one fails.

    An alert that its cluster calls critical, too.
    """
    SERIOUS = "serious"
    """Another service is not as it should be, or what is known is old.

    An alert that its cluster calls an error, or gives no severity, too.
    """
    NOTICE = "notice"
    """It happened, or will happen, or a cluster warns of it; the services are well."""


_ALERT_SEVERITIES = {
    VendorSeverity.CRITICAL: Severity.CRITICAL,
    VendorSeverity.ERROR: Severity.SERIOUS,
    VendorSeverity.UNKNOWN: Severity.SERIOUS,
}
"""Of an alert by its cluster's word for it; all others are notices."""


class ProblemSubject(Enum):
    """What a problem is about; it stays the same while severity and words change."""

    SERVICE = "service"
    IDENTITY = "identity"
    CONNECTION = "connection"
    TRUST = "trust"
    CERTIFICATE = "certificate"
    KINDS = "kinds"
    MAINTENANCE = "maintenance"
    HEALTH = "health"
    ALERT = "alert"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `service` is empty where the whole node is meant.

    `since` is monotonic, None where the problem is older than the session; it was there at
    `seen_at` then, None where that is not known either. A problem that has no beginning is not
    `timed`. `rank` sorts problems of the same severity. `node` is a profile's
    name, or the key of a node that has none, or of a cluster; `place` is then what to call it and
    its cluster, empty where it is known otherwise. `is_down` means that a node or a service is down
    now. A node has one problem of a `subject` at most, but one for each `alert`; a service may have
    two. `details` are lines that belong to `what`, for where there is room.
    """

    severity: Severity
    rank: int
    node: str
    what: str
    service: str = ""
    since: float | None = None
    timed: bool = True
    has_profile: bool = True
    is_down: bool = False
    subject: ProblemSubject = ProblemSubject.SERVICE
    details: tuple[str, ...] = ()
    seen_at: float | None = None
    alert: str = ""
    place: tuple[str, str] | None = None


class ReportedNode(Protocol):
    """A node of which its cluster alone reports; no profile has its `key` as a name."""

    @property
    def key(self) -> str:
        """A name for it."""

    @property
    def maintenance(self) -> Maintenance | None:
        """Its maintenance, if there is any."""

    @property
    def health(self) -> ObservedHealth:
        """What its cluster observed."""


@dataclass(frozen=True, slots=True)
class NodeCondition:
    """What the problems of one node are found from; `stale_after` is in seconds.

    `optional` are the configuration names of the services that may be stopped, None where they are
    not known; `disabled` those of them that are switched off.
    `place` is its name and address, as messages of its connection begin. Where it `is_unchecked`,
    the profile accepts any certificate. `password` is what it costs that
    its polls carry the password, None where they do not; `interval` is that of polling.
    `tally` are the counts of the reading's services; they are counted where it is None.
    """

    name: str
    reading: Reading
    stale_after: float
    optional: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()
    wrong_node: str = ""
    kinds_gap: str = ""
    maintenance: Maintenance | None = None
    health: ObservedHealth | None = None
    certificate: Certificate | None = None
    is_unchecked: bool = False
    password: PasswordPolling | None = None
    interval: float = 2.0
    place: str = ""
    tally: ServiceCounts | None = None

    @classmethod
    def of(cls, watch: NodePoller) -> "NodeCondition":
        """Return the condition of a polled node now."""
        return cls(
            name=watch.name,
            reading=watch.reading,
            stale_after=watch.stale_after,
            optional=watch.facts.optional,
            disabled=watch.facts.disabled,
            wrong_node=watch.wrong_node,
            kinds_gap=watch.facts.kinds_gap,
            maintenance=watch.facts.maintenance,
            health=watch.facts.health,
            certificate=watch.certificate,
            is_unchecked=watch.profile.is_unchecked,
            password=watch.password_polling,
            interval=watch.interval,
            place=watch.profile.place,
            tally=watch.tally,
        )

    def is_fresh(self, now: float) -> bool:
        """Whether its services are recent enough to be shown as the present."""
        age = self.reading.age(now)
        return age is not None and age <= self.stale_after

    def requires(self, service: str) -> bool:
        """Whether the cluster is known not to list a service as optional."""
        return kind_of(service, self.optional) is Kind.REQUIRED

    @property
    def is_silent(self) -> bool:
        """Whether nothing has come of it yet, neither an answer nor trouble."""
        return self.reading.answered_at is None and self.reading.trouble is None


@dataclass(frozen=True, slots=True)
class AlertReport:
    """The alerts of one cluster; `nodes` are the names of its profiles by their nodes' uid.

    `cluster` is its name in its profiles; `title` is what to call it, by the name that is known.
    Where no profile names it, each of them reports it by itself, and `nodes` are those
    of which the same cluster is known; without that the reporting one alone.
    """

    title: str
    cluster: str
    alerts: Known[tuple[Alert, ...]]
    nodes: Mapping[int, str] = field(default_factory=dict)


def alert_reports(watches: Iterable[NodePoller]) -> tuple[AlertReport, ...]:
    """Return what the clusters of polled nodes report of their alerts, one report a source."""
    clusters: dict[str, list[NodePoller]] = {}
    for watch in watches:
        clusters.setdefault(watch.profile.cluster, []).append(watch)
    reports: list[AlertReport] = []
    for cluster, group in clusters.items():
        listed = {} if cluster else _listed_places(group)
        names = {watch.name: cluster or _cluster_name(watch, listed) for watch in group}
        same: dict[str, list[NodePoller]] = {}
        for watch in group:
            same.setdefault(names[watch.name], []).append(watch)
        nodes = {name: _by_uid(watches) for name, watches in same.items() if name}
        for source in {watch.cluster_key: watch for watch in group}.values():
            name = names[source.name]
            title = f"cluster {name or f'of {source.name}'}"
            of_it = nodes[name] if name else _by_uid([source])
            reports.append(AlertReport(title, cluster, source.context.alerts, of_it))
    return tuple(reports)


_Place = tuple[int | None, str]
"""A node's uid and its address or whole hostname; several clusters may have a node 2."""


def _listed_places(watches: Iterable[NodePoller]) -> dict[_Place, str]:
    """Return the name of the cluster of each place that a cluster with a known name lists.

    It is empty where two clusters list the same place, as two private networks may.
    """
    listed: dict[_Place, str] = {}
    for watch in watches:
        cluster = watch.identity.cluster
        for member in watch.members if cluster else ():
            places = (member.address, *member.external, _whole(member.hostname))
            for place in filter(None, places):
                key = (member.uid, place)
                listed[key] = cluster if listed.get(key, cluster) == cluster else ""
    return listed


def _cluster_name(watch: NodePoller, listed: Mapping[_Place, str]) -> str:
    """Return the name of a node's cluster by what it says, or a cluster that lists it.

    A replica redirects the call for the name. Empty where it is not known.
    """
    identity = watch.identity
    places = (watch.profile.address, _whole(identity.hostname))
    found = (listed[identity.uid, one] for one in places if (identity.uid, one) in listed)
    return identity.cluster or next(found, "")


def _whole(hostname: str) -> str:
    """Return a hostname with its domain, to be compared; empty where it has none."""
    return hostname.lower().rstrip(".") if "." in hostname.rstrip(".") else ""


def _by_uid(watches: Iterable[NodePoller]) -> dict[int, str]:
    """Return the names of nodes by their uid; one that several have is no node's."""
    names: dict[int, list[str]] = {}
    for watch in watches:
        if watch.identity.uid is not None:
            names.setdefault(watch.identity.uid, []).append(watch.name)
    return {uid: found[0] for uid, found in names.items() if len(found) == 1}


def find_problems(
    nodes: Iterable[NodeCondition],
    events: Iterable[Event],
    now: float,
    on: datetime,
    *,
    unmanaged: Iterable[ReportedNode] = (),
    alerts: Iterable[AlertReport] = (),
) -> tuple[Problem, ...]:
    """List the problems at `now` (monotonic) and `on` (the wall clock, aware).

    `unmanaged` are the nodes without a profile, of which their clusters alone report; `alerts` are
    those of the clusters.
    Problems of the same severity are sorted by rank, then the newest first (those without a known
    beginning last), then as the nodes are, then by service, and alerts by name.
    """
    changes = _by_service(events)
    problems: list[tuple[float, Problem]] = []
    conditions = tuple(nodes)
    logins: set[PasswordPolling] = set()
    for number, node in enumerate(conditions):
        found = [*_connection(node, now), *_certificate(node, on), *_password(node, logins)]
        # A node that does not answer is listed by its own trouble.
        health = node.health if node.reading.trouble is None else None
        remark = health.remark(now) if health is not None else ""
        found += _reported(node.name, node.maintenance, node.health, remark)
        if node.is_fresh(now):
            if node.kinds_gap:
                what = f"kinds unknown, so every service is locked: {node.kinds_gap}"
                found.append(_lasting(Severity.NOTICE, 2, node.name, what, ProblemSubject.KINDS))
            by_service = changes.get(node.name, {})
            found += _services(node, by_service, now)
        problems += [(number, problem) for problem in found]
    for number, other in enumerate(unmanaged, len(conditions)):
        remark = other.health.remark(now, warnings=True)
        found = list(_reported(other.key, other.maintenance, other.health, remark))
        problems += [(number, replace(problem, has_profile=False)) for problem in found]
    problems += [(math.inf, problem) for problem in _alerts(alerts, now, on)]
    severities = [*Severity]
    problems.sort(
        key=lambda found: (
            severities.index(found[1].severity),
            found[1].rank,
            math.inf if found[1].since is None else -found[1].since,
            found[0],
            found[1].service,
            found[1].alert,
        )
    )
    return tuple(problem for _, problem in problems)


def _lasting(
    severity: Severity, rank: int, node: str, what: str, subject: ProblemSubject
) -> Problem:
    """Return a problem of a node that has no beginning."""
    return Problem(severity, rank, node, what, timed=False, subject=subject)


def _by_service(events: Iterable[Event]) -> dict[str, dict[str, list[Event]]]:
    """Return the events of each node's services."""
    changes: dict[str, dict[str, list[Event]]] = {}
    for event in events:
        if event.service and event.kind is not EventKind.ORDERED:
            by_service = changes.setdefault(event.node, {})
            by_service.setdefault(event.service, []).append(event)
    return changes


def _connection(node: NodeCondition, now: float) -> Iterable[Problem]:
    reading = node.reading
    if node.wrong_node:
        yield _lasting(Severity.CRITICAL, 0, node.name, node.wrong_node, ProblemSubject.IDENTITY)
    if reading.trouble is not None:
        kind = reading.trouble.kind
        severity = Severity.SERIOUS if kind is TroubleKind.NO_PASSWORD else Severity.CRITICAL
        what = f"{kind.value}: {reading.trouble.text.removeprefix(f'{node.place} ')}"
        details: tuple[str, ...] = ()
        if changed := reading.trouble.changed:
            what = f"{kind.value}: certificate changed"
            details = f"pinned sha256:{changed.pinned}", f"presented sha256:{changed.presented}"
        is_down = severity is Severity.CRITICAL
        yield Problem(
            severity,
            1,
            node.name,
            what,
            since=reading.since,
            is_down=is_down,
            subject=ProblemSubject.CONNECTION,
            details=details,
        )
    elif reading.answered_at is not None and not node.is_fresh(now):
        what = "stale: no good answer for more than two intervals"
        yield Problem(
            Severity.SERIOUS,
            1,
            node.name,
            what,
            since=reading.answered_at,
            subject=ProblemSubject.CONNECTION,
        )


def _reported(
    name: str, maintenance: Maintenance | None, health: ObservedHealth | None, remark: str
) -> Iterable[Problem]:
    """Yield what is wrong with a node by its cluster's word."""
    if maintenance is not None:
        yield _lasting(Severity.NOTICE, 3, name, str(maintenance), ProblemSubject.MAINTENANCE)
    if health is not None and remark:
        severity = Severity.SERIOUS if health.is_down else Severity.NOTICE
        problem = _lasting(severity, 5, name, remark, ProblemSubject.HEALTH)
        yield replace(problem, is_down=health.is_down)


def _alerts(reports: Iterable[AlertReport], now: float, on: datetime) -> Iterable[Problem]:
    """Yield the alerts that are on, each once however many profiles report it.

    Those of clusters that are not known to be the same stay apart, alike as they may be.
    """
    found: dict[tuple[str, Alert], Problem] = {}
    for report in reports:
        for alert in report.alerts.value or ():
            found.setdefault((report.title, alert), _alert(alert, report, now, on))
    yield from found.values()


def _alert(alert: Alert, report: AlertReport, now: float, on: datetime) -> Problem:
    known, name = report.alerts, clean(alert.name, 64)
    is_rated = alert.severity is not VendorSeverity.UNKNOWN
    age = one_unit(known.age(now))
    gap = f", not read since: {clean(known.gap)}" if known.gap else ""
    node, place = f"\0{report.title}", (report.title, report.cluster)
    if alert.node is not None:
        cluster = report.cluster or report.title
        node = report.nodes.get(alert.node) or key_without_profile(cluster, alert.node)
        place = f"node:{alert.node}", cluster
    source = "its cluster" if report.cluster else report.title
    since = None if alert.since is None else now - max(0.0, (on - alert.since).total_seconds())
    return Problem(
        _ALERT_SEVERITIES.get(alert.severity, Severity.NOTICE),
        6,
        node,
        f"alert {name}{f', {alert.severity.value}' * is_rated}{f', {age} old' if gap else ''}",
        since=since,
        has_profile=alert.node in report.nodes,
        subject=ProblemSubject.ALERT,
        details=(f"read from {source} {age} ago{gap}", f"find its reason: {MORE_ON_A_NODE}"),
        alert=name,
        place=place,
    )


def _password(node: NodeCondition, reported: set[PasswordPolling]) -> Iterable[Problem]:
    """Yield what polling with the password costs, once for all nodes that share it."""
    polling = node.password
    if polling is None or polling in reported:
        return
    reported.add(polling)
    if polling.cause is PasswordCause.NO_TOKEN or polling.is_late(node.interval):
        what = polling.text(node.interval)
        yield _lasting(Severity.NOTICE, 8, node.name, what, ProblemSubject.LOGIN)


def _certificate(node: NodeCondition, on: datetime) -> Iterable[Problem]:
    if node.is_unchecked:
        yield _lasting(Severity.SERIOUS, 0, node.name, UNCHECKED, ProblemSubject.TRUST)
    remark = node.certificate.remark(on) if node.certificate is not None else ""
    if remark and node.certificate is not None:
        valid = node.certificate.is_valid(on)
        severity, rank = (Severity.NOTICE, 9) if valid else (Severity.CRITICAL, 2)
        yield _lasting(severity, rank, node.name, remark, ProblemSubject.CERTIFICATE)


def _services(
    node: NodeCondition, changes: Mapping[str, Sequence[Event]], now: float
) -> Iterable[Problem]:
    services = but_for_uptimes(node.reading.services)
    tally = node.tally or ServiceCounts.of(services, node.disabled)
    looked_at = {*changes, *(service.name for service in tally.problems)}
    if not looked_at:
        return  # as on nearly all nodes
    for service in services:
        if service.name not in looked_at:
            continue
        events = changes.get(service.name, ())
        yield from _service(node, service, events, now)
        restarts, _ = restarts_of(events, now)
        if restarts and not _looping(events, now):
            times = "" if len(restarts) == 1 else f" {len(restarts)} times in the last hour"
            what = f"restarted{times}, not sent from here"
            yield Problem(Severity.NOTICE, 1, node.name, what, service.name, restarts[-1].at)
    for name in changes.keys() - {service.name for service in services}:
        yield from _vanished(node, name, changes[name], now)


def _looping(events: Sequence[Event], now: float) -> Event | None:
    """Return the newest crash loop, if it is young enough."""
    loops = [event for event in events if event.kind is EventKind.LOOPING]
    return loops[-1] if loops and now - loops[-1].at <= LOOPS_FOR else None


def _service(
    node: NodeCondition, service: Service, events: Sequence[Event], now: float
) -> Iterable[Problem]:
    """Yield the problem of a service's status; where it is in a crash loop, both in one."""
    loop = _looping(events, now)
    if loop is not None:
        what = f"{service.status}, crash loop: {event_text(loop)}"
        rank = 2 if node.requires(service.name) else 3
        yield Problem(Severity.CRITICAL, rank, node.name, what, service.name, loop.at, is_down=True)
        return
    problem = _status_problem(node, service, events, now)
    if problem is not None:
        yield problem


def _vanished(
    node: NodeCondition, name: str, events: Sequence[Event], now: float
) -> Iterable[Problem]:
    gone = [event for event in events if event.kind is EventKind.VANISHED]
    if gone and not gone[-1].is_ordered and now - gone[-1].at <= RESTARTS_FOR:
        yield Problem(Severity.NOTICE, 0, node.name, event_text(gone[-1]), name, gone[-1].at)


def _status_problem(
    node: NodeCondition, service: Service, events: Sequence[Event], now: float
) -> Problem | None:
    health = service.health(node.disabled)
    if not health.is_problem:
        return None
    status = service.status or "no status"
    if health is Health.MOVING:
        since, seen_at = _since(node, events, service.name, lambda one: one is Health.MOVING)
        if now - (node.reading.since if since is None else since) <= MOVES_AT_MOST:
            return None
        what = f"still {status}"
        return Problem(Severity.SERIOUS, 4, node.name, what, service.name, since, seen_at=seen_at)
    since, seen_at = _since(node, events, service.name, lambda one: one.is_problem)
    is_required = node.requires(service.name)
    match health:
        case Health.FAILED:
            also = ", and is required" if is_required else ""
            what, severity = f"{status}: it does not come up{also}", Severity.CRITICAL
            rank = 2 if is_required else 4
        case Health.DOWN if is_required:
            what, severity, rank = f"{status}, and is required", Severity.CRITICAL, 2
        case Health.DOWN:
            what, severity, rank = f"{status}, and should not be", Severity.SERIOUS, 2
        case _:
            what = f"{status}: not a status that is documented"
            severity, rank = Severity.SERIOUS, 3
    is_down = health in (Health.FAILED, Health.DOWN)
    return Problem(
        severity,
        rank,
        node.name,
        what,
        service.name,
        since,
        is_down=is_down,
        seen_at=seen_at,
    )


def _since(
    node: NodeCondition, events: Sequence[Event], name: str, holds: Callable[[Health], bool]
) -> tuple[float | None, float | None]:
    """Return when it began that `holds` is true of a service's health; None if not seen.

    Then when it was so already: at the first change that is known since, or as long as the node
    has answered without a break.
    """
    since, seen_at = None, None
    for event in events:
        change = event.details
        if not isinstance(change, StatusChange) or change.after is None:
            continue
        if not holds(Service(name, change.after).health()):
            since, seen_at = None, None
        elif not change.before or not holds(Service(name, change.before).health()):
            since, seen_at = event.at, event.at
        elif seen_at is None:
            seen_at = event.at
    if since is None and node.reading.trouble is None:
        began = node.reading.since
        seen_at = began if seen_at is None else min(seen_at, began)
    return since, seen_at


def restarts_of(events: Iterable[Event], now: float) -> tuple[list[Event], list[Event]]:
    """List those times of the last hour that one service came up again, the oldest first.

    First those that no action sent from this machine explains, then those that one does. `now` is
    monotonic seconds.
    """
    # A restart that was seen on its way has the same moment as its last change.
    seen = {
        event.at: event
        for event in events
        if came_up(event) and 0 <= now - event.at <= RESTARTS_FOR
    }
    other, here = list[Event](), list[Event]()
    for event in seen.values():
        (here if event.is_ordered else other).append(event)
    return other, here


def came_up(event: Event) -> bool:
    """Whether a service runs again by this event; one that was seen on its way has two such.

    A start that follows one that failed is a restart that does not run yet.
    """
    details = event.details
    if event.kind is EventKind.FLIPPED:
        return isinstance(details, StatusChange) and details.after == "RUNNING"
    return isinstance(details, Restart) and details.status != "STARTING"


def recent_loops(events: Iterable[Event], now: float) -> dict[str, Event]:
    """Return, by node, the newest crash loop that is young enough to be listed.

    `now` is monotonic seconds.
    """
    return {
        event.node: event
        for event in events
        if event.kind is EventKind.LOOPING and now - event.at <= LOOPS_FOR
    }


def recent_restarts(events: Iterable[Event], now: float) -> Counter[str]:
    """Count, by node, the restarts of the last hour that were not ordered here.

    `now` is monotonic seconds.
    """
    changes = _by_service(events)
    counts = Counter[str]()
    for node, services in changes.items():
        for own in services.values():
            if others := restarts_of(own, now)[0]:
                counts[node] += len(others)
    return counts
