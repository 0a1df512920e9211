"""A page that scrolls in a frame, which shows how many lines follow below, and what keys do."""

from collections.abc import Callable, Sequence

from textual import events
from textual.containers import VerticalScroll
from textual.widget import Widget

from tui.ui.format.key_bar import Hint, hint_border, hint_more_below


class ScrollPage(VerticalScroll):
    """Shows below, in its frame, how many lines follow, then `hints`, the most important first."""

    def __init__(self, page: Widget, hints: Callable[[], Sequence[Hint]], *, id: str) -> None:
        super().__init__(page, id=id)
        self._hints = hints
        self._shown: tuple[list[Hint], int] = ([], 0)

    def on_mount(self) -> None:
        """Show how much follows when the page becomes longer or shorter.

        The frame's own size is only known after the page's: counted before, they do not belong
        together.
        """
        self.watch(self, "virtual_size", self._show_hints_once_laid_out)

    def on_resize(self, _: events.Resize) -> None:
        """Show how much follows in another size."""
        self.show_hints()

    def _show_hints_once_laid_out(self) -> None:
        self.call_after_refresh(self.show_hints)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Show how much follows from here."""
        super().watch_scroll_y(old_value, new_value)
        self.show_hints()

    @property
    def lines_below(self) -> int:
        """How many lines follow below those in view."""
        return round(self.max_scroll_y - self.scroll_offset.y)

    def show_hints(self) -> None:
        """Show in the frame what holds now."""
        hints = [*hint_more_below(self.lines_below), *self._hints()]
        if (hints, self.outer_size.width) != self._shown:
            self._shown = (hints, self.outer_size.width)
            self.border_subtitle = hint_border(*self._shown)
