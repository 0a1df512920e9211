"""The one connection of one node: one user at a time, with the password as it is now.

The client is imported when it is first wanted: it brings httpx and pydantic, and the deck paints
before it polls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from tui.api.errors import Garbled, LoginRefused
from tui.config import NodeProfile
from tui.credentials import Passwords
from tui.fleet.login.shared_login import Login, LoginStopped, NodeLogin
from tui.model.login import LoginWay, PasswordCause
from tui.model.service import Service, but_for_uptimes

if TYPE_CHECKING:
    from tui.api.client import NodeReader


_PORT = "is this the API's port (9443)?"
_KEPT = "what was known before stays, and grows old"


def check_services_answer(services: Sequence[Service], where: str) -> Sequence[Service]:
    """Return the services, or raise Garbled where no entry is one.

    What answers is itself a service of the node, so an empty list is not a node without services,
    and an error that came as 200 must not look like services that are gone.
    """
    if not services:
        raise Garbled(f"{where} listed no services at all", _PORT, later_hint=_KEPT)
    if all(service.note for service in but_for_uptimes(services)):
        text = f"{where} listed no service that can be read: {services[0].note}"
        raise Garbled(text, _PORT, later_hint=_KEPT)
    return services


class NodeConnection:
    """The connection of one node, with one lock: for a reading, or an order from check to answer.

    `may_write` is called each time to see whether the client may be one that can write.
    """

    def __init__(
        self,
        profile: NodeProfile,
        login: Login,
        passwords: Passwords,
        timeout: float,
        may_write: Callable[[], bool],
    ) -> None:
        self._profile = profile
        self._login = login
        self._passwords = passwords
        self._timeout = timeout
        self._may_write = may_write
        self._lock = asyncio.Lock()
        self._client: NodeReader | None = None
        self._node_login = NodeLogin(login, self, -1, profile)
        self._is_closing = False

    def hold(self) -> AbstractAsyncContextManager[NodeReader]:
        """Lock the connection for what is inside, and yield its client.

        Raises LoginStopped where the login is stopped. A LoginRefused stops the login on its way
        out, for this node or for all, unless the password was renewed meanwhile.
        """
        return self

    # Not a generator: asyncio keeps account of each of those, and each poll holds the connection.

    async def __aenter__(self) -> NodeReader:
        await self._lock.acquire()
        try:
            client = await self._fitting_client()
        except BaseException:
            self._lock.release()
            raise
        self._node_login.begin()
        return client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if isinstance(error, LoginRefused):
                generation = self._node_login.generation
                self._login.refuse(str(error), generation, self._profile.name)
            await self._end_use()
        finally:
            self._lock.release()

    async def _end_use(self) -> None:
        try:
            await self._login.reconsider(self._profile, self._passwords)
            await self._login.refusals_are_kept()
        finally:
            self._node_login.end()
            if self._is_closing:
                await self._close()

    def prove(self) -> None:
        """Mark the login as taken: the node gave a good answer, and nodes that wait go on."""
        self._node_login.prove()
        self._login.polled(self._profile.name, with_password=self.password_cause is not None)

    @property
    def password_cause(self) -> PasswordCause | None:
        """Why polls carry the password; None where they do not, or none did yet."""
        if not self._profile.username or self._client is None:
            return None
        if self._profile.login is LoginWay.BASIC:
            return PasswordCause.CONFIGURED
        return PasswordCause.NO_TOKEN if self._client.takes_no_token else None

    async def release(self) -> None:
        """Close the connection as soon as it is not held."""
        async with self._lock:
            await self._close()

    async def shut(self) -> None:
        """Close the connection, and keep none open from now on."""
        self._is_closing = True
        self._login.polled(self._profile.name, with_password=False)
        await self.release()

    async def _close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _fitting_client(self) -> NodeReader:
        """Return the client for the present password; it can write only if an order may go here.

        Raises LoginStopped where there is no password.
        """
        from tui.api.client import NodeOperator, NodeReader

        secret = await self._login.unlock(self._profile, self._passwords)
        if secret is None:
            raise LoginStopped(self._login.trouble)
        generation = self._login.generation
        kind = NodeOperator if self._may_write() else NodeReader
        client = self._client
        if client is None or type(client) is not kind or self._node_login.generation != generation:
            await self._close()
            self._node_login = NodeLogin(self._login, self, generation, self._profile)
            client = self._client = kind(
                title=self._profile.name,
                url=self._profile.url,
                trust=self._profile.trust,
                timeout=self._timeout,
                username=self._profile.username,
                password=secret,
                client_certificate=self._profile.client,
                proxy=self._profile.proxy,
                session=self._login.session(self._profile, secret),
                guard=self._node_login,
            )
        return client
