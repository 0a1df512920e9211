"""Where a password leaves: whoever counts passwords stands here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tui.api.connection import Exchange


@dataclass(slots=True, eq=False)
class Wicket:
    """Where requests to one node leave.

    `before` is awaited right before a password leaves; its time does not count as the node's, and
    what it raises ends the request, unsent, and comes out of the call as it is. `after` is told
    when the request is over, and whether a password left whose answer was lost, `doubt` when one
    was refused and is to leave once more, `met` when the node has answered without one, as an
    Unmet of `before` asks for.
    """

    exchange: Exchange
    before: Callable[[], Awaitable[None]] | None = None
    after: Callable[[bool], None] | None = None
    doubt: Callable[[], None] | None = None
    met: Callable[[], None] | None = None

    async def wait(self) -> None:
        """Wait until a password may leave."""
        if self.before is not None:
            await self.before()

    def doubted(self) -> None:
        """Say that a password was refused, and that the last try is to come."""
        if self.doubt is not None:
            self.doubt()

    def done(self, *, lost: bool) -> None:
        """Say that a request is over, and whether a password left whose answer was lost."""
        if self.after is not None:
            self.after(lost)

    def greet(self) -> None:
        """Say that the node has answered without a password."""
        if self.met is not None:
            self.met()
