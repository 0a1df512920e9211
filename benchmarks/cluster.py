"""A still simulated cluster in a process of its own, and a configuration for it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from terminal import UnmeasuredError

_PASSWORD_IN = "RSDECK_BENCH_PASSWORD"


@dataclass(frozen=True, slots=True)
class Served:
    """Where the cluster is configured, the environment that a deck on it needs, and a password."""

    config: Path
    environment: dict[str, str]
    password: str


@contextmanager
def served(nodes: int) -> Iterator[Served]:
    """Serve a cluster of `nodes` and yield a configuration for it while the block runs."""
    command = [sys.executable, "-m", "tui", "simulate", "--nodes", str(nodes), "--still"]
    with (
        tempfile.TemporaryDirectory(prefix="rsdeck-bench-") as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child,
    ):
        try:
            urls, user, password, fingerprint = _read_output(child)
            path = Path(folder) / "config.toml"
            path.write_text(_configuration(urls, user, fingerprint), encoding="utf-8")
            path.chmod(0o600)
            yield Served(path, _environment(Path(folder), password), password)
        finally:
            child.terminate()


def _read_output(child: "subprocess.Popen[str]") -> tuple[dict[str, str], str, str, str]:
    """Read addresses, user, password and fingerprint from what the simulator prints."""
    urls: dict[str, str] = {}
    user = password = ""
    for line in child.stdout or ():
        match line.split():
            case ["node", uid, url, _]:
                urls[uid] = url
            case ["user", email, "password", secret, "role", "admin"]:
                user, password = email, secret
            case ["fingerprint", fingerprint]:
                return urls, user, password, fingerprint
    raise UnmeasuredError("the simulator ended before it said where it serves")


def _configuration(urls: dict[str, str], user: str, fingerprint: str) -> str:
    return "\n".join(
        f"""[nodes.node{uid}]
url = "{url}"
username = "{user}"
password_env = "{_PASSWORD_IN}"
fingerprint = "{fingerprint}"
cluster = "demo"
"""
        for uid, url in urls.items()
    )


def _environment(folder: Path, password: str) -> dict[str, str]:
    """Return this process's environment, as a terminal emulator sets it, without the user's files.

    Bytecode is kept: else the deck would be compiled at every start, and Textual, which pip has
    compiled, would not.
    """
    dropped = ("COLUMNS", "LINES", "NO_COLOR", "PYTHONDONTWRITEBYTECODE")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TEXTUAL") and name not in dropped
    }
    return kept | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder),
        **{f"XDG_{kind}_HOME": str(folder) for kind in ("CONFIG", "STATE", "DATA", "CACHE")},
        _PASSWORD_IN: password,
    }
