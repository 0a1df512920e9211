"""The escape sequences that ring and tell the desktop: their form, and nothing but their form."""

import pytest

from tests.terminal.hostile import PAYLOADS
from tui.ui.terminal.desktop_notification import AT_MOST, desktop_sequence


def test_osc_9_carries_the_decks_name() -> None:
    assert (
        desktop_sequence("node1: lost", "osc9", in_tmux=False) == "\x1b]9;rsdeck: node1: lost\x07"
    )


def test_osc_777_carries_a_title() -> None:
    said = desktop_sequence("node1: lost", "osc777", in_tmux=False)
    assert said == "\x1b]777;notify;rsdeck;node1: lost\x07"


@pytest.mark.parametrize("protocol", ["osc9", "osc777"])
def test_in_tmux_a_notice_is_wrapped_for_the_outer_terminal(protocol: str) -> None:
    plain = desktop_sequence("x", protocol, in_tmux=False)
    wrapped = desktop_sequence("x", protocol, in_tmux=True)
    assert wrapped.startswith("\x1bPtmux;\x1b\x1b]")
    assert wrapped.endswith("\x07\x1b\\")
    assert wrapped[len("\x1bPtmux;") : -2].replace("\x1b\x1b", "\x1b") == plain


@pytest.mark.parametrize("protocol", ["osc9", "osc777"])
@pytest.mark.parametrize("in_tmux", [False, True])
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_no_text_ends_the_sequence_or_adds_a_field(
    payload: str, protocol: str, *, in_tmux: bool
) -> None:
    said = desktop_sequence(f"4;3;{payload};", protocol, in_tmux=in_tmux)
    frame = desktop_sequence("", protocol, in_tmux=in_tmux)
    head, tail = frame[: frame.index("\x07")], frame[frame.index("\x07") :]
    text = said.removeprefix(head).removesuffix(tail)
    assert said == head + text + tail
    assert text.isprintable()
    assert ";" not in text
    assert len(text) <= AT_MOST
