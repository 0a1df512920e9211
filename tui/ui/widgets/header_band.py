"""The band at the top of every full screen; a line is painted again only when it changed."""

from collections.abc import Mapping

from tui.ui.format.header import Header, header_lines
from tui.ui.widgets.rich_lines import RichLines


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
