"""Try an installed rsdeck as a stranger would, from an empty folder with an empty HOME."""

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_SECONDS = 60


class SmokeError(Exception):
    """The installed rsdeck did not do what it should."""


def try_command(command: Sequence[str]) -> None:
    """Run `command` as rsdeck: its version, the demo without a terminal, and the status of a node.

    Raises SmokeError with what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="rsdeck-smoke-") as folder:
        place = Path(folder)
        version = _run(command, place, "--version")
        demo = _run(command, place, "demo")
        if "node1" not in demo or "node3" not in demo:
            raise SmokeError(f"the demo shows no three nodes:\n{demo}")
        _try_status(command, place)
    print(f"  {version.strip()}: the demo and the status of a simulated node are shown")


def _try_status(command: Sequence[str], place: Path) -> None:
    """Show the status of a simulated node, by a configuration and a password in a file."""
    simulator = subprocess.Popen(
        (*command, "simulate", "--nodes", "1"),
        cwd=place,
        env=_environment(place),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert simulator.stdout is not None
        printed = ""
        for line in simulator.stdout:
            printed += line
            if line.startswith("fingerprint"):
                break
        found = re.search(r"node 1\s+(\S+)[\s\S]*?user (\S+)\s+password (\S+)[\s\S]*?\n"
                          r"fingerprint (\S+)", printed)  # fmt: skip
        if found is None:
            raise SmokeError(f"the simulator did not start:\n{printed}")
        url, user, password, fingerprint = found.groups()
        secret, configuration = place / "secret", place / "config.toml"
        secret.write_text(password, encoding="utf-8")
        configuration.write_text(
            f'[nodes.node1]\nurl = "{url}"\nusername = "{user}"\npassword_file = "{secret}"\n'
            f'fingerprint = "{fingerprint}"\n',
            encoding="utf-8",
        )
        for path in (secret, configuration):
            path.chmod(0o600)
        status = _run(command, place, "--config", str(configuration), "status", "--json")
        if "alert_mgr" not in status:
            raise SmokeError(f"the status shows no service:\n{status}")
    finally:
        simulator.terminate()
        simulator.wait()


def _run(command: Sequence[str], place: Path, *words: str) -> str:
    ran = subprocess.run(
        (*command, *words),
        cwd=place,
        env=_environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if ran.returncode:
        shown = f"{ran.stdout}{ran.stderr}"
        raise SmokeError(f"{' '.join((*command, *words))} ended with {ran.returncode}:\n{shown}")
    return ran.stdout


def _environment(place: Path) -> dict[str, str]:
    return {"HOME": str(place), "PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
