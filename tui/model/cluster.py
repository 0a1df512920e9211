"""A cluster as it describes itself: its members, and the health of all its nodes."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime

from tui.model.context import Alert, CertificateTerm, Database, Entries, License, Shard
from tui.model.dataclass import dataclass
from tui.model.node import Maintenance, Role
from tui.model.service import Service


@dataclass(frozen=True, slots=True)
class Member:
    """One node as its cluster lists it (`/v1/nodes`, `/v1/nodes/status`, joined by uid).

    `address` is the one inside the cluster (`addr`), `external` those by which clients outside
    reach it (`external_addr`), where the cluster has such. `primary_shards` and `replica_shards`
    are the uids of the shards on it, None where they were not reported.
    """

    uid: int
    address: str = ""
    external: tuple[str, ...] = ()
    hostname: str = ""
    role: Role = Role.UNKNOWN
    version: str = ""
    status: str = ""
    maintenance: Maintenance | None = None
    primary_shards: tuple[str, ...] | None = None
    replica_shards: tuple[str, ...] | None = None


OptionalServices = tuple[frozenset[str], frozenset[str]]
"""The names of the optional services, and of those of them that are disabled."""


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What a cluster reports of itself; None and empty where it did not.

    `optional` are the keys of `/v1/cluster/services_configuration`, `disabled` those of them
    whose operating_mode is "disabled". `gaps` are the calls that failed, by path, with the reason.
    `lacks_answer` if nothing came back from one of them.
    """

    name: str = ""
    members: tuple[Member, ...] = ()
    optional: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()
    gaps: Mapping[str, str] = field(default_factory=dict)
    lacks_answer: bool = False

    def member(self, uid: int | None) -> Member | None:
        """Find a member by its uid."""
        return next(
            (member for member in self.members if uid is not None and member.uid == uid), None
        )


@dataclass(frozen=True, slots=True)
class MemberHealth:
    """One node as the cluster sees it.

    `status` and `detail` are the vendor's words, clean; `observed_on` is the cluster's clock
    (aware, UTC), None where it did not report it; the services have no start time and no uptime.
    """

    uid: int
    role: Role = Role.UNKNOWN
    version: str = ""
    status: str = ""
    detail: str = ""
    observed_on: datetime | None = None
    in_maintenance: bool = False
    quorum_only: bool = False
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterHealth:
    """All nodes, by uid, and what surrounds them; None where the answer holds no such part.

    The databases have no endpoints here, and the shards no database.
    """

    nodes: tuple[MemberHealth, ...] = ()
    alerts: Entries[Alert] | None = None
    license: License | None = None
    certificates: Entries[CertificateTerm] | None = None
    databases: Entries[Database] | None = None
    shards: Entries[Shard] | None = None

    def with_surroundings_of(self, other: "ClusterHealth") -> "ClusterHealth":
        """Return these nodes with what surrounds those of another answer."""
        return replace(other, nodes=self.nodes)

    def node(self, uid: int | None) -> MemberHealth | None:
        """Find a node by its uid."""
        if uid is None:
            return None
        return next((node for node in self.nodes if node.uid == uid), None)
