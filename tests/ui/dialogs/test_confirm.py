"""What opens the way to yes: the words and the reason, and what holds at that very moment."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button, Input

from tests.ui.conftest import ARMS_AT_ONCE, key_event, settle, wait_until
from tests.ui.dialogs.test_armed import SilentOutput
from tui.ui.dialogs.confirm import ConfirmDialog, ConfirmRefusal, ConfirmRequest
from tui.ui.terminal.app import TerminalApp
from tui.ui.terminal.input_guard import ArmingTimes
from tui.ui.themes import STYLES
from tui.ui.widgets.text_line import TextLine

PALETTE = dict.fromkeys(STYLES, "")


class Question(ConfirmDialog[str]):
    """Asks whether to send; `shut` is what stands in the way, `more` follows the essentials."""

    shut: ConfirmRefusal | None = None
    lines = ("what would be sent",)
    more = ()

    @property
    def facts(self) -> Text:
        return Text("\n".join([*self.lines, *self.more]))

    @property
    def essentials(self) -> Text:
        return Text("\n".join(self.lines))

    def refusal(self) -> ConfirmRefusal | None:
        return self.shut

    def confirmed(self) -> str:
        return self.field("#reason") or "yes"


class App(TerminalApp):
    """An application that lays a question out as the deck does.

    It counts its bells, and how often escape was pressed beside a question.
    """

    bells = escapes = 0
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "escape")]
    CSS = """
    #confirm { height: auto; max-height: 100%; border: round white; }
    #facts { height: auto; }
    #changed, #how { height: auto; text-wrap: wrap; }
    #buttons { height: auto; }
    """

    def bell(self) -> None:
        self.bells += 1

    def action_escape(self) -> None:
        self.escapes += 1


Resize = Callable[[int, int], Awaitable[None]]


class Asked:
    """A question on the screen, and what was answered."""

    def __init__(self, app: App, question: Question, resize: Resize) -> None:
        self.app, self.question, self.resize = app, question, resize
        self.answers: list[str | None] = []

    async def press(self, *keys: str) -> None:
        """Press keys as a person does: each comes alone, and has decided what it can decide."""
        for key in keys:
            self.app.post_message(key_event(key))
            await asyncio.sleep(2 * ARMS_AT_ONCE.alone)
            await settle(self.app)
            await wait_until(lambda: self.question._pending is None)
            await settle(self.app)


@asynccontextmanager
async def asked(
    kind: type[Question] = Question, size: tuple[int, int] = (80, 24), **more: object
) -> AsyncIterator[Asked]:
    request = ConfirmRequest("Restart alert_mgr?", "restart", **more)
    app = App(arming_times=ARMS_AT_ONCE)
    async with app.run_test(size=size) as pilot:
        question = kind(request, PALETTE)
        shown = Asked(app, question, pilot.resize_terminal)
        app.push_screen(question, shown.answers.append)
        await settle(app)
        await wait_until(lambda: question.query("#go.-armed"))
        yield shown


@pytest.mark.parametrize(("reason", "answers"), [("", []), ("ab", []), ("abc", ["abc"])])
async def test_a_reason_has_at_least_three_letters(reason: str, answers: list[str]) -> None:
    """P8, case 43."""
    async with asked(words="ccs", needs_reason=True) as shown:
        await shown.press(*"ccs", "enter", *reason, "enter")
        await wait_until(lambda: len(shown.answers) == len(answers))
        assert shown.answers == answers


async def test_enter_in_the_names_field_never_confirms_a_reason_that_is_being_typed() -> None:
    """P5, P8: however late the enter is handled, and wherever the focus is by then."""
    async with asked(words="ccs", needs_reason=True) as shown:
        await shown.press(*"ccs", "enter", *"lea")
        words = shown.question.query_one("#words", Input)
        shown.question.set_focus(shown.question.query_one("#reason"))
        words.post_message(Input.Submitted(words, "ccs"))
        await settle(shown.app)
        await asyncio.sleep(4 * ARMS_AT_ONCE.alone)
        await settle(shown.app)
        assert shown.answers == []
        await shown.press(*"k", "enter")
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["leak"]


@pytest.mark.parametrize(
    ("typed", "answers"), [("cc", []), ("ccsx", []), ("CCS", []), ("ccs", ["yes"])]
)
async def test_the_words_are_typed_whole(typed: str, answers: list[str]) -> None:
    """P8, case 43."""
    async with asked(words="ccs") as shown:
        await shown.press(*typed, "enter")
        await wait_until(lambda: len(shown.answers) == len(answers))
        assert shown.answers == answers


async def test_a_wrong_name_is_said_at_once_and_the_start_of_the_right_one_is_not_wrong() -> None:
    async with asked(words="ccs") as shown:
        how = shown.question.query_one("#how", TextLine)
        await shown.press("c")
        assert how.said == "type ccs, enter restarts · esc cancels"
        await shown.press("x")
        assert how.said == "does not match: type ccs"
        await shown.press("backspace", *"cs")
        assert how.said == "type ccs, enter restarts · esc cancels"


@pytest.mark.parametrize("is_dangerous", [True, False])
async def test_the_frame_of_a_dangerous_window_is_another(is_dangerous: bool) -> None:
    async with asked(is_dangerous=is_dangerous) as shown:
        box = shown.question.query_one("#confirm")
        assert box.has_class("-dangerous") is is_dangerous
        assert str(box.border_title) == "Restart alert_mgr?"


async def test_a_letter_of_another_script_rings_since_its_message_waits_for_the_dialog() -> None:
    async with asked() as shown:
        bells = shown.app.bells
        await shown.press("н")
        assert shown.app.bells == bells + 1
        assert shown.answers == []


async def test_what_changes_just_before_yes_still_counts() -> None:
    """P4, case 42: what holds is asked for anew at the moment of the answer."""
    async with asked(words="ccs") as shown:
        await shown.press(*"ccs")
        assert not shown.question.query_one("#go", Button).disabled
        shown.question.shut = ConfirmRefusal("changed since you looked")
        await shown.press("enter")
        assert shown.answers == []
        changed = shown.question.query_one("#changed", TextLine)
        assert changed.said == "changed since you looked"
        shown.question.shut = None
        await wait_until(lambda: not changed.said and shown.question.query("#go.-armed"))
        await shown.press("enter")
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["yes"]


def click_on(widget: Widget) -> events.MouseDown:
    x, y = widget.region.offset
    return events.MouseDown(widget, x, y, 0, 0, 1, False, False, False, x, y)


@pytest.mark.parametrize(
    ("words", "then", "hint"),
    [
        ("", "r again", "esc, then r again"),
        ("", "", "esc cancels"),
        ("ccs", "R again", "esc, then R again"),
    ],
)
async def test_while_it_is_refused_the_only_key_offered_is_the_one_that_does_something(
    words: str, then: str, hint: str
) -> None:
    """P4: neither `y`, the field nor a click on the button confirms, and each rings the bell."""
    async with asked(words=words) as shown:
        question = shown.question
        if not words:
            assert not question.drops_input(click_on(question.query_one("#go")))
            assert shown.app.bells == 0
        question.shut = ConfirmRefusal("changed since you looked: ccs was restarted", then)
        await wait_until(lambda: help_text(shown) == hint)
        go, changed = question.query_one("#go", Button), question.query_one("#changed", TextLine)
        assert go.disabled
        assert changed.said == "changed since you looked: ccs was restarted"
        bells = shown.app.bells
        await shown.press(*words, "enter" if words else "y")
        await wait_until(lambda: shown.app.bells == bells + 1)
        assert not question.drops_input(click_on(go))
        assert shown.app.bells == bells + 2
        assert not question.drops_input(click_on(changed))
        assert shown.app.bells == bells + 2
        assert help_text(shown) == hint
        assert shown.answers == []


async def test_what_is_refused_no_more_is_read_before_a_key_counts() -> None:
    """P5: the key was meant for what was refused."""
    async with asked() as shown:
        question = shown.question
        question.shut = ConfirmRefusal("node1 has not answered for 20 s")
        await wait_until(lambda: help_text(shown) == "esc cancels")
        question.shut = None
        question._refresh_go()
        assert not question.is_armed
        assert help_text(shown) == "y restarts · n or esc cancels · wait a moment"
        question._confirm()
        assert shown.answers == []
        await wait_until(lambda: can_confirm(shown))


async def test_enter_in_the_same_burst_as_the_words_decides_nothing() -> None:
    """P5, case 41."""
    async with asked(words="ccs") as shown:
        await asyncio.sleep(2 * ARMS_AT_ONCE.alone)
        for key in (*"ccs", "enter"):
            shown.app.post_message(key_event(key))
        await settle(shown.app)
        await asyncio.sleep(3 * ARMS_AT_ONCE.alone)
        await settle(shown.app)
        assert shown.question.field("#words") == "ccs"
        assert shown.answers == []
        await shown.press("enter")
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["yes"]


@pytest.mark.parametrize("keys", [("x", "y"), ("shift+tab", "enter")])
async def test_y_and_a_button_in_one_burst_with_another_key_decide_nothing(
    keys: tuple[str, ...],
) -> None:
    """P5, case 41."""
    async with asked() as shown:
        await asyncio.sleep(2 * ARMS_AT_ONCE.alone)
        for key in keys:
            shown.app.post_message(key_event(key))
        await settle(shown.app)
        await asyncio.sleep(3 * ARMS_AT_ONCE.alone)
        await settle(shown.app)
        assert shown.answers == []


@pytest.mark.parametrize("key", ["y", "n"])
async def test_a_dialog_that_was_lost_after_it_armed_takes_no_key(key: str) -> None:
    """P5, case 41."""
    async with asked() as shown:
        await asyncio.sleep(2 * ARMS_AT_ONCE.alone)
        shown.app.frame_reports.repainted()
        shown.app.post_message(key_event(key))
        await settle(shown.app)
        await asyncio.sleep(3 * ARMS_AT_ONCE.alone)
        assert shown.answers == []
        await wait_until(lambda: shown.question.query("#go.-armed") and shown.question.is_armed)
        await shown.press("y")
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["yes"]


class LongQuestion(Question):
    """A question whose essentials are longer than any screen."""

    lines = tuple(f"line {number}" for number in range(40))
    more = ("beside it",) * 40


class TwoPages(Question):
    """A question whose essentials end on the second page."""

    lines = LongQuestion.lines[:24]


class LongTail(Question):
    """A question with more to read than must be."""

    more = ("beside it",) * 40


def help_text(shown: Asked) -> str:
    return shown.question.query_one("#how", TextLine).said


def can_confirm(shown: Asked) -> bool:
    """Whether `y` restarts, by what is shown."""
    text = help_text(shown).removeprefix("it changed: read it again · ")
    return text.startswith("y restarts") and "wait" not in text


async def test_what_would_be_sent_is_seen_to_its_end_before_y_confirms_it() -> None:
    """P5, P29, case 59."""
    async with asked(LongQuestion) as shown:
        facts = shown.question.query_one("#facts")
        await wait_until(lambda: "down shows the rest" in help_text(shown))
        await wait_until(lambda: 10 < facts.size.height < 20)
        await settle(shown.app)  # the line below it may take one of its lines
        height, steps = facts.size.height, []
        await shown.press("y")
        while facts.scroll_offset.y + height < 40:
            assert shown.answers == []
            await wait_until(lambda: "down shows the rest" in help_text(shown))
            before = facts.scroll_offset.y
            await shown.press("down", "y")
            steps.append(facts.scroll_offset.y - before)
        assert steps == [height] * len(steps)
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["yes"]


async def test_what_has_to_be_typed_is_said_while_the_essentials_are_not_seen_yet() -> None:
    """P5, P8: the field that said it holds something else."""
    async with asked(LongQuestion, words="ccs") as shown:
        await wait_until(lambda: help_text(shown).startswith("down shows the rest, then"))
        await shown.press("x", "enter")
        await wait_until(lambda: help_text(shown) == "down shows the rest · then type ccs")
        assert shown.answers == []


class Growing(LongTail):
    """A question of which more becomes essential while it is open, once it `grows`."""

    grows = False

    def renew_facts(self) -> bool:
        if self.grows:
            self.lines = LongQuestion.lines
        return self.grows


async def test_what_is_new_in_the_essentials_has_to_be_seen_too() -> None:
    """P4, P5: the facts are found anew while the dialog is open."""
    async with asked(Growing) as shown:
        await wait_until(lambda: can_confirm(shown))
        assert isinstance(shown.question, Growing)
        shown.question.grows = True
        await wait_until(lambda: "down shows the rest" in help_text(shown))
        await shown.press("y")
        assert shown.answers == []


class Ticking(Growing):
    """A question whose last line is an age, and whose other lines are `risk` where it `grows`."""

    age = 0
    risk = "line"

    def renew_facts(self) -> bool:
        self.age += 1
        self.lines = (*(f"{self.risk} {number}" for number in range(38)), f"for {self.age} s")
        return True

    @property
    def ageless_essentials(self) -> object:
        return self.lines[:-1]


async def test_what_changed_while_it_was_scrolled_has_to_be_seen_again_and_ages_do_not() -> None:
    """P29: another risk may come above what is in view, and as many lines as before."""
    async with asked(Ticking) as shown:
        question = shown.question
        assert isinstance(question, Ticking)
        question.renew()
        await wait_until(lambda: "down shows the rest" in help_text(shown))
        while not can_confirm(shown):
            await shown.press("down")
        age = question.age
        question.renew()
        await settle(shown.app)
        question._refresh_go()
        assert question.age > age
        assert can_confirm(shown)
        question.risk = "another risk"
        question.renew()
        assert question.query_one("#facts").scroll_offset.y == 0
        await wait_until(lambda: "down shows the rest" in help_text(shown))
        await shown.press("y")
        assert shown.answers == []
        while not can_confirm(shown):
            await shown.press("down")
        await shown.press("y")
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["yes"]


async def test_a_key_that_was_meant_for_what_was_shown_before_confirms_nothing() -> None:
    """P29: what fits the screen counts as seen only once it was painted, too."""
    async with asked(Ticking, size=(80, 60)) as shown:
        question = shown.question
        assert isinstance(question, Ticking)
        question.renew()
        await wait_until(lambda: can_confirm(shown))
        question.risk = "another risk"
        question.renew()
        assert not question.is_armed
        question._confirm()
        assert shown.answers == []
        await wait_until(lambda: can_confirm(shown))


async def test_what_changed_is_said_until_a_key_counts_and_what_is_typed_meanwhile_is_kept() -> (
    None
):
    """P5, P29: it scrolls to its beginning, and the name decides nothing before that is read."""
    async with asked(Ticking, words="ccs") as shown:
        question = shown.question
        assert isinstance(question, Ticking)
        question.renew()
        while question._hidden(question._fit()):
            await shown.press("down")
        await shown.press("c")
        words = question.query_one("#words", Input)
        question.risk = "another risk"
        question.renew()
        assert not question.is_armed
        key = key_event("c")
        assert not question.drops_input(key), "it is dropped, though it decides nothing"
        assert question.drops_input(key_event("enter"))
        words.insert_text_at_cursor("c")
        question._refresh_go()
        assert help_text(shown).startswith("it changed: read it again · down shows the rest")
        await wait_until(lambda: question.is_armed)
        question._refresh_go()
        assert help_text(shown).startswith("it changed: read it again · ")
        await shown.press("s")
        assert words.value == "ccs"
        assert help_text(shown) == "down shows the rest, then it can be confirmed"
        await shown.press("enter")
        assert shown.answers == []
        while question._hidden(question._fit()):
            await shown.press("down")
        await shown.press("enter")
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["yes"]


async def test_of_what_came_too_early_the_name_is_to_be_typed_again() -> None:
    async with asked(words="ccs") as shown:
        question = shown.question
        armed_at, question._armed_at = question._armed_at, math.inf
        await shown.press("c")
        assert question.arming_hints == [("too early: type it again", "")]
        question._armed_at = armed_at
        await shown.press(*"ccs")
        assert question.arming_hints == []
        question._armed_at = math.inf
        await shown.press("enter")
        assert question.arming_hints == [("too early: repeat it", "")]


async def test_while_there_is_more_to_see_that_is_the_only_hint() -> None:
    async with asked(LongQuestion) as shown:
        hint = "down shows the rest, then it can be confirmed"
        await wait_until(lambda: help_text(shown) == hint)
        shown.question._armed_at = math.inf
        await shown.press("y")
        assert shown.question.arming_hints == [("too early: repeat it", "")]
        shown.question._refresh_go()
        assert help_text(shown) == hint


async def test_the_last_line_of_the_essentials_has_to_be_seen() -> None:
    """P5, case 59."""
    async with asked(LongQuestion) as shown:
        question, facts = shown.question, shown.question.query_one("#facts")
        await wait_until(lambda: question._seen == facts.size.height > 1)

        def is_seen_but_for_the_last() -> bool:
            # From where it was read to: what is laid out anew is read again.
            on = min(question._seen, 39 - facts.size.height)
            facts.scroll_to(y=on, animate=False, immediate=True)
            return question._seen == 39

        await wait_until(is_seen_but_for_the_last)
        await shown.press("y")
        assert shown.answers == []
        await shown.press("down")
        await wait_until(lambda: can_confirm(shown))


class Wrapping(Question):
    """A question with a line that takes one line more in the dialog than across the screen."""

    lines = ("x" * 400,)


async def test_what_follows_the_essentials_may_be_read_and_need_not() -> None:
    async with asked(Wrapping) as shown:
        assert help_text(shown) == "y restarts · n or esc cancels"
        what = shown.question.query_one("#what")
        assert shown.question._lines_needed(what.content_size.width) == what.size.height == 6
    async with asked(LongTail) as shown:
        facts = shown.question.query_one("#facts")
        await wait_until(lambda: help_text(shown) == "y restarts · n or esc cancels · down: more")
        how = shown.question.query_one("#how")
        await wait_until(lambda: how.size.height and facts.size.height == shown.question._fit())
        height, end = facts.size.height, facts.max_scroll_y
        for key, offset in (("down", height), ("down", end), ("up", end - height), ("up", 0)):
            shown.question._refresh_go()  # what is in view counts as seen
            await shown.press(key)
            assert facts.scroll_offset.y == offset
        await shown.press("pagedown", "pageup", "y")
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["yes"]


async def test_lines_that_were_passed_by_were_not_seen() -> None:
    """P5, case 59: the wheel scrolls without a limit."""
    async with asked(LongQuestion) as shown:
        question, facts = shown.question, shown.question.query_one("#facts")
        await wait_until(lambda: question._seen == facts.size.height > 1)
        facts.scroll_to(y=35, animate=False, immediate=True)
        await wait_until(lambda: "up shows what was skipped" in help_text(shown))
        await shown.press("y")
        assert shown.answers == []
        await shown.press("up", "up", "up")
        await wait_until(lambda: "down shows the rest" in help_text(shown))


@pytest.mark.parametrize("size", [(60, 24), (28, 24), (80, 12)])
async def test_what_was_seen_before_the_terminal_changed_is_seen_again(
    size: tuple[int, int],
) -> None:
    """P5, case 59: lines wrap differently, and a smaller window hides some."""
    async with asked(LongQuestion) as shown:
        await wait_until(lambda: help_text(shown).startswith("down shows the rest"))
        while not can_confirm(shown):
            await shown.press("down")
        for width, height in (size, (80, 24)):
            await shown.resize(width, height)
            await wait_until(lambda: not can_confirm(shown))
            await shown.press("y")
            assert shown.answers == []


TOO_SMALL = "terminal too small to show what will be sent: make it larger, or esc"


@pytest.mark.parametrize("size", [(28, 24), (80, 3)])
async def test_where_it_does_not_fit_nothing_can_be_confirmed(size: tuple[int, int]) -> None:
    """P5, case 59."""
    async with asked(size=size) as shown:
        await wait_until(lambda: help_text(shown) == TOO_SMALL)
        await shown.press("y")
        assert shown.answers == []
        await shown.press("n")
        assert shown.answers == [None]


async def test_tab_goes_round_all_that_can_be_chosen_and_back() -> None:
    async with asked(words="ccs", needs_reason=True) as shown:
        order = []
        for key in ("tab", "tab", "tab", "shift+tab", "shift+tab", "shift+tab"):
            await shown.press(key)
            assert shown.app.focused is not None
            order.append(shown.app.focused.id)
        assert order == ["reason", "cancel", "words", "cancel", "reason", "words"]
        await shown.press(*"ccs", "enter", *"why")
        assert not shown.question.query_one("#go", Button).disabled
        for shown.question.shut in (ConfirmRefusal("node1 is stale"), None):
            shown.question._refresh_go()
        await wait_until(lambda: shown.question.query("#go.-armed"))
        assert shown.app.focused.id == "reason"  # where it was, though it is read anew
        await shown.press("tab")
        assert shown.app.focused.id == "go"
        await shown.press("y", "n")  # they are letters, here too
        assert shown.answers == []
        await shown.press("enter")
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["why"]


async def test_y_is_a_letter_where_words_are_typed_and_enter_on_cancel_cancels() -> None:
    """P5."""
    async with asked(words="ccs") as shown:
        await shown.press("y", "n", "enter")
        assert shown.answers == []
        assert shown.question.field("#words") == "yn"
        await shown.press("tab", "n")
        assert shown.answers == []
        await shown.press("enter")
        await wait_until(lambda: shown.answers)
        assert shown.answers == [None]


async def test_a_letter_beside_the_field_shows_how_to_come_to_it() -> None:
    async with asked(words="ccs") as shown:
        await shown.press("tab")
        shown.question._refresh_go()
        assert help_text(shown) == "type ccs, enter restarts · esc cancels"
        await shown.press("c")
        await wait_until(lambda: help_text(shown) == "tab, then type ccs")
        assert shown.question.field("#words") == ""
        await shown.press("tab", "c")
        await wait_until(lambda: help_text(shown) == "type ccs, enter restarts · esc cancels")


class Hasty(Question):
    """A question whose timer comes before it is laid out, as on a busy machine."""

    def more_buttons(self) -> Iterable[Button]:
        yield Button("Another", id="another", disabled=True)

    def on_mount(self) -> None:
        self._arm()


async def test_before_it_could_be_read_it_says_so_and_takes_no_key() -> None:
    """P5, case 41."""
    app, answers = App(arming_times=ArmingTimes(painted=3600.0)), list[str | None]()
    async with app.run_test() as pilot:
        question = Hasty(ConfirmRequest("Restart alert_mgr?", "restart"), PALETTE)
        app.push_screen(question, answers.append)
        await settle(app)
        shown = Asked(app, question, pilot.resize_terminal)
        await wait_until(
            lambda: help_text(shown) == "y restarts · n or esc cancels · wait a moment"
        )
        await shown.press("y", "n", "enter")
        assert answers == []
        question._arm()
        assert question.query_one("#another").disabled
        bells = app.bells
        assert question.drops_input(click_on(question.query_one("#go")))
        assert app.bells == bells
        assert help_text(shown).endswith(" · too early: wait a moment")
        await shown.press("escape")
        assert answers == [None]


async def test_what_the_terminal_has_not_shown_yet_is_not_seen() -> None:
    """P5: it may not be on the screen as it is laid out, and scrolling keys were typed before."""
    async with asked(LongQuestion) as shown:
        question = shown.question
        question._begin_reading()
        question.begin_arming()
        question._refresh_go()
        assert question._seen == 0
        assert question.drops_input(key_event("down"))


async def test_what_was_scrolled_to_is_seen_once_the_terminal_has_shown_it() -> None:
    """P29: on a link that stalls, the keys go on and the screen does not."""
    async with asked(TwoPages) as shown:
        question, reports = shown.question, shown.app.frame_reports
        facts = question.query_one("#facts")
        reports.terminal_taken(SilentOutput())
        reports.has_answered = True

        def answered(condition: Callable[[], object]) -> Callable[[], object]:
            return lambda: (reports.answered(), condition())[1]

        await wait_until(answered(lambda: question.is_armed and question._seen))
        assert facts.max_scroll_y > 0
        while facts.scroll_offset.y < facts.max_scroll_y:
            reports.answered()
            await shown.press("down")
        question._refresh_go()
        await shown.press("y")
        assert shown.answers == []
        await wait_until(answered(lambda: can_confirm(shown)))
        await shown.press("y")
        await wait_until(lambda: shown.answers)


async def test_a_dialog_that_takes_no_key_yet_scrolls_and_shows_its_question() -> None:
    """Only what confirms is held: the essentials can be read to their end, and count as seen."""
    app, answers = App(arming_times=ArmingTimes(painted=3600.0)), list[str | None]()
    async with app.run_test() as pilot:
        question = LongQuestion(ConfirmRequest("Restart alert_mgr?", "restart"), PALETTE)
        app.push_screen(question, answers.append)
        await settle(app)
        shown = Asked(app, question, pilot.resize_terminal)
        facts = question.query_one("#facts")
        await wait_until(lambda: question._seen == facts.size.height > 1)
        rest = "down shows the rest, then it can be confirmed"
        assert help_text(shown) == f"{rest} · wait a moment"
        while facts.scroll_offset.y < facts.max_scroll_y:
            before = facts.scroll_offset.y
            await shown.press("down")
            assert facts.scroll_offset.y > before
            question._refresh_go()
        assert help_text(shown) == "y restarts · n or esc cancels · wait a moment"
        await shown.press("y")
        assert (question.is_armed, answers) == (False, [])
        await wait_until(lambda: help_text(shown).endswith(" · too early: wait a moment"))


async def test_that_a_key_came_too_early_is_shown_until_one_is_handled() -> None:
    """Case 41."""
    async with asked() as shown:
        shown.question._armed_at = math.inf
        await shown.press("y")
        assert shown.answers == []
        await wait_until(
            lambda: help_text(shown) == "too early: repeat it · y restarts · n or esc cancels"
        )
        shown.question._armed_at = 0.0
        await shown.press("x")
        await wait_until(lambda: help_text(shown) == "y restarts · n or esc cancels")


async def test_escape_is_always_no_and_no_key_of_what_is_behind() -> None:
    async with asked(words="ccs") as shown:
        await shown.press(*"ccs", "escape")
        assert (shown.answers, shown.app.escapes) == ([None], 0)
        await shown.press("escape")
        assert shown.app.escapes == 1
