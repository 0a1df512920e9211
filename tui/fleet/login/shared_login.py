"""A login: one user and one password that several nodes may share.

Five failed logins within 900 s lock the user for half an hour (Redis Software, login lockout), and
a deck polls several nodes at once. So `tui.fleet.login.attempt_limit` decides when the password may
be sent, and what a 401 to it means depends on the other nodes:

    others took it in the last minutes    this node alone gets it no more
    none did, or too many refusals in a row    every node's polling stops until a person acts

A node that refuses alone gets it once more after the lock's window, while others take the login and
no failure of the window counts any more: so it comes back by itself, and what that may cost is one
refusal in each window, never the second in a row.

Before either its source is read once more, where the source may give another password by itself.

The api's client asks a `NodeLogin`, which is a login as one node uses it, before a password leaves.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Hashable
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.config import AskSource, CommandSource, FileSource, KeyringSource, NodeProfile
from tui.credentials import CredentialError, Passwords, Secret
from tui.fleet.login.attempt_limit import AttemptLimit
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.login import LockoutRule, PasswordCause, PasswordPolling
from tui.model.reading import Remedy, Trouble, TroubleKind
from tui.model.text import clean

if TYPE_CHECKING:
    from tui.api.auth import Session
    from tui.credentials.refused_logins import RefusedLogin, RefusedLogins


LOOK_AGAIN = 10.0
"""Seconds after which a login that others were refused is looked at again, by itself.

That reads a small file of this machine and sends nothing as long as the refusals count.
"""

_RECENT = 300.0
_BARRED = "not tried again for some minutes, as another failure could lock the user"


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
class _Refusal:
    """A password that was refused: by which node, and in which sentence."""

    node: str
    text: str


@dataclass(frozen=True, slots=True)
class _LoneRefusal:
    """Why a node alone gets the password no more, and from when on it may get it once more."""

    text: str
    again_at: float


@dataclass(slots=True, eq=False)
class Login:
    """The state of one login.

    `trouble` is empty while it may be used, else the sentence why not. `generation` counts the
    passwords tried, so that a late 401 to an old password does not stop a new one. `unanswered`
    if it is stopped for want of answers, and not for a refusal. `rereads` if the source may give
    another password by itself. `attempts` decides when the password may be sent. `sessions` are by
    cluster, or by node where it names none: a token is never shown to another cluster.
    `refused_by` are the nodes that alone get the password no more. `is_last_look` while nothing is
    polled after the calls of now: two of them that are refused end nothing then, so two may go at a
    time that no node has taken the password for yet. `memory` keeps refusals over processes; where
    those of others alone keep the password from being sent (`is_held_back`), it is sent as soon as
    so many count no more. `wakers` are called when there is another password.
    """

    username: str
    asks: bool
    rereads: bool = False
    secret: Secret | None = None
    trouble: str = ""
    refused: bool = False
    unanswered: bool = False
    is_held_back: bool = False
    may_write: bool = True
    is_last_look: bool = False
    memory: RefusedLogins | None = None
    generation: int = 0
    wakers: set[Callable[[], None]] = field(default_factory=set)
    attempts: AttemptLimit = field(default_factory=AttemptLimit)
    sessions: dict[Hashable, tuple[int, Session]] = field(default_factory=dict)
    refused_by: dict[str, _LoneRefusal] = field(default_factory=dict)
    clock: Callable[[], float] = monotonic
    _source_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _source_is_old: bool = False
    _taken_at: dict[str, float] = field(default_factory=dict)
    _with_password: set[str] = field(default_factory=set)
    _refusal: _Refusal | None = None
    _has_reread: bool = False
    _is_barred: bool = False
    _kept: set[RefusedLogin] = field(default_factory=set)
    _counted: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, profile: NodeProfile, memory: RefusedLogins | None = None) -> Login:
        """Make the login of a profile, with no password yet."""
        source = profile.password
        asks = isinstance(source, AskSource) and bool(profile.username)
        rereads = isinstance(source, CommandSource | FileSource | KeyringSource)
        return cls(profile.username, asks, rereads, memory=memory)

    @property
    def proven(self) -> bool:
        """Whether a node accepted the password."""
        return self.attempts.is_proven

    async def unlock(self, profile: NodeProfile, passwords: Passwords) -> Secret | None:
        """Return the password, reading its source the first time; None where there is trouble."""
        if self.secret is not None and not self.trouble and not self._source_lock.locked():
            return self.secret
        place = profile.cluster or profile.url
        async with self._source_lock:
            if self.is_held_back:
                await self._look_again(place)
            while self.secret is None and not self.trouble:
                generation = self.generation
                if self._source_is_old:
                    passwords.forget(profile)
                try:
                    await self.count_refusals(place)
                    self.stop_if_spent()
                    if self.trouble:
                        break
                    secret = await passwords.read(profile)
                except CredentialError as error:
                    if generation == self.generation:
                        self.stop(error.without_node)
                else:
                    # A person may have typed one while the source was slow to answer.
                    if generation == self.generation:
                        self.secret, self._source_is_old = secret, False
        return None if self.trouble else self.secret

    async def count_refusals(self, place: str) -> None:
        """Count what other processes were refused by a cluster, or by the node at an address.

        A person who has just begun to use the login gets one try all the same, but none after it
        was refused here.
        """
        if self.memory is None or not self.username:
            return
        ages = await self.memory.others(self.username, place, self._kept)
        if ages is None:
            return  # not known now: what was known before still counts
        self.attempts.count_elsewhere(place, ages)
        is_first = place not in self._counted and not self.attempts.own_refusals
        if ages and is_first and self.memory.is_attended:
            self.attempts.allow_one_more()
        self._counted.add(place)

    def keep_refusals(self) -> None:
        """Keep for other processes what this one was refused, if the login is stopped by it."""
        if self.memory is not None and self.refused:
            for place in self.attempts.take_unkept():
                self._kept.add(self.memory.add(self.username, str(place)))

    async def refusals_are_kept(self) -> None:
        """Wait a moment for what `keep_refusals` writes, so that `trouble_at` says if it failed."""
        if self.memory is not None and self.refused:
            await self.memory.written()

    async def _look_again(self, place: str) -> None:
        """Use a login that is held back again, if what others were refused counts no more."""
        generation = self.generation
        await self.count_refusals(place)
        if generation != self.generation or not self.is_held_back:
            return
        if self.attempts.is_over:
            self.trouble, self.is_held_back = "", False
            self.stop_if_spent()  # for a reason that may be another by now
        else:
            self._begin(self.secret)

    def _held_back_text(self) -> str:
        refusals, minutes = self.attempts.refusals, math.ceil(self.attempts.free_in / 60)
        times = "once" if refusals == 1 else f"{refusals} times"
        user = clean(self.username)
        return (
            f"login of {user}: refused {times} in the last 15 minutes; not sent for {minutes} min"
        )

    def session(self, profile: NodeProfile, secret: Secret) -> Session:
        """Return the session that the nodes of a cluster share; a new password begins another."""
        from tui.api.auth import LoginHabit, Session

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

    def took(self, node: str, *, by_password: bool) -> None:
        """Remember that a node took the login now, by password or by token."""
        if by_password:
            self._has_reread = False
            self.refused_by.pop(node, None)
        self._taken_at[node] = self.clock()

    def takers(self, *, besides: str = "") -> list[str]:
        """List the nodes that took the login in the last minutes."""
        since = self.clock() - _RECENT
        return [name for name, at in self._taken_at.items() if at > since and name != besides]

    def lone_refusal(self, node: str) -> str:
        """Return why this node alone gets the password no more; empty where it may have it.

        It may once more after the lock's window, while others take the login and no failure counts.
        """
        refusal = self.refused_by.get(node)
        if refusal is None:
            return ""
        is_due = self.clock() >= refusal.again_at and not self.attempts.spent
        return "" if is_due and self.takers(besides=node) else refusal.text

    def refuse(self, trouble: str, generation: int, node: str = "") -> None:
        """Handle a 401 of a node to the password of `generation`; a newer one is not affected.

        Where its source may give another password, `reconsider` decides what follows.
        """
        if generation != self.generation or self.trouble:
            return
        refusal = _Refusal(node, trouble)
        if self.rereads and self.proven and not self._has_reread:
            self._refusal = refusal
        else:
            self._conclude(refusal)

    async def reconsider(self, profile: NodeProfile, passwords: Passwords) -> None:
        """Read the source of a password that was taken before and refused now, once more."""
        if self._refusal is None:
            return
        async with self._source_lock:
            refusal, self._refusal = self._refusal, None
            if refusal is None or self.trouble:
                return
            self._has_reread = True
            generation, text = self.generation, ""
            passwords.forget(profile)
            secret: Secret | None
            try:
                secret = await passwords.read(profile)
            except CredentialError as error:
                secret, text = None, f"; {error.without_node}"
            except asyncio.CancelledError:
                if generation == self.generation:
                    # Who ends a request next reads it: another node may want the new password.
                    self._refusal, self._has_reread = refusal, False
                raise
            if generation != self.generation:
                return
            if secret is not None and secret != self.secret:
                self.attempts.allow_one_more()
                self._begin(secret)
            else:
                self._conclude(_Refusal(refusal.node, refusal.text + text))

    def stop(self, trouble: str, *, refused: bool = False) -> None:
        """Stop every poll that uses it until `renew`."""
        self.trouble, self.refused = trouble, refused
        self.keep_refusals()
        self.refused_by.clear()
        self.attempts.reset()

    def stop_if_spent(self) -> None:
        """Stop it where one more password could lock the user."""
        attempts = self.attempts
        if self.trouble or not attempts.is_over:
            return
        user, refusals = clean(self.username), attempts.refusals
        if refusals and not attempts.own_refusals and attempts.free_in > 0:
            self.is_held_back = True
            self.stop(self._held_back_text(), refused=True)
            return
        lock = f"{attempts.threshold} that are refused lock the user"
        if attempts.own_refusals:
            times = "time" if refusals == 1 else "times in a row"
            text = f"the password of {user} was refused {refusals} {times}; it is not sent again, "
        else:
            lost = attempts.spent - refusals
            sent = "password of {} was" if lost == 1 else "passwords of {} were"
            text = f"{lost} {sent.format(user)} sent and never answered; none is sent any more, "
        self.unanswered = not attempts.own_refusals
        self.stop(f"{text}as {lock}", refused=True)

    def renew(self, secret: Secret | None) -> None:
        """Use a new password, or None to read the source again; wakes all who wait.

        A person gave it, so it is tried wherever its refusal would not lock the user by itself.
        """
        self.may_write = True
        self.attempts.allow_one_more(margin=1)
        self._source_is_old = secret is None
        self._begin(secret)

    def reread(self) -> None:
        """Try a refused login once more, with what its source gives now, as a person wants.

        Nothing is tried where one more refusal could lock the user.
        """
        if not self.trouble:
            if self.refused_by and self.attempts.allow_one_more():
                self.refused_by.clear()
                for _, session in self.sessions.values():
                    session.retry()
        elif self.attempts.allow_one_more():
            self._source_is_old = self.rereads
            self._begin(None if self.rereads else self.secret)
        else:
            self._is_barred = True

    def trouble_at(self, node: str) -> Trouble:
        """Return why a node cannot be polled with this login, and what helps."""
        alone = None if self.trouble else self.refused_by.get(node)
        if alone is not None:
            minutes = round(self.attempts.window / 60)
            hint = (
                f"other nodes are polled; this one is tried once every {minutes} minutes; "
                "is its LDAP or Entra ID agent running?"
            )
            return Trouble(TroubleKind.LOGIN, alone.text, hint, (Remedy.REFRESH,))
        kind = TroubleKind.LOGIN if self.refused else TroubleKind.NO_PASSWORD
        remedy = Remedy.RETRY_PASSWORD if self.unanswered else Remedy.GIVE_PASSWORD
        if not self.username:
            remedy = Remedy.FIX_CLIENT_CERTIFICATE
        hint = _BARRED if self._is_barred else ""
        if self.refused and self.memory is not None and self.memory.trouble:
            unknown = f"no other deck or command knows of its refusals: {self.memory.trouble}"
            hint = "; ".join(filter(None, (hint, unknown)))
        return Trouble(kind, self.trouble, hint, (remedy,), self._held_until())

    def _held_until(self) -> datetime | None:
        """Return the whole minute from which a login that is held back may be sent."""
        if not self.is_held_back:
            return None
        minutes = math.ceil((datetime.now(UTC).timestamp() + self.attempts.free_in) / 60)
        return datetime.fromtimestamp(minutes * 60, UTC)

    def password_polling(self, cause: PasswordCause) -> PasswordPolling:
        """Return what it costs that nodes are polled with the password in each request."""
        nodes, attempts = len(self._with_password), self.attempts
        return PasswordPolling(cause, nodes, attempts.latency, attempts.at_a_time)

    def polled(self, node: str, *, with_password: bool) -> None:
        """Remember whether the polls of a node carry the password."""
        if with_password:
            self._with_password.add(node)
        else:
            self._with_password.discard(node)

    def _conclude(self, refusal: _Refusal) -> None:
        """Stop the node that refused the password alone, or all of them."""
        others = self.takers(besides=refusal.node)
        self._taken_at.pop(refusal.node, None)
        if others and not self.attempts.is_over:
            text = f"{refusal.node} refuses the login that {_listed(others)}"
            again_at = self.clock() + self.attempts.window
            self.refused_by[refusal.node] = _LoneRefusal(text, again_at)
        else:
            self.stop(refusal.text, refused=True)

    def _begin(self, secret: Secret | None) -> None:
        self.secret, self.trouble, self.refused = secret, "", False
        self._refusal, self.unanswered = None, False
        self._has_reread = self._is_barred = self.is_held_back = False
        self.refused_by.clear()
        self._taken_at.clear()
        self.attempts.reset()
        self.generation += 1
        for wake in tuple(self.wakers):
            wake()


def _listed(nodes: list[str]) -> str:
    """Return who takes a login: all of up to three nodes, else two and how many more."""
    if len(nodes) == 1:
        return f"{nodes[0]} takes"
    shown = nodes if len(nodes) <= 3 else [*nodes[:2], f"{len(nodes) - 2} more nodes"]
    return f"{', '.join(shown[:-1])} and {shown[-1]} take"


class NodeLogin:
    """A login as one node uses it, with the password of one generation: the api's PasswordGuard.

    `node` is the key of its connection.
    """

    def __init__(
        self,
        login: Login,
        node: Hashable,
        generation: int,
        profile: NodeProfile,
    ) -> None:
        self.generation = generation
        self._login = login
        self._node = node
        self._name = profile.name
        self._place = profile.cluster or profile.url
        self._has_answered = self._is_trying = False
        self._is_accepted = self._took_password = False
        self._taken_at = 0.0  # when the request left with which it took it

    @property
    def is_taken_elsewhere(self) -> bool:
        """Whether another node took the login in the last minutes."""
        return self._is_current and bool(self._login.takers(besides=self._name))

    def begin(self) -> None:
        """Begin another use of the connection: what the node answered before is long ago."""
        self._has_answered = self._is_accepted = False

    def end(self) -> None:
        """End a use of the connection: what a refusal of its password means is known by now."""
        if self._is_trying:
            self._is_trying = False
            self._login.attempts.settle(self._node)

    def prove(self) -> None:
        """Mark the login as taken: nodes that wait go on.

        Only where an answer since `begin` shows that it was: a node that answers with an error has
        checked no login.
        """
        if not self._is_current or not self._is_accepted:
            return
        self._login.took(self._name, by_password=self._took_password)
        if self._took_password:
            self._took_password = False
            self._login.attempts.accept(self._name, self._place, sent_at=self._taken_at)
            if self._login.memory is not None:
                sent_ago = self._login.clock() - self._taken_at
                self._login.memory.remove(self._login.username, self._place, sent_ago=sent_ago)
        if self._is_trying:
            self._login.attempts.settle(self._node)

    def check(self) -> None:
        """Raise LoginStopped where the password is not to be sent to this node."""
        self._login.stop_if_spent()
        trouble = self._login.trouble or self._login.lone_refusal(self._name)
        if trouble:
            raise LoginStopped(trouble)
        if not self._is_current:
            raise LoginStopped("the password was changed meanwhile")

    @property
    def is_doubted(self) -> bool:
        """Whether the password was refused and not taken since, by any node."""
        return self._login.attempts.own_refusals > 0

    async def before_password(self, *, is_certain: bool = True) -> None:
        """Wait until the password may be sent; raises LoginStopped and NodeNotSeenYet."""
        self._is_trying = True
        attempts = self._login.attempts
        if not attempts.is_proven or attempts.own_refusals:
            await self._login.count_refusals(self._place)
        await attempts.enter(
            self._node,
            has_answered=self._has_answered,
            taker=self._name,
            is_certain=is_certain or self._login.is_last_look,
            check=self.check,
        )

    def after_request(self, *, unanswered: bool) -> None:
        """End a request, so that others go on; also where the password was kept from being sent."""
        if not self._is_trying:
            return
        counts = unanswered and self._is_current
        self._login.attempts.leave(self._node, unanswered=counts)
        if counts:
            self._login.stop_if_spent()

    def password_refused(self) -> bool:
        """Count a refusal; return whether the node may be sent the password once more."""
        self._took_password = False
        may_try_again = self._login.attempts.refuse(self._node, self._name, self._place)
        self._login.keep_refusals()
        if not self._is_current:
            self._login.attempts.allow_one_more()  # the password that replaced it keeps its try
        return may_try_again and self._is_current

    def login_accepted(self, *, by_password: bool) -> None:
        """Note that the node took the login; `prove` confirms it."""
        self._is_accepted = True
        if by_password:
            self._took_password = True
            self._taken_at = self._login.attempts.sent_at(self._node)

    def node_answered(self) -> None:
        """Mark the node as one that answered a request without credentials."""
        self._has_answered = True

    def learn_lockout(self, rule: LockoutRule) -> None:
        """Follow what the node's cluster says of its lock."""
        self._login.attempts.learn(rule)

    @property
    def _is_current(self) -> bool:
        return self.generation == self._login.generation
