"""A login: one user and one password that several nodes may share.

Five failed logins within 900 s lock the user for half an hour (Redis Software, login lockout), and
a deck asks several nodes at once. So an unproven login lets one request through at a time (see
`tui.fleet.login.attempt_limit`), a proven one three, and a 401 stops every poll that uses it: until
a person acts, or, where the password had worked before, until its source gives another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.config import AskSource, CommandSource, FileSource, KeyringSource, NodeProfile
from tui.credentials import CredentialError, Passwords, Secret
from tui.fleet.login.attempt_limit import AttemptLimit, RequestSlots
from tui.model.text import clean

if TYPE_CHECKING:
    from tui.api.auth.session import Session


class LoginStopped(Exception):
    """Nothing was sent, because the login is stopped until a person acts."""


def login_key(profile: NodeProfile) -> Hashable:
    """Say which profiles share a login: same cluster, same user, same source of the password.

    A source that names its place is one password wherever it is used: better one login stopped
    too many than one user locked. A person and the keyring are asked for each node by itself, or
    for each cluster, and what they say for one address is never sent to another.
    """
    place = ""
    if not profile.cluster and isinstance(profile.password, AskSource | KeyringSource):
        place = profile.url
    return (profile.cluster, place, profile.username, profile.password, profile.client)


@dataclass(slots=True)
class _Replaced:
    """A password that worked and was refused, and the sentence of the refusal."""

    secret: Secret
    why: str


@dataclass(slots=True, eq=False)
class Login:
    """The state of one login.

    `trouble` is empty while it may be used, else the sentence why not. `generation` counts the
    passwords tried, so that a late 401 to an old password does not stop a new one. `unanswered`
    says that it is stopped for want of answers, and not for a refusal. `rereads`
    tells whether the source may give another password by itself. `doubts` are the nodes that
    refused it and are given it a last time, and `settled` is set when none is left. `sessions`
    are by cluster, or by node where it names none: a token is never shown to another cluster.
    """

    username: str
    asks: bool
    rereads: bool = False
    secret: Secret | None = None
    proven: bool = False
    trouble: str = ""
    refused: bool = False
    unanswered: bool = False
    may_write: bool = True
    generation: int = 0
    doubts: set[Hashable] = field(default_factory=set)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    turn: AttemptLimit = field(default_factory=AttemptLimit)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    lanes: RequestSlots = field(default_factory=RequestSlots)
    sessions: dict[Hashable, tuple[int, Session]] = field(default_factory=dict)
    replaced: _Replaced | None = None

    @classmethod
    def of(cls, profile: NodeProfile) -> Login:
        """Make the login of a profile, with no password yet."""
        source = profile.password
        asks = isinstance(source, AskSource) and bool(profile.username)
        rereads = isinstance(source, CommandSource | FileSource | KeyringSource)
        return cls(profile.username, asks, rereads)

    async def unlock(self, profile: NodeProfile, passwords: Passwords) -> Secret | None:
        """Give the password, reading its source the first time; None where there is trouble."""
        async with self.reading:
            while self.secret is None and not self.trouble:
                generation, replaced = self.generation, self.replaced
                if replaced is not None:
                    passwords.forget(profile)
                try:
                    secret = await passwords.read(profile)
                except CredentialError as error:
                    if generation == self.generation:
                        self._missed(str(error))
                else:
                    # A person may have typed one while the source was slow to answer.
                    if generation == self.generation:
                        self._found(secret)
        return None if self.trouble else self.secret

    def _found(self, secret: Secret) -> None:
        self.secret = secret
        if self.replaced is not None and secret == self.replaced.secret:
            self.stop(self.replaced.why, refused=True)
        self.replaced = None

    def _missed(self, why: str) -> None:
        if self.replaced is None:
            self.stop(why)
        else:
            self.stop(f"{self.replaced.why}; {why}", refused=True)
        self.replaced = None

    def refuse(self, trouble: str, generation: int) -> None:
        """Take note of a 401 to the password of `generation`; a newer one is not to blame.

        One that had worked was changed: its source is read once more.
        """
        if generation != self.generation:
            return
        if self.proven and self.rereads and self.secret is not None:
            replaced = _Replaced(self.secret, trouble)
            self._renew(None)
            self.replaced = replaced
        else:
            self.stop(trouble, refused=True)

    def stop(self, trouble: str, *, refused: bool = False) -> None:
        """Let nobody use it until `renew`."""
        self.trouble, self.refused, self.proven = trouble, refused, False
        self.turn.shut()

    def spare(self, *, last: bool = False) -> None:
        """Stop it where one more unproven password could be one too many."""
        if not self.proven and not self.trouble and self.turn.is_over(last=last):
            self.unanswered = True
            self.stop(
                f"{self.turn.spent} passwords of {clean(self.username)} were sent and never "
                "answered; none is sent any more, as five that are wrong lock the user",
                refused=True,
            )

    def prove(self) -> None:
        """Note that a node took it: from now on nodes need not wait for each other."""
        self.proven = True
        self.turn.open()

    def doubt(self, who: Hashable) -> None:
        """Note that a node refused it and is given it a last time, before anybody else is."""
        self.doubts.add(who)
        self.settled.clear()
        self.turn.refuse()

    def settle(self, who: Hashable) -> None:
        """Note what came of that: it was taken, or its refusal has been noted."""
        self.doubts.discard(who)
        if not self.doubts:
            self.settled.set()

    def renew(self, secret: Secret | None) -> None:
        """Take a new password, or None to read the source again; wakes all who wait."""
        self.may_write = True
        self.turn.shut(forget=True)
        self._renew(secret)

    def reread(self) -> None:
        """Ask the source of a login that is stopped again; what was refused is not tried again.

        What got no answer is tried once more, where that cannot lock the user.
        """
        if self.trouble and self.unanswered:
            if self.turn.allow_one_more():
                self._renew(None if self.rereads else self.secret)
            return
        if not self.trouble or not self.rereads:
            return
        had = _Replaced(self.secret, self.trouble) if self.refused and self.secret else None
        self._renew(None)
        self.replaced = had

    def _renew(self, secret: Secret | None) -> None:
        self.secret, self.trouble, self.refused, self.proven = secret, "", False, False
        self.replaced, self.unanswered = None, False
        self.turn.shut()
        self.generation += 1
        self.changed.set()
        self.changed = asyncio.Event()
