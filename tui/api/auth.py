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

A token is got by one POST on a connection of its own, which carries nothing else: so a read-only
client has no transport that lets an order pass, even where it logs in by token.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import field
from enum import Enum
from typing import ClassVar

from tui.api.codec import HttpReply, WireError, read_token
from tui.api.connection import BeforeSend, Connection, RequestTrace
from tui.api.error_messages import refused_error
from tui.api.errors import ApiError, LoginRefused, Unavailable
from tui.api.http_transport import (
    NO_AUTHORIZATION,
    Authorization,
    HiddenText,
    Request,
    SecretLike,
    basic_authorization,
)
from tui.api.request_gate import (
    AUTHORIZE,
    BOOTSTRAP,
    REFRESH,
    SERVICES,
    GetOnlyTransport,
    LoginTransport,
)
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.login import LoginWay
from tui.model.reading import Remedy
from tui.model.text import clean

TTL = 300
"""Seconds for which a token is requested: the API's default, and the only one that 7.4 has."""


class TokenRequestForm(Enum):
    """Where user and password stand when a token is asked for."""

    HEADER = "header"
    """As Basic, as 7.8 and later have it."""
    BODY = "body"
    """In the body, as 7.4 has it."""


class TokenConnection(Connection):
    """One connection for one POST; made `beside` the connection that polls the same node."""

    _gate: ClassVar[type[GetOnlyTransport]] = LoginTransport
    _is_kept: ClassVar[bool] = False

    @classmethod
    def beside(cls, connection: Connection) -> "TokenConnection":
        """Make one to the same node, with the same proxy, trust, time limit and guard."""
        return cls(
            connection.title,
            connection.url,
            connection.trust,
            connection.timeout,
            client_certificate=connection.client_certificate,
            proxy=connection.proxy,
            guard=connection.guard,
        )

    async def authorize(
        self,
        form: TokenRequestForm,
        username: str,
        password: SecretLike,
        before_send: BeforeSend,
    ) -> HttpReply:
        """Exchange user and password for a token."""
        trace = RequestTrace(before_send, has_password=True)
        if form is TokenRequestForm.BODY:
            body = HiddenText(json.dumps({"username": username, "password": password.reveal()}))
            return await self._post(AUTHORIZE, None, body, trace)
        shown = basic_authorization(username, password)
        return await self._post(AUTHORIZE, shown, _TTL_BODY, trace)

    async def refresh(self, authorization: Authorization, before_send: BeforeSend) -> HttpReply:
        """Exchange a token for a new one."""
        return await self._post(REFRESH, authorization, _TTL_BODY, RequestTrace(before_send))

    async def _post(
        self,
        path: str,
        authorization: Authorization | None,
        body: HiddenText,
        trace: RequestTrace,
    ) -> HttpReply:
        request = Request("POST", self._address, path, authorization, body.reveal().encode())
        return await self._within_timeout(trace, lambda limit: self._send(request, trace, limit))


_TTL_BODY = HiddenText(json.dumps({"ttl": TTL}))


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
        self._bearer: Authorization | None = None
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
        kept, scheme = self._bearer, self.habit.scheme
        if kept is None or kept.secret is not self.token or kept.scheme != scheme:
            kept = self._bearer = Authorization(scheme, self.token)
        return kept

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


_NO_TOKENS_FOR = 3600.0
_BUSY_FOR = 60.0
_BASIC = re.compile(r"(^|,)\s*basic\b", re.IGNORECASE)


class NodeSession:
    """What one connection to a node carries; what the node took is known for its address."""

    def __init__(self, session: Session, connection: Connection) -> None:
        self._session = session
        self._state = session.node(connection.url)
        self._connection = connection

    @property
    def takes_no_token(self) -> bool:
        """Whether the node was last polled with the password for want of a token."""
        return self._state.takes_no_token

    async def authorization(self, path: str = SERVICES) -> Authorization:
        """Return what a request carries, after getting or renewing a token where that is due.

        Raises ApiError, and what the connection's guard raises.
        """
        session = self._session
        if not session.username:
            return NO_AUTHORIZATION
        if self._way is LoginWay.BASIC:
            return self._password(path)
        if not session.has_token and self._may_request_token():
            await self._log_in()
        if self._has_usable_token():
            if session.is_renewal_due and self._state.accepted is session.token:
                await self._renew()
            return session.token_authorization()
        if self._way is LoginWay.JWT:
            raise self._no_usable_token()
        return self._password(path)

    async def before_password(self, path: str = SERVICES) -> None:
        """Wait until a GET or an order may carry the password.

        Raises OutdatedAuthorization where it is to carry a token by now, Unavailable where a call
        other than the services' is not to carry the password, and what the connection's guard
        raises.
        """
        is_certain = path == SERVICES or path in self._session.paths
        await self._connection.guard.before_password(is_certain=is_certain)
        self._check_side_call(path)
        if self._way is LoginWay.AUTO and self._has_usable_token():
            raise OutdatedAuthorization

    def accept(self, path: str, authorization: Authorization) -> None:
        """Remember that the node accepted an authorization.

        Its answer about itself proves none: before it is in a cluster it checks no login for that
        (REST API, bootstrap).
        """
        state, habit = self._state, self._habit
        if path != BOOTSTRAP:
            self._connection.guard.login_accepted(by_password=authorization.is_password)
        if authorization.is_password:
            state.paths.add(path)
            self._session.paths.add(path)
            state.takes_password = True
            state.takes_no_token = self._way is LoginWay.AUTO
            if state.declined == 401:  # the password is right, and yet no token is issued for it
                habit.no_token_until = monotonic() + _NO_TOKENS_FOR
            elif state.declined == 400 and habit.form is None:
                habit.form, state.issues_from = TokenRequestForm.BODY, 0.0
            state.declined = 0
        elif authorization.secret is self._session.token:
            state.accepted, state.takes_no_token = authorization.secret, False
            self._session.prove(authorization)

    async def after_refusal(self, path: str, authorization: Authorization) -> Authorization | None:
        """Return what to send after a 401 to an authorization; None where the login is refused.

        Raises ApiError where a token cannot be had for another reason.
        """
        session = self._session
        if authorization is NO_AUTHORIZATION:
            return None
        if authorization.is_password:
            self._connection.guard.password_refused()
            return None
        if authorization.secret is not session.token:
            return await self.authorization(path)
        if authorization.scheme != self._habit.scheme:
            return session.token_authorization()
        if self._state.accepted is session.token:  # it ended before its time, or was revoked
            if self._may_request_token():
                await self._log_in()
            else:
                session.drop(authorization.secret)
        elif not session.switch_scheme():
            self._state.refused = authorization.secret
        return await self.authorization(path)

    def discard(self, authorization: Authorization) -> None:
        """Drop a token that was refused, so that the next request gets another."""
        self._session.drop(authorization.secret)

    def check_side_refusal(self, path: str, authorization: Authorization) -> None:
        """Raise Unavailable after a 401 to one call, where the node took the same login before.

        It is no refusal of the login before the services are refused too: their next poll decides.
        """
        if authorization.is_password and self._state.takes_password:
            self._connection.guard.password_refused()
            self._state.paths.discard(path)
            self._session.refuse_path(path)
            raise self._side_refusal(path)
        if self._state.accepted is authorization.secret is self._session.token is not None:
            raise self._side_refusal(path)

    @property
    def _way(self) -> LoginWay:
        return self._session.habit.way

    @property
    def _habit(self) -> LoginHabit:
        return self._session.habit

    def _password(self, path: str) -> Authorization:
        self._check_side_call(path)
        self._connection.guard.check()
        return self._session.password_authorization()

    def _has_usable_token(self) -> bool:
        return self._session.has_token and self._session.token is not self._state.refused

    def _may_request_token(self) -> bool:
        begins = max(self._state.issues_from, self._habit.no_token_until)
        return monotonic() >= begins or self._way is LoginWay.JWT

    def _check_side_call(self, path: str) -> None:
        if path == SERVICES or not self._state.takes_password:
            return  # or it is this call that shows whether the node takes it
        where = self._connection.where
        if self._connection.guard.is_doubted:
            text = f"GET {path} waits for the services of {where}: the password was refused"
            raise Unavailable(text, remedies=(Remedy.WAIT,), status=401)
        if path not in self._state.paths and not self._session.may_send_password_for(path):
            raise self._side_refusal(path)

    def _side_refusal(self, path: str) -> Unavailable:
        where = self._connection.where
        text = f"{where} answered 401 to GET {path}, and takes the same login for GET {SERVICES}"
        return Unavailable(text, status=401)

    def _no_usable_token(self) -> LoginRefused:
        return LoginRefused(
            f"{self._connection.where} gave {clean(self._session.username)} a token and does not "
            "take it"
            if not self._session.is_proven
            else f"{self._connection.where} does not take the token that other nodes take",
            'set login = "basic" in the profile if the cluster takes that',
        )

    async def _log_in(self) -> None:
        """Get a token for the password, unless another node gets one first.

        With `auto` there may be none after it. Raises LoginRefused where the password is refused,
        and with `jwt` ApiError for every other answer too.
        """
        session, guard, before = self._session, self._connection.guard, self._session.token
        async with session.one_node_at_a_time(before) as enter:

            async def before_send() -> None:
                # Always in this order: a node that may send a password never waits for the gate.
                await enter()
                await guard.before_password()
                session.check_unchanged(before)

            for form in self._forms():
                asked_at = monotonic()
                try:
                    reply = await TokenConnection.beside(self._connection).authorize(
                        form, session.username, session.password, before_send
                    )
                except OutdatedAuthorization:
                    return
                if reply.status == 200:
                    session.keep(self._read_token(reply), asked_at)
                    guard.login_accepted(by_password=True)
                    self._habit.form = form
                    return
                if reply.status not in (400, 401) or not guard.password_refused():
                    break
            self._decline(reply)

    def _forms(self) -> tuple[TokenRequestForm, ...]:
        if self._habit.form is not None:
            return (self._habit.form,)
        # With `auto` the second try is a GET: a version that has the other form takes Basic.
        return tuple(TokenRequestForm) if self._way is LoginWay.JWT else (TokenRequestForm.HEADER,)

    def _decline(self, reply: HttpReply) -> None:
        """Draw the conclusion from a request for a token that got none; raises ApiError."""
        state, now = self._state, monotonic()
        what = "POST /v1/users/authorize"
        where, username = self._connection.where, self._session.username
        error = refused_error(reply, where=where, username=username, what=what)
        is_refused = reply.status in (400, 401)
        if is_refused and not isinstance(error, LoginRefused):
            error = LoginRefused(str(error), 'set login = "basic" if it takes no tokens')
        if self._way is LoginWay.JWT:
            raise error
        state.declined = reply.status
        if is_refused and state.takes_password:
            self._habit.no_token_until = now + _NO_TOKENS_FOR
        elif is_refused:
            state.issues_from = now + _REFUSED_FOR
            if not self._may_try_password(reply):
                raise error
        elif 400 <= reply.status < 409 or reply.status in (415, 501):
            state.issues_from = now + _NO_TOKENS_FOR
        else:
            state.issues_from = now + _BUSY_FOR

    def _may_try_password(self, reply: HttpReply) -> bool:
        """Whether a password that got no token may be right all the same, as far as is known."""
        guard = self._connection.guard
        if reply.status == 401 and (self._habit.took_token or _takes_basic(reply)):
            return False
        return not guard.is_taken_elsewhere

    async def _renew(self) -> None:
        """Replace the token before it expires; an error other than a refusal can wait."""
        if await self._refresh():
            return
        try:
            await self._log_in()
        except LoginRefused:
            raise
        except ApiError:
            self._session.put_off_renewal()

    async def _refresh(self) -> bool:
        """Refresh the token; False where it takes the password."""
        session = self._session
        if not self._habit.refreshes:
            return False
        shown = session.token_authorization()
        async with session.one_node_at_a_time(shown.secret) as enter:
            asked_at = monotonic()
            session.put_off_renewal()
            try:
                reply = await TokenConnection.beside(self._connection).refresh(shown, enter)
                if reply.status == 200:
                    session.keep(self._read_token(reply), asked_at, is_proven=True)
            except (ApiError, OutdatedAuthorization):
                return True
        self._habit.refreshes = reply.status not in (404, 405)
        return reply.status not in (400, 401, 404, 405)

    def _read_token(self, reply: HttpReply) -> HiddenText:
        try:
            return HiddenText(read_token(reply.body))
        except WireError as error:
            self._state.issues_from = monotonic() + _NO_TOKENS_FOR
            text = f"{self._connection.where} sent an invalid answer to a login: {error}"
            raise ApiError(text, remedies=(Remedy.WAIT,)) from None


def _takes_basic(reply: HttpReply) -> bool:
    """Whether a 401 names Basic as accepted, so that the password must be wrong."""
    return _BASIC.search(reply.headers.get("www-authenticate", "")) is not None
