"""Notifications outside the screen: the terminal's bell and the desktop's."""

from collections.abc import Callable, Mapping

from tui.config import Notify
from tui.fleet.events.notifications import BellLimit, DesktopNotices, should_notify
from tui.model.clock import monotonic
from tui.model.event import Event
from tui.ui.terminal.desktop_notification import BELL, desktop_sequence

Later = Callable[[float, Callable[[], None]], object]
"""Runs a callback after so many seconds."""

_SOON = 0.05
"""Seconds to wait for the other events of the same reading."""


class NotificationController:
    """Notifies as `[notify]` says; `write` writes to the terminal.

    Events from before it was made, of an earlier session, are not notified.
    """

    def __init__(
        self, notify: Notify, environ: Mapping[str, str], write: Callable[[str], None], later: Later
    ) -> None:
        self._notify = notify
        self._in_tmux = bool(environ.get("TMUX"))
        self._write = write
        self._later = later
        self._bells = BellLimit()
        self._notices = DesktopNotices()
        self._is_planned = False
        self._started_at = monotonic()

    def event_happened(self, event: Event) -> None:
        """Notify of an event, if `[notify]` wants it."""
        if event.at < self._started_at:
            return
        if should_notify(event, self._notify.bell) and self._bells.rings(monotonic()):
            self._write(BELL)
        if should_notify(event, self._notify.desktop):
            self._notices.add(event)
            self._plan()

    def _plan(self) -> None:
        wait = self._notices.wait(monotonic())
        if wait is not None and not self._is_planned:
            self._is_planned = True
            self._later(max(_SOON, wait), self._send)

    def _send(self) -> None:
        self._is_planned = False
        text = self._notices.take(monotonic())
        if text:
            self._write(desktop_sequence(text, self._notify.protocol, in_tmux=self._in_tmux))
