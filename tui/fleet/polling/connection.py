"""The one connection of one node: who may use it, with which password, and whose turn it is.

The client is imported when it is first wanted: it brings httpx and pydantic, and the deck paints
before it polls.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tui.api.errors import Garbled, LoginRefused
from tui.config import NodeProfile
from tui.credentials import Passwords, Secret
from tui.fleet.login.state import Login, LoginStopped
from tui.model.service import Service

if TYPE_CHECKING:
    from tui.api.auth.session import Session
    from tui.api.client import NodeReader


_HINT = "what was known before stays, and grows old; is this the API's port (9443)?"


def check_services_answer(services: tuple[Service, ...], where: str) -> tuple[Service, ...]:
    """Give the services back, or raise Garbled where no entry is one.

    What answers is itself a service of the node, so an empty list is not a node without services,
    and an error that came as 200 must not look like services that are gone.
    """
    if not services:
        raise Garbled(f"{where} listed no services at all", _HINT)
    if all(service.note for service in services):
        raise Garbled(f"{where} listed no service that can be read: {services[0].note}", _HINT)
    return services


class NodeConnection:
    """Held by one user at a time: the watch for a reading, or an order from check to answer.

    `may_write` is asked each time whether the client may be one that can write.
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
        self._held = asyncio.Lock()
        self._client: NodeReader | None = None
        self._generation = -1
        self._is_met = False
        self._is_shut = False

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[NodeReader]:
        """Keep the connection for what is inside.

        Raises LoginWaits where the login is stopped. A LoginRefused stops the login on its way
        out, unless the password was renewed meanwhile.
        """
        async with self._held:
            secret = await self._login.unlock(self._profile, self._passwords)
            if secret is None:
                raise LoginStopped(self._login.trouble)
            generation, self._is_met = self._login.generation, False
            try:
                yield await self._fitting(secret, generation)
            except LoginRefused as error:
                self._login.refuse(str(error), generation)
                raise
            finally:
                self._login.settle(self)
                if self._is_shut:
                    await self._close()

    def prove(self) -> None:
        """Note that the node took the password; nodes that wait for their turn go on."""
        if self._generation == self._login.generation:
            self._login.prove()
            self._login.settle(self)

    async def release(self) -> None:
        """Let go of the connection as soon as nobody holds it."""
        async with self._held:
            await self._close()

    async def shut(self) -> None:
        """Let go of the connection, and keep none from now on."""
        self._is_shut = True
        await self.release()

    async def _close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _fitting(self, secret: Secret, generation: int) -> NodeReader:
        """Give the client for this password, which can write only if an order may go here."""
        from tui.api.client import NodeOperator, NodeReader

        kind = NodeOperator if self._may_write() else NodeReader
        client = self._client
        if client is None or type(client) is not kind or self._generation != generation:
            await self._close()
            client = self._build(kind, secret)
            self._client, self._generation = client, generation
        return client

    def _build(self, kind: type[NodeReader], secret: Secret) -> NodeReader:
        session = self._session(secret)
        client = kind(
            title=self._profile.name,
            url=self._profile.url,
            trust=self._profile.trust,
            timeout=self._timeout,
            username=self._profile.username,
            password=secret,
            mine=self._profile.client,
            proxy=self._profile.proxy,
            session=session,
        )
        client.wicket.before = self._take_turn
        client.wicket.after = self._end_turn
        client.wicket.doubt = self._note_doubt
        client.wicket.met = self._meet
        return client

    def _session(self, secret: Secret) -> Session:
        """Give the session that the nodes of a cluster share; a new password begins another."""
        from tui.api.auth.session import LoginHabit, Session

        way = self._profile.login
        place = (self._profile.cluster or self._profile.url, way)
        generation, session = self._login.sessions.get(place, (-1, None))
        if session is None or generation != self._login.generation:
            habit = LoginHabit(way) if session is None else session.habit
            session = Session(self._profile.username, secret, habit)
            self._login.sessions[place] = (self._login.generation, session)
        return session

    async def _take_turn(self) -> None:
        """Let an unproven password wait for its turn, and any for a lane; called right before."""
        login = self._login
        self._check_login()
        while True:
            while self._has_to_wait:
                login.turn.give_back(self)
                await login.settled.wait()
            doubted = self in login.doubts
            if doubted or not login.proven:
                await login.turn.take(self, last=doubted, met=self._is_met)
            self._check_login()
            await login.lanes.enter(self)
            self._check_login()
            if not self._has_to_wait:
                login.turn.leave(self)
                return
            login.lanes.leave(self)

    @property
    def _has_to_wait(self) -> bool:
        """Whether other nodes are in doubt: two tries of each node at once would lock the user."""
        return bool(self._login.doubts) and self not in self._login.doubts

    def _end_turn(self, lost: bool) -> None:
        """Let others go; also when the password was kept from leaving, whatever kept it."""
        is_present = self._generation == self._login.generation
        self._login.turn.give_back(self, lost=lost and is_present)
        self._login.lanes.leave(self)
        if lost and is_present:
            self._login.spare()

    def _note_doubt(self) -> None:
        self._login.doubt(self)

    def _meet(self) -> None:
        self._is_met = True

    def _check_login(self) -> None:
        """Raise LoginWaits rather than send a password that was refused or replaced meanwhile."""
        self._login.spare(last=self in self._login.doubts)
        if self._login.trouble:
            raise LoginStopped(self._login.trouble)
        if self._generation != self._login.generation:
            raise LoginStopped("the password was changed meanwhile")
