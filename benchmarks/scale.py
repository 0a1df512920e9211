"""Watch hundreds of nodes: `python benchmarks/scale.py headless|sweeps|window [--nodes 500]`.

`headless` is the core alone: its share of one processor, and how late readings come. `sweeps` polls
all nodes at once again and again: processor time a poll. `window` is the deck's over as many: from
a key to its paint, on each screen. The nodes are simulated in a process of their own, over HTTPS.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

from tui.cli.entry import GC_THRESHOLDS
from tui.config import Configuration, load
from tui.credentials import Passwords, Secret
from tui.fleet.fleet import Fleet
from tui.fleet.protocols import NullListener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot

    from tui.ui.app import DeckApp

_CROWD = Path(__file__).with_name("crowd.py")
_USER, _PASSWORD = "admin@demo.local", "demo-password"
_PACE = 2.0
_NEVER = 1e6
_KEYS = ("down", "down", "up", "up")
_OPENS = {"deck": "", "matrix": "matrix", "problems": "all_problems", "events": "timeline"}
_KEYS_EACH = 40


@contextmanager
def crowd(nodes: int) -> Iterator[Configuration]:
    """Serve `nodes` nodes and yield their configuration while the block runs."""
    command = [sys.executable, str(_CROWD), str(nodes)]
    environment = os.environ | {"PYTHONPATH": str(_CROWD.parents[1])}
    with (
        tempfile.TemporaryDirectory(prefix="rsdeck-scale-") as folder,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as child,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            nodes_by_name = json.loads(child.stdout.readline())
            path = Path(folder) / "config.toml"
            path.write_text(_configuration(nodes_by_name), encoding="utf-8")
            path.chmod(0o600)
            yield load(path, must_exist=True)
        finally:
            child.stdin.close()


def _configuration(nodes_by_name: dict[str, tuple[str, str, str]]) -> str:
    tables = [f"[settings]\nrefresh = {_PACE}\n"]
    tables += [
        f'[nodes.{name}]\nurl = "{url}"\nusername = "{_USER}"\ncluster = "{cluster}"\n'
        f'fingerprint = "{fingerprint}"\n'
        for name, (url, cluster, fingerprint) in nodes_by_name.items()
    ]
    return "\n".join(tables)


def _passwords(configuration: Configuration) -> Passwords:
    passwords = Passwords()
    for profile in configuration.nodes:
        passwords.keep(profile, Secret(_PASSWORD))
    return passwords


@dataclass(slots=True)
class Lateness(NullListener):
    """Record how long after its due time each reading arrived, in milliseconds."""

    fleet: Fleet
    seen: dict[str, float] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)

    def node_changed(self, node: str) -> None:
        """Record a new reading: it was due one interval after the one before was polled."""
        reading = self.fleet.watch(node).reading
        if reading.answered_at is None or not reading.is_good:
            return
        before = self.seen.get(node)
        if before == reading.asked_at:
            return
        self.seen[node] = reading.asked_at
        if before is not None:
            self.late.append(1000 * (reading.answered_at - before - _PACE))


async def _until(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("it did not come about in time")
        await asyncio.sleep(0.05)


def _is_known(fleet: Fleet) -> bool:
    return all(one.reading.is_good and one.facts.optional for one in fleet.nodes)


@asynccontextmanager
async def _watched(configuration: Configuration) -> "AsyncIterator[tuple[Fleet, Lateness]]":
    fleet = Fleet(configuration, read_only="measured", passwords=_passwords(configuration))
    fleet.listener = notes = Lateness(fleet)
    task = asyncio.create_task(fleet.run())
    try:
        await _until(lambda: _is_known(fleet))
        yield fleet, notes
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def headless(configuration: Configuration, seconds: float) -> dict[str, float]:
    """Watch without a window; return percent of one processor, and milliseconds late, p99."""
    async with _watched(configuration) as (_, notes):
        await asyncio.sleep(2 * _PACE)
        notes.late.clear()
        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        used = (time.process_time() - cpu) / (time.monotonic() - wall)
        return {"cpu": 100 * used, "late": _p(notes.late, 99)}


async def sweeps(configuration: Configuration, seconds: float) -> dict[str, float]:
    """Poll all nodes at once, again and again; return milliseconds of processor time a poll."""
    async with _watched(configuration) as (fleet, notes):
        nodes = len(fleet.nodes)
        fleet.set_interval(_NEVER)
        await asyncio.sleep(2 * _PACE)
        spent, polls, pace = 0.0, 0, _NEVER
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.sleep(1.1)  # an answer in the same second would be the same
            notes.late.clear()
            pace -= 1
            cpu = time.process_time()
            fleet.set_interval(pace)  # a quicker pace begins at once
            while len(notes.late) < nodes:  # noqa: ASYNC110 - no signal
                await asyncio.sleep(0.01)
            spent, polls = spent + time.process_time() - cpu, polls + nodes
        return {"poll": 1000 * spent / polls}


def _painting_app(configuration: Configuration, fleet: Fleet) -> "tuple[DeckApp, asyncio.Event]":
    """Return the deck, and an event that is set by each of its paints."""
    from tui import ui
    from tui.storage.paths import theme_dirs
    from tui.ui.app import DeckApp
    from tui.ui.themes import load_themes

    painted = asyncio.Event()

    class Painted(DeckApp):
        CSS_PATH = str(Path(ui.__file__).with_name("app.tcss"))

        def post_display_hook(self) -> None:
            """Record a paint; Textual calls this after each."""
            painted.set()

    themes, _ = load_themes(theme_dirs())
    return Painted(configuration, fleet, themes=themes, keys={}), painted


async def window(configuration: Configuration, _: float) -> dict[str, float]:
    """Watch with the deck's window; return milliseconds from a key to its paint, p95, by screen."""
    fleet = Fleet(configuration, read_only="measured", passwords=_passwords(configuration))
    app, painted = _painting_app(configuration, fleet)
    keys: dict[str, float] = {}
    async with app.run_test(size=(120, 40)) as pilot:
        await _until(lambda: _is_known(fleet))
        for screen, opens in _OPENS.items():
            keys[screen] = _p(await _keys(app, painted, pilot, opens), 95)
    return keys


async def _keys(
    app: "DeckApp", painted: asyncio.Event, pilot: "Pilot[None]", opens: str
) -> list[float]:
    """Open a screen, press keys at odd moments; return the milliseconds until each moved."""
    from tui.ui.table.live_table import LiveTable

    if opens:
        await app.run_action(opens)
        await asyncio.sleep(1)
    table = app.screen.focused
    assert isinstance(table, LiveTable)
    await _until(
        lambda: len(table.row_keys) > len(_KEYS)
    )  # a cursor that cannot move paints nothing
    took = []
    for number in range(_KEYS_EACH):
        await asyncio.sleep(0.05 + 0.013 * (number % 5))
        key, before = _KEYS[number % len(_KEYS)], table.cursor_key
        began = time.perf_counter()
        app.simulate_key(key)
        try:
            async with asyncio.timeout(5):
                while table.cursor_key == before:  # noqa: ASYNC110 - it ends within a turn or two
                    await asyncio.sleep(0)
                painted.clear()
                await painted.wait()
        except TimeoutError:
            continue  # its row had become the first or the last one
        took.append(1000 * (time.perf_counter() - began))
    if opens:
        await pilot.press("escape")
    return took


def _p(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]


def main() -> int:
    """Measure and print and return the exit code."""
    measures = {"headless": headless, "sweeps": sweeps, "window": window}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=measures)
    parser.add_argument("--nodes", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=16.0)
    parser.add_argument("--json", action="store_true", help="for other programs")
    options = parser.parse_args()
    gc.set_threshold(*GC_THRESHOLDS)  # as every command has them
    with crowd(options.nodes) as configuration:
        found = asyncio.run(measures[options.what](configuration, options.seconds))
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:<12}{value:9.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
