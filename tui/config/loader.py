"""Load a configuration file."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tui.config import value_readers as read
from tui.config.config_file import read_bytes
from tui.config.errors import BadValue, ConfigError
from tui.config.profile import Configuration, NodeProfile, Notify, Settings
from tui.config.profile_rules import check_profile, dotted_key, unknown_key
from tui.config.toml_syntax import parse_toml

_TABLES = ("settings", "keys", "notify", "nodes")
_SETTINGS: Mapping[str, Callable[[object], object]] = {
    "theme": read.read_word,
    "refresh": read.read_seconds(0.5, 300),
    "timeout": read.read_seconds(0, 300, above=True),
    "read_only": read.read_flag,
    "mouse": read.read_flag,
}
_NOTIFY: Mapping[str, Callable[[object], object]] = {
    "bell": read.read_event_kinds,
    "desktop": read.read_event_kinds,
    "protocol": read.read_choice("osc9", "osc777"),
    "loop_restarts": read.read_integer(2, 100),
    "loop_minutes": read.read_integer(1, 24 * 60),
}


def load(path: Path, *, must_exist: bool) -> Configuration:
    """Read a configuration; one that is missing is empty, unless it `must_exist`.

    Raises ConfigError.
    """
    path = path.absolute()
    data = read_bytes(path)
    if data is None and must_exist:
        raise ConfigError("there is no such file", file=path)
    return parse_configuration(data, path)


def parse_configuration(data: bytes | None, path: Path) -> Configuration:
    """Parse the bytes of a configuration; `path` is for messages and relative paths.

    Raises ConfigError.
    """
    if data is None:
        return Configuration(path, Settings(), MappingProxyType({}), (), "")
    document = parse_toml(data, path)
    for name in document:
        if name not in _TABLES:
            raise _error(path, unknown_key(name, _TABLES), name)
    return Configuration(
        path=path,
        settings=Settings(**_values("settings", _SETTINGS, document, path)),
        keys=MappingProxyType(_keys(_table(document, "keys", path), path)),
        nodes=_nodes(_table(document, "nodes", path), path),
        digest=hashlib.sha256(data).hexdigest(),
        notify=Notify(**_values("notify", _NOTIFY, document, path)),
    )


def _error(path: Path, refused: BadValue, *key: str) -> ConfigError:
    return ConfigError(refused.reason, file=path, key=dotted_key(*key), hint=refused.hint)


def _table(tables: Mapping[str, object], name: str, path: Path) -> dict[str, object]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        form = "[nodes.NAME]" if name == "nodes" else f"[{name}]"
        refused = BadValue(
            f"must be a table, not {read.kind_of_value(table)}", f"begin it with {form}"
        )
        raise _error(path, refused, name)
    return table


def _values(
    table: str,
    readers: Mapping[str, Callable[[object], object]],
    document: Mapping[str, object],
    path: Path,
) -> dict[str, Any]:
    """Read a table, each field with its reader."""
    values: dict[str, Any] = {}
    for name, value in _table(document, table, path).items():
        if name not in readers:
            raise _error(path, unknown_key(name, tuple(readers)), table, name)
        try:
            values[name] = readers[name](value)
        except BadValue as refused:
            raise _error(path, refused, table, name) from None
    return values


def _keys(table: Mapping[str, object], path: Path) -> dict[str, str]:
    """Read the keymap; the window checks which bindings there are."""
    keys: dict[str, str] = {}
    for name, value in table.items():
        try:
            keys[name] = read.read_word(value)
        except BadValue as refused:
            raise _error(path, refused, "keys", name) from None
    return keys


def _nodes(table: Mapping[str, object], path: Path) -> tuple[NodeProfile, ...]:
    profiles: dict[str, NodeProfile] = {}
    for name, fields in table.items():
        if not isinstance(fields, dict):
            refused = BadValue(
                f"must be a table, not {read.kind_of_value(fields)}",
                "begin a node with [nodes.NAME] and put its keys below",
            )
            raise _error(path, refused, "nodes", name)
        profile = check_profile(name, fields, folder=path.parent, file=path)
        twin = profiles.setdefault(profile.url, profile)
        if twin is not profile:
            refused = BadValue(f"is the same node as {dotted_key('nodes', twin.name)}")
            raise _error(path, refused, "nodes", name, "url")
    return tuple(profiles.values())
