"""Get a token: one POST on a connection of its own, which carries nothing else.

So a read-only client has no transport that lets an order pass, even where it logs in by token.
"""

import json
from enum import Enum
from typing import ClassVar

from tui.api.codec import HttpReply
from tui.api.connection import BeforeSend, Connection, RequestTrace
from tui.api.messages import (
    Authorization,
    HiddenText,
    Request,
    SecretLike,
    basic_authorization,
)
from tui.api.transport import AUTHORIZE, REFRESH, GetOnlyTransport, LoginTransport

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
            connection.client_certificate,
            connection.proxy,
            connection.guard,
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
        async with self._deadline(trace) as limit:
            request = Request("POST", self._address, path, authorization, body.reveal().encode())
            return await self._send(request, trace, limit)


_TTL_BODY = HiddenText(json.dumps({"ttl": TTL}))
