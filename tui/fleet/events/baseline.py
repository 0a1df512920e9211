"""Which readings events are made of: only those known to be of the node that is meant."""

from dataclasses import replace
from typing import Protocol

from tui.fleet.events.pipeline import PolledNode
from tui.fleet.login.state import Login
from tui.model.node_evidence import StartsChange, compare_starts, start_times
from tui.model.reading import Reading
from tui.model.records import dataclass


class IdentifiedNode(PolledNode, Protocol):
    """A polled node, with what is known of which one answers."""

    @property
    def wrong_node(self) -> str:
        """Why it is not known to be the node that is meant; empty if it is."""

    @property
    def is_settled(self) -> bool:
        """Whether its newest reading may be taken for one of the same node."""


@dataclass(frozen=True, slots=True)
class CountedNode:
    """A node with the reading that counts: a `PolledNode` for the event pipeline."""

    name: str
    reading: Reading
    login: Login


@dataclass(frozen=True, slots=True)
class _Counted:
    reading: Reading
    was_wrong: bool = False


class EventBaseline:
    """Keeps each node's last reading that counts, to compare the next one with.

    A reading that another node may have given has its troubles counted, and not its services.
    """

    def __init__(self) -> None:
        self._counted: dict[str, _Counted] = {}

    def forget(self, node: str) -> None:
        """Forget a node's reading: another poller has its name."""
        self._counted.pop(node, None)

    def advance(self, node: IdentifiedNode, before: Reading) -> tuple[Reading, CountedNode]:
        """Return the readings to compare; `before` is the node's own one before its newest."""
        last = self._counted.get(node.name, _Counted(before))
        old, new = last.reading, node.reading
        is_wrong = bool(node.wrong_node)
        if is_wrong or not node.is_settled:
            answered_at = None if old.answered_at is None else new.answered_at
            new = replace(new, services=old.services, answered_at=answered_at)
        elif last.was_wrong and _is_of_another(old, new):
            # It is the node that is meant from now on, and what it was before is not known.
            old = replace(old, services=new.services)
        was_wrong = is_wrong or (last.was_wrong and not node.is_settled)
        self._counted[node.name] = _Counted(new, was_wrong)
        return old, CountedNode(node.name, new, node.login)


def _is_of_another(before: Reading, now: Reading) -> bool:
    change = compare_starts(start_times(before.services), start_times(now.services))
    return change in (StartsChange.MOST, StartsChange.BACK)
