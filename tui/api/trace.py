"""How far one request came: the evidence of what had left when it ended."""

from collections.abc import Callable
from dataclasses import dataclass

import httpcore

from tui.api.error_messages import Stage


@dataclass(slots=True)
class Trace:
    """What httpcore told of one try.

    `connected` means that it opened a connection of its own, `sent` that its headers, and with
    them the credentials, began to leave. `leaving` is called then. `stream` is the connection it
    opened, if it did.
    """

    stage: Stage = Stage.QUEUED
    connected: bool = False
    sent: bool = False
    stream: httpcore.AsyncNetworkStream | None = None
    leaving: Callable[[], None] | None = None

    def leave(self) -> None:
        """Note that the headers begin to leave."""
        self.stage, self.sent = Stage.WAITING, True
        if self.leaving is not None:
            self.leaving()
