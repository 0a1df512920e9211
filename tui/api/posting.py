"""An order's one POST: sent once or not at all, and always known which."""

from collections.abc import Callable
from typing import ClassVar

import httpx

from tui.api.codec import Reply
from tui.api.connection import Exchange
from tui.api.errors import ApiError, NotSent
from tui.api.trace import Trace
from tui.api.transport import GetOnlyTransport, OrderTransport


class OrderExchange(Exchange):
    """The one connection of one node, which carries orders besides."""

    _gate: ClassVar[type[GetOnlyTransport]] = OrderTransport

    async def post(
        self,
        path: str,
        headers: httpx.Headers,
        body: bytes,
        *,
        same_connection: bool,
        leaving: Callable[[], None] | None = None,
    ) -> Reply | ApiError:
        """Send an order once; gives the answer, or what came instead after it had left.

        Raises NotSent if it did not leave. With `same_connection` it leaves on the connection
        that is open, which leads to the node that was just checked, or not at all. `leaving` is
        called when its first byte is about to leave.
        """
        if same_connection and not self.keeps_alive:
            raise NotSent(
                f"{self.where} closed the connection after the check, and a new one might lead "
                "to another node"
            )
        async with self._line:
            trace = Trace(leaving=leaving)
            request = self._request("POST", path, headers, body)
            try:
                async with self._deadline(trace) as limit:
                    return await self._ask(request, trace, limit, only_open=same_connection)
            except ApiError as error:
                if not trace.sent:
                    raise NotSent.because(error) from error
                return error
