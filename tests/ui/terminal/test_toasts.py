"""Equal toasts become one, with a count; a dialog that decides something holds them."""

from textual.notifications import Notification
from textual.screen import ModalScreen
from textual.widgets._toast import Toast

from tests.ui.conftest import settle, wait_until
from tui.ui.dialogs.armed import ArmedScreen
from tui.ui.terminal.app import TerminalApp
from tui.ui.terminal.toasts import ToastCounter


def merged(counter: ToastCounter, shown: set[str], *toasts: Notification) -> list[tuple[str, bool]]:
    """Show toasts one after another: the text of each, and whether it replaced another."""
    seen = []
    for toast in toasts:
        new, before = counter.merge(toast, frozenset(shown))
        if before is not None:
            shown.discard(before.identity)
        shown.add(new.identity)
        seen.append((new.message, before is not None))
    return seen


def test_equal_toasts_become_one_with_a_count() -> None:
    shown: set[str] = set()
    toasts = [Notification("n1: stale") for _ in range(3)]
    assert merged(ToastCounter(), shown, *toasts) == [
        ("n1: stale", False),
        ("n1: stale (2 times)", True),
        ("n1: stale (3 times)", True),
    ]
    assert len(shown) == 1


def test_toasts_that_differ_in_text_title_or_severity_are_all_shown() -> None:
    shown: set[str] = set()
    toasts = [
        Notification("a"),
        Notification("b"),
        Notification("a", title="t"),
        Notification("a", severity="error"),
    ]
    assert not any(replaced for _, replaced in merged(ToastCounter(), shown, *toasts))
    assert len(shown) == 4


def test_a_toast_that_is_gone_is_not_counted() -> None:
    counter, shown = ToastCounter(), set[str]()
    merged(counter, shown, Notification("a"))
    shown.clear()
    assert merged(counter, shown, Notification("a")) == [("a", False)]


class Dialog(ArmedScreen[None]):
    """Decides something."""


class Page(Dialog):
    """Has keys of its own, which have something to say at once."""

    holds_toasts = False


def shown(app: TerminalApp) -> list[str]:
    return [toast._notification.message for toast in app.screen.query(Toast)]


async def test_a_toast_over_a_dialog_is_shown_once_that_is_closed_and_for_its_whole_time() -> None:
    """What is read and what is clicked stays where it is."""
    app = TerminalApp()
    async with app.run_test(notifications=True):
        app.notify("Cancelled.")
        await wait_until(lambda: shown(app) == ["Cancelled."])
        dialog = Dialog()
        await app.push_screen(dialog)
        for _ in range(2):
            app.notify("The disk is full.", timeout=60)
        await settle(app)
        assert shown(app) == []
        assert [toast.message for toast in app._notifications] == ["Cancelled."]
        dialog.dismiss(None)
        await wait_until(lambda: "The disk is full. (2 times)" in shown(app))
        assert 0 < [*app._notifications][-1].time_left <= 60


async def test_of_many_toasts_over_a_dialog_the_newest_are_shown() -> None:
    app = TerminalApp()
    async with app.run_test(notifications=True):
        await app.push_screen(Dialog())
        for number in range(40):
            app.notify(f"write {number} failed")
        app.pop_screen()
        await wait_until(lambda: shown(app) == [f"write {n} failed" for n in range(34, 40)])


async def test_a_warning_over_a_dialog_is_not_lost_to_later_remarks() -> None:
    app = TerminalApp()
    async with app.run_test(notifications=True):
        await app.push_screen(Dialog())
        app.notify("Rollout 1 is paused.", severity="warning")
        for number in range(40):
            app.notify(f"copied {number}")
        app.pop_screen()
        remarks = [f"copied {number}" for number in range(35, 40)]
        await wait_until(lambda: shown(app) == ["Rollout 1 is paused.", *remarks])


async def test_toasts_that_waited_for_a_dialog_are_shown_for_longer_the_more_came_after() -> None:
    """There is room for some at once, the newest; the others can be read once these are gone."""
    app = TerminalApp()
    async with app.run_test(notifications=True):
        await app.push_screen(Dialog())
        for number in range(4):
            app.notify(f"{number}", timeout=60)
        app.pop_screen()
        await wait_until(lambda: shown(app) == ["0", "1", "2", "3"])
        times = [toast.time_left for toast in app._notifications]
        assert 60 < times[0] <= 120
        assert all(0 < time <= 60 for time in times[1:])


async def test_a_toast_over_a_dialog_that_opens_as_another_is_shown_goes_with_its_time() -> None:
    """It is not shown below the dialog, where its time would never begin."""
    app = TerminalApp()
    async with app.run_test(notifications=True):
        app.notify("It is opened.", timeout=60)
        dialog = Dialog()
        app.push_screen(dialog)
        app.notify("The disk is full.", timeout=60)
        await settle(app)
        below = app.screen_stack[0].query(Toast)
        assert [toast._notification.message for toast in below] == ["It is opened."]
        dialog.dismiss(None)
        await wait_until(lambda: shown(app) == ["It is opened.", "The disk is full."])
        assert all(0 < toast._timeout <= 60 for toast in app.screen.query(Toast))


async def test_what_a_dialog_says_as_it_closes_is_shown_on_the_screen_below() -> None:
    app = TerminalApp()
    async with app.run_test(notifications=True):
        dialog = Dialog()
        app.push_screen(dialog, lambda _: app.notify("Cancelled."))
        await wait_until(lambda: app.screen is dialog)
        dialog.dismiss(None)
        await wait_until(lambda: shown(app) == ["Cancelled."])


async def test_what_became_of_a_dialog_goes_when_the_next_one_opens() -> None:
    """What is sent from the next one would stand over "Nothing was sent."."""
    app = TerminalApp()
    async with app.run_test(notifications=True):
        app.notify("The disk is full.")
        for _ in range(2):
            dialog = Dialog()
            app.push_screen(dialog, lambda _: app.notify_until_dialog("Cancelled."))
            await wait_until(lambda dialog=dialog: app.screen is dialog)
            await settle(app)
            below = app.screen_stack[0].query(Toast)
            assert [toast._notification.message for toast in below] == ["The disk is full."]
            dialog.dismiss(None)
            await wait_until(lambda: shown(app) == ["The disk is full.", "Cancelled."])


async def test_of_a_subject_the_latest_message_alone_is_shown() -> None:
    app = TerminalApp()
    async with app.run_test(notifications=True):
        app.notify_latest("a", "none verified")
        app.notify_latest("b", "another")
        await wait_until(lambda: shown(app) == ["none verified", "another"])
        app.notify_latest("a", "node1 verified")
        await wait_until(lambda: shown(app) == ["another", "node1 verified"])
        app.notify_latest("a", "")
        app.notify_latest("a", "")
        await wait_until(lambda: shown(app) == ["another"])
        dialog = Dialog()
        app.push_screen(dialog)
        await wait_until(lambda: app.screen is dialog)
        app.notify_latest("b", "held")
        app.notify_latest("b", "held, and replaced")
        dialog.dismiss(None)
        await wait_until(lambda: shown(app) == ["held, and replaced"])


async def test_a_window_with_keys_of_its_own_shows_toasts_at_once() -> None:
    app = TerminalApp()
    async with app.run_test(notifications=True):
        for window in (Page(), ModalScreen[None]()):
            await app.push_screen(window)
            app.notify("It is not paused.")
            await wait_until(lambda: "It is not paused." in " ".join(shown(app)))
