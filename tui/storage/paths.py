"""The paths of rsdeck's files: the user's, and those that come with the program."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tui.storage.xdg import user_folder

_PACKAGE = Path(__file__).resolve().parent.parent
# The folder of a user without a home. Nothing can exist or be made below this path, so a file there
# is missing, and writing one is refused with a reason.
NOWHERE = Path("/dev/null/rsdeck")


def config_file(explicit: Path | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """Return the path of the configuration, and whether the user named it.

    `explicit` (the command line) wins over RSDECK_CONFIG in `environ`, and that over the file in
    the user's folder. A named file must exist, the other may be missing.
    """
    if explicit is not None:
        return explicit, True
    named = environ.get("RSDECK_CONFIG", "")
    if named:
        return _expanded(Path(named)), True
    return _config_dir() / "config.toml", False


def state_dir() -> Path:
    """Return the folder of journal and history; it may not exist yet."""
    if found := user_folder("state", os.environ):
        return Path(found)
    from platformdirs import user_state_path

    return _usable(user_state_path)


def theme_dirs() -> tuple[Path, ...]:
    """Return the folders of themes: the bundled ones first, then the user's, which win by name."""
    return _bundled("themes"), _config_dir() / "themes"


def example_config() -> Path:
    """Return the example of a configuration that comes with the program."""
    return _bundled("config.example.toml")


def config_schema() -> Path:
    """Return the JSON Schema of the configuration that comes with the program."""
    return _bundled("docs/schemas/config.schema.json")


def _config_dir() -> Path:
    if found := user_folder("config", os.environ):
        return Path(found)
    from platformdirs import user_config_path

    return _usable(user_config_path)


def _bundled(name: str) -> Path:
    """Return a path inside the package (a wheel), or else one up (a checkout)."""
    inside = _PACKAGE / name
    return inside if inside.exists() else _PACKAGE.parent / name


def _usable(find: Callable[[str], Path]) -> Path:
    """Return the folder that platformdirs names, or NOWHERE.

    Without a home, newer versions raise; older ones return a relative folder, which would lie
    wherever the deck was started.
    """
    try:
        folder = find("rsdeck")
    except RuntimeError:
        return NOWHERE
    return folder if folder.is_absolute() else NOWHERE


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # no home to replace ~ with
        return path
