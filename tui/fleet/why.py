"""Why a service or a node is as it is: the evidence, each with its source and age, and what next.

It is the vendor's checklist without SSH: the service's status, its restarts, the node's and the
cluster's own checks, alerts, the cluster's health call, actions, and the cluster's event log around
the moment of the last change. What to do next follows from the state. Pure, but for what reads the
checks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from tui.api.errors import ApiError, LoginRefused, gap_of
from tui.fleet.fleet import Fleet
from tui.fleet.login.shared_login import LoginStopped
from tui.fleet.polling.cluster_context import CONTEXT_EVERY, pause_after
from tui.fleet.polling.poller_factory import barred
from tui.fleet.problems import (
    MORE_ON_A_NODE,
    RESTARTS_FOR,
    NodeCondition,
    Problem,
    Severity,
    find_problems,
    recent_loops,
    restarts_of,
)
from tui.model.clock import DATE_AND_TIME, clock_duration, clock_text, monotonic, one_unit
from tui.model.context import Alert, ClusterContext, Known, LogEntry, VendorSeverity
from tui.model.dataclass import dataclass
from tui.model.event import (
    Event,
    EventKind,
    OrderEnded,
    OrderGiven,
    RolloutMoved,
    Sender,
    StatusChange,
)
from tui.model.event_text import event_text, log_entry_text
from tui.model.node import Identity, Role
from tui.model.order import Verb
from tui.model.reading import Trouble
from tui.model.rollout import RolloutProgress, RolloutState
from tui.model.service import GIVEN_UP, Health, Kind, Service, kind_of, purpose_of
from tui.model.text import clean

if TYPE_CHECKING:
    from tui.fleet.polling.poller import NodePoller

NEAR = timedelta(seconds=60)
"""How far from the last change an entry of the cluster's log still belongs to it."""

_UPTIME_STEP = 1.0
"""Seconds by which a start may be later than the uptime of a node shows."""

LOG_AT_MOST = 10
ACTIONS_AT_MOST = 5
_NEWEST_AT_MOST = 3

_Check = tuple[bool, str]
_READING, _ACTION_OPEN = "being read", "an action is open in the cluster"
_HERE = frozenset({EventKind.ORDERED, EventKind.VERDICT, EventKind.ROLLOUT})
_CHANGES = frozenset(
    {EventKind.FLIPPED, EventKind.RESTARTED, EventKind.VANISHED, EventKind.APPEARED}
)


class EvidenceKind(Enum):
    """What a piece of evidence is about; the value is its word, the order is that of the list."""

    STATUS = "status"
    PROBLEM = "problem"
    RESTARTS = "restarts"
    NODE_CHECK = "node check"
    CLUSTER_CHECK = "cluster check"
    ALERTS = "alerts"
    HEALTH = "cluster health"
    ROLLOUT = "rollout"
    ACTION = "action"
    CHANGE = "change"
    RUNNING = "running"
    LOG = "event log"


class Source(Enum):
    """Where a piece of evidence comes from: a call, or what was seen from here."""

    SERVICES = "GET /v1/local/services"
    POLLS = "polls from here"
    EVENTS = "events seen from here"
    ROLLOUTS = "rollouts of this session"
    NODE_CHECK = "GET /v1/nodes/check/{uid}"
    CLUSTER_CHECK = "GET /v1/cluster/check"
    ALERTS = "the cluster's alerts"
    HEALTH = "GET /v4/cluster/health"
    ACTIONS = "the cluster's actions"
    LOG = "GET /v1/logs"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence; `text` is its sentence.

    `at` is when it happened, by the clock of its source (aware, UTC); `age` is in seconds, of the
    reading or of the event. `problem` is the one of the list of problems that it shows, None where
    there is none. `gap` is why it is not known, empty where it is.
    """

    kind: EvidenceKind
    source: Source
    text: str
    age: float | None = None
    at: datetime | None = None
    is_problem: bool = False
    problem: Problem | None = None
    gap: str = ""

    @property
    def word(self) -> str:
        """What it is about; of a problem, how severe it is, as in the list of problems."""
        if self.kind is EvidenceKind.PROBLEM and self.problem is not None:
            return self.problem.severity.value
        return self.kind.value


class CheckedPart(Enum):
    """What one of the cluster's own checks is of."""

    NODE = "node"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Checks:
    """The cluster's own checks of a node and of itself: whether it is well, and why not.

    A check is not to be read again within its pause, in seconds: longer where its call was refused.
    """

    node: Known[_Check] = field(default_factory=Known)
    cluster: Known[_Check] = field(default_factory=Known)
    node_pause: float = CONTEXT_EVERY
    cluster_pause: float = CONTEXT_EVERY

    def pause(self, part: CheckedPart) -> float:
        """Return the pause of a check."""
        return self.node_pause if part is CheckedPart.NODE else self.cluster_pause


@dataclass(frozen=True, slots=True)
class WhySubject:
    """What the evidence is about: a service of a node, or with an empty `service` the node.

    `rollout` is the open one that goes through the node, None where there is none. Where it
    `is_read_only`, no action may be sent to the node.
    """

    node: NodeCondition
    service: str
    identity: Identity
    context: ClusterContext
    checks: Checks = field(default_factory=Checks)
    rollout: RolloutProgress | None = None
    is_read_only: bool = False

    @classmethod
    def of(
        cls, fleet: Fleet, node: str, service: str, checks: Checks, *, is_only_look: bool = False
    ) -> WhySubject:
        """Return a service of a watched node, or the node, as it is now.

        Where `is_only_look`, the fleet sends no action, and that says nothing of other commands.
        """
        watch = fleet.watch(node)
        through = (
            rollout
            for rollout in fleet.rollouts.open
            if any(step.step.node == node for step in rollout.steps)
        )
        condition, rollout = NodeCondition.of(watch), next(through, None)
        bar = barred(watch.profile) if is_only_look else watch.read_only
        context = watch.context
        return cls(condition, service, watch.identity, context, checks, rollout, bool(bar))

    @property
    def found(self) -> Service | None:
        """The service, None where the node does not list it or the node is meant."""
        return self.node.reading.find(self.service) if self.service else None

    @property
    def kind(self) -> Kind:
        """Whether the service may be stopped."""
        return kind_of(self.service, self.node.optional)

    @property
    def description(self) -> str:
        """What the service does, and its kind; empty of a node.

        What the node does not list is not called required.
        """
        if not self.service:
            return ""
        purpose = purpose_of(self.service) or "No description of this service is known."
        if self.found is None and self.kind is Kind.REQUIRED:
            return purpose  # what is in no list of optional services need not be a service at all
        kinds = (
            "Its kind is not known." if self.kind is Kind.UNKNOWN else f"It is {self.kind.value}."
        )
        return f"{purpose} {kinds}"

    def is_old(self, now: float) -> bool:
        """Whether its services are those of an earlier answer: the node is lost, or stale."""
        return self.node.reading.trouble is not None or not self.node.is_fresh(now)


def find_evidence(
    subject: WhySubject, events: Iterable[Event], now: float, on: datetime
) -> tuple[Evidence, ...]:
    """List the evidence at `now` (of the clock of ages) and `on` (the same moment, aware).

    `events` are those of all nodes, the oldest first.
    """
    own = _own_events(subject, tuple(events))
    return (
        *_status(subject, own, now, on),
        *_restarts(subject, own, now),
        *_checks(subject, now),
        *_alerts(subject, now, on),
        *_health(subject, now),
        *_rollout(subject, now),
        *_actions(subject, own, now),
        *_log(subject, own, now, on),
    )


def _own_events(subject: WhySubject, events: Sequence[Event]) -> list[Event]:
    """List the events of a subject, in turn, with all moves of the rollouts that came to its node.

    A rollout goes on at other nodes: what was said of it here is not how it is now.
    """
    here = [event for event in events if event.node == subject.node.name]
    rollouts = {_rollout_of(event) for event in here} - {None}
    return [
        event
        for event in events
        if _rollout_of(event) in rollouts
        or (event.node == subject.node.name and _is_about(event, subject.service))
    ]


def is_unknown_service(subject: WhySubject, events: Iterable[Event]) -> bool:
    """Whether a node that was polled well lists no such service, and no event names it."""
    node = subject.node
    is_listed = not subject.service or subject.found is not None
    if is_listed or node.wrong_node or not node.reading.is_good:
        return False
    here = (event for event in events if event.node == node.name)
    return not any(_names_service(event, subject.service) for event in here)


def _names_service(event: Event, service: str) -> bool:
    match event.details:
        case OrderGiven(services=services) | RolloutMoved(services=services):
            return service in services
        case _:
            return event.service == service


def _rollout_of(event: Event) -> tuple[int, Sender | None] | None:
    """Return which rollout moved; each process counts its own."""
    details = event.details
    return (details.number, event.sender) if isinstance(details, RolloutMoved) else None


def _is_about(event: Event, service: str) -> bool:
    """Whether an event is about a service, or about its whole node; "" is any.

    An action or a rollout of which the services are not known counts as one of the service.
    """
    match event.details:
        case OrderGiven(services=services) | RolloutMoved(services=services) if services:
            return not service or service in services
        case _:
            return not service or event.service in ("", service)


def _status(
    subject: WhySubject, own: Sequence[Event], now: float, on: datetime
) -> Iterator[Evidence]:
    node, service = subject.node, subject.found
    age = node.reading.age(now)
    problems = find_problems([node], own, now, on)
    if age is None:
        yield _unknown(EvidenceKind.STATUS, Source.SERVICES, "no answer yet")
    elif subject.service and service is None:
        text = f"{_as_of(subject, now)}{subject.service} is not on the node"
        yield Evidence(EvidenceKind.STATUS, Source.SERVICES, text, age, is_problem=True)
    elif service is not None:
        text, at = _since(service, own)
        text = f"{_as_of(subject, now)}{text}"
        bad = service.health(node.disabled).is_problem
        worst = _worst_of([service] if bad else [], problems)
        yield Evidence(
            EvidenceKind.STATUS, Source.SERVICES, text, age, at, is_problem=bad, problem=worst
        )
    else:
        count = len(node.reading.services)
        ill = [one for one in node.reading.services if one.health(node.disabled).is_problem]
        text = f"{_as_of(subject, now)}{count - len(ill)} of {count} services ok"
        text += f"; with problems: {', '.join(one.shown for one in ill[:5])}" if ill else ""
        worst = _worst_of(ill, problems)
        yield Evidence(
            EvidenceKind.STATUS, Source.SERVICES, text, age, is_problem=bool(ill), problem=worst
        )
    for problem in problems:
        if problem.service == subject.service or not problem.service:
            began = None if problem.since is None else now - problem.since
            yield Evidence(
                EvidenceKind.PROBLEM,
                Source.POLLS,
                ", ".join((problem.what, *problem.details)),
                began,
                is_problem=True,
                problem=problem,
            )


def _as_of(subject: WhySubject, now: float) -> str:
    """Return that what follows is not the present, and how old it is; empty where it is fresh."""
    age = subject.node.reading.age(now)
    return f"last known, {one_unit(age)} old: " if age is not None and subject.is_old(now) else ""


def _worst_of(ill: Iterable[Service], problems: Iterable[Problem]) -> Problem | None:
    """Return the worst listed problem of services; None where none of them is listed."""
    names = {service.name for service in ill}
    return next((problem for problem in problems if problem.service in names), None)


def _since(service: Service, own: Sequence[Event]) -> tuple[str, datetime | None]:
    """Return a service's status with since when, and that moment where it is known."""
    status = service.status or "no status"
    if service.health() is Health.UP:
        up = f", up for {clock_duration(service.uptime)}" if service.uptime is not None else ""
        start = f" since {_clock(service.started_at)} by its clock" if service.started_at else ""
        return f"{status}{start}{up}", service.started_at
    last = _last_change(own, service.name)
    if last is not None and isinstance(last.details, StatusChange):
        return f"{status} since {_clock(last.on)}", last.on
    return f"{status} since before this session", None


def _last_change(own: Sequence[Event], service: str) -> Event | None:
    changes = (one for one in reversed(own) if one.service == service and one.kind in _CHANGES)
    return next(changes, None)


def _restarts(subject: WhySubject, own: Sequence[Event], now: float) -> Iterator[Evidence]:
    changes: dict[str, list[Event]] = {}
    for event in own:
        if event.service:
            changes.setdefault(event.service, []).append(event)
    found = [restarts_of(events, now) for events in changes.values()]
    others = [one for each, _ in found for one in each]
    started = [one for _, each in found for one in each if _was_started(one, own)]
    here = [one for _, each in found for one in each if one not in started]
    if not others and not here:
        text = "no restart was seen in the last hour"
        service, age = subject.found, subject.node.reading.age(now)
        up = None if service is None or service.uptime is None else service.uptime + (age or 0.0)
        if service is not None and up is not None and up < RESTARTS_FOR:
            at = service.started_at
            when = f"at {_clock(at)} by its clock" if at else f"{one_unit(up)} ago"
            reading = subject.node.reading
            # Uptimes are whole seconds: a start about the first answer may have been polled.
            is_unpolled = reading.trouble is None and now - up < reading.since - _UPTIME_STEP
            how = ", while rsdeck did not poll it" * is_unpolled
            text = f"started {when}{', sent from this machine' if started else how}"
        yield Evidence(EvidenceKind.RESTARTS, Source.EVENTS, text)
        return
    recent = sorted([*others, *here], key=lambda event: event.at)
    what = "" if subject.service else _services_of(recent)
    times = "once" if len(recent) == 1 else f"{len(recent)} times"
    if not others:
        sent = f"{'all ' * (len(here) > 1)}sent from this machine"
    elif not here:
        sent = f"{'none' if len(others) > 1 else 'not'} sent from this machine"
    else:
        sent = f"{len(here)} of them sent from this machine"
    text = f"restarted {times} in the last hour{what}, {sent}"
    last = recent[-1]
    yield Evidence(
        EvidenceKind.RESTARTS, Source.EVENTS, text, now - last.at, last.on, is_problem=bool(others)
    )


def _was_started(event: Event, own: Sequence[Event]) -> bool:
    """Whether the last action before a service came up was a start of it, which is no restart."""
    verbs = [
        one.details.verb
        for one in own
        if isinstance(one.details, OrderGiven)
        and one.at <= event.at
        and event.service in (one.details.services or (event.service,))
    ]
    return verbs[-1:] == [Verb.START]


def _services_of(events: Iterable[Event]) -> str:
    names = list(dict.fromkeys(clean(event.service, 64) for event in events))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f" ({', '.join(names[:3])}{more})"


def _checks(subject: WhySubject, now: float) -> Iterator[Evidence]:
    for kind, source, known in (
        (EvidenceKind.NODE_CHECK, Source.NODE_CHECK, subject.checks.node),
        (EvidenceKind.CLUSTER_CHECK, Source.CLUSTER_CHECK, subject.checks.cluster),
    ):
        if known.value is None:
            yield _unknown(kind, source, known.gap)
        else:
            is_well, why = known.value
            text = "ok" if is_well else clean(why) or "not ok, without a reason"
            text += _not_since(known)
            yield Evidence(kind, source, text, known.age(now), is_problem=not is_well)


def _alerts(subject: WhySubject, now: float, on: datetime) -> Iterator[Evidence]:
    known = subject.context.alerts
    if known.value is None:
        yield _unknown(EvidenceKind.ALERTS, Source.ALERTS, known.gap)
        return
    own, name = _own_alerts(subject), subject.node.name
    others = len(known.value) - len(own)
    if others and subject.identity.uid is None:
        gap = _not_since(known)
        text = f"{others} on single nodes, not listed: the uid of {name} is not known{gap}"
        yield Evidence(EvidenceKind.ALERTS, Source.ALERTS, text, known.age(now))
    elif not own:
        where = f" for {name} ({others} on others)" if others else ""
        text = f"none is on{where}{_not_since(known)}"
        yield Evidence(EvidenceKind.ALERTS, Source.ALERTS, text, known.age(now))
    for alert in own:
        age = known.age(now) if alert.since is None else (on - alert.since).total_seconds()
        since = "since when is not reported"
        if alert.since is not None:
            since = f"on since {_clock(alert.since)}"
        read = f"read {one_unit(known.age(now))} ago"
        text = f"{_alert(alert, name)}, {since}, {read}{_not_since(known)}"
        yield Evidence(
            EvidenceKind.ALERTS, Source.ALERTS, text, max(0.0, age), alert.since, is_problem=True
        )


def _own_alerts(subject: WhySubject) -> list[Alert]:
    """List the known alerts of the subject's node, and those of the cluster as a whole."""
    known = subject.context.alerts.value or ()
    return [alert for alert in known if alert.node in (None, subject.identity.uid)]


def _alert(alert: Alert, node: str) -> str:
    severity = "" if alert.severity is VendorSeverity.UNKNOWN else f", {alert.severity.value}"
    where = "the cluster" if alert.node is None else node
    return f"{clean(alert.name, 64)} on {where}{severity}"


def _health(subject: WhySubject, now: float) -> Iterator[Evidence]:
    node = subject.node
    if node.maintenance is not None:
        yield Evidence(EvidenceKind.HEALTH, Source.HEALTH, str(node.maintenance), is_problem=True)
    if node.health is None:
        yield _unknown(EvidenceKind.HEALTH, Source.HEALTH, "not reported")
        return
    detail = f" ({clean(node.health.detail)})" if node.health.detail not in ("", "ok") else ""
    text = f"the cluster reports it {clean(node.health.status) or 'without a status'}{detail}"
    age = node.health.age(now)
    yield Evidence(EvidenceKind.HEALTH, Source.HEALTH, text, age, is_problem=node.health.is_down)


def _rollout(subject: WhySubject, now: float) -> Iterator[Evidence]:
    """Yield the open rollout of the node: why it is paused, and whether it could go on now.

    For a service that it does not restart, no more than that there is one.
    """
    rollout = subject.rollout
    if rollout is None:
        return
    here, is_paused = rollout.here, rollout.state is RolloutState.PAUSED
    text = f"{rollout.plan.title}: {rollout.state.value}"
    if subject.service and subject.service not in rollout.plan.names:
        age = None if rollout.began_at is None else now - rollout.began_at
        yield Evidence(EvidenceKind.ROLLOUT, Source.ROLLOUTS, text, age)
        return
    if is_paused:
        text += f", {rollout.text}"
    elif here is not None:
        text += f" at {here.step.node}"
    if rollout.gate is not None:
        text += f"; {rollout.gate.brief(now)}"
        is_other = rollout.stop is None or rollout.gate.text != rollout.stop.text
        text += f": {rollout.gate.text}" if rollout.gate.text and is_other else ""
    since = here.ended_at if is_paused and here is not None else rollout.began_at
    age = None if since is None else now - since
    yield Evidence(EvidenceKind.ROLLOUT, Source.ROLLOUTS, text, age, is_problem=is_paused)


def _actions(subject: WhySubject, own: Sequence[Event], now: float) -> Iterator[Evidence]:
    """Yield the last actions from here, the last changes that none explains, what runs now.

    For a service, rollouts of others through its node are counted.
    """
    here = [event for event in own if event.kind in _HERE and _is_about(event, subject.service)]
    if not here:
        yield Evidence(EvidenceKind.ACTION, Source.EVENTS, "no action from here is known")
    elsewhere = [event for event in own if event.kind in _CHANGES and not event.ordered_here]
    for kind, found in ((EvidenceKind.ACTION, here), (EvidenceKind.CHANGE, elsewhere)):
        for event in reversed(found[-ACTIONS_AT_MOST:]):
            text = event_text(event) if subject.service else _text_with_service(event)
            age = max(0.0, now - event.at)
            yield Evidence(kind, Source.EVENTS, text, age, event.on, is_problem=event.is_problem)
    others = {
        rollout: event
        for event in own
        if (rollout := _rollout_of(event)) and not _is_about(event, subject.service)
    }
    if others:
        last = max(others.values(), key=lambda event: event.at)
        what = "1 rollout" if len(others) == 1 else f"{len(others)} rollouts"
        text = f"{what} of other services came to {subject.node.name}"
        age = max(0.0, now - last.at)
        yield Evidence(EvidenceKind.ACTION, Source.EVENTS, text, age, last.on)
    running = subject.context.actions
    if running.value is None:
        yield _unknown(EvidenceKind.RUNNING, Source.ACTIONS, running.gap)
        return
    names = [
        clean(one.name, 64) + (f" {one.progress:.0f} %" if one.progress is not None else "")
        for one in running.value
    ]
    text = f"{', '.join(names) or 'no action of the cluster'}{_not_since(running)}"
    yield Evidence(EvidenceKind.RUNNING, Source.ACTIONS, text, running.age(now))


def _text_with_service(event: Event) -> str:
    """Return an event of a node as a sentence that names its service, if it has one."""
    name = clean(event.service, 64)
    match event.details:
        case OrderEnded(verb=verb, result=result, evidence=evidence) if name:
            return f"{verb.value} of {name}: {result.value}, {evidence}"
        case _:
            return f"{name}: {event_text(event)}" if name else event_text(event)


def _log(subject: WhySubject, own: Sequence[Event], now: float, on: datetime) -> Iterator[Evidence]:
    """Yield the entries of the cluster's log that are about the subject, the newest first.

    Those around its last change are, and those that name the service; where no change is known, or
    the node is meant, those of the node. Of those of single nodes, only the node's own are listed:
    none where its uid is not known.
    """
    known = subject.context.log
    if known.value is None:
        yield _unknown(EvidenceKind.LOG, Source.LOG, known.gap)
        return
    moments = _moments(subject, own)
    name, uid = subject.node.name, subject.identity.uid
    possible = [entry for entry in known.value if entry.node in (None, uid)]
    possible.sort(key=lambda entry: entry.at, reverse=True)
    near = [
        entry for entry in possible if any(abs(entry.at - moment) <= NEAR for moment in moments)
    ][:LOG_AT_MOST]
    is_of_node = not subject.service or not moments
    about = [
        entry
        for entry in possible
        if entry not in near
        and ((is_of_node and entry.node is not None) or _names(entry, subject.service))
    ]
    found = sorted((*near, *about[:_NEWEST_AT_MOST]), key=lambda entry: entry.at, reverse=True)
    if not found:
        what = "no entry of the event log is about it"
        what += ", and none is within a minute of its last change" if moments else ""
        yield Evidence(EvidenceKind.LOG, Source.LOG, f"{what}{_not_since(known)}", known.age(now))
    for entry in found:
        age = max(0.0, (on - entry.at).total_seconds())
        yield Evidence(
            EvidenceKind.LOG,
            Source.LOG,
            log_entry_text(entry),
            age,
            entry.at,
            is_problem=entry.is_error,
        )
    if uid is None and len(possible) < len(known.value):
        text = f"entries of single nodes are not listed: the uid of {name} is not known"
        yield Evidence(EvidenceKind.LOG, Source.LOG, text, known.age(now))


def _names(entry: LogEntry, service: str) -> bool:
    """Whether an entry names a service.

    None has a field for it (redis.io: REST API, `GET /v1/logs`), but it may stand in another one.
    """
    return bool(service) and service in re.findall(r"[\w-]+", f"{entry.type} {entry.detail}")


def _moments(subject: WhySubject, own: Sequence[Event]) -> list[datetime]:
    """Return when the service, or the node, changed last: by its own clock and by that of here."""
    service = subject.found
    started = [service.started_at] if service is not None and service.started_at else []
    changes = [
        event.on
        for event in own
        if event.kind in _CHANGES | {EventKind.LOST, EventKind.REGAINED, EventKind.ROLE}
        and (not subject.service or event.service == subject.service)
    ]
    return [*started, *changes[-1:]]


def _unknown(kind: EvidenceKind, source: Source, gap: str) -> Evidence:
    why = clean(gap) or "not reported"
    return Evidence(kind, source, f"not known: {why}", gap=why)


def _not_since(known: Known[Any]) -> str:
    return f" (not read since: {clean(known.gap)})" if known.gap else ""


def _clock(moment: datetime) -> str:
    return clock_text(moment, DATE_AND_TIME)


# What to do next


class Offer(Enum):
    """What the program offers: the screen words it with a key, the command line as a command."""

    START = "start"
    """Start the service."""
    EXPLAIN = "explain"
    """Look at the evidence for the service."""
    COMPARE = "compare"
    """See every service on every node."""
    TIMELINE = "timeline"
    """See what else happened on the node."""
    RESUME = "resume"
    """Resume polling, where it is paused."""
    EDIT = "edit"
    """Edit the node's profile."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next, in a few words that name no key and no command, and what is offered for it.

    `service` is what the `offer` is for. Where the node has a `trouble`, its own remedies follow.
    """

    text: str = ""
    offer: Offer | None = None
    service: str = ""
    trouble: Trouble | None = None


_LOGS = "/var/opt/redislabs/log"
"""Where a node keeps its logs (redis.io: Redis Software, "File locations")."""


def find_next_step(
    subject: WhySubject, events: Iterable[Event], now: float, on: datetime
) -> NextStep | None:
    """Return what to do next about a service or a node; None where nothing is to be done.

    `now`, `on` and `events` are as of `find_evidence`.
    """
    node, reading = subject.node, subject.node.reading
    if node.wrong_node:
        text = "find out which node answers there, and fix the url of the profile"
        return NextStep(text, Offer.EDIT)
    if reading.trouble is not None:
        is_bare = not (reading.trouble.hint or reading.trouble.remedies)
        return NextStep("check the node itself" if is_bare else "", trouble=reading.trouble)
    if reading.answered_at is None:
        return None
    if not node.is_fresh(now):
        text = "wait for its next answer; where polling is paused, resume it"
        return NextStep(text, Offer.RESUME)
    own = [event for event in events if event.node == node.name]
    if not subject.service:
        return _next_of_node(subject, own, now, on)
    if subject.found is None:
        return NextStep("compare the nodes of its cluster", Offer.COMPARE)
    own = [event for event in own if event.service in ("", subject.service)]
    return _next_of_service(subject, subject.found, own, now)


def _next_of_node(
    subject: WhySubject, own: Sequence[Event], now: float, on: datetime
) -> NextStep | None:
    node = subject.node
    problems = find_problems([node], own, now, on)
    ill = [one.service for one in problems if one.service and one.severity is not Severity.NOTICE]
    if ill:
        return NextStep("look at its worst service", Offer.EXPLAIN, ill[0])
    if node.health is not None and node.health.is_down:
        return NextStep(MORE_ON_A_NODE)
    if alerts := _own_alerts(subject):
        name = clean(alerts[0].name, 64)
        return NextStep(f"find the reason of its alert {name}: {MORE_ON_A_NODE}")
    return None


def _next_of_service(
    subject: WhySubject, service: Service, own: Sequence[Event], now: float
) -> NextStep | None:
    health = service.health(subject.node.disabled)
    changes = [event for event in own if event.service]
    if recent_loops(changes, now):
        return NextStep(f"do not restart it again: find the reason in its log{_where(subject)}")
    match health:
        case Health.FAILED:
            return _next_of_failed(subject, service)
        case Health.DOWN:
            return _next_of_stopped(subject, service)
        case Health.UNKNOWN:
            return NextStep("see on the node what `supervisorctl status` shows of it")
        case Health.MOVING:
            return NextStep(f"wait for it; where it stays so, see its log{_where(subject)}")
        case Health.OFF:
            return NextStep("nothing: the cluster's configuration disables it")
        case _:
            if restarts_of(changes, now)[0]:
                return NextStep("see what else happened then", Offer.TIMELINE)
            return None


def _next_of_failed(subject: WhySubject, service: Service) -> NextStep:
    """Return that the log comes first; of what its supervisor has given up, that a start follows.

    One that is between tries (BACKOFF) is tried again by itself.
    """
    reason = f"find the reason in its log{_where(subject)}"
    may_start = subject.kind is Kind.OPTIONAL and not subject.is_read_only
    if service.status == GIVEN_UP and may_start and service.is_actionable:
        return NextStep(f"{reason}; then start it", Offer.START, service.name)
    return NextStep(reason)


def _next_of_stopped(subject: WhySubject, service: Service) -> NextStep:
    if subject.kind is Kind.REQUIRED:
        return NextStep("contact Redis support: it is required, and so it is locked here")
    if subject.kind is Kind.UNKNOWN:
        gap = f": {subject.node.kinds_gap}" if subject.node.kinds_gap else ""
        return NextStep(f"find out whether it is optional; until then it is locked here{gap}")
    if subject.is_read_only:
        return NextStep("start it where actions may be sent: here is read-only")
    if not service.is_actionable:
        return NextStep("see on the node what `supervisorctl status` shows of it")
    return NextStep("start it", Offer.START, service.name)


def _where(subject: WhySubject) -> str:
    """Return where the log is, and that Redis support comes before a required service."""
    support = "; it is required, so contact Redis support" if subject.kind is Kind.REQUIRED else ""
    return f" on the node ({_LOGS}){support}"


# What is read for it


async def read_checks(
    fleet: Fleet, node: str, wanted: Collection[CheckedPart] = tuple(CheckedPart)
) -> Checks:
    """Read the cluster's checks of a node and of itself, at the first node that answers them.

    Only those that are `wanted`; of the others nothing is known then. A node that is not primary
    may redirect, which is not followed, so the next one is tried. One whose last poll failed is
    not: each would be waited for as long as a request may take. No further call is made once an
    action is open in the cluster.
    """
    target = fleet.watch(node)
    watches = [
        one
        for one in fleet.beside(node)
        if one.reading.trouble is None and (one is target or not one.wrong_node)
    ]
    if not watches:
        silent: Known[_Check] = Known(gap="no node of its cluster could be polled")
        return Checks(silent, silent)
    watches.sort(key=lambda one: (one.facts.identity.role is not Role.PRIMARY, one is not target))
    checks, uid = Checks(), target.identity.uid
    is_led_by_node = CheckedPart.NODE in wanted and uid is not None
    for watch in watches:
        leading = checks.node if is_led_by_node else checks.cluster
        if leading.value is None and not _is_action_open(fleet, watch.name):
            missing = [
                part for part in wanted if part is CheckedPart.NODE or checks.cluster.value is None
            ]
            found = await _read_at(fleet, watch, uid, missing)
            checks = Checks(
                found.node,
                checks.cluster if checks.cluster.value is not None else found.cluster,
                max(checks.node_pause, found.node_pause),
                max(checks.cluster_pause, found.cluster_pause),
            )
    return checks


async def _read_at(
    fleet: Fleet, watch: NodePoller, uid: int | None, wanted: Collection[CheckedPart]
) -> Checks:
    try:
        async with watch.hold_side() as client:
            node: Known[_Check] = Known(gap="the node's uid is not known")
            cluster: Known[_Check] = Known(gap=_ACTION_OPEN)
            node_pause = cluster_pause = 0.0
            if uid is not None and CheckedPart.NODE in wanted:
                node, node_pause = await _known(client.node_check(uid))
            if CheckedPart.CLUSTER in wanted and not _is_action_open(fleet, watch.name):
                cluster, cluster_pause = await _known(client.cluster_check())
            return Checks(node, cluster, node_pause, cluster_pause)
    except LoginRefused as refused:
        gap = gap_of(refused)
    except LoginStopped as stopped:
        gap = str(stopped)
    return Checks(Known(gap=gap), Known(gap=gap))


async def _known(reading: Awaitable[_Check]) -> tuple[Known[_Check], float]:
    """Return what was read, or why not, and the seconds until it may be read again.

    Raises LoginRefused, which stops the login on its way.
    """
    try:
        return Known(await reading, gap="", read_at=monotonic()), CONTEXT_EVERY
    except LoginRefused:
        raise
    except ApiError as error:
        return Known(gap=gap_of(error)), pause_after(error)


def _is_action_open(fleet: Fleet, node: str) -> bool:
    """Whether an action is open in a node's cluster; False where its profile is gone."""
    nodes = fleet.beside(node) if node in fleet else ()
    return any(fleet.orders.involves(watch.name) for watch in nodes)


class LiveChecks:
    """The checks of a node and of its cluster, read again at a slow pace while they are shown.

    One reading at a time, and none while an action is open in the cluster. Each check has a pace of
    its own. Once a lost node answers again, or where a person wishes it, they may be read at once,
    but for one whose call was refused: that is not repeated before its pause is over. What could
    not be read again stays, with the reason. `clock` gives monotonic seconds.
    """

    def __init__(self, fleet: Fleet, node: str, clock: Callable[[], float] = monotonic) -> None:
        self.newest = Checks(Known(gap=_READING), Known(gap=_READING))
        self._fleet, self._node, self._clock = fleet, node, clock
        self._due = dict.fromkeys(CheckedPart, -math.inf)
        self._refused: set[CheckedPart] = set()
        self._is_reading = self._was_lost = False

    @property
    def is_due(self) -> bool:
        """Whether one of them may be read again by now."""
        is_open = _is_action_open(self._fleet, self._node)
        return bool(not self._is_reading and not is_open and self._may_be_read())

    def _may_be_read(self, *, is_wish: bool = False) -> list[CheckedPart]:
        now, is_back = self._clock(), self._was_lost and not self._is_lost
        return [
            part
            for part in CheckedPart
            if now >= self._due[part] or ((is_back or is_wish) and part not in self._refused)
        ]

    async def read(self, *, is_wish: bool = False) -> None:
        """Read those that are due, unless they are being read, or an action is open.

        Where it `is_wish` of a person, those that are not due are read too, unless refused.
        """
        if self._is_reading:
            return
        if _is_action_open(self._fleet, self._node):
            self._keep(Checks(Known(gap=_ACTION_OPEN), Known(gap=_ACTION_OPEN)), (*CheckedPart,))
            return
        wanted = self._may_be_read(is_wish=is_wish)
        if not wanted:
            return
        self._is_reading, was_lost = True, self._is_lost
        try:
            checks = await read_checks(self._fleet, self._node, wanted)
            self._keep(checks, wanted)
            for part in wanted:
                self._due[part] = self._clock() + checks.pause(part)
            refused = {part for part in wanted if checks.pause(part) > CONTEXT_EVERY}
            self._refused = self._refused.difference(wanted) | refused
            self._was_lost = was_lost
        finally:
            self._is_reading = False

    @property
    def _is_lost(self) -> bool:
        """Whether the last poll of the node failed, or it has not said since who it is."""
        if self._node not in self._fleet:
            return False
        watch = self._fleet.watch(self._node)
        return watch.reading.trouble is not None or watch.identity.uid is None

    def _keep(self, read: Checks, parts: Collection[CheckedPart]) -> None:
        newest = self.newest
        if CheckedPart.NODE in parts:
            newest = replace(newest, node=_kept(newest.node, read.node))
        if CheckedPart.CLUSTER in parts:
            newest = replace(newest, cluster=_kept(newest.cluster, read.cluster))
        self.newest = newest


def _kept(before: Known[_Check], now: Known[_Check]) -> Known[_Check]:
    """Return what is known now; what was known before where that is nothing, with why."""
    return replace(before, gap=now.gap) if now.value is None and before.value is not None else now
