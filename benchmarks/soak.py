"""Run the deck with failing nodes and check that it does not grow: `python benchmarks/soak.py`.

Exit code 1 if memory, sockets, tasks or threads grew beyond their bounds, or a node that is well
at the end was not shown so.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from tui.config import Configuration, load
from tui.credentials import Passwords, Secret
from tui.fleet.fleet import Fleet
from tui.storage.paths import theme_dirs
from tui.ui.app import DeckApp
from tui.ui.themes import load_themes

_WEATHER = Path(__file__).with_name("weather.py")
_LOGIN = ("admin@demo.local", "demo-password")
_WARM_UP = 30.0
_KEYS = ("down", "up", "space", "slash", "escape", "escape", "i", "i", "]", "2", "1", "ctrl+r")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """The resources of the process: resident memory in MiB, and counts."""

    memory: float
    sockets: int
    tasks: int
    threads: int

    def text(self, when: str) -> str:
        """Return the sample as a line."""
        return (
            f"{when:<9}{self.memory:8.1f} MiB {self.sockets:5d} sockets "
            f"{self.tasks:4d} tasks {self.threads:4d} threads"
        )


# How much more may be held at the end than after the warm-up.
_BOUNDS = Sample(memory=25.0, sockets=5, tasks=6, threads=4)


def take() -> Sample:
    """Count the resources of this process now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    sockets = 0
    for handle in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            sockets += str(handle.readlink()).startswith("socket:")
    return Sample(
        pages * _PAGE / 1024**2, sockets, len(asyncio.all_tasks()), threading.active_count()
    )


def grown(begin: Sample, end: Sample) -> list[str]:
    """Return the names of what grew beyond its bound."""
    return [
        f"{what} grew from {getattr(begin, what):g} to {getattr(end, what):g}"
        for what in ("memory", "sockets", "tasks", "threads")
        if getattr(end, what) - getattr(begin, what) > getattr(_BOUNDS, what)
    ]


@contextmanager
def weather() -> Iterator[dict[str, str]]:
    """Serve failing nodes in their own process and return the URLs and the fingerprint by name."""
    command = [sys.executable, str(_WEATHER)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        urls: dict[str, str] = {}
        for line in child.stdout or ():
            *words, value = line.split()
            urls["".join(words)] = value
            if words == ["fingerprint"]:
                break
        yield urls
        if child.stdin is not None:
            child.stdin.close()


def configuration_for(urls: dict[str, str], folder: Path) -> Configuration:
    """Write a configuration for the cluster, the rubbish and a port where nothing listens."""
    login = f'username = "{_LOGIN[0]}"\n'
    tables = ["[settings]\nrefresh = 0.5\ntimeout = 2\n"]
    for name, url in urls.items():
        if name.startswith("node"):
            pin = f'cluster = "soak"\nfingerprint = "{urls["fingerprint"]}"\n'
            tables.append(f'[nodes.{name}]\nurl = "{url}"\n{login}{pin}')
    tables.append(f'[nodes.rubbish]\nurl = "{urls["rubbish"]}"\n{login}')
    tables.append(f'[nodes.nobody]\nurl = "http://127.0.0.1:1"\n{login}')
    path = folder / "config.toml"
    path.write_text("\n".join(tables), encoding="utf-8")
    path.chmod(0o600)
    return load(path, must_exist=True)


async def _drive(pilot: Pilot[None], until: float) -> None:
    """Press keys that send no action until the time is up."""
    number = 0
    while time.monotonic() < until:
        await pilot.press(_KEYS[number % len(_KEYS)])
        await pilot.pause(0.1)
        number += 1


async def soak(configuration: Configuration, seconds: float) -> tuple[Sample, Sample, list[str]]:
    """Run the deck and return its resources after the warm-up and at the end, and the problems."""
    passwords = Passwords()
    for profile in configuration.nodes:
        passwords.keep(profile, Secret(_LOGIN[1]))
    fleet = Fleet(configuration, passwords=passwords)
    themes, _ = load_themes(theme_dirs())
    app = DeckApp(configuration, fleet, themes=themes, keys={})
    async with app.run_test(size=(120, 40)) as pilot:
        start = time.monotonic()
        await _drive(pilot, start + min(_WARM_UP, seconds / 2))
        begin = take()
        print(begin.text("warm"), flush=True)
        await _drive(pilot, start + seconds)
        end = take()
        print(end.text("end"), flush=True)
        wrong = grown(begin, end)
        now = time.monotonic()
        for watch in fleet.nodes:
            age = watch.reading.age(now)
            print(f"{watch.name:<9}{'never' if age is None else f'{age:.1f} s ago'}")
            if watch.name.startswith("node") and age is None:
                wrong.append(f"{watch.name} was never read")
    # Textual cancels its workers and does not wait: they still close their connections.
    others = asyncio.all_tasks() - {asyncio.current_task()}
    unfinished = (await asyncio.wait(others, timeout=5))[1] if others else set()
    if unfinished:
        names = ", ".join(str(task.get_coro()) for task in unfinished)
        wrong.append(f"tasks are left after the end: {names}")
    return begin, end, wrong


def main() -> int:
    """Soak for the minutes of the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="rsdeck-soak-") as folder, weather() as urls:
        configuration = configuration_for(urls, Path(folder))
        _, _, wrong = asyncio.run(soak(configuration, minutes * 60))
    for line in wrong:
        print(f"FAIL: {line}")
    if not wrong:
        print(f"pass: {minutes:g} min, nothing grew beyond its bound")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
