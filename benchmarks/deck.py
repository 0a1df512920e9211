"""Measure the deck against a bare Textual app: `python benchmarks/deck.py [--quick]`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from types import FrameType

from cluster import NODES, served
from contest import Contest, Effort, Rest, Starts
from painted import rows_painted
from terminal import COLUMNS, LINES, UnmeasuredError

from tui.sim.cluster import Cluster

_FULL, _QUICK = Effort(starts=7, rest=20.0, keys=40), Effort(starts=3, rest=5.0, keys=16)
_AT_MOST_FULL, _AT_MOST_QUICK = 170, 40
_PAINT_GOAL, _BYTES_GOAL = 1.3, 1.5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report; `goal` is the ratio that must not be passed, if there is one."""

    what: str
    deck: float
    bare: float | None
    unit: str
    goal: float | None = None
    ratio: float | None = None

    def text(self) -> str:
        """Return the line as text."""
        bare = "" if self.bare is None else f"{self.bare:.1f} {self.unit}"
        ratio = self.ratio
        if ratio is None and self.bare:
            ratio = self.deck / self.bare
        times = "" if ratio is None else f"{ratio:.2f}x"
        deck = f"{self.deck:.1f} {self.unit}"
        return f"{self.what:<44}{deck:>12}{bare:>12}{times:>9}  {self._verdict(ratio)}".rstrip()

    def _verdict(self, ratio: float | None) -> str:
        if self.goal is None or ratio is None:
            return "no goal"
        return f"goal at most {self.goal:.2f}x: {'pass' if ratio <= self.goal else 'FAIL'}"


def _start_lines(starts: Starts) -> list[Line]:
    deck, empty = 1000 * median(starts.deck), 1000 * median(starts.empty)
    table, full = 1000 * median(starts.table), 1000 * median(starts.full)
    return [
        Line("first paint, bare: one line of text", deck, empty, "ms", _PAINT_GOAL, starts.ratio),
        Line("first paint, bare: a table", deck, table, "ms"),
        Line("all services on the screen, bare: a table", full, table, "ms"),
    ]


def _rest_lines(deck: Rest, bare: Rest) -> list[Line]:
    return [
        Line(
            "written at rest, bare: a ticking table",
            deck.bytes_per_second,
            bare.bytes_per_second,
            "B/s",
            _BYTES_GOAL,
        ),
        Line("processor at rest, bare: a ticking table", deck.cpu, bare.cpu, "%"),
    ]


def _key_lines(deck: Sequence[float], bare: Sequence[float]) -> list[Line]:
    ends = quantiles(deck, n=20)[-1], quantiles(bare, n=20)[-1]
    return [
        Line("key to paint, p50", 1000 * median(deck), 1000 * median(bare), "ms"),
        Line("key to paint, p95", 1000 * ends[0], 1000 * ends[1], "ms"),
    ]


def _painted_line() -> str:
    nothing, one = (asyncio.run(rows_painted(changed)) for changed in (0, 1))
    verdict = "pass" if (nothing, one) == (0, 1) else "FAIL"
    what = "rows painted again: nothing / one row changed"
    return f"{what:<44}{f'{nothing} / {one}':>11}{'':>22}goal 0 / 1: {verdict}"


def measure(effort: Effort) -> None:
    """Measure and print everything; raises UnmeasuredError."""
    names = sorted(Cluster(1).services(1))
    print(
        f"deck: {NODES} still nodes of {len(names)} services over HTTPS, {COLUMNS}x{LINES}; "
        f"medians of {effort.starts} starts, {effort.rest:g} s at rest, {effort.keys} keys\n"
    )
    print(f"{'':<44}{'deck':>12}{'bare':>12}{'ratio':>9}", flush=True)
    with served() as cluster:
        contest = Contest(cluster, names)
        _print(_start_lines(contest.starts(effort.starts)))
        deck, bare, deck_keys, bare_keys = contest.side_by_side(effort)
        _print(_rest_lines(deck, bare))
        _print(_key_lines(deck_keys, bare_keys))
    print(_painted_line())


def _print(lines: Sequence[Line]) -> None:
    for line in lines:
        print(line.text(), flush=True)


def _stop(number: int, _: FrameType | None) -> None:
    """Return up in good order, so that no child stays behind."""
    why = "it took too long" if number == signal.SIGALRM else "it was stopped by a signal"
    raise UnmeasuredError(f"{why}, so the rest was not measured")


def main() -> int:
    """Measure and return 1 if something could not be measured, else 0, even if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, in half a minute")
    quick = parser.parse_args().quick
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, _stop)
    signal.alarm(_AT_MOST_QUICK if quick else _AT_MOST_FULL)
    try:
        measure(_QUICK if quick else _FULL)
    except UnmeasuredError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
