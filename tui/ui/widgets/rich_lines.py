"""Lines of finished text, each painted again only when it says something else."""

from collections.abc import Sequence

from rich.text import Text
from textual.geometry import Region
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget


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
