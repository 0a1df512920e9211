"""One order at a time on a node, one rollout in a cluster: locks that end with their process.

They are advisory, and for processes that share a state folder: those of one user on one machine, or
on several with one home folder.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tui.journal.journal_file import JournalError
from tui.journal.records import boot_id, timestamp, user_name
from tui.model.clock import monotonic
from tui.model.order import Order
from tui.model.rollout import Plan
from tui.model.text import clean
from tui.storage.private_files import opened_file, opened_folder, storage_errors

_NOTE_AT_MOST = 4096
_WHAT_AT_MOST = 500


class NodeBusy(JournalError):
    """Another process has it locked; the sentence says which."""


class ProcessLock:
    """A lock of one or more names, which ends with its process.

    `what` is what its holder does, in words, as `has an action open on node3`.
    """

    def __init__(self, folder: Path, names: Sequence[str], what: str, host: str) -> None:
        self._folder = folder / "locks"
        self._names = names
        self._what = what
        self._host = host
        self._files = contextlib.ExitStack()

    def take(self) -> None:
        """Lock it or raise NodeBusy, at once; JournalError where locking is not possible."""
        with contextlib.ExitStack() as files:
            # The folder above must be as private as this one.
            files.enter_context(opened_folder(self._folder.parent, make=True))
            folder = files.enter_context(opened_folder(self._folder, make=True))
            for name in self._names:
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
            "what": self._what[:_WHAT_AT_MOST],
        }
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(note).encode("ascii"), 0)

    def _holder_text(self, file: int) -> str:
        try:
            note = json.loads(os.pread(file, _NOTE_AT_MOST, 0))
        except ValueError:
            note = None
        if not isinstance(note, dict):
            return f"another deck {self._what}"
        on = clean(str(note.get("host", "")))
        where = f" on {on}" if on != self._host else ""
        who = f"user {clean(str(note.get('user', '')))}, pid {clean(str(note.get('pid')))}{where}"
        what = clean(str(note.get("what", self._what)), _WHAT_AT_MOST)
        return f"{who}, {_since(note)}, {what}"


class NodeLock(ProcessLock):
    """The lock of the node that an order is for, known by its address and by its uid."""

    def __init__(self, folder: Path, order: Order, host: str) -> None:
        what = f"has an action open on {order.target.node}"
        super().__init__(folder, lock_names(order), what, host)


class RolloutLock(ProcessLock):
    """The lock of the cluster that a rollout goes through: one rollout at a time in a cluster."""

    def __init__(self, folder: Path, plan: Plan, host: str) -> None:
        super().__init__(folder, rollout_lock_names(plan), f"rolls {plan.title}", host)


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


def rollout_lock_names(plan: Plan) -> tuple[str, ...]:
    """Return the lock names of a rollout: by its nodes' addresses, and by cluster where known."""
    clusters = {f"rollout {step.identity.cluster}" for step in plan.steps if step.identity.cluster}
    return (*sorted(clusters), *sorted({rollout_url_lock(step.url) for step in plan.steps}))


def rollout_url_lock(url: str) -> str:
    """Return the lock name of a rollout by a node's address."""
    return f"rollout url {url}"
