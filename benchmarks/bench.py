"""Measure the deck against raw ANSI, htop and a bare Textual table: `python benchmarks/bench.py`.

Two tables with goals and verdicts: what a terminal and its user notice, and what is under it.
All in one run, side by side or in turns; ratios count, since a machine's own speed is in all.
Exit code 1 where something could not be measured; a goal that is missed is a line, not an error.
"""

import argparse
import signal
import sys
from collections.abc import Iterable
from types import FrameType

import report
from at_terminal import BARE, DECK, HTOP, RAW, AtTerminal, Costs, Resting, screens_at_rest
from cluster import served
from report import Figure
from terminal import COLUMNS, LINES, UnmeasuredError
from under_it import Under, measure_under

_AT_MOST = 290
_ANCHORS = (RAW, HTOP, BARE)
_FEW, _MANY = 3, 9


def terminal_table(costs: dict[str, Costs], resting: Resting) -> Iterable[Figure]:
    """Yield the figures of the first table."""
    anchors = [costs.get(name, Costs()) for name in _ANCHORS]
    raw, _, bare = anchors
    deck = costs[DECK]

    def times(value: float | None, factor: float) -> float | None:
        return None if value is None else value * factor

    def figure(
        what: str, unit: str, name: str, scale: float, goal: tuple[float | None, str]
    ) -> Figure:
        values = [
            times(getattr(one, name), scale)
            if not isinstance(getattr(one, name), list)
            else times(one.middle(name), scale)
            for one in (*anchors, deck)
        ]
        return Figure(what, unit, values[:-1], values[-1], *goal)

    twice = times(raw.middle("frame"), 2000), "2x raw ANSI"
    half_more = times(bare.middle("table"), 1500), "1.5x the bare table"
    cpu_half_more = times(bare.middle("cpu"), 1500), "1.5x the bare table"
    yield figure("first visible frame", "ms", "frame", 1000, twice)
    yield figure("full table", "ms", "table", 1000, half_more)
    yield figure("full table, CPU", "ms", "cpu", 1000, cpu_half_more)
    rest = times(raw.bytes_at_rest, 1.8), "1.8x raw ANSI"
    yield figure("at rest", "B/s", "bytes_at_rest", 1, rest)
    third = times(bare.cpu_at_rest, 35), "0.35x the bare table"
    yield figure("at rest, CPU", "%", "cpu_at_rest", 100, third)
    yield figure("at rest, wake-ups", "1/s", "wake_ups", 1, (6, ""))
    yield figure("a key", "B", "bytes_a_key", 1, (400, ""))
    yield figure("a key, CPU", "ms", "cpu_a_key", 1000, (5, ""))
    yield figure("a key, p50", "ms", "keys", 1000, (None, ""))
    yield figure("a key, p95", "ms", "p95", 1000, (4, ""))
    # 48 MB where the bare table has 38: other builds of Python take more for both.
    quarter_more = times(bare.memory, 48 / 38), "1.26x the bare table"
    yield figure("memory", "MB", "memory", 1, quarter_more)
    nothing = [None] * len(anchors)
    yield Figure("matrix of nine nodes at rest", "B/s", nothing, resting.matrix, 1000)
    yield Figure("a confirm dialog at rest", "B/s", nothing, resting.dialog, 300)


def under_table(under: Under) -> Iterable[Figure]:
    """Yield the figures of the second table."""
    nodes = f"{under.nodes} nodes at 2 s"
    yield Figure(f"{nodes}, headless", "% of a core", [], under.cpu, 12)
    yield Figure(f"{nodes}, late, p99", "ms", [], under.late, 80)
    yield Figure("a poll in sweeps, CPU", "ms", [], under.poll, 0.20)
    for screen, p95 in under.keys.items():
        yield Figure(f"{nodes}, key, {screen}, p95", "ms", [], p95, 16)
    yield Figure("status --json, one node, CPU", "ms", [], under.status, 120)
    if under.supervisor is not None:
        goal = under.supervisor, "supervisorctl status"
        yield Figure("status --json against supervisorctl", "ms", [], under.status, *goal)


def _print(title: str, columns: Iterable[str], figures: Iterable[Figure]) -> list[Figure]:
    print(report.head(title, columns))
    printed = list(figures)
    for figure in printed:
        print(figure.line())
    print(flush=True)
    return printed


def _stop(number: int, _: FrameType | None) -> None:
    """Return up in good order, so that no child stays behind."""
    why = "it took too long" if number == signal.SIGALRM else "it was stopped by a signal"
    raise UnmeasuredError(f"{why}, so the rest was not measured")


def measure(*, terminal: bool, under: bool) -> None:
    """Measure and print; raises UnmeasuredError."""
    figures: list[Figure] = []
    if terminal:
        with served(_FEW) as cluster:
            contest = AtTerminal(cluster)
            contest.starts(5)
            contest.side_by_side(15.0, 30)
        with served(_MANY) as cluster:
            resting = screens_at_rest(cluster, 6.0)
        title = f"at the terminal ({COLUMNS}x{LINES}, {_FEW} still nodes)"
        figures += _print(title, (*_ANCHORS, DECK), terminal_table(contest.costs, resting))
    if under:
        with served(1) as cluster:
            measured = measure_under(cluster)
        figures += _print("under it", (DECK,), under_table(measured))
    met = sum(figure.is_met is True for figure in figures)
    print(f"{met} of {sum(figure.at_most is not None for figure in figures)} goals are met")


def main() -> int:
    """Measure and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--terminal", action="store_true", help="the first table alone")
    only.add_argument("--under", action="store_true", help="the second table alone")
    options = parser.parse_args()
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, _stop)
    signal.alarm(_AT_MOST)
    try:
        measure(terminal=not options.under, under=not options.terminal)
    except UnmeasuredError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
