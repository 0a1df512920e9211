"""What around a node speaks against the next restart of a rollout, by the cluster's context. Pure.

What is not known (a 403, a version without the call) closes the gate for the services that carry
data alone (`DATA_CARRIERS`): there a wrong guess costs clients or data. For any other service it
leaves the gate open, and the plan names it: the list of nodes and the cluster's own checks, without
which no gate opens, are read all the same, and a role that may not see the databases can still
restart what does not touch them.
"""

from collections.abc import Iterable
from typing import Any

from tui.fleet.orders.impact import OrderPlace, find_unreplicated
from tui.model.context import ClusterContext, Known
from tui.model.dataclass import dataclass
from tui.model.rollout import GateHazard, Step
from tui.model.service import DATA_CARRIERS
from tui.model.text import clean

CONTEXT_AT_MOST = 120.0
"""Seconds after which what was read of a cluster is not known any more."""

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Hazard:
    """One hazard and its sentence; what `is_moving` may end by itself."""

    kind: GateHazard
    text: str
    is_moving: bool = False


def find_hazards(step: Step, context: ClusterContext, now: float) -> tuple[Hazard, ...]:
    """List what speaks against a step, the weightiest first; `now` is of the clock of ages."""
    found: list[Hazard] = []
    quorum = context.quorum.value
    if quorum is not None and not quorum.is_kept and not _gap(context.quorum, now):
        text = f"quorum is lost: {quorum.up} of {quorum.total} nodes are up"
        found.append(Hazard(GateHazard.QUORUM, text))
    moving = [action.name for action in context.actions.value or () if action.moves_shards]
    if moving and not _gap(context.actions, now):
        text = f"running, and may move shards: {_some(moving)}"
        found.append(Hazard(GateHazard.ACTIONS, text, is_moving=True))
    if _carries_data(step):
        bare = find_unreplicated(OrderPlace(step.identity.uid), context, now)
        if bare.count:
            text = f"no replica, and a shard here: {_some(bare.names)}"
            found.append(Hazard(GateHazard.UNREPLICATED, text))
        if gaps := find_gaps(step, context, now):
            found.append(Hazard(GateHazard.UNKNOWN, f"not known: {', '.join(gaps)}"))
    return tuple(found)


def find_gaps(step: Step, context: ClusterContext, now: float) -> tuple[str, ...]:
    """List what is not known of what would close the gate, each with its reason."""
    known: dict[str, Known[Any]] = {"quorum": context.quorum, "running actions": context.actions}
    gaps = [f"{name} ({gap})" for name, part in known.items() if (gap := _gap(part, now))]
    if _carries_data(step):
        bare = find_unreplicated(OrderPlace(step.identity.uid), context, now)
        gap = _gap(context.shards, now) or _gap(context.databases, now) or bare.gap
        if gap and not bare.count:
            gaps.append(f"databases without a replica ({gap})")
    return tuple(gaps)


def _carries_data(step: Step) -> bool:
    return bool(DATA_CARRIERS.intersection(step.names))


def _gap(known: Known[Any], now: float) -> str:
    """Return why a value is not known now; empty where it is."""
    if known.value is None:
        return clean(known.gap or "not reported")
    return "read too long ago" if known.age(now) > CONTEXT_AT_MOST else ""


def _some(names: Iterable[str]) -> str:
    shown = [clean(name, 64) for name in names]
    more = len(shown) - _NAMED
    return ", ".join(shown[:_NAMED]) + (f" and {more} more" if more > 0 else "")
