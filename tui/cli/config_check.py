"""Every problem of a configuration, where reading it stops at the first one."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tui.cli.errors import CommandError
from tui.config import ConfigError, FileSource, check_profile, load, profile_problems
from tui.config.config_file import read_bytes
from tui.config.key_lines import key_lines
from tui.config.loader import DocumentReader
from tui.config.profile_rules import NO_LINES
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
        data = read_bytes(path) or b""
        document = parse_toml(data, path)
        found = [*_in_document(document, path, key_lines(data.decode()))]
    except (ConfigError, RecursionError):  # nothing can be read, or not taken apart
        found = []
    return found or [first]


def _in_document(
    document: Mapping[str, object], path: Path, lines: Mapping[str, int]
) -> Iterator[str]:
    for name, table in document.items():
        if name == "nodes" and isinstance(table, dict):
            yield from _in_nodes(table, path, lines)
        elif name in ("settings", "keys", "notify", "rollout") and isinstance(table, dict):
            for key, value in table.items():
                yield from _in_part({name: {key: value}}, path, lines)
        else:
            yield from _in_part({name: table}, path, lines)


def _in_nodes(nodes: Mapping[str, object], path: Path, lines: Mapping[str, int]) -> Iterator[str]:
    by_user: dict[tuple[str, str], str] = {}
    for name, fields in nodes.items():
        if not isinstance(fields, dict):
            yield from _in_part({"nodes": {name: fields}}, path, lines)
            continue
        problems = profile_problems(name, fields, file=path, lines=lines)
        yield from map(str, problems)
        if not problems:
            profile = check_profile(name, fields, folder=path.parent)
            twin = by_user.setdefault((profile.url, profile.user), name)
            if twin != name:
                part = {"nodes": {twin: nodes[twin], name: fields}}
                yield from _in_part(part, path, lines)


def _in_part(part: Mapping[str, object], path: Path, lines: Mapping[str, int]) -> Iterator[str]:
    """Read a part of a configuration as if it were all of it."""
    try:
        DocumentReader(path, lines).configuration(part, "")
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
            appearance(DocumentReader(path, NO_LINES).configuration({table: piece}, ""))
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
