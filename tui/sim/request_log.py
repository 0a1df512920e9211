"""The requests that the nodes received, for tests."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

_AT_MOST = 100_000


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request to a node; `at` is the cluster's clock, `status` that of the answer.

    `status` is 0 where the connection was dropped instead of an answer; `scheme` is the first
    word of its Authorization header, in lower case.
    """

    uid: int
    method: str
    path: str
    query: str
    body: bytes
    user: str | None
    status: int
    at: float
    scheme: str = ""


class RequestLog(Sequence[RequestRecord]):
    """The latest requests, oldest first; one thread may read while another writes."""

    def __init__(self) -> None:
        self._kept: deque[RequestRecord] = deque(maxlen=_AT_MOST)
        self._lock = threading.Lock()

    def append(self, record: RequestRecord) -> None:
        """Add a request; beyond the limit the oldest is dropped."""
        with self._lock:
            self._kept.append(record)

    def clear(self) -> None:
        """Remove all requests."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[RequestRecord]:
        with self._lock:
            return iter(tuple(self._kept))

    @overload
    def __getitem__(self, which: int) -> RequestRecord: ...

    @overload
    def __getitem__(self, which: slice) -> list[RequestRecord]: ...

    def __getitem__(self, which: int | slice) -> RequestRecord | list[RequestRecord]:
        with self._lock:
            return list(self._kept)[which] if isinstance(which, slice) else self._kept[which]
