"""One look at nodes that are not polled on: the services of all first, then what surrounds them.

Who each node is and which services are optional is read of all nodes side by side, of each by its
one connection: to open another takes longer than to wait. A node that is not primary may redirect
the latter; the first that answers is the one that is read for the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable, Sequence

from tui.api.errors import ApiError
from tui.fleet.login.shared_login import LoginStopped
from tui.fleet.polling.poller import NodePoller
from tui.model.clock import monotonic
from tui.model.cluster import OptionalServices


async def look_once(nodes: Sequence[NodePoller], *, only_kinds: bool = False) -> None:
    """Poll nodes once, side by side, and then read what their clusters report of them.

    With `only_kinds` nothing follows the look: of a cluster only which services are optional is
    read, and a node that takes longer than two requests may is not waited for. Else no call to a
    cluster begins after three times what a request may take.
    """
    logins = {id(node.login): node.login for node in nodes}.values()
    clusters: dict[int, list[NodePoller]] = {}
    try:
        await _side_by_side(node.poll_services() for node in nodes)
        for login in logins:
            login.is_last_look = only_kinds
        for node in nodes:
            if node.reading.is_good:
                clusters.setdefault(node.cluster_key, []).append(node)
        await _side_by_side(
            _look_at_cluster(members, only_kinds=only_kinds) for members in clusters.values()
        )
    finally:
        for login in logins:
            login.is_last_look = False
        for node in nodes:
            await node.release()


async def _look_at_cluster(nodes: Sequence[NodePoller], *, only_kinds: bool) -> None:
    timeout = max(node.timeout for node in nodes)
    optional: dict[str, OptionalServices | ApiError] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2 * timeout if only_kinds else None):
            identified = (node.identify() for node in nodes)
            await _side_by_side([*identified, _find_source(nodes, optional)])
    until = monotonic() + (2 if only_kinds else 3) * timeout
    for node in sorted(nodes, key=lambda node: not _is_answer(optional.get(node.name))):
        await node.read_cluster_once(optional.get(node.name), until=until, only_kinds=only_kinds)


async def _find_source(
    nodes: Sequence[NodePoller], optional: dict[str, OptionalServices | ApiError]
) -> None:
    """Poll all nodes for the optional services until one answers; fill `optional` by node."""

    async def read(node: NodePoller) -> None:
        optional[node.name] = await node.optional_services()

    reads = {asyncio.create_task(read(node)) for node in nodes}
    try:
        for read_one in asyncio.as_completed(reads):
            with contextlib.suppress(LoginStopped):
                await read_one
            if any(map(_is_answer, optional.values())):
                break
    finally:
        for task in reads:
            task.cancel()
        await asyncio.gather(*reads, return_exceptions=True)


async def _side_by_side(looks: Iterable[Coroutine[None, None, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for look in looks:
            group.create_task(look)


def _is_answer(optional: OptionalServices | ApiError | None) -> bool:
    return optional is not None and not isinstance(optional, ApiError)
