"""The confirmation before required services are unlocked for the session."""

from rich.table import Table

from tui.ui.dialogs.confirm import (
    ConfirmDialog,
    ConfirmRefusal,
    ConfirmRequest,
    Fact,
    facts_table,
)
from tui.ui.format.status_lines import Palette


class UnlockDialog(ConfirmDialog[bool]):
    """Asks before required services are unlocked; returns True, or None."""

    def __init__(self, palette: Palette, palette_key: str) -> None:
        request = ConfirmRequest("Unlock required services?", "unlock", is_dangerous=True)
        super().__init__(request, palette)
        self._palette_key = palette_key

    def confirmed(self) -> bool:
        """Return that they are unlocked."""
        return True

    @property
    def facts(self) -> Table:
        """What may be acted on then, what each action still needs, and until when."""
        return facts_table(unlock_facts(self._palette, self._palette_key), self._palette)

    @property
    def essentials(self) -> Table:
        """All of the facts."""
        return self.facts

    def refusal(self) -> ConfirmRefusal | None:
        """Return None: unlocking sends nothing."""
        return None


def unlock_facts(palette: Palette, palette_key: str) -> list[Fact]:
    """Return what unlocking allows and for how long; `palette_key` opens the command palette."""
    danger = (
        "an action on a required service can harm the cluster, "
        "up to the loss of the cluster and its data"
    )
    return [
        ("DANGER", danger, palette["bad"]),
        ("allows", "start, stop, restart and rollouts of required services on every node", "bold"),
        ("each", "one service at a time, confirmed with its name and a reason typed", ""),
        ("until", f"rsdeck quits, or {palette_key}: lock required services", ""),
        ("sends", "nothing", palette["muted"]),
    ]
