"""Screens that ignore input until they could be read: what was typed before decides nothing."""

import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import ClassVar, Generic, TypeVar, cast

from textual import events
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from tui.ui.format.key_bar import Hint
from tui.ui.terminal.frame_report import FrameReport, FrameState
from tui.ui.terminal.input_guard import ArmingTimes, ArmsScreens

_Result = TypeVar("_Result")

_TYPED = (events.Key, events.MouseDown, events.Paste)
_EDITING = frozenset({"backspace", "delete", "left", "right", "home", "end", "tab", "shift+tab"})

SCROLL_KEYS = frozenset({"down", "pagedown", "up", "pageup"})
"""The keys that show more of what a dialog asks about."""


class TypeAheadProofScreen(ModalScreen[_Result], Generic[_Result]):
    """Ignores input until the terminal has shown it for a while and the keyboard has been quiet.

    `begin_arming` starts the wait, and the first `arm` that comes late enough ends it. It starts
    again where a frame was dropped since. The app calls `drops_input` before it handles what
    comes from the terminal. What decides goes through `decide`, which wants a key on its own.
    The `free_keys` decide nothing: they are handled as soon as the terminal has shown it.
    """

    free_keys: ClassVar[frozenset[str]] = frozenset()

    guards_quit_key = False
    holds_toasts = True
    takes_text_early = False
    """Whether what is typed into a field is taken before: it is shown, and decides nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._report: FrameReport | None = None
        self._quiet_since = self._armed_at = 0.0
        self._key_at = self._arrived_at = 0.0
        self._is_alone, self._was_early, self._is_undone = True, False, False
        self._pending: Timer | None = None
        self.is_armed = False

    @property
    def _arms(self) -> ArmsScreens:
        return cast("ArmsScreens", self.app)

    @property
    def arming_times(self) -> ArmingTimes:
        """The times that the app sets."""
        return self._arms.arming_times

    @property
    def repeats(self) -> str:
        """What to do again where input came too early."""
        return "repeat it"

    @property
    def arming_hints(self) -> list[Hint]:
        """That input is not accepted yet, or that it came before."""
        if self.is_armed:
            return [(f"too early: {self.repeats}", "")] if self._was_early else []
        return [("too early: wait a moment" if self._was_early else "wait a moment", "")]

    def with_arming(self, hints: Iterable[Hint]) -> list[Hint]:
        """Return hints with those of arming: before them, or behind them while keys do not work.

        The keys are then shown at the place where they will work.
        """
        early = self.arming_hints
        return [*early, *hints] if self.is_armed else [*hints, *early]

    @property
    def is_shown(self) -> bool:
        """Whether the terminal has shown it since it began to arm, as far as that is known."""
        if self._report is None or self.is_armed:
            return self.is_armed
        state = self._arms.frame_reports.state(self._report)
        return state in (FrameState.SHOWN, FrameState.UNCONFIRMED)

    # Arming

    def begin_arming(self) -> None:
        """Ignore input; the wait is counted from when the next frame has been shown."""
        self.is_armed, self._report = False, None
        self._cancel_pending()
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._report = self._arms.frame_reports.request()
        self._quiet_since = time.monotonic()

    def arm(self) -> bool:
        """Accept input from now on, if it is time; return whether it does."""
        if self._report is None:
            return False
        state = self._arms.frame_reports.state(self._report)
        if state is FrameState.LOST:
            self.begin_arming()
        elif not self.is_armed and state is FrameState.OVERDUE:
            self._report = self._arms.frame_reports.request()
        elif not self.is_armed and state in (FrameState.SHOWN, FrameState.UNCONFIRMED):
            self._arm_when_quiet(self._report, is_confirmed=state is FrameState.SHOWN)
        return self.is_armed

    def _arm_when_quiet(self, report: FrameReport, *, is_confirmed: bool) -> None:
        now, times = time.monotonic(), self.arming_times
        quiet = times.quiet
        if not is_confirmed:
            self._arms.frames_unconfirmed()
            quiet = max(quiet, times.unconfirmed)
        shown = now - report.shown_at >= times.painted
        self.is_armed = shown and now - self._quiet_since >= quiet
        self._armed_at = now

    # Input

    def input_arrived(self, event: events.Event) -> None:
        """Cancel what a key was about to decide, since more input follows at once."""
        if isinstance(event, _TYPED):
            self._arrived_at = event.time
            self._cancel_pending()

    def drops_input(self, event: events.Event) -> bool:
        """Whether an event from the terminal is to be dropped: until armed, most are."""
        if isinstance(event, _TYPED):
            # By when it came, which may be well before it is looked at.
            self._is_alone = event.time - self._key_at >= self.arming_times.alone
            self._key_at = event.time
            self._cancel_pending()
        elif not isinstance(event, events.MouseUp):
            return False
        if self.is_armed:
            self.arm()  # not any more where a frame was dropped since
        if not self.is_armed:
            self._quiet_since = time.monotonic()
        # By when it came: on a busy machine its turn may come long after.
        is_early = not self.is_armed or event.time < self._armed_at
        if self.takes_text_early and _edits_text(event, self.focused):
            is_early = False
        is_free = isinstance(event, events.Key) and event.key in self.free_keys
        if isinstance(event, _TYPED):
            is_news = is_early and not is_free
            self._was_early, self._is_undone = is_news or self._is_undone, False
        return is_early and not (is_free and self._is_shown_before(event))

    def _is_shown_before(self, event: events.Event) -> bool:
        """Whether the terminal had shown this when an event came."""
        report = self._report
        return self.is_shown and report is not None and event.time >= report.shown_at

    def decide(self, decision: Callable[[], Awaitable[None] | None]) -> None:
        """Call `decision` soon, if the key that led here came alone and no other comes near.

        A burst is a paste, or what a stalled link held back.
        """
        if self._is_alone:
            decide = partial(self._decide_alone, decision, self._key_at)
            self._pending = self.set_timer(self.arming_times.alone, decide)
        else:
            self._refuse_early()

    async def _decide_alone(
        self, decision: Callable[[], Awaitable[None] | None], key_at: float
    ) -> None:
        """Decide, unless other input came after the key of `key_at`, handled or not."""
        self._pending = None
        if max(self._arrived_at, self._key_at) > key_at or not self.arm():
            self._refuse_early()
        elif (waits := decision()) is not None:
            await waits

    def _refuse_early(self) -> None:
        """Let the line of hints say that the key decided nothing, until the next is handled."""
        self._was_early = True
        self.app.bell()

    def _cancel_pending(self) -> None:
        """Decide nothing by the key that was about to; the key that follows lets it be said."""
        if self._pending is not None:
            self._pending.stop()
            self._pending, self._is_undone = None, True


class ArmedScreen(TypeAheadProofScreen[_Result], Generic[_Result]):
    """A screen that decides something: pastes are dropped at any time.

    Escape closes it at any time: it sends nothing.
    """

    _was_pasted = False

    @property
    def arming_hints(self) -> list[Hint]:
        """That input is not accepted yet or came before, or that what was pasted is not taken."""
        if self.is_armed and self._was_pasted:
            return [("paste is not taken: type it", "")]
        return super().arming_hints

    def drops_input(self, event: events.Event) -> bool:
        """Whether an event is to be dropped: every paste, and what decides until armed."""
        if isinstance(event, events.Key) and event.key == "escape":
            self._cancel_pending()
            return False
        is_early = super().drops_input(event)
        if isinstance(event, _TYPED):
            self._was_pasted = isinstance(event, events.Paste) and not is_early
        if self._was_pasted and isinstance(event, events.Paste):
            self.app.bell()
        return is_early or isinstance(event, events.Paste)


def _edits_text(event: events.Event, field: Widget | None) -> bool:
    """Whether an event changes the text of `field` or leads to the next, and does nothing else."""
    if not isinstance(field, Input):
        return False
    if isinstance(event, events.Key):
        return event.is_printable or event.key in _EDITING
    return isinstance(event, events.Paste)


class TypedInput(Input):
    """A field for text that a person types; pastes are dropped."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.app.bell()
