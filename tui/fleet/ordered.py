"""Orders as events: that one was given, and what came of it."""

import time
from datetime import UTC, datetime

from tui.model.event import Event, Happening
from tui.model.order import Order, Verdict


def decided(order: Order, verdict: Verdict) -> Event:
    """Tell what came of an order for one service."""
    brief = f"{order.verb.value} {verdict.result.value}"
    text = f"{order.verb.value}: {verdict.result.value}, {verdict.text}"
    at, on = time.monotonic(), datetime.now(UTC)
    return Event(order.target.node, Happening.VERDICT, text, at, on, verdict.service, brief)


def ordered(order: Order) -> Event:
    """Tell that an order was given here."""
    names = order.names
    text = f"{order.verb.value} ordered here" + ("" if len(names) == 1 else f": {', '.join(names)}")
    text += f", since {order.reason}" if order.reason else ""
    service = names[0] if len(names) == 1 else ""
    brief = f"{order.verb.value} ordered"
    at, on = order.pressed_at, order.pressed_on
    return Event(order.target.node, Happening.ORDERED, text, at, on, service, brief)
