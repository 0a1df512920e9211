"""A login: one user and one password that several nodes may share.

Five failed logins within 900 s lock the user for half an hour (Redis Software, login lockout), and
a deck polls several nodes at once. So one request at a time carries an unproven password (see
`tui.fleet.login.attempt_limit`), three a proven one, and a 401 stops every poll that uses it: until
a person acts, or, where the password had worked before, until its source gives another one.

The api's client asks a `NodeLogin`, which is a login as one node uses it, before a password leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.config import AskSource, CommandSource, FileSource, KeyringSource, NodeProfile
from tui.credentials import CredentialError, Passwords, Secret
from tui.fleet.login.attempt_limit import AttemptLimit
from tui.model.text import clean

if TYPE_CHECKING:
    from tui.api.auth.session import Session


class LoginStopped(Exception):
    """Nothing was sent, because the login is stopped until a person acts."""


def login_key(profile: NodeProfile) -> Hashable:
    """Return what profiles that share a login have in common: cluster, user, password source.

    A source that names its place is one password wherever it is used: better one login stopped
    too many than one user locked. A person and the keyring are asked for each node by itself, or
    for each cluster, and what they answer for one address is never sent to another.
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
    if it is stopped for want of answers, and not for a refusal. `rereads` if the source may give
    another password by itself. `attempts` decides when the password may be sent. `sessions` are by
    cluster, or by node where it names none: a token is never shown to another cluster.
    """

    username: str
    asks: bool
    rereads: bool = False
    secret: Secret | None = None
    trouble: str = ""
    refused: bool = False
    unanswered: bool = False
    may_write: bool = True
    generation: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    attempts: AttemptLimit = field(default_factory=AttemptLimit)
    sessions: dict[Hashable, tuple[int, Session]] = field(default_factory=dict)
    _source_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _replaced: _Replaced | None = None

    @classmethod
    def of(cls, profile: NodeProfile) -> Login:
        """Make the login of a profile, with no password yet."""
        source = profile.password
        asks = isinstance(source, AskSource) and bool(profile.username)
        rereads = isinstance(source, CommandSource | FileSource | KeyringSource)
        return cls(profile.username, asks, rereads)

    @property
    def proven(self) -> bool:
        """Whether a node accepted the password."""
        return self.attempts.is_proven

    async def unlock(self, profile: NodeProfile, passwords: Passwords) -> Secret | None:
        """Return the password, reading its source the first time; None where there is trouble."""
        async with self._source_lock:
            while self.secret is None and not self.trouble:
                generation, replaced = self.generation, self._replaced
                if replaced is not None:
                    passwords.forget(profile)
                try:
                    secret = await passwords.read(profile)
                except CredentialError as error:
                    if generation == self.generation:
                        self._source_failed(str(error))
                else:
                    # A person may have typed one while the source was slow to answer.
                    if generation == self.generation:
                        self._found(secret)
        return None if self.trouble else self.secret

    def session(self, profile: NodeProfile, secret: Secret) -> Session:
        """Return the session that the nodes of a cluster share; a new password begins another."""
        from tui.api.auth.session import LoginHabit, Session

        place = (profile.cluster or profile.url, profile.login)
        generation, session = self.sessions.get(place, (-1, None))
        if session is None or generation != self.generation:
            habit = LoginHabit(profile.login) if session is None else session.habit
            session = Session(profile.username, secret, habit)
            self.sessions[place] = (self.generation, session)
        return session

    def share_session(self, source: NodeProfile, other: NodeProfile) -> None:
        """Share the session of `source` with `other`, so that no password is tried twice."""
        shared = self.sessions.get((source.cluster or source.url, source.login))
        if shared is not None:
            self.sessions[other.cluster or other.url, other.login] = shared

    def refuse(self, trouble: str, generation: int) -> None:
        """Handle a 401 to the password of `generation`; a newer one is not affected.

        One that had worked was changed: its source is read once more.
        """
        if generation != self.generation:
            return
        if self.proven and self.rereads and self.secret is not None:
            replaced = _Replaced(self.secret, trouble)
            self._begin(None)
            self._replaced = replaced
        else:
            self.stop(trouble, refused=True)

    def stop(self, trouble: str, *, refused: bool = False) -> None:
        """Stop every poll that uses it until `renew`."""
        self.trouble, self.refused = trouble, refused
        self.attempts.reset()

    def stop_if_spent(self, *, for_node: Hashable = None) -> None:
        """Stop it where one more unproven password could lock the user."""
        if not self.proven and not self.trouble and self.attempts.is_over(for_node=for_node):
            self.unanswered = True
            self.stop(
                f"{self.attempts.spent} passwords of {clean(self.username)} were sent and never "
                "answered; none is sent any more, as five that are wrong lock the user",
                refused=True,
            )

    def renew(self, secret: Secret | None) -> None:
        """Use a new password, or None to read the source again; wakes all who wait."""
        self.may_write = True
        self.attempts.reset(forget=True)
        self._begin(secret)

    def reread(self) -> None:
        """Read the source of a stopped login again; what was refused is not tried again.

        What got no answer is tried once more, where that cannot lock the user.
        """
        if self.trouble and self.unanswered:
            if self.attempts.allow_one_more():
                self._begin(None if self.rereads else self.secret)
            return
        if not self.trouble or not self.rereads:
            return
        had = _Replaced(self.secret, self.trouble) if self.refused and self.secret else None
        self._begin(None)
        self._replaced = had

    def _found(self, secret: Secret) -> None:
        self.secret = secret
        if self._replaced is not None and secret == self._replaced.secret:
            self.stop(self._replaced.why, refused=True)
        self._replaced = None

    def _source_failed(self, why: str) -> None:
        if self._replaced is None:
            self.stop(why)
        else:
            self.stop(f"{self._replaced.why}; {why}", refused=True)
        self._replaced = None

    def _begin(self, secret: Secret | None) -> None:
        self.secret, self.trouble, self.refused = secret, "", False
        self._replaced, self.unanswered = None, False
        self.attempts.reset()
        self.generation += 1
        self.changed.set()
        self.changed = asyncio.Event()


class NodeLogin:
    """A login as one node uses it, with the password of one generation: the api's PasswordGuard."""

    def __init__(self, login: Login, node: Hashable, generation: int) -> None:
        self.generation = generation
        self._login = login
        self._node = node
        self._has_answered = False

    def begin(self) -> None:
        """Begin another use of the connection: what the node answered before is long ago."""
        self._has_answered = False

    def prove(self) -> None:
        """Mark the password as proven: the node accepted it, and nodes that wait go on."""
        if self._is_current:
            if not self._login.proven:
                self._login.attempts.prove()
            self._login.attempts.settle(self._node)

    async def before_password(self) -> None:
        """Wait until the password may be sent; raises LoginStopped and NodeNotSeenYet."""
        await self._login.attempts.enter(
            self._node, has_answered=self._has_answered, check=self._check
        )

    def after_request(self, *, unanswered: bool) -> None:
        """End a request, so that others go on; also where the password was kept from being sent."""
        counts = unanswered and self._is_current
        self._login.attempts.leave(self._node, unanswered=counts)
        if counts:
            self._login.stop_if_spent()

    def password_refused(self) -> None:
        """Count a refusal; the password is sent to this node a last time, before any other."""
        self._login.attempts.doubt(self._node)

    def node_answered(self) -> None:
        """Mark the node as one that answered a request without credentials."""
        self._has_answered = True

    @property
    def _is_current(self) -> bool:
        return self.generation == self._login.generation

    def _check(self) -> None:
        """Raise LoginStopped rather than send a password that was refused or replaced meanwhile."""
        self._login.stop_if_spent(for_node=self._node)
        if self._login.trouble:
            raise LoginStopped(self._login.trouble)
        if not self._is_current:
            raise LoginStopped("the password was changed meanwhile")
