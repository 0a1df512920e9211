"""Who a profile's node is meant to be, and whether it is the one that answers. Pure."""

from dataclasses import replace

from tui.config import NodeProfile
from tui.model.node import Identity, same_host

REBIND = "if that one is meant, take uid and hostname out of the profile by hand"
"""What to do about a node that is not the one that its profile names."""


class IdentityCheck:
    """Binds a node to the uid and hostname of its profile, else to the first uid that answers.

    `wrong` is why it is not known to be the node that is meant; empty if it is, or not yet polled.
    """

    def __init__(self, profile: NodeProfile) -> None:
        self._uid, self._hostname = profile.uid, profile.hostname
        self._first: int | None = None
        self._answered: Identity | None = None
        self.wrong = ""

    def answered(self, identity: Identity) -> None:
        """Compare with what the node answered; an empty identity where it did not say who it is."""
        self._answered = identity
        if self._first is None:
            self._first = identity.uid
        self.wrong = self._difference(identity)

    def _difference(self, found: Identity) -> str:
        who = "a node that does not tell its uid" if found.uid is None else f"node:{found.uid}"
        if self._uid is not None and found.uid != self._uid:
            return f"{who} answers here, the profile is of node:{self._uid}"
        if self._hostname and found.hostname and not same_host(found.hostname, self._hostname):
            return f"{who} {found.hostname} answers here, the profile is of {self._hostname}"
        if self._first not in (None, found.uid):
            return f"{who} answers here, it was node:{self._first} before"
        return ""

    def meant(self, known: Identity) -> Identity:
        """Return the node that is meant: what the profile says of it, then what is `known`."""
        found = self._answered or Identity()
        uid = known.uid if self._uid is None else self._uid
        # The node's own word for its name, since an order's check compares with that again.
        hostname = self._hostname or found.hostname or known.hostname
        return replace(known, uid=uid, hostname=hostname)
