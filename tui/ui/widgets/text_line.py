"""A line of text that is painted again only when it says something else."""

from rich.text import Text
from textual.widgets import Static

from tui.ui.widgets.rich_lines import RichLines


class TextLine(Static):
    """One or more lines of finished text; `hides` takes it off the screen while it is empty."""

    DEFAULT_CSS = """
    TextLine { height: 1; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *, id: str, hides: bool = False) -> None:
        super().__init__(id=id, markup=False)
        self._hides = hides
        self._shown: Text | None = None
        if hides:
            self.display = False

    def say(self, text: Text) -> None:
        """Show `text`; does nothing if it is shown already."""
        shown = self._shown
        if shown is not None and (text, text.spans, text.style) == (
            shown,
            shown.spans,
            shown.style,
        ):
            return
        self._shown = text
        if self._hides and self.display is not bool(text.plain):
            self.display = bool(text.plain)
        self.update(text, layout=self._hides)

    @property
    def said(self) -> str:
        """What it says at present."""
        return self._shown.plain if self._shown else ""


class BarLine(RichLines):
    """One line of a bar that changes with nearly every key, and is painted as it is."""

    def say(self, text: Text) -> None:
        """Show `text`; does nothing if it is shown already."""
        self.show_lines([text])

    @property
    def said(self) -> str:
        """What it says at present."""
        return self.shown
