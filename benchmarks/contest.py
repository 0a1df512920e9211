"""The measurements: deck and bare app side by side, in turns, on the same terminal."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bare import EMPTY_SAYS
from cluster import Served
from terminal import Terminal, rest

_DOWN, _UP = b"\x1b[B", b"\x1b[A"
_BARE = Path(__file__).with_name("bare.py")
_DECK_SAYS = ("rsdeck", "SERVICE", "Quit")  # title, table and keys: a splash does not count
_FACTS = "★ primary"
_START_WITHIN, _KEY_WITHIN = 15.0, 2.0
_BETWEEN_KEYS = 0.1
_ENOUGH = 16  # characters of a name: a narrow column cuts the longest one


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: starts of each app, seconds at rest, keys."""

    starts: int
    rest: float
    keys: int


@dataclass(slots=True)
class Starts:
    """Seconds from the command to what is on the screen, one for each start."""

    deck: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    table: list[float] = field(default_factory=list)
    full: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The deck's first paint by the empty app's: the median over pairs of neighbours."""
        return median(a / b for a, b in zip(self.deck, self.empty, strict=True))


@dataclass(frozen=True, slots=True)
class Rest:
    """What one app costs while nothing happens: bytes a second, and percent of one processor."""

    bytes_per_second: float
    cpu: float


class Contest:
    """Measures the deck on a served cluster against the bare app; `names` are the services."""

    def __init__(self, cluster: Served, names: Sequence[str]) -> None:
        self._cluster = cluster
        self._names = tuple(name[:_ENOUGH] for name in names)

    def _deck(self) -> Terminal:
        command = [sys.executable, "-m", "tui", "--config", str(self._cluster.config)]
        return Terminal(command, self._cluster.environment)

    def _bare(self, mode: str) -> Terminal:
        return Terminal([sys.executable, str(_BARE), mode], self._cluster.environment)

    def starts(self, times: int) -> Starts:
        """Start each app so many times, in turns, after one start that warms the caches."""
        seen = Starts()
        for number in range(times + 1):
            if number == 1:
                seen = Starts()
            with self._bare("empty") as bare:
                seen.empty.append(_seconds(bare, (EMPTY_SAYS,)))
            with self._deck() as deck:
                seen.deck.append(_seconds(deck, _DECK_SAYS))
                seen.full.append(_seconds(deck, self._names))
            with self._bare("table") as table:
                seen.table.append(_seconds(table, self._names))
        return seen

    def side_by_side(self, effort: Effort) -> tuple[Rest, Rest, list[float], list[float]]:
        """Let both run at once: what each costs at rest, and then what each key takes."""
        with ExitStack() as stack:
            deck = stack.enter_context(self._deck())
            bare = stack.enter_context(self._bare("table"))
            deck.until(
                lambda: deck.shows((*self._names, _FACTS)), "the deck's table", _START_WITHIN
            )
            bare.until(lambda: bare.shows(self._names), "the bare table", _START_WITHIN, [deck])
            rest([deck, bare], 2.0)
            deck_rest, bare_rest = _at_rest([deck, bare], effort.rest)
            deck_keys, bare_keys = self._keys(deck, bare, effort.keys)
            return deck_rest, bare_rest, deck_keys, bare_keys

    def _keys(self, deck: Terminal, bare: Terminal, keys: int) -> tuple[list[float], list[float]]:
        """Press down and later up, on one app and then on the other."""
        seen: tuple[list[float], list[float]] = ([], [])
        for number in range(keys):
            key = _DOWN if number < (keys + 1) // 2 else _UP
            seen[0].append(self._answer(deck, bare, key))
            seen[1].append(self._answer(bare, deck, key))
            rest([deck, bare], number % 7 * 0.01)  # falls out of step with the clocks of both
        return seen

    def _answer(self, app: Terminal, other: Terminal, key: bytes) -> float:
        """Return the seconds from a key to the bytes that move the cursor bar on the screen."""
        line = next(one for one in app.screen.display if self._names[0] in one)
        column = line.index(self._names[0])
        before = app.backgrounds(column)
        pressed = app.write(key)
        moved = app.until(
            lambda: app.backgrounds(column) != before, "the cursor's move", _KEY_WITHIN, [other]
        )
        rest([app, other], _BETWEEN_KEYS)
        return moved - pressed


def _seconds(app: Terminal, words: Sequence[str]) -> float:
    what = f"{words[0]!r} on the screen"
    return app.until(lambda: app.shows(words), what, _START_WITHIN) - app.started


def _at_rest(apps: Sequence[Terminal], seconds: float) -> list[Rest]:
    """Watch apps for some seconds, all at once."""
    before = [(app.cpu(), sum(count for _, count in app.arrivals)) for app in apps]
    rest(apps, seconds)
    costs = []
    for app, (cpu, count) in zip(apps, before, strict=True):
        written = sum(one for _, one in app.arrivals) - count
        costs.append(Rest(written / seconds, 100 * (app.cpu() - cpu) / seconds))
    return costs
