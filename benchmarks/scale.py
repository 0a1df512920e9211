"""Watches hundreds of nodes: `python benchmarks/scale.py [--nodes 500] [--seconds 30]`.

First the headless core: its share of one processor, and how late readings come. Then the deck's
window over as many: from a key to its paint, and its share of one processor. The nodes are
simulated in a process of their own, over HTTPS. Exit code 1 where a goal is missed.
"""

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from textual.pilot import Pilot

from tui import ui
from tui.config import Configuration, load
from tui.credentials import Passwords, Secret
from tui.fleet.fleet import Fleet
from tui.fleet.ports import NullListener
from tui.storage.paths import theme_dirs
from tui.ui.app import DeckApp
from tui.ui.themes import load_themes

_CROWD = Path(__file__).with_name("crowd.py")
_USER, _PASSWORD = "admin@demo.local", "demo-password"
_PACE = 2.0
_CPU_GOAL, _LATE_GOAL, _KEY_GOAL = 100.0, 200.0, 50.0
_KEYS = ("down", "down", "down", "up", "up", "down", "down", "up")
_SCREENS = ("the deck", "the matrix", "the timeline")
_OPENS = {"the deck": "", "the matrix": "0", "the timeline": "e"}


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


async def _until_known(fleet: Fleet, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not all(one.reading.is_good and one.facts.optional for one in fleet.nodes):
        if time.monotonic() > end:
            raise SystemExit("not all nodes were known in time")
        await asyncio.sleep(0.2)


async def headless(configuration: Configuration, seconds: float) -> tuple[float, list[float]]:
    """Watch without a window and return percent of one processor, and the latenesses."""
    fleet = Fleet(configuration, read_only="measured", passwords=_passwords(configuration))
    notes = Lateness(fleet)
    fleet.listener = notes
    task = asyncio.create_task(fleet.run())
    try:
        await _until_known(fleet)
        await asyncio.sleep(2 * _PACE)
        notes.late.clear()
        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        used = (time.process_time() - cpu) / (time.monotonic() - wall)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return 100 * used, notes.late


class Painted(DeckApp):
    """The deck, which records when it has painted."""

    CSS_PATH = str(Path(ui.__file__).with_name("app.tcss"))

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.painted = asyncio.Event()

    def post_display_hook(self) -> None:
        """Record a paint; Textual calls this after each."""
        self.painted.set()


async def window(
    configuration: Configuration, seconds: float
) -> tuple[float, dict[str, list[float]]]:
    """Watch with the deck's window; return percent of one processor, and key to paint by screen."""
    fleet = Fleet(configuration, read_only="measured", passwords=_passwords(configuration))
    themes, _ = load_themes(theme_dirs())
    app = Painted(configuration, fleet, themes=themes, keys={})
    keys: dict[str, list[float]] = {}
    async with app.run_test(size=(120, 40)) as pilot:
        await _until_known(fleet)
        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        used = (time.process_time() - cpu) / (time.monotonic() - wall)
        # A cursor that cannot move paints nothing; and the fleet's listener is the window.
        while len(fleet.events) < len(_KEYS):  # noqa: ASYNC110 - no signal
            await asyncio.sleep(0.5)
        for screen in _SCREENS:
            keys[screen] = await _keys(app, pilot, _OPENS[screen])
    return 100 * used, keys


async def _keys(app: Painted, pilot: Pilot[None], opens: str) -> list[float]:
    """Open a screen, press keys at odd moments, and return the milliseconds until each paint."""
    if opens:
        await pilot.press(opens)
        await asyncio.sleep(1)
    took = []
    for number in range(40):
        await asyncio.sleep(0.05 + 0.013 * (number % 5))
        app.painted.clear()
        began = time.perf_counter()
        app.simulate_key(_KEYS[number % len(_KEYS)])
        await asyncio.wait_for(app.painted.wait(), 5)
        took.append(1000 * (time.perf_counter() - began))
    if opens:
        await pilot.press("escape")
    return took


def _print_goal(what: str, value: float, unit: str, goal: float | None) -> bool:
    well = goal is None or value <= goal
    verdict = (
        "" if goal is None else f"  goal at most {goal:g} {unit}: {'pass' if well else 'FAIL'}"
    )
    print(f"{what:<48}{value:>9.1f} {unit}{verdict}")
    return well


def _p(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]


def main() -> int:
    """Measure and print and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    with crowd(options.nodes) as configuration:
        print(f"{options.nodes} nodes, polled every {_PACE:g} s")
        cpu, late = asyncio.run(headless(configuration, options.seconds))
        well = [
            _print_goal("headless: of one processor", cpu, "%", _CPU_GOAL),
            _print_goal("headless: a reading comes late, p50", median(late), "ms", None),
            _print_goal("headless: a reading comes late, p99", _p(late, 99), "ms", _LATE_GOAL),
        ]
        cpu, keys = asyncio.run(window(configuration, options.seconds / 3))
        well.append(_print_goal("with the window: of one processor", cpu, "%", None))
        for screen, took in keys.items():
            well.append(_print_goal(f"key to paint on {screen}, p50", median(took), "ms", None))
            well.append(
                _print_goal(f"key to paint on {screen}, p95", _p(took, 95), "ms", _KEY_GOAL)
            )
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
