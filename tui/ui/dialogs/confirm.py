"""What every decision goes through: seen to its end first, then a key that came alone.

It is deaf until it has been painted and the keyboard has been quiet, so that type-ahead decides
nothing. Nothing here that decides is an action, since actions can be run by other means than keys.
"""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.console import RenderableType
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.errors import NoWidget
from textual.timer import Timer
from textual.widgets import Button, Input, Static

from tui.ui.dialogs.armed import ArmedScreen, TypedInput
from tui.ui.format.status_lines import Palette
from tui.ui.widgets.text_line import TextLine

NARROWEST = 30
"""Cells across that the facts need to be read at all."""

_TOO_SMALL = "terminal too small to show what would be sent: make it larger, or esc"
_MORE = "down shows the rest of what would be sent; then it can be confirmed"
_BACK = "up shows what was passed by of what would be sent; then it can be confirmed"
_BORDER = 2

_Given = TypeVar("_Given")


@dataclass(frozen=True, slots=True)
class ConfirmRequest:
    """What a door asks for. `verb` is what yes does; `words` must be typed, else `y` says it.

    `back` is the word on the button that says no, `backs` what it does.
    """

    title: str
    verb: str
    words: str = ""
    needs_reason: bool = False
    back: str = "Cancel"
    backs: str = "cancels"


class ConfirmDialog(ArmedScreen[_Given | None], Generic[_Given]):
    """Asks before something is done; gives it as it was agreed to, or None."""

    AUTO_FOCUS = "#cancel"

    def __init__(self, demand: ConfirmRequest, palette: Palette) -> None:
        super().__init__()
        self._demand = demand
        self._palette = palette
        self._seen = 0
        self._seen_at = (0, 0)
        self._needed: dict[int, int] = {}
        self._key_at = 0.0
        self._alone = True
        self._pending: Timer | None = None

    # What is behind the door

    @property
    @abstractmethod
    def facts(self) -> RenderableType:
        """All that should be known before saying yes."""

    @property
    @abstractmethod
    def essentials(self) -> RenderableType:
        """The part of the facts, from their top, without having seen which one cannot say yes."""

    @abstractmethod
    def bar(self) -> str:
        """Say what keeps it shut now, whatever is typed; empty where nothing does."""

    @abstractmethod
    def agreed(self) -> _Given:
        """Give what was agreed to, as it is chosen now."""

    def more_buttons(self) -> Iterable[Button]:
        """Give the buttons beside the two that decide."""
        return ()

    # What is shown

    def compose(self) -> ComposeResult:
        """Lay out facts, fields and buttons."""
        demand = self._demand
        with Vertical(id="confirm"):
            with VerticalScroll(id="facts", can_focus=False):
                yield Static(id="what", markup=False)
            yield TextLine(id="changed", hides=True)
            if demand.words:
                yield TypedInput(id="words", placeholder=f"type {demand.words}", disabled=True)
            if demand.needs_reason:
                yield TypedInput(id="reason", placeholder="and the reason", disabled=True)
            with Horizontal(id="buttons"):
                yield Button(demand.back, id="cancel")
                yield Button(demand.verb.capitalize(), id="go", variant="warning", disabled=True)
                yield from self.more_buttons()
            yield TextLine(id="how")

    def on_mount(self) -> None:
        """Show the facts; the clock for the keys starts with the first paint."""
        self.query_one("#confirm").border_title = Content(self._demand.title)
        self.show_facts()
        self.begin_arming()
        self.set_interval(0.1, self._arm)

    def show_facts(self) -> None:
        """Show the facts as they are chosen now."""
        self._needed.clear()
        self.query_one("#what", Static).update(self.facts)

    def _arm(self) -> None:
        """Open the fields once the keyboard is quiet; checked again and again until then."""
        go = self.query_one("#go", Button)
        if not go.has_class("-armed") and self.arm():
            go.add_class("-armed")
            for field in self.query(TypedInput):
                field.disabled = False
            for button in self.query("#buttons Button").exclude("#go"):
                button.disabled = False
        self._refresh_go()

    def _refresh_go(self) -> None:
        go = self.query_one("#go", Button)
        bar = self.bar()
        self.query_one("#changed", TextLine).say(Text(bar, self._palette["bad"]))
        self._fit()
        hidden = self._hidden()
        self.query_one("#confirm").border_subtitle = Content(hidden)
        complete = self._is_complete() and not bar and not hidden
        go.disabled = not (go.has_class("-armed") and complete)
        self.query_one("#how", TextLine).say(self._how(go, hidden))

    def _fit(self) -> None:
        """Leave the facts the lines that the fields and buttons do not need."""
        facts = self.query_one("#facts")
        others = [one for one in self.query_one("#confirm").children if one is not facts]
        taken = sum(one.outer_size.height for one in others if one.display)
        room = max(1, self.size.height - _BORDER - taken)
        facts.styles.max_height = room

    def _hidden(self) -> str:
        """Say what keeps the essentials from having been seen; empty if nothing."""
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
        if self._seen >= self._lines_needed(width):
            return ""
        return _MORE if top <= self._seen else _BACK

    def _lines_needed(self, width: int) -> int:
        """Count the lines down to the end of the essentials, once for a width."""
        if width not in self._needed:
            console = self.app.console
            options = console.options.update(width=width, height=None)
            self._needed[width] = len(console.render_lines(self.essentials, options))
        return self._needed[width]

    def _is_complete(self) -> bool:
        """Say whether all that is asked for is there."""
        demand = self._demand
        if demand.words and self.field("#words") != demand.words:
            return False
        return not demand.needs_reason or len(self.field("#reason")) >= 3

    def field(self, selector: str) -> str:
        """Give what stands in a field, empty where there is none."""
        found = self.query(selector).results(Input)
        return next((field.value.strip() for field in found), "")

    def _how(self, go: Button, hidden: str) -> Text:
        demand, muted = self._demand, self._palette["muted"]
        if not go.has_class("-armed"):
            return Text("a moment…", muted)
        if hidden:
            return Text(hidden, self._palette["warn"])
        if demand.words:
            reason = " and a reason" if demand.needs_reason else ""
            typed = f"tab, type {demand.words}{reason}, enter {demand.verb}s"
            return Text(f"{typed} · esc {demand.backs}", muted)
        return Text(f"y {demand.verb}s · n or esc {demand.backs}", muted)

    # What is pressed

    def on_key(self, event: events.Key) -> None:
        """Take the keys that decide; the fields and buttons take theirs first."""
        if event.key in ("escape", "n"):
            event.stop()
            self.dismiss(None)
        elif event.key == "y" and not self._demand.words:
            event.stop()
            self._confirm_if_alone()
        elif event.key in ("down", "pagedown", "up", "pageup"):
            event.stop()
            self._page(1 if event.key.endswith("down") else -1)
        elif event.key in ("tab", "shift+tab"):
            event.stop()
            self._focus_by(1 if event.key == "tab" else -1)

    def _page(self, step: int) -> None:
        """Go a page on or back; never past what was not in view yet, however fast it is asked."""
        box = self.query_one("#facts", VerticalScroll)
        top = round(box.scroll_offset.y)
        to = top + step * max(1, box.size.height)
        if step > 0:
            to = max(top, min(to, self._seen))
        box.scroll_to(y=to, animate=False, immediate=True)

    def _focus_by(self, step: int) -> None:
        """Go round from the button that says no through the fields to the one that says yes."""
        more = [one.id for one in self.query("#buttons Button") if one.id not in ("cancel", "go")]
        ring = [
            one
            for name in ("cancel", "words", "reason", "go", *more)
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

    def drops_input(self, event: events.Event) -> bool:
        """Note besides whether a key came alone."""
        if isinstance(event, events.Key | events.MouseDown):
            # By when it came, which may be well before it is looked at.
            self._alone = event.time - self._key_at >= self.arming_times.alone
            self._key_at = event.time
            self._keep_shut()
        return super().drops_input(event)

    def input_arrived(self, event: events.Event) -> None:
        """Take back what a key was about to decide: another one comes right after it."""
        if isinstance(event, events.Key | events.MouseDown):
            self._keep_shut()

    def _keep_shut(self) -> None:
        if self._pending is not None:
            self._pending.stop()
            self._pending = None

    def _confirm_if_alone(self) -> None:
        """Let a key that came alone decide: a burst is a paste, or a link that was stuck."""
        if self._alone:
            self._pending = self.set_timer(self.arming_times.alone, self._confirm)
        else:
            self.app.bell()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._refresh_go()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        if self._demand.needs_reason and self.focused is self.query_one("#words"):
            self.query_one("#reason").focus()
        else:
            self._confirm()

    def _confirm(self) -> None:
        """Let it go, if nothing keeps it shut."""
        self._refresh_go()
        if self.query_one("#go", Button).disabled:
            self.app.bell()
        else:
            self.dismiss(self.agreed())
