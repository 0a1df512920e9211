"""Draw every screen at every size in two themes: `python benchmarks/pictures.py FOLDER [SCREEN]…`.

The deck is the real one, driven by its keys, on an embedded cluster. The pictures are PNG, with an
index page beside them. Those whose names begin with `t-` show what an operator meets in trouble,
each on a cluster of its own, at two sizes and in the dark theme; those with `p-` are of a command
in a terminal.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from html import escape
from pathlib import Path
from unittest.mock import patch

from raster import FontMissingError, Ground, draw, terminal_segments
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, MONOKAI
from scenes import (
    CALM,
    PROGRAMS,
    TROUBLED,
    TROUBLES,
    WRONG_PIN,
    Program,
    Stage,
    Trouble,
    bring_trouble,
)
from stage import FAILED, STOPPED, is_known, until
from terminal import Terminal, UnmeasuredError, rest

from tui.config import Configuration, load
from tui.credentials import Passwords, Secret
from tui.fleet.fleet import Fleet
from tui.fleet.orders.verdict import Patience
from tui.fleet.protocols import NullHistory
from tui.history.day import Day, Segment, State
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster, SimulatorError
from tui.storage.paths import theme_dirs
from tui.ui.app import DeckApp
from tui.ui.themes import load_themes

SCENES = (*CALM, *TROUBLED)
SIZES = ((60, 20), (80, 24), (120, 40), (200, 60))
THEMES = ("dark", "light")
TROUBLE_SIZES = ((80, 24), (120, 40))
TROUBLE_THEMES = ("dark",)
_NODES = 12
_PROGRAM_NODES, _PROGRAM_WITHIN = 6, 40.0
_PASSWORDS = {"admin@demo.local": "demo-password", "viewer@demo.local": "viewer-password"}
_PATIENCE = Patience(steady=0.3, limit=8.0, same=2.0)
_MINUTES = 47
"""For how long the deck has been open in the pictures."""


class _Hour(NullHistory):
    """A history of the last minutes: two services were restarted, one stopped lately."""

    def __init__(self, services: Sequence[str]) -> None:
        self._services = services

    async def last_hour(self, node: str, cluster: str) -> Mapping[str, Day]:
        """Return what the table's strips are drawn from."""
        del node, cluster
        return {name: _past(name, 3600, 60 * _MINUTES) for name in self._services}

    async def day(self, node: str, service: str, cluster: str) -> Day:
        """Return the last day of a service."""
        del node, cluster
        return _past(service, 86_400, 80_000)


def _past(service: str, seconds: float, watched: float) -> Day:
    """Return the last seconds of a service, so many of which its node was watched."""
    now = time.time()
    up, gap = State(now - 9e5, "RUNNING"), (now - 1500, now - 1380)
    segments = [Segment(now - watched, gap[0], up)]
    if service == STOPPED:
        segments += [
            Segment(gap[1], now - 180, up),
            Segment(now - 180, now, State(now - 180, "STOPPED")),
        ]
    elif service == FAILED:
        segments += [
            Segment(gap[1], now - 900, up),
            Segment(now - 900, now - 720, State(now - 900, "FATAL")),
            Segment(now - 720, now, up),
        ]
    else:
        segments.append(Segment(gap[1], now, up))
    restarts = (now - 600, now - 300) if service in ("cm_server", "mdns_server") else ()
    return Day(now - seconds, now, tuple(segments), restarts, 9e5)


Clusters = Sequence[SimulatedCluster]
"""The cluster of the pictures, and a second one where there are two."""


def _configuration(clusters: Clusters, folder: Path, trouble: Trouble) -> Configuration:
    """Write a trouble's configuration into `folder`, and load it as any other."""
    tables = [f"[settings]\nrefresh = 0.5\n{trouble.settings}\n"]
    for (prefix, cluster), served in zip(
        (("node", "demo"), ("old", "old")), clusters, strict=False
    ):
        trust = f'fingerprint = "{served.fingerprint}"'
        if trouble.more.startswith(("fingerprint", "insecure")):
            trust = ""
        tables += [
            f'[nodes.{prefix}{uid}]\nurl = "{url}"\nusername = "{trouble.user}"\n'
            f'cluster = "{cluster}"\n{trust}\n{trouble.more}\n'
            for uid, url in served.urls.items()
        ]
    path = folder / "config.toml"
    path.write_text("\n".join(tables), encoding="utf-8")
    path.chmod(0o600)
    return load(path, must_exist=True)


@asynccontextmanager
async def stage(
    clusters: Clusters, size: tuple[int, int], theme: str, trouble: Trouble
) -> AsyncIterator[Stage]:
    """Open the deck at a size in a theme, on the cluster of a trouble."""
    with (
        tempfile.TemporaryDirectory(prefix="rsdeck-pictures-") as home,
        patch.dict(os.environ, trouble.environ),
    ):
        configuration = _configuration(clusters, Path(home), trouble)
        passwords = Passwords()
        for profile in configuration.nodes:
            passwords.keep(profile, Secret(_PASSWORDS[trouble.user]))
        fleet = Fleet(
            configuration,
            passwords=passwords,
            patience=_PATIENCE,
            read_only=trouble.read_only,
            history=_Hour([*clusters[0].cluster.services(1)]),
        )
        themes, _ = load_themes(theme_dirs())
        app = DeckApp(configuration, fleet, themes=themes, keys={})
        async with app.run_test(size=size, notifications=True) as pilot:
            app.action_paint(theme)
            yield Stage(app, fleet, pilot, clusters[0].cluster, configuration.path)


async def play(
    served: SimulatedCluster, folder: Path, size: tuple[int, int], theme: str, names: Sequence[str]
) -> None:
    """Write the pictures of the screens named, on one cluster, at a size in a theme."""
    async with stage([served], size, theme, Trouble("", _nothing)) as on:
        await on.shown("every node's answer and kinds", lambda: is_known(on.fleet))
        on.fleet.set_interval(1.0)
        for part, before in ((CALM, None), (TROUBLED, bring_trouble)):
            scenes = [scene for scene in part if scene.name in names]
            if scenes and before is not None:
                await before(on)
            for scene in scenes:
                await scene.open(on)
                await on.pilot.pause(0.4)
                write(on.app, folder / _file(scene.name, size, theme))
                await on.deck()


async def play_trouble(
    clusters: Clusters, folder: Path, size: tuple[int, int], theme: str, trouble: Trouble
) -> None:
    """Write the picture of a trouble."""
    async with stage(clusters, size, theme, trouble) as on:
        if trouble.is_read:
            await until(on.pilot, lambda: is_known(on.fleet), f"{trouble.name}: all answers")
        await trouble.open(on)
        await on.pilot.pause(0.4)
        write(on.app, folder / _file(trouble.name, size, theme))


async def _nothing(_: Stage) -> None:
    """Do nothing."""


def _file(name: str, size: tuple[int, int], theme: str) -> str:
    return f"{name}-{size[0]}x{size[1]}-{theme}.png"


def write(app: DeckApp, out: Path) -> None:
    """Write what is on the screen, as it is painted."""
    ground = Ground(app.ansi_theme)
    strips = app.screen._compositor.render_strips()  # noqa: SLF001 - Textual has no other way to them
    filters, background = app.get_line_filters(), app.screen.background_colors[1]
    for each in filters:
        strips = [strip.apply_filter(each, background) for strip in strips]
    draw([list(strip) for strip in strips], app.size.width, ground).save(out, optimize=True)


def play_program(
    served: SimulatedCluster, folder: Path, size: tuple[int, int], theme: str, program: Program
) -> None:
    """Write the picture of a command in a terminal."""
    with tempfile.TemporaryDirectory(prefix="rsdeck-pictures-") as home:
        wrong = Trouble("", _nothing, more=f'fingerprint = "{WRONG_PIN}"')
        path = _configuration([served], Path(home), wrong).path
        environment = {
            "HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }  # fmt: skip
        own = ("--config", str(path)) if program.command[0] != "demo" else ()
        command = (sys.executable, "-m", "tui", *own, *program.command)
        more = ("--theme", theme) if program.command[0] == "demo" else ()
        with Terminal((*command, *more), environment, size=size) as terminal:
            terminal.until(program.words, _PROGRAM_WITHIN)
            rest([terminal], 1.0)
            lines = [terminal_segments(row) for row in terminal.screen.rows]
    ground = Ground(MONOKAI if theme == "dark" else DEFAULT_TERMINAL_THEME)
    draw(lines, size[0], ground).save(folder / _file(program.name, size, theme), optimize=True)


def write_index(folder: Path) -> None:
    """Write the page that shows the pictures of a folder, a screen a section."""
    parts = ["<!doctype html><meta charset=utf-8><title>rsdeck</title>"]
    parts.append("<style>body{font-family:sans-serif} img{max-width:49%;margin:2px}</style>")
    for scene in (*SCENES, *TROUBLES, *PROGRAMS):
        parts.append(f"<h2>{escape(scene.name)}</h2>")
        names = (path.name for path in sorted(folder.glob(f"{scene.name}-[0-9]*.png")))
        parts += [f'<img loading=lazy src="{name}" alt="{name}" title="{name}">' for name in names]
    (folder / "index.html").write_text("\n".join(parts), encoding="utf-8")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def main(arguments: Sequence[str]) -> int:
    """Write the pictures and return the exit code."""
    parser = argparse.ArgumentParser()
    known = [scene.name for scene in (*SCENES, *TROUBLES, *PROGRAMS)]
    parser.add_argument("folder", type=Path)
    parser.add_argument("screens", nargs="*", default=known)
    parser.add_argument("--size", type=_size, action="append", dest="sizes")
    parser.add_argument("--theme", action="append", dest="themes")
    wanted = parser.parse_intermixed_args(arguments)
    if unknown := set(wanted.screens) - {*known}:
        parser.error(f"no such screen: {', '.join(sorted(unknown))}")
    wanted.folder.mkdir(parents=True, exist_ok=True)
    try:
        _draw(wanted.folder, wanted.screens, wanted.sizes, wanted.themes)
    except (SimulatorError, TimeoutError, FontMissingError, UnmeasuredError) as error:
        print(f"no pictures: {error}", file=sys.stderr)
        return 1
    finally:
        write_index(wanted.folder)
    return 0


def _draw(
    folder: Path,
    screens: Sequence[str],
    sizes: Sequence[tuple[int, int]] | None,
    themes: Sequence[str] | None,
) -> None:
    scenes = [scene.name for scene in SCENES if scene.name in screens]
    for size in (sizes or SIZES) if scenes else ():
        for theme in themes or THEMES:
            with SimulatedCluster(Cluster(_NODES, pace=0.5)) as served:
                asyncio.run(play(served, folder, size, theme, scenes))
            print(f"{size[0]}x{size[1]} {theme}", flush=True)
    for trouble in (trouble for trouble in TROUBLES if trouble.name in screens):
        for size in sizes or TROUBLE_SIZES:
            for theme in themes or TROUBLE_THEMES:
                with ExitStack() as stack:
                    clusters = [
                        stack.enter_context(SimulatedCluster(cluster))
                        for cluster in _clusters(trouble)
                    ]
                    asyncio.run(play_trouble(clusters, folder, size, theme, trouble))
                print(f"{trouble.name} {size[0]}x{size[1]} {theme}", flush=True)
    for program in (program for program in PROGRAMS if program.name in screens):
        for size in sizes or TROUBLE_SIZES:
            for theme in themes or TROUBLE_THEMES:
                with SimulatedCluster(Cluster(_PROGRAM_NODES, pace=0.5)) as served:
                    play_program(served, folder, size, theme, program)
                print(f"{program.name} {size[0]}x{size[1]} {theme}", flush=True)


def _clusters(trouble: Trouble) -> list[Cluster]:
    clusters = [Cluster(trouble.nodes, pace=0.5)]
    if trouble.beside:
        name = "old.cluster.local"
        clusters.append(Cluster(trouble.nodes, name=name, version=trouble.beside, pace=0.5))
    return clusters


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
