"""What a copy writes to the terminal, byte for byte, with and without a multiplexer between."""

import base64
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.faultserver import answer, routes, serving
from tests.oracle import clips, ends_well, strange
from tests.pty import RSDECK, Terminal, environment
from tests.terminal.conftest import Open
from tests.terminal.hostile import PAYLOADS
from tests.terminal.test_39_hostile import deck

pytestmark = pytest.mark.terminal

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
        assert terminal.ends() == 0
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
        assert terminal.ends() == 0
    (selected,) = clips(bytes(terminal.written))
    assert selected == " rsdeck "
    assert strange(bytes(terminal.written), copied=[selected]) == []


def test_a_snapshot_at_ctrl_s_stops_no_terminal(opened: Open, tmp_path: Path) -> None:
    with opened() as terminal:
        terminal.shows(NAME, "RUNNING")
        terminal.send(b"\x13")
        terminal.shows("Snapshot:")
        terminal.send(b"\x11")
        assert terminal.ends() == 0
    assert strange(bytes(terminal.written)) == []
    (path,) = (tmp_path / ".local/state/rsdeck/snapshots").iterdir()
    text = path.read_text(encoding="utf-8")
    assert NAME in text
    assert "JOURNAL, newest last\n  20" in text


def test_a_hostile_name_and_status_are_copied_as_clean_text(tmp_path: Path) -> None:
    """P14."""
    text = "".join((PAYLOADS["clipboard"], PAYLOADS["tab"], PAYLOADS["lines"], PAYLOADS["bidi"]))
    entries = json.dumps({text: {"status": text, "start_time": text, "uptime": text}})
    good = json.dumps({"alert_mgr": {"status": "RUNNING", "uptime": "0:10:00"}})
    body = f"{entries[:-1]},{good[1:]}"
    with (
        serving(routes({"/v1/local/services": answer(body)})) as server,
        deck(server.url, tmp_path) as terminal,
    ):
        terminal.shows("alert_mgr")
        terminal.send(b"gc")
        terminal.until(lambda: len(clips(bytes(terminal.written))) == 1)
        terminal.send(b"Y")
        terminal.until(lambda: len(clips(bytes(terminal.written))) == 2)
        terminal.send(b"\x11")
        assert terminal.ends() == 0
    name, row = clips(bytes(terminal.written))
    assert "52;c;" in name
    assert name.isprintable()
    assert row.count("\t") == 5
    assert row.replace("\t", "").isprintable()
    assert strange(bytes(terminal.written), copied=[name, row]) == []


def test_the_demos_snapshot_leaves_nothing_where_it_was_started(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    words = " ".join(map(shlex.quote, (*RSDECK, "demo", "--still")))
    argv = ("/bin/sh", "-c", f"cd {shlex.quote(str(here))} && exec {words}")
    with Terminal(argv, environment(tmp_path)) as terminal:
        terminal.shows(NAME, "RUNNING")
        terminal.send(b"\x13")
        terminal.shows("Snapshot:", "deleted when the demo ends")
        terminal.send(b"\x11")
        assert terminal.ends() == 0
    assert not list(here.iterdir())
    assert not (tmp_path / ".local").exists()
