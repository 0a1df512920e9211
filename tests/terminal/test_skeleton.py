"""Promise P19 for the first frame: it is there at once, and goes without a trace."""

import signal
import sys
from pathlib import Path

import pytest

from tests.oracle import ends_well, strange
from tests.pty import RSDECK, Terminal, environment
from tests.terminal.conftest import PASSWORD, Open, configure, write
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.terminal

TAKEN = b"\x1b[?1049h"
# Stops where the window would be imported, and says there what has been imported already.
_HALTED = """
import sys
class Halt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.__stderr__.write(f"\\x1b[10Hmodules: {{len(sys.modules)}} " + " ".join(
                sorted({{n.partition(".")[0] for n in sys.modules}})))
            sys.__stderr__.flush()
            import time
            while True:
                time.sleep(60)
sys.meta_path.insert(0, Halt())
from tui.cli.entry import main
sys.exit(main())
"""


def halted(module: str) -> tuple[str, ...]:
    """Give an rsdeck that stops for ever before it imports a module."""
    return sys.executable, "-c", _HALTED.format(module=module)


def started_once(home: Path) -> None:
    """Start a deck whose configuration is known from then on."""
    with Terminal(RSDECK, environment(home, DECK_TEST_PASSWORD=PASSWORD)) as terminal:
        terminal.shows("alert_mgr")
        terminal.send(b"\x11")
        assert terminal.ends() == 0


@pytest.mark.parametrize("args", [(), ("demo",), ("--read-only", "--node=node2")])
def test_the_frame_is_there_before_anything_large_is_imported(
    args: tuple[str, ...], served: SimulatedCluster, tmp_path: Path
) -> None:
    configure(tmp_path, served)
    if args != ("demo",):
        started_once(tmp_path)
    module = "tui.cli.demo" if args == ("demo",) else "pathlib"
    env = environment(tmp_path, DECK_TEST_PASSWORD=PASSWORD)
    with Terminal((*halted(module), *args), env) as terminal:
        terminal.shows("rsdeck", "node1  node2", "connecting")
        terminal.until(lambda: b"modules:" in terminal.written)
        imported = terminal.written.rpartition(b"modules: ")[2].decode().split()
        assert int(imported[0]) < 70
        large = {
            "textual",
            "rich",
            "pydantic",
            "click",
            "httpx",
            "asyncio",
            "dataclasses",
            "re",
            "enum",
        }
        assert not large & set(imported)


def test_a_first_start_shows_the_frame_once_the_configuration_is_read(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    configure(tmp_path, served)
    env = environment(tmp_path, DECK_TEST_PASSWORD=PASSWORD)
    with Terminal(halted("textual"), env) as terminal:
        terminal.shows("rsdeck", "node1  node2", "connecting")


BROKEN = [
    "[settings]\nrefresh = 0.1\n",
    '[settings]\ntheme = "no such"\n',
    '[keys]\nno_such_key = "x"\n',
    "not toml",
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_configuration_that_is_wrong_never_shows_a_frame(
    text: str, served: SimulatedCluster, tmp_path: Path
) -> None:
    """P3."""
    configure(tmp_path, served)
    started_once(tmp_path)
    write(tmp_path, text)
    with Terminal(RSDECK, environment(tmp_path, DECK_TEST_PASSWORD=PASSWORD)) as terminal:
        assert terminal.ends() == 2
        assert b"\x1b" not in terminal.written
        assert terminal.written.startswith(b"rsdeck: ")


@pytest.mark.parametrize(
    "args", [("--node", "no-such"), ("--no-such",), ("--help",), ("demo", "x")]
)
def test_an_argument_that_opens_no_deck_never_shows_a_frame(
    args: tuple[str, ...], opened: Open
) -> None:
    with opened(*args) as terminal:
        assert terminal.ends() == (0 if args == ("--help",) else 2)
        assert b"\x1b[?1049h" not in terminal.written


ENDS = [
    (signal.SIGTERM, 143, "rsdeck: ended by SIGTERM\n"),
    (signal.SIGHUP, 129, "rsdeck: ended by SIGHUP\n"),
    (b"\x03", 130, "rsdeck: interrupted\n"),
]


@pytest.mark.parametrize("args", [(), ("demo",)])
@pytest.mark.parametrize(("how", "code", "said"), ENDS)
def test_what_ends_the_deck_during_the_frame_gives_the_terminal_back(
    how: signal.Signals | bytes, code: int, said: str, args: tuple[str, ...], opened: Open
) -> None:
    """P19."""
    with opened(*args, argv=halted("textual")) as terminal:
        terminal.until(lambda: b"modules:" in terminal.written)
        if isinstance(how, bytes):
            terminal.send(how)
        else:
            terminal.signal(how)
        assert terminal.ends() == code
        assert terminal.is_given_back
        assert terminal.left == said
        assert terminal.written.count(TAKEN) == 1


def test_a_fault_behind_the_frame_is_told_on_the_terminal_that_was_given_back(
    opened: Open,
) -> None:
    bug = "import sys\nsys.modules['textual.app'] = None"
    with opened(argv=(sys.executable, "-c", f"{bug}\nfrom tui.cli.entry import main\nmain()")) as t:
        assert t.ends() == 1
        assert t.is_given_back
        assert "textual.app" in t.left
        assert b"\x1b" not in t.left.encode()


def test_the_first_word_of_anything_takes_the_frame_away(opened: Open) -> None:
    bug = "import sys, warnings, tui.cli.deck as m\nwarnings.simplefilter('always')\n"
    bug += "real = m.appearance\n"
    bug += (
        "m.appearance = lambda *a, **k: (warnings.warn('a word', stacklevel=1), real(*a, **k))[1]\n"
    )
    code = f"{bug}\nfrom tui.cli.entry import main\nsys.exit(main())"
    with opened(argv=(sys.executable, "-c", code)) as terminal:
        terminal.shows("alert_mgr")
        written = bytes(terminal.written)
        assert written.index(TAKEN) < written.index(b"\x1b[?1049l") < written.index(b"a word")
        assert written.count(TAKEN) == 2
        terminal.send(b"q")
        assert terminal.ends() == 0
        assert terminal.is_given_back


def test_the_first_paint_replaces_the_frame_without_a_blank_between(opened: Open) -> None:
    with opened() as terminal:
        terminal.until(lambda: b"connecting" in terminal.written)
        while "alert_mgr" not in terminal.text:
            assert " rsdeck" in terminal.lines[0]
            assert terminal.read()
        terminal.send(b"q")
        assert terminal.ends() == 0
        assert terminal.is_given_back
        assert terminal.left == ""
        assert terminal.written.count(TAKEN) == 1
        assert ends_well(bytes(terminal.written))
        assert not strange(bytes(terminal.written))


def test_a_deck_that_is_suspended_during_the_frame_gives_the_terminal_back(opened: Open) -> None:
    with opened(argv=halted("textual")) as terminal:
        terminal.until(lambda: b"modules:" in terminal.written)
        terminal.signal(signal.SIGTSTP)
        terminal.until(lambda: terminal.is_stopped)
        terminal.until(lambda: terminal.is_given_back)


def test_what_is_typed_during_the_frame_acts_on_the_first_table(opened: Open) -> None:
    late = "import time, tui.cli.deck as m\nreal = m.appearance\n"
    late += "m.appearance = lambda *a, **k: (time.sleep(1), real(*a, **k))[1]\n"
    code = f"{late}\nfrom tui.cli.entry import main\nsys.exit(main())"
    with opened(argv=(sys.executable, "-c", f"import sys\n{code}")) as terminal:
        terminal.until(lambda: b"connecting" in terminal.written)
        terminal.send(b"\x1b[B\x1b[Bd")
        # The third service has the detail pane, below its row.
        terminal.until(lambda: terminal.text.count("call_home_agent") > 1)
        assert "^[" not in terminal.written.decode(errors="replace")
        terminal.send(b"\x11")
        assert terminal.ends() == 0


def test_the_key_that_leaves_does_not_wait_for_a_table(tmp_path: Path) -> None:
    write(
        tmp_path,
        '[nodes.node1]\nurl = "https://192.0.2.1:9443"\nusername = "a@b.c"\n'
        'password_env = "DECK_TEST_PASSWORD"\n',
    )
    with Terminal(RSDECK, environment(tmp_path, DECK_TEST_PASSWORD=PASSWORD)) as terminal:
        terminal.until(lambda: b"connecting" in terminal.written)
        terminal.send(b"\x11")
        assert terminal.ends() == 0
        assert terminal.is_given_back


def test_a_first_table_needs_neither_the_command_line_nor_what_is_opened_later(
    opened: Open, tmp_path: Path
) -> None:
    path = tmp_path / "imported"
    code = f"""
import atexit, sys
atexit.register(lambda: open({str(path)!r}, "w").write(" ".join(sys.modules)))
from tui.cli.entry import main
sys.exit(main())
"""
    with opened(argv=(sys.executable, "-c", code)) as terminal:
        terminal.shows("alert_mgr")
        terminal.send(b"\x11")
        assert terminal.ends() == 0
    imported = path.read_text(encoding="utf-8").split()
    tops = {name.partition(".")[0] for name in imported}
    assert "textual" in tops
    assert not tops & {
        "click",
        "pydantic",
        "httpcore",
        "anyio",
        "tomlkit",
        "markdown_it",
        "uvicorn",
    }
    screens = {"matrix", "help", "problems", "events", "nodes", "discover", "rollout"}
    assert not {f"tui.ui.screens.{name}" for name in screens} & set(imported)
