"""Who sits at this deck, and when something happened: what the journal says of every record."""

import contextlib
import functools
import getpass
import os
import socket
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui import __version__
from tui.model.text import clean

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def timestamp() -> dict[str, Any]:
    """Say when it is: `at` the wall clock (UTC), `mono` seconds of this boot, `boot` which boot."""
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"at": at, "mono": round(time.monotonic(), 6), "boot": boot_id()}


@functools.cache
def boot_id() -> str:
    """Name this boot of the machine; empty where the system does not tell."""
    try:
        return clean(_BOOT.read_text(encoding="ascii").strip(), 64)
    except (OSError, UnicodeDecodeError):
        return ""


def user_name() -> str:
    """Name the user that this process runs as."""
    try:
        import pwd

        return clean(pwd.getpwuid(os.geteuid()).pw_name)
    except (ImportError, KeyError):
        return f"uid {os.geteuid()}"


def describe_session(environ: Mapping[str, str], *, read_only: bool) -> dict[str, Any]:
    """Say who started this deck, and from where; empty where it cannot be told."""
    return {
        "version": __version__,
        "user": user_name(),
        "login": _login(environ),
        "host": clean(socket.gethostname()),
        "pid": os.getpid(),
        "tty": _terminal(),
        "ssh": clean(environ.get("SSH_CONNECTION", "").partition(" ")[0], 64),
        "read_only": read_only,
    }


def _login(environ: Mapping[str, str]) -> str:
    """Name who logged in, before any sudo."""
    try:
        return clean(os.getlogin())
    except OSError:
        with contextlib.suppress(KeyError, OSError):
            return clean(environ.get("SUDO_USER") or getpass.getuser())
    return ""


def _terminal() -> str:
    for number in (0, 1, 2):
        with contextlib.suppress(OSError):
            return clean(os.ttyname(number))
    return ""
