"""The series of a fleet, made anew at each scrape from what is known then.

A node that cannot be read, or whose last answer is stale, has no service series: Prometheus then
shows a gap, and `rsdeck_up` and `rsdeck_poll_age_seconds` say why.
"""

import platform
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tui import __version__
from tui.fleet.fleet import Fleet
from tui.fleet.polling.poller import NodePoller
from tui.fleet.problems import came_up
from tui.fleet.protocols import FleetListener
from tui.model.clock import monotonic
from tui.model.event import Event
from tui.model.node import Role
from tui.model.reading import TroubleKind
from tui.model.service import Service, but_for_uptimes, configured_name, kind_of
from tui.model.trust import PinnedTrust

KNOWN_STATES = (
    "RUNNING",
    "STARTING",
    "STOPPING",
    "RESTARTING",
    "STOPPED",
    "EXITED",
    "BACKOFF",
    "FATAL",
)
"""The states that are always there, as 0 or 1: the documented ones and those of supervisord."""

_NODE = ("cluster", "node")
_SERVICE = (*_NODE, "name")


class RestartCounter(FleetListener):
    """Counts, by node and service, the restarts that no action from this machine explains."""

    def __init__(self) -> None:
        self.restarts: Counter[tuple[str, str]] = Counter()
        self._last: dict[tuple[str, str], float] = {}

    def event_happened(self, event: Event) -> None:
        """Count a restart: what the deck's header and `rsdeck why` count."""
        key = (event.node, event.service)
        if not event.service or event.is_ordered or not came_up(event):
            return
        if self._last.get(key) != event.at:  # one that was seen on its way has two events
            self._last[key] = event.at
            self.restarts[key] += 1


class FleetCollector(Collector):
    """Makes the series of a fleet, or of the nodes named by `only`.

    `clock` is the monotonic clock of the fleet's readings.
    """

    def __init__(
        self,
        fleet: Fleet,
        counter: RestartCounter,
        *,
        only: Collection[str] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._fleet, self._counter, self._only, self._clock = fleet, counter, only, clock

    def collect(self) -> Iterable[Metric]:
        """Return the series as they are now, without timestamps."""
        build = _gauge("rsdeck_build_info", "The rsdeck that exports.", ("version", "python"))
        build.add_metric((__version__, platform.python_version()), 1)
        yield build
        nodes = [
            node for node in self._fleet.nodes if self._only is None or node.name in self._only
        ]
        yield from self._node_series(nodes)
        yield from self._service_series(nodes)

    def _node_series(self, nodes: list[NodePoller]) -> Iterator[Metric]:
        up = _gauge("rsdeck_up", "Whether the last poll of the node was answered.")
        took = _gauge("rsdeck_poll_duration_seconds", "How long the last poll took.")
        age = _gauge("rsdeck_poll_age_seconds", "Seconds since the node's last good answer.")
        info = _gauge(
            "rsdeck_node_info", "Who the node is.", (*_NODE, "uid", "hostname", "role", "version")
        )
        maintained = _gauge(
            "rsdeck_node_maintenance", "Whether its cluster reports maintenance of the node."
        )
        stopped = _gauge("rsdeck_login_stopped", "Whether polling waits for a person to log in.")
        expires = _gauge(
            "rsdeck_tls_certificate_not_after_timestamp_seconds",
            "When the certificate that the node presents ends, in Unix seconds.",
        )
        pinned = _gauge(
            "rsdeck_tls_pin_match", "Whether the node presents the certificate that is pinned."
        )
        now = self._clock()
        for node in nodes:
            labels, reading, identity = _labels(node), node.reading, node.facts.identity
            up.add_metric(labels, reading.is_good)
            if reading.took:
                took.add_metric(labels, reading.took)
            if (seconds := reading.age(now)) is not None:
                age.add_metric(labels, seconds)
            uid = "" if identity.uid is None else str(identity.uid)
            details = (uid, identity.hostname, identity.role.value, identity.version)
            info.add_metric((*labels, *details), 1)
            if identity.role is not Role.UNKNOWN:  # else its cluster was not heard
                maintained.add_metric(labels, node.facts.maintenance is not None)
            stopped.add_metric(labels, bool(node.login.trouble))
            if node.certificate and node.certificate.not_after:
                expires.add_metric(labels, node.certificate.not_after.timestamp())
            if (matches := _pin_matches(node)) is not None:
                pinned.add_metric(labels, matches)
        yield from (up, took, age, info, maintained, stopped, expires, pinned)

    def _service_series(self, nodes: list[NodePoller]) -> Iterator[Metric]:
        state = _gauge(
            "rsdeck_service_state",
            "1 for the state that the service is in, 0 for the others.",
            (*_SERVICE, "state"),
        )
        started = _gauge(
            "rsdeck_service_start_time_seconds",
            "When the service started, in Unix seconds of the node's clock.",
            _SERVICE,
        )
        info = _gauge(
            "rsdeck_service_info",
            "Whether the cluster lists the service as optional, and whether it is enabled.",
            (*_SERVICE, "kind", "mode"),
        )
        restarts = CounterMetricFamily(
            "rsdeck_service_unordered_restarts",
            "Restarts seen that no action from here explains.",
            labels=_SERVICE,
        )
        now = self._clock()
        for node in nodes:
            age = node.reading.age(now)
            if not node.reading.is_good or age is None or age > node.stale_after:
                continue
            for service in but_for_uptimes(node.reading.services):
                if service.left_out:
                    continue
                labels = (*_labels(node), service.name)
                for known in KNOWN_STATES:
                    state.add_metric((*labels, known), service.status == known)
                if service.status not in KNOWN_STATES:
                    state.add_metric((*labels, service.status), 1)
                if service.started_at is not None:
                    started.add_metric(labels, service.started_at.timestamp())
                info.add_metric((*labels, *_kind_and_mode(node, service)), 1)
                restarts.add_metric(labels, self._counter.restarts[node.name, service.name])
        yield from (state, started, info, restarts)


def _gauge(name: str, text: str, labels: tuple[str, ...] = _NODE) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _labels(node: NodePoller) -> tuple[str, str]:
    """Return cluster and node; the profile's name of the cluster goes before the node's own."""
    return node.profile.cluster or node.facts.identity.cluster, node.name


def _pin_matches(node: NodePoller) -> bool | None:
    """Return whether the pinned certificate was presented; None where none is, or none was."""
    if not isinstance(node.profile.trust, PinnedTrust):
        return None
    trouble = node.reading.trouble
    if trouble is not None and trouble.kind is TroubleKind.UNTRUSTED:
        return False
    return None if node.certificate is None else True


def _kind_and_mode(node: NodePoller, service: Service) -> tuple[str, str]:
    kind = kind_of(service.name, node.facts.optional).value
    if node.facts.optional is None:
        return kind, "unknown"
    is_disabled = configured_name(service.name, node.facts.disabled) is not None
    return kind, "disabled" if is_disabled else "enabled"
