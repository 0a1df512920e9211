"""The folders of a user on Linux, found with little of the standard library."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as typing has it, whose import takes longer than a first frame may
if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDERS = {
    "config": ("XDG_CONFIG_HOME", ".config"),
    "state": ("XDG_STATE_HOME", ".local/state"),
}


def user_folder(kind: str, environ: Mapping[str, str]) -> str:
    """Return rsdeck's folder of a kind ("config" or "state") by the XDG base directories.

    Empty where the system is not Linux, and where neither variable nor home is an absolute path:
    then platformdirs knows. (XDG base directory specification, 0.8.)
    """
    if sys.platform != "linux":
        return ""
    variable, below_home = _FOLDERS[kind]
    folder, home = environ.get(variable, ""), environ.get("HOME", "")
    if folder.startswith("/"):
        return f"{folder}/rsdeck"
    return f"{home}/{below_home}/rsdeck" if home.startswith("/") else ""
