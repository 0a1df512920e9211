"""Wait on the command line until a service is in a state."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from tui.config import Configuration, NodeProfile
from tui.credentials import Passwords
from tui.fleet.fleet import Fleet
from tui.fleet.node_status import wrong_node_trouble
from tui.fleet.polling.poller import NodePoller
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.reading import Trouble
from tui.model.service import Service, start_moved, uptime_came_late, uptime_started_over

_LOOK_ONLY = "read-only: waiting only looks"


class Awaited(Enum):
    """What a service is waited for; the value is the word of the command."""

    RUNNING = "running"
    STOPPED = "stopped"
    RESTARTED = "restarted"
    """Running, with a later start time than at the first look, or an uptime that started over."""


@dataclass(frozen=True, slots=True)
class WaitResult:
    """Whether it came about, and the last that was seen.

    `service` is None where the node did not list it; `trouble` is set where the last poll failed.
    """

    reached: bool
    service: Service | None = None
    trouble: Trouble | None = None


def fleet_of(configuration: Configuration, profile: NodeProfile, passwords: Passwords) -> Fleet:
    """Return a read-only fleet of one node."""
    alone = replace(configuration, nodes=(profile,))
    return Fleet(alone, read_only=_LOOK_ONLY, passwords=passwords)


async def wait_for(fleet: Fleet, service: str, awaited: Awaited, *, seconds: float) -> WaitResult:
    """Poll the fleet's one node until a service is as awaited, for `seconds`; 0 polls once."""
    (node,) = fleet.nodes
    try:
        return await _poll_until(node, fleet.interval, service, awaited, seconds)
    finally:
        await node.release()


async def _poll_until(
    node: NodePoller, interval: float, name: str, awaited: Awaited, seconds: float
) -> WaitResult:
    ends = monotonic() + seconds
    first: Service | None = None
    looked_at = 0.0
    while True:
        await node.poll_services()
        if node.reading.is_good:
            await node.identify()  # its trouble may be that another node answers
        trouble = node.reading.trouble or wrong_node_trouble(node)
        service = None if trouble else node.reading.find(name)
        if first is None and service is not None:
            first, looked_at = service, node.reading.asked_at
        if service is not None and first is not None:
            seconds = (node.reading.answered_at or 0.0) - looked_at
            if _CONDITIONS[awaited](first, service, seconds):
                return WaitResult(reached=True, service=service)
        remaining = ends - monotonic()
        if remaining <= 0 or node.login.trouble:
            return WaitResult(reached=False, service=service, trouble=trouble)
        await asyncio.sleep(min(interval, remaining))


def _is_running(_first: Service, now: Service, _seconds: float) -> bool:
    return now.status == "RUNNING"


def _is_stopped(_first: Service, now: Service, _seconds: float) -> bool:
    return now.status in {"STOPPED", "EXITED"}


def _is_restarted(first: Service, now: Service, seconds: float) -> bool:
    """Whether it runs since after the first look, which was `seconds` ago: as a verdict has it.

    With a longer uptime, its later start time may be that of another node.
    """
    if not _is_running(first, now, seconds) or uptime_came_late(first, now, seconds):
        return False
    return start_moved(first, now) or uptime_started_over(first.uptime, now.uptime, seconds)


_CONDITIONS: dict[Awaited, Callable[[Service, Service, float], bool]] = {
    Awaited.RUNNING: _is_running,
    Awaited.STOPPED: _is_stopped,
    Awaited.RESTARTED: _is_restarted,
}
