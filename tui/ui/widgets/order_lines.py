"""What became of orders and rollouts, in a few lines above the status."""

from rich.text import Text

from tui.fleet.fleet import Fleet
from tui.model.clock import monotonic
from tui.ui.format import rollout_text, status_lines
from tui.ui.format.status_lines import Palette
from tui.ui.widgets.text_line import TextLine

_AT_MOST = 4
_DONE_FOR = 60.0
"""Seconds for which an order that went well stays on the screen; one that did not, stays."""


class OrderLines(TextLine):
    """Shows the newest; what has ended can be dismissed, and what went well goes by itself."""

    def __init__(self, fleet: Fleet, *, id: str) -> None:
        super().__init__(id=id, hides=True)
        self._fleet = fleet
        self._dismissed: set[int] = set()
        self._dismissed_rollouts: set[int] = set()
        self._ended: dict[int, float] = {}

    def present(self, palette: Palette, key: str) -> None:
        """Show them as they stand; `key` shows a rollout's own screen."""
        now, width = monotonic(), self.app.size.width
        rollouts = self._fleet.rollouts
        self._forget_the_gone()
        alone = []
        for number, order in self._fleet.orders.progress.items():
            since = self._ended.setdefault(number, now) if not order.is_open else now
            is_done = order.is_verified and now - since > _DONE_FOR
            # Those of a rollout have its line, and a screen of their own.
            if number not in self._dismissed and not is_done and not rollouts.gave(number):
                alone.append(order)
        lines: list[Text] = []
        if rollouts.progress or rollouts.cut_off:
            rolled = rollout_text.visible_rollouts(rollouts.progress, self._dismissed_rollouts, now)
            lines = rollout_text.rollout_lines(
                rolled,
                now,
                _AT_MOST // 2,
                key,
                palette,
                width=width,
                cut_off=rollouts.cut_off,
            )
        lines += status_lines.order_lines(alone, now, _AT_MOST - len(lines), palette, width)
        self.say(Text("\n").join(lines))
        self.styles.height = max(1, len(lines))

    def _forget_the_gone(self) -> None:
        """Keep nothing of what the fleet no longer keeps."""
        orders = self._fleet.orders.progress
        self._dismissed.intersection_update(orders)
        self._dismissed_rollouts.intersection_update(self._fleet.rollouts.progress)
        self._ended = {number: at for number, at in self._ended.items() if number in orders}

    def dismiss(self) -> None:
        """Show what has ended no more."""
        orders, rollouts = self._fleet.orders.progress, self._fleet.rollouts.progress
        self._dismissed |= {number for number, order in orders.items() if not order.is_open}
        self._dismissed_rollouts |= {
            number for number, rollout in rollouts.items() if not rollout.is_open
        }
