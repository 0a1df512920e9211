"""Every action of the deck by name, and those that have no key."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.ui.keymap import KEYS, Key, key_text
from tui.ui.themes import ThemeFile

_KEYLESS = (
    ("All problems", "All that is wrong on all nodes, the worst first", "app.all_problems"),
    (
        "Unlock required services",
        "Allow orders on required services in this session: typed name and reason",
        "app.unlock",
    ),
    ("Lock required services", "Refuse orders on required services again", "app.lock"),
    (
        "Snapshot as JSON",
        "Write all that is known into a file as JSON, with no secret in it",
        "app.snapshot('json')",
    ),
    (
        "Copy curl",
        "Copy the curl command that asks this node for its services; without the password",
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
    """Finds actions by the words of what they do; nothing here that the keys may not do."""

    def _commands(self) -> list[tuple[str, str, Run]]:
        """List label, help and what runs it (an action as a deck's key would run it)."""
        app = cast("CommandApp", self.app)
        live = app.live_keys
        told: list[tuple[str, str, Run]] = [
            (key.label, _said(key, live), partial(app.run_action, _scoped(key.action)))
            for key in KEYS
            if key.action.startswith("app.") or hasattr(self.screen, _method(key.action))
        ]
        # A theme is named by its file, and a file's name is no part of an action.
        told += [
            (f"Theme: {one.label}", "Paint the deck in it", partial(app.action_paint, one.name))
            for one in app.theme_files
        ]
        told += [(label, said, partial(app.run_action, action)) for label, said, action in _KEYLESS]
        return told

    async def discover(self) -> Hits:
        """List all."""
        for label, said, run in self._commands():
            yield DiscoveryHit(Content(label), run, text=label, help=said)

    async def search(self, query: str) -> Hits:
        """List those that match."""
        matcher = self.matcher(query)
        for label, said, run in self._commands():
            # What a thing is called counts for more than what is said of it.
            score = max(matcher.match(label), matcher.match(f"{label} {said}") / 2)
            if score > 0:
                yield Hit(score, Content(label), run, text=label, help=said)


def _said(key: Key, live: Mapping[str, str]) -> str:
    return f"{key.does}  ({key_text(live.get(key.id, key.keys))})"


def _method(action: str) -> str:
    """Give the name of the method that a screen has if it knows an action."""
    return f"action_{action.partition('(')[0]}"


def _scoped(action: str) -> str:
    """Give an action as the palette must run it: on the deck's screen, else on the app."""
    return action if action.startswith("app.") else f"screen.{action}"
