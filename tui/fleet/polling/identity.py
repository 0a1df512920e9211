"""Who a profile's node is meant to be, and whether it is the one that answers. Pure."""

from dataclasses import replace

from tui.config import NodeProfile
from tui.model.node import Identity, same_host

REBIND = "if that one is meant, take uid and hostname out of the profile by hand"
"""What to do about a node that is not the one that its profile names."""


class IdentityCheck:
    """Binds a node to the uid and hostname of its profile, else to the first uid that answers."""

    def __init__(self, profile: NodeProfile) -> None:
        self._uid, self._hostname = profile.uid, profile.hostname
        self._first: int | None = None
        self._told: Identity | None = None
        self._meant: tuple[Identity, Identity | None, Identity] | None = None

    def hear(self, told: Identity) -> None:
        """Take what the node said of itself; an empty one where it would not say."""
        self._told = told
        if self._first is None:
            self._first = told.uid

    @property
    def wrong(self) -> str:
        """Say so if it is not known to be the one that is meant; empty before it was asked."""
        told = self._told
        if told is None:
            return ""
        who = "a node that does not tell its uid" if told.uid is None else f"node:{told.uid}"
        if self._uid is not None and told.uid != self._uid:
            return f"{who} answers here, the profile is of node:{self._uid}"
        if self._hostname and told.hostname and not same_host(told.hostname, self._hostname):
            return f"{who} {told.hostname} answers here, the profile is of {self._hostname}"
        if self._first not in (None, told.uid):
            return f"{who} answers here, it was node:{self._first} before"
        return ""

    def meant(self, known: Identity) -> Identity:
        """Give the node that is meant: what the profile says of it, then what is `known`.

        Every painted line asks, for every node, so the last answer is kept.
        """
        last = self._meant
        if last is None or last[0] is not known or last[1] is not self._told:
            last = self._meant = (known, self._told, self._of(known))
        return last[2]

    def _of(self, known: Identity) -> Identity:
        told = self._told or Identity()
        uid = known.uid if self._uid is None else self._uid
        # The node's own word for its name, since an order's check compares with that again.
        hostname = self._hostname or told.hostname or known.hostname
        return replace(known, uid=uid, hostname=hostname)
