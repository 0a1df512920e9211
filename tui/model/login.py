"""How a user proves who they are to a node, and what of it limits polling."""

from dataclasses import dataclass
from enum import Enum


class LoginWay(Enum):
    """What a request authenticates with. A profile names it; `AUTO` finds out."""

    BASIC = "basic"
    """User and password, with every request."""
    JWT = "jwt"
    """A token, which is got with user and password now and then."""
    AUTO = "auto"
    """A token where a node takes one, else user and password."""


@dataclass(frozen=True, slots=True)
class LockoutRule:
    """When a cluster locks a user: at `threshold` failed logins within `window` seconds.

    The defaults are the vendor's (Redis Software, login lockout). A threshold of 0 locks nobody.
    """

    threshold: int = 5
    window: float = 900.0


class PasswordCause(Enum):
    """Why a node is polled with the password in each request."""

    CONFIGURED = "configured"
    """The profile says login = "basic"."""
    NO_TOKEN = "no token"  # noqa: S105 - a word for the screen
    """The node issues or takes no token."""


@dataclass(frozen=True, slots=True)
class PasswordPolling:
    """What it costs a node to be polled with the password in each request.

    `nodes` share one password, which `at_a_time` requests may carry; `latency` is how long one of
    them takes, in seconds, 0.0 where it is not known yet.
    """

    cause: PasswordCause
    nodes: int
    latency: float
    at_a_time: int

    @property
    def pace(self) -> float:
        """Seconds between two readings of a node that the limit allows."""
        return self.nodes * self.latency / self.at_a_time

    def is_late(self, interval: float) -> bool:
        """Whether the limit keeps a node from being polled each `interval` seconds."""
        return self.pace > interval
