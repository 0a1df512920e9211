"""`rsdeck completion`: the shell's script, and the values that complete.

Values come from the configuration file and the history on this machine: no node is polled.
"""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

_EPILOG = """\b
Examples:
  rsdeck completion bash > ~/.local/share/bash-completion/completions/rsdeck
  rsdeck completion zsh > ~/.zfunc/_rsdeck   # fpath+=~/.zfunc before compinit
  rsdeck completion fish > ~/.config/fish/completions/rsdeck.fish
"""
_VARIABLE = "_RSDECK_COMPLETE"


@click.command("completion", epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes rsdeck's commands, options, nodes and services."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"no completion for {shell}")
    root = ctx.find_root()
    script = kind(root.command, {}, "rsdeck", _VARIABLE)
    click.echo(script.source_template % script.source_vars())


def complete_nodes(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """List the profiles whose names begin so."""
    return _beginning(_profiles(ctx), incomplete)


def complete_node_list(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """List what a list of profiles, with commas between, may become with one more."""
    known, _comma, last = incomplete.rpartition(",")
    before = f"{known}," if known else ""
    named = known.split(",")
    return [before + name for name in _beginning(_profiles(ctx), last) if name not in named]


def complete_clusters(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """List the clusters of the profiles."""
    tables = _profiles(ctx).values()
    names = {table.get("cluster") for table in tables if isinstance(table, dict)}
    return _beginning((name for name in names if isinstance(name, str)), incomplete)


def complete_services(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """List the services that were seen on any node, from the history; else those documented."""
    from tui.model.service import PURPOSES

    return _beginning(_seen_services() or PURPOSES, incomplete)


def complete_themes(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """List the themes that come with the program, and the user's own."""
    return _beginning(theme_names(), incomplete)


def theme_names() -> set[str]:
    """Return the names of the files of themes; whether one can be used is seen when it is read."""
    from tui.storage.paths import theme_dirs

    return {path.stem for folder in theme_dirs() for path in folder.glob("*.toml")}


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete) and name.isprintable())


def _profiles(ctx: click.Context) -> dict[str, Any]:
    """Return the `[nodes]` of the configuration as they stand; nothing where it is broken."""
    import tomllib

    from tui.storage.paths import config_file

    given = ctx.find_root().params.get("config_path")
    path, _ = config_file(Path(given) if given else None, os.environ)
    with contextlib.suppress(OSError, ValueError):
        nodes = tomllib.loads(path.read_text("utf-8")).get("nodes")
        return nodes if isinstance(nodes, dict) else {}
    return {}


def _seen_services() -> set[str]:
    import sqlite3

    from tui.storage.paths import state_dir

    path = state_dir() / "history.sqlite3"
    with contextlib.suppress(sqlite3.Error, OSError):
        uri = f"{path.as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=0.05)) as database:
            rows = database.execute("SELECT DISTINCT service FROM state LIMIT 500")
            return {name for (name,) in rows if isinstance(name, str) and name}
    return set()
