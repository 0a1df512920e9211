"""How one user is logged in to one cluster: by password each time, or by a token.

Five wrong passwords lock the user, so at most two requests carry a password that was refused:

    basic   GET with the password → 401: the end.
    auto    GET with the password → 401: one POST for a token, as Basic with a ttl → 401: the end.
            The form of 7.4 is not tried, since 7.4 cannot have Basic switched off. Nor is there
            a POST where Basic has worked before, or where the 401 itself names Basic as accepted.
    jwt     POST for a token, as Basic with a ttl → 400 or 401: the same with user and password
            in the body, as 7.4 wants it → 400 or 401: the end.

What worked is kept in a LoginHabit, for as long as the deck runs: later there is one try alone.
When a password may be sent at all is decided by the connection's `PasswordGuard`.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from tui.api import codec
from tui.api.auth.token_request import TTL, TokenConnection, TokenRequestForm
from tui.api.codec import HttpReply, WireError
from tui.api.connection import Connection
from tui.api.error_messages import refused_error
from tui.api.errors import ApiError, LoginRefused
from tui.api.transport import (
    NO_AUTHORIZATION,
    Authorization,
    HiddenText,
    SecretLike,
    basic_authorization,
)
from tui.model.login import LoginWay
from tui.model.reading import Remedy
from tui.model.text import clean

TRIES = 2
"""How many requests may carry a password that no node has accepted yet."""

_RENEW_AFTER = TTL * 2 / 3
_RENEW_AGAIN = 10.0
_SLOW = 1.0
_OTHER = {"JWT": "Bearer", "Bearer": "JWT"}
_BASIC = re.compile(r"(^|,)\s*basic\b", re.IGNORECASE)


class OutdatedAuthorization(Exception):
    """What a request was to carry is replaced by now; nothing was sent."""


@dataclass(slots=True, eq=False)
class LoginHabit:
    """What a cluster was seen to accept; it outlives a password. AUTO: not known yet."""

    way: LoginWay
    scheme: str = "JWT"
    form: TokenRequestForm | None = None
    refreshes: bool = True


class Session:
    """The login of one user, with one password, to one cluster; its nodes share it."""

    def __init__(self, username: str, password: SecretLike, habit: LoginHabit) -> None:
        self.username = username
        self.habit = habit
        self._password = password
        self._way = habit.way
        self._basic: Authorization | None = None
        self._token: HiddenText | None = None
        self._is_proven = False
        self._schemes_left = 0
        self._renew_at = self._ends_at = 0.0
        self._spent = 0
        self._refused: LoginRefused | None = None
        self._gate = asyncio.Lock()

    async def authorization(self, connection: Connection) -> Authorization:
        """Return what a request carries, after getting or renewing a token where that is due.

        Raises ApiError.
        """
        if not self.username:
            return NO_AUTHORIZATION
        if self._way is not LoginWay.JWT:
            if self._basic is None:
                self._basic = basic_authorization(self.username, self._password)
            return self._basic
        now = time.monotonic()
        if self._token is None or now >= self._ends_at:
            await self._log_in(connection)
        elif now >= self._renew_at and not self._gate.locked():
            await self._renew(connection)
        return self._token_authorization()

    async def before_password(self, connection: Connection) -> None:
        """Wait until a GET or an order may carry the password.

        Raises OutdatedAuthorization where it is to carry a token by now, and what the connection's
        guard raises.
        """
        await connection.guard.before_password()
        if self._way is LoginWay.JWT:
            raise OutdatedAuthorization

    def accept(self, authorization: Authorization) -> None:
        """Remember that a node accepted an authorization."""
        if authorization.is_password:
            self._way = self.habit.way = LoginWay.BASIC
        elif authorization.secret is self._token:
            self._is_proven = True
            self.habit.way, self.habit.scheme = LoginWay.JWT, authorization.scheme

    async def after_refusal(
        self, authorization: Authorization, reply: HttpReply, connection: Connection
    ) -> Authorization | None:
        """Return what to send after a 401 to an authorization; None where the login is refused.

        Raises ApiError where a token cannot be had for another reason.
        """
        if authorization is NO_AUTHORIZATION:
            return None
        if authorization.is_password:
            return await self._after_refused_password(reply, connection)
        if authorization.secret is not self._token:
            return await self.authorization(connection)
        if authorization.scheme != self.habit.scheme:
            return self._token_authorization()
        if self._is_proven:  # it ended before its time, or was revoked
            await self._log_in(connection)
            return self._token_authorization()
        if not self._schemes_left:
            raise LoginRefused(
                f"{connection.where} gave {clean(self.username)} a token and does not take it",
                'set login = "basic" in the profile if the cluster takes that',
            )
        self._schemes_left -= 1
        self.habit.scheme = _OTHER[authorization.scheme]
        return self._token_authorization()

    def discard(self, authorization: Authorization) -> None:
        """Drop a token that was refused, so that the next request gets another."""
        if authorization.secret is self._token:
            self._token = None

    async def _after_refused_password(
        self, reply: HttpReply, connection: Connection
    ) -> Authorization | None:
        if self._way is LoginWay.BASIC or _takes_basic(reply):
            return None
        if self._way is LoginWay.AUTO:
            self._way, self._spent = LoginWay.JWT, self._spent + 1
        connection.guard.password_refused()
        try:
            return await self.authorization(connection)
        except ApiError as error:
            # Whatever it was, trying again would send the password twice more.
            self._refused = self._refused or LoginRefused(str(error), error.trouble.hint)
            return None

    def _token_authorization(self) -> Authorization:
        if self._token is None:
            raise OutdatedAuthorization
        return Authorization(self.habit.scheme, self._token)

    async def _log_in(self, connection: Connection) -> None:
        """Get a token for the password, unless another node gets one first."""
        before = self._token
        reply: HttpReply | None = None
        forms = tuple(TokenRequestForm) if self.habit.form is None else (self.habit.form,)
        async with self._one_node_at_a_time(before) as enter:

            async def before_send() -> None:
                # Always in this order: a node that may send a password never waits for the gate.
                await enter()
                await connection.guard.before_password()
                self._check_unchanged(before)

            for form in forms[: TRIES - self._spent]:
                token_connection = TokenConnection.beside(connection)
                asked_at = time.monotonic()
                try:
                    reply = await token_connection.authorize(
                        form, self.username, self._password, before_send
                    )
                except OutdatedAuthorization:
                    return
                if reply.status == 200:
                    self._keep_token(reply, asked_at, connection.where)
                    self.habit.form, self._spent = form, 0
                    return
                if reply.status not in (400, 401):
                    break
                self._spent += 1
                connection.guard.password_refused()
            raise self._no_token(reply, connection.where)

    def _no_token(self, reply: HttpReply | None, where: str) -> ApiError:
        """Return why there is no token; a refused password is final for this session."""
        if reply is None:
            return self._refused or LoginRefused(f"{where} was not asked again")
        what = "POST /v1/users/authorize"
        error = refused_error(reply, where=where, username=self.username, what=what)
        if reply.status in (400, 401):
            if not isinstance(error, LoginRefused):
                error = LoginRefused(str(error), 'set login = "basic" if it takes no tokens')
            self._refused = error
        return error

    @contextlib.asynccontextmanager
    async def _one_node_at_a_time(
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
            self._check_unchanged(before)

        try:
            yield enter
        finally:
            if entered:
                self._gate.release()

    def _check_unchanged(self, before: HiddenText | None) -> None:
        """Raise what other nodes' logins led to: LoginRefused or OutdatedAuthorization."""
        if self._refused is not None:
            raise LoginRefused(str(self._refused), self._refused.trouble.hint)
        if self._token is not before:
            raise OutdatedAuthorization

    async def _renew(self, connection: Connection) -> None:
        """Replace the token before it expires; an error other than a refusal can wait."""
        if await self._refresh(connection):
            return
        try:
            await self._log_in(connection)
        except LoginRefused:
            raise
        except ApiError:
            self._renew_at = time.monotonic() + _RENEW_AGAIN

    async def _refresh(self, connection: Connection) -> bool:
        """Refresh the token; False where it takes the password."""
        if not self.habit.refreshes:
            return False
        shown = self._token_authorization()
        async with self._one_node_at_a_time(shown.secret) as enter:
            self._renew_at = (asked_at := time.monotonic()) + _RENEW_AGAIN
            try:
                reply = await TokenConnection.beside(connection).refresh(shown, enter)
                if reply.status == 200:
                    self._keep_token(reply, asked_at, connection.where)
                    self._is_proven = True
            except (ApiError, OutdatedAuthorization):
                return True
        self.habit.refreshes = reply.status not in (404, 405)
        return reply.status not in (400, 401, 404, 405)

    def _keep_token(self, reply: HttpReply, asked_at: float, where: str) -> None:
        try:
            self._token = HiddenText(codec.read_token(reply.body))
        except WireError as error:
            raise _bad_token(where, error) from None
        self._is_proven, self._schemes_left = False, 1
        self._renew_at, self._ends_at = asked_at + _RENEW_AFTER, asked_at + TTL


def _bad_token(where: str, error: WireError) -> ApiError:
    text = f"{where} sent a bad answer to a login: {error}"
    return ApiError(text, remedies=(Remedy.WAIT,))


def _takes_basic(reply: HttpReply) -> bool:
    """Whether a 401 names Basic as accepted, so that the password must be wrong."""
    return _BASIC.search(reply.headers.get("www-authenticate", "")) is not None
