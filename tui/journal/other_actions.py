"""What other processes of this machine order, by what they record in the shared journal."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tui.concurrency import run_in_thread
from tui.journal.chain import Record, open_record
from tui.journal.journal_file import JournalError, JournalReader
from tui.journal.records import boot_id, session_sender
from tui.journal.unfinished import read_service, read_start
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.event import TEXT_AT_MOST, Event, OrderEnded, OrderGiven, Sender, is_same_step
from tui.model.order import Result, Verb
from tui.model.sent_action import OPEN_FOR, ActionVerdict, SentAction
from tui.model.text import clean

_TAIL = 256 * 1024
"""Bytes at the end of a file that are read at first; what is older explains nothing any more."""

_KEPT_FOR = 3600.0
_KINDS = (
    b'"kind":"session"',
    b'"kind":"session_end"',
    b'"kind":"intent"',
    b'"kind":"verdict"',
    b'"kind":"resolved"',
    b'"kind":"rollout_cleared"',
)


@dataclass(frozen=True, slots=True)
class OtherAction:
    """An action of another process, and the node that it was sent to.

    `uid` and `cluster` are those of the node as the process knew them; None and empty where it did
    not. `events` are its steps, each once: that it was sent, then its verdicts. Their node is named
    as the process names it.
    """

    action: SentAction
    url: str
    uid: int | None
    cluster: str
    sender: Sender
    events: tuple[Event, ...]

    @property
    def id(self) -> str:
        """Return its id in the journal."""
        return self.events[0].action

    def is_open(self, now: float) -> bool:
        """Whether a verdict is to be expected yet, at `now` (monotonic)."""
        is_watched = now - self.action.since <= OPEN_FOR
        return is_watched and not self.action.before.keys() <= self.action.ends.keys()


class OtherActions:
    """Follows the journal in a folder, but for the records of the session `own`.

    `cleared_rollouts` are the ids of the rollouts that were cleared, as far as it was read.
    """

    def __init__(self, folder: Path, own: str = "") -> None:
        self._folder = folder
        self.cleared_rollouts: frozenset[str] = frozenset()
        self._own = own
        self._reader = JournalReader(folder, tail=_TAIL)
        self._seen = (0, 0)
        self._sessions: dict[str, Sender] = {}
        self._actions: dict[str, OtherAction] = {}

    async def read(self) -> tuple[OtherAction, ...]:
        """Return the actions of the last hour that are recorded by now.

        The disk is read in a thread, and may hang: the caller limits the time. Where the journal
        cannot be read, the actions are those that are known.
        """
        return await run_in_thread(("other actions", id(self)), self.read_now)

    def read_now(self) -> tuple[OtherAction, ...]:
        """Return the same as `read`; blocks as long as the disk does."""
        try:
            status = self._reader.path.stat()
            seen = (status.st_ino, status.st_size)
            if seen != self._seen:
                self._take_lines(self._reader.lines())
                self._seen = seen
        except (JournalError, OSError):
            pass  # `rsdeck journal` and the deck's own records show what is wrong with it
        oldest = monotonic() - _KEPT_FOR
        self._actions = {
            id_: one for id_, one in self._actions.items() if one.action.since > oldest
        }
        return tuple(self._actions.values())

    def _take_lines(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if any(kind in line for kind in _KINDS):
                record = open_record(line.removesuffix(b"\n"))
                if record is not None and (_resolves(record) or not self._is_own(record)):
                    self._take(record)

    def _is_own(self, record: Record) -> bool:
        return record.get("session") == self._own

    def _take(self, record: Record) -> None:
        match record.get("kind"):
            case "session":
                self._sessions[str(record.get("session"))] = session_sender(record)
            case "rollout_cleared":
                self.cleared_rollouts |= {str(record.get("id"))}
            case "session_end":
                self._end_session(record)
            case "intent":
                action = self._action(record)
                if action is not None:
                    self._actions[str(record.get("id"))] = action
            case "verdict" | "resolved":
                action = self._actions.get(str(record.get("id")))
                if action is not None:
                    self._end(str(record.get("id")), action, record)

    def _end_session(self, record: Record) -> None:
        """Note of the actions of a session that it has ended."""
        try:
            on = datetime.fromisoformat(record["at"]).astimezone(UTC)
        except (KeyError, TypeError, ValueError):
            return
        for id_, one in [*self._actions.items()]:
            if id_.startswith(f"{record.get('session')}-"):
                sender = replace(one.sender, has_ended=True, ended_on=on)
                self._actions[id_] = replace(one, sender=sender)

    def _action(self, record: Record) -> OtherAction | None:
        """Return an intent as an action; None where it is not one that this version writes."""
        try:
            services = map(read_service, record["services"])
            uid, before = record["uid"], {seen.name: seen for seen in services}
            action = SentAction(Verb(record["verb"]), _moment(record), before)
            reason = _text(record["reason"])
            sender = replace(self._session(str(record["session"])), reason=reason)
            sent = Event(
                _text(record["node"]),
                OrderGiven(action.verb, tuple(before), reason),
                action.since,
                _wall_clock(record),
                next(iter(before)) if len(before) == 1 else "",
                sender=sender,
                action=_text(record["id"]),
            )
            return OtherAction(
                action,
                str(record["url"]),
                uid if isinstance(uid, int) else None,
                _text(record["cluster"]),
                sender,
                (sent,),
            )
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            return None

    def _end(self, id_: str, other: OtherAction, record: Record) -> None:
        """Add a verdict, or what a later session found out where there was none."""
        try:
            start = read_start(record.get("start_time"))
            end = ActionVerdict(_moment(record), Result(record["result"]), start)
            on = _wall_clock(record)
        except (KeyError, TypeError, ValueError, OverflowError):
            return
        service = _text(record.get("service"))
        evidence = clean(str(record.get("text")), TEXT_AT_MOST)
        action = replace(other.action, ends={**other.action.ends, service: end})
        ended = replace(
            other.events[0],
            details=OrderEnded(action.verb, end.result, evidence),
            at=end.at,
            on=on,
            service=service,
        )
        events = other.events
        if not any(is_same_step(ended, one) for one in events):
            events = (*events, ended)
        self._actions[id_] = replace(other, action=action, events=events)

    def _session(self, session: str) -> Sender:
        """Return who a session is; its record may stand in an older file, long before."""
        if session not in self._sessions:
            needle = f'"session":"{session}"'.encode()
            self._sessions[session] = Sender()
            for line in JournalReader(self._folder).lines():
                if needle in line and _KINDS[0] in line:
                    record = open_record(line.removesuffix(b"\n"))
                    if record is not None:
                        self._sessions[session] = session_sender(record)
        return self._sessions[session]


def _resolves(record: Record) -> bool:
    """Whether a session found out what came of an action, which is one of another session's."""
    return record.get("kind") == "resolved"


def _moment(record: Record) -> float:
    """Return when a record was written, by the monotonic clock of this boot.

    One of another boot, or of another machine with the same home, is placed by the wall clock.
    """
    if record.get("boot") == boot_id() and boot_id():
        return float(record["mono"])
    return monotonic() - (datetime.now(UTC) - _wall_clock(record)).total_seconds()


def _wall_clock(record: Record) -> datetime:
    """Return when a record was written, by the wall clock, aware; raises ValueError, TypeError."""
    on = datetime.fromisoformat(record["at"])
    if on.tzinfo is None:
        raise ValueError
    return on.astimezone(UTC)


def _text(value: object) -> str:
    return clean(str(value))
