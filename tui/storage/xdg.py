"""The folders of a user on Linux, found with little of the standard library."""

import os
import sys
from collections.abc import Mapping

_FOLDERS = {
    "config": ("XDG_CONFIG_HOME", "~/.config"),
    "state": ("XDG_STATE_HOME", "~/.local/state"),
}


def user_folder(kind: str, environ: Mapping[str, str]) -> str:
    """Return rsdeck's folder of a kind ("config" or "state") by the XDG base directories.

    Empty where the system is not Linux, and where a user without a home has none.
    """
    if sys.platform != "linux":
        return ""
    variable, default = _FOLDERS[kind]
    given = environ.get(variable, "")
    # A relative path in a variable counts as not set (XDG base directory specification, 0.8).
    folder = os.path.expanduser(given if os.path.isabs(given) else default)  # noqa: PTH111, PTH117 - pathlib takes long
    return os.path.join(folder, "rsdeck") if os.path.isabs(folder) else ""  # noqa: PTH117, PTH118 - as above
