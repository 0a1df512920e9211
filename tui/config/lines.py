"""Where in a file a key stands, so that a person finds the line."""

import re
from pathlib import Path

from tui.config.config_file import read_bytes
from tui.config.errors import ConfigError


def line_of(path: Path, profile_name: str, field: str) -> int | None:
    """Give the line's number, from 1; None where it is not written in a plain way."""
    try:
        text = (read_bytes(path) or b"").decode()
    except (ConfigError, UnicodeDecodeError):
        return None
    name = re.escape(profile_name)
    header = re.compile(rf"\s*\[\s*nodes\s*\.\s*(?:{name}|\"{name}\"|'{name}')\s*\]")
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            inside = header.match(line) is not None
        elif inside and re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=", line):
            return number
    return None
