"""Orders and rollouts of earlier sessions that have no end in the journal. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any

from tui.journal.chain import Record, open_record
from tui.model.dataclass import dataclass
from tui.model.node import Identity, NodeEvidence, Origin
from tui.model.order import (
    REFUSAL_STATUSES,
    AnswerOutcome,
    Order,
    Result,
    Route,
    SeenService,
    Target,
    Tier,
    Verb,
)
from tui.model.rollout import StepResult
from tui.model.service import Kind
from tui.model.text import clean


@dataclass(frozen=True, slots=True)
class UnfinishedOrder:
    """An order of an earlier session, with only those of its services that have no verdict.

    `was_sent`: whether its POST is known to have left; `answer` is what came back, if anything.
    `refused` are the services that the node refused: nothing they show later came of the order.
    `failed` are those of which it reported failure, which does not say that nothing happened.
    """

    id: str
    order: Order
    was_sent: bool = False
    answer: AnswerOutcome | None = None
    refused: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()


def find_unfinished_orders(
    lines: Iterable[bytes], known: Iterable[UnfinishedOrder] = ()
) -> tuple[UnfinishedOrder, ...]:
    """List the unfinished orders, the oldest first; a line that cannot be read is skipped.

    `known` are those of the lines before these.
    """
    open_ = {entry.id: entry for entry in known}
    for line in lines:
        record = open_record(line.removesuffix(b"\n"))
        if record is not None:
            _take(record, str(record.get("id", "")), open_)
    return tuple(open_.values())


def _take(record: Record, id_: str, open_: dict[str, UnfinishedOrder]) -> None:
    if record.get("kind") == "intent":
        order = _order(record)
        if order is not None:
            open_[id_] = UnfinishedOrder(id_, order)
        return
    entry = open_.get(id_)
    if entry is None:
        return
    match record["kind"]:
        case "sent":
            open_[id_] = replace(entry, was_sent=True)
        case "result":
            answer, names = _outcome(record), frozenset(entry.order.names)
            refused = names if answer is AnswerOutcome.REFUSED else frozenset()
            failed = _failed(record, names)
            open_[id_] = replace(
                entry, was_sent=True, answer=answer, refused=refused, failed=failed
            )
        case "verdict" if record.get("result") == Result.UNKNOWN.value:
            pass  # what came of it is not known yet
        case "verdict" | "resolved":
            name = record.get("service")
            unsettled = tuple(seen for seen in entry.order.services if seen.name != name)
            open_[id_] = replace(entry, order=replace(entry.order, services=unsettled))
            if not unsettled:
                del open_[id_]


def _outcome(record: Record) -> AnswerOutcome:
    """Return what came back; a word of another version counts as an answer that was lost.

    So does a refusal by a status that may come after the work was done, which earlier versions
    recorded as refused.
    """
    try:
        outcome = AnswerOutcome(record.get("outcome"))
    except ValueError:
        return AnswerOutcome.LOST
    may_be_done = record.get("http") not in (None, *REFUSAL_STATUSES)
    is_refused = outcome is AnswerOutcome.REFUSED
    return AnswerOutcome.LOST if is_refused and may_be_done else outcome


def _failed(record: Record, names: frozenset[str]) -> frozenset[str]:
    """Return the services of which the answer reported failure."""
    listed = record.get("refused")
    return frozenset(name for name in names if isinstance(listed, list) and name in listed)


def _order(record: Record) -> Order | None:
    """Return an intent as an order; None where it is not one that this version writes."""
    try:
        route = record["route"]
        return Order(
            number=0,
            verb=Verb(record["verb"]),
            target=Target(
                _text(record, "node"),
                _text(record, "url"),
                _identity(record),
                evidence=_evidence(record),
            ),
            services=tuple(map(read_service, record["services"])),
            route=Route(_text(route, "via"), _text(route, "url"), _text(route, "path")),
            pressed_at=0.0,
            pressed_on=_moment(record["at"]),
            reason=_text(record, "reason"),
            rollout=clean(str(record.get("rollout", ""))),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _identity(record: Record) -> Identity:
    uid = record["uid"]
    return Identity(
        uid if isinstance(uid, int) else None,
        hostname=_text(record, "hostname"),
        cluster=_text(record, "cluster"),
    )


def _evidence(record: Record) -> NodeEvidence:
    """Return what identifies the node beside its uid; records of earlier versions have none."""
    origin, starts = record.get("origin", {}), record.get("starts", {})
    return NodeEvidence(
        Origin(clean(str(origin.get("peer", ""))), clean(str(origin.get("certificate", "")))),
        tuple((clean(name), _moment(start)) for name, start in starts.items()),
    )


def read_service(fields: dict[str, Any]) -> SeenService:
    """Return a service of an intent's record.

    Raises KeyError, TypeError, ValueError where it is not one that this version writes.
    """
    uptime = fields["uptime"]
    return SeenService(
        _text(fields, "name"),
        _text(fields, "status"),
        Kind(fields["kind"]),
        read_start(fields["start_time"]),
        uptime if isinstance(uptime, int) else None,
    )


def read_start(value: Any) -> datetime | None:
    """Return a record's start time of a service; None where it is null.

    Raises TypeError, ValueError where it is none that this version writes.
    """
    return None if value is None else _moment(value)


def _moment(text: str) -> datetime:
    """Return a moment; raises ValueError where it has no zone: it can be compared with none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment


def _text(fields: dict[str, Any], name: str) -> str:
    return clean(str(fields[name]))


_RECENT = timedelta(days=1)
_KINDS = (b'"plan"', b'"step"', b'"rollout_end"', b'"rollout_cleared"')
_ACTION_KINDS = (b'"intent"', b'"result"', b'"verdict"', b'"resolved"')
_GATED = frozenset({StepResult.VERIFIED.value, StepResult.SKIPPED.value})
"""The results of a turn that is over, after which no gate is missing."""


@dataclass(frozen=True, slots=True)
class UnfinishedRollout:
    """A rollout whose process ended before it did; `nodes` are names and addresses, in turn.

    `done` are the nodes that were verified or skipped, or whose restart was before it stopped.
    `unverified` are the services of each node's turn of which no action is verified. `ungated` are
    those of `done` that were restarted, and after which the gate is not known to have opened.
    `skipped` are those of `done` that were skipped; `stop_text` is why it stopped last at the node
    `stopped_at`, both empty where it did not. It `is_typed` where a name was typed to begin it.
    """

    id: str
    verb: str
    cluster: str
    names: tuple[str, ...]
    nodes: tuple[tuple[str, str], ...]
    began_on: datetime
    done: frozenset[str] = frozenset()
    unverified: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ungated: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    stopped_at: str = ""
    stop_text: str = ""
    is_typed: bool = False

    def verified(self, order: Order, names: Iterable[str]) -> "UnfinishedRollout":
        """Return it after services of an order were verified, also by a later session.

        Only its own orders count: a single action of the same service is none of its turns. A node
        is done once all services of its turn are verified; the gate after it is another matter.
        """
        node = order.target.node
        counted = self.unverified.get(node, frozenset()) & {*names}
        if order.rollout != self.id or not counted:
            return self
        rest = self.unverified[node] - counted
        found = replace(self, unverified={**self.unverified, node: rest})
        if rest or node in self.done:
            return found
        return replace(found, done=self.done | {node}, ungated=self.ungated | {node})

    @property
    def remaining(self) -> tuple[str, ...]:
        """The nodes that are not verified, in turn; the first may have been restarted."""
        return tuple(name for name, _ in self.nodes if name not in self.done)


class RolloutFollower:
    """Follows the rollouts in a journal's lines, as they are read for another purpose."""

    def __init__(self) -> None:
        self._open: dict[str, UnfinishedRollout] = {}
        self._orders: dict[str, Order] = {}

    def follow(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines; one that cannot be read as a record is skipped here."""
        for line in lines:
            kinds = _KINDS + _ACTION_KINDS if self._open else _KINDS
            if any(kind in line for kind in kinds):
                record = open_record(line.removesuffix(b"\n"))
                if record is not None:
                    self._take(record, str(record.get("id", "")))
            yield line

    def unfinished(self, now: datetime) -> tuple[UnfinishedRollout, ...]:
        """List those of the last 24 hours with nodes that remain; the newest of each cluster."""
        newest = {rollout.cluster: rollout for rollout in self._open.values()}
        return tuple(
            rollout
            for rollout in newest.values()
            if rollout.remaining and now - rollout.began_on <= _RECENT
        )

    def _take(self, record: Record, id_: str) -> None:
        match record.get("kind"):
            case "plan":
                plan = _plan(record, id_)
                if plan is not None:
                    for before in [*self._open.values()]:
                        if before.cluster == plan.cluster:
                            del self._open[before.id]
                    self._open[id_] = plan
            case "step" if id_ in self._open:
                self._open[id_] = _after_step(self._open[id_], record)
            case "rollout_end" | "rollout_cleared":
                self._open.pop(id_, None)
            case _ if self._open:
                self._take_action(record, id_)

    def _take_action(self, record: Record, id_: str) -> None:
        order = self._orders.get(id_)
        match record.get("kind"):
            case "intent" if (intended := _order(record)) is not None:
                self._orders[id_] = intended
            case "result" if order is not None:
                # What the node reported failure of is looked at, whatever it shows later.
                failed = _failed(record, frozenset(order.names))
                kept = tuple(seen for seen in order.services if seen.name not in failed)
                self._orders[id_] = replace(order, services=kept)
            case "verdict" | "resolved" if order is not None:
                if record.get("result") == Result.VERIFIED.value:
                    names = [name for name in order.names if name == record.get("service")]
                    self._open = {
                        key: rollout.verified(order, names) for key, rollout in self._open.items()
                    }


def _after_step(rollout: UnfinishedRollout, record: Record) -> UnfinishedRollout:
    """Return a rollout after the turn of one of its nodes."""
    name, result = _shown_text(record.get("node")), record.get("result")
    is_restarted = result == StepResult.RESTARTED.value
    is_skipped = result == StepResult.SKIPPED.value
    is_over, node = is_restarted or result in _GATED, {name}
    is_stop = result not in _GATED
    return replace(
        rollout,
        done=rollout.done | node if is_over else rollout.done - node,
        ungated=rollout.ungated | node if is_restarted else rollout.ungated - node,
        skipped=rollout.skipped | node if is_skipped else rollout.skipped - node,
        stopped_at=name if is_stop else "",
        stop_text=_shown_text(record.get("text", "")) if is_stop else "",
    )


def _plan(record: Record, id_: str) -> UnfinishedRollout | None:
    """Return a plan's record as a rollout; None where it is not one that this version writes."""
    try:
        return UnfinishedRollout(
            id_,
            _shown_text(record["verb"]),
            _shown_text(record["cluster"]),
            tuple(map(_shown_text, record["services"])),
            tuple(
                (_shown_text(step["node"]), _shown_text(step["url"])) for step in record["steps"]
            ),
            _moment(record["at"]),
            unverified={
                _shown_text(step["node"]): frozenset(
                    _text(seen, "name") for seen in step["services"]
                )
                for step in record["steps"]
            },
            is_typed=record.get("tier") != Tier.PLAIN.value,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _shown_text(value: object) -> str:
    return clean(str(value))
