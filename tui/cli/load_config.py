"""The configuration of a command, or why it cannot be read."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.errors import CommandError, ErrorCode
from tui.cli.printing import write_remark
from tui.model.clock import show_times_in
from tui.model.text import clean
from tui.storage.private_files import path_text

if TYPE_CHECKING:
    import click

    from tui.config import Configuration, NodeProfile


def find_config(ctx: "click.Context") -> tuple[Path, bool]:
    """Return the path of the configuration, and whether the user named it."""
    from tui.storage.paths import config_file

    return config_file(ctx.obj["config"] if ctx.obj else None, os.environ)


def load_config(ctx: "click.Context") -> "Configuration":
    """Read the configuration; raises CommandError."""
    return read_config(*find_config(ctx))


def read_config(where: Path, named: bool) -> "Configuration":
    """Read the configuration at a path; one that was `named` must exist. Raises CommandError."""
    from tui.config import ConfigError, load

    try:
        configuration = load(where, must_exist=named)
    except ConfigError as error:
        raise CommandError(str(error), ErrorCode.CONFIGURATION) from None
    show_times_in(configuration.settings.time)
    return configuration


def use_clock_setting(ctx: "click.Context") -> None:
    """Show times as the configuration says, for a command that needs nothing else of it.

    One that cannot be read is reported and leaves them in UTC.
    """
    try:
        load_config(ctx)
    except CommandError as error:
        write_remark(f"times are in UTC: {error}")


def find_profile(configuration: "Configuration", name: str) -> "NodeProfile":
    """Return the profile of a name; raises CommandError with the names that there are."""
    profile = configuration.node(name)
    if profile is None:
        names = ", ".join(known.name for known in configuration.nodes) or "none"
        where = path_text(configuration.path)
        text = f"no node '{clean(name)}' in {where}; there are: {names}"
        raise CommandError(text, ErrorCode.UNKNOWN_NODE, node=clean(name))
    return profile


def choose_nodes(configuration: "Configuration", names: Sequence[str]) -> None:
    """Raise CommandError where there is no node, or none of one of these names."""
    where = path_text(configuration.path)
    if not configuration.nodes:
        raise CommandError(
            f"no node yet in {where}; `rsdeck` on a terminal adds one, `rsdeck demo` needs none",
            ErrorCode.CONFIGURATION,
        )
    for name in names:
        find_profile(configuration, name)
