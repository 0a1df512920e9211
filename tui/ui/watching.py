"""What the app asks of a screen that shows more than it is opened with."""

from typing import Protocol, runtime_checkable

from tui.ui.format.status_lines import Palette


@runtime_checkable
class Painted(Protocol):
    """A screen that wears the theme's colours in what it paints itself."""

    def repalette(self, palette: Palette) -> None:
        """Take the colours of another theme."""


@runtime_checkable
class Watching(Protocol):
    """A screen that shows what is known of several nodes, and what became of orders."""

    @property
    def is_mounted(self) -> bool:
        """Whether it can show anything yet."""

    def nodes_changed(self) -> None:
        """Show the nodes as they stand now."""

    def orders_moved(self) -> None:
        """Show the orders as they stand now."""
