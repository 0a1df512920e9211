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
from tui.model.event import Sender
from tui.model.order import Result, Verb
from tui.model.sent_action import ActionVerdict, SentAction
from tui.model.text import clean

_TAIL = 256 * 1024
"""Bytes at the end of a file that are read at first; what is older explains nothing any more."""

_KEPT_FOR = 3600.0
_KINDS = (b'"kind":"session"', b'"kind":"intent"', b'"kind":"verdict"', b'"kind":"resolved"')


@dataclass(frozen=True, slots=True)
class OtherAction:
    """An action of another process, and the node that it was sent to.

    `uid` and `cluster` are those of the node as the process knew them; None and empty where it did
    not.
    """

    action: SentAction
    url: str
    uid: int | None
    cluster: str
    sender: Sender


class OtherActions:
    """Follows the journal in a folder, but for the records of the session `own`."""

    def __init__(self, folder: Path, own: str = "") -> None:
        self._folder = folder
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
        return await run_in_thread(("other actions", id(self)), self._read)

    def _read(self) -> tuple[OtherAction, ...]:
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
            case "intent":
                action = self._action(record)
                if action is not None:
                    self._actions[str(record.get("id"))] = action
            case "verdict" | "resolved":
                action = self._actions.get(str(record.get("id")))
                if action is not None:
                    self._end(str(record.get("id")), action, record)

    def _action(self, record: Record) -> OtherAction | None:
        """Return an intent as an action; None where it is not one that this version writes."""
        try:
            services = map(read_service, record["services"])
            uid, before = record["uid"], {seen.name: seen for seen in services}
            return OtherAction(
                SentAction(Verb(record["verb"]), _moment(record), before),
                str(record["url"]),
                uid if isinstance(uid, int) else None,
                _text(record["cluster"]),
                replace(self._session(str(record["session"])), reason=_text(record["reason"])),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    def _end(self, id_: str, other: OtherAction, record: Record) -> None:
        """Add a verdict, or what a later session found out where there was none."""
        try:
            start = read_start(record.get("start_time"))
            end = ActionVerdict(_moment(record), Result(record["result"]), start)
        except (KeyError, TypeError, ValueError):
            return
        ends = {**other.action.ends, _text(record.get("service")): end}
        self._actions[id_] = replace(other, action=replace(other.action, ends=ends))

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
    on = datetime.fromisoformat(record["at"])
    return monotonic() - (datetime.now(UTC) - on).total_seconds()


def _text(value: object) -> str:
    return clean(str(value))
