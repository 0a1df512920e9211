"""Keys one after another: each is handled to its end before the next.

Textual hands a key to the widget that has the focus, and finds its binding only when the key has
bubbled back to the app. Of keys that come in one read (a slow link, a paste that is none), the
second then goes to the widget that had the focus before the first: after `/`, the text of the
filter would be taken for orders, and what is typed after a tab would go into the field before.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from textual import events
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer

_AT_MOST = 4096
_PATIENCE = 0.5
"""Seconds after which a key that was lost with its widget no longer delays the next."""


class KeyHandled(Message, bubble=True):
    """Follows a key through the same widgets back to the app.

    It is sent a second time (`again`), since messages that the key led to come after the first.
    """

    def __init__(self, target: MessagePump, turn: int, *, again: bool) -> None:
        super().__init__()
        self.target = target
        self.turn = turn
        self.again = again


class KeyQueue:
    """Handles one key at a time; `handle` is how the app handles it, `target` where it goes."""

    def __init__(
        self,
        handle: Callable[[events.Event], Awaitable[None]],
        target: Callable[[], MessagePump | None],
        wait: Callable[[float, Callable[[], Awaitable[None]]], Timer],
    ) -> None:
        self._handle = handle
        self._target = target
        self._wait = wait
        self._waiting: deque[events.Event] = deque(maxlen=_AT_MOST)
        self._is_busy = False
        self.is_held = False
        """Whether every key waits, until `release_held`."""
        self._turn = 0
        self._timer: Timer | None = None

    async def release_held(self) -> None:
        """Handle what was held, in its order."""
        self.is_held = False
        await self._go_on()

    async def put(self, event: events.Event) -> None:
        """Handle a key or a paste, now or once those before it are handled."""
        self._waiting.append(event)
        await self._go_on()

    async def _go_on(self) -> None:
        """Handle what waits, until a key is being handled."""
        while self._waiting and not self._is_busy and not self.is_held:
            event, target = self._waiting.popleft(), self._target()
            if target is None:  # no widget is there any more: the deck is leaving
                continue
            self._is_busy = True
            self._turn += 1
            with ExitStack() as fault:
                fault.callback(self._release)  # else no key would be handled any more
                await self._handle(event)
                fault.pop_all()
            self._timer = self._wait(_PATIENCE, self._next)
            if not self._follow(target, again=True):
                self._release()

    async def key_handled(self, event: KeyHandled) -> None:
        """Go on after a follower is back; a late one, of a key that was given up, is ignored."""
        if event.turn != self._turn:
            return
        if not event.again or not self._follow(event.target, again=False):
            await self._next()

    def _follow(self, target: MessagePump, *, again: bool) -> bool:
        """Send a follower after the key; False where its widget is being removed."""
        return target.post_message(KeyHandled(target, self._turn, again=again))

    async def _next(self) -> None:
        """Go on with the next key."""
        self._release()
        await self._go_on()

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._is_busy = False
        self._turn += 1
