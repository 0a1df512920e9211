"""What a deck at rest writes, and when it writes everything again."""

import pytest

from tests.terminal.conftest import Open

pytestmark = [pytest.mark.real_time, pytest.mark.terminal]


@pytest.mark.parametrize("key", ["", "r", "0"], ids=["table", "dialog", "matrix"])
def test_a_deck_at_rest_writes_little(key: str, opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("RUNNING", "optional")
        terminal.send(key.encode())
        terminal.quiet(3)
        before = len(terminal.written)
        terminal.quiet(4)
        assert len(terminal.written) - before < 4 * 600


@pytest.mark.parametrize("key", [b"\x0c", b"\x1b[I"], ids=["ctrl+l", "focus"])
def test_what_something_else_wrote_is_painted_over(key: bytes, opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("RUNNING", "optional")
        terminal.quiet(1)
        terminal.written += b"\x1b[5;1HBroadcast message from root" * 3
        assert "Broadcast" in terminal.text
        terminal.send(key)
        terminal.until(lambda: "Broadcast" not in terminal.text)
