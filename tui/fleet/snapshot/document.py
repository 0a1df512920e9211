"""All that is known at one moment, as one plain object, what looks secret removed. Pure.

Ages are in seconds at the moment `taken_at`; times are UTC, `start_time` by the node's own clock
and all others by this machine's. No secret is in it, and every text is clean.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import datetime
from itertools import islice
from typing import TypeVar, cast

from tui.config import NodeProfile
from tui.fleet.polling.poller import NodePoller
from tui.fleet.snapshot.redaction import redact_document
from tui.fleet.snapshot.shapes import (
    EventReport,
    MarkReport,
    OrderReport,
    RolloutReport,
    SnapshotHealth,
    SnapshotNode,
    SnapshotReport,
    SnapshotService,
)
from tui.journal.journal_file import JournalTail
from tui.model.certificate import Certificate
from tui.model.dataclass import dataclass
from tui.model.event import Event
from tui.model.event_text import event_text
from tui.model.filters import ServiceFilter, ServiceKinds, filter_and_sort
from tui.model.node import NodeFacts, ObservedHealth
from tui.model.order import Order, OrderProgress, TimelineMark
from tui.model.reading import Reading
from tui.model.rollout import RolloutProgress
from tui.model.service import Service
from tui.model.trust import UNCHECKED, AuthorityTrust, NoTrust, PinnedTrust

FORMAT = 1
EVENTS_AT_MOST = 200
ORDERS_AT_MOST = 50
JOURNAL_AT_MOST = 40

LastChanges = dict[tuple[str, str], Event]

_Item = TypeVar("_Item")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class SnapshotMoment:
    """Where and when it is taken: `now` is monotonic, `on` the wall clock (aware, UTC)."""

    version: str
    host: str
    on: datetime
    now: float


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """A node at one moment; `next_at`, when the next poll is due, is monotonic."""

    profile: NodeProfile
    reading: Reading
    facts: NodeFacts
    stale_after: float
    next_at: float | None
    read_only: str
    wrong_node: str
    certificate: Certificate | None

    @classmethod
    def of(cls, watch: NodePoller) -> "NodeSnapshot":
        """Return the snapshot of a polled node; it does not change any more."""
        return cls(
            watch.profile,
            watch.reading,
            watch.facts,
            watch.stale_after,
            watch.next_at,
            watch.read_only,
            watch.wrong_node,
            watch.certificate,
        )


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """The whole fleet at one moment; events and orders with the oldest first."""

    nodes: tuple[NodeSnapshot, ...]
    events: tuple[Event, ...] = ()
    orders: tuple[OrderProgress, ...] = ()
    rollouts: tuple[RolloutProgress, ...] = ()
    read_only: str = ""
    paused: bool = False
    unlocked: bool = False
    interval: float = 0.0
    tail: JournalTail = field(default_factory=JournalTail)


def build_document(fleet: FleetSnapshot, moment: SnapshotMoment) -> SnapshotReport:
    """Return the snapshot as an object of JSON's types alone, with secrets redacted."""
    last: LastChanges = {
        (event.node, event.service): event for event in fleet.events if event.service
    }
    document: SnapshotReport = {
        "format": FORMAT,
        "rsdeck": moment.version,
        "host": moment.host,
        "taken_at": iso_seconds(moment.on),
        "read_only": fleet.read_only or None,
        "paused": fleet.paused,
        "required_unlocked": fleet.unlocked,
        "interval_seconds": fleet.interval,
        "nodes": [_node(node, last, moment) for node in fleet.nodes],
        "events_known": len(fleet.events),
        "events": _newest(fleet.events, EVENTS_AT_MOST, lambda event: _event(event, moment)),
        "orders_known": len(fleet.orders),
        "orders": _newest(fleet.orders, ORDERS_AT_MOST, lambda progress: _order(progress, moment)),
        "rollouts": [_rollout(progress, moment) for progress in fleet.rollouts],
        "journal": {
            "trouble": fleet.tail.trouble or None,
            "records": list(fleet.tail.records[-JOURNAL_AT_MOST:]),
        },
    }
    return cast("SnapshotReport", redact_document(document))  # it keeps every key


def _rollout(progress: RolloutProgress, moment: SnapshotMoment) -> RolloutReport:
    plan = progress.plan
    return {
        "number": plan.number,
        "title": plan.title,
        "state": progress.state.value,
        "text": progress.text or None,
        "began_ago_seconds": _ago(progress.began_at, moment),
        "reason": plan.reason or None,
        "steps": [
            {
                "node": step.step.node,
                "uid": step.step.identity.uid,
                "state": step.state.value,
                "text": step.text or None,
            }
            for step in progress.steps
        ],
    }


def as_json(document: SnapshotReport) -> str:
    """Return the document as JSON: ASCII alone, ending in a newline."""
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def iso_seconds(moment: datetime | None) -> str | None:
    """Return a moment in whole seconds: ISO 8601, UTC."""
    if moment is None:
        return None
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def trust_words(profile: NodeProfile) -> str:
    """Return which certificates are trusted."""
    if not profile.url.startswith("https://"):
        return "no certificate: http on this machine"
    match profile.trust:
        case PinnedTrust():
            return f"pinned {profile.trust}"
        case AuthorityTrust():
            return "CA file"
        case NoTrust():
            return UNCHECKED
        case _:
            return "the system CAs"


def _is_pinned(profile: NodeProfile, certificate: Certificate | None) -> bool:
    """Return whether the certificate that was presented is the one that the profile pins."""
    pinned = profile.trust
    return (
        certificate is not None
        and isinstance(pinned, PinnedTrust)
        and certificate.sha256 == pinned.sha256
    )


def _newest(all_: Sequence[_Item], most: int, convert: Callable[[_Item], _Out]) -> list[_Out]:
    return [convert(item) for item in islice(reversed(all_), most)]


def _ago(at: float | None, moment: SnapshotMoment) -> float | None:
    return None if at is None else round(max(0.0, moment.now - at), 1)


def _node(node: NodeSnapshot, last: LastChanges, moment: SnapshotMoment) -> SnapshotNode:
    profile, reading, who = node.profile, node.reading, node.facts.identity
    trouble, age = reading.trouble, reading.age(moment.now)
    due = None if node.next_at is None else round(max(0.0, node.next_at - moment.now), 1)
    scope = ServiceKinds(node.facts.optional, node.facts.disabled)
    return {
        "node": profile.name,
        "label": profile.label or None,
        "url": profile.url,
        "proxy": profile.proxy or None,
        "cluster": profile.cluster or who.cluster or None,
        "environment": profile.environment.value if profile.environment else None,
        "role": who.role.value,
        "uid": who.uid,
        "hostname": who.hostname or None,
        "version": who.version or None,
        "read_only": node.read_only or None,
        "trust": trust_words(profile),
        "presented": node.certificate.title if node.certificate else None,
        "presented_is_pinned": _is_pinned(profile, node.certificate),
        "certificate": (node.certificate.remark(moment.on) or None) if node.certificate else None,
        "reachable": reading.is_good,
        "trouble": None
        if trouble is None
        else {"kind": trouble.kind.value, "text": trouble.text,
              "for_seconds": _ago(reading.since, moment)},
        "wrong_node": node.wrong_node or None,
        "answered_at": iso_seconds(reading.answered_on),
        "age_seconds": _ago(reading.answered_at, moment),
        "stale": age is not None and age > node.stale_after,
        "next_in_seconds": due,
        "gaps": list(node.facts.gaps),
        "maintenance": None if node.facts.maintenance is None else str(node.facts.maintenance),
        "cluster_health": _health(node.facts.health, moment),
        "services": [
            _service(service, scope, last.get((profile.name, service.name)), moment)
            for service in filter_and_sort(reading.services, ServiceFilter(), scope)
        ],
    }  # fmt: skip


def _health(health: ObservedHealth | None, moment: SnapshotMoment) -> SnapshotHealth | None:
    if health is None:
        return None
    return {
        "status": health.status or None,
        "detail": health.detail or None,
        "observed_seconds_ago": _ago(health.seen_at, moment),
        "remark": health.remark(moment.now) or None,
    }


def _service(
    service: Service, scope: ServiceKinds, change: Event | None, moment: SnapshotMoment
) -> SnapshotService:
    health = service.health(scope.disabled)
    return {
        "name": service.name,
        "status": service.status,
        "health": health.name.lower(),
        "problem": health.is_problem,
        "start_time": iso_seconds(service.started_at),
        "uptime_seconds": service.uptime,
        "kind": scope.kind(service).value,
        "note": service.note or None,
        "last_change": _event(change, moment) if change else None,
    }


def _event(event: Event, moment: SnapshotMoment) -> EventReport:
    return {
        "at": iso_seconds(event.on),
        "ago_seconds": _ago(event.at, moment),
        "node": event.node,
        "service": event.service or None,
        "what": event.kind.value,
        "text": event_text(event),
        "ordered_here": event.ordered_here,
    }


def _order(progress: OrderProgress, moment: SnapshotMoment) -> OrderReport:
    order = progress.order
    known = {verdict.service: verdict for verdict in progress.verdicts}
    return {
        "number": order.number,
        "verb": order.verb.value,
        "node": order.target.node,
        "uid": order.target.identity.uid,
        "url": order.target.url,
        "by_way_of": order.route.via,
        "path": order.route.path,
        "ordered_at": iso_seconds(order.pressed_on),
        "ago_seconds": _order_age(order, moment),
        "reason": order.reason or None,
        "phase": progress.phase.value,
        "text": progress.text,
        "services": [
            {
                "name": seen.name,
                "before": {"status": seen.status, "start_time": iso_seconds(seen.started_at),
                           "kind": seen.kind.value},
                "result": known[seen.name].result.value if seen.name in known else None,
                "text": known[seen.name].text if seen.name in known else None,
                "timeline": _marks(
                    known[seen.name].timeline
                    if seen.name in known
                    else progress.timelines.get(seen.name, ())
                ),
            }
            for seen in order.services
        ],
    }  # fmt: skip


def _order_age(order: Order, moment: SnapshotMoment) -> float:
    # By the wall clock: an order of an earlier session has no moment on this one's other clock.
    return round(max(0.0, (moment.on - order.pressed_on).total_seconds()), 1)


def _marks(timeline: Sequence[TimelineMark]) -> list[MarkReport]:
    return [{"what": mark.moment.value, "at_seconds": round(mark.at, 1)} for mark in timeline]
