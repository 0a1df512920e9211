"""When a dialog starts to listen: painted long enough, and no key for long enough; both."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.widgets import Button, Input

from tests.ui.conftest import settle, wait_until
from tui.ui.dialogs.armed import ArmedScreen, TypeAheadProofScreen, TypedInput
from tui.ui.terminal.app import TerminalApp
from tui.ui.terminal.frame_report import REPLY_WITHIN, STATUS_QUERY, FrameReports
from tui.ui.terminal.input_guard import ArmingTimes

LONG = 3600.0


class Window(TypeAheadProofScreen[None]):
    """Arms when it is told to, and remembers the keys that reach it."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def on_mount(self) -> None:
        self.begin_arming()

    def on_key(self, event: events.Key) -> None:
        self.keys.append(event.key)


class RingingApp(TerminalApp):
    """An application that counts how often its bell rang."""

    bells = 0

    def bell(self) -> None:
        self.bells += 1


@asynccontextmanager
async def open_window(painted: float, quiet: float) -> AsyncIterator[Window]:
    app = RingingApp(arming_times=ArmingTimes(painted=painted, quiet=quiet))
    async with app.run_test():
        window = Window()
        await app.push_screen(window)
        await settle(app)
        yield window


async def test_a_dialog_listens_once_both_times_have_passed() -> None:
    async with open_window(0.0, 0.0) as window:
        assert window.arm()
        assert window.is_armed


@pytest.mark.parametrize(("painted", "quiet"), [(LONG, 0.0), (0.0, LONG)])
async def test_one_of_the_two_times_is_not_enough(painted: float, quiet: float) -> None:
    async with open_window(painted, quiet) as window:
        assert not window.arm()
        assert not window.is_armed


async def test_a_dialog_never_listens_before_its_first_paint() -> None:
    async with open_window(0.0, 0.0) as window:
        window.begin_arming()
        assert not window.arm()
        # A button that was held down as it opened is not let go on one of its own.
        assert window.drops_input(events.MouseUp(window, 0, 0, 0, 0, 1, False, False, False))
        where = (window, 0, 0, 0, 0, 1, False, False, False)
        for typed in (events.Key("y", "y"), events.MouseDown(*where), events.Paste("y")):
            window._quiet_since = 0.0
            assert window.drops_input(typed)
            assert window._quiet_since > 0.0  # the quiet that it waits for begins anew
        assert not window.drops_input(events.MouseMove(*where))


async def test_a_key_that_comes_before_reaches_nothing_and_one_that_comes_after_does() -> None:
    """P5, case 41."""
    async with open_window(0.0, 0.0) as window:
        app = window.app
        for key in ("y", "enter"):
            assert window.drops_input(events.Key(key, None))
        assert window.keys == []
        assert window.arm()
        app.post_message(events.Key("y", "y"))
        await settle(app)
        assert window.keys == ["y"]


class Form(Window):
    """A window with a field and a button."""

    AUTO_FOCUS = "Input"
    takes_text_early = True

    def compose(self) -> ComposeResult:
        yield Input()
        yield Button("Save")


async def test_text_for_a_field_is_taken_early_and_what_decides_is_not() -> None:
    """P5, case 41."""
    app = RingingApp(arming_times=ArmingTimes(painted=LONG))
    async with app.run_test():
        form = Form()
        await app.push_screen(form)
        await settle(app)
        for key in ("enter", "ctrl+s", "escape", "f5"):
            assert form.drops_input(events.Key(key, None)), key
        assert form.arming_hints == [("too early: wait a moment", "")]
        for event in (events.Key("a", "a"), events.Key("backspace", None), events.Paste("a")):
            form._quiet_since = 0.0
            assert not form.drops_input(event)
            assert form._quiet_since > 0.0  # what decides waits for a pause all the same
        assert form.arming_hints == [("wait a moment", "")]
        form.query_one(Button).focus()
        await settle(app)
        for event in (events.Key("a", "a"), events.Key("space", " "), events.Paste("a")):
            assert form.drops_input(event)


def test_the_shipped_times_are_long_enough_to_read_the_title() -> None:
    times = ArmingTimes()
    assert (times.painted, times.quiet, times.alone) == (0.6, 0.3, 0.1)


class SilentOutput:
    """An output that writes at once, to a terminal that never answers."""

    dropped = 0

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, text: str, written: Callable[[], None] | None = None) -> None:
        self.written.append(text)
        if written is not None:
            written()


@asynccontextmanager
async def open_unconfirmed(unconfirmed: float) -> AsyncIterator[tuple[Window, list[float]]]:
    """Open a window on a terminal that does not answer; also return the clock of its reports."""
    now = [0.0]
    times = ArmingTimes(painted=0.0, quiet=0.0, unconfirmed=unconfirmed)
    app = TerminalApp(arming_times=times)
    app.frame_reports = FrameReports(lambda function: function(), lambda: now[0])
    app.frame_reports.terminal_taken(SilentOutput())
    async with app.run_test(notifications=True):
        window = Window()
        await app.push_screen(window)
        await settle(app)
        yield window, now


async def test_a_terminal_that_does_not_answer_is_named_once_and_a_longer_quiet_decides() -> None:
    """P5, case 41."""
    async with open_unconfirmed(LONG) as (window, now):
        assert not window.arm()
        await settle(window.app)
        assert not window.app._held  # it has the time to answer
        now[0] += REPLY_WITHIN + 1
        for _ in range(2):
            assert not window.arm()
            await settle(window.app)
        assert len(window.app._held) == 1  # until the window is closed
    async with open_unconfirmed(0.0) as (window, now):
        assert not window.arm()  # written, and not answered yet
        now[0] += REPLY_WITHIN + 1
        assert window.arm()


async def test_a_terminal_that_has_answered_before_arms_nothing_until_it_answers_again() -> None:
    """P5, case 41."""
    async with open_unconfirmed(0.0) as (window, now):
        reports, output = window.app.frame_reports, SilentOutput()
        reports.terminal_taken(output)
        reports.has_answered = True
        window.begin_arming()
        await settle(window.app)
        for count in range(1, 4):
            assert output.written == [STATUS_QUERY] * count  # an answer that is lost is no end
            now[0] += REPLY_WITHIN + 1
            assert not window.arm()
        reports.answered()
        assert window.arm()


async def test_a_dialog_disarms_when_its_frame_is_lost() -> None:
    """P5, case 41."""
    async with open_window(0.0, 0.0) as window:
        assert window.arm()
        window.app.frame_reports.repainted()
        assert window.drops_input(events.Key("y", "y"))
        assert not window.is_armed
        await settle(window.app)
        assert window.arm()


async def test_a_key_that_came_before_arming_and_is_handled_after_it_is_dropped() -> None:
    """P5, case 41."""
    async with open_window(0.0, 0.0) as window:
        early = events.Key("y", "y")
        assert window.arm()
        assert window.drops_input(early)
        assert not window.drops_input(events.Key("y", "y"))


class Scrolling(Window):
    """A window that scrolls by a key."""

    free_keys: ClassVar[frozenset[str]] = frozenset({"down"})


async def test_a_key_that_decides_nothing_is_handled_once_the_window_is_shown() -> None:
    """P5: and the quiet before what decides begins anew all the same."""
    app = RingingApp(arming_times=ArmingTimes(painted=LONG, quiet=LONG))
    async with app.run_test():
        window = Scrolling()
        before = events.Key("down", None)
        await app.push_screen(window)
        await settle(app)
        assert window.drops_input(before), "it was typed before there was anything to read"
        assert window.arming_hints == [("wait a moment", "")]
        assert window.drops_input(events.Key("y", "y"))
        window._quiet_since = 0.0
        assert not window.drops_input(events.Key("down", None))
        assert window._quiet_since > 0.0
        window.begin_arming()
        assert window.drops_input(events.Key("down", None))


@pytest.mark.real_time
async def test_a_key_starts_the_quiet_again() -> None:
    """P5, case 41."""
    async with open_window(0.0, 0.3) as window:
        await asyncio.sleep(0.3)
        assert window.drops_input(events.Key("y", "y"))
        assert not window.arm()
        await asyncio.sleep(0.31)
        assert window.arm()


class Field(ArmedScreen[None]):
    """A screen that decides something, with a field."""

    def compose(self) -> ComposeResult:
        yield TypedInput()

    def on_mount(self) -> None:
        self.begin_arming()


async def test_a_paste_reaches_neither_a_screen_that_decides_nor_its_field() -> None:
    """P5, case 41."""
    app = RingingApp(arming_times=ArmingTimes(painted=0.0, quiet=0.0))
    async with app.run_test():
        screen = Field()
        await app.push_screen(screen)
        await settle(app)
        assert screen.arm()
        assert screen.drops_input(events.Paste("alert_mgr"))
        assert screen.arming_hints == [("paste is not taken: type it", "")]
        assert app.bells == 1
        assert not screen.drops_input(events.Key("y", "y"))
        assert screen.arming_hints == []
        field = screen.query_one(TypedInput)
        field.post_message(events.Paste("alert_mgr"))
        await settle(app)
        assert field.value == ""
        assert app.bells == 2


async def test_escape_is_handled_at_any_time_and_undoes_what_was_about_to_happen() -> None:
    """P5, case 41."""
    app = RingingApp(arming_times=ArmingTimes(painted=0.0, quiet=0.0))
    async with app.run_test():
        screen = Field()
        await app.push_screen(screen)
        await settle(app)
        assert not screen.drops_input(events.Key("escape", None))
        assert screen.arm()
        calls: list[str] = []
        screen.decide(lambda: calls.append("decided"))
        assert not screen.drops_input(events.Key("escape", None))
        await asyncio.sleep(2 * screen.arming_times.alone)
        await settle(app)
        assert calls == []


@pytest.mark.parametrize(("gap", "decisions"), [(0.0, 0), (LONG, 1)])
async def test_a_key_decides_only_where_no_other_came_just_before(
    gap: float, decisions: int
) -> None:
    """P5, case 41."""
    async with open_window(0.0, 0.0) as window:
        assert window.arm()
        calls: list[str] = []
        before, key = events.Key("x", "x"), events.Key("enter", None)
        key.time = before.time + gap
        for event in (before, key):
            window.drops_input(event)
        window.decide(lambda: calls.append("decided"))
        await asyncio.sleep(2 * window.arming_times.alone)
        await settle(window.app)
        assert len(calls) == decisions
        assert window.app.bells == 1 - decisions


async def test_a_key_that_has_come_but_is_not_handled_yet_undoes_the_decision() -> None:
    """P5, case 41."""
    async with open_window(0.0, 0.0) as window:
        assert window.arm()
        calls: list[str] = []
        window.drops_input(events.Key("enter", None))
        window.input_arrived(events.Key("x", "x"))  # before the decision is even due
        window.decide(lambda: calls.append("decided"))
        await asyncio.sleep(2 * window.arming_times.alone)
        await settle(window.app)
        assert calls == []
        assert window.app.bells == 1


async def test_a_mouse_that_moves_undoes_no_decision_and_what_it_waits_for_is_waited_for() -> None:
    async with open_window(0.0, 0.0) as window:
        assert window.arm()
        calls: list[str] = []

        async def decision() -> None:
            await asyncio.sleep(0)
            calls.append("decided")

        window.decide(decision)
        moved = events.MouseMove(window, 0, 0, 0, 0, 1, False, False, False)
        window.input_arrived(moved)
        window.drops_input(moved)
        await wait_until(lambda: calls == ["decided"])


async def test_a_window_that_waits_anew_undoes_a_decision_for_what_it_showed_before() -> None:
    """P5, P29."""
    async with open_window(0.0, 0.0) as window:
        assert window.arm()
        calls: list[str] = []
        window.decide(lambda: calls.append("decided"))
        window.begin_arming()
        await settle(window.app)
        assert window.arm()
        await asyncio.sleep(2 * window.arming_times.alone)
        await settle(window.app)
        assert calls == []


async def test_a_frame_that_is_lost_after_the_key_undoes_the_decision() -> None:
    """P5, case 41."""
    async with open_window(0.0, 0.0) as window:
        assert window.arm()
        decided: list[str] = []
        window.decide(lambda: decided.append("before"))
        window.app.frame_reports.repainted()
        await asyncio.sleep(2 * window.arming_times.alone)
        await settle(window.app)
        assert decided == []
        assert window.arm()
        window.decide(lambda: decided.append("after"))
        await wait_until(lambda: decided == ["after"])


def key_at(key: str, at: float) -> events.Key:
    event = events.Key(key, key if len(key) == 1 else None)
    event.time = at
    return event


@pytest.mark.parametrize("keys", ["before", "after"])
async def test_a_key_that_came_with_others_and_decides_nothing_is_called_too_early(
    keys: str,
) -> None:
    """P5: a name and its enter in one write begin nothing, and that is said."""
    async with open_window(0.0, 0.0) as window:
        assert window.arm()
        calls: list[str] = []
        now = time.monotonic()
        if keys == "before":
            window.drops_input(key_at("r", now))
        window.drops_input(key_at("enter", now))
        window.decide(lambda: calls.append("decided"))
        if keys == "after":
            window.input_arrived(key_at("x", now))
            window.drops_input(key_at("x", now))
        assert window.arming_hints == [("too early: repeat it", "")]
        window.drops_input(key_at("x", now + 60))
        assert window.arming_hints == []
        assert calls == []
