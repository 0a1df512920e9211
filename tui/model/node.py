"""Who a node is, as the cluster tells it."""

from dataclasses import dataclass, field
from enum import Enum


class Role(Enum):
    """A node's part in its cluster."""

    PRIMARY = "primary"
    REPLICA = "replica"
    UNKNOWN = "role unknown"


class Environment(Enum):
    """What a node is for, as its profile says; unset counts as not production."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered (`/v1/bootstrap`), and what the cluster says of it.

    `uid` is None where the node did not say. `read_at` is monotonic.
    """

    uid: int | None = None
    hostname: str = ""
    address: str = ""
    role: Role = Role.UNKNOWN
    version: str = ""
    cluster: str = ""

    @property
    def title(self) -> str:
        """Name the node as an operator would: `node:2 (replica)`."""
        if self.uid is None:
            return "node id not told"
        host = f" {self.hostname}" if self.hostname else ""
        return f"node:{self.uid}{host} ({self.role.value})"


def same_host(one: str, other: str) -> bool:
    """Whether two hostnames may be one: the same, or one of them without its domain."""
    left, right = one.lower().rstrip("."), other.lower().rstrip(".")
    if left == right:
        return True
    is_short = "." not in left or "." not in right
    return is_short and left.partition(".")[0] == right.partition(".")[0]


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """All that is known of a node beside its services."""

    identity: Identity = field(default_factory=Identity)
    optional: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()
