"""Every action of the deck by name, and those that have no key."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.ui.keymap import KEYS, Key, key_text
from tui.ui.themes import ThemeFile

_KEYLESS = (
    (
        "Unlock required services",
        "Allow actions on required services in this session, each with typed name and reason",
        "app.unlock",
    ),
    ("Lock required services", "Refuse actions on required services again", "app.lock"),
    (
        "Snapshot as JSON",
        "Write all that is known to a file as JSON, without secrets",
        "app.snapshot('json')",
    ),
    (
        "Copy curl",
        "Copy the curl command that polls this node for its services, without the password",
        "screen.copy_curl",
    ),
)

Run = Callable[[], object]


class CommandApp(Protocol):
    """The application, as far as the palette runs it."""

    @property
    def theme_files(self) -> Sequence[ThemeFile]:
        """The themes that can be chosen."""

    @property
    def live_keys(self) -> Mapping[str, str]:
        """Binding id → keys as they are now."""

    def run_action(self, action: str) -> Awaitable[bool]:
        """Run an action as a key would."""

    def action_paint(self, name: str) -> None:
        """Switch to a theme."""


class DeckCommands(Provider):
    """Finds actions by what they do; they are allowed what the keys are."""

    def _commands(self) -> list[tuple[str, str, Run]]:
        """Return label, help and callback of every action, run as the deck's key would run it."""
        app = cast("CommandApp", self.app)
        live = app.live_keys
        commands: list[tuple[str, str, Run]] = [
            (key.label, _help_text(key, live), partial(app.run_action, _scoped(key.action)))
            for key in KEYS
            if key.action.startswith("app.") or hasattr(self.screen, _method(key.action))
        ]
        # By a callback: a theme has the name of its file, which no action may contain.
        commands += [
            (
                f"Theme: {theme.label}",
                "Switch theme for this session",
                partial(app.action_paint, theme.name),
            )
            for theme in app.theme_files
        ]
        commands += [
            (label, help_text, partial(app.run_action, action))
            for label, help_text, action in _KEYLESS
        ]
        return commands

    async def discover(self) -> Hits:
        """List all actions."""
        for label, help_text, run in self._commands():
            yield DiscoveryHit(Content(label), run, text=label, help=help_text)

    async def search(self, query: str) -> Hits:
        """List the actions that match."""
        matcher = self.matcher(query)
        for label, help_text, run in self._commands():
            # A match in the label counts for more than one in the help.
            score = max(matcher.match(label), matcher.match(f"{label} {help_text}") / 2)
            if score > 0:
                yield Hit(score, Content(label), run, text=label, help=help_text)


def _help_text(key: Key, live: Mapping[str, str]) -> str:
    return f"{key.does}  ({key_text(live.get(key.id, key.keys))})"


def _method(action: str) -> str:
    """Return the name of the method that implements an action."""
    return f"action_{action.partition('(')[0]}"


def _scoped(action: str) -> str:
    """Return an action with its namespace: the screen's, unless it has one."""
    return action if action.startswith("app.") else f"screen.{action}"
