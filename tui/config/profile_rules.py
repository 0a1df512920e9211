"""The rules of a profile, for the file and for the form in the window alike."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tui.config import value_readers as read
from tui.config.errors import ConfigError, Refused
from tui.config.password_source import (
    AskSource,
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
)
from tui.config.profile import NodeProfile
from tui.config.url import normal_proxy, normal_url
from tui.model.login import LoginWay
from tui.model.text import clean
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

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SECRET = re.compile(r"pass(word|wd|phrase)?|pwd|secret|token|credentials?")


def _fingerprint(value: object, _folder: Path) -> Trust:
    try:
        return parse_fingerprint(read.text(value))
    except Refused:
        raise
    except ValueError as error:  # its words hold no value
        raise Refused(f"does not do: {error}") from None


_READERS: Mapping[str, Callable[[object, Path], object]] = {
    "url": lambda value, _: normal_url(read.word(value)),
    "username": lambda value, _: read.username(value),
    "password_env": lambda value, _: EnvironmentSource(read.variable(value)),
    "password_command": lambda value, _: CommandSource(read.argv(value)),
    "password_file": lambda value, folder: FileSource(read.place(value, folder)),
    "keyring": lambda value, _: KeyringSource() if read.flag(value) else None,
    "ca_file": lambda value, folder: AuthorityTrust(read.place(value, folder)),
    "fingerprint": _fingerprint,
    "insecure": lambda value, _: NoTrust() if read.flag(value) else None,
    "client_cert": read.place,
    "client_key": read.place,
    "proxy": lambda value, _: normal_proxy(read.word(value)),
    "cluster": lambda value, _: read.text(value),
    "environment": lambda value, _: read.environment(value),
    "read_only": lambda value, _: read.flag(value),
    "label": lambda value, _: read.text(value),
    "login": lambda value, _: read.login(value),
    "uid": lambda value, _: read.whole(0, 10**9 - 1)(value),
    "hostname": lambda value, _: read.word(value),
}
FIELDS = tuple(_READERS)
"""Every key that a profile may have, in the order in which they are written."""


def check_profile(
    name: str, fields: Mapping[str, object], *, folder: Path, file: Path | None = None
) -> NodeProfile:
    """Make a profile of its fields; a field that is None counts as not given.

    Relative paths start at `folder`. Raises ConfigError for the first thing that is wrong,
    with its dotted key and, where known, the `file`.
    """
    values, wrong = _read(name, fields, folder)
    for field, refused in wrong.items():
        key = dotted("nodes", name) if field == "name" else dotted("nodes", name, field)
        raise ConfigError(refused.reason, file=file, key=key, hint=refused.hint)
    return _profile(name, values)


def problems(name: str, fields: Mapping[str, object]) -> dict[str, str]:
    """Say what is wrong with each field (the name's is `name`); empty if all is well."""
    return {field: str(wrong) for field, wrong in _read(name, fields, Path())[1].items()}


def unknown(name: str, valid: tuple[str, ...]) -> Refused:
    """Say that a key does not exist, which one was meant, and never what it holds."""
    if _SECRET.fullmatch(name.lower()):
        return Refused(
            "a password is never written into the configuration",
            f"take the line out and use one of {', '.join(SOURCES)}, or none: you will be asked",
        )
    return Refused("there is no such key", read.nearest(name, valid))


def dotted(*parts: str) -> str:
    """Give a key as TOML would write it, made printable."""
    return ".".join(one if _BARE.fullmatch(one) else f'"{clean(one)}"' for one in parts)


def _read(
    name: str, fields: Mapping[str, object], folder: Path
) -> tuple[dict[str, Any], dict[str, Refused]]:
    """Give what could be read, and what is wrong with the rest, both by field."""
    values: dict[str, Any] = {}
    wrong: dict[str, Refused] = {}
    given = {field: value for field, value in fields.items() if value is not None}
    if not _NAME.fullmatch(name):
        wrong["name"] = Refused("a node's name is 1 to 64 letters, digits, dots, _ or -")
    for field, value in given.items():
        if field not in _READERS:
            wrong[field] = unknown(field, FIELDS)
            continue
        try:
            values[field] = _READERS[field](value, folder)
        except Refused as refused:
            wrong[field] = refused
    for field in REQUIRED:
        if field not in given and not (field == "username" and _needs_no_user(given)):
            wrong[field] = Refused("is missing")
    _check_together(given, values, wrong)
    return values, wrong


def _needs_no_user(given: Mapping[str, object]) -> bool:
    """Whether a client's certificate is all that is shown: no password is sent then."""
    return "client_cert" in given and not any(field in given for field in SOURCES)


def _check_together(
    given: Mapping[str, object], values: Mapping[str, Any], wrong: dict[str, Refused]
) -> None:
    """Note what does not go together, though each field by itself is well."""
    for group in (SOURCES, TRUSTS):
        chosen = [field for field in group if values.get(field) is not None]
        if len(chosen) > 1:
            wrong.setdefault(chosen[-1], Refused(f"only one of {', '.join(chosen)} may be set"))
    for one, other in (PAIR, PAIR[::-1]):
        if one in given and other not in given:
            wrong.setdefault(other, Refused("is missing", f"{one} goes with it"))
    url = values.get("url", "")
    for field in (*PAIR, "proxy"):
        if field in given and url.startswith("http://"):
            wrong.setdefault(field, Refused("goes with an https URL alone"))
    if "proxy" in given and "[" in url:
        wrong.setdefault("proxy", Refused("reaches no IPv6 address", "give the URL a name"))


def _profile(name: str, values: Mapping[str, Any]) -> NodeProfile:
    """Put together what the readers gave; they vouch for the types."""
    sources = (values.get(field) for field in SOURCES)
    trusts = (values.get(field) for field in TRUSTS)
    return NodeProfile(
        name=name,
        url=values["url"],
        username=values.get("username", ""),
        password=next((one for one in sources if one is not None), AskSource()),
        trust=next((one for one in trusts if one is not None), SystemTrust()),
        client=ClientCertificate(*(values[field] for field in PAIR)) if PAIR[0] in values else None,
        proxy=values.get("proxy", ""),
        cluster=values.get("cluster", ""),
        environment=values.get("environment"),
        read_only=values.get("read_only", False),
        label=values.get("label", ""),
        login=values.get("login", LoginWay.AUTO),
        uid=values.get("uid"),
        hostname=values.get("hostname", ""),
    )
