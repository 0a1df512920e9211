"""Every problem of a configuration, where reading it stops at the first one."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import tomlkit

from tui.cli.output import CommandError
from tui.config import ConfigError, FileSource, check_profile, load, profile_problems
from tui.config.config_file import read_bytes
from tui.config.loader import parse_configuration
from tui.config.profile_rules import dotted_key
from tui.config.toml_syntax import parse_toml
from tui.credentials import CredentialError
from tui.credentials.file import from_file


def config_problems(path: Path, *, must_exist: bool) -> list[str]:
    """List the problems of a configuration, each with file and key; empty if there is none."""
    try:
        load(path, must_exist=must_exist)
    except ConfigError as error:
        first = str(error)
    else:
        return []
    path = path.absolute()
    try:
        document = parse_toml(read_bytes(path) or b"", path)
        found = [*_in_document(document, path)]
    except (ConfigError, RecursionError):  # nothing can be read, or not taken apart
        found = []
    return found or [first]


def _in_document(document: Mapping[str, object], path: Path) -> Iterator[str]:
    for name, table in document.items():
        if name == "nodes" and isinstance(table, dict):
            yield from _in_nodes(table, path)
        elif name in ("settings", "keys", "notify") and isinstance(table, dict):
            for key, value in table.items():
                yield from _in_piece({name: {key: value}}, path)
        else:
            yield from _in_piece({name: table}, path)


def _in_nodes(nodes: Mapping[str, object], path: Path) -> Iterator[str]:
    by_url: dict[str, str] = {}
    for name, fields in nodes.items():
        if not isinstance(fields, dict):
            yield from _in_piece({"nodes": {name: fields}}, path)
            continue
        wrong = profile_problems(name, fields)
        for field, words in wrong.items():
            key = dotted_key("nodes", name) if field == "name" else dotted_key("nodes", name, field)
            yield str(ConfigError(words, file=path, key=key))
        if not wrong:
            url = check_profile(name, fields, folder=path.parent).url
            twin = by_url.setdefault(url, name)
            if twin != name:
                yield from _in_piece({"nodes": {twin: nodes[twin], name: fields}}, path)


def _in_piece(piece: Mapping[str, object], path: Path) -> Iterator[str]:
    """Read a piece of a configuration as if it were all of it."""
    try:
        parse_configuration(tomlkit.dumps(piece).encode(), path)
    except ConfigError as error:
        yield str(error)


def theme_problems(path: Path, *, must_exist: bool) -> list[str]:
    """List the problems of keys, theme and password files, which reading alone does not find."""
    from tui.cli.deck import appearance

    try:
        data = read_bytes(path.absolute())
        document = parse_toml(data or b"", path)
    except (ConfigError, RecursionError):
        return []
    found = []
    for table, name in (("keys", None), ("settings", "theme")):
        fields = document.get(table, {})
        fields = fields if isinstance(fields, dict) else {}
        piece = fields if name is None else {key: fields[key] for key in fields if key == name}
        try:
            appearance(parse_configuration(tomlkit.dumps({table: piece}).encode(), path))
        except (ConfigError, CommandError) as error:
            found.append(error.message if isinstance(error, CommandError) else "")
    return [problem for problem in found if problem] + _unreadable(path, must_exist=must_exist)


def _unreadable(path: Path, *, must_exist: bool) -> list[str]:
    try:
        profiles = load(path, must_exist=must_exist).nodes
    except ConfigError:
        return []
    found = []
    for profile in profiles:
        if isinstance(profile.password, FileSource):
            try:
                from_file(profile, profile.password)
            except CredentialError as error:
                found.append(str(error))
    return found
