"""Whether a configuration file on disk is another one than before, and what differs in it."""

from dataclasses import fields
from pathlib import Path

from tui.config.profile import Configuration, NodeProfile
from tui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What differs between two states of a file, known without reading it."""

    modified_ns: int
    size: int
    inode: int


def file_stamp(path: Path) -> FileStamp | None:
    """Return the stamp of the file that a path leads to; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return FileStamp(status.st_mtime_ns, status.st_size, status.st_ino)


class FileWatch:
    """Finds out from stamps, taken now and then, when a file is worth reading again."""

    def __init__(self) -> None:
        self._last: FileStamp | None = None
        self._known: FileStamp | None = None

    def is_new(self, stamp: FileStamp | None) -> bool:
        """Whether a file has changed, once for each change.

        Only where it has the same stamp as the time before: until then it may still be written.
        """
        is_steady, self._last = stamp == self._last, stamp
        if not is_steady or stamp == self._known:
            return False
        self._known = stamp
        return True


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """A profile that differs, and its keys that do; with `environment` its new value."""

    name: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigurationChanges:
    """The profiles that differ, and the tables that a running deck does not adopt."""

    added: tuple[str, ...] = ()
    changed: tuple[ProfileChange, ...] = ()
    removed: tuple[str, ...] = ()
    at_next_start: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.changed or self.removed or self.at_next_start)


def compare_configurations(before: Configuration, after: Configuration) -> ConfigurationChanges:
    """Return what differs; where a profile is written in the file does not count."""
    old = {profile.name: profile for profile in before.nodes}
    new = {profile.name: profile for profile in after.nodes}
    tables = {
        "settings": before.settings != after.settings,
        "keys": before.keys != after.keys,
        "notify": before.notify != after.notify,
        "rollout": before.rollout != after.rollout,
    }
    return ConfigurationChanges(
        tuple(name for name in new if name not in old),
        tuple(
            ProfileChange(name, _changed_parts(old[name], new[name]))
            for name in new
            if name in old and new[name] != old[name]
        ),
        tuple(name for name in old if name not in new),
        tuple(f"[{name}]" for name, differs in tables.items() if differs),
    )


def _changed_parts(before: NodeProfile, after: NodeProfile) -> tuple[str, ...]:
    """Return what differs of a profile; the environment, on which the guard depends, by its value.

    No other value is named: a command that reads a password may be one.
    """
    names = [
        one.name
        for one in fields(NodeProfile)
        if one.compare and getattr(before, one.name) != getattr(after, one.name)
    ]
    environment = after.environment.value if after.environment is not None else "none"
    return tuple(f"environment {environment}" if name == "environment" else name for name in names)
