"""The command line, in this process or as a child, against the real simulator over HTTPS."""

import contextlib
import gc
import io
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pytest

from tui.cli.entry import main
from tui.credentials import environment as password_variables
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

ROOT = Path(__file__).parents[2]
RSDECK = (sys.executable, "-m", "tui")
USER, PASSWORD = "admin@demo.local", "demo-password"
WRONG = "hunter2-canary"


@contextlib.contextmanager
def terminal(width: int) -> Iterator[TextIO]:
    """Yield a stream that writes to a terminal of so many columns, whose text nothing reads."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, width))
    with os.fdopen(ours), os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield stream


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def nodes(self) -> list[dict[str, Any]]:
        """The nodes of `status --json`."""
        return json.loads(self.out)["nodes"]

    @property
    def rows(self) -> list[list[str]]:
        """The lines of a table after its headings, by cell; no cell may hold a space."""
        return [line.split() for line in self.out.splitlines()[1:]]


class Command:
    """`rsdeck` for a user whose home is `home`, without a terminal.

    `run` calls it in this process. `run_process` and `start` make a child of it, for tests of what
    only a process has: signals, a closed stream, a fresh interpreter.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TMPDIR": str(home.parent),
            # A child reports what it leaves open on stderr, and `finish` looks there. In this
            # process pytest makes an error of it.
            "PYTHONWARNINGS": "default::ResourceWarning",
        }
        self.started: list[subprocess.Popen[str]] = []

    @property
    def config_path(self) -> Path:
        return self.home / ".config" / "rsdeck" / "config.toml"

    def configure(self, text: str, path: Path | None = None, mode: int = 0o600) -> Path:
        path = path or self.config_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def start(
        self, *args: str, argv: tuple[str, ...] = RSDECK, env: Mapping[str, str] = {}, **more: Any
    ) -> "subprocess.Popen[str]":
        pipes: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        pipes["stdin"] = subprocess.DEVNULL
        child = subprocess.Popen(  # noqa: S603 - our own words
            (*argv, *args),
            cwd=ROOT,
            env=self.env | env,
            text=True,
            encoding="utf-8",
            **(pipes | more),
        )
        self.started.append(child)
        return child

    def finish(self, child: "subprocess.Popen[str]", seconds: float = 60) -> Ran:
        """Wait for the end; no run may ever show a traceback or a warning."""
        out, err = child.communicate(timeout=seconds)
        return _checked(Ran(child.returncode, out or "", err or ""))

    def run_process(self, *args: str, **more: Any) -> Ran:
        return self.finish(self.start(*args, **more))

    def run(self, *args: str, env: Mapping[str, str] = {}, typed: str | None = None) -> Ran:
        """Call `main` with streams, environment and folder of its own; restore what it changes.

        Its stdin is empty, or else a terminal on which `typed` has been typed.
        """
        stdin = io.StringIO() if typed is None else _TypedInput(typed)
        out, err = io.BytesIO(), io.BytesIO()
        with (
            _environment(self.env | env),
            _restored(),
            contextlib.chdir(ROOT),
            _streams(stdin, _text(out), _text(err)),
        ):
            code = main(args)
            return _checked(Ran(code, out.getvalue().decode(), err.getvalue().decode()))

    def without(self, *modules: str) -> tuple[str, ...]:
        """Return the argv of an rsdeck for which some modules are not installed."""
        return sys.executable, "-c", _BLOCKER.format(modules=modules)


_BLOCKER = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
from tui.cli.entry import main
sys.exit(main())
"""


def _checked(ran: Ran) -> Ran:
    for word in ("Traceback", "Warning", "Exception ignored"):
        assert word not in ran.err
        assert word not in ran.out
    return ran


class _TypedInput(io.StringIO):
    def isatty(self) -> bool:
        return True


def _text(raw: io.BytesIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(raw, encoding="utf-8", write_through=True)


@contextlib.contextmanager
def _streams(stdin: Any, stdout: Any, stderr: Any) -> Iterator[None]:
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = stdin, stdout, stderr
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


@contextlib.contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    """Let a command see these variables alone, and none that another command has taken."""
    before, taken = dict(os.environ), dict(password_variables._taken)
    try:
        password_variables._taken.clear()
        os.environ.clear()
        os.environ.update(env)
        tempfile.tempdir = None
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        tempfile.tempdir = None
        password_variables._taken.clear()
        password_variables._taken.update(taken)


@contextlib.contextmanager
def _restored() -> Iterator[None]:
    """Restore the handlers of signals and the garbage collector as they were before."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCONT)
    handlers = [signal.getsignal(number) for number in numbers]
    collects = gc.isenabled()
    try:
        yield
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)
        if collects:
            gc.enable()


@pytest.fixture
def rsdeck(tmp_path: Path) -> Iterator[Command]:
    home = tmp_path / "home"
    home.mkdir()
    command = Command(home)
    yield command
    for child in command.started:
        if child.poll() is None:
            child.kill()
            child.communicate()


@pytest.fixture
def served() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(3, pace=0.1)) as served:
        yield served


def profiles(
    served: SimulatedCluster, source: str, *, user: str = USER, settings: str = "", trust: str = ""
) -> str:
    """Write a configuration for all nodes of a cluster; `source` is the password's line."""
    trust = trust or f'fingerprint = "{served.fingerprint}"'
    tables = [f"[settings]\n{settings}\n"]
    tables += [
        f'[nodes.node{uid}]\nurl = "{url}"\nusername = "{user}"\ncluster = "demo"\n'
        f"{trust}\n{source}\n"
        for uid, url in served.urls.items()
    ]
    return "\n".join(tables)


@pytest.fixture
def known(rsdeck: Command, served: SimulatedCluster) -> Command:
    """`rsdeck` with a configuration of the cluster and the right password in a variable."""
    rsdeck.configure(profiles(served, 'password_env = "DEMO_PASSWORD"'))
    rsdeck.env["DEMO_PASSWORD"] = PASSWORD
    return rsdeck


def until(ready: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
