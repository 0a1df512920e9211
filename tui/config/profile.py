"""A configuration, once it has been checked."""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import Enum
from pathlib import Path

from tui.config.password_source import (
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    PasswordSource,
)
from tui.model.clock import ClockZone
from tui.model.dataclass import dataclass
from tui.model.event import EventKind
from tui.model.login import LoginWay, ViewerRole
from tui.model.node import Environment
from tui.model.rollout import GateHazard
from tui.model.text import clean
from tui.model.trust import AuthorityTrust, ClientCertificate, NoTrust, PinnedTrust, Trust


class Signs(Enum):
    """Which signs the deck shows; AUTO is Unicode where the locale is UTF-8."""

    AUTO = "auto"
    UNICODE = "unicode"
    ASCII = "ascii"


@dataclass(frozen=True, slots=True)
class Settings:
    """The `[settings]` table; `refresh` and `timeout` are seconds."""

    theme: str = "dark"
    refresh: float = 2.0
    timeout: float = 5.0
    read_only: bool = False
    mouse: bool = True
    signs: Signs = Signs.AUTO
    time: ClockZone = ClockZone.UTC


@dataclass(frozen=True, slots=True)
class Notify:
    """The `[notify]` table: which events ring the bell, notify the desktop, and run a command.

    `protocol` is the escape sequence of a notification: OSC 9 (most terminals) or OSC 777 (urxvt,
    foot, Ghostty). A service that restarts `loop_restarts` times in `loop_minutes` minutes is in a
    crash loop. `command` is empty without one.
    """

    bell: frozenset[EventKind] = frozenset()
    desktop: frozenset[EventKind] = frozenset()
    protocol: str = "osc9"
    command: tuple[str, ...] = ()
    command_events: frozenset[EventKind] = frozenset(EventKind)
    loop_restarts: int = 3
    loop_minutes: int = 10


@dataclass(frozen=True, slots=True)
class RolloutRules:
    """The `[rollout]` table: what does not close a gate, and how long a gate is waited for.

    `gate_wait` is in seconds: a gate that is closed by something in motion is checked again for so
    long before the rollout pauses.
    """

    accept: frozenset[GateHazard] = frozenset()
    gate_wait: float = 60.0


@dataclass(frozen=True, slots=True)
class ProfileOrigin:
    """Where a profile is written: the file, None where there is none yet, and the line of a key."""

    file: Path | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, key: str) -> str:
        """Return where a key is written, as `config.toml, line 7, password_file`.

        Messages have this in the place of a value that may be a password written into the wrong
        key.
        """
        line = self.lines.get(key)
        file = clean(self.file.name) if self.file and line else ""
        return ", ".join(part for part in (file, f"line {line}" if line else "", key) if part)


@dataclass(frozen=True, slots=True)
class NodeProfile:
    """One `[nodes.NAME]` table. `url` is normal: scheme, lower-case host, always a port.

    `username` is empty where a client certificate alone is the login; `proxy` is empty without
    one, else normal like `url`. `role` is that of a login which may only look, None where it is not
    known to be such. `uid` and `hostname` identify the node that was discovered, in
    case another one answers at its address; None and empty: not known. `origin` is where the
    profile is written, `is_shared` whether another profile of the file has its URL (and another
    user); both are no part of what it says.
    """

    name: str
    url: str
    username: str
    password: PasswordSource
    trust: Trust
    cluster: str = ""
    environment: Environment | None = None
    read_only: bool = False
    label: str = ""
    client: ClientCertificate | None = None
    proxy: str = ""
    login: LoginWay = LoginWay.AUTO
    role: ViewerRole | None = None
    uid: int | None = None
    hostname: str = ""
    is_shared: bool = field(default=False, compare=False)
    origin: ProfileOrigin = field(default=ProfileOrigin(), compare=False, repr=False)

    @property
    def server_name(self) -> str:
        """What the certificate is checked against; empty where it is the URL's host."""
        return self.trust.server_name

    @property
    def title(self) -> str:
        """The name to show for the node; with its user where another profile is of the node too."""
        title = self.label or self.name
        return f"{title} ({self.user})" if self.is_shared else title

    @property
    def place(self) -> str:
        """The name and the address, as messages of its connection begin."""
        return f"{self.name} ({self.url})"

    @property
    def user(self) -> str:
        """Who logs in: the user's name, or that a client certificate alone does."""
        return self.username or "client certificate"

    @property
    def host(self) -> str:
        """The node's `host:port`."""
        return self.url.partition("://")[2]

    @property
    def address(self) -> str:
        """The host alone, as a cluster would list it: a name, or an address without brackets."""
        return self.host.rpartition(":")[0].strip("[]")

    def is_beside(self, other: "NodeProfile") -> bool:
        """Whether it is in the cluster of another profile, or is that one."""
        return self.name == other.name or (bool(self.cluster) and self.cluster == other.cluster)

    @property
    def is_unchecked(self) -> bool:
        """Whether the node's certificate is not verified."""
        return isinstance(self.trust, NoTrust) and self.url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole file. `digest` is the SHA-256 of its bytes in hex, empty where there is no file."""

    path: Path
    settings: Settings
    keys: Mapping[str, str]
    nodes: tuple[NodeProfile, ...]
    digest: str
    notify: Notify = Notify()
    rollout: RolloutRules = RolloutRules()

    def node(self, name: str) -> NodeProfile | None:
        """Find a profile by its name."""
        return next((profile for profile in self.nodes if profile.name == name), None)

    def narrowed_to_cluster_of(self, profile: NodeProfile) -> "Configuration":
        """Return it with the nodes of a profile's cluster alone, its own among them."""
        return replace(self, nodes=tuple(one for one in self.nodes if one.is_beside(profile)))


def fields_of(profile: NodeProfile) -> dict[str, object]:
    """Return a profile as the fields of its TOML table, without those at their defaults."""
    fields: dict[str, object] = {
        "url": profile.url,
        "username": profile.username,
        **_password_field(profile.password),
        **_trust_field(profile.trust),
        "client_cert": str(profile.client.certificate) if profile.client else "",
        "client_key": str(profile.client.key) if profile.client else "",
        "server_name": profile.server_name,
        "proxy": profile.proxy,
        "cluster": profile.cluster,
        "environment": profile.environment.value if profile.environment else "",
        "read_only": profile.read_only,
        "label": profile.label,
        "login": "" if profile.login is LoginWay.AUTO else profile.login.value,
        "role": profile.role.value if profile.role else "",
        "hostname": profile.hostname,
    }
    given = {field: value for field, value in fields.items() if value}
    return given if profile.uid is None else given | {"uid": profile.uid}


def _password_field(source: PasswordSource) -> dict[str, object]:
    match source:
        case EnvironmentSource(variable):
            return {"password_env": variable}
        case CommandSource(argv):
            return {"password_command": list(argv)}
        case FileSource(path):
            return {"password_file": str(path)}
        case KeyringSource():
            return {"keyring": True}
        case _:
            return {}


def _trust_field(trust: Trust) -> dict[str, object]:
    match trust:
        case AuthorityTrust(ca_file):
            return {"ca_file": str(ca_file)}
        case PinnedTrust():
            return {"fingerprint": str(trust)}
        case NoTrust():
            return {"insecure": True}
        case _:
            return {}
