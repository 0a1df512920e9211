"""`rsdeck`: the deck on the nodes of the configuration."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.load_config import find_profile, load_config
from tui.cli.output import CommandError
from tui.storage.private_files import path_text

if TYPE_CHECKING:
    from tui.config import Configuration
    from tui.credentials import Passwords
    from tui.ui.themes import ThemeFile

LOCKED_BY_FLAG = "read-only: the deck was started with --read-only"
_LOCKED_BY_SETTING = "read-only: [settings] in the configuration says so"


def open_the_deck(ctx: click.Context, node: str | None, *, read_only: bool) -> int:
    """Open the deck on the configuration and return the exit code; raises CommandError."""
    if not has_terminal():
        raise CommandError(
            "the deck needs a terminal on stdin, stdout and stderr (and TERM not dumb); "
            "`rsdeck status` answers without one"
        )
    configuration = load_config(ctx)
    if node is not None:
        find_profile(configuration, node)
    reason = LOCKED_BY_FLAG if read_only else ""
    if not reason and configuration.settings.read_only:
        reason = _LOCKED_BY_SETTING
    return run(configuration, reason, node)


def has_terminal() -> bool:
    """Whether there is a terminal that the deck could be drawn on and typed into."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and (
        os.environ.get("TERM", "") not in ("", "dumb")
    )


def forget_textual_environment(environ: "os._Environ[str]") -> None:
    """Remove the variables that would press keys in the deck or write a log of them.

    An empty NO_COLOR means nothing (no-color.org), but Textual obeys it.
    """
    if environ.get("NO_COLOR") == "":
        del environ["NO_COLOR"]
    for name in [name for name in environ if name.startswith("TEXTUAL")]:
        del environ[name]


def appearance(
    configuration: "Configuration",
) -> tuple[dict[str, str], "dict[str, ThemeFile]", list[str]]:
    """Return the keys and themes of a configuration, and warnings about theme files.

    Raises CommandError for an invalid keymap and for an unknown theme.
    """
    forget_textual_environment(os.environ)
    from tui.storage.paths import theme_dirs
    from tui.ui.keymap import KeymapError, check_keymap
    from tui.ui.table.live_table import LiveTable
    from tui.ui.table.navigation import COLUMN_BINDINGS
    from tui.ui.themes import load_themes

    where = path_text(configuration.path)
    try:
        keys = check_keymap(configuration.keys, (*LiveTable.MOVES, *COLUMN_BINDINGS))
    except KeymapError as error:
        raise CommandError(f"{where}: {error}") from None
    themes, warnings = load_themes(theme_dirs())
    wanted = configuration.settings.theme
    if wanted not in themes:
        known = ", ".join(sorted(themes))
        raise CommandError(f"{where}: settings.theme: no theme '{wanted}'; there are: {known}")
    return keys, themes, warnings


def run(
    configuration: "Configuration",
    read_only: str,
    node: str | None,
    *,
    passwords: "Passwords | None" = None,
    state: Path | None = None,
) -> int:
    """Run the deck on a configuration; `passwords` may hold some already.

    `state` is the folder of journal and history, the user's own if None; a folder that is given
    is removed with the deck.
    """
    # What is imported stays; collecting garbage in it would take a tenth of the start. The app
    # enables collection again as soon as it has painted.
    gc.disable()
    keys, themes, warnings = appearance(configuration)
    from tui.credentials import Passwords
    from tui.fleet.fleet import Fleet
    from tui.fleet.snapshot.storage import SavedFiles
    from tui.history.recorder import HistoryRecorder
    from tui.journal.order_journal import OrderJournal
    from tui.storage.paths import state_dir
    from tui.ui.app import DeckApp, open_deck

    passwords = passwords or Passwords(configuration.nodes)
    # A read-only deck sends no orders, and needs no folder to record them in.
    files = SavedFiles(state or state_dir(), fleeting=state is not None)
    journal = None if read_only else OrderJournal(files.state)
    fleet = Fleet(
        configuration,
        read_only=read_only,
        passwords=passwords,
        journal=journal,
        history=HistoryRecorder(files.state),
    )
    app = DeckApp(
        configuration,
        fleet,
        themes=themes,
        keys=keys,
        node=node,
        warnings=tuple(warnings),
        files=files,
    )
    return open_deck(app, mouse=configuration.settings.mouse)
