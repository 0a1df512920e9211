"""Painting, without a terminal, once something looks at the screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from weakref import WeakSet

from rich.console import RenderableType
from textual._context import visible_screen_stack
from textual.app import App
from textual.screen import Screen

_paint = Screen._compositor_refresh
_render = Screen.render
_UNPAINTED: WeakSet[Screen[Any]] = WeakSet()


@contextmanager
def paint_when_settled() -> Iterator[None]:
    """Let a screen be painted by `paint_changes` alone, not for each change on the way there.

    Without a terminal Textual renders each frame too, and drops it: half of what a deck computes.
    """

    def note_changes(screen: Screen[Any]) -> None:
        if screen is not screen.app.screen:
            _paint(screen)  # marks what lies over it
            return
        screen._dirty_widgets.clear()
        _UNPAINTED.add(screen)
        screen.app._display(screen, None)
        screen.app._update_mouse_over(screen)

    with (
        patch.object(Screen, "_compositor_refresh", note_changes),
        patch.object(Screen, "render", _render_over_the_screen_below),
    ):
        yield


def _render_over_the_screen_below(screen: Screen[Any]) -> RenderableType:
    """Render the ground of a screen: of a window, over what lies below it.

    Textual tells it what that is when it paints. Looked at before, it would show nothing there,
    and keep that.
    """
    stack = screen.app.screen_stack
    at = stack.index(screen) if screen in stack else 0
    visible_screen_stack.set(stack[:at][-1:])
    return _render(screen)


def paint_changes(app: App[Any]) -> None:
    """Paint what has changed on the screen since it was painted here: no error stays unseen."""
    if app.screen_stack and app.screen in _UNPAINTED:
        _UNPAINTED.discard(app.screen)
        _paint(app.screen)
