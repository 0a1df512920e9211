"""Measures a refresh of the matrix against a bare Textual screen: `python benchmarks/matrix.py`.

Every node has a new answer at every refresh, a few services flip, and all ages move on.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from rich.text import Text
from textual.app import App, ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from tui.config import AskSource, NodeProfile
from tui.model.filters import ServiceFilter
from tui.model.node import Identity, NodeEvidence, NodeFacts, Role
from tui.model.reading import Reading
from tui.model.service import Service, ServiceCounts
from tui.model.trust import SystemTrust
from tui.ui.format.node_view import NodeView
from tui.ui.matrix.columns import ColumnCache
from tui.ui.matrix.grid import build_grid
from tui.ui.matrix.matrix_table import MatrixTable

NODES, SERVICES, ROUNDS = 35, 40, 60
SIZE = (200, 60)
FRAME = 16.0
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def views(second: int) -> list[NodeView]:
    """Return all nodes as they are so many seconds after the beginning."""
    return [_view(number, second) for number in range(NODES)]


def _view(number: int, second: int) -> NodeView:
    services = tuple(_service(number, at, second) for at in range(SERVICES))
    return NodeView(
        number=number + 1,
        profile=NodeProfile(
            name=f"node{number + 1}",
            url="https://192.0.2.1:9443",
            username="viewer",
            password=AskSource(),
            trust=SystemTrust(),
            cluster="first" if number < 20 else "second",
        ),
        read_only="",
        reading=Reading(f"node{number + 1}", services, float(second), float(second)),
        identity=Identity(uid=number + 1),
        tally=ServiceCounts.of(services, frozenset()),
        facts=NodeFacts(Identity(uid=number + 1, role=Role.REPLICA)),
        stale_after=10.0,
        interval=2.0,
        next_at=None,
        paused=False,
        wrong_node="",
        presented=None,
        evidence=NodeEvidence(),
        now=second + number % 3,
    )


def _service(number: int, at: int, second: int) -> Service:
    flips = (number + 3 * at + second) % 97 == 0
    # Two services tick in seconds; the rest have been up for days.
    uptime = second % 60 if at < 2 else 86400 * 3 + second
    started = _BEGAN + timedelta(seconds=second - uptime)
    return Service(f"service_{at:02}", "STOPPED" if flips else "RUNNING", started, uptime)


class MatrixApp(App[None]):
    """The matrix alone."""

    def compose(self) -> ComposeResult:
        """Show it."""
        yield MatrixTable({}, id="matrix")


class BareApp(App[None]):
    """A screen full of plain text."""

    def compose(self) -> ComposeResult:
        """Show it."""
        yield Static(id="text")


async def _painted(widget: Widget, act: Callable[[], None]) -> tuple[float, float]:
    """Do something; returns the milliseconds of work that it took, and those until it was painted.

    Both are this thread's own, whatever else the machine does.
    """
    done = asyncio.Event()
    began = time.thread_time()
    act()
    worked = time.thread_time()
    widget.call_after_refresh(done.set)
    await done.wait()
    return 1000 * (worked - began), 1000 * (time.thread_time() - began)


async def matrix() -> tuple[float, float]:
    """Return the medians for the matrix: the work of a refresh, and until it is painted."""
    app, maker = MatrixApp(), ColumnCache()
    async with app.run_test(size=SIZE) as pilot:
        table = app.query_one(MatrixTable)
        table.present(build_grid(maker.of(views(0)), ServiceFilter()))
        await pilot.pause(0.2)

        def show(second: int) -> None:
            table.present(build_grid(maker.of(seen[second]), ServiceFilter()))

        seen = [views(second) for second in range(ROUNDS + 1)]
        took = [await _painted(table, partial(show, second)) for second in range(1, ROUNDS + 1)]
    return median(one for one, _ in took), median(both for _, both in took)


async def bare() -> float:
    """Return the median for a bare screen of the same size, painted anew."""
    app = BareApp()
    async with app.run_test(size=SIZE) as pilot:
        text = app.query_one(Static)
        await pilot.pause(0.2)
        took = []
        for second in range(1, ROUNDS + 1):
            line = f"{second} plain text ".ljust(SIZE[0], "x")
            shown = Text("\n".join([line] * SIZE[1]))
            took.append(await _painted(text, partial(text.update, shown)))
    return median(both for _, both in took)


def main() -> int:
    """Measure and print; returns 1 if a refresh is more than a frame of work."""
    work, painted = asyncio.run(matrix())
    plain = asyncio.run(bare())
    verdict = "pass" if work <= FRAME else "FAIL"
    print(f"matrix: {NODES} nodes of {SERVICES} services, {SIZE[0]}x{SIZE[1]}, {ROUNDS} refreshes")
    print(f"work of a refresh        {work:6.1f} ms   goal at most {FRAME:.0f} ms: {verdict}")
    print(f"until it is painted      {painted:6.1f} ms")
    print(f"a bare screen, painted   {plain:6.1f} ms   ratio {painted / plain:.2f}x")
    return 0 if work <= FRAME else 1


if __name__ == "__main__":
    sys.exit(main())
