"""What is under the deck: polling many nodes, keys over many nodes, and one look."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from cluster import Served
from supervisor import supervised
from terminal import UnmeasuredError

from tui.sim.catalogue import SERVICES

_SCALE = Path(__file__).with_name("scale.py")
_NODES, _SECONDS = 500, 16.0
_IN_SWEEPS = 100
_LOOKS = 7


@dataclass(frozen=True, slots=True)
class Under:
    """Percent of one processor, milliseconds of lateness (p99), of a poll and of a look.

    `keys` are milliseconds from a key to its paint, p95, by screen. `supervisor` is what one look
    of `supervisorctl status` takes at as many programs, None where it is not installed.
    """

    nodes: int
    cpu: float
    late: float
    poll: float
    keys: Mapping[str, float]
    status: float
    supervisor: float | None


def measure_under(cluster: Served) -> Under:
    """Measure each in a process of its own; raises UnmeasuredError."""
    many = _scale("headless", _NODES, _SECONDS)
    keys = _scale("window", _NODES, 0.0)
    sweeps = _scale("sweeps", _IN_SWEEPS, _SECONDS / 4)
    status, supervisor = _looks(cluster)
    return Under(_NODES, many["cpu"], many["late"], sweeps["poll"], keys, status, supervisor)


def _scale(what: str, nodes: int, seconds: float) -> Any:
    command = [sys.executable, str(_SCALE), what, "--nodes", str(nodes)]
    command += ["--seconds", str(seconds), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise UnmeasuredError(f"{what}: exit code {done.returncode}")
    return json.loads(done.stdout)


def _looks(cluster: Served) -> tuple[float, float | None]:
    """Return the milliseconds that a look takes, and one of supervisorctl's, in turns."""
    own = [sys.executable, "-m", "tui", "--config", str(cluster.config), "status", "node1"]
    ours: list[float] = []
    theirs: list[float] = []
    with supervised(len(SERVICES)) as other:
        for number in range(_LOOKS + 1):
            for command, times in (([*own, "--json"], ours), (other, theirs)):
                seconds = _look(command, cluster) if command else None
                if number and seconds is not None:  # the first one warms the caches
                    times.append(1000 * seconds)
    return median(ours), median(theirs) if theirs else None


def _look(command: Sequence[str], cluster: Served) -> float:
    """Return the seconds of processor time that one look takes."""
    child = subprocess.Popen(command, env=cluster.environment, stdout=subprocess.DEVNULL)
    _, code, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(code)
    if child.returncode:
        raise UnmeasuredError(f"{command[0]}: exit code {child.returncode}")
    return used.ru_utime + used.ru_stime
