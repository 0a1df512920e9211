"""Keys one after another, also where what hears them is just about to go."""

from textual import events
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer

from tui.ui.terminal.key_queue import KeyHandled, KeyQueue


class Hearer(MessagePump):
    """Hears keys for as long as it `is_there`, and keeps what follows them."""

    def __init__(self) -> None:
        super().__init__()
        self.is_there = True
        self.followers: list[KeyHandled] = []

    def post_message(self, message: Message) -> bool:
        if self.is_there and isinstance(message, KeyHandled):
            self.followers.append(message)
        return self.is_there


async def test_what_waits_for_a_hearer_that_goes_is_handed_on_in_its_order_however_much() -> None:
    hearer, heard = Hearer(), list[str]()

    async def hand_on(event: events.Event) -> None:
        assert isinstance(event, events.Key)
        heard.append(event.key)

    def wait(seconds: float, _: object) -> Timer:
        return Timer(hearer, seconds)

    line = KeyQueue(hand_on, lambda: hearer, wait)
    keys = [f"key{number}" for number in range(2000)]
    for key in keys:
        await line.put(events.Key(key, None))
    assert heard == keys[:1]
    hearer.is_there = False
    (follower,) = hearer.followers
    await line.key_handled(follower)
    assert heard == keys
