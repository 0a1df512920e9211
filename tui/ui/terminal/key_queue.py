"""Keys one after another: each is over and done with before the next is looked at.

Textual hands a key to the widget that has the focus, and finds its binding only when the key has
bubbled back to the app. Of keys that come in one read (a slow link, a paste that is none), the
second is then handed to the widget that had the focus before the first: `/` and what is to be
looked for would be taken for orders, and what is typed after a tab would go into the field before.
"""

from collections import deque
from collections.abc import Awaitable, Callable

from textual import events
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer

_AT_MOST = 4096
_PATIENCE = 0.5
"""Seconds after which a key that has got lost with its widget holds up the next no longer."""


class KeyHandled(Message, bubble=True):
    """Follows a key on its way, through the same widgets, back to the app.

    It goes `again`, for what the widget told its screen because of the key comes after the first.
    """

    def __init__(self, target: MessagePump, turn: int, *, again: bool) -> None:
        super().__init__()
        self.target = target
        self.turn = turn
        self.again = again


class KeyQueue:
    """Lets one key go at a time; `hand_on` is the app's own way with it."""

    def __init__(
        self,
        hand_on: Callable[[events.Event], Awaitable[None]],
        target: Callable[[], MessagePump | None],
        wait: Callable[[float, Callable[[], Awaitable[None]]], Timer],
    ) -> None:
        self._hand_on = hand_on
        self._target = target
        self._wait = wait
        self._waiting: deque[events.Event] = deque(maxlen=_AT_MOST)
        self._on_its_way = False
        self._turn = 0
        self._timer: Timer | None = None

    async def take(self, event: events.Event) -> None:
        """Hand a key or a paste on, now or when those before it are done with."""
        self._waiting.append(event)
        await self._go_on()

    async def _go_on(self) -> None:
        """Hand on what waits, until a key is on its way."""
        while self._waiting and not self._on_its_way:
            event, target = self._waiting.popleft(), self._target()
            if target is None:  # nothing hears any more: the deck is leaving
                continue
            self._on_its_way = True
            self._turn += 1
            await self._hand_on(event)
            self._timer = self._wait(_PATIENCE, self._next)
            if not self._follow(target, again=True):
                self._let_go()

    async def settled(self, event: KeyHandled) -> None:
        """Take note that a follower is back; one that is late follows a key that was given up."""
        if event.turn != self._turn:
            return
        if not event.again or not self._follow(event.target, again=False):
            await self._next()

    def _follow(self, target: MessagePump, *, again: bool) -> bool:
        """Send a follower after the key; False where its hearer is just about to go."""
        return target.post_message(KeyHandled(target, self._turn, again=again))

    async def _next(self) -> None:
        """Go on with the next key: the one before it is done with."""
        self._let_go()
        await self._go_on()

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._on_its_way = False
        self._turn += 1
