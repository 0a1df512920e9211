"""One node: its services, who it is, what its cluster says, and, for an operator, orders.

The gate under each client is what makes it read-only (`tui.api.request_gate`); here are only the
calls. A client serves one call at a time.
httpx's client is not used, and its transport only behind a proxy: so there are no redirects and no
netrc to switch off, a poll costs a sixth of the time, and a start 20 ms less.
"""

import logging
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, TypeVar

from tui.api import codec, context_codec, request_gate
from tui.api.auth import LoginHabit, NodeSession, OutdatedAuthorization, Session
from tui.api.codec import HttpReply, ServicesParser, WireError
from tui.api.connection import BeforeSend, Connection, OrderConnection, PasswordGuard
from tui.api.error_messages import refused_error
from tui.api.errors import (
    ApiError,
    Garbled,
    LoginRefused,
    NodeNotSeenYet,
    NotSent,
    Unavailable,
    Unreachable,
    Untrusted,
    is_redirect,
)
from tui.api.http_transport import Authorization, SecretLike
from tui.api.request_gate import SERVICES
from tui.model.certificate import Certificate
from tui.model.clock import monotonic
from tui.model.cluster import ClusterFacts, ClusterHealth, Member, OptionalServices
from tui.model.context import (
    Alert,
    Database,
    EndpointAvailability,
    Entries,
    License,
    LogEntry,
    RunningAction,
    Shard,
)
from tui.model.login import LoginWay
from tui.model.node import Identity, Origin
from tui.model.order import (
    REFUSAL_STATUSES,
    AnswerOutcome,
    OrderAnswer,
    Route,
    Verb,
    write_operation,
)
from tui.model.reading import Remedy
from tui.model.service import Service
from tui.model.trust import ClientCertificate, Trust

__all__ = ["NodeOperator", "NodeReader", "SecretLike"]

# Their messages hold whole URLs, which belong in no log.
for _name in ("httpx", "httpcore"):
    _log = logging.getLogger(_name)
    _log.addHandler(logging.NullHandler())
    _log.propagate = False

_Read = TypeVar("_Read")


_TRIES_AT_MOST = 6
_STATES = "/v1/nodes/status"
_OPTIONAL = "/v1/cluster/services_configuration"


class NodeReader:
    """Reads one node, and has no way to do anything else. `timeout` is in seconds, for all of it.

    Nodes of a cluster may share a `session`; without one, the password goes with every request.
    Without a `username` no Authorization is sent: the `client_certificate` says who calls.
    `proxy` is empty or `http://host:port`. `guard` decides when a password may be sent. Every call
    raises an ApiError if there is no good answer.
    """

    _connection_class: ClassVar[type[Connection]] = Connection
    _connection: Connection

    def __init__(
        self,
        *,
        title: str,
        url: str,
        trust: Trust,
        timeout: float,
        username: str,
        password: SecretLike,
        client_certificate: ClientCertificate | None = None,
        proxy: str = "",
        session: Session | None = None,
        guard: PasswordGuard | None = None,
    ) -> None:
        self._connection = self._connection_class(
            title,
            url,
            trust,
            timeout,
            client_certificate=client_certificate,
            proxy=proxy,
            guard=guard,
        )
        self._username = username
        session = session or Session(username, password, LoginHabit(LoginWay.BASIC))
        self._login = NodeSession(session, self._connection)
        self._services = ServicesParser()
        self._members: tuple[bytes, tuple[Member, ...]] = (b"", ())

    @property
    def connections(self) -> int:
        """How many connections were begun: two answers on one number came by the same one."""
        return self._connection.opened

    @property
    def takes_no_token(self) -> bool:
        """Whether the node was last polled with the password for want of a token."""
        return self._login.takes_no_token

    @property
    def certificate(self) -> Certificate | None:
        """What the node presented when it was last connected to; None before, and without TLS."""
        return self._connection.certificate

    @property
    def origin(self) -> Origin:
        """Where the newest answer came from."""
        certificate = self.certificate
        sha256 = "" if certificate is None else certificate.sha256
        return Origin(self._connection.peer, sha256)

    async def services(self) -> Sequence[Service]:
        """Read `GET /v1/local/services`, which the node answers for itself."""
        return await self._read("/v1/local/services", self._services.parse)

    async def identity(self) -> Identity:
        """Read `GET /v1/bootstrap`, by which a node says who it is."""
        return await self._read(request_gate.BOOTSTRAP, codec.read_identity)

    async def node_check(self, uid: int) -> tuple[bool, str]:
        """Read `GET /v1/nodes/check/{uid}`: whether the node is well, and why not."""
        return await self._read(f"/v1/nodes/check/{uid}", codec.read_node_check)

    async def cluster_check(self) -> tuple[bool, str]:
        """Read `GET /v1/cluster/check`: whether every node is well, and which is not."""
        return await self._read("/v1/cluster/check", codec.read_cluster_check)

    async def cluster_health(self, *, whole: bool = True) -> ClusterHealth:
        """Read `GET /v4/cluster/health`, which is there from 8.0.16 on: all nodes in one answer.

        What surrounds the nodes is read of it only if `whole`: it may be long.
        """
        read = partial(context_codec.read_health, whole=whole)
        return await self._read("/v4/cluster/health", read)

    async def cluster_alerts(self) -> Entries[Alert]:
        """Read `GET /v1/cluster/alerts`: those that are on and enabled."""
        return await self._read(request_gate.CLUSTER_ALERTS, context_codec.read_cluster_alerts)

    async def node_alerts(self) -> Entries[Alert]:
        """Read `GET /v1/nodes/alerts`: those of all nodes that are on and enabled."""
        return await self._read(request_gate.NODE_ALERTS, context_codec.read_node_alerts)

    async def license(self) -> License | None:
        """Read `GET /v1/license`, without the license itself; None where there is none."""
        return await self._read_if_any(request_gate.LICENSE, context_codec.read_license)

    async def databases(self) -> Entries[Database]:
        """Read `GET /v1/bdbs` with the fields that are needed, and never without."""
        return await self._read(request_gate.DATABASES, context_codec.read_databases)

    async def shards(self) -> Entries[Shard]:
        """Read `GET /v1/shards`."""
        return await self._read(request_gate.SHARDS, context_codec.read_shards)

    async def running_actions(self) -> Entries[RunningAction] | None:
        """Read `GET /v2/actions`, which is there from 7.22 on; None where that is missing."""
        return await self._read_if_any(request_gate.ACTIONS, context_codec.read_actions)

    async def old_running_actions(self) -> Entries[RunningAction]:
        """Read `GET /v1/actions`, which answers 404 where there are none."""
        found = await self._read_if_any(request_gate.OLD_ACTIONS, context_codec.read_actions)
        return found or Entries()

    async def event_log(self) -> Entries[LogEntry]:
        """Read the newest entries of `GET /v1/logs`."""
        return await self._read(request_gate.EVENT_LOG, context_codec.read_log)

    async def endpoint_availability(self, database: int) -> EndpointAvailability:
        """Read whether this node's own endpoint of a database is available (from 7.8 on)."""
        path = f"/v1/local/bdbs/{database}/endpoint/availability"
        reply = await self._get(path)
        found = context_codec.read_availability(reply)
        if found is None:
            raise self._error_for(reply, f"GET {path}")
        return found

    async def member_states(self) -> tuple[Member, ...]:
        """Read `GET /v1/nodes/status`: every node's role and hostname, without its address."""
        return await self._read(_STATES, self._read_members)

    def _read_members(self, body: bytes) -> tuple[Member, ...]:
        # It is read every few seconds, and rarely differs.
        if body != self._members[0]:
            self._members = (body, codec.join_members((), codec.read_states(body)))
        return self._members[1]

    async def optional_services(self) -> OptionalServices:
        """Read `GET /v1/cluster/services_configuration`: the optional services, the disabled."""
        return await self._read(_OPTIONAL, codec.read_optional)

    async def cluster_facts(
        self,
        optional: OptionalServices | ApiError | None = None,
        *,
        until: float = math.inf,
        only_kinds: bool = False,
    ) -> ClusterFacts:
        """Read what the cluster says of itself, in four calls; one that fails becomes a gap.

        `optional` is what `optional_services` gave just now, if it was called. `only_kinds` leaves
        out what the kinds of services do not depend on. After `until` (monotonic)
        no further call begins, nor after two without an answer. Raises LoginRefused at once, a
        redirect as Unavailable at the second one (a node that is not primary sends all calls
        elsewhere), and the first trouble if no call was answered.
        """
        gaps: dict[str, ApiError] = {}
        kinds: OptionalServices | None
        if isinstance(optional, ApiError):
            gaps[_OPTIONAL], kinds = optional, None
        else:
            kinds = optional
        states = await self._or_gap(_STATES, codec.read_states, gaps, until)
        if optional is None:
            kinds = await self._or_gap(_OPTIONAL, codec.read_optional, gaps, until)
        nodes, name = None, None
        if states is None or not only_kinds:
            nodes = await self._or_gap("/v1/nodes", codec.read_nodes, gaps, until)
        if not only_kinds:
            name = await self._or_gap("/v1/cluster", self._read_cluster, gaps, until)
        if kinds is None and states is None and nodes is None and name is None:
            raise next(iter(gaps.values()))
        known, disabled = kinds or (None, frozenset())
        return ClusterFacts(
            name or "",
            codec.join_members(nodes or [], states or {}),
            known,
            disabled,
            {path: str(error) for path, error in gaps.items()},
            lacks_answer=any(isinstance(error, Unreachable) for error in gaps.values()),
        )

    def _read_cluster(self, body: bytes) -> str:
        rule = codec.read_lockout(body)
        if rule is not None:
            self._connection.guard.learn_lockout(rule)
        return codec.read_cluster_name(body)

    async def _or_gap(
        self,
        path: str,
        read: Callable[[bytes], _Read],
        gaps: dict[str, ApiError],
        until: float,
    ) -> _Read | None:
        unanswered = [error for error in gaps.values() if isinstance(error, Unreachable)]
        if len(unanswered) >= 2 or monotonic() >= until:
            text = f"GET {path} was not sent: the calls before it took too long"
            gaps[path] = unanswered[0] if unanswered else Unreachable(text)
            return None
        try:
            return await self._read(path, read)
        except (LoginRefused, Untrusted):
            raise
        except ApiError as error:
            if is_redirect(error) and any(map(is_redirect, gaps.values())):
                raise
            gaps[path] = error
            return None

    async def aclose(self) -> None:
        """Close the connection."""
        await self._connection.aclose()

    async def _get(self, path: str) -> HttpReply:
        """Send a GET, again with another authorization where the session has one after a 401."""
        authorization: Authorization | None = None
        for _ in range(_TRIES_AT_MOST):
            try:
                authorization = authorization or await self._login.authorization(path)
                reply = await self._connection.get(
                    path, authorization, self._before_send(path, authorization)
                )
                if reply.status != 401:
                    if reply.status in (200, 403):
                        self._login.accept(path, authorization)
                    return reply
                if path != SERVICES:
                    self._login.check_side_refusal(path, authorization)
                authorization = await self._login.after_refusal(path, authorization)
            except OutdatedAuthorization:
                authorization = None
                continue
            except NodeNotSeenYet:
                # Whatever comes back without credentials: the node answers.
                await self._connection.get(path, None)
                self._connection.guard.node_answered()
                continue
            if authorization is None:
                return reply
        where = self._connection.where
        text = f"{where} takes no token for long"
        raise Unavailable(text, remedies=(Remedy.WAIT,), status=401)

    def _before_send(self, path: str, authorization: Authorization) -> BeforeSend | None:
        if not authorization.is_password:
            return None
        return partial(self._login.before_password, path)

    async def _read(self, path: str, read: Callable[[bytes], _Read]) -> _Read:
        reply = await self._get(path)
        if reply.status != 200:
            raise self._error_for(reply, f"GET {path}")
        try:
            return read(reply.body)
        except WireError as error:
            raise Garbled(
                f"{self._connection.where} sent an invalid answer to GET {path}: {error}",
                "what was known before stays, and grows old",
            ) from error

    async def _read_if_any(self, path: str, read: Callable[[bytes], _Read]) -> _Read | None:
        """Read a path that answers 404 where there is nothing to read; then None."""
        try:
            return await self._read(path, read)
        except Unavailable as error:
            if error.status == 404:
                return None
            raise

    def _error_for(self, reply: HttpReply, what: str) -> ApiError:
        where = self._connection.where
        return refused_error(reply, where=where, username=self._username, what=what)


class NodeOperator(NodeReader):
    """Reads one node and can send it an order."""

    _connection_class: ClassVar[type[Connection]] = OrderConnection
    _connection: OrderConnection

    async def operate(
        self,
        verb: Verb,
        services: Sequence[str],
        *,
        path: str = Route.LOCAL,
        same_connection: bool = True,
        leaving: Callable[[], None] | None = None,
    ) -> OrderAnswer:
        """Send one POST, once, and return what came back.

        Raises NotSent if it did not leave. With `same_connection` it goes out on the connection
        that the check before it used, or not at all (see `OrderConnection.post`). Whatever is lost
        after it left is an OrderAnswer, LOST; a cancelled call is as lost, and raises
        CancelledError. `leaving` is called when its first byte is about to leave.
        """
        body = write_operation(verb, services)
        authorization = await self._order_authorization()
        began = monotonic()
        try:
            reply = await self._connection.post(
                path,
                authorization,
                body,
                same_connection=same_connection,
                before_send=self._before_send(SERVICES, authorization),
                leaving=leaving,
            )
        except (OutdatedAuthorization, NodeNotSeenYet):
            raise self._login_changed() from None
        took = monotonic() - began
        if isinstance(reply, ApiError):
            return OrderAnswer(AnswerOutcome.LOST, f"the answer was lost: {reply}", took)
        if reply.status == 401 and authorization.is_password:
            self._connection.guard.password_refused()
        elif reply.status == 401:
            self._login.discard(authorization)
            text = f"{self._connection.where} did not take the token any more; nothing was done"
            return OrderAnswer(AnswerOutcome.REFUSED, f"{text}: try again", took)
        return self._answer(reply, services, path, took)

    async def _order_authorization(self) -> Authorization:
        """Return what an order's request carries; raises NotSent."""
        try:
            return await self._login.authorization()
        except ApiError as error:
            raise NotSent.because(error) from error
        except (OutdatedAuthorization, NodeNotSeenYet):
            raise self._login_changed() from None

    def _login_changed(self) -> NotSent:
        return NotSent(f"the login to {self._connection.where} changed; nothing was sent")

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
        fault = self._error_for(reply, f"POST {path}")
        # A server that times out, fails or redirects may have acted before.
        refused = reply.status in REFUSAL_STATUSES
        outcome = AnswerOutcome.REFUSED if refused else AnswerOutcome.LOST
        return OrderAnswer(outcome, str(fault), took, reply.status)
