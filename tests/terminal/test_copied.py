"""What a copy writes to the terminal, byte for byte, with and without a multiplexer between."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import clips, ends_well, strange
from tests.terminal.conftest import Open

NAME = "alert_mgr"
CODED = base64.b64encode(NAME.encode())
TMUX = {"TMUX": "/run/tmux-0/default,1,0", "TERM": "tmux-256color"}
FORMS: list[Any] = [
    ({}, b"\x1b]52;c;" + CODED + b"\x07"),
    (TMUX, b"\x1bPtmux;\x1b\x1b]52;c;" + CODED + b"\x07\x1b\\"),
    ({"TERM": "screen-256color"}, b"\x1bP\x1b]52;c;" + CODED + b"\x07\x1b\\"),
]


@pytest.mark.parametrize(("env", "form"), FORMS, ids=["alone", "tmux", "screen"])
def test_a_name_is_copied_by_one_sequence_and_nothing_else_is_written(
    env: dict[str, str], form: bytes, opened: Open, tmp_path: Path
) -> None:
    with opened(env=env) as terminal:
        terminal.shows(NAME, "RUNNING")
        assert clips(bytes(terminal.written)) == []
        terminal.send(b"gc")
        terminal.shows("Copied", "copied.txt")
        terminal.send(b"\x11")
        assert terminal.ends(5.0) == 0
    written = bytes(terminal.written)
    assert written.count(form) == 1
    assert written.count(b"]52;") == 1
    assert strange(written, copied=[NAME]) == []
    assert strange(written)
    assert ends_well(written)
    copied = tmp_path / ".local/state/rsdeck/copied.txt"
    assert copied.read_text(encoding="utf-8") == NAME


def test_what_is_selected_with_the_mouse_is_copied_in_our_form_alone(opened: Open) -> None:
    with opened(env=TMUX) as terminal:
        terminal.shows(NAME, "RUNNING")
        # Over the title: pressed, moved, let go.
        terminal.send(b"\x1b[<0;2;1M\x1b[<32;9;1M\x1b[<0;9;1m")
        terminal.quiet(0.5)
        terminal.send(b"\x03")
        terminal.shows("Copied what was selected")
        terminal.send(b"\x11")
        assert terminal.ends(5.0) == 0
    (selected,) = clips(bytes(terminal.written))
    assert "rsdeck".startswith(selected.strip()[:6])
    assert strange(bytes(terminal.written), copied=[selected]) == []


def test_a_snapshot_at_ctrl_s_stops_no_terminal(opened: Open, tmp_path: Path) -> None:
    with opened() as terminal:
        terminal.shows(NAME, "RUNNING")
        terminal.send(b"\x13")
        terminal.shows("Snapshot:")
        terminal.send(b"\x11")
        assert terminal.ends(5.0) == 0
    assert strange(bytes(terminal.written)) == []
    (path,) = (tmp_path / ".local/state/rsdeck/snapshots").iterdir()
    text = path.read_text(encoding="utf-8")
    assert NAME in text
    assert "JOURNAL, newest last\n  20" in text
