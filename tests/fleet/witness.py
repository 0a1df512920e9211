"""A node that looks into the journal, and decks in processes of their own that write it."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faultserver import FaultServer, Peer
from tests.fleet.conftest import Play
from tui.journal.chain import Record, open_record
from tui.journal.journal_file import JournalFile

ROOT = Path(__file__).parents[2]


def records(folder: Path, *kinds: str) -> list[Record]:
    if not (folder / "journal.jsonl").exists():
        return []
    read = [open_record(line.removesuffix(b"\n")) for line in JournalFile(folder).lines()]
    return [one for one in read if one and (not kinds or one["kind"] in kinds)]


class Witness(Play):
    """A node that looks into the journal when a POST arrives, and then restarts what is asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.second = 0
        self.paired: list[str] = []
        self.unrecorded = 0
        self.post(self.act)

    def act(self, peer: Peer) -> None:
        intents = records(self.folder, "intent")
        newest = intents[-1]["id"] if intents else ""
        if not newest or newest in self.paired:
            self.unrecorded += 1
        self.paired.append(newest)
        self.second += 60
        minute = self.second // 60
        start = f"2026-01-02T{minute // 60:02}:{minute % 60:02}:00Z"
        self.services["alert_mgr"] = {"status": "RUNNING", "start_time": start, "uptime": "0:00:01"}
        peer.answer('{"alert_mgr": true}')


class Child:
    """A deck in a process of its own (tests/fleet/order_process.py)."""

    def __init__(self, how: str, url: str, folder: Path, *before: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            [*before, sys.executable, "-m", "tests.fleet.order_process", how, url, str(folder)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def hears(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the deck has ended"
        return json.loads(line)

    def tell(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def child(how: str, server: FaultServer, folder: Path, *before: str) -> Iterator[Child]:
    one = Child(how, server.url, folder, *before)
    try:
        yield one
    finally:
        one.kill()


def until(ready: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def traced(folder: Path, *more: str) -> tuple[str, ...]:
    strace = shutil.which("strace")
    log = folder.parent / "strace.log"
    argv = (
        strace or "", "-f", "-y", "-s", "64", "-o", str(log),
        "-e", "trace=fsync,write,sendto", *more,
    )  # fmt: skip
    if strace is None:
        pytest.skip("needs strace")
    if subprocess.run([*argv, "true"], check=False, capture_output=True).returncode:  # noqa: S603 - our own words
        pytest.skip("strace may not trace here")
    return argv
