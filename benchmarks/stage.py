"""A deck in this process on an embedded cluster with some trouble, for its pictures."""

import time
from collections.abc import Callable

from textual.pilot import Pilot

from tui.fleet.fleet import Fleet
from tui.sim.cluster import Cluster

STOPPED, FAILED = "stats_archiver", "alert_mgr"


async def until(pilot: Pilot[None], condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds. Raises TimeoutError after 40 s, naming `what` it waited for."""
    end = time.monotonic() + 40
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"the picture waited too long for this: {what}")
        await pilot.pause(0.05)


def is_known(fleet: Fleet) -> bool:
    """Whether every node has answered and its services' kinds are known."""
    return all(node.reading.is_good and node.facts.optional is not None for node in fleet.nodes)


def _status(fleet: Fleet, node: str, service: str) -> str:
    found = fleet.watch(node).reading.find(service)
    return found.status if found is not None else ""


async def make_trouble(pilot: Pilot[None], fleet: Fleet, cluster: Cluster) -> None:
    """Stop a service on the first node and break one on the second, as the deck sees it happen."""
    cluster.stop(1, STOPPED)
    cluster.fail(2, FAILED)
    cluster.restart(2, FAILED)
    for node, service, status in (
        ("node1", STOPPED, "STOPPED"),
        ("node2", FAILED, "FATAL"),
    ):

        def arrived(node: str = node, service: str = service, status: str = status) -> bool:
            return _status(fleet, node, service) == status

        await until(pilot, arrived, f"{service} on {node} is {status}")
