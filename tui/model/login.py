"""How a user proves who they are to a node."""

from enum import Enum


class LoginWay(Enum):
    """What a request authenticates with. A profile names it; `AUTO` finds out."""

    BASIC = "basic"
    """User and password, with every request."""
    JWT = "jwt"
    """A token, which is got with user and password now and then."""
    AUTO = "auto"
    """User and password, and a token where a node accepts nothing else."""
