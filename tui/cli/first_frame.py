"""The deck's first frame, shown before anything is imported that takes long.

For `rsdeck` and `rsdeck demo` with plain options alone; the command line does all the rest, and
says what is wrong. The frame is shown only once it is sure that a deck will be opened.
"""

from __future__ import annotations

import os

from tui.cli.last_start import remembered
from tui.cli.plain_options import plain_options
from tui.cli.process import exit_on_signals, has_terminal
from tui.storage.xdg import user_folder
from tui.ui.terminal.skeleton import DARK, Skeleton

TYPE_CHECKING = False  # as typing has it, whose import takes longer than a first frame may
if TYPE_CHECKING:
    from collections.abc import Sequence


def open_at_once(args: Sequence[str]) -> int | None:
    """Open the deck or the demo and return the exit code; None where `args` ask for more.

    Raises CommandError and OSError, with the terminal given back.
    """
    if "_RSDECK_COMPLETE" in os.environ or not has_terminal():
        return None
    with Skeleton() as skeleton:
        if args[:1] == ["demo"]:
            return _demo(args[1:], skeleton)
        return _deck(args, skeleton)


def _deck(args: Sequence[str], skeleton: Skeleton) -> int | None:
    options = plain_options(args, {"--read-only"}, {"--config", "--node"})
    if options is None:
        return None
    named, node = options.get("--config") or os.environ.get("RSDECK_CONFIG"), options.get("--node")
    # As `tui.storage.paths.config_file` finds it, but without pathlib, which takes long.
    if named:
        config = os.path.expanduser(named)  # noqa: PTH111 - as above
    else:
        config = f"{user_folder('config', os.environ)}/config.toml"
    start = remembered(os.path.abspath(config))  # noqa: PTH100 - as above
    if start is not None and (node is None or node in start.names):
        skeleton.show(start.names, start.ground)
    from pathlib import Path

    from tui.cli.deck import open_the_deck

    explicit = Path(options["--config"]) if "--config" in options else None
    return open_the_deck(explicit, node, read_only="--read-only" in options, skeleton=skeleton)


def _demo(args: Sequence[str], skeleton: Skeleton) -> int | None:
    options = plain_options(args, {"--read-only", "--still"}, {"--nodes"})
    number = (options or {}).get("--nodes", "3")
    if options is None or not number.isdecimal() or not 1 <= int(number) <= 100:
        return None
    if not _can_simulate():
        return None
    exit_on_signals()
    skeleton.show([f"node{uid}" for uid in range(1, int(number) + 1)], DARK)
    from tui.cli.demo import DemoOptions, open_the_demo

    still, read_only = "--still" in options, "--read-only" in options
    return open_the_demo(DemoOptions(int(number), still, read_only), skeleton)


def _can_simulate() -> bool:
    """Whether the packages of the simulator are installed."""
    from importlib.machinery import PathFinder

    return all(PathFinder.find_spec(name) is not None for name in ("trustme", "uvicorn"))
