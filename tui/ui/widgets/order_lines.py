"""What became of orders and rollouts, in a few lines above the status."""

import time

from rich.text import Text

from tui.fleet.fleet import Fleet
from tui.ui.format import rollout_text, status_lines
from tui.ui.format.status_lines import Palette
from tui.ui.widgets.text_line import TextLine

_AT_MOST = 4
_DONE_FOR = 60.0
"""Seconds for which an order that went well stays on the screen; one that did not, stays."""


class OrderLines(TextLine):
    """Tells the newest; what has ended can be dismissed, and what went well goes by itself."""

    def __init__(self, fleet: Fleet, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, hides=True)
        self._fleet = fleet
        self._dismissed: set[int] = set()
        self._dismissed_rollouts: set[int] = set()
        self._ended: dict[int, float] = {}

    def present(self, palette: Palette, key: str) -> None:
        """Show them as they stand; `key` shows a rollout's own screen."""
        now = time.monotonic()
        rollouts = self._fleet.rollouts
        alone = []
        for number, one in self._fleet.orders.progress.items():
            since = self._ended.setdefault(number, now) if not one.is_open else now
            is_done = one.is_verified and now - since > _DONE_FOR
            # Those of a rollout are told in its one line, and each on its own screen.
            if number not in self._dismissed and not is_done and not rollouts.gave(number):
                alone.append(one)
        told: list[Text] = []
        if rollouts.progress:
            rolled = rollout_text.visible_rollouts(rollouts.progress, self._dismissed_rollouts, now)
            told = rollout_text.rollout_lines(rolled, _AT_MOST // 2, key, palette)
        told += status_lines.order_lines(alone, _AT_MOST - len(told), palette)
        self.say(Text("\n").join(told))
        self.styles.height = max(1, len(told))

    def dismiss(self) -> None:
        """Show what has ended no more."""
        orders, rollouts = self._fleet.orders.progress, self._fleet.rollouts.progress
        self._dismissed |= {number for number, one in orders.items() if not one.is_open}
        self._dismissed_rollouts |= {number for number, one in rollouts.items() if not one.is_open}
