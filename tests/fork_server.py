"""Start decks by a fork of a process that has imported them, which saves each its imports.

`python -m tests.fork_server FD` serves the socket FD until it is closed. What a deck takes from
its start alone (the locale, variables that modules read when they are imported) is the server's:
tests of these start a process of their own.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
IS_SUPPORTED = hasattr(os, "pidfd_open")
"""Whether this system has what the server is made of (Linux)."""
_COMMON = {
    "PATH": os.environ.get("PATH", os.defpath),
    "TERM": "xterm-256color",
    "LANG": "C.UTF-8",
    "PYTHONPATH": str(ROOT),
}
_FREE = {"HOME", "XDG_CONFIG_HOME", "TMPDIR", "DECK_TEST_PASSWORD"}


def serves(env: Mapping[str, str]) -> bool:
    """Whether a fork with these variables is what a process started with them would be."""
    rest = {name: value for name, value in env.items() if name not in _FREE}
    return IS_SUPPORTED and rest == _COMMON


class ForkedProcess:
    """What tests use of `subprocess.Popen`, for a fork of the server."""

    def __init__(self, args: Sequence[str], env: Mapping[str, str], terminal: int) -> None:
        self.pid = _server().fork(args, env, terminal)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code as `Popen` does, or None while it runs."""
        if self.returncode is None:
            self.returncode = _server().ended(self.pid, 0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended. Raises TimeoutError."""
        while self.returncode is None:
            self.returncode = _server().ended(self.pid, timeout)
            if self.returncode is None and timeout is not None:
                raise TimeoutError
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class _Server:
    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._codes: dict[int, int] = {}
        self._process = subprocess.Popen(  # noqa: S603 - our own words
            (sys.executable, "-m", "tests.fork_server", str(theirs.fileno())),
            cwd=ROOT,
            env=_COMMON | {"HOME": os.devnull},
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        atexit.register(self._end)

    def fork(self, args: Sequence[str], env: Mapping[str, str], terminal: int) -> int:
        words = json.dumps({"args": list(args), "env": dict(env)}).encode()
        socket.send_fds(self._socket, [words], [terminal])
        while (started := self._receive()) is None:
            pass
        return started

    def ended(self, pid: int, timeout: float | None) -> int | None:
        while pid not in self._codes and select.select([self._socket], [], [], timeout)[0]:
            self._receive()
        return self._codes.pop(pid, None)

    def _receive(self) -> int | None:
        """Take one message: return the pid of a deck that was started, or keep an exit code."""
        words = self._socket.recv(1024)
        assert words, "the fork server has ended"
        pid, code = json.loads(words)
        if code is None:
            return int(pid)
        self._codes[pid] = code
        return None

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


_running: list[_Server] = []


def _server() -> _Server:
    if not _running:
        _running.append(_Server())
    return _running[0]


def _serve(control: socket.socket) -> tuple[list[str], dict[str, str], int] | None:
    """Fork a deck for each message.

    Returns None in the server, at its end, and in each fork what it is to do: its arguments, its
    environment, and the descriptor of its terminal.
    """
    watched: dict[int, int] = {}
    while True:
        for ready in select.select([control, *watched], [], [])[0]:
            if ready is not control:
                pid = watched.pop(ready)
                os.close(ready)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                control.send(json.dumps([pid, code]).encode())
                continue
            words, fds, *_ = socket.recv_fds(control, 65_536, 1)
            if not words:
                return None
            if not (pid := os.fork()):
                for fd in watched:
                    os.close(fd)
                return *json.loads(words).values(), fds[0]
            os.close(fds[0])
            watched[os.pidfd_open(pid)] = pid
            control.send(json.dumps([pid, None]).encode())


def _become(env: Mapping[str, str], terminal: int) -> None:
    """Lead a session of its own on the terminal, with these variables and streams."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(terminal, fd)
    os.close(terminal)
    os.environ.clear()
    os.environ.update(env)
    sys.stdin, sys.stdout = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8")  # noqa: SIM115 - the process's own streams
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 - as above
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


if __name__ == "__main__":
    # What a deck, and one with its own cluster, imports until its first table is filled.

    import tui.api.client
    import tui.cli.deck
    import tui.cli.demo
    import tui.cli.entry
    import tui.cli.main
    import tui.fleet.early_polling
    import tui.fleet.fleet
    import tui.fleet.snapshot.storage
    import tui.history.reader
    import tui.history.recorder
    import tui.journal.order_journal
    import tui.sim.server
    import tui.ui.app
    import tui.ui.dialogs.order
    import tui.ui.screens.help
    import tui.ui.screens.matrix

    gc.collect()
    gc.freeze()
    _control = socket.socket(fileno=int(sys.argv[1]))
    if _task := _serve(_control):
        _control.close()
        _args, _env, _terminal = _task
        _become(_env, _terminal)
        sys.argv = [str(ROOT / "tui" / "__main__.py"), *_args]
        sys.exit(tui.cli.entry.main())
