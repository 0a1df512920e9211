"""Who a node is, as its cluster reports it."""

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
    """Who answered (`/v1/bootstrap`), and what its cluster reports of it.

    `uid` is None where the node did not report it.
    """

    uid: int | None = None
    hostname: str = ""
    address: str = ""
    role: Role = Role.UNKNOWN
    version: str = ""
    cluster: str = ""

    @property
    def title(self) -> str:
        """Return the node as an operator writes it: `node:2 (replica)`."""
        if self.uid is None:
            return "node id not told"
        host = f" {self.hostname}" if self.hostname else ""
        return f"node:{self.uid}{host} ({self.role.value})"


def same_host(first: str, second: str) -> bool:
    """Return whether two hostnames may be the same host: equal, or one without its domain."""
    left, right = first.lower().rstrip("."), second.lower().rstrip(".")
    if left == right:
        return True
    is_short = "." not in left or "." not in right
    return is_short and left.partition(".")[0] == right.partition(".")[0]


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """All that is known of a node beside its services.

    `gaps` are why something is not known, one sentence each; `kinds_gap` is why `optional` is None,
    empty where it is known, or was not read yet.
    """

    identity: Identity = field(default_factory=Identity)
    optional: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()
    kinds_gap: str = ""
