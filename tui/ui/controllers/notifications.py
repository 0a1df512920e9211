"""Calling a person who looks elsewhere: the terminal's bell, and a notice on the desktop."""

import time
from collections.abc import Callable, Mapping

from tui.config import Notify
from tui.fleet.events.notifications import BellLimit, DesktopNotices, should_notify
from tui.model.event import Event
from tui.ui.terminal.desktop_notification import BELL, desktop_sequence

Later = Callable[[float, Callable[[], None]], object]
"""Has something done after so many seconds."""

_SOON = 0.05
"""Seconds for which the other events of the same reading are waited for."""


class NotificationController:
    """Rings and tells as `[notify]` says; `write` takes what goes to the terminal.

    What happened before it was made, in an earlier session, calls nobody.
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
        self._begun = time.monotonic()

    def event_happened(self, event: Event) -> None:
        """Call for an event, if it is worth it."""
        if event.at < self._begun:
            return
        if should_notify(event, self._notify.bell) and self._bells.rings(time.monotonic()):
            self._write(BELL)
        if should_notify(event, self._notify.desktop):
            self._notices.add(event)
            self._plan()

    def _plan(self) -> None:
        wait = self._notices.wait(time.monotonic())
        if wait is not None and not self._is_planned:
            self._is_planned = True
            self._later(max(_SOON, wait), self._tell)

    def _tell(self) -> None:
        self._is_planned = False
        text = self._notices.take(time.monotonic())
        if text:
            self._write(desktop_sequence(text, self._notify.protocol, in_tmux=self._in_tmux))
