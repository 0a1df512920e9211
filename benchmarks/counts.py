"""Fail where the deck does more than it has to, by counts and never by times.

`python benchmarks/counts.py`, called by `make bench-ci`. A bound is what was reached, and a little
more; lower it where less is reached.
"""

import subprocess
import sys

from at_terminal import RESTED, deck_on
from cluster import Served, served
from painted import lines_painted
from report import Figure, head
from terminal import Terminal, UnmeasuredError, rest

_IMPORT = b"import time:"
_FIRST_PAINT = b"\x1b[?1049h"


def modules_imported(cluster: Served) -> tuple[int, int]:
    """Return how many modules are imported before the first paint, and before the first table.

    Python reports each import on the same terminal (`-X importtime`), so the order is exact. It is
    not the first start on this configuration: that one reads it before it paints.
    """
    with deck_on(cluster) as app:
        app.until(RESTED, 40.0)
    with deck_on(cluster, "-X", "importtime") as app:
        app.until(RESTED, 40.0)
        written = b"".join(piece for _, piece in app.arrivals)
    before, painted, _ = written.partition(_FIRST_PAINT)
    if not painted:
        raise UnmeasuredError("the deck painted nothing")
    return before.count(_IMPORT), written.count(_IMPORT)


def modules_of_status(cluster: Served) -> int:
    """Return how many modules a `status --json` of one node imports."""
    command = [sys.executable, "-X", "importtime", "-m", "tui", "--config", str(cluster.config)]
    done = subprocess.run(
        [*command, "status", "node1", "--json"],
        env=cluster.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise UnmeasuredError(f"status --json: exit code {done.returncode}")
    return done.stderr.count(_IMPORT)


def at_rest(app: Terminal, seconds: float) -> tuple[float, float]:
    """Return the bytes written and the wake-ups, each a second, while nobody types."""
    rest([app], 5.0)
    written, woken = app.written, app.wake_ups()
    rest([app], seconds)
    return (app.written - written) / seconds, (app.wake_ups() - woken) / seconds


def main() -> int:
    """Count, print, and return 1 where a bound is passed or nothing could be counted."""
    try:
        with served(3) as cluster:
            before_paint, before_table = modules_imported(cluster)
            of_status = modules_of_status(cluster)
            with deck_on(cluster) as app:
                app.until(RESTED, 40.0)
                quiet, woken = at_rest(app, 12.0)
            changed, unchanged = lines_painted(cluster, 4.0)
    except UnmeasuredError as error:
        print(f"not counted: {error}", file=sys.stderr)
        return 1
    figures = [
        Figure("modules before the first paint", "number", [], before_paint, 60),
        Figure("modules before the first table", "number", [], before_table, 570),
        Figure("modules of status --json", "number", [], of_status, 255),
        Figure("written at rest", "B/s", [], quiet, 320),
        Figure("wake-ups at rest", "1/s", [], woken),
        Figure("lines painted that changed", "1/s", [], changed),
        Figure("lines painted that did not", "1/s", [], unchanged, 1),
    ]
    print(head("counts", ("rsdeck",)))
    for figure in figures:
        print(figure.line())
    return int(any(figure.is_met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
