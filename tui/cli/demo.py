"""`rsdeck demo`: the deck on an embedded cluster, without a cluster of your own."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion import complete_themes, theme_names
from tui.cli.deck import LOCKED_BY_FLAG, run_deck
from tui.cli.errors import CommandError
from tui.cli.printing import write_remark
from tui.cli.process import SignalsHeld, exit_on_signals, has_terminal
from tui.model.dataclass import dataclass
from tui.ui.terminal.skeleton import Skeleton

if TYPE_CHECKING:
    from tui.config import Configuration
    from tui.credentials import Passwords
    from tui.sim.server import SimulatedCluster
    from tui.ui.app import DeckApp

_USER, _PASSWORD = "admin@demo.local", "demo-password"
_TOURED = 3
"""Nodes that the tour needs at least: it picks the second, and rolls over a cluster."""

_SAID = "the deck needs a terminal; this is the embedded cluster's status, once"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line says; `still`: nothing happens by itself."""

    nodes: int = 3
    still: bool = False
    read_only: bool = False
    tour: bool = False
    theme: str = "dark"


@click.command("demo")
@click.option("--nodes", type=click.IntRange(1, 100), default=3, show_default=True, help="Nodes.")
@click.option("--still", is_flag=True, help="Let nothing happen by itself.")
@click.option("--tour", is_flag=True, help="Play a tour of it: space goes on, esc ends it.")
@click.option(
    "--theme",
    default="dark",
    show_default=True,
    help="The theme, to look at it before [settings] names it.",
    shell_complete=complete_themes,
)
@click.option("--read-only", "locked", is_flag=True, help="Look only, as `rsdeck --read-only`.")
@click.pass_context
def demo(ctx: click.Context, /, *, locked: bool, **options: Any) -> None:
    """Open the deck on an embedded cluster.

    It runs on this machine's loopback alone, over HTTPS, and writes nothing to the
    configuration. Without a terminal it prints the cluster's status once.
    """
    exit_on_signals()
    locked = locked or bool(ctx.obj and ctx.obj["read_only"])
    with Skeleton() as skeleton:
        code = open_the_demo(DemoOptions(read_only=locked, **options), skeleton)
    ctx.exit(code)


def open_the_demo(options: DemoOptions, skeleton: Skeleton) -> int:
    """Open the deck on an embedded cluster, or print its status where there is no terminal.

    Returns the exit code. Raises CommandError where the simulator's packages are missing, and for
    options that do not go together. The caller has entered the `skeleton`, and lets signals exit
    through `with` blocks.
    """
    _check(options)
    try:
        from tui.sim.cluster import Cluster
        from tui.sim.server import SimulatedCluster
    except ImportError as error:
        raise CommandError(
            f"the embedded cluster needs {error.name}: pip install 'rsdeck[demo]'"
        ) from error
    simulated = Cluster(options.nodes, lively=not options.still and not options.tour)
    simulated.contents.raise_alert("node_memory", node=options.nodes)
    with ExitStack() as ending:
        folder = ending.enter_context(tempfile.TemporaryDirectory(prefix="rsdeck-demo-"))
        with SignalsHeld():
            cluster = ending.enter_context(SimulatedCluster(simulated))
        configuration = configuration_for(cluster, Path(folder), options.theme)
        passwords = known_passwords(configuration)
        if has_terminal():
            reason = LOCKED_BY_FLAG if options.read_only else ""
            return run_deck(
                configuration,
                reason,
                None,
                passwords=passwords,
                state=Path(folder),
                skeleton=skeleton,
                window=_tour if options.tour else None,
            )
        from tui.cli.status_once import print_status

        write_remark(_SAID)
        print_status(configuration, (), lists_all=True, passwords=passwords)
        return 0


def _check(options: DemoOptions) -> None:
    if options.tour and (options.read_only or options.nodes < _TOURED):
        raise CommandError(
            f"--tour restarts services: it needs {_TOURED} nodes, and no --read-only"
        )
    if options.theme not in (themes := theme_names()):
        raise CommandError(f"no theme '{options.theme}'; there are: {', '.join(sorted(themes))}")


def _tour() -> "type[DeckApp]":
    from tui.ui.tour.app import TourApp

    return TourApp


def configuration_for(
    cluster: "SimulatedCluster", folder: Path, theme: str = "dark"
) -> "Configuration":
    """Write a configuration for the cluster into `folder`, and load it as any other."""
    from tui.config import load

    path = folder / "config.toml"
    tables = [f'[settings]\ntheme = "{theme}"\n']
    tables += [
        f'''[nodes.node{uid}]
url = "{url}"
username = "{_USER}"
fingerprint = "{cluster.fingerprint}"
cluster = "demo"
'''
        for uid, url in cluster.urls.items()
    ]
    path.write_text("\n".join(tables), encoding="utf-8")
    path.chmod(0o600)
    return load(path, must_exist=True)


def known_passwords(configuration: "Configuration") -> "Passwords":
    """Return the passwords of the cluster's nodes, so that no prompt is needed."""
    from tui.credentials import Passwords, Secret

    passwords = Passwords()
    for profile in configuration.nodes:
        passwords.keep(profile, Secret(_PASSWORD))
    return passwords
