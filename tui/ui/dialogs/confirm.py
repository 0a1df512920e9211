"""The base of all confirmations: everything must be seen, then confirmed by a key on its own.

Input is ignored until the dialog has been painted and the keyboard has been quiet, so that
type-ahead decides nothing. What decides is no Textual action, since a link can run an action.
"""

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.errors import NoWidget
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from tui.model.dataclass import dataclass
from tui.ui.dialogs.armed import SCROLL_KEYS, ArmedScreen, TypedInput
from tui.ui.format.key_bar import Hint, hint_line
from tui.ui.format.status_lines import Palette
from tui.ui.terminal.frame_report import FrameReport, FrameState
from tui.ui.widgets.text_line import TextLine

NARROWEST = 30
"""Cells across that the facts need to be read at all."""

_TOO_SMALL = "terminal too small to show what will be sent: make it larger, or esc", "escape"
MORE = "down shows the rest", "down"
"""The hint where facts go on below their last line in view."""
_BACK = "up shows what was skipped", "up"
_RENEWED_EVERY = 1.0
"""Seconds after which the facts are found anew: ages go on while the dialog is open."""

_Result = TypeVar("_Result")

Fact = tuple[str, str, str]
"""A label, its value, and a style."""


def facts_table(rows: Iterable[Fact], palette: Palette, label_width: int = 8) -> Table:
    """Return facts as a table with a column of labels."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=label_width)
    table.add_column(overflow="fold")
    for label, value, style in rows:
        table.add_row(Text(label, palette["muted"]), Text(value, style))
    return table


def facts_page(sentence: str, rows: Iterable[Fact], palette: Palette) -> Group:
    """Return what will happen in one sentence, and the facts below it."""
    return Group(Text(sentence, "bold"), facts_table(rows, palette))


def fit_facts(box: Widget, facts: Widget, height: int) -> int:
    """Limit the facts to the lines that the rest of their box leaves of `height`; return how many.

    What does not fit scrolls, so that the lines below it, with the keys, stay in the window.
    """
    others = (widget for widget in box.children if widget is not facts and widget.display)
    taken = sum(widget.outer_size.height for widget in others)
    room = max(1, height - box.gutter.height - box.styles.margin.height - taken)
    facts.styles.max_height = room
    return room


@dataclass(frozen=True, slots=True)
class ConfirmRequest:
    """What a confirmation needs. `verb` is what it does; `words` must be typed, else `y` confirms.

    `back` is the label of the button that cancels, `backs` the verb for what that does. The frame
    of what `is_dangerous` has the colour of danger.
    """

    title: str
    verb: str
    words: str = ""
    needs_reason: bool = False
    back: str = "Cancel"
    backs: str = "cancels"
    is_dangerous: bool = False


@dataclass(frozen=True, slots=True)
class ConfirmRefusal:
    """Why a dialog cannot be confirmed: `text`.

    `then` is what to do once it is closed, where only another dialog can be confirmed:
    `r again`. It is empty where the reason may pass while this one is open.
    """

    text: str
    then: str = ""


class ConfirmDialog(ArmedScreen[_Result | None], Generic[_Result]):
    """Asks before something is done; returns what was confirmed, or None."""

    AUTO_FOCUS = "#cancel"
    free_keys: ClassVar[frozenset[str]] = SCROLL_KEYS

    def __init__(self, request: ConfirmRequest, palette: Palette) -> None:
        super().__init__()
        self._request = request
        self._palette = palette
        self._seen = 0
        self._seen_at = (0, 0)
        self._view = (0, 0, 0)
        self._view_report: FrameReport | None = None
        self._needed: dict[int, int] = {}
        self._shown: object = None
        self._is_astray = self._is_unfinished = self._is_renewed = False
        self.refused: ConfirmRefusal | None = None

    # What a dialog defines

    @property
    @abstractmethod
    def facts(self) -> RenderableType:
        """All that should be known before confirming."""

    @property
    @abstractmethod
    def essentials(self) -> RenderableType:
        """The first part of the facts, which must be seen before it can be confirmed."""

    @property
    def ageless_essentials(self) -> object:
        """What is compared with `==`: where it is another, the essentials must be seen anew.

        It leaves out ages and uptimes. The essentials of most dialogs never change.
        """
        return None

    @property
    def renewed(self) -> str:
        """What is said where the essentials became others while it is open."""
        return "it changed: read it again"

    @abstractmethod
    def refusal(self) -> ConfirmRefusal | None:
        """Return why it cannot be confirmed now, whatever is typed; None where it can."""

    @abstractmethod
    def confirmed(self) -> _Result:
        """Return what is confirmed, as it is chosen now."""

    def renew_facts(self) -> bool:
        """Look again at what the facts are found from; return whether they are others now."""
        return False

    def more_buttons(self) -> Iterable[Button]:
        """Return the buttons beside the two that decide."""
        return ()

    # What is shown

    @property
    def repeats(self) -> str:
        """What to do again where input came too early: to type the name, where it is missing."""
        is_missing = self.field("#words") != self._request.words
        return "type it again" if is_missing else super().repeats

    def compose(self) -> ComposeResult:
        """Lay out facts, fields and buttons."""
        request = self._request
        with Vertical(id="confirm"):
            yield TextLine(id="changed", hides=True)
            with VerticalScroll(id="facts", can_focus=False):
                yield Static(id="what", markup=False)
            if request.words:
                yield TypedInput(id="words", placeholder=f"type {request.words}", disabled=True)
            if request.needs_reason:
                yield TypedInput(id="reason", placeholder="and the reason", disabled=True)
            with Horizontal(id="buttons"):
                yield Button(request.back, id="cancel")
                yield Button(request.verb.capitalize(), id="go", variant="warning", disabled=True)
                yield from self.more_buttons()
            yield TextLine(id="how", hides=True)

    def on_mount(self) -> None:
        """Show the facts, and ignore input until they could be read."""
        box = self.query_one("#confirm")
        box.border_title = Content(self._request.title)
        box.set_class(self._request.is_dangerous, "-dangerous")
        self.show_facts()
        self.query_one("#how", TextLine).say(self._help_text(None))
        self.begin_arming()
        self.set_interval(0.1, self._arm)
        self.set_interval(_RENEWED_EVERY, self.renew)

    def renew(self) -> None:
        """Find the facts anew; where what was read is another now, say so.

        What is being typed is kept meanwhile. It decides nothing before that is seen.
        """
        was_read = self.is_armed or self._is_renewed
        if self.renew_facts() and self.show_again() and was_read:
            self._is_renewed = self.takes_text_early = True

    def show_again(self) -> bool:
        """Show the facts for what is chosen now; return whether they must be seen anew.

        They are read before keys count: a key on its way was meant for what was shown before.
        """
        is_other = self.show_facts()
        if is_other:
            self.begin_arming()
        return is_other

    def show_facts(self) -> bool:
        """Show the facts for what is chosen now; return whether they must be seen anew."""
        before, self._shown = self._shown, self.ageless_essentials
        is_other = self._shown != before
        if is_other:
            self._begin_reading()
        self._needed.clear()
        self.query_one("#what", Static).update(self.facts)
        return is_other

    def _begin_reading(self) -> None:
        """Count nothing as seen, and show the beginning: one key leads through all of it."""
        self._seen = 0
        self.query_one("#facts").scroll_home(animate=False, immediate=True)

    def _arm(self) -> None:
        """Enable fields and buttons once the keyboard is quiet, and check again what refuses."""
        go = self.query_one("#go", Button)
        was_armed, is_armed = go.has_class("-armed"), self.arm()
        go.set_class(is_armed, "-armed")
        if is_armed and not was_armed:
            for field in self.query(TypedInput):
                if field.disabled and field.id == "words":
                    field.disabled = False
                    self.set_focus(field)
                field.disabled = False
            for button in self.query("#buttons Button").exclude("#go"):
                button.disabled = False
        self._refresh_go()

    def _refresh_go(self) -> None:
        go = self.query_one("#go", Button)
        self._check()
        why = self.refused.text if self.refused else ""
        self.query_one("#changed", TextLine).say(Text(why, self._palette["bad"]))
        hidden = self._hidden(self._fit())
        complete = self._is_complete() and not why and not hidden
        go.disabled = not (go.has_class("-armed") and self.is_armed and complete)
        self.query_one("#how", TextLine).say(self._help_text(hidden))

    def _check(self) -> None:
        """Check again what refuses; once nothing does any more, it is read before keys count."""
        was_refused, self.refused = self.refused is not None, self.refusal()
        if was_refused is (self.refused is not None):
            return
        self.show_facts()
        if was_refused:
            self.begin_arming()
            self.query_one("#go", Button).remove_class("-armed")

    def _fit(self) -> int:
        """Limit the facts to the lines that fields and buttons leave; return how many."""
        return fit_facts(self.query_one("#confirm"), self.query_one("#facts"), self.size.height)

    def _hidden(self, room: int) -> Hint | None:
        """Return why the essentials were not seen yet; None once they were, or are in view.

        Before the terminal has shown them nothing is counted: the first layout may give the facts
        more than the `room` that they have in the end.
        """
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
        if (width, self.size.height) != self._seen_at:
            # Lines wrap differently now, and a smaller window hides some.
            self._seen_at = (width, self.size.height)
            self._begin_reading()
        top, seen = round(box.scroll_offset.y), self._seen
        if top <= seen:
            seen = max(seen, top + min(visible, room))
        if self._is_view_shown((width, self.size.height, top)):
            self._seen = seen
        if (self._seen if self.is_armed else seen) >= self._lines_needed(width):
            return None
        return MORE if top <= self._seen else _BACK

    def _is_view_shown(self, view: tuple[int, int, int]) -> bool:
        """Whether the terminal has shown the lines in view, as far as it lets know.

        A status report is sent behind those that are new there.
        """
        if view != self._view or self._view_report is None:
            self._view, self._view_report = view, None
            self.call_after_refresh(self._report_view, view)
            return False
        reports = self._arms.frame_reports
        state = reports.state(self._view_report)
        if state in (FrameState.OVERDUE, FrameState.LOST):
            self._view_report = reports.request()
        return self.is_shown and (state is FrameState.SHOWN or not reports.has_answered)

    def _report_view(self, view: tuple[int, int, int]) -> None:
        """Send a status report behind what has come into view, and count it where it is shown."""
        if view == self._view and self._view_report is None and self.is_current:
            self._view_report = self._arms.frame_reports.request()
            self._refresh_go()

    def _lines_needed(self, width: int) -> int:
        """Return the number of lines to the end of the essentials, computed once a width."""
        if width not in self._needed:
            console = self.app.console
            options = console.options.update(width=width, height=None)
            self._needed[width] = len(console.render_lines(self.essentials, options))
        return self._needed[width]

    def _is_complete(self) -> bool:
        """Whether everything that must be typed is typed."""
        request = self._request
        if self.field("#words") != request.words:
            return False
        return not request.needs_reason or len(self.field("#reason")) >= 3

    def field(self, selector: str) -> str:
        """Return the text of a field; empty where there is no such field."""
        found = self.query(selector).results(Input)
        return next((field.value.strip() for field in found), "")

    def focus_field(self) -> None:
        """Move the focus to the first field, where there is one and no field has it."""
        fields = self.query(TypedInput)
        if fields and not isinstance(self.focused, Input):
            self.set_focus(fields.first())

    def _help_text(self, hidden: Hint | None) -> Text:
        request = self._request
        if self.refused is not None:
            then = self.refused.then
            label = f"esc, then {then}" if then else f"esc {request.backs}"
            return hint_line([(label, "escape")], self._palette["warn"])
        if hidden == _TOO_SMALL and not self.is_armed:
            hidden = None  # the first layout may be too high, and the next one is not
        renewed = [(self.renewed, "")] if self._is_renewed else []
        if hidden:
            hints = [*renewed, hidden] if renewed else self._hidden_hints(hidden)
            hints = hints if self.is_armed else self.with_arming(hints)
            return hint_line(hints, self._palette["warn"])
        facts = self.query_one("#facts", VerticalScroll)
        below = facts.scroll_offset.y < facts.max_scroll_y
        more = [("down: more", "down")] if below and self.is_armed else []
        typed = self.field("#words")
        if not request.words.startswith(typed) and not renewed:
            return Text(f"does not match: type {request.words}", self._palette["bad"])
        if self._is_astray and not isinstance(self.focused, Input):
            return hint_line([(f"tab, then type {request.words}", "tab")], self._palette["warn"])
        if request.words:
            reason = " and a reason" if request.needs_reason else ""
            still = "not typed yet: " * self._is_unfinished
            hints = [(f"{still}type {request.words}{reason}, enter {request.verb}s", "")]
            hints.append((f"esc {request.backs}", "escape"))
        else:
            hints = [(f"y {request.verb}s", "y"), (f"n or esc {request.backs}", "escape")]
        is_new = self.arming_hints or self._is_unfinished or renewed
        style = self._palette["warn"] if is_new else self._palette["muted"]
        style = style if self.is_armed else self._palette["off"]
        return hint_line(self.with_arming([*renewed, *hints, *more]), style)

    def _hidden_hints(self, hidden: Hint) -> list[Hint]:
        """Return what shows the rest, and what comes then: what to type, once no field says it."""
        if hidden == _TOO_SMALL:
            return [hidden]
        label, key = hidden
        if self.field("#words") in ("", self._request.words):
            return [(f"{label}, then it can be confirmed", key)]
        return [hidden, (f"then type {self._request.words}", "")]

    # Keys and buttons

    def drops_input(self, event: events.Event) -> bool:
        """Whether an event is to be dropped; a click on what is disabled rings the bell."""
        was_armed = self.is_armed
        is_dropped = super().drops_input(event)
        if was_armed and not is_dropped and isinstance(event, events.Key | events.MouseDown):
            self._is_renewed = False
        if isinstance(event, events.MouseDown) and not is_dropped:
            go = self.query_one("#go", Button)
            if go.disabled and go.region.contains(event.screen_x, event.screen_y):
                self.app.bell()
        return is_dropped

    def on_key(self, event: events.Key) -> None:
        """Handle the keys that decide; fields and buttons handle theirs first."""
        is_typed = bool(self._request.words)
        self._is_astray = is_typed and event.is_printable
        if event.key == "escape" or (event.key == "n" and not is_typed):
            event.stop()
            self.dismiss(None)
        elif event.key == "y" and not is_typed:
            event.stop()
            self.decide(self._confirm)
        elif event.key in SCROLL_KEYS:
            event.stop()
            self._page(1 if event.key.endswith("down") else -1)
        elif event.key in ("tab", "shift+tab"):
            event.stop()
            self._focus_by(1 if event.key == "tab" else -1)

    def _page(self, step: int) -> None:
        """Scroll a page on or back, never past lines that were not in view yet."""
        box = self.query_one("#facts", VerticalScroll)
        top = round(box.scroll_offset.y)
        to = top + step * max(1, box.size.height)
        if step > 0:
            to = max(top, min(to, self._seen))
        box.scroll_to(y=to, animate=False, immediate=True)
        self._refresh_go()

    def _focus_by(self, step: int) -> None:
        """Move the focus by `step`, from cancel through the fields to confirm and round again."""
        more = [
            widget.id
            for widget in self.query("#buttons Button")
            if widget.id not in ("cancel", "go")
        ]
        ring = [
            widget
            for name in ("cancel", "words", "reason", "go", *more)
            for widget in self.query(f"#{name}")
            if not widget.disabled
        ]
        here = ring.index(self.focused) if self.focused in ring else 0
        # At once: focus() alone waits, and of two tabs in one read one would be lost.
        self.set_focus(ring[(here + step) % len(ring)])

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#go")
    def _pressed(self) -> None:
        self.decide(self._confirm)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._is_unfinished = False
        self._refresh_go()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Go from the name to the reason, or confirm; by the field, as the focus may have moved."""
        if self._request.needs_reason and event.input.id == "words":
            self.set_focus(self.query_one("#reason"))
        else:
            self.decide(self._confirm)

    def _confirm(self) -> None:
        """Confirm, if nothing refuses; where something is to be typed yet, the hints say it."""
        self._is_unfinished = not self._is_complete()
        self._refresh_go()
        if self.query_one("#go", Button).disabled:
            self.app.bell()
        else:
            self.dismiss(self.confirmed())
