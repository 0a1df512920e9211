"""supervisord with as many programs as a node has services, to compare `supervisorctl status` with.

Where supervisor is installed (`pip install supervisor`, in any environment on the PATH).
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from terminal import UnmeasuredError

_WITHIN = 20.0
_CONFIGURATION = """\
[unix_http_server]
file={folder}/socket
[supervisord]
nodaemon=true
logfile={folder}/log
pidfile={folder}/pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{folder}/socket
[program:service]
command={sleep} 3600
numprocs={programs}
process_name=%(process_num)02d
"""


@contextmanager
def supervised(programs: int) -> Iterator[Sequence[str] | None]:
    """Yield the command that prints the status of so many programs; None where there is none."""
    daemon, client, sleep = map(shutil.which, ("supervisord", "supervisorctl", "sleep"))
    if daemon is None or client is None or sleep is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="rsdeck-bench-") as folder:
        path = Path(folder) / "supervisord.conf"
        path.write_text(
            _CONFIGURATION.format(folder=folder, sleep=sleep, programs=programs), encoding="utf-8"
        )
        command = [client, "-c", str(path), "status"]
        with subprocess.Popen(
            [daemon, "-c", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            try:
                _wait(command, programs)
                yield command
            finally:
                child.terminate()


def _wait(command: Sequence[str], programs: int) -> None:
    """Wait until all programs run."""
    end = time.monotonic() + _WITHIN
    while time.monotonic() < end:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.stdout.count("RUNNING") == programs:
            return
        time.sleep(0.2)
    raise UnmeasuredError(f"supervisord ran no {programs} programs within {_WITHIN:g} s")
