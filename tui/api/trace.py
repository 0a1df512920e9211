"""How far one request came: the evidence of what had left when it ended."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import httpcore


class Stage(Enum):
    """What a request waits for; the value is how a sentence says it."""

    QUEUED = "before it connected"
    FILES = "while reading the files that its trust names"
    NAMING = "while its name was looked up"
    CONNECTING = "while connecting"
    PROXY = "while the proxy opened the way"
    HANDSHAKE = "during the TLS handshake"
    SENDING = "before anything was sent"
    WAITING = "while waiting for the answer"
    READING = "in the middle of the answer"


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
