"""One order at a time on a node, over all processes: a lock that ends with its process.

It is advisory, and for processes that share a state folder: those of one user on one machine, or
on several with one home folder.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from tui.journal.journal_file import JournalError
from tui.journal.records import boot_id, timestamp, user_name
from tui.model.clock import monotonic
from tui.model.order import Order
from tui.model.text import clean
from tui.storage.private_files import opened_file, opened_folder, storage_errors

_NOTE_AT_MOST = 4096


class NodeBusy(JournalError):
    """Another process has an order open on the node; the sentence says which."""


class NodeLock:
    """The lock of the node that an order is for, known by its address and by its uid."""

    def __init__(self, folder: Path, order: Order, host: str) -> None:
        self._folder = folder / "locks"
        self._order = order
        self._host = host
        self._files = contextlib.ExitStack()

    def take(self) -> None:
        """Lock it or raise NodeBusy, at once; JournalError where locking is not possible."""
        with contextlib.ExitStack() as files:
            # The folder above must be as private as this one.
            files.enter_context(opened_folder(self._folder.parent, make=True))
            folder = files.enter_context(opened_folder(self._folder, make=True))
            for name in lock_names(self._order):
                path = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.lock"
                file = files.enter_context(opened_file(folder, path, os.O_RDWR | os.O_CREAT))
                with storage_errors(path):
                    self._lock(file)
            self._files = files.pop_all()

    def free(self) -> None:
        """Unlock it."""
        self._files.close()

    def _lock(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NodeBusy(self._holder_text(file)) from None
        note = {
            **timestamp(),
            "pid": os.getpid(),
            "user": user_name(),
            "host": self._host,
            "order": f"{self._order.verb.value} {', '.join(self._order.names)}"[:500],
        }
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(note).encode("ascii"), 0)

    def _holder_text(self, file: int) -> str:
        try:
            note = json.loads(os.pread(file, _NOTE_AT_MOST, 0))
        except ValueError:
            note = None
        what = f"has an order open on {self._order.target.node}"
        if not isinstance(note, dict):
            return f"another deck {what}"
        on = clean(str(note.get("host", "")))
        where = f" on {on}" if on != self._host else ""
        who = f"user {clean(str(note.get('user', '')))}, pid {clean(str(note.get('pid')))}{where}"
        return f"{who}, {_since(note)}, {what}"


def _since(note: dict[str, Any]) -> str:
    began = note.get("mono")
    if note.get("boot") == boot_id() and isinstance(began, int | float):
        return f"since {max(0.0, monotonic() - began):.0f} s"
    return f"since {clean(str(note.get('at')))}"


def lock_names(order: Order) -> tuple[str, ...]:
    """Return the node's lock names: by its address, and by cluster and uid where known.

    Two processes may reach one node by two addresses, or know its uid or not yet.
    """
    who = order.target.identity
    names = [f"url {order.target.url}"]
    if who.cluster and who.uid is not None:
        names.append(f"node {who.cluster} {who.uid}")
    return tuple(names)
