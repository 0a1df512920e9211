"""The shapes of what commands print as JSON; `make schemas` writes their JSON Schemas.

A class is one object: its docstring, and the docstring below a key, become the descriptions.
"""

from typing import Literal, TypedDict

from tui.cli.errors import ErrorCode


class ErrorFields(TypedDict):
    """Why a command could not do its work, or a node could not be polled."""

    code: ErrorCode
    message: str
    node: str | None
    """The node that it is about."""
    retryable: bool
    """Whether the same command may work later, though nobody changes anything."""


class ErrorObject(TypedDict):
    """What a command with --json prints where it could not do its work."""

    error: ErrorFields


class ActionService(TypedDict):
    """One service of an action: as it was seen before, and what came of it."""

    name: str
    kind: Literal["required", "optional", "unknown"]
    status_before: str
    start_time_before: str | None
    result: str | None
    """The verdict; null in a dry run."""
    text: str
    """The evidence for the verdict, in words."""


class ActionResult(TypedDict):
    """What `rsdeck start`, `stop` and `restart` print: one action on one node."""

    action: Literal["start", "stop", "restart"]
    node: str
    url: str
    id: str | None
    """The action's id in the journal; null where nothing was sent."""
    dry_run: bool
    sent: bool
    verified: bool
    """Whether every service was verified."""
    tier: str
    warnings: list[str]
    services: list[ActionService]
