"""`rsdeck`: the deck on the nodes of the configuration."""

import gc
import importlib
import os
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.command_passwords import command_passwords
from tui.cli.errors import CommandError
from tui.cli.last_start import Start, remember, remembered
from tui.cli.load_config import find_profile, read_config
from tui.cli.process import SignalsHeld, has_terminal
from tui.storage.paths import config_file, theme_dirs
from tui.storage.private_files import path_text
from tui.ui.terminal.skeleton import GROUND_COLORS, Ground, Skeleton

if TYPE_CHECKING:
    from tui.config import Configuration
    from tui.credentials import Passwords
    from tui.fleet.early_polling import EarlyPolling
    from tui.fleet.fleet import Fleet
    from tui.ui.app import DeckApp
    from tui.ui.themes import ThemeFile

LOCKED_BY_FLAG = "read-only: the deck was started with --read-only"
_PALETTE = "textual.command"
_PIECES = (
    "rich.console",
    "textual.events",
    "textual.css.styles",
    "textual.css.model",
    "textual.dom",
    "textual.widget",
    "textual.screen",
    _PALETTE,
    "textual.app",
    "textual.widgets._input",
    "tui.ui.terminal.app",
    "tui.ui.format.status_lines",
    "tui.ui.table.live_table",
    "tui.ui.controllers.orders",
    "tui.ui.screens.deck",
    "tui.ui.app",
)
"""The window's modules in the order in which they import each other, of some milliseconds each."""

_HISTORY_AFTER = 1.0
"""Seconds for which the history waits: the first table needs nothing of it."""

_LOCKED_BY_SETTING = "read-only: [settings] in the configuration says so"


def open_the_deck(
    config: Path | None, node: str | None, *, read_only: bool, skeleton: Skeleton
) -> int:
    """Open the deck on the configuration and return the exit code; raises CommandError.

    `config` is the path that the command line names. The `skeleton`, entered by the caller, may be
    shown already.
    """
    if not has_terminal():
        raise CommandError(
            "the deck needs a terminal on stdin, stdout and stderr (and TERM not dumb); "
            "`rsdeck status` answers without one"
        )
    configuration = read_config(*config_file(config, os.environ))
    if node is not None:
        find_profile(configuration, node)
    reason = LOCKED_BY_FLAG if read_only else ""
    if not reason and configuration.settings.read_only:
        reason = _LOCKED_BY_SETTING
    return run_deck(configuration, reason, node, skeleton=skeleton)


def forget_textual_environment(environ: "os._Environ[str]") -> None:
    """Remove the variables that would press keys in the deck or write a log of them.

    An empty NO_COLOR means nothing (no-color.org), but Textual obeys it.
    """
    if environ.get("NO_COLOR") == "":
        del environ["NO_COLOR"]
    for name in [name for name in environ if name.startswith("TEXTUAL")]:
        del environ[name]


def appearance(
    configuration: "Configuration", *, every_theme: bool = True
) -> tuple[dict[str, str], "dict[str, ThemeFile]", list[str]]:
    """Return the keys and themes of a configuration, and warnings about theme files.

    Of the themes only the one that is set, unless `every_theme` is wanted. Raises CommandError for
    an invalid keymap and for an unknown theme.
    """
    forget_textual_environment(os.environ)  # before anything of Textual is imported
    from tui.ui.keymap import KeymapError, check_keymap
    from tui.ui.table.live_table import LiveTable
    from tui.ui.table.navigation import COLUMN_BINDINGS
    from tui.ui.themes import load_themes

    where = path_text(configuration.path)
    try:
        keys = check_keymap(configuration.keys, (*LiveTable.MOVES, *COLUMN_BINDINGS))
    except KeymapError as error:
        raise CommandError(f"{where}: {error}") from None
    wanted = configuration.settings.theme
    themes, warnings = load_themes(theme_dirs(), None if every_theme else wanted)
    if wanted not in themes:
        themes, _ = load_themes(theme_dirs())
        known = ", ".join(sorted(themes))
        raise CommandError(f"{where}: settings.theme: no theme '{wanted}'; there are: {known}")
    return keys, themes, warnings


def run_deck(
    configuration: "Configuration",
    read_only: str,
    node: str | None,
    *,
    passwords: "Passwords | None" = None,
    state: Path | None = None,
    skeleton: Skeleton,
    window: "Callable[[], type[DeckApp]] | None" = None,
) -> int:
    """Run the deck on a configuration; `passwords` may hold some already.

    `window` imports another app than the deck's own.

    `state` is the folder of journal and history, the user's own if None; a folder that is given
    is removed with the deck. The `skeleton` is shown as soon as it is sure that the deck opens, if
    it is not yet.
    """
    # What is imported stays; collecting garbage in it would take a tenth of the start. The app
    # enables collection again as soon as it has painted.
    gc.disable()
    forget_textual_environment(os.environ)
    names = [profile.name for profile in configuration.nodes]
    if not skeleton.is_shown:
        ground = _sure_ground(configuration)
        if ground is None:
            # Nothing is shown or polled before all is right.
            _, themes, _ = appearance(configuration, every_theme=False)
            ground = _ground(themes[configuration.settings.theme])
        skeleton.show(names, ground)
    import asyncio
    from contextlib import ExitStack

    from tui.fleet.fleet import Fleet
    from tui.fleet.snapshot.storage import SavedFiles
    from tui.history.recorder import HistoryRecorder, WriteTimes
    from tui.journal.order_journal import OrderJournal
    from tui.journal.other_actions import OtherActions
    from tui.storage.paths import state_dir

    passwords = passwords or command_passwords(configuration.nodes, goes_on=True)
    # A read-only deck sends no orders, and needs no folder to record them in.
    files = SavedFiles(state or state_dir(), fleeting=state is not None)
    journal = None if read_only else OrderJournal(files.state)
    fleet = Fleet(
        configuration,
        read_only=read_only,
        passwords=passwords,
        journal=journal,
        history=HistoryRecorder(files.state, times=WriteTimes(after=_HISTORY_AFTER)),
        elsewhere=OtherActions(files.state, "" if journal is None else journal.session),
    )
    with ExitStack() as ending:
        with SignalsHeld():
            runner = ending.enter_context(asyncio.Runner())
        polling = runner.run(_poll_and_import(fleet))
        keys, themes, _ = appearance(configuration, every_theme=False)
        if state is None:
            theme = themes[configuration.settings.theme]
            _remember(Start(names, _ground(theme)), configuration.path, theme.name)
        from tui.ui.app import DeckApp, open_deck
        from tui.ui.themes import load_themes

        app = (DeckApp if window is None else window())(
            configuration,
            fleet,
            themes=themes,
            more_themes=lambda: load_themes(theme_dirs()),
            keys=keys,
            node=node,
            files=files,
            polling=polling,
        )
        return open_deck(app, mouse=configuration.settings.mouse, skeleton=skeleton, runner=runner)


def _ground(theme: "ThemeFile") -> Ground:
    return Ground(*(theme.colors[name] for name in GROUND_COLORS))


def _remember(start: Start, path: Path, theme: str) -> None:
    """Keep what this start found out, unless it is known already."""
    config = str(path)
    if remembered(config) is None:
        remember(start, [config, *(str(folder / f"{theme}.toml") for folder in theme_dirs())])


async def _poll_and_import(fleet: "Fleet") -> "EarlyPolling":
    """Begin to poll, and import the window while the nodes answer.

    In pieces, between which the loop goes on with what has come: a thread of its own would take
    the interpreter for as long, and memory besides.
    """
    import asyncio

    from tui.fleet.early_polling import EarlyPolling

    importlib.import_module("tui.api.client")
    polling = EarlyPolling(fleet)
    for name in _PIECES:
        await asyncio.sleep(0)
        if name == _PALETTE:
            import_palette()
        importlib.import_module(name)
    return polling


def import_palette() -> None:
    """Import Textual's palette without four widgets that the deck has not, which take 5 ms.

    It takes one type out of `textual.types`, where each widget's are; `textual._types` has it too.
    """
    if "textual.types" in sys.modules:
        return
    sys.modules["textual.types"] = importlib.import_module("textual._types")
    try:
        importlib.import_module(_PALETTE)
    finally:
        del sys.modules["textual.types"]


def _sure_ground(configuration: "Configuration") -> Ground | None:
    """Return the ground of a bundled theme, where neither theme nor keys can be wrong.

    None where the window's modules are needed to check them.
    """
    bundled, own = theme_dirs()
    name = f"{configuration.settings.theme}.toml"
    if configuration.keys or (own / name).exists() or not (bundled / name).is_file():
        return None
    colors = tomllib.loads((bundled / name).read_text(encoding="utf-8"))["colors"]
    return Ground(*(colors[name] for name in GROUND_COLORS))
