"""What the deck and its anchors cost at a terminal: side by side, in turns, from outside."""

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from cluster import Served
from terminal import CTRL_Q, Terminal, rest

from tui.sim.catalogue import SERVICES

RAW, HTOP, BARE, DECK = "raw ANSI", "htop", "bare table", "rsdeck"
_DOWN, _UP = b"\x1b[B", b"\x1b[A"
# curses switches the arrows to application mode; what it does not know are keys of their own.
_HTOP_KEYS = {_DOWN: b"\x1bOB", _UP: b"\x1bOA"}
_HERE = Path(__file__).parent
_WITHIN = 20.0
_BETWEEN_KEYS = 0.1
_ENOUGH = 16  # characters of a name: a narrow column cuts the longest one
_AT_ONCE = 20  # services that every one of the programs shows at 120x40
_NAMES = tuple(name[:_ENOUGH] for name in SERVICES[:_AT_ONCE])
_SETTLING = 3.0
RESTED = (*_NAMES, "★ primary")
"""What the deck shows once all is read of the node in front."""

_READY = {HTOP: ("PID",), DECK: RESTED}
"""What else than the services shows that a program is ready."""


@dataclass(slots=True)
class Costs:
    """What one program costs; seconds and bytes, empty where it was not measured.

    `frame` and `table` are seconds from its start to the first visible sign and to the last
    service, `cpu` is what it had used by then. Of what happens while nobody types: bytes,
    processor time and wake-ups, each a second. Of each key: bytes, processor time, and seconds
    from the key until the cursor bar moved.
    """

    frame: list[float] = field(default_factory=list)
    table: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    bytes_at_rest: float | None = None
    cpu_at_rest: float | None = None
    wake_ups: float | None = None
    bytes_a_key: float | None = None
    cpu_a_key: float | None = None
    keys: list[float] = field(default_factory=list)
    memory: float | None = None

    @property
    def p95(self) -> float | None:
        """The 95th percentile of a key's seconds."""
        return quantiles(self.keys, n=20)[-1] if len(self.keys) > 1 else None

    def middle(self, name: str) -> float | None:
        """Return the median of one of the lists."""
        values: list[float] = getattr(self, name)
        return median(values) if values else None


class AtTerminal:
    """Measures each program that is there: `costs` by name."""

    def __init__(self, cluster: Served) -> None:
        self._environment = cluster.environment
        python = sys.executable
        self._commands = {
            RAW: [python, "-I", "-S", str(_HERE / "raw.py"), *SERVICES],
            BARE: [python, str(_HERE / "bare.py"), *SERVICES],
            DECK: [python, "-m", "tui", "--config", str(cluster.config)],
        }
        if htop := shutil.which("htop"):
            self._commands[HTOP] = [htop, "--readonly", "--delay=10"]
        self.costs = {name: Costs() for name in self._commands}

    def _open(self, name: str) -> Terminal:
        leave = b"q" if name == HTOP else CTRL_Q
        return Terminal(self._commands[name], self._environment, leave=leave)

    def starts(self, times: int) -> None:
        """Start each program so many times, in turns, after one start that warms the caches."""
        for number in range(times + 1):
            for name, costs in self.costs.items():
                with self._open(name) as app:
                    if name == HTOP:
                        app.until(_READY[name], _WITHIN)
                    else:
                        app.until(_NAMES, _WITHIN)
                        cpu = app.cpu()
                        table = app.moment(lambda screen: screen.shows(_NAMES))
                    frame = app.moment(lambda screen: bool(screen.text.strip()))
                if number:
                    costs.frame.append(frame)
                    if name != HTOP:
                        costs.table.append(table)
                        costs.cpu.append(cpu)

    def side_by_side(self, seconds: float, keys: int) -> None:
        """Let all run at once: what each costs while nobody types, then what each key costs."""
        with ExitStack() as stack:
            apps = {name: stack.enter_context(self._open(name)) for name in self._commands}
            for name, app in apps.items():
                others = [other for other in apps.values() if other is not app]
                app.until(_READY.get(name, _NAMES), _WITHIN, others)
            rest(list(apps.values()), _SETTLING)
            self._rest(apps, seconds)
            self._keys(apps, keys)
            for name, app in apps.items():
                self.costs[name].memory = app.memory()

    def _rest(self, apps: Mapping[str, Terminal], seconds: float) -> None:
        before = {name: (app.written, app.cpu(), app.wake_ups()) for name, app in apps.items()}
        rest(list(apps.values()), seconds)
        for name, (written, cpu, woken) in before.items():
            app, costs = apps[name], self.costs[name]
            costs.bytes_at_rest = (app.written - written) / seconds
            costs.cpu_at_rest = (app.cpu() - cpu) / seconds
            costs.wake_ups = (app.wake_ups() - woken) / seconds

    def _keys(self, apps: Mapping[str, Terminal], keys: int) -> None:
        """Press down and up again, on one program after the other."""
        spent: dict[str, list[tuple[int, float]]] = {name: [] for name in apps}
        everything = list(apps.values())
        for number in range(keys):
            key = _DOWN if number % 6 < 3 else _UP
            for name, app in apps.items():
                before = app.screen.backgrounds
                written, cpu = app.written, app.cpu()
                pressed = app.write(_HTOP_KEYS[key] if name == HTOP else key)
                rest(everything, _BETWEEN_KEYS + number % 7 * 0.01)  # in no step with any clock
                spent[name].append((app.written - written, app.cpu() - cpu))
                moved = _first_move(app, before)
                if moved is not None:  # htop may have too few processes
                    self.costs[name].keys.append(moved - pressed)
        for name, each in spent.items():
            # The median: a tick that fell into the same moment is no part of a key.
            self.costs[name].bytes_a_key = median(written for written, _ in each)
            self.costs[name].cpu_a_key = median(cpu for _, cpu in each)


def _first_move(app: Terminal, before: list[list[str]]) -> float | None:
    """Return when the first bytes arrived that moved a cursor bar, and parse all that arrived."""
    moved = None
    for moment, screen in app.steps():
        if moved is None and screen.backgrounds != before:
            moved = moment
    return moved


def deck_on(cluster: Served, *python: str) -> Terminal:
    """Return the deck on a cluster, run by a Python with these options."""
    command = [sys.executable, *python, "-m", "tui", "--config", str(cluster.config)]
    return Terminal(command, cluster.environment)


@dataclass(frozen=True, slots=True)
class Resting:
    """Bytes a second of two of the deck's screens while nobody types."""

    matrix: float
    dialog: float


def screens_at_rest(cluster: Served, seconds: float) -> Resting:
    """Measure the matrix, and a dialog over the deck that waits for its decision."""
    with deck_on(cluster) as app:
        app.until(RESTED, _WITHIN)
        with _opened(app, b"0", ("matrix", "▾1", "Differing")):
            matrix = _bytes_a_second(app, seconds)
        with _opened(app, b"r", ("Cancel",)):
            dialog = _bytes_a_second(app, seconds)
    return Resting(matrix, dialog)


@contextmanager
def _opened(app: Terminal, key: bytes, words: Sequence[str]) -> Iterator[None]:
    app.write(key)
    app.until(words, _WITHIN)
    rest([app], _SETTLING)
    yield
    app.write(b"\x1b")
    rest([app], 1.0)


def _bytes_a_second(app: Terminal, seconds: float) -> float:
    before = app.written
    rest([app], seconds)
    return (app.written - before) / seconds
