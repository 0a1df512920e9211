"""Look at one node before an order from the command line: what would be sent, and may it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tui.config import Configuration
from tui.credentials import Passwords
from tui.fleet.fleet import Fleet
from tui.fleet.node_status import wrong_node_trouble
from tui.fleet.order_impact import order_impact
from tui.fleet.orders.binding import BoundOrder, OrderRequest, SeenNode, bind_order
from tui.fleet.orders.impact import Finding
from tui.fleet.polling.one_look import look_once
from tui.fleet.polling.poller import NodePoller
from tui.fleet.polling.poller_factory import barred
from tui.fleet.protocols import Journal
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.order import Verb
from tui.model.reading import Trouble

_LOOK_ONLY = "read-only: a preview is only looked at"


@dataclass(frozen=True, slots=True)
class OrderPreview:
    """What was seen, and the order bound to it.

    With `trouble` the node could not be polled; `missing` are services that it does not list.
    `impact` is what the order touches, `warnings` are remarks on the node that an operator should
    know before confirming.
    """

    bound: BoundOrder
    trouble: Trouble | None = None
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    impact: tuple[Finding, ...] = ()


async def preview_order(
    configuration: Configuration,
    node: str,
    verb: Verb,
    services: Sequence[str],
    passwords: Passwords,
    *,
    journal: Journal,
) -> OrderPreview:
    """Poll one node of `configuration` and bind an order to its services; sends GETs alone.

    By the `journal` it is known whether another process goes over the cluster with a rollout.
    """
    fleet = Fleet(configuration, read_only=_LOOK_ONLY, passwords=passwords)
    # The others too: what the order touches depends on how they are.
    await fleet.poll_once()
    watch = fleet.watch(node)
    trouble = watch.reading.trouble or wrong_node_trouble(watch)
    if trouble is not None:
        return OrderPreview(BoundOrder(trouble.text), trouble)
    missing = tuple(name for name in services if watch.reading.find(name) is None)
    # As it stands for a fleet that may act: this one may not, and has just polled the node.
    seen = SeenNode.of(watch)
    (rolled,) = await journal.rolled_elsewhere([seen.target])
    standing = replace(
        fleet.standing(node), read_only=barred(watch.profile), age=0.0, rolled=rolled
    )
    request = OrderRequest(verb, 1, monotonic(), datetime.now(UTC))
    bound = bind_order(request, services, seen, standing, lambda pointless: pointless.text)
    impact: tuple[Finding, ...] = ()
    if bound.order is not None:
        await fleet.read_context(node)
        impact = order_impact(fleet, verb, bound.order.names, node, monotonic())
    return OrderPreview(bound, None, missing, _warnings(watch), impact)


async def poll_target(fleet: Fleet, node: str) -> None:
    """Poll a node once, and its cluster's others where it does not report which are optional."""
    await look_once([fleet.watch(node)])
    if fleet.watch(node).facts.optional is None:
        await fleet.poll_once()


def _warnings(watch: NodePoller) -> tuple[str, ...]:
    certificate = watch.certificate
    remark = "" if certificate is None else certificate.remark(datetime.now(UTC))
    maintenance = watch.facts.maintenance
    return tuple(filter(None, (remark, "" if maintenance is None else str(maintenance))))
