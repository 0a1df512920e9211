"""`rsdeck export`: the fleet's state for Prometheus. Without textual."""

import asyncio
import ipaddress
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.command_passwords import ask_for_passwords, command_passwords
from tui.cli.errors import CommandError
from tui.cli.load_config import choose_nodes, load_config
from tui.cli.options import SecondsRange
from tui.cli.printing import write_remark
from tui.cli.process import count_stops
from tui.fleet.events.notifications import NotifyCommand
from tui.fleet.protocols import NullListener

if TYPE_CHECKING:
    from tui.config import Configuration, Notify
    from tui.fleet.fleet import Fleet
    from tui.metrics.collector import RestartCounter
    from tui.metrics.server import MetricsServer
    from tui.model.event import Event

_LOOK_ONLY = "read-only: an exporter only looks"

_EPILOG = """\b
Examples:
  rsdeck export               serve http://127.0.0.1:9797/metrics
  rsdeck export --listen 0.0.0.0:9797 --tls-cert c.pem --tls-key k.pem
  rsdeck export --textfile /var/lib/node_exporter/rsdeck.prom

/probe?target=NAME gives the series of one profile. No label holds a password or a user.
The command of [notify] gets the events, as it does from the deck.

Exit codes: 0 ended by a signal, or written; 2 usage or configuration;
3 with --textfile: a node could not be polled (the file says which).
"""


@click.command("export", epilog=_EPILOG)
@click.option(
    "--listen", default="127.0.0.1:9797", show_default=True, metavar="ADDRESS:PORT",
    help="Where to serve; an address other than loopback has to be given.",
)  # fmt: skip
@click.option(
    "--every", type=SecondsRange(1, 3600), default=10.0, show_default=True,
    help="Seconds between two polls of a node.",
)  # fmt: skip
@click.option("--textfile", type=click.Path(path_type=Path, dir_okay=False),
              help="Poll once, write the series into this file, and end.")  # fmt: skip
@click.option("--tls-cert", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Serve HTTPS with this certificate (PEM).")  # fmt: skip
@click.option("--tls-key", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="The key of --tls-cert (PEM).")  # fmt: skip
@click.option("--client-ca", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Accept only clients with a certificate of this authority (PEM).")  # fmt: skip
@click.pass_context
def export(
    ctx: click.Context,
    *,
    listen: str,
    every: float,
    textfile: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
) -> None:
    """Give Prometheus the state of every service on every node."""
    if (tls_cert is None) != (tls_key is None) or (client_ca and not tls_cert):
        raise CommandError("--tls-cert and --tls-key belong together, --client-ca needs both")
    address = _address(listen)
    configuration = load_config(ctx)
    choose_nodes(configuration, ())
    try:
        from tui.metrics.collector import RestartCounter
        from tui.metrics.server import ExportError, MetricsServer, ServerTls, write_textfile
    except ImportError as error:
        if error.name != "prometheus_client":
            raise
        raise CommandError(
            "export needs prometheus_client: pip install 'rsdeck[metrics]'"
        ) from None
    counter = RestartCounter()
    listener = _Listener(counter, configuration.notify)
    fleet = _fleet(configuration, every, listener, goes_on=textfile is None)
    try:
        if textfile is not None:
            asyncio.run(fleet.poll_once())
            write_textfile(fleet, textfile)
            ctx.exit(0 if all(node.reading.is_good for node in fleet.nodes) else 3)
        tls = ServerTls(tls_cert, tls_key, client_ca) if tls_cert and tls_key else None
        server = MetricsServer(fleet, counter, address, tls)
    except ExportError as error:
        raise CommandError(str(error)) from None
    scheme = "https" if tls else "http"
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    write_remark(f"serving {scheme}://{host}:{server.port}/metrics")
    if not tls and not _is_loopback(address[0]):
        write_remark("whoever reaches it can read it: see --tls-cert")
    asyncio.run(_serve(fleet, server))


def _address(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise CommandError(f"--listen wants ADDRESS:PORT, such as 127.0.0.1:9797, not {listen!r}")
    return host, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Listener(NullListener):
    """Counts restarts, and passes events to the command of `[notify]`, where there is one."""

    def __init__(self, counter: "RestartCounter", notify: "Notify") -> None:
        self._counter = counter
        self._command = NotifyCommand(notify, os.environ, _warn)
        self.cluster_of: Callable[[str], str] = str

    def event_happened(self, event: "Event") -> None:
        """Count and pass on an event."""
        self._counter.event_happened(event)
        self._command.event_happened(event, self.cluster_of(event.node))


def _warn(text: str) -> None:
    write_remark(text)


def _fleet(
    configuration: "Configuration", every: float, listener: _Listener, *, goes_on: bool
) -> "Fleet":
    """Return the fleet; one that does not go on waits until what it was refused is written."""
    from tui.fleet.fleet import Fleet
    from tui.journal.other_actions import OtherActions
    from tui.storage.paths import state_dir

    passwords = command_passwords(configuration.nodes, goes_on=goes_on)
    ask_for_passwords(configuration.nodes, passwords)
    settings = replace(configuration.settings, refresh=every)
    fleet = Fleet(
        replace(configuration, settings=settings),
        read_only=_LOOK_ONLY,
        listener=listener,
        passwords=passwords,
        elsewhere=OtherActions(state_dir()),
    )
    listener.cluster_of = fleet.cluster_of
    return fleet


async def _serve(fleet: "Fleet", server: "MetricsServer") -> None:
    """Poll and serve until SIGINT or SIGTERM."""
    count_stops()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    polling = asyncio.create_task(fleet.run())
    waiting = asyncio.create_task(ended.wait())
    with server:
        await asyncio.wait({polling, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if polling.done():
        polling.result()
    polling.cancel()
    await asyncio.wait({polling})
