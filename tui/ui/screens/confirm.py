"""The one door that every order goes through: what will be sent, to whom, what it may do.

It is deaf until it has been painted and the keyboard has been quiet, so that type-ahead decides
nothing. Nothing here that sends is an action, since actions can be run by other means than keys.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.errors import NoWidget
from textual.timer import Timer
from textual.widgets import Button, Input, Static

from tui.fleet.guard import Ruling
from tui.model.order import Order
from tui.ui.lines import Palette
from tui.ui.screens.deaf import ArmedScreen, TypedWords
from tui.ui.screens.facts import Question, essentials, facts, laid_out
from tui.ui.widgets.line import Line

ALONE = 0.1
"""Seconds before and after a key that decides in which there must be no other."""

NARROWEST = 30
"""Cells across that the facts need to be read at all."""

_TOO_SMALL = "terminal too small to show what would be sent: make it larger, or esc"
_MORE = "down shows the rest of what would be sent; then it can be confirmed"


class ConfirmScreen(ArmedScreen[Order | None]):
    """Asks before an order goes out; gives the order as confirmed, or None."""

    AUTO_FOCUS = "#cancel"

    def __init__(
        self, question: Question, palette: Palette, ask_again: Callable[[], tuple[Ruling, str]]
    ) -> None:
        super().__init__()
        self._question = question
        self._palette = palette
        self._ask_again = ask_again
        self._route = 0
        self._seen = 0
        self._seen_at = (0, 0)
        self._key_at = 0.0
        self._alone = True
        self._pending: Timer | None = None

    @property
    def order(self) -> Order:
        """The order with the route and the reason as they are chosen now."""
        order = self._question.order
        if self._question.routes:
            order = replace(order, route=self._question.routes[self._route])
        reason = self._field("#reason")
        return replace(order, reason=reason)

    def compose(self) -> ComposeResult:
        """Lay out facts, request, warnings, fields and buttons."""
        order, ruling = self._question.order, self._question.ruling
        verb = order.verb.value.capitalize()
        with Vertical(id="confirm"):
            with VerticalScroll(id="facts", can_focus=False):
                yield Static(id="what", markup=False)
            yield Line(id="changed", hides=True)
            if ruling.words:
                yield TypedWords(id="words", placeholder=f"type {ruling.words}", disabled=True)
            if ruling.needs_reason:
                yield TypedWords(id="reason", placeholder="and the reason", disabled=True)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(verb, id="go", variant="warning", disabled=True)
                if len(self._question.routes) > 1:
                    yield Button("Other route", id="route", disabled=True)
            yield Line(id="how")

    def on_mount(self) -> None:
        """Show the facts; the clock for the keys starts with the first paint."""
        self._show()
        self.begin_arming()
        self.set_interval(0.1, self._arm)

    def _arm(self) -> None:
        """Open the fields once the keyboard is quiet; checked again and again until then."""
        go = self.query_one("#go", Button)
        if not go.has_class("-armed") and self.arm():
            go.add_class("-armed")
            for field in self.query(TypedWords):
                field.disabled = False
            for button in self.query("#route").results(Button):
                button.disabled = False
        self._refresh_go()

    def _refresh_go(self) -> None:
        go = self.query_one("#go", Button)
        ruling, changed = self._ask_again()
        self.query_one("#changed", Line).say(
            Text(f"changed since you looked: {changed}", self._palette["bad"])
            if changed
            else Text("" if ruling.allowed else ruling.reason, self._palette["bad"])
        )
        hidden = self._hidden()
        self.query_one("#confirm").border_subtitle = Content(hidden)
        complete = self._is_complete(ruling, changed) and not hidden
        go.disabled = not (go.has_class("-armed") and complete)
        self.query_one("#how", Line).say(self._how(go))

    def _hidden(self) -> str:
        """Say what keeps the target and the request from having been seen; empty if nothing."""
        box = self.query_one("#facts")
        width = self.query_one("#what").content_size.width
        try:
            visible = self.find_widget(box).visible_region.height
            buttons = self.find_widget(self.query_one("#go")).visible_region.height
        except NoWidget:
            return _TOO_SMALL
        if width < NARROWEST or not visible or not buttons:
            self._seen = 0
            return _TOO_SMALL
        if (width, visible) != self._seen_at:
            # Wrapped anew, the lines are others; and what a smaller window hides is not in view.
            self._seen, self._seen_at = 0, (width, visible)
        top = round(box.scroll_offset.y)
        if top <= self._seen:
            self._seen = max(self._seen, top + visible)
        return "" if self._seen >= self._lines_needed(width) else _MORE

    def _lines_needed(self, width: int) -> int:
        """Count the lines down to the end of the request."""
        console = self.app.console
        table = laid_out(essentials(self._question, self.order, self._palette), self._palette)
        return len(console.render_lines(table, console.options.update(width=width, height=None)))

    def _is_complete(self, ruling: Ruling, changed: str) -> bool:
        """Say whether all that is asked for is there, by the ruling as it is now."""
        if not ruling.allowed or changed or ruling.words != self._question.ruling.words:
            return False
        if ruling.words and self._field("#words") != ruling.words:
            return False
        return not ruling.needs_reason or len(self._field("#reason")) >= 3

    def _field(self, selector: str) -> str:
        found = self.query(selector).results(Input)
        return next((field.value.strip() for field in found), "")

    def _how(self, go: Button) -> Text:
        ruling = self._question.ruling
        verb = self._question.order.verb.value
        if not go.has_class("-armed"):
            return Text("a moment…", self._palette["muted"])
        if ruling.words:
            reason = " and a reason" if ruling.needs_reason else ""
            return Text(
                f"tab, type {ruling.words}{reason}, enter {verb}s · esc cancels",
                self._palette["muted"],
            )
        return Text(f"y {verb}s · n or esc cancels", self._palette["muted"])

    def _show(self) -> None:
        self.query_one("#confirm").border_title = Content(_title(self._question.order))
        self.query_one("#what", Static).update(facts(self._question, self.order, self._palette))

    def on_key(self, event: events.Key) -> None:
        """Take the keys that decide; the fields and buttons take theirs first."""
        if event.key in ("escape", "n"):
            event.stop()
            self.dismiss(None)
        elif event.key == "y" and not self._question.ruling.words:
            event.stop()
            self._confirm_if_alone()
        elif event.key in ("down", "pagedown", "up", "pageup"):
            event.stop()
            box = self.query_one("#facts", VerticalScroll)
            move = box.scroll_page_down if event.key.endswith("down") else box.scroll_page_up
            move(animate=False)
        elif event.key in ("tab", "shift+tab"):
            event.stop()
            self._focus_by(1 if event.key == "tab" else -1)

    def _focus_by(self, step: int) -> None:
        """Go round from Cancel through the fields to the button that sends."""
        ring = [
            one
            for name in ("cancel", "words", "reason", "go", "route")
            for one in self.query(f"#{name}")
            if not one.disabled
        ]
        here = ring.index(self.focused) if self.focused in ring else 0
        # At once: focus() alone waits, and of two tabs in one read one would be lost.
        self.set_focus(ring[(here + step) % len(ring)])

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#go")
    def _pressed(self) -> None:
        self._confirm_if_alone()

    def swallows(self, event: events.Event) -> bool:
        """Note besides whether a key came alone."""
        if isinstance(event, events.Key | events.MouseDown):
            now = time.monotonic()
            self._alone = now - self._key_at >= ALONE
            self._key_at = now
            if self._pending is not None:
                self._pending.stop()
                self._pending = None
        return super().swallows(event)

    def _confirm_if_alone(self) -> None:
        """Let a key that came alone decide: a burst is a paste, or a link that was stuck."""
        if self._alone:
            self._pending = self.set_timer(ALONE, self._confirm)
        else:
            self.app.bell()

    @on(Button.Pressed, "#route")
    def _rerouted(self) -> None:
        self._route = (self._route + 1) % len(self._question.routes)
        self._show()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._refresh_go()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        if self._question.ruling.needs_reason and self.focused is self.query_one("#words"):
            self.query_one("#reason").focus()
        else:
            self._confirm()

    def _confirm(self) -> None:
        """Let the order go, if the guard still says so."""
        self._refresh_go()
        if self.query_one("#go", Button).disabled:
            self.app.bell()
        else:
            self.dismiss(self.order)


def _title(order: Order) -> str:
    what = order.names[0] if len(order.names) == 1 else f"{len(order.names)} services"
    return f"{order.verb.value.capitalize()} {what} on {order.target.node}?"
