"""The form for a node's profile: fill in, test, save. The comments in the file stay.

It takes a password, and a test or a save sends it: until the form could be read only its fields
take text, and the key that tests or saves must come on its own.
"""

import asyncio
import shlex
from pathlib import Path

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Select, Static

from tui.api.tls.certificate import COMPARE
from tui.config import (
    ConfigError,
    Configuration,
    NodeProfile,
    check_profile,
    fields_of,
    save_profile,
)
from tui.config.url import normal_url
from tui.credentials import Secret
from tui.credentials.refused_logins import RefusedLogins
from tui.fleet.onboarding.connection_check import ConnectionTestResult, try_connection
from tui.model.dataclass import dataclass
from tui.model.trust import UNCHECKED
from tui.ui.dialogs.armed import TypeAheadProofScreen
from tui.ui.format.key_bar import Hint, hint_border
from tui.ui.format.status_lines import Palette

_PASSWORDS = [
    ("prompt at start", "ask"),
    ("environment variable", "password_env"),
    ("command", "password_command"),
    ("file (mode 0600)", "password_file"),
    ("keyring of the desktop", "keyring"),
]
_TRUSTS = [
    ("system CAs", "system"),
    ("pinned certificate (SHA-256)", "fingerprint"),
    ("CA file (PEM)", "ca_file"),
    ("not verified (insecure)", "insecure"),
]
_ACTIONS = [("allowed, each confirmed", "some"), ("none: read-only", "none")]
_BY_HAND = ("server_name", "client_cert", "client_key", "proxy", "role", "uid", "hostname")
"""Keys that the form does not show, and does not change."""
_IDENTITY = ("uid", "hostname")
"""Those of them that identify the node; dropped where the address changes."""
_FIELDS = {
    "url": "url",
    "username": "username",
    "password_env": "source-value",
    "password_command": "source-value",
    "password_file": "source-value",
    "keyring": "source",
    "fingerprint": "trust-value",
    "ca_file": "trust-value",
    "cluster": "cluster",
    "environment": "environment",
    "label": "label",
}
"""The field of the form by the profile's key; the name's for every other."""
_LABELS = {
    "url": "URL",
    "username": "user",
    "source": "password",
    "source-value": "password",
    "trust-value": "trust",
}
"""What stands before a field, where that is not its name."""
_PIN = "Pin it"
_HINTS = [("ctrl+t test", "ctrl+t"), ("ctrl+s save", "ctrl+s"), ("esc cancel", "escape")]
_ENVIRONMENTS = [(word, word) for word in ("production", "staging", "development")]


@dataclass(frozen=True, slots=True)
class SavedProfile:
    """The configuration as it is in the file now, the profile's name, and the password if typed."""

    configuration: Configuration
    name: str
    typed: Secret | None


class NodeForm(TypeAheadProofScreen[SavedProfile | None]):
    """Adds a profile, or edits `profile`; returns what was saved, or None."""

    AUTO_FOCUS = "#name"
    takes_text_early = True
    BINDINGS = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("ctrl+t", "try", "Test", show=False),
        Binding("ctrl+s", "save", "Save", show=False),
    ]

    def __init__(
        self,
        configuration: Configuration,
        profile: NodeProfile | None,
        palette: Palette,
        refused: RefusedLogins | None = None,
    ) -> None:
        super().__init__()
        self._configuration = configuration
        self._profile = profile
        self._palette = palette
        self._refused = refused
        self._found: ConnectionTestResult | None = None
        self._tried = ""
        self._hinted: tuple[list[Hint], int] = ([], 0)

    def compose(self) -> ComposeResult:
        """Lay out a line for each field."""
        had = fields_of(self._profile) if self._profile else {}
        source = next((key for _, key in _PASSWORDS if key in had), "ask")
        trust = next((key for _, key in _TRUSTS if key in had), "system")
        with VerticalScroll(id="form", can_focus=False):
            yield self._text("name", "name", self._profile.name if self._profile else "")
            yield self._text("url", "URL", str(had.get("url", "")), "host:9443")
            yield self._text("username", "user", str(had.get("username", "")), "e-mail")
            yield self._choice("source", "password", _PASSWORDS, source)
            yield self._text("source-value", "", _source_value(had, source))
            yield self._text("typed", "", "", "password for this session, never saved", hide=True)
            yield self._choice("trust", "trust", _TRUSTS, trust)
            yield self._text("trust-value", "", str(had.get(trust, "")))
            yield self._text("cluster", "cluster", str(had.get("cluster", "")), "groups nodes")
            yield self._choice("environment", "environment", _ENVIRONMENTS, had.get("environment"))
            yield self._text("label", "label", str(had.get("label", "")), "shown for the name")
            actions = "none" if had.get("read_only") else "some"
            yield self._choice("actions", "actions", _ACTIONS, actions)
            yield Static(id="found", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Test", id="test")
                yield Button("Save", id="save", variant="primary")
                yield Button("Cancel", id="cancel")
                yield Button(_PIN, id="pin", variant="warning")

    def _text(
        self, name: str, label: str, value: str, placeholder: str = "", *, hide: bool = False
    ) -> Horizontal:
        field = Input(value, id=name, placeholder=placeholder, password=hide, compact=True)
        return Horizontal(
            Static(label, classes="label", markup=False), field, classes="field", id=f"{name}-line"
        )

    def _choice(
        self, name: str, label: str, options: list[tuple[str, str]], value: object
    ) -> Horizontal:
        field: Select[str] = Select(
            options,
            id=name,
            compact=True,
            prompt="not set",
            allow_blank=name == "environment",
            value=value if isinstance(value, str) else Select.NULL,
        )
        return Horizontal(
            Static(label, classes="label", markup=False), field, classes="field", id=f"{name}-line"
        )

    def on_mount(self) -> None:
        """Show the fields that belong to what is chosen, and take text alone at first."""
        self.query_one("#pin").display = False
        self._show_choices()
        if not self._configuration.nodes:
            self._show_message(Text("No node yet. Add the first node to watch.", "bold"))
        self.begin_arming()
        self.set_interval(0.1, self._arm)

    def _arm(self) -> None:
        self.arm()
        hints, form = self.with_arming(_HINTS), self.query_one("#form")
        if (hints, form.outer_size.width) != self._hinted:
            self._hinted = (hints, form.outer_size.width)
            form.border_subtitle = hint_border(*self._hinted)

    @on(Select.Changed)
    def _chose(self) -> None:
        self._show_choices()

    def _show_choices(self) -> None:
        source, trust = self._chosen("source"), self._chosen("trust")
        hints = {
            "password_env": "name of the variable",
            "password_command": "pass show redis/node1",
            "password_file": "~/.secrets/redis",
        }
        trusts = {"fingerprint": "sha256:…", "ca_file": "/etc/ssl/cluster-ca.pem"}
        self.query_one("#source-value-line").display = source in hints
        self.query_one("#source-value", Input).placeholder = hints.get(source, "")
        self.query_one("#typed-line").display = source == "ask"
        self.query_one("#trust-value-line").display = trust in trusts
        self.query_one("#trust-value", Input).placeholder = trusts.get(trust, "")
        name = f"Edit {self._profile.name}" if self._profile else "Add a node"
        self.query_one("#form").border_title = Content(
            f"{name} · {UNCHECKED}" if trust == "insecure" else name
        )

    def _chosen(self, name: str) -> str:
        value = self.query_one(f"#{name}", Select).value
        return value if isinstance(value, str) else ""

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    def _basic_fields(self) -> dict[str, object]:
        """Return the address, the user, and the keys that the form does not show."""
        had = fields_of(self._profile) if self._profile else {}
        fields = {field: had[field] for field in _BY_HAND if field in had}
        fields["url"] = self._url()
        if self._profile and not self._is_at(self._profile.url):
            fields = {field: value for field, value in fields.items() if field not in _IDENTITY}
        if self._value("username") or "client_cert" not in fields:
            fields["username"] = self._value("username")
        if fields.get("username") != had.get("username"):
            fields.pop("role", None)  # it is that of the login
        return fields

    def _url(self) -> str:
        """Return the address; a host alone, or with its port, is reached over https."""
        typed = self._value("url")
        return f"https://{typed}" if typed and "://" not in typed else typed

    def _is_at(self, url: str) -> bool:
        """Whether the form has this address, in whatever notation."""
        try:
            return normal_url(self._url()) == url
        except ValueError:
            return False

    def _identity(self) -> dict[str, object]:
        """Return the keys that identify the node, if a test of this address found them."""
        found = self._found
        if found is None or found.identity.uid is None or not self._is_at(self._tried):
            return {}
        return {"uid": found.identity.uid, "hostname": found.identity.hostname or None}

    def _fields(self) -> dict[str, object]:
        """Return the profile's keys and values as the configuration would hold them."""
        fields = self._basic_fields()
        source, value = self._chosen("source"), self._value("source-value")
        if source == "password_command":
            fields[source] = _split_command(value)
        elif source == "keyring":
            fields[source] = True
        elif source != "ask":
            fields[source] = value
        trust = self._chosen("trust")
        if trust == "insecure":
            fields[trust] = True
        elif trust != "system":
            fields[trust] = self._value("trust-value")
        for name in ("cluster", "label"):
            if self._value(name):
                fields[name] = self._value(name)
        if self._chosen("environment"):
            fields["environment"] = self._chosen("environment")
        if self._chosen("actions") == "none":
            fields["read_only"] = True
        # The form has no line for the login, and must not drop it.
        return fields | ({"login": self._profile.login.value} if self._profile else {})

    def _checked(self) -> NodeProfile | None:
        """Return the profile as the form has it; None, and a message, if it is not valid."""
        for line in self.query(".-invalid"):
            line.remove_class("-invalid")
        try:
            return check_profile(
                self._value("name"), self._fields(), folder=self._configuration.path.parent
            )
        except ConfigError as error:
            self._show_invalid(error)
            return None

    def _show_invalid(self, error: ConfigError) -> None:
        """Show why a field is not valid, mark it and go to it."""
        name = _FIELDS.get(error.key.rpartition(".")[2], "name")
        line = self.query_one(f"#{name}-line")
        line.add_class("-invalid")
        self.query_one(f"#{name}").focus()
        reason = f"{_LABELS.get(name, name)}: {error.reason}"
        self._show_message(
            Text("\n".join(filter(None, (reason, error.hint))), self._palette["bad"])
        )

    def _show_message(self, text: Text) -> None:
        self.query_one("#found", Static).update(text)

    @on(Button.Pressed, "#test")
    def action_try(self) -> None:
        """Test the connection with the profile as the form has it."""
        self.decide(self._start_test)

    def _start_test(self) -> None:
        profile = self._checked()
        if profile is not None:
            self._show_message(Text(f"trying {profile.url} …", self._palette["muted"]))
            self.run_worker(self._try(profile), group="trial", exclusive=True)

    def _typed(self) -> Secret | None:
        """Return the password that was typed, if the profile has no other source."""
        typed = self.query_one("#typed", Input).value
        return Secret(typed) if typed and self._chosen("source") == "ask" else None

    async def _try(self, profile: NodeProfile) -> None:
        timeout = self._configuration.settings.timeout
        found = await try_connection(profile, self._typed(), timeout, self._refused)
        if self not in self.app.screen_stack:
            return  # closed meanwhile: its widgets may be gone
        self._found, self._tried = found, profile.url
        glyph, style = ("✓ ", "ok") if found.well else ("✗ ", "bad")
        text = Text(glyph, self._palette[style])
        text.append("\n".join(filter(None, (*found.texts, trust_hint(found)))))
        self._show_message(text)
        self.query_one("#pin").display = bool(found.fingerprint)
        self.call_after_refresh(self.query_one("#found").scroll_visible, animate=False)

    @on(Button.Pressed, "#pin")
    def _pin_pressed(self) -> None:
        self.decide(self._pin)

    def _pin(self) -> None:
        if self._found is not None and self._found.fingerprint:
            self.query_one("#trust", Select).value = "fingerprint"
            self.query_one("#trust-value", Input).value = self._found.fingerprint
            self.query_one("#pin").display = False
            self._show_message(
                Text("Pinned in the form. Test again, then save.", self._palette["muted"])
            )

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        """Write the profile into the configuration."""
        self.decide(self._save)

    async def _save(self) -> None:
        if self._checked() is None:
            return
        try:
            saved = await asyncio.to_thread(
                save_profile,
                self._configuration.path,
                self._value("name"),
                self._fields() | self._identity(),
                replacing=self._profile.name if self._profile else None,
                digest=self._configuration.digest,
            )
        except ConfigError as error:
            self._show_message(Text(str(error), self._palette["bad"]))
            return
        self.dismiss(SavedProfile(saved, self._value("name"), self._typed()))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Close without saving."""
        self.dismiss(None)


def trust_hint(found: ConnectionTestResult) -> str:
    """Return what helps where a certificate is not trusted, by the form's fields and buttons."""
    if found.is_another:
        return f"if it was renewed, compare it with `{COMPARE}`, then put it into trust"
    if found.fingerprint:
        return f"compare it on the node with `{COMPARE}`, then {_PIN}"
    return ""


def _split_command(value: str) -> list[str]:
    """Return the words of a command as a shell splits it; by spaces where a quote stays open."""
    try:
        return shlex.split(value)
    except ValueError:
        return value.split()


def _source_value(had: dict[str, object], source: str) -> str:
    value = had.get(source, "")
    if isinstance(value, list | tuple):
        return shlex.join(str(word) for word in value)
    return str(value) if isinstance(value, str | Path) else ""
