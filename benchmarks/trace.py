"""Counts the modules that one reading and one order enter: `python benchmarks/trace.py`.

In a running deck on a pretend cluster of three. A reading counts from the moment its node is
polled until the window has been told of it, and what paints its row: one in which only clocks went
on, as nearly all are, and one in which a service stopped. An order counts in its own task, from
the check to the verdict, with its journal; and with the handling of its key and its dialog besides.
Exit code 1 where one of them enters more modules than it did.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from textual.pilot import Pilot

import tui
from tui.config import Configuration, load
from tui.credentials import Passwords, Secret
from tui.fleet.fleet import Fleet
from tui.fleet.orders.verdict import Patience
from tui.history.recorder import HistoryRecorder
from tui.journal.order_journal import OrderJournal
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster
from tui.storage.paths import theme_dirs
from tui.ui.app import DeckApp
from tui.ui.themes import load_themes

_ROOT = str(Path(tui.__file__).parent) + os.sep
_SIMULATOR = f"{_ROOT}sim{os.sep}"
# It makes methods for the classes of other modules; those of the standard library show no file.
_GENERATED = f"{_ROOT}model{os.sep}dataclass.py"
_USER, _PASSWORD = "admin@demo.local", "demo-password"
_SERVICE, _STOPPED = "alert_mgr", "mdns_server"
_PAINTER = "screen_update"
"""The task in which Textual paints."""
_QUIET_AT_MOST, _CHANGE_AT_MOST, _ORDER_AT_MOST = 20, 37, 29


class Trace:
    """The modules of `tui` that were entered, each with the tasks that entered it.

    A task counts until one of the functions named `last` has returned in it; it has `ended` then.
    """

    def __init__(self, *last: str) -> None:
        self.entered: dict[str, set[str]] = {}
        self.ended: set[str] = set()
        self._last = last

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """Keep the module of a call (see `sys.setprofile`)."""
        file = frame.f_code.co_filename
        if event not in ("call", "return") or not file.startswith(_ROOT) or file == _GENERATED:
            return
        try:
            task = asyncio.current_task()
        except RuntimeError:  # another thread
            return
        name = task.get_name() if task else ""
        if event == "return":
            if frame.f_code.co_name in self._last:
                self.ended.add(name)
        elif name not in self.ended and not file.startswith(_SIMULATOR):
            module = file.removeprefix(_ROOT).removesuffix(".py").replace(os.sep, ".")
            self.entered.setdefault(module, set()).add(name)

    def of(self, *tasks: str) -> list[str]:
        """Return the modules that tasks whose names begin so entered."""
        return sorted(
            module
            for module, names in self.entered.items()
            if any(name.startswith(tasks) for name in names)
        )


@contextmanager
def traced(*last: str) -> Iterator[Trace]:
    """Trace what the block does in this thread."""
    trace = Trace(*last)
    sys.setprofile(trace.note)
    try:
        yield trace
    finally:
        sys.setprofile(None)


async def until(pilot: Pilot[None], condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for a condition. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():
            await pilot.pause(0.01)


def _configuration(served: SimulatedCluster, folder: Path) -> Configuration:
    tables = ["[settings]\nrefresh = 2.0\n"]
    tables += [
        f'[nodes.node{uid}]\nurl = "{url}"\nusername = "{_USER}"\ncluster = "demo"\n'
        f'fingerprint = "{served.fingerprint}"\n'
        for uid, url in served.urls.items()
    ]
    path = folder / "config.toml"
    path.write_text("\n".join(tables), encoding="utf-8")
    path.chmod(0o600)
    return load(path, must_exist=True)


async def trace_reading(
    fleet: Fleet, pilot: Pilot[None], change: Callable[[], None] | None = None
) -> list[str]:
    """Trace the next reading of the node in front; after a `change` there, until it is painted."""
    node = fleet.watch("node1")
    before = node.reading.answered_at
    await until(pilot, lambda: node.next_at and 0.05 < node.next_at - time.monotonic() < 0.2)
    tasks, last = ["polls node1"], {"polls node1"}
    if change is not None:
        change()
        tasks += [_PAINTER, "message pump ServicesTable"]
        last.add(_PAINTER)
    with traced("node_changed", "_display") as trace:
        # Without the pilot, whose every pause sends a message to each widget.
        async with asyncio.timeout(20):
            while node.reading.answered_at == before or not last <= trace.ended:  # noqa: ASYNC110 - no signal
                await asyncio.sleep(0.01)
    return trace.of(*tasks)


async def trace_order(app: DeckApp, fleet: Fleet, pilot: Pilot[None]) -> tuple[list[str], int]:
    """Trace a restart; returns the modules of its task, and how many its key and dialog add."""
    app.deck.table.move_to(_SERVICE)
    await pilot.pause()
    with traced() as trace:
        await pilot.press("r")
        await until(pilot, lambda: app.screen.query("#go.-armed"))
        await pilot.pause(0.7)
        await pilot.press("y")
        await until(pilot, lambda: fleet.orders.progress and not fleet.orders.open)
    return trace.of("order"), len(trace.of("order", "message pump"))


async def main() -> int:
    """Trace both ways and print them."""
    with (
        SimulatedCluster(Cluster(3, pace=0.1)) as served,
        tempfile.TemporaryDirectory(prefix="rsdeck-trace-") as folder,
    ):
        configuration = _configuration(served, Path(folder))
        passwords = Passwords()
        for profile in configuration.nodes:
            passwords.keep(profile, Secret(_PASSWORD))
        patience = Patience(steady=0.6, limit=6.0, same=1.5)
        fleet = Fleet(
            configuration,
            patience=patience,
            passwords=passwords,
            journal=OrderJournal(Path(folder)),
            history=HistoryRecorder(Path(folder)),
        )
        themes, _ = load_themes(theme_dirs())
        app = DeckApp(configuration, fleet, themes=themes, keys={})
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: all(one.facts.optional for one in fleet.nodes))
            quiet = await trace_reading(fleet, pilot)
            stop = partial(served.cluster.set_status, 1, _STOPPED, "STOPPED")
            reading = await trace_reading(fleet, pilot, stop)
            order, with_dialog = await trace_order(app, fleet, pilot)
    counted = (
        ("a reading in which only clocks went on", quiet, _QUIET_AT_MOST),
        ("a reading with a change, polled until painted", reading, _CHANGE_AT_MOST),
        ("an order, checked until its verdict", order, _ORDER_AT_MOST),
    )
    for what, modules, most in counted:
        print(f"{what}: {len(modules)} modules (at most {most})")
        print("  " + " ".join(modules))
    print(f"  with its key and its dialog: {with_dialog}")
    return int(any(len(modules) > most for _, modules, most in counted))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
