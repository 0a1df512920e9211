"""A rollout: every node in its turn, what the rollout waits for, and why it is paused if it is.

Its actions (resume, skip, abort) are each confirmed in a dialog. Leaving the screen changes
nothing for the rollout.
"""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.fleet.fleet import Fleet
from tui.model.clock import monotonic
from tui.model.dataclass import dataclass
from tui.model.order import OrderProgress
from tui.model.rollout import RolloutAction, RolloutProgress, RolloutState, StepProgress
from tui.model.text import cut
from tui.ui.dialogs.armed import ArmedScreen
from tui.ui.dialogs.rollout_action import RolloutActionDialog, action_effect
from tui.ui.format.key_bar import Hint, clickable, hint_line
from tui.ui.format.rollout_text import (
    RolloutRow,
    pause_question,
    rollout_alarm,
    rollout_heading,
    rollout_rows,
)
from tui.ui.format.status_lines import Palette, is_unseen, time_text
from tui.ui.keymap import view_bindings
from tui.ui.terminal.app import is_covered
from tui.ui.widgets.text_line import TextLine

_TEXT_WIDTH = 36
"""Cells that a node's phase needs beside the node; with fewer, it goes below."""

_INDENT = 3
_FRAME = 6
"""Cells of a line that the frame and the space within it take."""

_SHORT = 24
"""Lines of a window below which the actions are named alone: what each does is asked first."""

_NAME_AT_MOST = 24

_ACTIONS = {"r": RolloutAction.RESUME, "s": RolloutAction.SKIP, "a": RolloutAction.ABORT}


_SCROLLING = {"down", "j", "up", "k", "pagedown", "space", "pageup"}
_KEYS = {"escape", "o", *_ACTIONS, *_SCROLLING}


class RolloutScreen(ArmedScreen[None]):
    """Shows one rollout of a fleet; ignores input for a while whenever it pauses."""

    BINDINGS = [*view_bindings()]
    holds_toasts = False

    def __init__(self, fleet: Fleet, number: int, palette: Palette) -> None:
        super().__init__()
        self._fleet = fleet
        self._number = number
        self._palette = palette
        self._shown: tuple[RolloutRow, ...] = ()
        self._shown_node = ""
        self._alarm: str | None = None
        self._paused: tuple[int, StepProgress | None] | None = None

    @property
    def progress(self) -> RolloutProgress:
        """The rollout as it is now."""
        return self._fleet.rollouts.progress[self._number]

    def compose(self) -> ComposeResult:
        """Lay out the heading, the nodes, the choices and the keys."""
        with Vertical(id="rolling"):
            yield Static(id="alarm", markup=False)
            yield TextLine(id="head", hides=True)
            with VerticalScroll(id="turns", can_focus=False):
                yield Static(id="rows", markup=False)
            yield TextLine(id="choices", hides=True)
            yield TextLine(id="how")

    def on_mount(self) -> None:
        """Show the rollout, and keep its times current."""
        self.begin_arming()
        self._show()
        self.set_interval(1.0, self._show)
        self.set_interval(0.1, self._arm)

    def show_rollout(self, number: int) -> None:
        """Show another rollout."""
        self._number, self._shown_node = number, ""
        self._show()

    # What is shown

    def rollouts_moved(self) -> None:
        """Show the rollout as it is now, also in the dialog over it."""
        if self.is_mounted:
            self._show()
        dialog = self.app.screen
        if isinstance(dialog, RolloutActionDialog) and dialog.is_mounted:
            dialog.renew()

    def on_screen_resume(self) -> None:
        """Show what changed while another view lay over it."""
        self._show()

    def _show(self) -> None:
        if is_covered(self, self.app.screen_stack):
            return
        now, progress = monotonic(), self.progress
        self._disarm_at_pause(progress)
        plan = progress.plan
        box = self.query_one("#rolling")
        box.border_title = Content(plan.title)
        box.border_subtitle = Content(
            f"rollout {plan.number}, planned at {time_text(plan.pressed_on)}"
        )
        watched = {entry.order.target.node: entry for entry in self._fleet.orders.open}
        lost_since = self._lost_since(progress)
        self._show_alarm(rollout_alarm(progress, lost_since, now))
        head, width = self.query_one("#head", TextLine), self.app.size.width - _FRAME
        sent = watched.get(progress.here.step.node) if progress.here is not None else None
        unseen = lost_since is not None or (sent is not None and is_unseen(sent, now))
        head.say(rollout_heading(progress, now, self._palette, width, is_unseen=unseen))
        self._show_rows(progress, watched, now)
        self.query_one("#choices", TextLine).say(
            _choices(progress, self._palette, is_short=self.app.size.height < _SHORT)
        )
        self._show_keys()

    def _show_alarm(self, text: str) -> None:
        """Show what must not be overlooked: whole lines of its own, or none."""
        if text == self._alarm:
            return
        self._alarm = text
        alarm = self.query_one("#alarm", Static)
        alarm.display = bool(text)
        shown = Text(text, overflow="fold")
        alarm.update(Padding(shown, (0, 1), style=self._palette["banner"]))

    def _lost_since(self, progress: RolloutProgress) -> float | None:
        """Return since when no node of the rollout answers; None while one does."""
        readings = [
            self._fleet.watch(step.step.node).reading
            for step in progress.steps
            if step.step.node in self._fleet
        ]
        if not readings or any(reading.trouble is None for reading in readings):
            return None
        return max(reading.since for reading in readings)

    def _disarm_at_pause(self, progress: RolloutProgress) -> None:
        """Ignore input for a while at every new pause: what was typed is no answer to it."""
        paused = None
        if progress.state is RolloutState.PAUSED:
            paused = (progress.plan.number, progress.here)
            if paused != self._paused:
                self.begin_arming()
        self._paused = paused

    def _show_rows(
        self, progress: RolloutProgress, watched: Mapping[str, OrderProgress], now: float
    ) -> None:
        rows = rollout_rows(progress, watched, now)
        if rows != self._shown:
            self._shown = rows
            self.query_one("#rows", Static).update(Turns(rows, self._palette))
        here = progress.here
        node = here.step.node if here is not None else ""
        if node != self._shown_node:
            self._shown_node = node
            self.call_after_refresh(self._reveal)

    def _reveal(self) -> None:
        """Bring the node whose turn it is into view."""
        box, width = self.query_one("#turns", VerticalScroll), self.query_one("#rows").size.width
        number = next(
            (n for n, row in enumerate(self._shown, 1) if row.node == self._shown_node), 0
        )
        if number and width:
            options = self.app.console.options.update(width=width, height=None)
            shown = Turns(self._shown[:number], self._palette)
            last = len(self.app.console.render_lines(shown, options))
            if not box.scroll_offset.y < last <= box.scroll_offset.y + box.size.height:
                box.scroll_to(y=max(0, last - box.size.height // 2), animate=False)

    def _show_keys(self) -> None:
        """Show the keys, and after them when they work, so that they keep their places.

        While nodes follow below those in view, the key that shows them is among them.
        """
        progress = self.progress
        hints, remark = [("esc closes", "escape")], list[Hint]()
        if progress.state is RolloutState.PAUSED:
            hints = [("esc closes, it stays paused", "escape")]
            remark = [("r s a are confirmed first", "")]
        elif progress.is_stopping:
            hints = [("esc closes, it ends at the verdict", "escape")]
        elif progress.is_open:
            hints = [("a abort", "a"), ("esc closes, it goes on", "escape")]
        turns = self.query_one("#turns", VerticalScroll)
        if turns.scroll_offset.y < turns.max_scroll_y:
            remark = [("down: more", "down")]
        hints += self.arming_hints or remark
        self.query_one("#how", TextLine).say(hint_line(hints, self._palette["muted"]))

    def _arm(self) -> None:
        self.arm()
        self._show_keys()

    # Keys

    def on_key(self, event: events.Key) -> None:
        """Handle a key; none decides anything here. Others are the app's, as those of the views."""
        if event.key not in _KEYS:
            return
        event.stop()
        box = self.query_one("#turns", VerticalScroll)
        match event.key:
            case "escape":
                self.dismiss(None)
            case "o":
                self._next()
            case "r" | "s" | "a":
                self._ask(_ACTIONS[event.key])
            case "down" | "j":
                box.scroll_down(animate=False)
            case "up" | "k":
                box.scroll_up(animate=False)
            case "pagedown" | "space":
                box.scroll_page_down(animate=False)
            case "pageup":
                box.scroll_page_up(animate=False)

    def why_subject(self) -> tuple[str, str] | None:
        """Return the node whose turn it is, else the last one, and the service if it is one."""
        progress = self.progress
        here = progress.here or next(reversed(progress.steps), None)
        if here is None:
            return None
        names = progress.plan.names
        return here.step.node, names[0] if len(names) == 1 else ""

    def _next(self) -> None:
        """Show the next rollout of the session, where there are several."""
        numbers = sorted(self._fleet.rollouts.progress)
        self.show_rollout(numbers[(numbers.index(self._number) + 1) % len(numbers)])

    def _ask(self, action: RolloutAction) -> None:
        """Open the dialog for an action, where it is possible."""
        number, progress = self._number, self.progress
        if not progress.is_open:
            return
        if progress.is_stopping:
            self.notify(f"It is being aborted: there is nothing to {action.value}.", markup=False)
            return
        if action is not RolloutAction.ABORT and progress.state is not RolloutState.PAUSED:
            self.notify(f"It is not paused: there is nothing to {action.value}.", markup=False)
            return
        rollouts = self._fleet.rollouts

        def confirmed(action: RolloutAction | None) -> None:
            match action:
                case RolloutAction.RESUME:
                    rollouts.resume(number, dialog.seen)
                case RolloutAction.SKIP:
                    rollouts.skip(number, dialog.seen)
                case RolloutAction.ABORT:
                    rollouts.abort(number)
                case None:
                    pass

        dialog = RolloutActionDialog(action, lambda: rollouts.progress[number], self._palette)
        self.app.push_screen(dialog, confirmed)
        rollouts.recheck(number)


def _choices(progress: RolloutProgress, palette: Palette, *, is_short: bool) -> Text:
    """Return the question that is open while the rollout is paused, and what each answer does."""
    text = Text()
    if progress.state is RolloutState.PAUSED:
        text.append(pause_question(progress, is_brief=is_short), "bold")
        for key, action in _ACTIONS.items():
            text.append("  " if is_short else "\n")
            text.append_text(clickable(Text(f"{key} {action.value}", palette["accent"]), key))
            if not is_short:
                text.append(f": {action_effect(action, progress)}")
    return text


@dataclass(frozen=True, slots=True)
class Turns:
    """The rows laid out for whatever width there is."""

    rows: Sequence[RolloutRow]
    palette: Palette

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the rows out, each text beside its node or below it."""
        lefts = self._lefts()
        beside = (
            options.max_width - max((part.cell_len for part in lefts), default=0) >= _TEXT_WIDTH
        )
        grid = Table.grid(padding=(0, 1))
        for row, part in zip(self.rows, lefts, strict=True):
            plain = row.style in ("ok", "muted")
            text = Text(row.text, "" if plain else self.palette[row.style], overflow="fold")
            if beside:
                grid.add_row(part, text)
            else:
                if part.cell_len + cell_len(row.text) <= options.max_width:
                    yield part.append_text(text)
                    continue
                yield part
                yield Padding(text, (0, 0, 0, _INDENT))
        if beside:
            yield grid

    def _lefts(self) -> list[Text]:
        """Return the left part of each row, all of the same width."""
        names = [cut(row.node, _NAME_AT_MOST) for row in self.rows]
        wide = max(map(cell_len, names), default=0)
        turn, role = (
            max((len(getattr(row, of)) for row in self.rows), default=0) for of in ("turn", "role")
        )
        lefts = []
        for row, name in zip(self.rows, names, strict=True):
            part = Text().append(f" {row.sign} ", self.palette[row.style])
            part.append(f"{row.turn:>{turn}} ", self.palette["muted"])
            part.append(name + " " * (wide - cell_len(name)), "bold")
            part.append(f" {row.role:<{role}} ", self.palette["muted"])
            part.no_wrap, part.overflow = True, "ellipsis"
            lefts.append(part)
        return lefts
