"""What a watch saw → what is told of it: who was behind it, and what it adds up to."""

import time
from collections.abc import Iterable, Iterator

from tui.config import Notify
from tui.fleet.events.attribution import Attribution
from tui.fleet.events.restart_detector import Returns
from tui.fleet.loops import CrashLoops
from tui.fleet.polling.poller import NodeWatch
from tui.fleet.stopped import StoppedLogins
from tui.model.event import Event
from tui.model.order import Progress


class Teller:
    """Follows every event and every order of a fleet."""

    def __init__(self, notify: Notify) -> None:
        self._attribution = Attribution()
        self._returns = Returns()
        self._loops = CrashLoops(notify.loop_restarts, notify.loop_minutes)
        self._logins = StoppedLogins()

    def order_moved(self, progress: Progress) -> None:
        """Take note of an order's step."""
        self._attribution.note(progress, time.monotonic())

    def tell(self, watch: NodeWatch, events: Iterable[Event]) -> Iterator[Event]:
        """Give the events of a node as they are to be told, and those that follow from them."""
        for event in events:
            told = self._attribution.explain(event)
            yield told
            service = watch.reading.find(event.service) if event.service else None
            restart = self._returns.see(told, service.started_at if service else None)
            if restart is not None:
                yield restart
            loop = self._loops.see(restart or told)
            if loop is not None:
                yield loop
        stopped = self._logins.look(watch.name, watch.login)
        if stopped is not None:
            yield stopped
