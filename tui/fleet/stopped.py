"""Logins that a refusal stopped: told once a login, however many nodes share it."""

import time
from datetime import UTC, datetime

from tui.fleet.login.state import Login
from tui.model.event import Event, Happening


class StoppedLogins:
    """Looks at the logins of the nodes as they are read, and tells when one has stopped."""

    def __init__(self) -> None:
        self._told: dict[Login, int] = {}

    def look(self, node: str, login: Login) -> Event | None:
        """Give the event of a login that was refused and is stopped; None where it is told."""
        if not (login.trouble and login.refused) or self._told.get(login) == login.generation:
            return None
        self._told[login] = login.generation
        text = f"login of {login.username or 'the certificate'} stopped: {login.trouble}"
        at, on = time.monotonic(), datetime.now(UTC)
        return Event(node, Happening.LOGIN, text, at, on, brief="login stopped")
