"""Equal toasts that are shown at the same time become one, with a count."""

from textual.notifications import Notification

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
