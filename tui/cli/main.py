"""The commands. Each imports what it needs when it is run, not before."""

import importlib
import io
from collections.abc import Sequence
from pathlib import Path

import click

from tui import __version__
from tui.cli.completion import complete_nodes
from tui.cli.errors import WELL, CommandError
from tui.cli.printing import write_remark, write_sentence

_INTERRUPTED = 130
_UNREAD = 141

_COMMANDS = {
    "check": "tui.cli.check:check",
    "completion": "tui.cli.completion:completion",
    "config": "tui.cli.config:config",
    "demo": "tui.cli.demo:demo",
    "events": "tui.cli.events:events",
    "export": "tui.cli.export:export",
    "discover": "tui.cli.discover:discover",
    "journal": "tui.cli.journal:journal",
    "nodes": "tui.cli.config:nodes",
    "restart": "tui.cli.action:restart",
    "rollout": "tui.cli.rollout:rollout",
    "serve": "tui.cli.serve:serve",
    "simulate": "tui.cli.simulate:simulate",
    "snapshot": "tui.cli.snapshot:snapshot",
    "start": "tui.cli.action:start",
    "status": "tui.cli.status:status",
    "stop": "tui.cli.action:stop",
    "trust": "tui.cli.trust:trust",
    "wait": "tui.cli.wait:wait",
    "why": "tui.cli.why:why",
}

_EPILOG = """\b
Examples:
  rsdeck                         open the deck on the configuration's nodes
  rsdeck --read-only             watch, with no way to send an action
  rsdeck demo                    open it on an embedded three-node cluster
  rsdeck status node1 --json     poll once, print JSON, exit 0, 1, 2 or 3
  rsdeck why node1 ccs           the evidence of why a service is as it is
  rsdeck snapshot --output x     all that is known, to paste into an incident
  rsdeck events --since 1h       what happened on the nodes, over all sessions
  rsdeck check                   one line and exit code for Nagios or Checkmk
  rsdeck export                  serve Prometheus on 127.0.0.1:9797
  rsdeck wait node1 ccs --for running
                                 poll until it is so, for scripts
  rsdeck serve                   the read-only deck in a browser here
  rsdeck discover node1          find the other nodes of its cluster
  rsdeck restart node1 alert_mgr --dry-run
                                 what would be sent; nothing is sent
  rsdeck journal --last 20       the actions from here, and their verdicts
  rsdeck rollout restart alert_mgr --cluster payments --dry-run
                                 how a restart would go from node to node
  rsdeck trust node1             see, compare and pin a node's certificate
  rsdeck config path             where the configuration lives

Exit codes: 0 all well or verified, 1 something is down or not verified (or the deck crashed),
2 usage, configuration or refused, 3 a node could not be polled, or the journal not written.
"""


class LazyGroup(click.Group):
    """A group that imports a command only when it runs."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return sorted(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read this configuration instead of the one in the user's folder.",
)
@click.option("--read-only", is_flag=True, help="Look only: nothing that can write is even built.")
@click.option("--node", "node", help="Open the deck on this node.", shell_complete=complete_nodes)
@click.version_option(__version__, prog_name="rsdeck")
@click.pass_context
def rsdeck(
    ctx: click.Context, config_path: Path | None, node: str | None, *, read_only: bool
) -> None:
    """Watch the services of Redis Software nodes; start, stop and restart them with care."""
    ctx.obj = {"config": config_path, "read_only": read_only}
    if ctx.invoked_subcommand is None:
        from tui.cli.deck import open_the_deck
        from tui.ui.terminal.skeleton import Skeleton

        with Skeleton() as skeleton:
            code = open_the_deck(config_path, node, read_only=read_only, skeleton=skeleton)
        ctx.exit(code)


class _UsageError(CommandError):
    """An error of click's, which is shown with the usage of the command."""

    def __init__(self, error: click.ClickException) -> None:
        super().__init__(error.format_message(), exit_code=error.exit_code)
        self._error = error

    def show(self) -> None:
        """Print it on stderr."""
        shown = io.StringIO()
        self._error.show(shown)
        for line in shown.getvalue().splitlines():
            write_sentence(line, to_stderr=True)


def _with_expected_value(error: click.BadOptionUsage, argv: Sequence[str]) -> click.UsageError:
    """Return an error that names the value an option expects; click's own names the option alone.

    An error of a flag, which takes no value, stays as it is.
    """
    context = click.Context(rsdeck, info_name="rsdeck")
    contexts = [context]
    for word in argv:
        if not isinstance(context.command, click.Group):
            break
        command = context.command.get_command(context, word)
        if command is not None:
            context = click.Context(command, parent=context, info_name=word)
            contexts.insert(0, context)
    for context in contexts:
        for option in context.command.params:
            if isinstance(option, click.Option) and error.option_name in option.opts:
                return error if option.is_flag else _no_value(option, context, error.option_name)
    return error


def _no_value(option: click.Option, context: click.Context, name: str) -> click.UsageError:
    expected = option.make_metavar(context)
    more = f": {option.help}" if option.help else ""
    return click.BadOptionUsage(name, f"Option '{name}' needs a value, {expected}{more}", context)


def run(argv: Sequence[str]) -> int:
    """Run a command line that click reads. Raises CommandError and OSError."""
    try:
        done = rsdeck.main(args=list(argv), prog_name="rsdeck", standalone_mode=False)
    except click.BadOptionUsage as error:
        raise _UsageError(_with_expected_value(error, argv)) from None
    except click.ClickException as error:
        raise _UsageError(error) from None
    except click.Abort:
        write_remark("stopped")
        return _INTERRUPTED
    except SystemExit as ended:
        # The reader of our output has gone: click exits with 1 then, which means DOWN here.
        return _UNREAD if ended.code == 1 else int(ended.code or WELL)
    return done if isinstance(done, int) else WELL
