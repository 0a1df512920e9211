"""OSC 52 to the byte: alone, within tmux, within GNU screen."""

import base64

import pytest

from tui.ui.terminal.clipboard import LIMIT, clipboard_sequence, fits_clipboard

TMUX = {"TMUX": "/run/tmux,1,0", "TERM": "screen-256color"}


def test_outside_a_multiplexer_a_copy_is_one_sequence_that_ends_in_a_bell() -> None:
    assert clipboard_sequence("alert_mgr", {"TERM": "xterm"}) == "\x1b]52;c;YWxlcnRfbWdy\x07"


def test_for_tmux_a_copy_is_wrapped_with_its_escapes_doubled() -> None:
    assert clipboard_sequence("alert_mgr", TMUX) == "\x1bPtmux;\x1b\x1b]52;c;YWxlcnRfbWdy\x07\x1b\\"


def test_an_empty_tmux_variable_is_no_tmux() -> None:
    assert clipboard_sequence("x", {"TMUX": ""}) == clipboard_sequence("x", {})


def test_for_screen_a_copy_is_wrapped_in_pieces_that_screen_can_hold() -> None:
    text = "x" * 1000
    wrapped = clipboard_sequence(text, {"TERM": "screen"})
    pieces = wrapped.removesuffix("\x1b\\").split("\x1b\\")
    assert len(pieces) > 4
    assert all(one.startswith("\x1bP") and len(one) < 256 for one in pieces)
    plain = "".join(one.removeprefix("\x1bP") for one in pieces)
    assert plain == clipboard_sequence(text, {})


@pytest.mark.parametrize("text", ["", "x" * (LIMIT + 1), "ä" * (LIMIT // 2 + 1)])
def test_what_is_too_long_or_would_clear_the_clipboard_is_not_put_there(text: str) -> None:
    assert not fits_clipboard(text)
    with pytest.raises(ValueError, match="does not fit"):
        clipboard_sequence(text, {})


def test_as_much_as_fits_is_put_there_in_utf_8() -> None:
    text = "ä" * (LIMIT // 2)
    payload = clipboard_sequence(text, {}).removeprefix("\x1b]52;c;").removesuffix("\x07")
    assert base64.b64decode(payload).decode() == text
