"""How a user proves who they are to a node, and what of it limits polling."""

from enum import Enum

from tui.model.dataclass import dataclass


class LoginWay(Enum):
    """What a request authenticates with. A profile names it; `AUTO` finds out."""

    BASIC = "basic"
    """User and password, with every request."""
    JWT = "jwt"
    """A token, which is got with user and password now and then."""
    AUTO = "auto"
    """A token where a node takes one, else user and password."""


class ViewerRole(Enum):
    """A role that may not operate services, as a profile names it: any viewer's, or which one."""

    VIEWER = "viewer"
    DB_VIEWER = "db_viewer"
    CLUSTER_VIEWER = "cluster_viewer"


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


_SIDE_CALLS_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class PasswordPolling:
    """What it costs that nodes are polled with the password in each request.

    `nodes` share one password, which `at_a_time` requests may carry; `latency` is how long one of
    them takes, in seconds, 0.0 where it is not known yet.
    """

    cause: PasswordCause
    nodes: int
    latency: float
    at_a_time: int

    def nodes_at_most(self, interval: float) -> int | None:
        """Return how many nodes can be polled each `interval` seconds; None while not known.

        Each node is also read for who it is, every five seconds.
        """
        if not self.latency:
            return None
        requests = 1 / interval + 1 / _SIDE_CALLS_EVERY
        return int(self.at_a_time / (self.latency * requests))

    def is_late(self, interval: float) -> bool:
        """Whether the limit keeps the nodes from being polled each `interval` seconds."""
        most = self.nodes_at_most(interval)
        return most is not None and self.nodes > most

    def text(self, interval: float) -> str:
        """Return in words why the password is in each poll, and whether that makes them late."""
        many = "1 node" if self.nodes == 1 else f"{self.nodes} nodes"
        at_a_time = "1 poll" if self.at_a_time == 1 else f"{self.at_a_time} polls"
        if self.is_late(interval):
            most = self.nodes_at_most(interval)
            why = 'login = "basic"' if self.cause is PasswordCause.CONFIGURED else "no token taken"
            return (
                f"readings are late: {many} at {self.latency:.2g} s, and {at_a_time} at a time "
                f"carry the password ({why}): that is enough for {most} at {interval:g} s; "
                "poll less often"
            )
        return f"no token taken by {many}: {at_a_time} at a time carry the password"
