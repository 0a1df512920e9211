"""Draw every screen at every size in two themes: `python benchmarks/pictures.py FOLDER [SCREEN]…`.

The deck is the real one, driven by its keys, on an embedded cluster. The pictures are PNG, with an
index page beside them.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from raster import FontMissingError, Ground, draw
from stage import FAILED, STOPPED, is_known, make_trouble, until
from textual.pilot import Pilot

from tui.cli.demo import configuration_for, known_passwords
from tui.fleet.fleet import Fleet
from tui.fleet.orders.verdict import Patience
from tui.model.rollout import Plan, RolloutProgress, RolloutState, StepState
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster, SimulatorError
from tui.storage.paths import theme_dirs
from tui.ui.app import DeckApp
from tui.ui.themes import load_themes

SIZES = ((60, 20), (80, 24), (120, 40), (200, 60))
THEMES = ("dark", "light")
_NODES = 12
_LOST, _REFUSES = 7, 4
"""The node that is switched off, and the one that refuses its restart in the rollout."""

_PATIENCE = Patience(steady=0.3, limit=8.0, same=2.0)


@dataclass(frozen=True, slots=True)
class Stage:
    """A running deck and the cluster below it."""

    app: DeckApp
    fleet: Fleet
    pilot: Pilot[None]
    cluster: Cluster

    async def press(self, *keys: str) -> None:
        """Type keys, each after what the last one led to."""
        for key in keys:
            self.app.simulate_key(key)
            await self.pilot.pause(0.2)

    async def shown(self, name: str, condition: Callable[[], bool]) -> None:
        """Wait until what a picture is to show has come about."""
        await until(self.pilot, condition, name)

    async def on(self, service: str) -> None:
        """Put the deck's cursor on a service."""
        self.app.deck.table.move_to(service)
        await self.pilot.pause(0.1)

    async def armed(self) -> None:
        """Wait until the dialog in front accepts input."""
        await self.shown("the dialog listens", lambda: getattr(self.app.screen, "is_armed", True))

    async def deck(self) -> None:
        """Go back to the deck from whatever is in front."""
        for _ in range(6):
            if self.app.screen is self.app.deck:
                break
            await self.press("escape")
        while self.app.screen is not self.app.deck:
            self.app.pop_screen()
        self.app.deck.table.focus()


@dataclass(frozen=True, slots=True)
class Scene:
    """A screen by the name of its pictures, and how it is opened from the deck."""

    name: str
    open: Callable[[Stage], Awaitable[None]]


def _by(*keys: str, on: str = FAILED) -> Callable[[Stage], Awaitable[None]]:
    """Return what opens a screen by keys, with the deck's cursor on a service."""

    async def opened(stage: Stage) -> None:
        await stage.on(on)
        await stage.press(*keys)
        await stage.armed()

    return opened


async def _rollout_progress(stage: Stage) -> None:
    plan = stage.fleet.rollouts.plan([FAILED], [node.name for node in stage.fleet.nodes])
    if not isinstance(plan, Plan):
        raise TimeoutError(f"there is no plan of a rollout: {plan}")
    stage.cluster.refuse_next(_REFUSES, FAILED)
    stage.fleet.rollouts.begin(plan)
    await stage.press("o")

    def moved() -> bool:
        done = [step for step in _rollout(stage).steps if step.state is StepState.DONE]
        return len(done) >= 1

    await stage.shown("the first node is verified", moved)


async def _rollout_paused(stage: Stage) -> None:
    await stage.press("o")
    await stage.shown("it pauses", lambda: _rollout(stage).state is RolloutState.PAUSED)
    await stage.armed()


def _rollout(stage: Stage) -> RolloutProgress:
    return max(stage.fleet.rollouts.progress.values(), key=lambda shown: shown.plan.number)


async def _trouble(stage: Stage) -> None:
    """Bring every kind of row about, after the rollout is over."""
    for number in stage.fleet.rollouts.progress:
        stage.fleet.rollouts.abort(number)
    cluster = stage.cluster
    await make_trouble(stage.pilot, stage.fleet, cluster)
    cluster.set_status(1, "pdns_server", "STARTING")
    cluster.remove_service(5, "mdns_server")
    cluster.restart(1, "cm_server")
    cluster.power_off(_LOST)
    lost = stage.fleet.watch(f"node{_LOST}")
    await stage.shown("a node is lost", lambda: lost.reading.trouble is not None)
    stage.fleet.refresh()
    await stage.pilot.pause(1.0)


_CALM = (
    Scene("rollout-plan", _by("R")),
    Scene("rollout-progress", _rollout_progress),
    Scene("rollout-paused", _rollout_paused),
)
_TROUBLED = (
    Scene("deck", _by(on=STOPPED)),
    Scene("detail", _by("d", on=STOPPED)),
    Scene("confirm", _by("r", on="cm_server")),
    Scene("matrix", _by("0")),
    Scene("matrix-signs", _by("0", "v")),
    Scene("events", _by("e")),
    Scene("problems", _by("P")),
    Scene("nodes", _by("n")),
    Scene("discover", _by("D")),
    Scene("help", _by("f1")),
    Scene("form", _by("a")),
    Scene("trust", _by("T")),
    Scene("password", _by("L")),
    Scene("palette", _by("ctrl+p")),
)
SCENES = (*_CALM, *_TROUBLED)


async def play(
    served: SimulatedCluster, folder: Path, size: tuple[int, int], theme: str, names: Sequence[str]
) -> None:
    """Open the deck at a size in a theme, and write the pictures of the screens named."""
    with tempfile.TemporaryDirectory(prefix="rsdeck-pictures-") as home:
        configuration = configuration_for(served, Path(home))
        fleet = Fleet(configuration, passwords=known_passwords(configuration), patience=_PATIENCE)
        themes, _ = load_themes(theme_dirs())
        app = DeckApp(configuration, fleet, themes=themes, keys={})
        async with app.run_test(size=size) as pilot:
            app.action_paint(theme)
            stage = Stage(app, fleet, pilot, served.cluster)
            await stage.shown("every node's answer and kinds", lambda: is_known(fleet))
            fleet.set_interval(1.0)
            for part, before in ((_CALM, None), (_TROUBLED, _trouble)):
                scenes = [scene for scene in part if scene.name in names]
                if scenes and before is not None:
                    await before(stage)
                for scene in scenes:
                    await scene.open(stage)
                    await pilot.pause(0.4)
                    _write(app, folder / _file(scene.name, size, theme))
                    await stage.deck()


def _file(name: str, size: tuple[int, int], theme: str) -> str:
    return f"{name}-{size[0]}x{size[1]}-{theme}.png"


def _write(app: DeckApp, out: Path) -> None:
    ground = Ground(app.ansi_theme)
    strips = app.screen._compositor.render_strips()  # noqa: SLF001 - Textual has no other way to them
    draw([list(strip) for strip in strips], app.size.width, ground).save(out, optimize=True)


def write_index(folder: Path) -> None:
    """Write the page that shows the pictures of a folder, a screen a section."""
    parts = ["<!doctype html><meta charset=utf-8><title>rsdeck</title>"]
    parts.append("<style>body{font-family:sans-serif} img{max-width:49%;margin:2px}</style>")
    for scene in SCENES:
        parts.append(f"<h2>{escape(scene.name)}</h2>")
        names = (_file(scene.name, size, theme) for size in SIZES for theme in THEMES)
        parts += [
            f'<img loading=lazy src="{name}" alt="{name}" title="{name}">'
            for name in names
            if (folder / name).exists()
        ]
    (folder / "index.html").write_text("\n".join(parts), encoding="utf-8")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def main(arguments: Sequence[str]) -> int:
    """Write the pictures and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("screens", nargs="*", default=[scene.name for scene in SCENES])
    parser.add_argument("--size", type=_size, action="append", dest="sizes")
    parser.add_argument("--theme", action="append", dest="themes")
    wanted = parser.parse_intermixed_args(arguments)
    if unknown := set(wanted.screens) - {scene.name for scene in SCENES}:
        parser.error(f"no such screen: {', '.join(sorted(unknown))}")
    wanted.folder.mkdir(parents=True, exist_ok=True)
    try:
        for size in wanted.sizes or SIZES:
            for theme in wanted.themes or THEMES:
                with SimulatedCluster(Cluster(_NODES, pace=0.5)) as served:
                    asyncio.run(play(served, wanted.folder, size, theme, wanted.screens))
                print(f"{size[0]}x{size[1]} {theme}")
    except (SimulatorError, TimeoutError, FontMissingError) as error:
        print(f"no pictures: {error}", file=sys.stderr)
        return 1
    write_index(wanted.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
