"""Toasts: equal ones that are shown at the same time become one, with a count."""

from dataclasses import replace

from textual.notifications import Notification


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
