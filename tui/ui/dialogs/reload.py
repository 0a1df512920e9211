"""The confirmation before a configuration that was read again takes the place of the old one."""

from rich.table import Table

from tui.config import Configuration
from tui.config.changes import ConfigurationChanges, ProfileChange
from tui.ui.dialogs.confirm import (
    ConfirmDialog,
    ConfirmRefusal,
    ConfirmRequest,
    Fact,
    facts_table,
)
from tui.ui.format.status_lines import Palette

_LABEL_WIDTH = 13


class ReloadDialog(ConfirmDialog[Configuration]):
    """Shows what differs; returns the configuration to adopt, or None."""

    def __init__(
        self, after: Configuration, changes: ConfigurationChanges, palette: Palette
    ) -> None:
        super().__init__(ConfirmRequest("Read the configuration again?", "adopt"), palette)
        self._after = after
        self._changes = changes

    def confirmed(self) -> Configuration:
        """Return the configuration as it was shown."""
        return self._after

    @property
    def facts(self) -> Table:
        """The profiles that are added, changed and removed, and what waits for the next start."""
        return facts_table(
            change_facts(self._changes, self._palette), self._palette, label_width=_LABEL_WIDTH
        )

    @property
    def essentials(self) -> Table:
        """All of the facts."""
        return self.facts

    def refusal(self) -> ConfirmRefusal | None:
        """Return None: what was read and shown may always be adopted."""
        return None


def change_facts(changes: ConfigurationChanges, palette: Palette) -> list[Fact]:
    """Return the changes as rows, those that take a node away in the colour of a warning."""
    rows: list[Fact] = []
    for label, names, style in (
        ("added", changes.added, "bold"),
        ("changed", tuple(map(_changed_words, changes.changed)), "bold"),
        ("removed", changes.removed, palette["warn"]),
        ("at next start", changes.at_next_start, palette["muted"]),
    ):
        if names:
            rows.append((label, ", ".join(names), style))
    return rows


def _changed_words(change: ProfileChange) -> str:
    return f"{change.name} ({', '.join(change.parts)})"
