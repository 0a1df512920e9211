"""One node: its services, who it is, what its cluster says, and, for an operator, orders.

The gate under each client is what makes it read-only (`tui.api.transport`); here are only the
calls.
httpx's client is not used, its transport is: so there are no redirects, no proxies and no netrc to
switch off, and a poll costs a sixth of the time.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, TypeVar

import httpx

from tui.api import codec
from tui.api.auth.authorization import Authorization, SecretLike, request_headers
from tui.api.auth.session import LoginHabit, OutdatedAuthorization, PasswordGate, Session
from tui.api.codec import HttpReply
from tui.api.connection import Connection, OrderConnection
from tui.api.error_messages import refused_error
from tui.api.errors import (
    ApiError,
    Garbled,
    LoginRefused,
    NodeNotSeenYet,
    NotSent,
    Unavailable,
    Unreachable,
)
from tui.api.operation import write_operation
from tui.api.strict_json import WireError
from tui.model.certificate import Certificate
from tui.model.cluster import ClusterFacts, ClusterHealth, Member
from tui.model.login import LoginWay
from tui.model.node import Identity
from tui.model.order import AnswerOutcome, OrderAnswer, Route, Verb
from tui.model.service import Service
from tui.model.trust import ClientCertificate, Trust

__all__ = ["NodeOperator", "NodeReader", "SecretLike"]

# What they log holds whole URLs, and nobody reads it here.
for _name in ("httpx", "httpcore"):
    _log = logging.getLogger(_name)
    _log.addHandler(logging.NullHandler())
    _log.propagate = False

_Read = TypeVar("_Read")


_TICKETS_AT_MOST = 6


class NodeReader:
    """Reads one node, and has no way to do anything else. `timeout` is in seconds, for all of it.

    Nodes of a cluster may share a `session`; without one, the password goes with every request.
    Without a `username` no Authorization is sent: the client's certificate `mine` says who asks.
    `proxy` is empty or `http://host:port`. `wicket` is where its passwords leave. Every call raises
    an ApiError if there is no good answer.
    """

    _opens: ClassVar[type[Connection]] = Connection
    _exchange: Connection

    def __init__(  # noqa: PLR0913 - what a connection needs
        self,
        *,
        title: str,
        url: str,
        trust: Trust,
        timeout: float,
        username: str,
        password: SecretLike,
        mine: ClientCertificate | None = None,
        proxy: str = "",
        session: Session | None = None,
    ) -> None:
        self._exchange = self._opens(title, url, trust, timeout, mine, proxy)
        self._username = username
        self._session = session or Session(username, password, LoginHabit(LoginWay.BASIC))
        self.wicket = PasswordGate(self._exchange)
        self._asking = asyncio.Lock()

    @property
    def connections(self) -> int:
        """How many connections were begun: two answers on one number came by the same one."""
        return self._exchange.opened

    @property
    def certificate(self) -> Certificate | None:
        """What the node presented when it was last connected to; None before, and without TLS."""
        return self._exchange.certificate

    async def services(self) -> tuple[Service, ...]:
        """Ask `GET /v1/local/services`, which the node answers for itself."""
        return await self._read("/v1/local/services", codec.read_services)

    async def identity(self) -> Identity:
        """Ask `GET /v1/bootstrap`, by which a node says who it is."""
        return await self._read("/v1/bootstrap", codec.read_identity)

    async def node_check(self, uid: int) -> tuple[bool, str]:
        """Ask `GET /v1/nodes/check/{uid}`: whether the cluster finds the node well, and why not."""
        return await self._read(f"/v1/nodes/check/{uid}", codec.read_node_check)

    async def cluster_check(self) -> tuple[bool, str]:
        """Ask `GET /v1/cluster/check`: whether every node is well, and which is not."""
        return await self._read("/v1/cluster/check", codec.read_cluster_check)

    async def cluster_health(self) -> ClusterHealth:
        """Ask `GET /v4/cluster/health`, which is there from 8.0.16 on: all nodes in one answer."""
        return await self._read("/v4/cluster/health", codec.read_health)

    async def member_states(self) -> tuple[Member, ...]:
        """Ask `GET /v1/nodes/status`: every node's role and hostname, without its address."""
        states = await self._read("/v1/nodes/status", codec.read_states)
        return codec.join_members((), states)

    async def cluster_facts(self) -> ClusterFacts:
        """Ask what the cluster says of itself, in four calls; one that fails becomes a gap.

        Raises LoginRefused and Unreachable at once, a redirect as Unavailable (a node that is not
        primary may send all four elsewhere), and the first trouble if no call was answered.
        """
        gaps: dict[str, ApiError] = {}
        nodes = await self._or_gap("/v1/nodes", codec.read_nodes, gaps)
        states = await self._or_gap("/v1/nodes/status", codec.read_states, gaps)
        optional = await self._or_gap(
            "/v1/cluster/services_configuration", codec.read_optional, gaps
        )
        name = await self._or_gap("/v1/cluster", codec.read_cluster_name, gaps)
        if len(gaps) == 4:
            raise next(iter(gaps.values()))
        known, disabled = optional or (None, frozenset())
        return ClusterFacts(
            name or "",
            codec.join_members(nodes or [], states or {}),
            known,
            disabled,
            tuple(f"{path}: {error}" for path, error in gaps.items()),
        )

    async def _or_gap(
        self, path: str, read: Callable[[bytes], _Read], gaps: dict[str, ApiError]
    ) -> _Read | None:
        try:
            return await self._read(path, read)
        except (LoginRefused, Unreachable):
            raise
        except ApiError as error:
            if isinstance(error, Unavailable) and 300 <= error.status < 400:
                raise
            gaps[path] = error
            return None

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._exchange.aclose()

    async def _get(self, path: str) -> HttpReply:
        """Ask with what is to be shown now, and again with what is to be shown instead."""
        async with self._asking:
            ticket: Authorization | None = None
            for _ in range(_TICKETS_AT_MOST):
                try:
                    ticket = ticket or await self._session.ticket(self.wicket)
                    with self._showing(ticket):
                        reply = await self._exchange.get(path, request_headers(ticket))
                    if reply.status != 401:
                        if reply.status in (200, 403):
                            self._session.accept(ticket)
                        return reply
                    ticket = await self._session.instead(ticket, reply, self.wicket)
                except OutdatedAuthorization:
                    ticket = None
                    continue
                except NodeNotSeenYet:
                    await self._meet(path)
                    continue
                if ticket is None:
                    return reply
        where = self._exchange.where
        raise Unavailable(f"{where} takes no token for long", "it is asked again", status=401)

    async def _meet(self, path: str) -> None:
        """Ask with no credentials: whatever comes back, somebody is there who answers."""
        self._exchange.before_send = None
        await self._exchange.get(path, request_headers(None))
        self.wicket.greet()

    @contextlib.contextmanager
    def _showing(self, ticket: Authorization) -> Iterator[None]:
        """Let a request show a ticket: a password waits at the wicket, a token does not."""

        async def wait() -> None:
            await self.wicket.wait()
            self._session.check(ticket)

        self._exchange.before_send = wait if ticket.is_password else None
        try:
            yield
        finally:
            self.wicket.done(lost=ticket.is_password and self._exchange.is_unanswered)

    async def _read(self, path: str, read: Callable[[bytes], _Read]) -> _Read:
        reply = await self._get(path)
        if reply.status != 200:
            raise self._refusal(reply, f"GET {path}")
        try:
            return read(reply.body)
        except WireError as error:
            raise Garbled(
                f"{self._exchange.where} sent a bad answer to GET {path}: {error}",
                "what was known before stays, and grows old",
            ) from error

    def _refusal(self, reply: HttpReply, what: str) -> ApiError:
        return refused_error(reply, where=self._exchange.where, username=self._username, what=what)


class NodeOperator(NodeReader):
    """Reads one node and can give it an order."""

    _opens: ClassVar[type[Connection]] = OrderConnection
    _exchange: OrderConnection

    async def operate(
        self,
        verb: Verb,
        services: Sequence[str],
        *,
        path: str = Route.LOCAL,
        same_connection: bool = True,
        leaving: Callable[[], None] | None = None,
    ) -> OrderAnswer:
        """Send one POST, once, and say what came back.

        Raises NotSent if it did not leave. With `same_connection` it goes out on the connection
        that the check before it used, or not at all (see `OrderConnection.post`). Whatever is lost
        after it left is an OrderAnswer, LOST; a cancelled call is as lost, and raises
        CancelledError. `leaving` is called when its first byte is about to leave.
        """
        body = write_operation(verb, services)
        async with self._asking:
            ticket, shown = await self._to_show()
            began = time.monotonic()
            try:
                with self._showing(ticket):
                    reply = await self._exchange.post(
                        path, shown, body, same_connection=same_connection, leaving=leaving
                    )
            except (OutdatedAuthorization, NodeNotSeenYet):
                raise self._changed() from None
        took = time.monotonic() - began
        if isinstance(reply, ApiError):
            return OrderAnswer(AnswerOutcome.LOST, f"the answer was lost: {reply}", took)
        if reply.status == 401 and not ticket.is_password:
            self._session.end(ticket)
            said = f"{self._exchange.where} did not take the token any more; nothing was done"
            return OrderAnswer(AnswerOutcome.REFUSED, f"{said}: order again", took)
        return self._answer(reply, services, path, took)

    async def _to_show(self) -> tuple[Authorization, httpx.Headers]:
        """Give the ticket of an order, and its headers; raises NotSent."""
        try:
            ticket = await self._session.ticket(self.wicket)
        except ApiError as error:
            raise NotSent.because(error) from error
        except (OutdatedAuthorization, NodeNotSeenYet):
            raise self._changed() from None
        shown = request_headers(ticket)
        shown["Content-Type"] = "application/json"
        return ticket, shown

    def _changed(self) -> NotSent:
        return NotSent(f"the login to {self._exchange.where} changed; nothing was sent")

    def _answer(
        self, reply: HttpReply, services: Sequence[str], path: str, took: float
    ) -> OrderAnswer:
        if reply.status == 200:
            try:
                results, note = codec.read_answer(reply.body, services)
            except WireError as error:
                return OrderAnswer(
                    AnswerOutcome.LOST, f"the answer is no answer: {error}", took, 200
                )
            return OrderAnswer(AnswerOutcome.ACCEPTED, note, took, 200, results)
        fault = self._refusal(reply, f"POST {path}")
        if 400 <= reply.status < 500:
            return OrderAnswer(AnswerOutcome.REFUSED, str(fault), took, reply.status)
        # A server that fails or points elsewhere may have acted before: only watching can tell.
        return OrderAnswer(AnswerOutcome.LOST, str(fault), took, reply.status)
