"""The journal of a session: no record, no order; and the locks of nodes and clusters.

The same refusal is recorded only so often.

One order at a time on a node, one rollout in a cluster. The locks end with their process. They are
advisory, and for processes that share a state folder: those of one user on one machine, or on
several with one home folder.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.journal import records
from tui.journal.journal_file import JournalError, JournalFile, JournalReader, MissingFile
from tui.journal.records import boot_id, describe_session, session_sender, timestamp, user_name
from tui.journal.unfinished import (
    RolloutFollower,
    UnfinishedOrder,
    UnfinishedRollout,
    find_unfinished_orders,
)
from tui.model.clock import awake, monotonic
from tui.model.order import Order, OrderAnswer, Result, Target, Tier, Verb, Verdict
from tui.model.rollout import Plan, Step, StepResult
from tui.model.text import clean
from tui.storage.background_writer import BackgroundWriter, SlowDisk
from tui.storage.private_files import opened_file, opened_folder, storage_errors

_NOTE_AT_MOST = 4096
_WHAT_AT_MOST = 500
_CHECKED_FOR, _CHECKED_AT_MOST = 0.1, 2.0
"""Seconds for which another process may check a lock, and more where it is held up meanwhile."""


class NodeBusy(JournalError):
    """Another process has it locked; the sentence says which.

    It `is_paused` where what the other does is paused, as far as it recorded that.
    """

    def __init__(self, text: str, *, is_paused: bool = False) -> None:
        super().__init__(text)
        self.is_paused = is_paused


class ProcessLock:
    """A lock of one or more names, which ends with its process.

    `what` is what its holder does, in words, as `has an action open on node3`.
    """

    def __init__(self, folder: Path, names: Sequence[str], what: str, host: str) -> None:
        self._folder = folder / "locks"
        self.names = tuple(names)
        self._what = what
        self._host = host
        self._files = contextlib.ExitStack()
        self._taken: list[int] = []
        self._note: dict[str, Any] = {}
        self.is_taken = False

    def take(self, wait: float = _CHECKED_FOR) -> None:
        """Lock it, or raise NodeBusy after `wait` seconds; JournalError where it is not possible.

        The wait is for another process that only checks it.
        """
        until = awake() + wait
        self._note = {
            **timestamp(),
            "pid": os.getpid(),
            "user": user_name(),
            "host": self._host,
            "paused": 0,
            "what": self._what[:_WHAT_AT_MOST],
        }
        taken = []
        with contextlib.ExitStack() as files:
            for path, file in self._opened(files, make=True):
                with storage_errors(path):
                    self._lock(file, until)
                taken.append(file)
            self._files = files.pop_all()
        self._taken, self.is_taken = taken, True

    def mark_paused(self, *, is_paused: bool) -> None:
        """Record whether what it is locked for is paused; nothing where that cannot be written."""
        self._note["paused"] = int(is_paused)  # as long either way: whoever reads it reads it whole
        with contextlib.suppress(OSError):
            for file in self._taken:
                os.pwrite(file, json.dumps(self._note).encode("ascii"), 0)

    def check(self) -> None:
        """Raise NodeBusy where another process has it, at once; JournalError as `take`.

        Nothing is made for it: what does not exist has never been locked.
        """
        with contextlib.ExitStack() as files:
            for path, file in self._opened(files, make=False):
                with storage_errors(path):
                    if _is_held(file):
                        raise self._busy(file)

    def free(self) -> None:
        """Unlock it."""
        self._taken = []
        self._files.close()
        self.is_taken = False

    def _opened(self, files: contextlib.ExitStack, *, make: bool) -> Iterator[tuple[Path, int]]:
        """Open the file of each name; closing it unlocks it."""
        ignored = () if make else (MissingFile,)
        with contextlib.suppress(*ignored):
            # The folder above must be as private as this one.
            files.enter_context(opened_folder(self._folder.parent, make=make))
            folder = files.enter_context(opened_folder(self._folder, make=make))
            for name in self.names:
                path = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.lock"
                with contextlib.suppress(*ignored):
                    flags = os.O_RDWR | os.O_CREAT if make else os.O_RDONLY
                    yield path, files.enter_context(opened_file(folder, path, flags))

    def _lock(self, file: int, until: float) -> None:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                late = awake() - until
                if late > 0 and _is_held(file):
                    raise self._busy(file) from None
                if late > _CHECKED_AT_MOST:
                    text = "another rsdeck checks the lock, and does not go on: try again"
                    raise NodeBusy(text) from None
            time.sleep(0.005)
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(self._note).encode("ascii"), 0)

    def _busy(self, file: int) -> NodeBusy:
        try:
            note = json.loads(os.pread(file, _NOTE_AT_MOST, 0))
        except ValueError:
            note = None
        if not isinstance(note, dict):
            return NodeBusy(f"another rsdeck {self._what}")
        on = clean(str(note.get("host", "")))
        where = f" on {on}" if on != self._host else ""
        who = f"user {clean(str(note.get('user', '')))}, pid {clean(str(note.get('pid')))}{where}"
        what = clean(str(note.get("what", self._what)), _WHAT_AT_MOST)
        text = f"another rsdeck {what} ({who}, {_since(note)})"
        return NodeBusy(text, is_paused=note.get("paused") == 1)


def _is_held(file: int) -> bool:
    """Whether another process holds a lock, and does not only check it."""
    try:
        # Shared: two that look at once do not take each other for its holder.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    # At once: who takes it waits only a moment for one that checks it.
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


class NodeLock(ProcessLock):
    """The lock of the node that an order is for, known by its address and by its uid."""

    def __init__(self, folder: Path, order: Order, host: str) -> None:
        what = f"has an action open on {order.target.node}"
        super().__init__(folder, lock_names(order), what, host)


class RolloutLock(ProcessLock):
    """The lock of the cluster that a rollout goes through: one rollout at a time in a cluster."""

    def __init__(self, folder: Path, plan: Plan, host: str) -> None:
        super().__init__(folder, rollout_lock_names(plan.steps), f"rolls {plan.title}", host)


def _since(note: dict[str, Any]) -> str:
    began = note.get("mono")
    if note.get("boot") == boot_id() and isinstance(began, int | float):
        return f"for {max(0.0, monotonic() - began):.0f} s"
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


def rollout_lock_names(nodes: Iterable[Step | Target]) -> tuple[str, ...]:
    """Return the lock names of a rollout over nodes: by their addresses, and their known cluster.

    Of one node, they are those that a rollout has locked which goes over it or its cluster.
    """
    places = [(node.url, node.identity.cluster) for node in nodes]
    clusters = {f"rollout {cluster}" for _, cluster in places if cluster}
    return (*sorted(clusters), *sorted({rollout_url_lock(url) for url, _ in places}))


def rollout_url_lock(url: str) -> str:
    """Return the lock name of a rollout by a node's address."""
    return f"rollout url {url}"


REFUSAL_EVERY = 60.0
"""Seconds between two records of the same press and reason."""

_KNOWN_AT_MOST = 200


class RefusalLimit:
    """Lets one record of a press and reason through in a while, and counts the others."""

    def __init__(self) -> None:
        # Press and reason → when it was last recorded, and how often it came since.
        self._last: dict[Hashable, tuple[float, int]] = {}

    def take(self, press: Hashable, now: float) -> int | None:
        """Return how many of the same went unrecorded before this one; None if it is one too.

        `now` is monotonic.
        """
        at, more = self._last.get(press, (now - REFUSAL_EVERY, 0))
        if now - at < REFUSAL_EVERY:
            self._last[press] = (at, more + 1)
            return None
        self._last.pop(press, None)
        self._last[press] = (now, 0)
        if len(self._last) > _KNOWN_AT_MOST:
            del self._last[next(iter(self._last))]
        return more


_WRITE_WITHIN = 10.0
_CLOSE_WITHIN = 1.0


class OrderJournal:
    """Writes what happens to orders into a folder, which is not touched before `begin`.

    `session` is in each of its records, and `sender` is this process as others name it;
    `trouble` says why the last record could not be written, empty where it was;
    `unfinished_rollouts` are those of earlier sessions, once it has begun.
    """

    def __init__(self, folder: Path, *, limit: float = _WRITE_WITHIN) -> None:
        self.trouble = ""
        self._folder = folder
        self._limit = limit
        self._store = JournalFile(folder)
        self._writer = BackgroundWriter("journal")
        self.session = secrets.token_hex(4)
        self._who = describe_session(os.environ, read_only=False)
        self.sender = session_sender(self._who)
        self._refusals = RefusalLimit()
        self._opening: dict[str, Any] = {}
        self._is_open = False
        self._rollouts = RolloutFollower()
        self._rollout_locks: dict[int, RolloutLock] = {}
        self._locked: set[str] = set()
        """The names of the locks that this process has; only the writer's thread uses it."""
        self.unfinished_rollouts: tuple[UnfinishedRollout, ...] = ()

    async def begin(self) -> tuple[UnfinishedOrder, ...]:
        """Open the session; returns the orders of earlier ones that have no known result.

        A failure is left in `trouble`, and tried again with the first order.
        """
        self._opening = timestamp()
        try:
            return await self._writer.do(self._begin, self._limit)
        except JournalError as error:
            self.trouble = str(error)
            return ()

    def end(self) -> None:
        """Close the session, and wait a moment for what is still to be written."""
        if self._opening:
            fields = {**timestamp(), "session": self.session, "kind": "session_end"}
            wait([self._writer.put(lambda: self._close(fields))], timeout=_CLOSE_WITHIN)

    @asynccontextmanager
    async def hold(self, order: Order) -> AsyncIterator[None]:
        """Lock the order's node against every other process; raises JournalError.

        Also where another process goes over the cluster with a rollout. One of this process
        does not keep its own actions away, nor a single one, whose dialog warns of it.
        """
        async with self._held(NodeLock(self._folder, order, self._who["host"])):
            await self._writer.do(lambda: self._check_rollouts(order.target), self._limit)
            yield

    @asynccontextmanager
    async def hold_cluster(self, plan: Plan) -> AsyncIterator[None]:
        """Lock a plan's cluster against the rollouts of every other process; as `hold`."""
        lock = RolloutLock(self._folder, plan, self._who["host"])
        async with self._held(lock):
            self._rollout_locks[plan.number] = lock
            try:
                yield
            finally:
                del self._rollout_locks[plan.number]

    def rollout_paused(self, plan: Plan, *, is_paused: bool) -> None:
        """Record for other processes whether a rollout that holds its cluster is paused."""
        lock = self._rollout_locks.get(plan.number)
        if lock is not None:
            self._writer.put(lambda: lock.mark_paused(is_paused=is_paused))

    @asynccontextmanager
    async def _held(self, lock: ProcessLock) -> AsyncIterator[None]:
        try:
            await self._writer.do(lambda: self._take(lock), self._limit)
            yield
        finally:
            # After all that was recorded of the order, in the same thread.
            self._writer.put(lambda: self._free(lock))

    async def rolled_elsewhere(self, nodes: Sequence[Step | Target]) -> tuple[str, ...]:
        """Return for each node which other process goes over its cluster with a rollout.

        Empty where none does, and where that cannot be found out: `hold` checks it again.
        """
        try:
            return await self._writer.do(lambda: tuple(map(self._roller, nodes)), self._limit)
        except SlowDisk:
            return ("",) * len(nodes)

    async def intend(self, order: Order, tier: Tier, username: str) -> None:
        """Write an order to the disk; raises JournalError, and then it must not be sent."""
        age = monotonic() - order.pressed_at
        fields = self._of(order, records.intent(order, tier, username, age))
        try:
            await self._writer.do(lambda: self._write(fields), self._limit)
        except JournalError as error:
            self.trouble = str(error)
            if isinstance(error, SlowDisk):
                # It may be written yet, and is not to be taken for an order that left.
                for name in order.names:
                    self.judged(order, Verdict(name, Result.NOT_SENT, str(error)))
            raise JournalError(f"the action could not be recorded: {error}") from error

    def id_of(self, order: Order) -> str:
        """Return the id of an order of this session in the records."""
        return f"{self.session}-{order.number}"

    def rollout_id_of(self, plan: Plan) -> str:
        """Return the id of a rollout of this session in the records."""
        return f"{self.session}-r{plan.number}"

    def sent(self, order: Order) -> None:
        """Record that the POST begins to leave."""
        self._put(self._of(order, {"kind": "sent"}))

    def answered(self, order: Order, answer: OrderAnswer) -> None:
        """Record what came back."""
        self._put(self._of(order, records.result(answer)))

    def judged(self, order: Order, verdict: Verdict) -> None:
        """Record the verdict for one service."""
        self._put(self._of(order, records.verdict(verdict)))

    def refused(self, verb: Verb, node: str, names: tuple[str, ...], why: str) -> None:
        """Record an order that was not sent; the same press and reason once a minute."""
        unrecorded = self._refusals.take((verb, node, names, why), monotonic())
        # While nothing can be written, each press tries whether it can by now.
        if unrecorded is not None or self.trouble:
            fields = records.refused(verb, node, names, why, unrecorded or 0)
            self._put({**self._stamped(), **fields})

    def resolved(self, id_: str, verdict: Verdict, status: str | None) -> None:
        """Record the result of an order of an earlier session."""
        self._put({**self._stamped(), **records.resolved(verdict, status, id_)})

    async def planned(self, plan: Plan, tier: Tier, username: str) -> None:
        """Write a plan to the disk; raises JournalError, and then nothing of it may be sent."""
        age = monotonic() - plan.pressed_at
        fields = self._in(plan, records.plan(plan, tier, username, age))
        try:
            await self._writer.do(lambda: self._write(fields), self._limit)
        except JournalError as error:
            self.trouble = str(error)
            raise JournalError(f"the plan could not be recorded: {error}") from error

    def stepped(
        self, plan: Plan, step: Step, result: StepResult, text: str, orders: tuple[int, ...]
    ) -> None:
        """Record the result of one node's turn; `orders` are the numbers of its orders."""
        ids = [f"{self.session}-{number}" for number in orders]
        self._put(self._in(plan, records.step(step, result, text, ids)))

    def rollout_ended(self, plan: Plan, *, is_done: bool, text: str) -> None:
        """Record that a rollout ended; one that has no such record was ended with its process."""
        self._put(self._in(plan, records.rollout_end(is_done=is_done, text=text)))

    async def rollout_cleared(self, rollout: UnfinishedRollout) -> None:
        """Write that a rollout of an earlier session is not offered again; raises JournalError."""
        cleared = records.rollout_cleared(rollout.remaining)
        fields = {**self._stamped(), "id": rollout.id, **cleared}
        try:
            await self._writer.do(lambda: self._write(fields), self._limit)
        except JournalError as error:
            self.trouble = str(error)
            raise

    def _in(self, plan: Plan, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._stamped(), "id": self.rollout_id_of(plan), **fields}

    def _stamped(self) -> dict[str, Any]:
        return {**timestamp(), "session": self.session}

    def _of(self, order: Order, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._stamped(), "id": self.id_of(order), **fields}

    def _put(self, fields: dict[str, Any]) -> None:
        self._writer.put(lambda: self._write(fields)).add_done_callback(self._note)

    def _note(self, done: "Future[None]") -> None:
        error = done.exception()
        self.trouble = str(error) or type(error).__name__ if error else ""

    # What the background writer does, in its thread

    def _write(self, fields: dict[str, Any]) -> None:
        self._open()
        self._store.append(fields)

    def _open(self) -> None:
        if not self._is_open:
            opening = {**self._opening, "session": self.session, "kind": "session", **self._who}
            self._store.append(opening)
            self._is_open = True

    def _close(self, fields: dict[str, Any]) -> None:
        if self._is_open:
            self._store.append(fields)

    def _begin(self) -> tuple[UnfinishedOrder, ...]:
        try:
            self._open()
            self.trouble = ""
        except JournalError as error:
            self.trouble = str(error)
        reader = JournalReader(self._folder)
        found = self._unfinished(reader, ())
        self.unfinished_rollouts = tuple(
            rollout
            for rollout in self._rollouts.unfinished(datetime.now(UTC))
            if self._is_abandoned(rollout)
        )
        abandoned = {entry.id for entry in found if self._is_free(entry.order)}
        if not abandoned:
            return ()
        # Read on: an order that another process had open may have ended meanwhile.
        return tuple(entry for entry in self._unfinished(reader, found) if entry.id in abandoned)

    def _unfinished(
        self, reader: JournalReader, known: tuple[UnfinishedOrder, ...]
    ) -> tuple[UnfinishedOrder, ...]:
        try:
            return find_unfinished_orders(self._rollouts.follow(reader.lines()), known)
        except MissingFile:
            return ()
        except JournalError as error:
            self.trouble = self.trouble or str(error)
            return ()

    def _take(self, lock: ProcessLock) -> None:
        lock.take()
        self._locked |= {*lock.names}

    def _free(self, lock: ProcessLock) -> None:
        if lock.is_taken:
            self._locked -= {*lock.names}
        lock.free()

    def _roller(self, node: Step | Target) -> str:
        """Return which other process goes over a node's cluster, as far as it can be found out."""
        try:
            self._check_rollouts(node)
        except NodeBusy as busy:
            return str(busy)
        except JournalError:
            pass
        return ""

    def _check_rollouts(self, node: Step | Target) -> None:
        """Raise NodeBusy where another process goes over a node's cluster with a rollout."""
        names = [name for name in rollout_lock_names([node]) if name not in self._locked]
        try:
            ProcessLock(self._folder, names, "rolls this cluster", self._who["host"]).check()
        except NodeBusy as busy:
            way = ": wait until it ends, or abort it there"
            if busy.is_paused:
                way = "; it is paused: resume or abort it there, or act from its deck"
            raise NodeBusy(f"{busy}{way}", is_paused=busy.is_paused) from None

    def _is_free(self, order: Order) -> bool:
        """Whether no other process has an action open on the node; without locks, none has."""
        return _is_free(NodeLock(self._folder, order, self._who["host"]))

    def _is_abandoned(self, rollout: UnfinishedRollout) -> bool:
        """Whether no other process goes on with a rollout."""
        names = [rollout_url_lock(url) for _, url in rollout.nodes]
        return _is_free(ProcessLock(self._folder, names, "rolls it", self._who["host"]))


def _is_free(lock: ProcessLock) -> bool:
    """Whether no other process holds a lock; where locking is not possible, none does."""
    try:
        lock.check()
    except NodeBusy:
        return False
    except JournalError:
        pass
    return True
