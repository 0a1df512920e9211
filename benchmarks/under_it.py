"""What is under the deck: polling many nodes, keys over many nodes, and one look."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from cluster import Served
from terminal import UnmeasuredError

_SCALE = Path(__file__).with_name("scale.py")
_NODES, _SECONDS = 500, 16.0
_IN_SWEEPS = 100
_LOOKS = 7


@dataclass(frozen=True, slots=True)
class Under:
    """Percent of one processor, milliseconds of lateness (p99), of a poll and of a look.

    `keys` are milliseconds from a key to its paint, p95, by screen.
    """

    nodes: int
    cpu: float
    late: float
    poll: float
    keys: Mapping[str, float]
    status: float


def measure_under(cluster: Served) -> Under:
    """Measure each in a process of its own; raises UnmeasuredError."""
    many = _scale("headless", _NODES, _SECONDS)
    keys = _scale("window", _NODES, 0.0)
    sweeps = _scale("sweeps", _IN_SWEEPS, _SECONDS / 4)
    status = 1000 * median(_look(cluster) for _ in range(_LOOKS))
    return Under(_NODES, many["cpu"], many["late"], sweeps["poll"], keys, status)


def _scale(what: str, nodes: int, seconds: float) -> Any:
    command = [sys.executable, str(_SCALE), what, "--nodes", str(nodes)]
    command += ["--seconds", str(seconds), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise UnmeasuredError(f"{what}: exit code {done.returncode}")
    return json.loads(done.stdout)


def _look(cluster: Served) -> float:
    """Return the seconds of processor time that one `status --json` takes."""
    command = [sys.executable, "-m", "tui", "--config", str(cluster.config)]
    command += ["status", "node1", "--json"]
    child = subprocess.Popen(command, env=cluster.environment, stdout=subprocess.DEVNULL)
    _, code, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(code)
    if child.returncode:
        raise UnmeasuredError(f"status --json: exit code {child.returncode}")
    return used.ru_utime + used.ru_stime
