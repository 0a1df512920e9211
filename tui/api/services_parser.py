"""The answers of one node to `GET /v1/local/services`, one after the other.

At rest an answer differs from the one before in its uptimes alone. So its bytes are compared with
the uptimes cut out, and where they are the same, only uptimes are read.
"""

import re

from tui.api import codec
from tui.model.service import Service

# Only what an uptime is made of: whatever else stands there is compared as it is.
_UPTIME = re.compile(rb'"uptime": ?"([0-9adsy,:. -]{1,40})"')
_SECONDS = {f"{seconds:02}".encode(): seconds for seconds in range(60)}


class ServicesParser:
    """Parses a node's answers, each as if it were the only one."""

    def __init__(self) -> None:
        self._frame: list[bytes] = []
        self._uptimes: list[bytes] = []
        self._services: tuple[Service, ...] = ()
        self._ticking: list[int] = []

    def parse(self, body: bytes) -> tuple[Service, ...]:
        """Parse an answer. Raises WireError."""
        pieces = _UPTIME.split(body)
        frame, uptimes = pieces[::2], pieces[1::2]
        if frame != self._frame:
            self._read(body, frame, uptimes)
        elif uptimes != self._uptimes:
            self._advance(uptimes)
        return self._services

    def _read(self, body: bytes, frame: list[bytes], uptimes: list[bytes]) -> None:
        self._frame = []
        entries = codec.read_entries(body)
        self._services = codec.services_in(entries)
        if isinstance(entries, codec.JsonObject) or len(entries) != len(self._services):
            return
        if any(service.note for service in self._services):  # of an odd entry no uptime is read
            return
        texts = [entry.get("uptime") for entry in entries.values()]
        found = set(map(bytes.decode, uptimes))
        self._ticking = [number for number, text in enumerate(texts) if text in found]
        # Each uptime that was cut out is one of these, in this order; else nothing is known of it.
        if [texts[number] for number in self._ticking] == list(map(bytes.decode, uptimes)):
            self._frame, self._uptimes = frame, uptimes

    def _advance(self, uptimes: list[bytes]) -> None:
        """Take over new uptimes; all else is as it was."""
        services = list(self._services)
        for number, text, before in zip(self._ticking, uptimes, self._uptimes, strict=True):
            old = services[number]
            raw = {**old.raw, "uptime": text.decode()} if isinstance(old.raw, dict) else old.raw
            uptime = _later_uptime(old.uptime, before, text)
            services[number] = Service(
                old.name, old.status, old.started_at, uptime, old.note, 0, raw
            )
        self._services, self._uptimes = tuple(services), uptimes


def _later_uptime(known: int | None, before: bytes, text: bytes) -> int | None:
    """Return the uptime that a text says, where one `before` said what is known.

    Within a minute only the seconds at the end are others.
    """
    if known is not None and text[:-2] == before[:-2] and text[-3:-2] == b":":
        seconds, earlier = _SECONDS.get(text[-2:]), _SECONDS.get(before[-2:])
        if seconds is not None and earlier is not None:
            return known + seconds - earlier
    return codec.read_uptime(text.decode())
