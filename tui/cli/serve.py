"""`rsdeck serve`: the read-only deck in a browser on this machine."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from tui.cli.errors import CommandError
from tui.cli.load_config import load_config
from tui.cli.printing import write_remark

if TYPE_CHECKING:
    from tui.config import Configuration
    from tui.web.server import DeckServer

_KEPT = frozenset({"HOME", "LANG", "LOGNAME", "PATH", "TZ", "USER"})
_KEPT_PREFIXES = ("LC_", "XDG_CONFIG_", "XDG_STATE_")
_TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}

_EPILOG = """\b
Examples:
  rsdeck serve                         prints a URL for a browser here
  ssh -L 8797:127.0.0.1:8797 HOST rsdeck serve
                                       the same for a browser on yours
  rsdeck serve --keep-env VAULT_ADDR   what a password_command needs

The URL holds a random token, new at each start: who has it can look, at most four at a time.
The decks are read-only; none of them can send an action.

Exit codes: 0 ended by a signal, 2 usage or configuration.
"""


@click.command("serve", epilog=_EPILOG)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8797,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--keep-env",
    "kept",
    multiple=True,
    metavar="NAME",
    help="Keep this variable of the environment for the decks; may be repeated.",
)
@click.pass_context
def serve(ctx: click.Context, port: int, kept: tuple[str, ...]) -> None:
    """Serve the read-only deck to a browser on this machine."""
    configuration = load_config(ctx)
    if not configuration.nodes:
        raise CommandError("no node yet in the configuration: `rsdeck` on a terminal adds one")
    try:
        from tui.web.server import DeckServer
    except ModuleNotFoundError as error:
        raise CommandError(f"serve needs {error.name}: pip install 'rsdeck[web]'") from error
    words = ("--read-only", "--config", str(configuration.path))
    server = DeckServer(
        (sys.executable, "-m", "tui", *words),
        deck_environment(os.environ, configuration, kept),
        secrets.token_urlsafe(32),
    )
    try:
        asyncio.run(_serve(server, port))
    except OSError as error:
        raise CommandError(f"cannot listen on 127.0.0.1:{port}: {error.strerror}") from error


def deck_environment(
    environ: Mapping[str, str], configuration: "Configuration", kept: Iterable[str]
) -> dict[str, str]:
    """Return the variables that a served deck gets: the folders, the language, the passwords'."""
    from tui.config.password_source import EnvironmentSource

    sources = (profile.password for profile in configuration.nodes)
    passwords = {source.variable for source in sources if isinstance(source, EnvironmentSource)}
    named = passwords | set(kept) | _KEPT
    env = {
        name: value
        for name, value in environ.items()
        if name in named or name.startswith(_KEPT_PREFIXES)
    }
    return env | _TERMINAL


async def _serve(server: "DeckServer", port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    url = await server.start("127.0.0.1", port)
    write_remark(f"read-only, for a browser on this machine: {url}")
    try:
        await ended.wait()
    finally:
        await server.stop()
