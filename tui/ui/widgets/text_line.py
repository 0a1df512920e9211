"""Lines of text, painted again only when they say something else; the band at a screen's top."""

from collections.abc import Mapping, Sequence

from rich.text import Text
from textual.geometry import Region
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui.ui.format.header import Header, header_lines


class RichLines(Widget):
    """Paints one Rich text a line, as it is: cut with an ellipsis where it is too long."""

    DEFAULT_CSS = "RichLines { height: 1; width: 1fr; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: tuple[Text, ...] = ()

    def show_lines(self, lines: Sequence[Text]) -> None:
        """Show `lines`; those that say the same are not painted again."""
        before, self._lines = self._lines, tuple(lines)
        for number in range(max(len(before), len(self._lines))):
            had = before[number] if number < len(before) else None
            line = self._lines[number] if number < len(self._lines) else None
            if had is None or line is None or had != line or had.spans != line.spans:
                self.refresh(Region(0, number, self.size.width, 1))

    @property
    def shown(self) -> str:
        """What it shows at present."""
        return "\n".join(line.plain for line in self._lines)

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width, look = self.size.width, self.rich_style
        if y >= len(self._lines):
            return Strip.blank(width, look)
        line = self._lines[y]
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is not None or line.cell_len > width:
            line = line.copy()
        if span is not None:
            end = span[1] if span[1] >= 0 else len(line)
            line.stylize(self.screen.get_component_rich_style("screen--selection"), span[0], end)
        if line.cell_len > width:
            line.truncate(width, overflow="ellipsis")
        strip = Strip(line.render(self.app.console)).apply_style(look)
        # The offsets say which letter is under the mouse.
        return strip.adjust_cell_length(width, look).simplify().apply_offsets(0, y)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """Return the selected part of what it shows, and the end of a line."""
        if selection.start is not None and selection.start.y >= len(self._lines):
            return "", "\n"  # selected before there were fewer lines
        return selection.extract(self.shown), "\n"


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


class HeaderBand(RichLines):
    """Lays out a header in its own width: in one line or three, as the sheet says."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._header = Header("")
        self._palette: Mapping[str, str] = {}

    def present(self, header: Header, palette: Mapping[str, str]) -> None:
        """Show a header in these colours; lines that say the same are not painted again."""
        self._header, self._palette = header, palette
        self._lay_out()

    def _lay_out(self) -> None:
        if self._palette and self.size:
            width, height = self.size
            self.show_lines(header_lines(self._header, width, height, self._palette))

    def on_resize(self) -> None:
        """Lay out again for another width."""
        self._lay_out()
        self.refresh()
