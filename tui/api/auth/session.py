"""How one user is logged in to one cluster: by a token, or by password each time.

What a request carries, by the profile's login:

    basic   the password, with every request.
    jwt     a token. POST for it, as Basic with a ttl → 400 or 401: the same with user and
            password in the body, as 7.4 wants it → 400 or 401: the end.
    auto    a token. POST for it, as Basic with a ttl; the password leaves once for all nodes and
            the token's life. Where a node issues none, or refuses what others took, it is polled
            with the password (`NodeSession` knows which): an old version, or a node of another
            version from 8.0.22 on (RS release notes: the secret of tokens changed).

Five wrong passwords lock the user. So a wrong one costs two requests at most: two tries at a token,
or one and a GET with the password, as an old version may refuse the former. What worked is kept in
a LoginHabit, for as long as the deck runs: later there is one try alone. A token that is refused is
no failed login. When a password may be sent at all is decided by the connection's `PasswordGuard`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import field

from tui.api.auth.token_request import TTL, TokenRequestForm
from tui.api.messages import Authorization, HiddenText, SecretLike, basic_authorization
from tui.model.clock import monotonic
from tui.model.login import LoginWay
from tui.model.records import dataclass

_RENEW_AFTER = TTL * 2 / 3
_RENEW_AGAIN = 10.0
_REFUSED_FOR = 900.0
_REFUSED_PATHS_AT_MOST = 2
_SLOW = 1.0
_OTHER = {"JWT": "Bearer", "Bearer": "JWT"}


class OutdatedAuthorization(Exception):
    """What a request was to carry is replaced by now; nothing was sent."""


@dataclass(slots=True, eq=False)
class LoginHabit:
    """What a cluster was seen to accept; it outlives a password.

    `way` is the profile's. `form` is how it issues tokens, None while that is not known,
    `took_token` if one was accepted. Before `no_token_until`, monotonic, none is requested.
    """

    way: LoginWay
    scheme: str = "JWT"
    form: TokenRequestForm | None = None
    refreshes: bool = True
    took_token: bool = False
    no_token_until: float = 0.0


@dataclass(slots=True, eq=False)
class NodeState:
    """What one node took and refused of a session.

    `accepted` and `refused` are the newest tokens that it did. `issues_from` is when it may be
    sent a request for a token again, monotonic, `declined` the status with which it answered the
    last. `paths` are the side calls that it took the password for.
    """

    accepted: HiddenText | None = None
    refused: HiddenText | None = None
    takes_password: bool = False
    takes_no_token: bool = False
    issues_from: float = 0.0
    declined: int = 0
    paths: set[str] = field(default_factory=set)


class Session:
    """The login of one user, with one password, to one cluster; its nodes share it.

    `token` is the present one; `is_proven` if a node took it. `paths` are the side calls that a
    node took the password for, and none refused since.
    """

    def __init__(self, username: str, password: SecretLike, habit: LoginHabit) -> None:
        self.username = username
        self.password = password
        self.habit = habit
        self.is_proven = False
        self.token: HiddenText | None = None
        self.paths: set[str] = set()
        self._basic: Authorization | None = None
        self._schemes_left = 0
        self._renew_at = self._ends_at = 0.0
        self._gate = asyncio.Lock()
        self._nodes: dict[str, NodeState] = {}
        self._refused_paths: dict[str, float] = {}

    def node(self, url: str) -> NodeState:
        """Return what is known of the node at an address, for every connection to it."""
        return self._nodes.setdefault(url, NodeState())

    def retry(self) -> None:
        """Let every node be asked for a token anew, as a person wants."""
        for state in self._nodes.values():
            state.issues_from = 0.0

    def refuse_path(self, path: str) -> None:
        """Remember a side call for which a node refused the password that it takes."""
        self.paths.discard(path)
        self._refused_paths[path] = monotonic() + _REFUSED_FOR

    def may_send_password_for(self, path: str) -> bool:
        """Whether a side call that a node never took may be tried: two refused ones bar all."""
        refused = [one for one, until in self._refused_paths.items() if monotonic() < until]
        return path not in refused and len(refused) < _REFUSED_PATHS_AT_MOST

    @property
    def has_token(self) -> bool:
        """Whether there is a token that has not ended."""
        return self.token is not None and monotonic() < self._ends_at

    @property
    def is_renewal_due(self) -> bool:
        """Whether the token is to be replaced, and nobody does it yet."""
        return monotonic() >= self._renew_at and not self._gate.locked()

    def put_off_renewal(self) -> None:
        """Let the next try to renew the token wait a little."""
        self._renew_at = monotonic() + _RENEW_AGAIN

    def keep(self, token: HiddenText, asked_at: float, *, is_proven: bool = False) -> None:
        """Use a token that was requested at `asked_at`, monotonic."""
        self.token, self.is_proven, self._schemes_left = token, is_proven, 1
        self._renew_at, self._ends_at = asked_at + _RENEW_AFTER, asked_at + TTL

    def drop(self, token: HiddenText) -> None:
        """Use a token no more, if it is the present one."""
        if token is self.token:
            self.token = None

    def prove(self, authorization: Authorization) -> None:
        """Mark the present token as one that a node took, under the scheme that it took."""
        self.is_proven = self.habit.took_token = True
        self.habit.scheme = authorization.scheme

    def switch_scheme(self) -> bool:
        """Try the other scheme, once for a token that no node took yet; False where it was."""
        if self.is_proven or not self._schemes_left:
            return False
        self._schemes_left -= 1
        self.habit.scheme = _OTHER[self.habit.scheme]
        return True

    def token_authorization(self) -> Authorization:
        """Return the authorization with the token; raises OutdatedAuthorization without one."""
        if self.token is None:
            raise OutdatedAuthorization
        return Authorization(self.habit.scheme, self.token)

    def password_authorization(self) -> Authorization:
        """Return the authorization with the password."""
        if self._basic is None:
            self._basic = basic_authorization(self.username, self.password)
        return self._basic

    @contextlib.asynccontextmanager
    async def one_node_at_a_time(
        self, before: HiddenText | None
    ) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Yield what waits while another node gets a token; it raises where that has succeeded.

        It saves logins and no more: a node that has waited for a second goes on, so that one which
        hangs does not delay the others.
        """
        entered = waited = False

        async def enter() -> None:
            nonlocal entered, waited
            if not entered and not waited:
                waited = True
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_SLOW):
                        entered = await self._gate.acquire()
            self.check_unchanged(before)

        try:
            yield enter
        finally:
            if entered:
                self._gate.release()

    def check_unchanged(self, before: HiddenText | None) -> None:
        """Raise OutdatedAuthorization where another node got a token meanwhile."""
        if self.token is not before:
            raise OutdatedAuthorization
