"""How one user is logged in to one cluster: by password each time, or by a token.

Five wrong passwords lock the user, so at most two requests carry a password that was refused:

    basic   GET with the password → 401: the end.
    auto    GET with the password → 401: one POST for a token, as Basic with a ttl → 401: the end.
            The form of 7.4 is not tried, since 7.4 cannot have Basic switched off. Nor is there
            a POST where Basic has worked before, or where the 401 itself names Basic as taken.
    jwt     POST for a token, as Basic with a ttl → 400 or 401: the same with user and password
            in the body, as 7.4 wants it → 400 or 401: the end.

What worked is remembered in a Habit, for as long as the deck runs: later there is one try alone.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from tui.api import codec
from tui.api.auth.authorization import (
    NO_AUTHORIZATION,
    Authorization,
    HiddenText,
    SecretLike,
    basic_authorization,
)
from tui.api.auth.token_request import TTL, TokenConnection, TokenRequestForm
from tui.api.codec import HttpReply
from tui.api.connection import Connection
from tui.api.error_messages import refused_error
from tui.api.errors import ApiError, LoginRefused
from tui.api.strict_json import WireError
from tui.model.login import LoginWay
from tui.model.text import clean


@dataclass(slots=True, eq=False)
class PasswordGate:
    """Where requests to one node leave.

    `before` is awaited right before a password leaves; its time does not count as the node's, and
    what it raises ends the request, unsent, and comes out of the call as it is. `after` is told
    when the request is over, and whether a password left whose answer was lost, `doubt` when one
    was refused and is to leave once more, `met` when the node has answered without one, as an
    Unmet of `before` asks for.
    """

    exchange: Connection
    before: Callable[[], Awaitable[None]] | None = None
    after: Callable[[bool], None] | None = None
    doubt: Callable[[], None] | None = None
    met: Callable[[], None] | None = None

    async def wait(self) -> None:
        """Wait until a password may leave."""
        if self.before is not None:
            await self.before()

    def doubted(self) -> None:
        """Say that a password was refused, and that the last try is to come."""
        if self.doubt is not None:
            self.doubt()

    def done(self, *, lost: bool) -> None:
        """Say that a request is over, and whether a password left whose answer was lost."""
        if self.after is not None:
            self.after(lost)

    def greet(self) -> None:
        """Say that the node has answered without a password."""
        if self.met is not None:
            self.met()


TRIES = 2
"""How many requests may carry a password that nobody has accepted yet."""

_RENEW_AFTER = TTL * 2 / 3
_RENEW_AGAIN = 10.0
_SLOW = 1.0
_OTHER = {"JWT": "Bearer", "Bearer": "JWT"}
_BASIC = re.compile(r"(^|,)\s*basic\b", re.IGNORECASE)


class OutdatedAuthorization(Exception):
    """What a request was to show is not what is shown by now; nothing was sent."""


@dataclass(slots=True, eq=False)
class LoginHabit:
    """What a cluster was seen to take; it outlives a password. AUTO: not known yet."""

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
        self._token: HiddenText | None = None
        self._is_proven = False
        self._schemes_left = 0
        self._renew_at = self._ends_at = 0.0
        self._spent = 0
        self._refused: LoginRefused | None = None
        self._gate = asyncio.Lock()

    async def ticket(self, via: PasswordGate) -> Authorization:
        """Give what a request shows, after getting or renewing a token where that is due.

        Raises ApiError.
        """
        if not self.username:
            return NO_AUTHORIZATION
        if self._way is not LoginWay.JWT:
            return basic_authorization(self.username, self._password)
        now = time.monotonic()
        if self._token is None or now >= self._ends_at:
            await self._log_in(via)
        elif now >= self._renew_at and not self._gate.locked():
            await self._renew(via)
        return self._shown()

    def check(self, ticket: Authorization) -> None:
        """Raise Outdated where a ticket that holds the password is no longer what is shown."""
        if ticket.is_password and self._way is LoginWay.JWT:
            raise OutdatedAuthorization

    def accept(self, ticket: Authorization) -> None:
        """Note that a node took a ticket."""
        if ticket.is_password:
            self._way = self.habit.way = LoginWay.BASIC
        elif ticket.secret is self._token:
            self._is_proven = True
            self.habit.way, self.habit.scheme = LoginWay.JWT, ticket.scheme

    async def instead(
        self, ticket: Authorization, reply: HttpReply, via: PasswordGate
    ) -> Authorization | None:
        """Give what to show after a 401 to a ticket; None where the login is refused.

        Raises ApiError where a token cannot be had for another reason.
        """
        if ticket is NO_AUTHORIZATION:
            return None
        if ticket.is_password:
            return await self._instead_of_password(reply, via)
        if ticket.secret is not self._token:
            return await self.ticket(via)
        if ticket.scheme != self.habit.scheme:
            return self._shown()
        if self._is_proven:  # it ended before its time, or was revoked
            await self._log_in(via)
            return self._shown()
        if not self._schemes_left:
            where = via.exchange.where
            raise LoginRefused(
                f"{where} gave {clean(self.username)} a token and does not take it",
                'set login = "basic" in the profile if the cluster takes that',
            )
        self._schemes_left -= 1
        self.habit.scheme = _OTHER[ticket.scheme]
        return self._shown()

    def end(self, ticket: Authorization) -> None:
        """Note that a token was refused, so that the next request gets another."""
        if ticket.secret is self._token:
            self._token = None

    async def _instead_of_password(
        self, reply: HttpReply, via: PasswordGate
    ) -> Authorization | None:
        if self._way is LoginWay.BASIC or _takes_basic(reply):
            return None
        if self._way is LoginWay.AUTO:
            self._way, self._spent = LoginWay.JWT, self._spent + 1
        via.doubted()
        try:
            return await self.ticket(via)
        except ApiError as error:
            # Whatever it was, another round would send the password twice again.
            self._refused = self._refused or LoginRefused(str(error), error.trouble.hint)
            return None

    def _shown(self) -> Authorization:
        if self._token is None:
            raise OutdatedAuthorization
        return Authorization(self.habit.scheme, self._token)

    async def _log_in(self, via: PasswordGate) -> None:
        """Get a token for the password, unless another node gets one first."""
        seen = self._token
        reply: HttpReply | None = None
        forms = tuple(TokenRequestForm) if self.habit.form is None else (self.habit.form,)
        async with self._alone(seen) as enter:

            async def before() -> None:
                # In this order everywhere: who has a turn or a lane never waits for the gate.
                await enter()
                await via.wait()
                self._see(seen)

            for form in forms[: TRIES - self._spent]:
                exchange = TokenConnection.beside(via.exchange)
                exchange.before_send = before
                try:
                    asked_at = time.monotonic()
                    reply = await exchange.authorize(form, self.username, self._password)
                except OutdatedAuthorization:
                    return
                finally:
                    via.done(lost=exchange.is_unanswered)
                if reply.status == 200:
                    self._take(reply, asked_at, exchange.where)
                    self.habit.form, self._spent = form, 0
                    return
                if reply.status not in (400, 401):
                    break
                self._spent += 1
                via.doubted()
            raise self._no_token(reply, via)

    def _no_token(self, reply: HttpReply | None, via: PasswordGate) -> ApiError:
        """Say why there is no token; what a password was refused for is final."""
        if reply is None:
            return self._refused or LoginRefused(f"{via.exchange.where} was not asked again")
        what, where = "POST /v1/users/authorize", via.exchange.where
        error = refused_error(reply, where=where, username=self.username, what=what)
        if reply.status in (400, 401):
            if not isinstance(error, LoginRefused):
                error = LoginRefused(str(error), 'set login = "basic" if it takes no tokens')
            self._refused = error
        return error

    @contextlib.asynccontextmanager
    async def _alone(self, seen: HiddenText | None) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Give what lets one node at a time ask for a token; it raises Outdated if `seen` is.

        It spares logins and no more: who waited for a second goes on, lest a node that hangs
        delays the others.
        """
        entered = waited = False

        async def enter() -> None:
            nonlocal entered, waited
            if not entered and not waited:
                waited = True
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_SLOW):
                        entered = await self._gate.acquire()
            self._see(seen)

        try:
            yield enter
        finally:
            if entered:
                self._gate.release()

    def _see(self, seen: HiddenText | None) -> None:
        """Raise what came of other nodes' logins meanwhile: LoginRefused or Outdated."""
        if self._refused is not None:
            raise LoginRefused(str(self._refused), self._refused.trouble.hint)
        if self._token is not seen:
            raise OutdatedAuthorization

    async def _renew(self, via: PasswordGate) -> None:
        """Get a token for the present one, which lasts a while yet: trouble can wait."""
        if await self._refresh(via):
            return
        try:
            await self._log_in(via)
        except LoginRefused:
            raise
        except ApiError:
            self._renew_at = time.monotonic() + _RENEW_AGAIN

    async def _refresh(self, via: PasswordGate) -> bool:
        """Refresh the token; False where it takes the password."""
        if not self.habit.refreshes:
            return False
        shown = self._shown()
        async with self._alone(shown.secret) as enter:
            exchange = TokenConnection.beside(via.exchange)
            exchange.before_send = enter
            self._renew_at = (asked_at := time.monotonic()) + _RENEW_AGAIN
            try:
                reply = await exchange.refresh(shown)
                if reply.status == 200:
                    self._take(reply, asked_at, exchange.where)
                    self._is_proven = True
            except (ApiError, OutdatedAuthorization):
                return True
        self.habit.refreshes = reply.status not in (404, 405)
        return reply.status not in (400, 401, 404, 405)

    def _take(self, reply: HttpReply, asked_at: float, where: str) -> None:
        try:
            self._token = HiddenText(codec.read_token(reply.body))
        except WireError as error:
            raise _bad_token(where, error) from None
        self._is_proven, self._schemes_left = False, 1
        self._renew_at, self._ends_at = asked_at + _RENEW_AFTER, asked_at + TTL


def _bad_token(where: str, error: WireError) -> ApiError:
    return ApiError(f"{where} sent a bad answer to a login: {error}", "it is asked again")


def _takes_basic(reply: HttpReply) -> bool:
    """Whether a 401 says itself that Basic is taken, so that the password must be wrong."""
    return _BASIC.search(reply.headers.get("www-authenticate", "")) is not None
