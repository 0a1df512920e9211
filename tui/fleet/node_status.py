"""What `status` says of a node: polled once, without the fleet of a deck and what it imports."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from tui.config import Configuration, NodeProfile
from tui.credentials import Passwords
from tui.fleet.polling.identity import REBIND
from tui.fleet.polling.one_look import look_once
from tui.fleet.polling.poller import NodePoller, PollTiming
from tui.fleet.polling.poller_factory import PollerFactory
from tui.model.context import Alert, Known
from tui.model.dataclass import dataclass
from tui.model.event import RoleChange
from tui.model.filters import ServiceFilter, ServiceKinds, filter_and_sort
from tui.model.node import Maintenance
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import Service

_STATUS_ONLY = "read-only: a status is only looked at"


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What one node answered; with `trouble`, it could not be polled and `services` is empty.

    `gaps` are why something beside the services is not known, one sentence each; `kinds_gap` is
    why their kinds are not, empty where they are. `alerts` are those of its cluster, None where
    they were not read.
    """

    profile: NodeProfile
    services: Sequence[Service]
    scope: ServiceKinds
    trouble: Trouble | None
    gaps: tuple[str, ...] = ()
    kinds_gap: str = ""
    maintenance: Maintenance | None = None
    uid: int | None = None
    alerts: Known[tuple[Alert, ...]] | None = None

    @property
    def problems(self) -> int:
        """How many services have a problem."""
        disabled = self.scope.disabled
        return sum(service.health(disabled).is_problem for service in self.services)

    def arranged(self) -> list[Service]:
        """List the services, problems first."""
        return filter_and_sort(self.services, ServiceFilter(), self.scope)


def read_status(
    configuration: Configuration,
    profiles: Sequence[NodeProfile],
    passwords: Passwords,
    *,
    with_alerts: bool = False,
) -> list[NodeStatus]:
    """Poll `profiles` once, and return their statuses in the same order.

    `with_alerts` reads what surrounds the nodes, too, which takes several requests more.
    """
    factory = PollerFactory(passwords, read_only=_STATUS_ONLY)
    timing = PollTiming(configuration.settings.refresh, configuration.settings.timeout)
    pollers = [
        factory.make(profile, timing=timing, beside=number, publish=_nothing_to_publish)
        for number, profile in enumerate(profiles)
    ]
    asyncio.run(_look(pollers, with_alerts=with_alerts))
    statuses = map(node_status, pollers)
    if not with_alerts:
        return list(statuses)
    pairs = zip(statuses, pollers, strict=True)
    return [replace(status, alerts=poller.context.alerts) for status, poller in pairs]


async def _look(pollers: Sequence[NodePoller], *, with_alerts: bool) -> None:
    await look_once(pollers, only_kinds=True)
    if not with_alerts:
        return
    good = [poller for poller in pollers if poller.reading.is_good]
    for poller in good:
        poller.refresh_context()
    for poller in good:
        await poller.read_context()  # but for those that do not answer for their cluster


def _nothing_to_publish(_poller: NodePoller, _before: Reading, _role: RoleChange | None) -> None:
    """Do nothing: who polls once looks at the poller then."""


def node_status(watch: NodePoller) -> NodeStatus:
    """Return the status of a polled node as it is known now."""
    scope = ServiceKinds(watch.facts.optional, watch.facts.disabled)
    trouble = watch.reading.trouble or wrong_node_trouble(watch)
    services: Sequence[Service] = () if trouble else watch.reading.services
    gaps = (watch.wrong_node,) if watch.wrong_node else watch.facts.gaps
    kinds_gap = "" if scope.optional is not None else watch.facts.kinds_gap or "; ".join(gaps)
    maintenance = watch.facts.maintenance
    uid = watch.facts.identity.uid
    return NodeStatus(watch.profile, services, scope, trouble, gaps, kinds_gap, maintenance, uid)


def wrong_node_trouble(watch: NodePoller) -> Trouble | None:
    """Return the trouble of a profile under whose address another node answers; None if none does.

    The services of one that does not report its uid are shown all the same.
    """
    who = watch.wrong_node
    if not who or watch.facts.identity.uid is None:
        return None
    where = f"{watch.name} ({watch.profile.url})"
    return Trouble(TroubleKind.UNAVAILABLE, f"{where}: {who}", REBIND)
