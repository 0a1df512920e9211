"""What the cluster itself says of all its nodes, in one answer (`GET /v4/cluster/health`)."""

from dataclasses import dataclass
from datetime import datetime

from tui.model.node import Role
from tui.model.service import Service


@dataclass(frozen=True, slots=True)
class MemberHealth:
    """One node as the cluster sees it.

    `status` and `detail` are the vendor's words, clean; `observed_on` is the cluster's clock
    (aware, UTC), None where it did not say; the services have no start time and no uptime.
    """

    uid: int
    role: Role = Role.UNKNOWN
    version: str = ""
    status: str = ""
    detail: str = ""
    observed_on: datetime | None = None
    in_maintenance: bool = False
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterHealth:
    """All nodes, by uid."""

    nodes: tuple[MemberHealth, ...] = ()

    def node(self, uid: int | None) -> MemberHealth | None:
        """Find a node by its uid."""
        return next((one for one in self.nodes if uid is not None and one.uid == uid), None)
