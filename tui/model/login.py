"""How a user proves who they are to a node."""

from enum import Enum


class LoginWay(Enum):
    """What a request shows. A profile names it; `AUTO` finds out."""

    BASIC = "basic"
    """User and password, with every request."""
    JWT = "jwt"
    """A token, for which user and password are given now and then."""
    AUTO = "auto"
    """User and password, and a token where a node takes none but that."""
