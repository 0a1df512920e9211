"""Toasts: equal ones become one, with a count, and some dialogs hold them until they are closed."""

import time
from dataclasses import replace
from typing import Any

from textual.app import App
from textual.driver import Driver
from textual.notifications import Notification, SeverityLevel
from textual.screen import Screen
from textual.widgets._toast import ToastHolder

from tui.ui.terminal.input_guard import InputGuard

_SEVERITIES: tuple[SeverityLevel, ...] = ("information", "warning", "error")

_HELD_AT_MOST = 6
"""Toasts that wait for a dialog to be closed: of more, the most severe, and of those the newest."""

_READ_AT_ONCE = 3
"""How many toasts there is room for where each has two lines."""


class ToastCounter:
    """Counts toasts of equal title, text and severity, for as long as they are shown."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str, str], tuple[Notification, int]] = {}

    def merge(
        self, notification: Notification, shown: frozenset[str]
    ) -> tuple[Notification, Notification | None]:
        """Return the toast to show, and the shown one that it replaces.

        `shown` holds the identities of the toasts that are on the screen.
        """
        self._shown = {
            key: (one, count) for key, (one, count) in self._shown.items() if one.identity in shown
        }
        key = (notification.title, notification.message, notification.severity)
        before, count = self._shown.get(key, (None, 0))
        if before is not None:
            text = f"{notification.message} ({count + 1} times)"
            notification = replace(notification, message=text)
        self._shown[key] = (notification, count + 1)
        return notification, before


class ToastApp(App[None]):
    """An application whose toasts cover nothing that is to be read or pressed."""

    NOTIFICATION_TIMEOUT = 6

    def __init__(self, *, driver_class: type[Driver], ansi_color: bool | None) -> None:
        super().__init__(driver_class=driver_class, ansi_color=ansi_color)
        self._toast_counter = ToastCounter()
        self._held: list[Notification] = []
        self._until_dialog: list[Notification] = []
        self._latest: dict[str, Notification] = {}

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a toast; one that is shown already is replaced by one with a count.

        Over a dialog that holds toasts it waits until that is closed, and its time begins then.
        Unlike Textual's, it may be called in the application's own thread alone.
        """
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        self._add(Notification(message, title, severity, seconds, markup))

    def notify_until_dialog(self, message: str) -> None:
        """Show a warning of what a dialog led to, until the next one that holds toasts opens.

        What is done with that one would seem to be what it is about.
        """
        toast = Notification(message, "", "warning", self.NOTIFICATION_TIMEOUT, markup=False)
        self._until_dialog.append(self._add(toast))

    def notify_latest(self, subject: str, message: str) -> None:
        """Show a warning of how a subject is now, in place of the one before of that subject.

        An empty message removes that one alone.
        """
        before = self._latest.pop(subject, None)
        if before is not None:
            self._unnotify(before, refresh=False)
            self._held = [one for one in self._held if one is not before]
        if message:
            toast = Notification(message, "", "warning", self.NOTIFICATION_TIMEOUT, markup=False)
            self._latest[subject] = self._add(toast)
        elif before is not None:
            self._refresh_notifications()

    def _add(self, toast: Notification) -> Notification:
        """Show a toast, or hold it; return it with its count, where equal ones are shown."""
        shown = frozenset(one.identity for one in (*self._notifications, *self._held))
        toast, before = self._toast_counter.merge(toast, shown)
        if before is not None:
            self._unnotify(before, refresh=False)
            self._held = [one for one in self._held if one is not before]
        self._held.append(toast)
        if len(self._held) > _HELD_AT_MOST:
            self._held.remove(min(self._held, key=lambda one: _SEVERITIES.index(one.severity)))
        self._refresh_notifications()
        return toast

    def _refresh_notifications(self) -> None:
        """Show the toasts there are now, unless the dialog in front holds them.

        Textual leaves the place of one that another has replaced, which would cover those that
        follow.
        """
        if self._holds_toasts:
            self._end_those_until_dialog()
            return
        self._release_held()
        if self.screen_stack:
            self._remove_ended(self.screen)
        super()._refresh_notifications()

    def _end_those_until_dialog(self) -> None:
        """Remove what is shown until a dialog opens; what is held is of the one in front."""
        ended = [one for one in self._until_dialog if one not in self._held]
        if ended:
            self._until_dialog = [one for one in self._until_dialog if one in self._held]
            for toast in ended:
                self._unnotify(toast, refresh=False)
            for screen in self.screen_stack:
                self._remove_ended(screen)

    def _remove_ended(self, screen: Screen[Any]) -> None:
        kept = {f"--textual-toast-{one.identity}" for one in self._notifications}
        for holder in screen.query(ToastHolder):
            if holder.id not in kept:
                holder.remove()

    def _release_held(self) -> None:
        """Let the time of what was held begin: of the newest first, where there are many."""
        held, self._held = self._held, []
        for newer, toast in enumerate(reversed(held)):
            toast.raised_at = time.time() + toast.timeout * (newer // _READ_AT_ONCE)
        for toast in held:
            self._notifications.add(toast)

    @property
    def _holds_toasts(self) -> bool:
        """Whether the dialog in front keeps its lines and buttons where they are."""
        screen = self.screen if self.screen_stack else None
        return isinstance(screen, InputGuard) and screen.holds_toasts
