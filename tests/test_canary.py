"""A password goes to the node and nowhere else: every sink is searched for one, in every form.

P9, P10.
"""

import base64
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.canary import CANARY, found_below, leaks
from tests.cli.conftest import Command
from tests.pty import Terminal
from tests.ui.conftest import open_deck, write_configuration
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

pytestmark = [pytest.mark.real_time, pytest.mark.terminal]

USER = "admin@demo.local"
DECK = (sys.executable, "-m", "tui")
DECK_IN_DEVELOPMENT_MODE = (sys.executable, "-X", "dev", "-m", "tui")
"""Python then reports more on stderr, such as where a task was made that failed. It is slow."""


@pytest.mark.parametrize(
    "shown",
    [
        CANARY.encode(),
        base64.b64encode(f"{USER}:{CANARY}".encode()),
        base64.b64encode(f"a:{CANARY}".encode()),
        base64.b64encode(f"ab:{CANARY}".encode()),
        quote(CANARY, safe="").encode(),
        json.dumps({"password": CANARY}).encode(),
        json.dumps({"password": CANARY}, ensure_ascii=False).encode(),
        repr(CANARY).encode(),
        repr(CANARY.encode()).encode(),
    ],
)
def test_the_search_finds_the_password_in_every_form(shown: bytes) -> None:
    assert leaks(b"before " + shown + b" after")


@dataclass
class Place:
    """A home in which rsdeck is run, and what the password's child saw of its surroundings."""

    home: Path
    served: SimulatedCluster
    deck: tuple[str, ...]
    runs: list[Terminal] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }

    @property
    def seen(self) -> Path:
        """What each password command has seen of itself and its parent, one file each."""
        return self.home.parent / "seen"

    def command(self, word: str) -> str:
        """Give a password command that notes its environment and its parent's command line."""
        secret = self.home.parent / "secret"
        secret.write_text(f"{word}\n", encoding="utf-8")
        script = self.home.parent / "ask.py"
        script.write_text(
            "import os, pathlib, sys\n"
            f"seen = pathlib.Path({str(self.seen)!r}); seen.mkdir(exist_ok=True)\n"
            "of = [pathlib.Path('/proc', *one) for one in"
            " (('self', 'environ'), ('self', 'cmdline'), (str(os.getppid()), 'cmdline'))]\n"
            "(seen / str(os.getpid())).write_bytes(b'|'.join(one.read_bytes() for one in of))\n"
            f"sys.stdout.write(pathlib.Path({str(secret)!r}).read_text('utf-8'))\n",
            encoding="utf-8",
        )
        return f'password_command = ["{sys.executable}", "{script}"]'

    def configure(self, *sources: str, login: str = "auto") -> None:
        """Write the configuration; the nodes have the sources in turn."""
        path = self.home / ".config" / "rsdeck" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "[settings]\nrefresh = 0.5\n"
        for uid, url in self.served.urls.items():
            text += f'[nodes.node{uid}]\nurl = "{url}"\nusername = "{USER}"\ncluster = "demo"\n'
            text += f'fingerprint = "{self.served.fingerprint}"\nlogin = "{login}"\n'
            text += f"{sources[uid % len(sources)]}\n"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)

    def start(self, **env: str) -> Terminal:
        """Open the deck in a terminal; it is a child of its own."""
        self.runs.append(Terminal(self.deck, self.env | env))
        return self.runs[-1]

    def run(self, *args: str, **env: str) -> tuple[int, bytes]:
        """Call a command without a terminal; returns its code and all that it wrote."""
        ran = Command(self.home).run(*args, env=self.env | env)
        return ran.code, f"{ran.out}{ran.err}".encode()

    def check(self, run: Terminal | None = None) -> None:
        """Search the files, the children's surroundings, and what a run showed."""
        assert found_below(self.home, self.seen) == {}
        if run is not None:
            assert leaks(bytes(run.written)) == []

    def check_processes(self, run: Terminal) -> None:
        """Search the command lines of the deck and its children, and their environments.

        The deck's own is as it was started: an environment variable that was named as the
        source stands there, by the user's own hand, and nowhere else.
        """
        pids = [run.child.pid]
        for pid in pids:
            tasks = Path(f"/proc/{pid}/task")
            for task in tasks.iterdir():
                pids += [int(one) for one in (task / "children").read_text("ascii").split()]
            assert leaks(Path(f"/proc/{pid}/cmdline").read_bytes()) == []
            if pid != run.child.pid:
                assert leaks(Path(f"/proc/{pid}/environ").read_bytes()) == []


@pytest.fixture(params=[True, False], ids=["basic", "token"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    home = tmp_path / "home"
    (home / "tmp").mkdir(parents=True)
    cluster = Cluster(2, pace=0.1, basic_authentication=request.param)
    cluster.users[USER].password = CANARY
    with SimulatedCluster(cluster) as served:
        place = Place(home, served, DECK if request.param else DECK_IN_DEVELOPMENT_MODE)
        yield place
        for run in place.runs:
            with run:
                pass


def test_neither_the_deck_nor_an_order_nor_a_form_of_snapshot_shows_the_password(
    place: Place,
) -> None:
    place.configure(place.command(CANARY), 'password_env = "THE_PASSWORD"')
    run = place.start(THE_PASSWORD=CANARY)
    run.shows("alert_mgr", "RUNNING", "optional")
    place.check_processes(run)
    run.send(b"?")
    run.shows("esc close")
    run.send(b"\x1b")
    run.until(lambda: "esc close" not in run.text)
    run.send(b"r")
    run.asks("operation_type", "y restarts")
    run.send(b"y")
    run.until(lambda: posts(place))
    run.shows("VERIFIED")
    run.send(b"\x13")
    run.shows(".txt")
    run.send(b"\x10")
    run.shows("Search for commands")
    run.send(b"snapshot as json")
    run.shows("to a file as JSON")
    run.send(b"\x1b[B\r")
    run.shows(".json")
    run.send(b"\x11")
    run.ends()
    assert list(place.seen.iterdir())
    kept = list((place.home / ".local/state/rsdeck/snapshots").iterdir())
    assert {one.suffix for one in kept} == {".txt", ".json"}
    for path in kept:
        assert leaks(path.read_bytes()) == []
        assert b"alert_mgr" in path.read_bytes()
        assert b"ask.py" not in path.read_bytes()
    place.check(run)


def posts(place: Place) -> list[Any]:
    sent = (one for one in place.served.cluster.requests if one.method == "POST")
    return [one for one in sent if one.path == "/v1/local/services"]


def test_a_typed_password_shows_nowhere(place: Place) -> None:
    place.configure("")
    run = place.start()
    run.asks("Five failures", "enter log in")
    run.send(CANARY.encode())
    run.shows("•" * len(CANARY))
    run.quiet(0.5)  # Enter counts only where it comes alone
    run.send(b"\r")
    run.shows("alert_mgr", "RUNNING")
    place.check_processes(run)
    run.send(b"\x11")
    run.ends()
    place.check(run)


def test_a_refused_password_shows_nowhere(place: Place) -> None:
    """The wrong one is the canary, and the log of what was refused is the user's screen."""
    place.served.cluster.users[USER].password = "another"
    place.configure(place.command(CANARY))
    run = place.start()
    run.asks("does not accept", "enter log in")
    place.check_processes(run)
    run.send(b"\x1b")
    run.shows("press L")
    run.send(b"\x11")
    run.ends()
    place.check(run)
    assert len(place.served.cluster.users[USER].failures) <= 2


@pytest.mark.parametrize("login", ["auto", "basic", "jwt"])
def test_no_command_shows_the_password(login: str, place: Place) -> None:
    command, variable = place.command(CANARY), 'password_env = "THE_PASSWORD"'
    for sources in ((command,), (variable,), (variable, command)):
        place.configure(*sources, login=login)
        given = {"THE_PASSWORD": CANARY} if variable in sources else {}
        for words in (
            ("status",), ("status", "--json"), ("nodes",), ("config", "check"), ("config", "path")
        ):  # fmt: skip
            _, shown = place.run(*words, **given)
            assert shown
            assert leaks(shown) == []
            assert b"Traceback" not in shown
            place.check()


def test_a_wrong_password_is_not_in_the_output_of_a_command(place: Place) -> None:
    place.served.cluster.users[USER].password = "another"
    place.configure(place.command(CANARY))
    code, shown = place.run("status", "--json")
    assert code == 3
    assert b"does not accept" in shown
    assert leaks(shown) == []


def test_a_configuration_that_holds_the_password_is_refused_without_showing_it(
    place: Place,
) -> None:
    line = f"password = {json.dumps(CANARY, ensure_ascii=False)}"
    for source in (line, line.replace("password", "password_env"), line.replace("pass", "url2")):
        place.configure(source)
        for words in (("status",), ("nodes",), ("config", "check")):
            code, shown = place.run(*words)
            assert code == 2
            assert leaks(shown) == []


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (True, "HUP"),
        (False, "INT"),
        (True, "QUIT"),
        (True, "ABRT"),
        (False, "ABRT"),  # in development mode Python reports the most
        (True, "SEGV"),
        (False, "TERM"),
    ],
    indirect=["place"],
)
def test_a_deck_ended_by_a_signal_does_not_show_the_password(name: str, place: Place) -> None:
    place.configure(place.command(CANARY))
    run = place.start(PYTHONFAULTHANDLER="1")
    run.shows("alert_mgr", "RUNNING")
    run.signal(signal.Signals[f"SIG{name}"])
    run.ends()
    place.check(run)


def test_a_deck_that_runs_out_of_memory_does_not_show_the_password(place: Place) -> None:
    """A crash from outside, in whatever asks for memory next: a poll, a thread, a paint."""
    place.configure(place.command(CANARY))
    run = place.start(PYTHONFAULTHANDLER="1")
    run.shows("alert_mgr", "RUNNING")
    resource.prlimit(run.child.pid, resource.RLIMIT_AS, (1, 1))
    end = time.monotonic() + 1
    while run.child.poll() is None and time.monotonic() < end:
        run.send(b"?\x1b2\x101")
        run.read(0.2)
    if run.child.poll() is None:
        run.signal(signal.SIGABRT)
    run.ends()
    place.check(run)


def test_a_deck_that_loses_its_terminal_leaves_the_password_nowhere(place: Place) -> None:
    place.configure(place.command(CANARY))
    run = place.start()
    run.shows("alert_mgr", "RUNNING")
    run.hang_up()
    run.ends()
    place.check(run)


async def test_a_screenshot_does_not_show_the_password(place: Place, tmp_path: Path) -> None:
    configuration = write_configuration(place.served, tmp_path)
    async with open_deck(configuration, password=None) as deck:
        await deck.asked()
        await deck.press(*(one if one.isalnum() else _KEYS.get(one, one) for one in CANARY))
        assert leaks(deck.app.export_screenshot().encode()) == []
        assert leaks(deck.text.encode()) == []
        await deck.press("enter")
        await deck.all_known()
        assert leaks(deck.app.export_screenshot().encode()) == []
    place.check()


_KEYS = {"-": "minus", '"': "quotation_mark", "\\": "backslash", "%": "percent_sign"}


def test_no_form_of_snapshot_holds_a_refused_password(place: Place) -> None:
    place.served.cluster.users[USER].password = "another"
    place.configure(place.command(CANARY))
    for words in (("snapshot",), ("snapshot", "--json")):
        code, shown = place.run(*words)
        assert code == 3
        assert leaks(shown) == []
        assert b"ask.py" not in shown


@pytest.mark.parametrize(
    ("place", "key"),
    [(True, "\x03"), (False, "\x18")],
    ids=["ctrl+c", "ctrl+x"],
    indirect=["place"],
)
def test_a_selected_password_is_not_copied(key: str, place: Place) -> None:
    """Textual alone would write it to the terminal as it is, for its clipboard."""
    place.configure("")
    run = place.start()
    run.asks("Five failures", "enter log in")
    run.send(CANARY.encode())
    run.shows("•" * len(CANARY))
    run.send(b"\x1b[1;2H")  # shift+home
    run.read(0.3)
    run.send(key.encode())
    run.shows("A password is not copied.")
    run.send(b"\x11")
    run.ends()
    assert b"]52;" not in run.written
    place.check(run)
