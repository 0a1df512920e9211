import errno
import fcntl
import os
import pty
import re
import signal
import socket
import sys
import tempfile
import termios
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Command, until
from tests.pty import RSDECK, environment
from tests.pty import Terminal as Screen

HEADINGS = ["NODE", "SERVICE", "STATUS", "UPTIME", "KIND"]


def left_behind(rsdeck: Command) -> list[str]:
    """Name what a run left in the home and beside it."""
    return [path.name for path in (*rsdeck.home.rglob("*"), *rsdeck.home.parent.glob("rsdeck*"))]


def test_without_a_terminal_it_prints_the_status_of_three_nodes_once(rsdeck: Command) -> None:
    ran = rsdeck.run("demo")
    assert ran.code == 0
    assert ran.out.splitlines()[0].split() == HEADINGS
    assert {row[0] for row in ran.rows} == {"node1", "node2", "node3"}
    assert len(ran.rows) > 90
    assert re.fullmatch(r"rsdeck: the deck needs a terminal; .+\n", ran.err)


def test_it_writes_nothing_to_the_users_folders(rsdeck: Command) -> None:
    rsdeck.run("demo")
    assert left_behind(rsdeck) == []


def test_it_takes_no_notice_of_the_users_configuration(rsdeck: Command) -> None:
    path = rsdeck.configure("this is no TOML")
    before = path.stat()
    assert rsdeck.run("demo").code == 0
    assert path.read_text(encoding="utf-8") == "this is no TOML"
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_the_number_of_nodes_may_be_another(rsdeck: Command) -> None:
    ran = rsdeck.run("demo", "--nodes", "5", "--still")
    assert ran.code == 0
    assert {row[0] for row in ran.rows} == {f"node{n}" for n in range(1, 6)}


@pytest.mark.parametrize("words", [("demo", "--read-only"), ("--read-only", "demo")])
def test_it_may_be_read_only_by_either_flag(words: tuple[str, ...], rsdeck: Command) -> None:
    assert rsdeck.run(*words).code == 0


@pytest.mark.real_time
@pytest.mark.parametrize("module", ["uvicorn", "trustme"])
@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_without_its_extra_it_says_how_to_get_it(
    command: str, module: str, rsdeck: Command
) -> None:
    ran = rsdeck.run_process(command, argv=rsdeck.without(module))
    assert (ran.code, ran.out) == (2, "")
    assert f"needs {module}: pip install 'rsdeck[demo]'" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.real_time
def test_without_a_terminal_it_needs_no_textual(rsdeck: Command) -> None:
    assert rsdeck.run_process("demo", argv=rsdeck.without("textual", "rich")).code == 0


def test_a_temporary_folder_that_cannot_be_made_is_reported(
    rsdeck: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_folder(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", no_folder)
    ran = rsdeck.run("demo")
    assert (ran.code, ran.out) == (2, "")
    assert "No space left on device" in ran.err


def unread(pipe: int) -> int:
    """Return how many bytes wait in a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


class Terminal:
    """The deck on a pseudo terminal, as far as these tests look."""

    def __init__(self, rsdeck: Command, *args: str) -> None:
        self.ours, theirs = pty.openpty()
        os.set_blocking(self.ours, False)
        self.child = rsdeck.start(
            *args,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
        )
        os.close(theirs)
        self.shown = b""

    def shows(self, words: bytes) -> bool:
        try:
            while data := os.read(self.ours, 65536):
                self.shown += data
        except OSError:
            pass
        return words in self.shown

    def left(self) -> bool:
        self.shows(b"")
        return self.child.poll() is not None


@pytest.mark.terminal
@pytest.mark.parametrize("words", [("demo", "--read-only"), ("--read-only", "demo"), ("demo",)])
def test_on_a_terminal_the_deck_opens_and_leaves_nothing_behind(
    words: tuple[str, ...], rsdeck: Command
) -> None:
    terminal = Terminal(rsdeck, *words, "--still")
    until(lambda: terminal.shows(b"alert_mgr"), 30)
    if "--read-only" in words:
        until(lambda: terminal.shows(b"read-only") or terminal.shows(b"READ-ONLY"))
    terminal.child.send_signal(signal.SIGTERM)
    until(terminal.left)
    assert terminal.child.returncode == 143
    assert terminal.shows(b"\x1b[?1049l")
    os.close(terminal.ours)
    assert b"Traceback" not in terminal.shown
    left = left_behind(rsdeck)
    assert ".config" not in left
    assert not [name for name in left if name.startswith("rsdeck-demo")]


@pytest.mark.terminal
def test_the_embedded_cluster_is_on_loopback_alone(rsdeck: Command) -> None:
    terminal = Terminal(rsdeck, "demo", "--still")
    until(lambda: terminal.shows(b"alert_mgr"), 30)
    links = [str(fd.readlink()) for fd in Path(f"/proc/{terminal.child.pid}/fd").iterdir()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    listening = [
        fields[1]
        for name in ("tcp", "tcp6")
        for fields in map(str.split, Path(f"/proc/net/{name}").read_text("ascii").splitlines()[1:])
        if fields[3] == "0A" and fields[9] in inodes
    ]
    assert len(listening) == 3
    for address in listening:
        assert socket.inet_ntoa(bytes.fromhex(address.partition(":")[0])[::-1]) == "127.0.0.1"
    terminal.child.kill()
    until(terminal.left)
    os.close(terminal.ours)


@pytest.mark.real_time
def test_ended_by_a_signal_it_takes_its_folder_along(rsdeck: Command) -> None:
    for number, code in ((signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)):
        reading, writing = os.pipe()
        # A page of the pipe is left, too little for the table: writing it waits for the signal.
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 8192)
        os.write(writing, bytes(4096))
        child = rsdeck.start("demo", stdout=writing)
        os.close(writing)
        until(lambda held=reading: unread(held) > 4096)
        assert len(left_behind(rsdeck)) == 1
        child.send_signal(number)
        until(lambda: left_behind(rsdeck) == [])
        while os.read(reading, 65536):
            pass
        os.close(reading)
        assert rsdeck.finish(child).code == code


def test_make_demo_runs_the_demo() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo:.*\n\t@\$\(BIN\)/rsdeck demo$", makefile, re.MULTILINE)


@pytest.mark.parametrize(
    "words", [("--tour", "--read-only"), ("--tour", "--nodes", "2")], ids=["read-only", "two"]
)
def test_a_tour_needs_nodes_to_restart(words: tuple[str, ...], rsdeck: Command) -> None:
    ran = rsdeck.run("demo", *words)
    assert (ran.code, ran.out) == (2, "")
    assert "--tour restarts services" in ran.err


def test_a_theme_that_is_not_there_is_reported_with_those_that_are(rsdeck: Command) -> None:
    ran = rsdeck.run("demo", "--theme", "dork")
    assert (ran.code, ran.out) == (2, "")
    assert "no theme 'dork'; there are: dark, deuteranopia, high-contrast, light" in ran.err
    assert rsdeck.run("demo", "--theme", "light").code == 0


@pytest.mark.terminal
@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
def test_a_tour_has_the_last_lines_until_esc_ends_it(
    size: tuple[int, int], rsdeck: Command
) -> None:
    with Screen((*RSDECK, "demo", "--tour"), environment(rsdeck.home), size=size) as terminal:
        terminal.shows("A simulated cluster", "esc ends the tour", "alert_mgr")
        assert "A simulated cluster" in terminal.lines[-2]
        assert "P Problems" in terminal.lines[-3]
        terminal.send(b"x")
        terminal.shows("PAUSED")
        terminal.send(b"\x1b")
        terminal.until(lambda: "P Problems" in terminal.lines[-1])
        assert "tour" not in terminal.text
        terminal.send(b"0")
        terminal.shows("matrix")
        terminal.send(b"\x11")
        assert terminal.ends() == 0
        assert terminal.is_given_back
