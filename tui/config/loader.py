"""Load a configuration file."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tui.config import value_readers as read
from tui.config.config_file import read_bytes
from tui.config.errors import BadValue, ConfigError
from tui.config.key_lines import dotted_key, key_lines
from tui.config.profile import Configuration, NodeProfile, Notify, RolloutRules, Settings
from tui.config.profile_rules import check_profile, shown_key, unknown_key
from tui.config.toml_syntax import parse_toml

_TABLES = ("settings", "keys", "notify", "rollout", "nodes")
SETTING_READERS: Mapping[str, Callable[[object], object]] = {
    "theme": read.read_nonempty_text,
    "refresh": read.read_seconds(0.5, 300),
    "timeout": read.read_seconds(0, 300, above=True),
    "read_only": read.read_flag,
    "mouse": read.read_flag,
    "signs": read.read_signs,
    "time": read.read_clock_zone,
}
NOTIFY_READERS: Mapping[str, Callable[[object], object]] = {
    "bell": read.read_event_kinds,
    "desktop": read.read_event_kinds,
    "protocol": read.read_choice("osc9", "osc777"),
    "command": lambda value: read.read_argv(value, 'command = ["/usr/local/bin/page"]'),
    "command_events": read.read_event_kinds,
    "loop_restarts": read.read_integer(2, 100),
    "loop_minutes": read.read_integer(1, 24 * 60),
}
ROLLOUT_READERS: Mapping[str, Callable[[object], object]] = {
    "accept": read.read_gate_hazards,
    "gate_wait": read.read_seconds(0, 3600),
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
    digest = hashlib.sha256(data).hexdigest()
    return DocumentReader(path, key_lines(data.decode())).configuration(document, digest)


class DocumentReader:
    """Reads the document of one file; its errors have the lines on which the keys are written."""

    def __init__(self, path: Path, lines: Mapping[str, int]) -> None:
        self._path = path
        self._lines = lines

    def configuration(self, document: Mapping[str, object], digest: str) -> Configuration:
        """Return the configuration of a document, or of a part of one. Raises ConfigError."""
        for name in document:
            if name not in _TABLES:
                raise self._error(unknown_key(name, _TABLES), name, valid=_TABLES)
        return Configuration(
            path=self._path,
            settings=Settings(**self._values("settings", SETTING_READERS, document)),
            keys=MappingProxyType(self._keys(self._table(document, "keys"))),
            nodes=self._nodes(self._table(document, "nodes")),
            digest=digest,
            notify=Notify(**self._values("notify", NOTIFY_READERS, document)),
            rollout=RolloutRules(**self._values("rollout", ROLLOUT_READERS, document)),
        )

    def _error(self, refused: BadValue, *key: str, valid: tuple[str, ...] = ()) -> ConfigError:
        """Return an error of a key; with `valid` keys, of one that may not exist."""
        shown = dotted_key(*key)
        line = self._lines.get(shown) or self._lines.get(dotted_key(*key[:-1]))
        if valid:
            shown = ".".join((*key[:-1], shown_key(key[-1], valid)))
        return ConfigError(refused.reason, file=self._path, line=line, key=shown, hint=refused.hint)

    def _table(self, tables: Mapping[str, object], name: str) -> dict[str, object]:
        table = tables.get(name, {})
        if not isinstance(table, dict):
            form = "[nodes.NAME]" if name == "nodes" else f"[{name}]"
            refused = BadValue(
                f"must be a table, not {read.kind_of_value(table)}", f"begin it with {form}"
            )
            raise self._error(refused, name)
        return table

    def _values(
        self,
        table: str,
        readers: Mapping[str, Callable[[object], object]],
        document: Mapping[str, object],
    ) -> dict[str, Any]:
        """Read a table, each field with its reader."""
        values: dict[str, Any] = {}
        for name, value in self._table(document, table).items():
            if name not in readers:
                valid = tuple(readers)
                raise self._error(unknown_key(name, valid), table, name, valid=valid)
            try:
                values[name] = readers[name](value)
            except BadValue as refused:
                raise self._error(refused, table, name) from None
        return values

    def _keys(self, table: Mapping[str, object]) -> dict[str, str]:
        """Read the keymap; the window checks which bindings there are."""
        keys: dict[str, str] = {}
        for name, value in table.items():
            try:
                keys[name] = read.read_nonempty_text(value)
            except BadValue as refused:
                raise self._error(refused, "keys", name) from None
        return keys

    def _nodes(self, table: Mapping[str, object]) -> tuple[NodeProfile, ...]:
        profiles: dict[tuple[str, str], NodeProfile] = {}
        for name, fields in table.items():
            if not isinstance(fields, dict):
                refused = BadValue(
                    f"must be a table, not {read.kind_of_value(fields)}",
                    "begin a node with [nodes.NAME] and put its keys below",
                )
                raise self._error(refused, "nodes", name)
            folder, lines = self._path.parent, self._lines
            profile = check_profile(name, fields, folder=folder, file=self._path, lines=lines)
            twin = profiles.setdefault((profile.url, profile.user), profile)
            if twin is not profile:
                refused = BadValue(
                    f"is the same node as {dotted_key('nodes', twin.name)}, with the same user",
                    "two profiles of one node have different users",
                )
                raise self._error(refused, "nodes", name, "url")
        users = Counter(url for url, _ in profiles)
        return tuple(
            replace(profile, is_shared=users[profile.url] > 1) for profile in profiles.values()
        )
