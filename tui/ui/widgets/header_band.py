"""The band at the top of every full screen; a line is painted again only when it changed."""

from collections.abc import Mapping

from rich.text import Text
from textual.geometry import Region
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.ui.format.header import Header, header_lines


class HeaderBand(Widget):
    """Lays out a header in its own width: in one line or three, as the sheet says."""

    DEFAULT_CSS = "HeaderBand { height: 1; width: 1fr; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._header = Header("")
        self._palette: Mapping[str, str] = {}
        self._lines: tuple[Text, ...] = ()

    def present(self, header: Header, palette: Mapping[str, str]) -> None:
        """Show a header in these colours; lines that say the same are not painted again."""
        self._header, self._palette = header, palette
        self._lay_out()

    def _lay_out(self) -> None:
        if not self._palette or not self.size:
            return
        lines = header_lines(self._header, self.size.width, self.size.height, self._palette)
        before, self._lines = self._lines, lines
        for number, line in enumerate(lines):
            had = before[number] if number < len(before) else None
            if had is None or had != line or had.spans != line.spans:
                self.refresh(Region(0, number, self.size.width, 1))

    def on_resize(self) -> None:
        """Lay out again for another width."""
        self._lay_out()
        self.refresh()

    @property
    def shown(self) -> str:
        """What it shows at present."""
        return "\n".join(line.plain for line in self._lines)

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[y]
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is not None:
            line = line.copy()
            end = span[1] if span[1] >= 0 else len(line)
            line.stylize(self.screen.get_component_rich_style("screen--selection"), span[0], end)
        strip = Strip(line.render(self.app.console)).apply_style(self.rich_style)
        # The offsets say which letter is under the mouse.
        return strip.adjust_cell_length(width, self.rich_style).simplify().apply_offsets(0, y)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """Return the selected part of what it shows, and the end of a line."""
        if selection.start is not None and selection.start.y >= len(self._lines):
            return "", "\n"  # selected before there were fewer lines
        return selection.extract(self.shown), "\n"
