"""What opens the way to yes: the words and the reason, and what holds at that very moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from rich.text import Text
from textual.widgets import Button

from tests.ui.conftest import ARMS_AT_ONCE, key_event, settle, wait_until
from tui.ui.dialogs.confirm import ConfirmDialog, ConfirmRequest
from tui.ui.terminal.app import TerminalApp
from tui.ui.themes import STYLES
from tui.ui.widgets.text_line import TextLine

PALETTE = dict.fromkeys(STYLES, "")


class Question(ConfirmDialog[str]):
    """Asks whether to send; `shut` is what stands in the way."""

    shut = ""

    @property
    def facts(self) -> Text:
        return Text("what would be sent")

    essentials = facts

    def refusal(self) -> str:
        return self.shut

    def confirmed(self) -> str:
        return self.field("#reason") or "yes"


class Asked:
    """A question on the screen, and what was answered."""

    def __init__(self, app: TerminalApp, question: Question) -> None:
        self.app, self.question = app, question
        self.answers: list[str | None] = []

    async def press(self, *keys: str) -> None:
        """Press keys as a person does: each comes alone, and has decided what it can decide."""
        for key in keys:
            self.app.post_message(key_event(key))
            await asyncio.sleep(2 * ARMS_AT_ONCE.alone)
            await settle(self.app)


@asynccontextmanager
async def asked(**more: object) -> AsyncIterator[Asked]:
    request = ConfirmRequest("Restart alert_mgr?", "restart", **more)  # type: ignore[arg-type]
    app = TerminalApp(arming_times=ARMS_AT_ONCE)
    async with app.run_test():
        question = Question(request, PALETTE)
        shown = Asked(app, question)
        app.push_screen(question, shown.answers.append)
        await settle(app)
        await wait_until(lambda: question.query("#go.-armed"))
        yield shown


@pytest.mark.parametrize(("reason", "answers"), [("", []), ("ab", []), ("abc", ["abc"])])
async def test_a_reason_has_at_least_three_letters(reason: str, answers: list[str]) -> None:
    """P8, case 43."""
    async with asked(words="ccs", needs_reason=True) as shown:
        await shown.press("tab", *"ccs", "enter", *reason, "enter")
        await wait_until(lambda: len(shown.answers) == len(answers))
        assert shown.answers == answers


@pytest.mark.parametrize(("typed", "answers"), [("cc", []), ("ccsx", []), ("ccs", ["yes"])])
async def test_the_words_are_typed_whole(typed: str, answers: list[str]) -> None:
    """P8, case 43."""
    async with asked(words="ccs") as shown:
        await shown.press("tab", *typed, "enter")
        await wait_until(lambda: len(shown.answers) == len(answers))
        assert shown.answers == answers


async def test_a_wrong_name_is_said_at_once_and_the_start_of_the_right_one_is_not_wrong() -> None:
    async with asked(words="ccs") as shown:
        how = shown.question.query_one("#how", TextLine)
        await shown.press("tab", "c")
        assert how.said == "tab, type ccs, enter restarts · esc cancels"
        await shown.press("x")
        assert how.said == "does not match: type ccs"
        await shown.press("backspace", *"cs")
        assert how.said == "tab, type ccs, enter restarts · esc cancels"


@pytest.mark.parametrize("is_dangerous", [True, False])
async def test_the_frame_of_a_dangerous_window_is_another(is_dangerous: bool) -> None:
    async with asked(is_dangerous=is_dangerous) as shown:
        assert shown.question.query_one("#confirm").has_class("-dangerous") is is_dangerous


async def test_what_changes_just_before_yes_still_counts() -> None:
    """P4, case 42: what holds is asked for anew at the moment of the answer."""
    async with asked(words="ccs") as shown:
        await shown.press("tab", *"ccs")
        assert not shown.question.query_one("#go", Button).disabled
        shown.question.shut = "changed since you looked"
        await shown.press("enter")
        assert shown.answers == []
        shown.question.shut = ""
        await shown.press("enter")
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["yes"]


async def test_enter_in_the_same_burst_as_the_words_decides_nothing() -> None:
    """P5, case 41."""
    async with asked(words="ccs") as shown:
        await asyncio.sleep(2 * ARMS_AT_ONCE.alone)
        for key in ("tab", *"ccs", "enter"):
            shown.app.post_message(key_event(key))
        await settle(shown.app)
        await asyncio.sleep(3 * ARMS_AT_ONCE.alone)
        await settle(shown.app)
        assert shown.question.field("#words") == "ccs"
        assert shown.answers == []
        await shown.press("enter")
        await wait_until(lambda: shown.answers)
        assert shown.answers == ["yes"]


@pytest.mark.parametrize("key", ["y", "escape"])
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


async def test_escape_is_always_no() -> None:
    async with asked(words="ccs") as shown:
        await shown.press("tab", *"ccs", "escape")
        assert shown.answers == [None]
