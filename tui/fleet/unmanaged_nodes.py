"""Nodes without a profile, as their cluster reports them. Nothing is requested here.

They have no poller and no client, so nothing can send them an order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING

from tui.fleet.polling.cluster_cache import ClusterCache
from tui.model.cluster import Member, MemberHealth
from tui.model.dataclass import dataclass
from tui.model.node import Maintenance, ObservedHealth, Role, key_without_profile
from tui.model.service import Service

if TYPE_CHECKING:
    from tui.fleet.polling.poller import NodePoller


@dataclass(frozen=True, slots=True)
class UnmanagedNode:
    """One such node; `cluster` is the name by which profiles are grouped.

    `hostname` and `address` are empty where the list of nodes is not known. The services have no
    start time and no uptime. `observed_on` is when the cluster observed the node, by its own clock
    (aware, UTC); `health` has it by this machine's.
    """

    cluster: str
    uid: int
    hostname: str = ""
    address: str = ""
    role: Role = Role.UNKNOWN
    version: str = ""
    health: ObservedHealth = field(default_factory=ObservedHealth)
    maintenance: Maintenance | None = None
    services: tuple[Service, ...] = ()
    observed_on: datetime | None = None

    @property
    def key(self) -> str:
        """A name for it that no profile can have, the same as long as it is there."""
        return key_without_profile(self.cluster, self.uid)

    @property
    def title(self) -> str:
        """What to call it."""
        return self.hostname or f"node:{self.uid}"

    def age(self, now: float) -> float:
        """Seconds since the cluster observed it."""
        return self.health.age(now)


def find_unmanaged_nodes(
    caches: Mapping[str, ClusterCache], watches: Iterable[NodePoller]
) -> tuple[UnmanagedNode, ...]:
    """List the nodes without a profile of all clusters; `caches` are by the profiles' cluster."""
    watched: dict[str, list[NodePoller]] = {}
    for watch in watches:
        if watch.profile.cluster:
            watched.setdefault(watch.profile.cluster, []).append(watch)
    return tuple(
        node
        for cluster, nodes in watched.items()
        if cluster in caches
        for node in _of_cluster(cluster, caches[cluster], nodes)
    )


def _of_cluster(
    cluster: str, cache: ClusterCache, watches: Iterable[NodePoller]
) -> Iterable[UnmanagedNode]:
    page = cache.health
    if page.newest is None:
        return
    own, places = set(), set()
    for watch in watches:
        own.add(watch.identity.uid)
        if watch.identity.uid is None:  # it may be any of them but for its address
            places.add(watch.profile.address)
    members = {member.uid: member for member in cache.members}
    for node in page.newest.nodes:
        if node.uid in own:
            continue  # as nearly all are
        member = members.get(node.uid, Member(node.uid))
        if not {member.address, member.hostname} & places:
            yield _unmanaged(cluster, node, member, page.seen_at(node))


def _unmanaged(cluster: str, node: MemberHealth, member: Member, seen_at: float) -> UnmanagedNode:
    maintenance = member.maintenance or (Maintenance() if node.in_maintenance else None)
    return UnmanagedNode(
        cluster=cluster,
        uid=node.uid,
        hostname=member.hostname,
        address=member.address,
        role=node.role,
        version=node.version or member.version,
        health=ObservedHealth(node.status, node.detail, seen_at),
        maintenance=maintenance,
        services=node.services,
        observed_on=node.observed_on,
    )
