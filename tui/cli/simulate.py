"""`rsdeck simulate`: the simulated cluster alone, for any client."""

import signal
import threading

import click

from tui.cli.errors import CommandError

_LAST_PORT = 65535


@click.command("simulate")
@click.option(
    "--nodes",
    "count",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="Nodes.",
)
@click.option(
    "--port", type=click.IntRange(0, _LAST_PORT), default=0, help="First port; 0 takes free ones."
)
@click.option(
    "--spread",
    is_flag=True,
    help="An address for each node, and one port for all: `rsdeck discover` needs it.",
)
@click.option(
    "--lively/--still",
    default=False,
    show_default=True,
    help="Let things happen by themselves, or not.",
)
def simulate(count: int, port: int, *, spread: bool, lively: bool) -> None:
    """Serve a simulated cluster on loopback until interrupted.

    Prints addresses, users, passwords and the certificate's fingerprint. The passwords are always
    the same: they protect nothing. The certificate is new at each start, so a profile that
    pins it has to be pinned again.
    """
    try:
        from tui.sim.cluster import Cluster
        from tui.sim.server import SimulatedCluster, SimulatorError
    except ImportError as error:
        raise CommandError(
            f"the simulator needs {error.name}: pip install 'rsdeck[demo]'"
        ) from error
    if not spread and port + count - 1 > _LAST_PORT:
        raise CommandError(f"{count} nodes from port {port} on would go beyond port {_LAST_PORT}")
    cluster = Cluster(count, lively=lively)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with SimulatedCluster(cluster, port=port, spread=spread) as served:
            for uid, url in served.urls.items():
                role = "primary" if uid == cluster.primary_uid else "replica"
                click.echo(f"node {uid}  {url}  {role}")
            for email, user in cluster.users.items():
                click.echo(f"user {email}  password {user.password}  role {user.role}")
            click.echo(f"fingerprint {served.fingerprint}")
            if not spread and count > 1:
                click.echo("each node has its own port: discovery finds the others with --spread")
            email = next(iter(cluster.users))
            secret = cluster.users[email].password
            click.echo("try (-k, since no CA of this system signed the certificate):")
            click.echo(f"  curl -k -u {email}:{secret} {served.urls[1]}/v1/local/services")
            stop.wait()
    except SimulatorError as error:
        raise CommandError(str(error)) from error
