"""A request and a reply as plain objects: status, JSON, headers."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SimReply:
    """A reply; `value` becomes JSON unless it is bytes, which are sent as plain text."""

    status: int
    value: object = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """Return the bytes to send."""
        if isinstance(self.value, bytes):
            return self.value
        return json.dumps(self.value).encode()


@dataclass(frozen=True, slots=True)
class SimRequest:
    """The parts of a request that a reply depends on; `user` is None without a valid login."""

    uid: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    user: str | None


def fault(status: int, code: str, text: str) -> SimReply:
    """Return an error body in the shape of most pages: error_code and description."""
    return SimReply(status, {"error_code": code, "description": text})


def old_fault(status: int, code: str, text: str) -> SimReply:
    """Return an error body in the other shape: error_code and message."""
    return SimReply(status, {"error_code": code, "message": text})


NOT_JSON = old_fault(400, "invalid_json", "the body is not JSON")
UNAUTHORIZED = fault(401, "unauthorized", "user or password is not right")
NOT_FOUND = fault(404, "not_found", "no such path")
