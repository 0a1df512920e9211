"""Who a profile's node is meant to be, and whether it is the one that answers. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tui.config import NodeProfile
from tui.model.clock import monotonic
from tui.model.node import (
    Identity,
    NodeEvidence,
    Origin,
    StartsChange,
    compare_starts,
    node_time,
    same_host,
)
from tui.model.service import Service

REBIND = "if that one is meant, take uid and hostname out of the profile by hand"
"""What to do about a node that is not the one that its profile names."""

SETTLED_AFTER = 60.0
"""Seconds for which one node alone must answer after several did in turn."""

UNSETTLED_AT_MOST = 3
"""Readings that wait for the node to say who it is, where it does not."""

_OWN_ADDRESS = "give the profile the address of one node"


class IdentityCheck:
    """Binds a node to the uid and hostname of its profile, else to the first uid that answers.

    `is_settled` is False for a reading that may be the first of another node: one that comes from
    elsewhere, or shows most services with new start times. The next one is settled if the node has
    said meanwhile who it is. `strayed_at` is when another node last
    answered, by `clock` (seconds, monotonic). `evidence` is what the newest reading shows of who
    answered.
    """

    def __init__(self, profile: NodeProfile, clock: Callable[[], float] = monotonic) -> None:
        self._uid, self._hostname = profile.uid, profile.hostname
        self._clock = clock
        self._first: int | None = None
        self._answered: Identity | None = None
        self._wrong = ""
        self._known: list[Identity] = []
        self._last: Identity | None = None
        self.evidence = NodeEvidence()
        self._services: Sequence[Service] = ()
        self._several = ""
        self._several_until = 0.0
        self.is_settled = self._is_asked = True
        self._unsettled = 0
        self.strayed_at = 0.0

    @property
    def wrong(self) -> str:
        """Why it is not known to be the node that is meant; empty if it is, or not yet polled."""
        return self._several if self._clock() < self._several_until else self._wrong

    def saw(self, services: Sequence[Service], origin: Origin) -> None:
        """Compare the services of a new reading, and where it came from, with the one before."""
        before, self.evidence = self.evidence, NodeEvidence.of(services, origin)
        change = StartsChange.NONE
        if before.starts != self.evidence.starts:
            read_at = node_time(self._services)
            change = compare_starts(before.starts, self.evidence.starts, read_at)
        is_new = change is StartsChange.MOST or bool(before.origin.difference(origin))
        if not self.is_settled:
            # Where most services restart at every reading, the next one is news all the same.
            self._unsettled += 1
            self.is_settled = self._is_asked or self._unsettled >= UNSETTLED_AT_MOST
        elif is_new:
            self.is_settled, self._is_asked, self._unsettled = False, False, 1
        self._services = services
        if change is StartsChange.BACK:
            self._alternate("the start times are not those of one node")

    def answered(self, identity: Identity) -> None:
        """Compare with what the node answered; an empty identity where it did not say who it is."""
        self._answered, self._is_asked = identity, True
        if self._first is None:
            self._first = identity.uid
        self._wrong = self._difference(identity)
        if identity.uid is not None or identity.hostname:
            self._remember(identity)
        if self.wrong:
            self.strayed_at = self._clock()

    def _remember(self, found: Identity) -> None:
        """Notice a node that answers again after another one did."""
        if self._last is None or not _is_same(self._last, found):
            if any(_is_same(known, found) for known in self._known):
                names = (_name(known) for known in self._known)
                self._alternate(", ".join(names))
            else:
                self._known.append(found)
                del self._known[:-_KNOWN_AT_MOST]
        self._last = found

    def _alternate(self, how: str) -> None:
        self._several = f"several nodes answer here in turn ({how}): {_OWN_ADDRESS}"
        self.strayed_at = self._clock()
        self._several_until = self.strayed_at + SETTLED_AFTER

    def _difference(self, found: Identity) -> str:
        who = "a node that does not report its uid" if found.uid is None else f"node:{found.uid}"
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


_KNOWN_AT_MOST = 8


def _is_same(first: Identity, second: Identity) -> bool:
    """Whether two answers may be of one node; a hostname that is left out is not compared."""
    if first.uid != second.uid:
        return False
    both = bool(first.hostname and second.hostname)
    return not both or same_host(first.hostname, second.hostname)


def _name(identity: Identity) -> str:
    node = "" if identity.uid is None else f"node:{identity.uid}"
    return f"{node} {identity.hostname}".strip()
