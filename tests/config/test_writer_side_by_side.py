"""P22: two programs write one configuration, are killed at random, and lose nothing of anybody."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.config.conftest import Write
from tui.config import load, save_profile

pytestmark = pytest.mark.real_time

SAVES = 100
KILLS = 5
TEXT = """\
# of the whole file
[settings]
refresh = 9  # slow

# of the first
[nodes.x]
url = "https://x"  # as it was written
username = "op"
label = "0"  # the count of x

# of the second
[nodes.y]
url = "https://y"
username = "op"
label = "0"
# at the end
"""
COMMENTS = [line.partition("#")[2] for line in TEXT.splitlines() if "#" in line]

# Counts its own node's label up: no other process writes that, so it must stay as it was left.
_COUNT = """
import resource, signal, sys
from pathlib import Path
from tui.config import ConfigError, fields_of, load, save_profile
path, who, upto, room = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if room:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sys.dont_write_bytecode = True  # half a compiled module would stay
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
last = None
while True:
    read = load(path, must_exist=True)
    profile = read.node(who)
    count = int(profile.label)
    assert last is None or count == last, f"{who} wrote {last} and finds {count}"
    if count >= upto:
        break
    fields = fields_of(profile) | {"label": str(count + 1)}
    try:
        save_profile(path, who, fields, replacing=who, digest=read.digest)
    except ConfigError as error:
        if room:
            print(error.reason)
            break
        assert error.reason == "has changed since it was read", error
        last = count
    else:
        last = count + 1
"""


def counting(path: Path, who: str, upto: int = SAVES, room: int = 0) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-c", _COUNT, str(path), who, str(upto), str(room)]
    printed = subprocess.PIPE if room else None
    return subprocess.Popen(argv, stdout=printed, text=True)  # noqa: S603 - our own words


class Watcher:
    """Reads the file again and again, as a deck that starts would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts = {"x": 0, "y": 0}

    def look(self) -> None:
        read = load(self.path, must_exist=True)
        assert [one.name for one in read.nodes] == ["x", "y"]
        assert read.settings.refresh == 9
        for one in read.nodes:
            assert int(one.label) >= self.counts[one.name], "an older version came back"
            self.counts[one.name] = int(one.label)
        text = self.path.read_text()
        assert [comment for comment in COMMENTS if comment not in text] == []


def test_two_writers_that_are_killed_at_random_leave_one_valid_version_and_clobber_nothing(
    write: Write,
) -> None:
    """P22: a hundred saves each, and no comment is lost."""
    path = write(TEXT)
    chance, watcher = random.Random(22), Watcher(path)
    writers = {who: counting(path, who) for who in "xy"}
    kills = {who: sorted(chance.sample(range(10, SAVES - 10), KILLS)) for who in "xy"}
    end = time.monotonic() + 120
    while any(one.poll() is None for one in writers.values()):
        assert time.monotonic() < end, watcher.counts
        watcher.look()
        for who, left in kills.items():
            if left and watcher.counts[who] >= left[0]:
                left.pop(0)
                # At an unknown moment of a save.
                time.sleep(chance.uniform(0, 0.02))
                writers[who].kill()
                assert writers[who].wait() in (-signal.SIGKILL, 0)
                watcher.look()
                writers[who] = counting(path, who)
    assert [one.returncode for one in writers.values()] == [0, 0]
    watcher.look()
    assert watcher.counts == {"x": SAVES, "y": SAVES}
    assert kills == {"x": [], "y": []}


_HOLD = """
import fcntl, os, sys, time
handle = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(handle, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def test_the_lock_of_a_writer_that_was_killed_is_free_at_once(write: Write) -> None:
    """P22: a stale lock is impossible, for the kernel drops it with the process."""
    path = write(TEXT)
    lock = path.with_name("config.toml.lock")
    argv = [sys.executable, "-c", _HOLD, str(lock)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as holder:  # noqa: S603 - our own words
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        os.kill(holder.pid, signal.SIGKILL)
    assert lock.exists()
    digest = load(path, must_exist=True).digest
    began = time.monotonic()
    fields = {"url": "https://n", "username": "op"}
    assert save_profile(path, "n", fields, replacing=None, digest=digest).node("n")
    assert time.monotonic() - began < 30


def test_a_writer_without_room_changes_nothing_while_another_one_goes_on(write: Write) -> None:
    """P22, case 61: a full disk."""
    path = write(TEXT)
    watcher = Watcher(path)
    full, other = counting(path, "x", room=20), counting(path, "y", upto=30)
    while other.poll() is None or full.poll() is None:
        watcher.look()
    printed, _ = full.communicate()
    assert printed in {"cannot be written: File too large\n", "has changed since it was read\n"}
    assert (full.returncode, other.returncode) == (0, 0)
    watcher.look()
    assert watcher.counts == {"x": 0, "y": 30}
    assert [one for one in path.parent.iterdir() if one.name.startswith(".")] == []
