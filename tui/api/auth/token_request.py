"""Asking for a token: one POST on a connection of its own, which carries nothing else.

So a session that may only look has still nothing that could give an order.
"""

import json
from enum import Enum
from typing import ClassVar

import httpx

from tui.api.auth.authorization import (
    Authorization,
    HiddenText,
    SecretLike,
    basic_authorization,
    request_headers,
)
from tui.api.codec import HttpReply
from tui.api.connection import Connection, RequestTrace
from tui.api.transport import AUTHORIZE, REFRESH, GetOnlyTransport, LoginTransport

TTL = 300
"""Seconds for which a token is asked; the default of the API, and all that 7.4 is asked for."""


class TokenRequestForm(Enum):
    """Where user and password stand when a token is asked for."""

    HEADER = "header"
    """As Basic, as 7.8 and later have it."""
    BODY = "body"
    """In the body, as 7.4 has it."""


class TokenConnection(Connection):
    """One connection for one POST; made `beside` the exchange of the node that it asks."""

    _gate: ClassVar[type[GetOnlyTransport]] = LoginTransport

    @classmethod
    def beside(cls, exchange: Connection) -> "TokenConnection":
        """Make one to the same node: by the same way, with the same trust and time limit."""
        return cls(
            exchange.title,
            exchange.url,
            exchange.trust,
            exchange.timeout,
            exchange.mine,
            exchange.proxy,
        )

    async def authorize(
        self, form: TokenRequestForm, username: str, password: SecretLike
    ) -> HttpReply:
        """Give user and password for a token."""
        if form is TokenRequestForm.BODY:
            wanted = {"username": username, "password": password.reveal()}
            return await self._post(
                AUTHORIZE, request_headers(None), HiddenText(json.dumps(wanted))
            )
        shown = request_headers(basic_authorization(username, password))
        return await self._post(AUTHORIZE, shown, HiddenText(json.dumps({"ttl": TTL})))

    async def refresh(self, ticket: Authorization) -> HttpReply:
        """Give a token for a token."""
        return await self._post(
            REFRESH, request_headers(ticket), HiddenText(json.dumps({"ttl": TTL}))
        )

    async def _post(self, path: str, headers: httpx.Headers, body: HiddenText) -> HttpReply:
        headers["Content-Type"] = "application/json"
        trace = RequestTrace()
        try:
            async with self._deadline(trace) as limit:
                request = self._request("POST", path, headers, body.reveal().encode())
                return await self._ask(request, trace, limit)
        finally:
            await self.aclose()
