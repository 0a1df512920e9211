"""The password of one login; it is kept in memory and nowhere else."""

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.credentials import Secret
from tui.ui.dialogs.armed import TypeAheadProofScreen
from tui.ui.format.key_bar import hint_line
from tui.ui.format.status_lines import Palette
from tui.ui.widgets.text_line import TextLine


class PasswordDialog(TypeAheadProofScreen[Secret | None]):
    """Asks for a password; returns what was typed, or None."""

    AUTO_FOCUS = "#password"
    BINDINGS = [Binding("escape", "cancel", "Cancel", show=False)]
    holds_toasts = False
    """It has no button that could be moved, and what its keys refuse is said while it is open."""

    def __init__(self, username: str, where: str, why: str, palette: Palette) -> None:
        super().__init__()
        self._username = username
        self._where = where
        self._why = why
        self._palette = palette

    def compose(self) -> ComposeResult:
        """Lay out the question and one field."""
        with Vertical(id="asking"):
            text = Text()
            text.append(f"{self._username}", "bold")
            text.append(f"  on {self._where}\n", self._palette["muted"])
            text.append(f"{self._why}\n", self._palette["warn"])
            text.append("Five failures within 15 minutes lock the user for half an hour.")
            yield Static(text, id="question", markup=False)
            yield Input(password=True, id="password", placeholder="password")
            yield TextLine(id="how")

    def on_mount(self) -> None:
        """Ignore input at first: the dialog opens by itself, and what was typed is no password."""
        self.query_one("#asking").border_title = "Log in"
        self.begin_arming()
        self.set_interval(0.1, self._arm)

    def _arm(self) -> None:
        hints = [("enter log in", "enter"), ("esc not now", "escape")]
        style = "" if self.arm() else self._palette["off"]
        self.query_one("#how", TextLine).say(hint_line(self.with_arming(hints), style))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.decide(self._log_in)

    def _log_in(self) -> None:
        field = self.query_one("#password", Input)
        typed, field.value = field.value, ""
        if typed:
            self.dismiss(Secret(typed))

    def action_cancel(self) -> None:
        """Close; the login stays stopped."""
        self.dismiss(None)
