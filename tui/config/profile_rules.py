"""The rules of a profile, for the file and for the form in the window alike."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tui.config import value_readers as read
from tui.config.errors import BadValue, ConfigError
from tui.config.key_lines import dotted_key
from tui.config.password_source import (
    AskSource,
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
)
from tui.config.profile import NodeProfile, ProfileOrigin
from tui.config.url import normal_host, normal_proxy, normal_url
from tui.model.login import LoginWay
from tui.model.trust import (
    AuthorityTrust,
    ClientCertificate,
    NoTrust,
    SystemTrust,
    Trust,
    parse_fingerprint,
)

SOURCES = ("password_env", "password_command", "password_file", "keyring")
TRUSTS = ("ca_file", "fingerprint", "insecure")
PAIR = ("client_cert", "client_key")
REQUIRED = ("url", "username")
NO_LINES: Mapping[str, int] = MappingProxyType({})

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_WORD = re.compile(r"[A-Za-z_]{1,32}")
_SECRET = re.compile(r"pass(word|wd|phrase)?|pwd|secret|token|credentials?")


_COMMAND = 'password_command = ["pass", "show", "redis"]'


def _fingerprint(value: object, _folder: Path) -> Trust:
    try:
        return parse_fingerprint(read.read_text_value(value))
    except BadValue:
        raise
    except ValueError as error:  # its words hold no value
        raise BadValue(f"does not do: {error}") from None


FIELD_READERS: Mapping[str, Callable[[object, Path], object]] = {
    "url": lambda value, _: normal_url(read.read_nonempty_text(value)),
    "username": lambda value, _: read.read_username(value),
    "password_env": lambda value, _: EnvironmentSource(read.read_variable_name(value)),
    "password_command": lambda value, _: CommandSource(read.read_argv(value, _COMMAND)),
    "password_file": lambda value, folder: FileSource(read.read_path(value, folder)),
    "keyring": lambda value, _: KeyringSource() if read.read_flag(value) else None,
    "ca_file": lambda value, folder: AuthorityTrust(read.read_path(value, folder)),
    "fingerprint": _fingerprint,
    "insecure": lambda value, _: NoTrust() if read.read_flag(value) else None,
    "server_name": lambda value, _: normal_host(read.read_nonempty_text(value)),
    "client_cert": read.read_path,
    "client_key": read.read_path,
    "proxy": lambda value, _: normal_proxy(read.read_nonempty_text(value)),
    "cluster": lambda value, _: read.read_text_value(value),
    "environment": lambda value, _: read.read_environment(value),
    "read_only": lambda value, _: read.read_flag(value),
    "label": lambda value, _: read.read_text_value(value),
    "login": lambda value, _: read.read_login_way(value),
    "role": lambda value, _: read.read_viewer_role(value),
    "uid": lambda value, _: read.read_integer(0, 10**9 - 1)(value),
    "hostname": lambda value, _: read.read_nonempty_text(value),
}
FIELDS = tuple(FIELD_READERS)
"""Every key that a profile may have, in the order in which they are written."""


def check_profile(
    name: str,
    fields: Mapping[str, object],
    *,
    folder: Path,
    file: Path | None = None,
    lines: Mapping[str, int] = NO_LINES,
) -> NodeProfile:
    """Return the profile of some fields; a field that is None counts as absent.

    Relative paths start at `folder`. `lines` are those of the `file`, by dotted key. Raises
    ConfigError for the first thing that is wrong, with its key and, where known, file and line.
    """
    problems, values = _problems(name, fields, folder, file, lines)
    if problems:
        raise problems[0]
    return _profile(name, values, ProfileOrigin(file, _own_lines(name, lines)))


def profile_problems(
    name: str,
    fields: Mapping[str, object],
    *,
    file: Path | None = None,
    lines: Mapping[str, int] = NO_LINES,
) -> list[ConfigError]:
    """Return all that is wrong with some fields, as `check_profile` would raise it."""
    return _problems(name, fields, Path(), file, lines)[0]


def _problems(
    name: str,
    fields: Mapping[str, object],
    folder: Path,
    file: Path | None,
    lines: Mapping[str, int],
) -> tuple[list[ConfigError], dict[str, Any]]:
    values, wrong = _read(name, fields, folder)
    table = dotted_key("nodes", name)
    problems = []
    for field, refused in wrong.items():
        key = table if field == "name" else f"{table}.{shown_key(field, FIELDS)}"
        line = lines.get(dotted_key("nodes", name, field)) or lines.get(table)
        problems.append(
            ConfigError(refused.reason, file=file, line=line, key=key, hint=refused.hint)
        )
    return problems, values


def _own_lines(name: str, lines: Mapping[str, int]) -> Mapping[str, int]:
    """Return the lines of a profile's own keys."""
    by_field = {field: lines.get(dotted_key("nodes", name, field)) for field in FIELDS}
    return MappingProxyType({field: line for field, line in by_field.items() if line})


def shown_key(name: str, valid: tuple[str, ...]) -> str:
    """Return a key as a message shows it.

    One that does not exist is hidden, unless it is a plain word: it may be a password that was
    written before the `=`.
    """
    return dotted_key(name if name in valid or _WORD.fullmatch(name) else "")


def unknown_key(name: str, valid: tuple[str, ...]) -> BadValue:
    """Return that a key does not exist and which one may be meant, never its value."""
    if _SECRET.fullmatch(name.lower()):
        return BadValue(
            "a password is never written into the configuration",
            f"remove the line and use one of {', '.join(SOURCES)}, or none: the deck prompts",
        )
    return BadValue("there is no such key", read.nearest(name, valid))


def _read(
    name: str, fields: Mapping[str, object], folder: Path
) -> tuple[dict[str, Any], dict[str, BadValue]]:
    """Return the values that could be read, and the problems of the rest, both by field."""
    values: dict[str, Any] = {}
    wrong: dict[str, BadValue] = {}
    given = {field: value for field, value in fields.items() if value is not None}
    if not NAME.fullmatch(name):
        wrong["name"] = BadValue("a node's name is 1 to 64 letters, digits, dots, _ or -")
    for field, value in given.items():
        if field not in FIELD_READERS:
            wrong[field] = unknown_key(field, FIELDS)
            continue
        try:
            values[field] = FIELD_READERS[field](value, folder)
        except BadValue as refused:
            wrong[field] = refused
    for field in REQUIRED:
        if field not in given and not (field == "username" and _needs_no_user(given)):
            wrong[field] = BadValue("is missing")
    _check_together(given, values, wrong)
    return values, wrong


def _needs_no_user(given: Mapping[str, object]) -> bool:
    """Whether a client certificate alone is the login: no password is sent then."""
    return "client_cert" in given and not any(field in given for field in SOURCES)


def _check_together(
    given: Mapping[str, object], values: Mapping[str, Any], wrong: dict[str, BadValue]
) -> None:
    """Add the problems of fields that are valid alone and not together."""
    for group in (SOURCES, TRUSTS):
        chosen = [field for field in group if values.get(field) is not None]
        if len(chosen) > 1:
            wrong.setdefault(chosen[-1], BadValue(f"only one of {', '.join(chosen)} may be set"))
    for field, other in (PAIR, PAIR[::-1]):
        if field in given and other not in given:
            wrong.setdefault(other, BadValue("is missing", f"{field} goes with it"))
    url = values.get("url", "")
    for field in (*PAIR, "proxy", "server_name"):
        if field in given and url.startswith("http://"):
            wrong.setdefault(field, BadValue("goes with an https URL alone"))
    if "proxy" in given and "[" in url:
        wrong.setdefault("proxy", BadValue("reaches no IPv6 address", "give the URL a name"))


def _profile(name: str, values: Mapping[str, Any], origin: ProfileOrigin) -> NodeProfile:
    """Build a profile of values whose types the readers have checked."""
    sources = (values.get(field) for field in SOURCES)
    trusts = (values.get(field) for field in TRUSTS)
    trust: Trust = next((value for value in trusts if value is not None), SystemTrust())
    trust = replace(trust, server_name=values.get("server_name", ""))
    if isinstance(trust, AuthorityTrust):
        trust = replace(trust, place=origin.place("ca_file"))
    client = None
    if PAIR[0] in values:
        files = (values[field] for field in PAIR)
        client = ClientCertificate(*files, *(origin.place(field) for field in PAIR))
    return NodeProfile(
        name=name,
        url=values["url"],
        username=values.get("username", ""),
        password=next((value for value in sources if value is not None), AskSource()),
        trust=trust,
        client=client,
        proxy=values.get("proxy", ""),
        cluster=values.get("cluster", ""),
        environment=values.get("environment"),
        read_only=values.get("read_only", False),
        label=values.get("label", ""),
        login=values.get("login", LoginWay.AUTO),
        role=values.get("role"),
        uid=values.get("uid"),
        hostname=values.get("hostname", ""),
        origin=origin,
    )
